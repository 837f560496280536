#define _GNU_SOURCE
#include "batch_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char ended[] = "emlib batch: ended with status ";

static const char *now(char text[32])
{
    const time_t t = time(NULL);
    struct tm parts;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &parts));
    return text;
}

int batch_log_begin(const planned_fit *fit, const char *prefix, em_error *error)
{
    char when[32], *path = batch_beside(fit->output, BATCH_LOG);
    const int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    FILE *file = fd >= 0 ? fdopen(dup(fd), "a") : NULL;
    if (!file) {
        (void)em_fail(error, EM_MACHINE, "line %zu: cannot write the log %s" BATCH_LOG ": %s", fit->line, fit->output, strerror(errno));
        if (fd >= 0)
            close(fd);
        free(path);
        return -1;
    }
    fprintf(file, "emlib batch: %s, line %zu of the manifest: ", now(when), fit->line);
    batch_plan_print(file, fit, prefix);
    fputc('\n', file);
    fclose(file);
    free(path);
    return fd;
}

void batch_log_end(const char *output, int status)
{
    char when[32], *path = batch_beside(output, BATCH_LOG);
    FILE *file = path ? fopen(path, "ae") : NULL;
    if (file) {
        fprintf(file, "%s%d, %s\n", ended, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), now(when));
        fclose(file);
    }
    free(path);
}

/* What mpirun adds to the words of the fit is no news. */
static bool tells_something(const char *line)
{
    return *line && line[0] != '-' && !strstr(line, "mpirun") && !strstr(line, "PRTE") && !strstr(line, "Process name:") &&
           !strstr(line, "Exit code:") && !strstr(line, "normal termination") && !strstr(line, "Primary job");
}

int batch_log_last(const char *output, char *said, size_t size)
{
    char *path = batch_beside(output, BATCH_LOG), *line = NULL;
    FILE *file = path ? fopen(path, "re") : NULL;
    size_t room = 0;
    int status = file ? BATCH_LOG_NO_END : BATCH_LOG_NONE;
    said[0] = '\0';
    while (file && getline(&line, &room, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        const char *text = strrchr(line, '\r'); /* progress overwrites its line */
        text = text ? text + 1 : line;
        const bool end = strncmp(text, ended, sizeof ended - 1) == 0;
        if (end)
            status = atoi(text + sizeof ended - 1);
        else if (strncmp(text, "emlib batch: ", 13) == 0) {
            status = BATCH_LOG_NO_END; /* another run begins */
            said[0] = '\0';
        } else if (tells_something(text) && !(strncmp(text, "emlib fit: ", 11) != 0 && strncmp(said, "emlib fit: ", 11) == 0))
            snprintf(said, size, "%s", text);
    }
    if (file)
        fclose(file);
    free(line);
    free(path);
    return status;
}
