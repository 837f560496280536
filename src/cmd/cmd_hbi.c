/* emlib hbi: several models to everybody's data at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "print.h"

enum { OPTION_TOL = 256, OPTION_MAX_ITER, OPTION_STARTS, OPTION_SEED, OPTION_OPTIONS, OPTION_IGNORE, OPTION_FORCE, OPTION_NULL };
enum { MAX_NAMED = 10 }; /* flagged subjects that are listed, of each model */

typedef struct {
    const char *dataset, *output, *name[EM_HBI_MODELS];
    int n_models;
    em_hbi_options options;
    bool force, quiet;
} arguments;

static void check_all(const struct argp_state *state, const arguments *a)
{
    if (!a->dataset)
        cmd_misuse(state, "which dataset? (make one with 'emlib import')");
    if (a->n_models == 0)
        cmd_misuse(state, "--model is needed, once for each model ('emlib models' lists them)");
    if (!a->output)
        cmd_misuse(state, "--output is needed");
}

static void add_model(const struct argp_state *state, arguments *a, const char *name)
{
    if (a->n_models == EM_HBI_MODELS)
        cmd_misuse(state, "%d models at most", EM_HBI_MODELS);
    a->name[a->n_models++] = name;
}

static bool null_of(const struct argp_state *state, const char *text)
{
    if (strcmp(text, "run") != 0 && strcmp(text, "none") != 0)
        cmd_misuse(state, "--null can be run or none, not '%s'", text);
    return strcmp(text, "run") == 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    em_hbi_options *o = &a->options;
    switch (key) {
    case 'm': add_model(state, a, text); break;
    case 'o': a->output = text; break;
    case 'q': a->quiet = true; break;
    case OPTION_TOL: o->tol = cmd_number(state, "tol", text); break;
    case OPTION_MAX_ITER: o->max_iter = (int)cmd_whole(state, "max-iter", text, 1, 100000000); break;
    case OPTION_STARTS: o->starts = (int)cmd_whole(state, "starts", text, 1, 10000); break;
    case OPTION_SEED: o->seed = (uint64_t)cmd_whole(state, "seed", text, 0, INT64_MAX); break;
    case OPTION_OPTIONS: o->options = (int)cmd_whole(state, "options", text, 2, EM_MAX_OPTIONS); break;
    case OPTION_NULL: o->null = null_of(state, text); break;
    case OPTION_IGNORE:
        if (strcmp(text, "block") != 0)
            cmd_misuse(state, "--ignore knows 'block' only, not '%s'", text);
        o->ignore_block = true;
        break;
    case OPTION_FORCE: a->force = true; break;
    case ARGP_KEY_ARG:
        if (a->dataset)
            cmd_misuse(state, "one dataset only; '%s' is too much (models are named by --model)", text);
        a->dataset = text;
        break;
    case ARGP_KEY_END: check_all(state, a); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "one of the models, see 'emlib models'; to be given once for each", 1},
    {"output", 'o', "HBI.h5", 0, "file to write", 1},
    {"force", OPTION_FORCE, NULL, 0, "replace HBI.h5 if it exists", 1},
    {"quiet", 'q', NULL, 0, "no progress; warnings and errors only", 1},
    {"options", OPTION_OPTIONS, "K", 0, "number of options of the choice (default: as found in the data)", 2},
    {"ignore", OPTION_IGNORE, "block", 0, "values do not restart where column 'block' changes", 2},
    {"null", OPTION_NULL, "HOW", 0, "run: a second run under the hypothesis that all models are equally frequent, for protected "
     "exceedance probabilities (default); none: leave it out, which saves about half the time", 2},
    {"tol", OPTION_TOL, "X", 0, "converged when the estimated distance to the end is below X: means in standard deviations, "
     "variances in logs, responsibilities (default 1e-5)", 3},
    {"max-iter", OPTION_MAX_ITER, "N", 0, "most iterations of either run (default 2000)", 3},
    {"starts", OPTION_STARTS, "K", 0, "points from which each subject's first search begins, the group mean among them (default: 8, "
     "12, 16 for models of 1, 2, 3 parameters, 32 for more)", 3},
    {"seed", OPTION_SEED, "N", 0, "of the starting points (default 1)", 3},
    {0}};
static const struct argp argp = {
    options, parse, "DATA.h5",
    "Hierarchical Bayesian inference over several models at once: how frequent each model is, which of them is responsible for "
    "each subject, and each model's group, estimated from the subjects for whom it is responsible "
    "(Piray et al. 2019, PLoS Comput Biol 15:e1007043).\v"
    "Example: on 4 ranks, then what came out\n\n"
    "  mpirun -n 4 emlib hbi data.h5 --model rw --model rw_dual --model choice_kernel -o hbi.h5\n"
    "  emlib show hbi.h5\n\n"
    "Ends with 0 when both runs converged, with 3 when the file is written but one had not converged. A file of the same data, "
    "models and options that is there already is left as it is. Results do not depend on the number of ranks.\n", NULL, NULL, NULL};

/* ---- progress ---- */

typedef struct {
    bool terminal;
    int K;
    double tol, said; /* seconds at the last line */
} live;

static void step(void *where, bool null, int iteration, double bound, const double *alpha, double change, double distance,
                 double seconds)
{
    live *p = where;
    const bool last = isfinite(distance) && distance < p->tol;
    if (seconds < p->said) /* the second run begins */
        p->said = 0;
    if (seconds - p->said < (p->terminal ? 0.1 : 5) && !last)
        return;
    p->said = seconds;
    fprintf(stderr, "%semlib hbi: %siteration %d, bound %.4f, subjects", p->terminal ? "\r" : "", null ? "null hypothesis, " : "",
            iteration, bound);
    for (int k = 0; k < p->K; k++)
        fprintf(stderr, " %.1f", alpha[k] - 1);
    fprintf(stderr, ", change %.1e", change);
    if (isfinite(distance))
        fprintf(stderr, ", distance %.1e", distance);
    fprintf(stderr, p->terminal && !last ? "\033[K" : "%s\n", p->terminal ? "\033[K" : "");
}

static void summary(const em_hbi *hbi, const char *output)
{
    fprintf(stderr, "emlib hbi: %s: %s after %d iteration%s, bound %.4f, %.2f s\n", output,
            hbi->converged ? "converged" : "NOT converged", hbi->iterations, hbi->iterations == 1 ? "" : "s", hbi->bound,
            hbi->seconds);
    for (int k = 0; k < hbi->n_models; k++)
        fprintf(stderr, "emlib hbi: model %s is responsible for %.2f of %zu subjects, exceedance probability %.4f\n",
                hbi->model[k].name, hbi->alpha[k] - 1, hbi->n_subjects_used, hbi->exceedance_probability[k]);
}

static void not_converged(const em_hbi *hbi, const em_hbi_options *asked)
{
    const bool null = isfinite(hbi->distance) && hbi->distance < asked->tol;
    fprintf(stderr, "emlib hbi: warning: %s had not converged after %d iterations", null ? "the run under the null hypothesis"
            : "the run", null ? hbi->null_iterations : hbi->iterations);
    if (isfinite(hbi->distance))
        fprintf(stderr, "; the estimated distance of the main run is %.1e", hbi->distance);
    fprintf(stderr, "; for more iterations run again with a larger --max-iter and --force\n");
}

static void flagged(const em_hbi *hbi)
{
    for (int k = 0; k < hbi->n_models; k++) {
        size_t n = 0;
        for (size_t s = 0; s < hbi->n_subjects; s++)
            if (em_subject_is_flagged(hbi->model[k].status[s]) && n++ < MAX_NAMED)
                fprintf(stderr, "emlib hbi: warning: model %s, subject %s: %s\n", hbi->model[k].name, hbi->subject[s],
                        em_subject_status_text(hbi->model[k].status[s]));
        if (n > MAX_NAMED)
            fprintf(stderr, "emlib hbi: warning: and %zu more of model %s; 'emlib show --json' lists them\n", n - MAX_NAMED,
                    hbi->model[k].name);
    }
    for (size_t s = 0; s < hbi->n_subjects; s++)
        if (isnan(hbi->responsibility[s * (size_t)hbi->n_models]))
            fprintf(stderr, "emlib hbi: warning: subject %s is left out: no model fits\n", hbi->subject[s]);
}

static em_code run(em_comm *comm, const arguments *a, em_hbi **hbi, em_error *error)
{
    const em_model *model[EM_HBI_MODELS];
    const em_log log = cmd_log("hbi");
    live where = {.terminal = isatty(STDERR_FILENO), .K = a->n_models, .tol = a->options.tol};
    const em_hbi_progress progress = {a->quiet ? NULL : step, &where};
    for (int k = 0; k < a->n_models; k++) {
        em_code code = em_comm_model(comm, a->name[k], &model[k], error);
        if (code != EM_OK)
            return code;
    }
    em_code code = em_hbi_file(comm, a->dataset, model, a->n_models, &a->options, a->output, a->force, &progress, &log, hbi, error);
    if (where.terminal && !a->quiet && cmd_is_first())
        fprintf(stderr, "\r\033[K");
    return code;
}

int cmd_hbi(int argc, char **argv)
{
    arguments a = {.options = em_hbi_defaults()};
    em_error error = {EM_OK, ""};
    em_hbi *hbi = NULL;
    em_comm *comm = NULL;
    int status = cmd_parse(&argp, argc, argv, &a);
    if (status)
        return status;
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK)
        code = run(comm, &a, &hbi, &error);
    const bool first = cmd_is_first();
    if (hbi && first && !a.quiet)
        summary(hbi, a.output);
    if (hbi && first && !hbi->converged)
        not_converged(hbi, &a.options);
    if (hbi && first)
        flagged(hbi);
    int exit_status = first ? (int)code : 0;
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        exit_status = cmd_fail("hbi", &error);
    em_hbi_free(hbi);
    em_comm_stop(comm);
    return exit_status;
}
