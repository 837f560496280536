#define _GNU_SOURCE
#include "compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"

extern char **environ;

em_code compiler_find(const char **command, em_error *error)
{
    static const char *const usual[] = {"cc", "gcc", "clang"};
    const char *asked = getenv("CC");
    if (asked && *asked) {
        *command = asked;
        return cmd_on_path(asked) ? EM_OK : em_fail(error, EM_MACHINE, "the compiler '%s' (environment variable CC) is not there", asked);
    }
    for (int i = 0; i < 3; i++)
        if (cmd_on_path(usual[i])) {
            *command = usual[i];
            return EM_OK;
        }
    return em_fail(error, EM_MACHINE, "no C compiler is found (cc, gcc or clang); on Debian and Ubuntu: apt-get install gcc libc6-dev; "
                                      "on a cluster: module load gcc; or name one in the environment variable CC");
}

void compiler_add(compiler_job *job, const char *word)
{
    if (job->n < COMPILER_WORDS - 1)
        job->word[job->n++] = word;
}

void compiler_add_all(compiler_job *job, const char *const *words)
{
    while (*words)
        compiler_add(job, *words++);
}

/* Starts one job; returns 0 or an errno. */
static int start(const compiler_job *job, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    int status = posix_spawn_file_actions_init(&files);
    if (status)
        return status;
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, job->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    char *words[COMPILER_WORDS] = {NULL};
    memcpy(words, job->word, sizeof words); /* posix_spawn does not change them */
    status = posix_spawnp(pid, words[0], &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    return status;
}

em_code compiler_run(const compiler_job *jobs, int n, int *failed, em_error *error)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const int most = processors > 1 ? (int)processors : 1;
    pid_t pid[n];
    memset(pid, 0, sizeof pid);
    int next = 0, running = 0, trouble = 0;
    *failed = -1;
    while (next < n || running > 0) {
        if (next < n && running < most && *failed < 0 && !trouble) {
            trouble = start(&jobs[next], &pid[next]);
            running += !trouble;
            next++;
            continue;
        }
        if (running == 0)
            break;
        int status = 0;
        const pid_t ended = wait(&status);
        if (ended < 0 && errno == EINTR)
            continue;
        running--;
        for (int i = 0; i < next; i++)
            if (pid[i] == ended && !(WIFEXITED(status) && WEXITSTATUS(status) == 0) && (*failed < 0 || i < *failed))
                *failed = i;
    }
    return trouble ? em_fail(error, EM_MACHINE, "cannot start the compiler '%s': %s", jobs[0].word[0], strerror(trouble)) : EM_OK;
}
