#define _GNU_SOURCE
#include "batch_slurm.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batch_run.h"

enum { MOST_WORDS = 128, SAID = 4096 };

static char *jobs_file(const batch_plan *plan) { return batch_beside(plan->file, ".jobs"); }

/* Starts a program and hands out what it writes, its messages included where `messages`; NULL with an errno in *trouble. */
static FILE *start_reading(char *const *word, bool messages, pid_t *pid, int *trouble)
{
    int ends[2];
    *trouble = pipe2(ends, O_CLOEXEC) != 0 ? errno : 0;
    if (*trouble)
        return NULL;
    const int nowhere = messages ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
    *trouble = batch_start(word, ends[1], messages ? ends[1] : nowhere, false, pid);
    close(ends[1]);
    if (nowhere >= 0)
        close(nowhere);
    FILE *file = *trouble ? NULL : fdopen(ends[0], "r");
    if (!file)
        close(ends[0]);
    return file;
}

/* Closes it and waits for the end; true: the status was 0. */
static bool end_reading(FILE *file, pid_t pid)
{
    int status = 0;
    fclose(file);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status == 0;
}

/* ---- what waits and runs -------------------------------------------------------------------------------------------- */

typedef struct {
    long *id; /* [n] */
    int n;
} job_ids;

static job_ids read_jobs(const batch_plan *plan)
{
    job_ids jobs = {0};
    char *path = jobs_file(plan), line[256];
    FILE *file = path ? fopen(path, "re") : NULL;
    while (file && fgets(line, sizeof line, file)) {
        long *more = isdigit((unsigned char)line[0]) ? realloc(jobs.id, (size_t)(jobs.n + 1) * sizeof *more) : NULL;
        if (!more)
            continue;
        jobs.id = more;
        jobs.id[jobs.n++] = strtol(line, NULL, 10);
    }
    if (file)
        fclose(file);
    free(path);
    return jobs;
}

static void mark(batch_plan *plan, size_t line, long id, const char *state)
{
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        planned_fit *fit = &plan->fit[l];
        if (fit->line != line || fit->state == PLANNED_DONE || fit->state == PLANNED_UNCONVERGED)
            continue;
        fit->state = strcmp(state, "PENDING") == 0 || strncmp(state, "REQUEUE", 7) == 0 ? PLANNED_PENDING : PLANNED_RUNNING;
        snprintf(fit->why, sizeof fit->why, "SLURM job %ld_%zu, %s", id, line, state);
    }
}

void batch_slurm_look(batch_plan *plan)
{
    static char squeue[] = "squeue", me[] = "--me", bare[] = "--noheader", array[] = "--array", format[] = "--format=%F %K %T";
    char *const word[] = {squeue, me, bare, array, format, NULL};
    job_ids jobs = read_jobs(plan);
    int trouble = 0;
    pid_t pid = 0;
    FILE *queue = jobs.n > 0 ? start_reading(word, false, &pid, &trouble) : NULL;
    long id;
    size_t line;
    char state[64], text[256];
    while (queue && fgets(text, sizeof text, queue))
        for (int j = 0; j < jobs.n; j++)
            if (sscanf(text, "%ld %zu %63s", &id, &line, state) == 3 && jobs.id[j] == id)
                mark(plan, line, id, state);
    const bool fine = queue && end_reading(queue, pid);
    if (jobs.n > 0 && !fine)
        fprintf(stderr, "emlib batch: warning: squeue does not answer; what waits or runs in SLURM is not known\n");
    free(jobs.id);
}

/* ---- submitting ----------------------------------------------------------------------------------------------------- */

/* The folder with the job files: beside the installed program, or in the sources that it was built from. */
static em_code find_scripts(const char *program, char folder[PATH_MAX], em_error *error)
{
    char copy[PATH_MAX], beside[2 * PATH_MAX], script[PATH_MAX + 32];
    snprintf(copy, sizeof copy, "%s", program);
    snprintf(beside, sizeof beside, "%s/%s", dirname(copy), EMLIB_SLURM_FROM_PROGRAM);
    const char *const place[] = {beside, EMLIB_SOURCE_SLURM};
    for (int i = 0; i < 2; i++)
        if (realpath(place[i], folder)) {
            snprintf(script, sizeof script, "%s/array.sbatch", folder);
            if (access(script, R_OK) == 0)
                return EM_OK;
        }
    return em_fail(error, EM_MACHINE, "the job files are not there: looked for array.sbatch in %s and %s; install emlib again", beside,
                   EMLIB_SOURCE_SLURM);
}

/* Runs sbatch; the number of the job out. */
static em_code submit(char *const *word, char id[64], em_error *error)
{
    char said[SAID];
    int trouble = 0;
    pid_t pid = 0;
    FILE *from = start_reading(word, true, &pid, &trouble);
    if (!from)
        return em_fail(error, EM_MACHINE, "cannot start sbatch: %s; is this a machine of the cluster?", strerror(trouble));
    const size_t got = fread(said, 1, SAID - 1, from);
    const bool fine = end_reading(from, pid);
    said[got] = '\0';
    const char *number = said; /* the last line, after warnings */
    for (const char *line = said; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
        number = line;
    if (!fine || !isdigit((unsigned char)*number))
        return em_fail(error, EM_MACHINE, "sbatch refused the job: %.*s", (int)(got && said[got - 1] == '\n' ? got - 1 : got), said);
    snprintf(id, 64, "%.*s", (int)strspn(number, "0123456789"), number);
    return EM_OK;
}

/* The lines to do, as --array has them: 2,3,7; NULL without any, or without memory. */
static char *lines_to_do(const batch_plan *plan)
{
    char *list = NULL;
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        const planned_fit *fit = &plan->fit[l];
        if (fit->state == PLANNED_DONE || fit->state == PLANNED_UNCONVERGED || fit->state == PLANNED_RUNNING || fit->state == PLANNED_PENDING)
            continue;
        char *more = NULL;
        if (asprintf(&more, "%s%s%zu", list ? list : "", list ? "," : "", fit->line) < 0)
            more = NULL;
        free(list);
        list = more;
    }
    return list;
}

static em_code keep(const batch_plan *plan, const char *id, const char *what, em_error *error)
{
    char *path = jobs_file(plan);
    FILE *file = path ? fopen(path, "ae") : NULL;
    const bool fine = file && fprintf(file, "%s\t%s\n", id, what) > 0;
    const bool written = file && fclose(file) == 0 && fine;
    em_code code = written ? EM_OK : em_fail(error, EM_MACHINE, "job %s is submitted, but %s cannot be written: %s", id, path ? path : "its file",
                                             strerror(errno));
    free(path);
    return code;
}

/* Puts the user's options behind the first n words; returns their number. `text` is cut. */
static int add_options(char **word, int n, char *text)
{
    for (char *part = text ? strtok(text, " ") : NULL; part && n < MOST_WORDS - 4; part = strtok(NULL, " "))
        word[n++] = part;
    return n;
}

static em_code submit_all(const batch_slurm *slurm, const batch_plan *plan, const char *lines, em_error *error)
{
    static char sbatch[] = "sbatch", parsable[] = "--parsable", name[] = "--job-name=emlib";
    char program[PATH_MAX], folder[PATH_MAX], array[PATH_MAX + 32], compare[PATH_MAX + 32], tasks[32], after[96], id[64];
    if (!batch_program(program, sizeof program))
        return em_fail(error, EM_MACHINE, "the path of this program is not known");
    em_code code = find_scripts(program, folder, error);
    char *list = batch_beside("--array=", lines), *options = slurm->options ? strdup(slurm->options) : NULL;
    char *again = slurm->options ? strdup(slurm->options) : NULL, *word[MOST_WORDS] = {sbatch, parsable, name, tasks, list};
    if (code == EM_OK && (!list || (slurm->options && (!options || !again))))
        code = em_fail(error, EM_MACHINE, "out of memory");
    setenv("EMLIB", program, 1); /* sbatch hands the environment on */
    snprintf(tasks, sizeof tasks, "--ntasks=%d", slurm->ranks);
    snprintf(array, sizeof array, "%s/array.sbatch", folder);
    snprintf(compare, sizeof compare, "%s/compare.sbatch", folder);
    int n = add_options(word, 5, options);
    word[n++] = array;
    word[n++] = (char *)(uintptr_t)plan->file; /* not changed */
    word[n] = NULL;
    if (code == EM_OK)
        code = submit(word, id, error);
    if (code == EM_OK) {
        printf("array\t%s\tlines %s\n", id, lines);
        code = keep(plan, id, "array", error);
    }
    if (code == EM_OK && slurm->compare) {
        snprintf(tasks, sizeof tasks, "--ntasks=1");
        snprintf(after, sizeof after, "--dependency=afterany:%s", id);
        n = add_options(word, 4, again);
        word[n++] = after;
        word[n++] = compare;
        word[n++] = (char *)(uintptr_t)plan->file;
        word[n++] = (char *)(uintptr_t)slurm->compare;
        word[n] = NULL;
        code = submit(word, id, error);
        if (code == EM_OK)
            printf("compare\t%s\tafter the array\n", id);
    }
    free(list);
    free(options);
    free(again);
    return code;
}

int batch_slurm_submit(const batch_slurm *slurm, const batch_plan *plan)
{
    em_error error = {EM_OK, ""};
    char *lines = lines_to_do(plan);
    if (!lines) {
        fprintf(stderr, "emlib batch: all fits are done, or wait or run in SLURM: nothing to submit\n");
        return EM_OK;
    }
    const em_code code = submit_all(slurm, plan, lines, &error);
    free(lines);
    return code == EM_OK ? cmd_finish("batch", EM_OK) : cmd_fail("batch", &error);
}
