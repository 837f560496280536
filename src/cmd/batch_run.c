#define _GNU_SOURCE
#include "batch_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../output.h"
#include "batch_log.h"

extern char **environ;

/* ---- starting ------------------------------------------------------------------------------------------------------- */

bool batch_program(char *path, size_t size)
{
    const ssize_t n = readlink("/proc/self/exe", path, size - 1);
    path[n > 0 ? n : 0] = '\0';
    return n > 0;
}

int batch_start(char *const *word, int output, int messages, bool own_group, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int status = posix_spawn_file_actions_init(&files);
    if (status)
        return status;
    if ((status = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&files);
        return status;
    }
    sigemptyset(&usual); /* signals are blocked here while processes are started */
    posix_spawnattr_setsigmask(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK | (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (output >= 0)
        posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (messages >= 0)
        posix_spawn_file_actions_adddup2(&files, messages, STDERR_FILENO);
    status = posix_spawnp(pid, word[0], &files, &attributes, word, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return status;
}

em_code batch_run_prepare(batch_run *run, em_error *error)
{
    run->prefix[0] = '\0';
    if (!run->launcher && run->ranks == 1)
        return EM_OK;
    const char *launcher = run->launcher ? run->launcher : "mpirun";
    /* several mpirun would each bind their ranks to the same first cores */
    const char *bind = run->jobs > 1 && strncmp(launcher, "mpirun", 6) == 0 ? " --bind-to none" : "";
    const int n = snprintf(run->prefix, sizeof run->prefix, "%s%s -n %d", launcher, bind, run->ranks);
    char first[256];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(launcher, " "), launcher);
    if (n >= (int)sizeof run->prefix)
        return em_fail(error, EM_INPUT_ERROR, "--launcher is too long");
    if (!cmd_on_path(first))
        return em_fail(error, EM_INPUT_ERROR, "the launcher '%s' is not there; --launcher names another", first);
    return EM_OK;
}

/* ---- signals -------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stops; /* signals so far */
static volatile pid_t running[BATCH_MOST_JOBS];

/* The first one asks the fits for a checkpoint; who sends a second one wants an end. */
static void pass_on(int number)
{
    (void)number;
    const int kept = errno;
    stops++;
    for (int i = 0; i < BATCH_MOST_JOBS; i++)
        if (running[i] > 0)
            kill(running[i], stops == 1 ? SIGUSR1 : SIGTERM);
    errno = kept;
}

static sigset_t stopping_signals(void)
{
    sigset_t all;
    sigemptyset(&all);
    sigaddset(&all, SIGINT);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGHUP);
    sigaddset(&all, SIGUSR1);
    return all;
}

static void listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = pass_on, .sa_mask = stopping_signals()};
    const int number[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (int i = 0; i < 4; i++)
        sigaction(number[i], &action, NULL);
}

/* ---- the fits ------------------------------------------------------------------------------------------------------- */

typedef struct {
    planned_fit *fit[BATCH_MOST_JOBS]; /* that runs in this place */
    double began[BATCH_MOST_JOBS];
    int n, done, unconverged, failed, stopped;
    int worst; /* exit status of failures */
} progress;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fails(progress *p, planned_fit *fit, int status)
{
    fit->state = PLANNED_FAILED;
    p->failed++;
    if (p->worst != EM_MACHINE)
        p->worst = status == EM_INPUT_ERROR ? EM_INPUT_ERROR : EM_MACHINE;
}

/* Launcher, program, and the fit's words with what the batch adds. `launcher` is cut into its words. */
static void make_command(const planned_fit *fit, char *launcher, char *program, char **command)
{
    static char resume[] = "--resume", force[] = "--force";
    int n = 0;
    for (char *word = strtok(launcher, " "); word && n < BATCH_LAUNCHER_WORDS; word = strtok(NULL, " "))
        command[n++] = word;
    command[n++] = program;
    for (int w = 0; w < fit->n_words; w++)
        command[n++] = fit->word[w];
    if (fit->resume)
        command[n++] = resume;
    if (fit->stale)
        command[n++] = force;
    command[n] = NULL;
}

static void start_fit(const batch_run *run, progress *p, planned_fit *fit, int place)
{
    char by[512] = "", program[4096], launcher[sizeof run->prefix];
    char *command[BATCH_LAUNCHER_WORDS + fit->n_words + 4];
    em_error error = {EM_OK, ""};
    if (em_output_held(fit->output, by, sizeof by)) {
        fprintf(stderr, "emlib batch: line %zu: %s is being written by %s; it is left alone\n", fit->line, fit->output, by);
        fails(p, fit, EM_MACHINE);
        return;
    }
    const int log = batch_program(program, sizeof program) ? batch_log_begin(fit, run->prefix[0] ? run->prefix : NULL, &error) : -1;
    int status = log < 0 ? -1 : 0;
    if (log >= 0) {
        memcpy(launcher, run->prefix, sizeof launcher);
        make_command(fit, launcher, program, command);
        pid_t pid = 0;
        status = batch_start(command, log, log, true, &pid);
        running[place] = status ? 0 : pid;
        close(log);
    }
    if (status) {
        fprintf(stderr, "emlib batch: line %zu: cannot start: %s\n", fit->line, status > 0 ? strerror(status) : error.text);
        fails(p, fit, EM_MACHINE);
        return;
    }
    p->fit[place] = fit;
    p->began[place] = seconds();
    fprintf(stderr, "emlib batch: line %zu: begins %s\n", fit->line, fit->output);
}

/* What the end of a fit means; says it. */
static void take_end(progress *p, planned_fit *fit, int ended, double took)
{
    char said[300];
    const int exited = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
    const bool stopped = exited == EM_STOPPED || (stops && exited != EM_OK && exited != EM_NOT_CONVERGED);
    batch_log_end(fit->output, ended);
    batch_log_last(fit->output, said, sizeof said);
    const char *text = strncmp(said, "emlib fit: ", 11) == 0 ? said + 11 : said;
    fprintf(stderr, "emlib batch: line %zu: ", fit->line);
    if (exited == EM_OK || exited == EM_NOT_CONVERGED) {
        fit->state = exited == EM_OK ? PLANNED_DONE : PLANNED_UNCONVERGED;
        p->done += exited == EM_OK;
        p->unconverged += exited != EM_OK;
        fprintf(stderr, "%s %s, %.1f s\n", fit->output, exited == EM_OK ? "is done" : "is written, but EM had not converged", took);
    } else if (stopped) {
        fit->state = PLANNED_STOPPED;
        p->stopped++;
        fprintf(stderr, "%s was stopped; run again to go on\n", fit->output);
    } else {
        fails(p, fit, exited);
        fprintf(stderr, "%s FAILED with status %d: %s (all in %s" BATCH_LOG ")\n", fit->output, exited, text, fit->output);
    }
}

/* Waits until a fit has ended. Signals may come while it waits, and at no other time. */
static void wait_for_one(progress *p, const sigset_t *stopping, int jobs)
{
    siginfo_t info = {0};
    sigset_t before;
    int status = 0;
    sigprocmask(SIG_UNBLOCK, stopping, &before);
    while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ;
    sigprocmask(SIG_SETMASK, &before, NULL);
    const pid_t pid = info.si_pid;
    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        return;
    for (int i = 0; i < jobs; i++)
        if (running[i] == pid) {
            running[i] = 0;
            take_end(p, p->fit[i], status, seconds() - p->began[i]);
        }
}

static int busy(int jobs)
{
    int n = 0;
    for (int i = 0; i < jobs; i++)
        n += running[i] > 0;
    return n;
}

static int summary(const progress *p)
{
    fprintf(stderr, "emlib batch: %d of %d fit%s done", p->done + p->unconverged, p->n, p->n == 1 ? "" : "s");
    if (p->unconverged)
        fprintf(stderr, ", %d of them not converged (--max-iter)", p->unconverged);
    if (p->failed)
        fprintf(stderr, ", %d failed", p->failed);
    if (stops)
        fprintf(stderr, ", stopped by a signal before the rest; run again to go on");
    fputc('\n', stderr);
    return stops && p->done + p->unconverged + p->failed < p->n ? EM_STOPPED
           : p->failed ? p->worst
           : p->unconverged ? EM_NOT_CONVERGED : EM_OK;
}

int batch_run_fits(const batch_run *run, batch_plan *plan, size_t line)
{
    progress p = {0};
    const sigset_t stopping = stopping_signals();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &stopping, &before);
    listen_to_signals();
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        planned_fit *fit = &plan->fit[l];
        if (line && fit->line != line)
            continue;
        p.n++;
        if (fit->state == PLANNED_DONE || fit->state == PLANNED_UNCONVERGED) {
            p.done += fit->state == PLANNED_DONE;
            p.unconverged += fit->state == PLANNED_UNCONVERGED;
            continue;
        }
        while (busy(run->jobs) == run->jobs)
            wait_for_one(&p, &stopping, run->jobs);
        sigprocmask(SIG_UNBLOCK, &stopping, NULL); /* one that came meanwhile */
        sigprocmask(SIG_BLOCK, &stopping, NULL);
        int place = 0;
        while (running[place] > 0)
            place++;
        if (!stops)
            start_fit(run, &p, fit, place);
    }
    while (busy(run->jobs) > 0)
        wait_for_one(&p, &stopping, run->jobs);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return summary(&p);
}
