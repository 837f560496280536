#define _GNU_SOURCE
#include "batch_plan.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../error.h"
#include "../output.h"
#include "batch_log.h"

const char *planned_state_text(planned_state state)
{
    static const char *const text[] = {"missing", "stale", "done", "not converged", "running", "stopped", "failed", "pending"};
    return text[state];
}

/* line 0: the whole manifest; column NULL or "": the whole line. */
static void problem(batch_plan *plan, size_t line, const char *column, const char *format, ...) EM_PRINTF(4, 5);
static void problem(batch_plan *plan, size_t line, const char *column, const char *format, ...)
{
    va_list list;
    fprintf(stderr, "emlib batch: %s: line %zu", plan->name, line);
    if (column && *column)
        fprintf(stderr, ", column %s", column);
    fputs(": ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    plan->problems++;
    if (plan->worst != EM_MACHINE)
        plan->worst = EM_INPUT_ERROR;
}

char *batch_beside(const char *path, const char *ending)
{
    char *name = NULL;
    return asprintf(&name, "%s%s", path, ending) < 0 ? NULL : name;
}

char *batch_resolved(const char *path)
{
    char whole[PATH_MAX], *name = NULL, *folder = em_folder(path, NULL);
    const char *slash = strrchr(path, '/');
    if (realpath(path, whole))
        name = strdup(whole);
    else if (folder && realpath(folder, whole) && asprintf(&name, "%s/%s", whole, slash ? slash + 1 : path) < 0)
        name = NULL;
    free(folder);
    return name ? name : strdup(path);
}

/* ---- from cells to words -------------------------------------------------------------------------------------------- */

static const struct argp_option *fit_option(const char *name)
{
    static const char *const not[] = {"model", "output", "quiet", "resume"};
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        if (strcmp(name, not[i]) == 0)
            return NULL;
    for (const struct argp_option *o = cmd_fit_options(); o->name || o->key || o->doc; o++)
        if (o->name && strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static bool has_own_meaning(const char *column)
{
    return strcmp(column, "data") == 0 || strcmp(column, "model") == 0 || strcmp(column, "output") == 0;
}

static void check_header(batch_plan *plan)
{
    static const char *const needed[] = {"data", "model", "output"};
    const manifest *m = &plan->manifest;
    for (int i = 0; i < 3; i++)
        if (manifest_column(m, needed[i]) < 0)
            problem(plan, m->header, NULL, "the header has no column %s", needed[i]);
    for (int c = 0; c < m->n_columns; c++) {
        if (!m->column[c])
            continue;
        if (manifest_column(m, m->column[c]) != c)
            problem(plan, m->header, m->column[c], "this column is there twice");
        else if (!has_own_meaning(m->column[c]) && !fit_option(m->column[c]))
            problem(plan, m->header, m->column[c], "there is no such option of 'emlib fit'; columns are data, model, output and the names of "
                    "options ('emlib fit --help' lists them)");
    }
}

static bool is_one_of(const char *text, const char *const *word)
{
    while (*word && strcasecmp(text, *word) != 0)
        word++;
    return *word != NULL;
}

/* The number of words that an option's cell becomes. */
static int take_option(batch_plan *plan, planned_fit *fit, const struct argp_option *option, const char *cell)
{
    static const char *const yes[] = {"yes", "1", "true", NULL}, *const no[] = {"no", "0", "false", NULL};
    if (!option->arg) {
        if (!is_one_of(cell, yes) && !is_one_of(cell, no))
            problem(plan, fit->line, option->name, "can be yes or empty, not '%s'", cell);
        if (!is_one_of(cell, yes))
            return 0;
        if (strcmp(option->name, "force") == 0) {
            fit->force = true;
            return 0;
        }
    }
    fit->word[fit->n_words++] = batch_beside("--", option->name);
    if (option->arg)
        fit->word[fit->n_words++] = strdup(cell);
    return 1;
}

/* A name that neither looks like an option nor, where it is a model's file, like a built-in model. */
static char *as_path(const char *cell, bool model)
{
    const size_t n = strlen(cell);
    const bool file = model ? !strchr(cell, '/') && n > 3 && strcmp(cell + n - 3, ".so") == 0 : cell[0] == '-';
    return batch_beside(file ? "./" : "", cell);
}

static em_code take_line(batch_plan *plan, int l, em_error *error)
{
    const manifest *m = &plan->manifest;
    char *const *cell = m->line[l].cell;
    planned_fit *fit = &plan->fit[l];
    fit->line = m->line[l].number;
    fit->word = em_new((size_t)(8 + 2 * m->n_columns), sizeof *fit->word, error);
    if (!fit->word)
        return EM_MACHINE;
    static const char *const needed[] = {"data", "model", "output"};
    const char **to[] = {&fit->data, &fit->model, &fit->output};
    fit->word[fit->n_words++] = strdup("fit");
    for (int i = 0; i < 3; i++) {
        const int c = manifest_column(m, needed[i]);
        if (c >= 0 && !cell[c])
            problem(plan, fit->line, needed[i], "the cell is empty");
        if (c < 0 || !cell[c])
            continue;
        if (i > 0)
            fit->word[fit->n_words++] = strdup(i == 1 ? "--model" : "-o");
        *to[i] = fit->word[fit->n_words++] = as_path(cell[c], i == 1);
    }
    for (int c = 0; c < m->n_columns; c++) {
        const struct argp_option *option = has_own_meaning(m->column[c]) ? NULL : fit_option(m->column[c]);
        if (option && cell[c])
            take_option(plan, fit, option, cell[c]);
    }
    for (int w = 0; w < fit->n_words; w++)
        if (!fit->word[w])
            return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

em_code batch_plan_read(batch_plan *plan, em_error *error)
{
    em_code code = manifest_read(plan->file, &plan->manifest, error);
    if (code == EM_OK && !(plan->fit = em_new((size_t)plan->manifest.n_lines, sizeof *plan->fit, error)))
        code = EM_MACHINE;
    if (code == EM_OK)
        check_header(plan);
    for (int l = 0; code == EM_OK && l < plan->manifest.n_lines; l++)
        code = take_line(plan, l, error);
    return code;
}

void batch_plan_free(batch_plan *plan)
{
    for (int l = 0; plan->fit && l < plan->manifest.n_lines; l++) {
        for (int w = 0; w < plan->fit[l].n_words; w++)
            free(plan->fit[l].word[w]);
        free(plan->fit[l].word);
    }
    free(plan->fit);
    manifest_free(&plan->manifest);
}

/* ---- names that must not meet --------------------------------------------------------------------------------------- */

typedef struct {
    char *data, *output, *log;
} place;

static void check_places(batch_plan *plan, const place *at, int l, size_t only)
{
    const planned_fit *fit = plan->fit;
    for (int i = 0; i < plan->manifest.n_lines; i++) {
        if (only && fit[l].line != only && fit[i].line != only)
            continue;
        if (i < l && at[i].output && at[l].output && strcmp(at[i].output, at[l].output) == 0)
            problem(plan, fit[l].line, "output", "%s is the output of line %zu, too; each fit needs a file of its own", fit[l].output,
                    fit[i].line);
        if (at[i].data && at[l].output && strcmp(at[i].data, at[l].output) == 0)
            problem(plan, fit[l].line, "output", "%s is the data of line %zu; give the output another name", fit[l].output, fit[i].line);
        if (at[l].log && ((at[i].data && strcmp(at[i].data, at[l].log) == 0) || (at[i].output && strcmp(at[i].output, at[l].log) == 0)))
            problem(plan, fit[l].line, "output", "the log %s.log would meet a file of line %zu; give the output another name", fit[l].output,
                    fit[i].line);
    }
}

static void check_folder(batch_plan *plan, const planned_fit *fit)
{
    char *folder = em_folder(fit->output, NULL);
    if (folder && access(folder, W_OK) != 0)
        problem(plan, fit->line, "output", "the folder %s %s; %s", folder, errno == ENOENT ? "is not there" : "may not be written to",
                errno == ENOENT ? "make it first" : strerror(errno));
    free(folder);
}

static void check_all_places(batch_plan *plan, size_t only)
{
    const int n = plan->manifest.n_lines;
    place *at = calloc((size_t)n, sizeof *at);
    for (int l = 0; at && l < n; l++) {
        const planned_fit *fit = &plan->fit[l];
        char *log = fit->output ? batch_beside(fit->output, BATCH_LOG) : NULL;
        at[l] = (place){fit->data ? batch_resolved(fit->data) : NULL, fit->output ? batch_resolved(fit->output) : NULL,
                        log ? batch_resolved(log) : NULL};
        free(log);
    }
    for (int l = 0; at && l < n; l++) {
        check_places(plan, at, l, only);
        if (plan->fit[l].output && (!only || plan->fit[l].line == only))
            check_folder(plan, &plan->fit[l]);
    }
    for (int l = 0; at && l < n; l++) {
        free(at[l].data);
        free(at[l].output);
        free(at[l].log);
    }
    free(at);
}

/* ---- what `emlib fit` would say ------------------------------------------------------------------------------------- */

enum { SAID = 8192 };

/* cmd_fit_look in a process of its own, because misuse ends it. said: what it wrote. Returns its status, or EM_MACHINE. */
static int look(char *const *word, int n, char said[SAID])
{
    int ends[2], status = 0;
    size_t got = 0;
    char *copy[n + 1]; /* argp changes their order */
    memcpy(copy, word, (size_t)n * sizeof *copy);
    copy[n] = NULL;
    snprintf(said, SAID, "\tcannot start a process: ");
    fflush(NULL);
    if (pipe(ends) != 0)
        return EM_MACHINE;
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(cmd_fit_look(n, copy));
    }
    close(ends[1]);
    for (ssize_t more = 1; child > 0 && (more > 0 || (more < 0 && errno == EINTR));) {
        char extra[512];
        const bool room = got < SAID - 1;
        more = read(ends[0], room ? said + got : extra, room ? SAID - 1 - got : sizeof extra);
        got += room && more > 0 ? (size_t)more : 0;
    }
    close(ends[0]);
    if (child < 0)
        return EM_MACHINE;
    said[got] = '\0';
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EM_MACHINE;
}

/* Tells the problems that were said of the given kind: of an option, or of data, model and output. Returns their number. */
static int tell(batch_plan *plan, const planned_fit *fit, char *said, const char *option)
{
    int n = 0;
    for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n")) {
        char *tab = strchr(line, '\t');
        if (strncmp(line, "Try '", 5) == 0)
            continue;
        const bool of_option = !tab || tab == line;
        char *text = tab ? tab + 1 : strncmp(line, "emlib fit: ", 11) == 0 ? line + 11 : line;
        if (tab)
            *tab = '\0';
        if (of_option != (option != NULL))
            continue;
        problem(plan, fit->line, of_option ? option : line, "%s", text);
        n++;
    }
    return n;
}

/* The problems one by one: without options, then with each option alone, at last with all. */
static void find_problems(batch_plan *plan, const planned_fit *fit)
{
    enum { BASE = 6 }; /* fit DATA --model MODEL -o OUTPUT */
    char said[SAID], *word[BASE + 3];
    int n = 0;
    memcpy(word, fit->word, BASE * sizeof *word);
    look(word, BASE, said);
    n += tell(plan, fit, said, NULL);
    for (int w = BASE; w < fit->n_words;) {
        const bool flag = !fit_option(fit->word[w] + 2)->arg;
        word[BASE] = fit->word[w];
        word[BASE + 1] = flag ? NULL : fit->word[w + 1];
        look(word, BASE + 2 - flag, said);
        n += tell(plan, fit, said, fit->word[w] + 2);
        w += 2 - flag;
    }
    if (n == 0) {
        look(fit->word, fit->n_words, said);
        tell(plan, fit, said, "");
    }
}

/* The fit that --group-from names may be one that this batch is to make. */
static bool waits_for_other(batch_plan *plan, const planned_fit *fit)
{
    for (int w = 0; w + 1 < fit->n_words; w++) {
        if (strcmp(fit->word[w], "--group-from") != 0 || access(fit->word[w + 1], F_OK) == 0)
            continue;
        for (int l = 0; l < plan->manifest.n_lines; l++) {
            const char *output = plan->fit[l].output;
            char *one = batch_resolved(fit->word[w + 1]), *other = output ? batch_resolved(output) : NULL;
            const bool same = one && other && strcmp(one, other) == 0;
            free(one);
            free(other);
            if (!same)
                continue;
            problem(plan, fit->line, "group-from", "%s is not there yet, it is the output of line %zu; make it first, with a manifest of "
                    "its own", fit->word[w + 1], plan->fit[l].line);
            return true;
        }
    }
    return false;
}

static void check_fit(batch_plan *plan, planned_fit *fit)
{
    char said[SAID];
    if (!fit->data || !fit->model || !fit->output || waits_for_other(plan, fit))
        return;
    const int status = look(fit->word, fit->n_words, said);
    const int before = plan->problems;
    char *text = strchr(said, '\t');
    snprintf(fit->why, sizeof fit->why, "%.*s", (int)strcspn(text ? text + 1 : "", "\n"), text ? text + 1 : "");
    switch (status) {
    case EM_OK: fit->state = PLANNED_DONE; break;
    case EM_NOT_CONVERGED: fit->state = PLANNED_UNCONVERGED; break;
    case CMD_FIT_MISSING: fit->state = PLANNED_MISSING; break;
    case CMD_FIT_STOPPED: fit->state = PLANNED_STOPPED; break;
    case CMD_FIT_STALE: fit->state = PLANNED_STALE; break;
    case CMD_FIT_STALE_STOPPED: fit->state = PLANNED_STOPPED; break;
    case CMD_FIT_FOREIGN:
        fit->state = PLANNED_STALE;
        if (!fit->force)
            problem(plan, fit->line, "output", "%s exists and %s; give the output another name, or the line a column force with yes",
                    fit->output, fit->why);
        break;
    default:
        if (status == EM_MACHINE)
            plan->worst = EM_MACHINE;
        find_problems(plan, fit);
        if (plan->problems == before)
            problem(plan, fit->line, NULL, "cannot be checked: %s", said);
    }
    fit->stale = status == CMD_FIT_STALE || status == CMD_FIT_STALE_STOPPED || status == CMD_FIT_FOREIGN;
    fit->resume = status == CMD_FIT_STOPPED || status == CMD_FIT_STALE_STOPPED;
}

/* What the files beside the output tell of a fit that is not done. */
static void find_progress(planned_fit *fit)
{
    char by[256] = "", said[400];
    const int ended = batch_log_last(fit->output, said, sizeof said);
    if (em_output_held(fit->output, by, sizeof by)) {
        fit->state = PLANNED_RUNNING;
        snprintf(fit->why, sizeof fit->why, "%s", by);
    } else if (fit->resume) {
        snprintf(fit->why, sizeof fit->why, "goes on from %s.checkpoint", fit->output);
    } else if (ended == BATCH_LOG_NO_END) {
        fit->state = PLANNED_FAILED;
        snprintf(fit->why, sizeof fit->why, "the last run did not end by itself, see %s" BATCH_LOG, fit->output);
    } else if (ended > 0 && ended != EM_NOT_CONVERGED && ended != EM_STOPPED) {
        fit->state = PLANNED_FAILED;
        snprintf(fit->why, sizeof fit->why, "status %d: %s", ended, said);
    }
}

void batch_plan_check(batch_plan *plan, size_t line)
{
    check_all_places(plan, line);
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        planned_fit *fit = &plan->fit[l];
        if (line && fit->line != line)
            continue;
        check_fit(plan, fit);
        if (fit->output && fit->state != PLANNED_DONE && fit->state != PLANNED_UNCONVERGED)
            find_progress(fit);
    }
}

/* ---- for people ----------------------------------------------------------------------------------------------------- */

static void print_word(FILE *to, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    fputc(' ', to);
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, to);
        return;
    }
    fputc('\'', to);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, to);
    fputc('\'', to);
}

void batch_plan_print(FILE *to, const planned_fit *fit, const char *prefix)
{
    fprintf(to, "%s%semlib", prefix ? prefix : "", prefix ? " " : "");
    for (int w = 0; w < fit->n_words; w++)
        print_word(to, fit->word[w]);
    if (fit->stale)
        fputs(" --force", to);
}
