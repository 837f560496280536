#define _GNU_SOURCE
#include "batch_compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../output.h"
#include "batch_run.h"

static const char usual_start[] = "file,model,converged,"; /* of every comparison as CSV */

char *batch_compare_name(const char *path)
{
    char *name = NULL;
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const int n = dot && dot > (slash ? slash + 1 : path) ? (int)(dot - path) : (int)strlen(path);
    return asprintf(&name, "%.*s.compare.csv", n, path) < 0 ? NULL : name;
}

static bool usable(const planned_fit *fit)
{
    return fit->data && fit->output && (fit->state == PLANNED_DONE || fit->state == PLANNED_UNCONVERGED);
}

/* ---- which fits belong together ------------------------------------------------------------------------------------- */

typedef struct {
    int *of;    /* [lines] the dataset of each line, counted in order of first appearance; -1: none */
    int *first; /* [n] the first line of each */
    int *fits;  /* [n] lines of each */
    int n;
} datasets;

static void datasets_free(datasets *d)
{
    free(d->of);
    free(d->first);
    free(d->fits);
}

static bool same_file(const char *a, const char *b)
{
    char *one = batch_resolved(a), *other = batch_resolved(b);
    const bool same = one && other && strcmp(one, other) == 0;
    free(one);
    free(other);
    return same;
}

static bool datasets_find(const batch_plan *plan, datasets *d)
{
    const size_t lines = (size_t)plan->manifest.n_lines;
    *d = (datasets){malloc(lines * sizeof *d->of), malloc(lines * sizeof *d->first), calloc(lines, sizeof *d->fits), 0};
    if (!d->of || !d->first || !d->fits)
        return false;
    for (int l = 0; l < (int)lines; l++) {
        d->of[l] = -1;
        for (int k = 0; k < d->n && d->of[l] < 0 && plan->fit[l].data; k++)
            if (same_file(plan->fit[d->first[k]].data, plan->fit[l].data))
                d->of[l] = k;
        if (d->of[l] < 0 && plan->fit[l].data) {
            d->first[d->n] = l;
            d->of[l] = d->n++;
        }
        if (d->of[l] >= 0)
            d->fits[d->of[l]]++;
    }
    return true;
}

/* A file's name without folder and ending. */
static const char *stem_of(const char *path, int *length)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    *length = dot && dot > name ? (int)(dot - name) : (int)strlen(name);
    return name;
}

/* The file for dataset k: with several, models.compare.csv becomes models.compare.NAME.csv. */
static char *file_of(const batch_plan *plan, const datasets *d, const char *file, int k)
{
    int several = 0, alike = 0, length, other_length;
    const char *stem = stem_of(plan->fit[d->first[k]].data, &length);
    for (int i = 0; i < d->n; i++) {
        const char *other = stem_of(plan->fit[d->first[i]].data, &other_length);
        several += d->fits[i] > 1;
        alike += i < k && d->fits[i] > 1 && other_length == length && strncmp(other, stem, (size_t)length) == 0; /* in other folders */
    }
    if (several < 2)
        return strdup(file);
    const char *slash = strrchr(file, '/'), *dot = strrchr(file, '.');
    const int head = dot && (!slash || dot > slash + 1) ? (int)(dot - file) : (int)strlen(file);
    char number[16] = "", *name = NULL;
    if (alike)
        snprintf(number, sizeof number, "-%d", alike + 1);
    return asprintf(&name, "%.*s.%.*s%s%s", head, file, length, stem, number, file + head) < 0 ? NULL : name;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static em_code check_file(const char *path, em_error *error)
{
    char start[sizeof usual_start] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? EM_OK : em_fail(error, EM_INPUT_ERROR, "%s: cannot read what is there: %s", path, strerror(errno));
    const size_t got = fread(start, 1, sizeof usual_start - 1, file);
    fclose(file);
    if (got == sizeof usual_start - 1 && strcmp(start, usual_start) == 0)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "%s is there and is no comparison of fits; --compare names another file", path);
}

em_code batch_compare_check(const batch_plan *plan, const char *file, em_error *error)
{
    datasets d;
    em_code code = datasets_find(plan, &d) ? EM_OK : em_fail(error, EM_MACHINE, "out of memory");
    for (int k = 0; k < d.n && code == EM_OK; k++) {
        char *name = d.fits[k] > 1 ? file_of(plan, &d, file, k) : NULL;
        code = name ? check_file(name, error) : EM_OK;
        free(name);
    }
    datasets_free(&d);
    return code;
}

/* Runs `emlib compare --csv` with its table going to `output`. */
static int run_compare(const batch_plan *plan, const datasets *d, int k, int output, em_error *error)
{
    static char compare[] = "compare", csv[] = "--csv";
    char program[4096], *word[plan->manifest.n_lines + 4];
    int n = 0, status = 0;
    word[n++] = program;
    word[n++] = compare;
    word[n++] = csv;
    for (int l = 0; l < plan->manifest.n_lines; l++)
        if (d->of[l] == k && usable(&plan->fit[l]))
            word[n++] = (char *)(uintptr_t)plan->fit[l].output; /* not changed */
    word[n] = NULL;
    pid_t pid = 0;
    const int trouble = batch_program(program, sizeof program) ? batch_start(word, output, -1, false, &pid) : ENOENT;
    if (trouble)
        return (int)em_fail(error, EM_MACHINE, "cannot start 'emlib compare': %s", strerror(trouble));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    status = WIFEXITED(status) ? WEXITSTATUS(status) : EM_MACHINE;
    if (status)
        (void)em_fail(error, (em_code)status, "'emlib compare' ended with status %d", status);
    return status;
}

static int compare_one(const batch_plan *plan, const datasets *d, int k, const char *path)
{
    em_error error = {EM_OK, ""};
    em_output output = {.fd = -1};
    int status = (int)check_file(path, &error);
    if (!status)
        status = (int)em_output_open(&output, path, true, &error);
    if (!status)
        status = run_compare(plan, d, k, output.fd, &error);
    if (!status)
        status = (int)em_output_publish(&output, &error);
    em_output_close(&output);
    if (status)
        fprintf(stderr, "emlib batch: %s: %s\n", path, error.text);
    else
        fprintf(stderr, "emlib batch: %s compares the fits of %s\n", path, plan->fit[d->first[k]].data);
    return status;
}

int batch_compare(const batch_plan *plan, const char *file)
{
    datasets d;
    int worst = 0;
    const bool found = datasets_find(plan, &d);
    for (int k = 0; found && k < d.n; k++) {
        int there = 0;
        for (int l = 0; l < plan->manifest.n_lines; l++)
            there += d.of[l] == k && usable(&plan->fit[l]);
        char *name = d.fits[k] > 1 ? file_of(plan, &d, file, k) : NULL;
        if (name && there < d.fits[k])
            fprintf(stderr, "emlib batch: %s: %d of %d fits of %s are not done and not compared\n", name, d.fits[k] - there, d.fits[k],
                    plan->fit[d.first[k]].data);
        const int status = name && there > 1 ? compare_one(plan, &d, k, name) : 0;
        worst = status > worst ? status : worst;
        free(name);
    }
    if (!found)
        fprintf(stderr, "emlib batch: out of memory\n");
    datasets_free(&d);
    return found ? worst : EM_MACHINE;
}
