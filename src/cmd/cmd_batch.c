/* emlib batch: the fits of a manifest, here or on SLURM. */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"
#include "batch_compare.h"
#include "batch_run.h"
#include "batch_slurm.h"

enum { OPTION_SLURM = 256, OPTION_STATUS, OPTION_RANKS, OPTION_JOBS, OPTION_DRY, OPTION_COMPARE, OPTION_NO_COMPARE, OPTION_COMPARE_ONLY,
       OPTION_LINE, OPTION_LAUNCHER, OPTION_SBATCH };

typedef struct {
    const char *manifest, *compare, *sbatch;
    batch_run run;
    size_t line;
    bool slurm, status, dry, no_compare, compare_only;
} arguments;

/* Options for sbatch may come in several pieces. */
static void add_sbatch(const struct argp_state *state, arguments *a, const char *text)
{
    char *both = NULL;
    if (asprintf(&both, "%s%s%s", a->sbatch ? a->sbatch : "", a->sbatch ? " " : "", text) < 0)
        cmd_misuse(state, "out of memory");
    free((void *)(uintptr_t)a->sbatch);
    a->sbatch = both;
}

static void check_all(const struct argp_state *state, const arguments *a)
{
    if (!a->manifest)
        cmd_misuse(state, "which manifest?");
    if (a->slurm + a->status + a->dry + a->compare_only + (a->line > 0) > 1)
        cmd_misuse(state, "only one of --slurm, --status, --dry-run, --compare-only and --line at a time");
    if (a->sbatch && !a->slurm)
        cmd_misuse(state, "--sbatch goes with --slurm");
    if (a->no_compare && (a->compare || a->compare_only))
        cmd_misuse(state, "either a comparison or --no-compare");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case OPTION_SLURM: a->slurm = true; break;
    case OPTION_STATUS: a->status = true; break;
    case OPTION_RANKS: a->run.ranks = (int)cmd_whole(state, "ranks", text, 1, 100000); break;
    case OPTION_JOBS: a->run.jobs = (int)cmd_whole(state, "jobs", text, 1, BATCH_MOST_JOBS); break;
    case OPTION_DRY: a->dry = true; break;
    case OPTION_COMPARE: a->compare = text; break;
    case OPTION_NO_COMPARE: a->no_compare = true; break;
    case OPTION_COMPARE_ONLY: a->compare_only = true; break;
    case OPTION_LINE: a->line = (size_t)cmd_whole(state, "line", text, 1, INT_MAX); break;
    case OPTION_LAUNCHER: a->run.launcher = *text ? text : NULL; break;
    case OPTION_SBATCH: add_sbatch(state, a, text); break;
    case ARGP_KEY_ARG:
        if (a->manifest)
            cmd_misuse(state, "one manifest only; '%s' is too much", text);
        a->manifest = text;
        break;
    case ARGP_KEY_END: check_all(state, a); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"ranks", OPTION_RANKS, "R", 0, "processes of each fit (default 1)", 1},
    {"jobs", OPTION_JOBS, "J", 0, "fits at a time on this machine (default 1)", 1},
    {"dry-run", OPTION_DRY, NULL, 0, "check, tell what would be run, and run nothing", 1},
    {"status", OPTION_STATUS, NULL, 0, "a table with tabs: how far each fit is", 1},
    {"compare", OPTION_COMPARE, "FILE", 0, "where the comparison of the fits goes, CSV (default: MANIFEST without its ending and .compare.csv)", 2},
    {"no-compare", OPTION_NO_COMPARE, NULL, 0, "no comparison", 2},
    {"compare-only", OPTION_COMPARE_ONLY, NULL, 0, "only the comparison of what is done", 2},
    {"slurm", OPTION_SLURM, NULL, 0, "submit the fits as an array of jobs, and a comparison that waits for them", 3},
    {"sbatch", OPTION_SBATCH, "OPTIONS", 0, "for sbatch, with --slurm: \"--partition=long --time=4:00:00\"", 3},
    {"line", OPTION_LINE, "N", 0, "only the fit on this line of the manifest (what a task of the array does)", 3},
    {"launcher", OPTION_LAUNCHER, "COMMAND", 0, "what starts R processes with -n R (default mpirun; 'srun --mpi=pmix')", 3},
    {0}};
static const struct argp argp = {
    options, parse, "MANIFEST.tsv",
    "Makes the fits that a manifest lists, one a line; run again it makes those that are missing or stale.\v"
    "The manifest is a table with tabs between the cells and a header line. The columns data, model and output are needed; others are "
    "named like options of 'emlib fit' (covariate, covariance, mu, exclude, ...). An empty cell or '-' leaves the option out. Options "
    "without a value are yes or empty. Paths are relative to the manifest. Lines that begin with # are comments:\n\n"
    "  data      model          output            covariate\n"
    "  study.h5  rw             rw.h5             -\n"
    "  study.h5  rw             rw_group.h5       group\n"
    "  study.h5  choice_kernel  choice_kernel.h5  -\n\n"
    "All lines are checked before anything runs: every problem is told, and with any problem nothing is done. A fit is stale when its "
    "output was made from other data, another model or other options; it is made again in its place. A file that is no fit is not "
    "replaced, unless the line's column force says yes. Each fit has a log, OUTPUT.log. A fit that fails does not stop the others. A fit "
    "that has not converged counts as done.\n\n"
    "Example:\n\n"
    "  emlib batch models.tsv --jobs 2\n"
    "  emlib batch models.tsv --status\n"
    "  emlib batch models.tsv --slurm --ranks 8 --sbatch \"--time=2:00:00\"\n\n"
    "Ends with 0 when all fits are there; with 3 when some had not converged; with 1 or 2 when one failed; with 75 when a signal "
    "stopped it: the fits then go on where they were when it is run again.\n", NULL, NULL, NULL};

/* Goes to the manifest's folder; its name there out. The file for the comparison, which is relative to where we were, out. */
static em_code enter_folder(const arguments *a, char *file, char **compare, em_error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(a->manifest, '/');
    if (strlen(a->manifest) >= PATH_MAX || access(a->manifest, R_OK) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: cannot open the manifest: %s", a->manifest, strerror(errno));
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - a->manifest) + 1 : 1, slash ? a->manifest : ".");
    snprintf(file, PATH_MAX, "%s", slash ? slash + 1 : a->manifest);
    if (!a->no_compare)
        *compare = a->compare ? batch_resolved(a->compare) : batch_compare_name(file);
    if (!a->no_compare && !*compare)
        return em_fail(error, EM_MACHINE, "out of memory");
    if (chdir(folder) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: cannot enter its folder: %s", a->manifest, strerror(errno));
    return EM_OK;
}

static int print_status(const batch_plan *plan)
{
    puts("line\toutput\tmodel\tstate\tdetail");
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        planned_fit *fit = &plan->fit[l];
        for (char *c = fit->why; *c; c++)
            *c = *c == '\t' || *c == '\n' ? ' ' : *c;
        printf("%zu\t%s\t%s\t%s\t%s\n", fit->line, fit->output, fit->model, planned_state_text(fit->state), fit->why);
    }
    return cmd_finish("batch", EM_OK);
}

/* Says what is stale, and writes the commands of what is to be run. */
static void announce(const batch_plan *plan, const arguments *a)
{
    char folder[PATH_MAX];
    bool any = false;
    for (int l = 0; l < plan->manifest.n_lines; l++) {
        const planned_fit *fit = &plan->fit[l];
        if ((a->line && fit->line != a->line) || fit->state == PLANNED_DONE || fit->state == PLANNED_UNCONVERGED)
            continue;
        if (fit->stale)
            fprintf(stderr, "emlib batch: line %zu: %s is stale (%s) and will be replaced\n", fit->line, fit->output, fit->why);
        if (!any && strchr(plan->name, '/') && getcwd(folder, sizeof folder))
            printf("cd '%s'\n", folder);
        any = true;
        batch_plan_print(stdout, fit, a->run.prefix[0] ? a->run.prefix : NULL);
        putchar('\n');
    }
    if (!any)
        fprintf(stderr, "emlib batch: all fits are done\n");
    fflush(stdout);
}

static bool has_line(const batch_plan *plan, size_t line)
{
    for (int l = 0; l < plan->manifest.n_lines; l++)
        if (plan->fit[l].line == line)
            return true;
    return false;
}

/* Everything that is checked before anything is done; returns an exit status. */
static int prepare(arguments *a, batch_plan *plan, const char *compare)
{
    em_error error = {EM_OK, ""};
    em_code code = batch_plan_read(plan, &error);
    if (code == EM_OK && a->line && !has_line(plan, a->line))
        code = em_fail(&error, EM_INPUT_ERROR, "%s: line %zu is not one with a fit", a->manifest, a->line);
    if (code == EM_OK)
        batch_plan_check(plan, a->line);
    if (code == EM_OK && compare && !a->line && !a->status)
        code = batch_compare_check(plan, compare, &error);
    if (code == EM_OK && !a->status && !a->slurm && !a->compare_only)
        code = batch_run_prepare(&a->run, &error);
    const int status = code == EM_OK ? EM_OK : cmd_fail("batch", &error);
    if (plan->problems > 0)
        fprintf(stderr, "emlib batch: %s: %d problem%s; nothing was done\n", a->manifest, plan->problems, plan->problems == 1 ? "" : "s");
    return plan->problems > 0 && status != EM_MACHINE ? plan->worst : status;
}

static int carry_out(const arguments *a, batch_plan *plan, const char *compare)
{
    if (a->status || a->slurm)
        batch_slurm_look(plan);
    if (a->status)
        return print_status(plan);
    if (a->slurm)
        return batch_slurm_submit(&(batch_slurm){a->run.ranks, a->sbatch, compare}, plan);
    if (a->compare_only)
        return batch_compare(plan, compare);
    announce(plan, a);
    if (a->dry)
        return cmd_finish("batch", EM_OK);
    const int status = batch_run_fits(&a->run, plan, a->line);
    const int compared = compare && !a->line && status != EM_STOPPED ? batch_compare(plan, compare) : EM_OK;
    return status == EM_OK || status == EM_NOT_CONVERGED ? (compared ? compared : status) : status;
}

int cmd_batch(int argc, char **argv)
{
    arguments a = {.run = {.ranks = 1, .jobs = 1}};
    char file[PATH_MAX], *compare = NULL;
    em_error error = {EM_OK, ""};
    int status = cmd_parse(&argp, argc, argv, &a);
    if (status)
        return status;
    batch_plan plan = {.name = a.manifest, .file = file};
    if (enter_folder(&a, file, &compare, &error) != EM_OK)
        status = cmd_fail("batch", &error);
    if (!status)
        status = prepare(&a, &plan, compare);
    if (!status)
        status = carry_out(&a, &plan, compare);
    batch_plan_free(&plan);
    free(compare);
    free((void *)(uintptr_t)a.sbatch);
    return status;
}
