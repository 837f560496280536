/* emlib fit: a model to everybody's data. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fit_found.h"
#include "../output.h"
#include "cmd.h"
#include "print.h"

enum { OPTION_GROUP = 256, OPTION_MU, OPTION_VAR, OPTION_TOL, OPTION_MAX_ITER, OPTION_STARTS, OPTION_SEED, OPTION_OPTIONS,
       OPTION_IGNORE, OPTION_FORCE, OPTION_ACCELERATE, OPTION_COVARIANCE, OPTION_COVARIATE, OPTION_CONTRAST, OPTION_BY, OPTION_FIX,
       OPTION_SHARED, OPTION_GROUP_FROM, OPTION_SUBJECTS, OPTION_EXCLUDE, OPTION_EVIDENCE, OPTION_SAMPLES, OPTION_NODES,
       OPTION_BOOTSTRAP, OPTION_RESUME, OPTION_CHECKPOINT_EVERY };

typedef struct {
    const char *dataset, *model, *output, *mu, *var, *covariate, *by, *fix, *shared;
    const char **contrast, **exclude; /* [argc] */
    int n_contrasts, n_exclude;
    em_covariate_term *terms; /* what the texts mean; the options point to them */
    em_contrast_choice *choices;
    em_by *conditions;
    em_fit_options options;
    double checkpoint_every;
    bool force, quiet, group, resume;
} arguments;

static em_group group_of(const struct argp_state *state, const char *text)
{
    static const char *const name[] = {"estimate", "fixed", "none"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, name[i]) == 0)
            return (em_group)i;
    cmd_misuse(state, "--group can be estimate, fixed or none, not '%s'", text);
}

/* Ways to the evidence, with commas between; Laplace's is always there. */
static void take_evidence(const struct argp_state *state, em_fit_options *o, char *text)
{
    for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
        if (strcmp(part, "importance") == 0)
            o->importance = true;
        else if (strcmp(part, "quadrature") == 0)
            o->quadrature = true;
        else if (strcmp(part, "laplace") != 0)
            cmd_misuse(state, "--evidence can be laplace, importance or quadrature, with commas between several, not '%s'", part);
    }
}

static void check_all(const struct argp_state *state, arguments *a)
{
    if (!a->dataset)
        cmd_misuse(state, "which dataset? (make one with 'emlib import')");
    if (!a->model)
        cmd_misuse(state, "--model is needed ('emlib models' lists them)");
    if (!a->output)
        cmd_misuse(state, "--output is needed");
    if (a->options.group_from && a->group && a->options.group != EM_GROUP_FIXED)
        cmd_misuse(state, "--group-from gives the group: --group can only be fixed with it");
    if (a->options.group_from)
        a->options.group = EM_GROUP_FIXED;
}

/* Ids with commas between, added to those to leave out. */
static void add_excluded(const struct argp_state *state, arguments *a, char *text)
{
    for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
        const char **more = realloc(a->exclude, (size_t)(a->n_exclude + 1) * sizeof *more);
        if (!more)
            cmd_misuse(state, "out of memory");
        a->exclude = more;
        a->exclude[a->n_exclude++] = part;
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    em_fit_options *o = &a->options;
    switch (key) {
    case 'm': a->model = text; break;
    case 'o': a->output = text; break;
    case 'q': a->quiet = true; break;
    case OPTION_GROUP:
        o->group = group_of(state, text);
        a->group = true;
        break;
    case OPTION_COVARIANCE:
        if (strcmp(text, "full") != 0 && strcmp(text, "diagonal") != 0)
            cmd_misuse(state, "--covariance can be diagonal or full, not '%s'", text);
        o->full = strcmp(text, "full") == 0;
        break;
    case OPTION_COVARIATE: a->covariate = cmd_join(state, a->covariate, text); break;
    case OPTION_CONTRAST: a->contrast[a->n_contrasts++] = text; break;
    case OPTION_BY: a->by = cmd_join(state, a->by, text); break;
    case OPTION_FIX: a->fix = cmd_join(state, a->fix, text); break;
    case OPTION_SHARED: a->shared = cmd_join(state, a->shared, text); break;
    case OPTION_GROUP_FROM: o->group_from = text; break;
    case OPTION_SUBJECTS: o->subjects = text; break;
    case OPTION_EXCLUDE: add_excluded(state, a, text); break;
    case OPTION_EVIDENCE: take_evidence(state, o, text); break;
    case OPTION_SAMPLES: o->samples = (int)cmd_whole(state, "samples", text, 100, 100000000); break;
    case OPTION_NODES: o->nodes = (int)cmd_whole(state, "nodes", text, 1, 200); break;
    case OPTION_MU: a->mu = cmd_join(state, a->mu, text); break;
    case OPTION_VAR: a->var = cmd_join(state, a->var, text); break;
    case OPTION_TOL: o->tol = cmd_number(state, "tol", text); break;
    case OPTION_MAX_ITER: o->max_iter = (int)cmd_whole(state, "max-iter", text, 1, 100000000); break;
    case OPTION_STARTS: o->starts = (int)cmd_whole(state, "starts", text, 1, 10000); break;
    case OPTION_SEED: o->seed = (uint64_t)cmd_whole(state, "seed", text, 0, INT64_MAX); break;
    case OPTION_OPTIONS: o->options = (int)cmd_whole(state, "options", text, 2, EM_MAX_OPTIONS); break;
    case OPTION_ACCELERATE:
        if (strcmp(text, "auto") != 0 && strcmp(text, "none") != 0)
            cmd_misuse(state, "--accelerate can be auto or none, not '%s'", text);
        o->accelerate = strcmp(text, "auto") == 0;
        break;
    case OPTION_IGNORE:
        if (strcmp(text, "block") != 0)
            cmd_misuse(state, "--ignore knows 'block' only, not '%s'", text);
        o->ignore_block = true;
        break;
    case OPTION_BOOTSTRAP: o->bootstrap = (int)cmd_whole(state, "bootstrap", text, 2, 1000000); break;
    case OPTION_FORCE: a->force = true; break;
    case OPTION_RESUME: a->resume = true; break;
    case OPTION_CHECKPOINT_EVERY:
        a->checkpoint_every = cmd_number(state, "checkpoint-every", text);
        if (a->checkpoint_every < 0)
            cmd_misuse(state, "--checkpoint-every wants seconds, not below 0, and not '%s'", text);
        break;
    case ARGP_KEY_ARG:
        if (a->dataset)
            cmd_misuse(state, "one dataset only; '%s' is too much", text);
        a->dataset = text;
        break;
    case ARGP_KEY_END: check_all(state, a); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "model, see 'emlib models'", 1},
    {"output", 'o', "FIT.h5", 0, "fit file to write", 1},
    {"force", OPTION_FORCE, NULL, 0, "replace FIT.h5 if it exists", 1},
    {"resume", OPTION_RESUME, NULL, 0, "go on with a fit that had not converged, for --max-iter more iterations; a fit that was stopped goes on "
     "from FIT.h5.checkpoint by itself, with or without this option", 1},
    {"checkpoint-every", OPTION_CHECKPOINT_EVERY, "SECONDS", 0, "write the state of the fit to FIT.h5.checkpoint so often (default 60), "
     "but never for more than 2 % of the time", 1},
    {"quiet", 'q', NULL, 0, "no progress; warnings and errors only", 1},
    {"group", OPTION_GROUP, "WHAT", 0, "estimate: the group's means and variances (default); fixed: everybody's MAP under the "
     "prior given by --mu and --var; none: everybody's own maximum likelihood", 2},
    {"mu", OPTION_MU, "NAME=X,...", 0, "where the group means start, unconstrained scale (default: the model's, mostly 0)", 2},
    {"var", OPTION_VAR, "NAME=X,...", 0, "where the group variances start (default: the model's, mostly 6.25)", 2},
    {"covariance", OPTION_COVARIANCE, "WHAT", 0, "diagonal: parameters vary independently (default); full: their covariances are estimated, "
     "too", 2},
    {"covariate", OPTION_COVARIATE, "NAME[:PARAMETER],...", 0, "what group means depend on: covariates of the dataset ('emlib import "
     "--covariates'), for every parameter or for one", 2},
    {"contrast", OPTION_CONTRAST, "NAME=KIND[:LEVEL]", 0, "how a covariate of texts is coded: treatment (each level against LEVEL, or the "
     "first; default), sum or helmert", 2},
    {"by", OPTION_BY, "COLUMN:PARAMETER,...", 0, "a value of the parameter for each level of this column of the trials: sessions, "
     "conditions", 2},
    {"fix", OPTION_FIX, "NAME=X,...", 0, "parameters with a given value, natural scale, the same for everyone", 2},
    {"shared", OPTION_SHARED, "NAME,...", 0, "parameters that are estimated, but the same for everyone: no variance", 2},
    {"group-from", OPTION_GROUP_FROM, "FIT.h5", 0, "the group of another fit of this model, for new subjects; nothing of it is estimated", 2},
    {"subjects", OPTION_SUBJECTS, "FILE", 0, "only these subjects: one id a line, or a table with a column 'subject'", 2},
    {"exclude", OPTION_EXCLUDE, "ID,...", 0, "leave these subjects out", 2},
    {"bootstrap", OPTION_BOOTSTRAP, "N", 0, "estimate the group N times more, from as many subjects drawn anew with replacement: standard "
     "errors and intervals that do not rest on a formula ('emlib show')", 2},
    {"options", OPTION_OPTIONS, "K", 0, "number of options of the choice (default: as found in the data)", 2},
    {"ignore", OPTION_IGNORE, "block", 0, "values do not restart where column 'block' changes", 2},
    {"evidence", OPTION_EVIDENCE, "WAY,...", 0, "laplace: Laplace's approximation alone, which is always there (default); importance: beside it "
     "importance sampling, with its error; quadrature: beside it adaptive Gauss-Hermite quadrature, for up to 4 parameters that vary; "
     "several with commas between", 3},
    {"samples", OPTION_SAMPLES, "N", 0, "of importance sampling, for each subject (default 2000)", 3},
    {"nodes", OPTION_NODES, "N", 0, "of the quadrature, in each dimension (default: 31, 21, 13, 9 in 1 to 4 dimensions)", 3},
    {"tol", OPTION_TOL, "X", 0, "converged when the estimated distance to EM's fixed point is below X: means in standard "
     "deviations, variances in logs (default 1e-6)", 3},
    {"max-iter", OPTION_MAX_ITER, "N", 0, "most EM iterations (default 500)", 3},
    {"accelerate", OPTION_ACCELERATE, "HOW", 0, "auto: to EM's fixed point in few iterations (default); none: plain EM, which "
     "takes many more and never reaches a variance of 0", 3},
    {"starts", OPTION_STARTS, "K", 0, "points from which each subject's first search begins, the group mean among them "
     "(default: 8, 12, 16 for models of 1, 2, 3 parameters, 32 for more; with more than 200 subjects few at first, and all if that shows that several maxima are common; 1: the group mean alone)", 3},
    {"seed", OPTION_SEED, "N", 0, "of the starting points, of importance sampling and of the bootstrap (default 1)", 3},
    {0}};
static const struct argp argp = {
    options, parse, "DATA.h5",
    "Fits a hierarchical model by EM with a Laplace E-step: the group's Gaussian, every subject's MAP and Hessian, and the "
    "evidence for comparing models.\v"
    "Example: on 8 ranks, then what came out; the same with means that depend on a covariate, and parameters that go together\n\n"
    "  mpirun -n 8 emlib fit data.h5 --model rw -o rw.h5\n"
    "  emlib show rw.h5\n"
    "  mpirun -n 8 emlib fit data.h5 --model rw --covariate group --covariance full -o rw_group.h5\n\n"
    "Ends with 0 when EM converged, with 3 when the fit is written but EM had not converged. A fit of the same data, model and "
    "options that is there already is left as it is. On SIGTERM, SIGUSR1, SIGINT (Ctrl-C) or SIGHUP it writes its state to FIT.h5.checkpoint and ends with 75; the "
    "same command goes on from there, on any number of ranks, to the very same result. Results do not depend on the number of ranks.\n", NULL, NULL, NULL};

/* ---- signals ---- */

static volatile sig_atomic_t stop; /* a signal has asked for it */
static bool stopped(void) { return stop; }

/* Launchers and batch systems may send the same signal twice; a second Ctrl-C means now. */
static void take_signal(int number)
{
    if (stop && number == SIGINT) {
        em_output_remove_all();
        signal(number, SIG_DFL);
        raise(number);
    }
    stop = 1;
}

static void take_signals(void)
{
    static const int taken[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct sigaction before, now = {.sa_handler = take_signal, .sa_flags = SA_RESTART};
        if (sigaction(taken[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup stays in force */
            sigaction(taken[i], &now, NULL);
    }
}

/* ---- progress ---- */

typedef struct {
    bool terminal;
    double tol, said;          /* seconds at the last line */
    double distance, distance_at; /* for the time left: an earlier distance, and when */
} progress;

/* Seconds until the distance falls below the tolerance, if it goes on shrinking as it has; NaN: cannot tell. */
static double time_left(progress *p, double distance, double seconds)
{
    double left = NAN;
    if (isfinite(distance) && isfinite(p->distance) && distance < p->distance && seconds > p->distance_at)
        left = (seconds - p->distance_at) * log(distance / p->tol) / log(p->distance / distance);
    if (isfinite(distance)) {
        p->distance = distance;
        p->distance_at = seconds;
    }
    return left;
}

static void step(void *where, int iteration, double lml, double change, double distance, double seconds)
{
    progress *p = where;
    const double left = time_left(p, distance, seconds);
    const bool last = isfinite(distance) && distance < p->tol;
    if (seconds - p->said < (p->terminal ? 0.1 : 5) && !last)
        return;
    p->said = seconds;
    fprintf(stderr, "%semlib fit: iteration %d, evidence %.4f, change %.1e", p->terminal ? "\r" : "", iteration, lml, change);
    if (isfinite(distance))
        fprintf(stderr, ", distance %.1e", distance);
    if (isfinite(left) && !last)
        fprintf(stderr, ", about %.0f s left", left);
    fprintf(stderr, p->terminal && !last ? "\033[K" : "%s\n", p->terminal ? "\033[K" : "");
}

static void repetition(void *where, int done, int all, double seconds)
{
    progress *p = where;
    if (done == 1 || done == all)
        p->said = 0; /* the seconds begin anew with the repetitions */
    if (seconds - p->said < (p->terminal ? 0.1 : 5) && done < all)
        return;
    p->said = seconds;
    fprintf(stderr, "%semlib fit: bootstrap %d of %d", p->terminal ? "\r" : "", done, all);
    if (done < all)
        fprintf(stderr, ", about %.0f s left", seconds / done * (all - done));
    fprintf(stderr, p->terminal && done < all ? "\033[K" : "%s\n", p->terminal ? "\033[K" : "");
}

/* Which coordinate of the group still moved most in the last iteration. */
static void say_what_moves(const em_fit *fit)
{
    const int P = fit->n_parameters, last = fit->n_trace - 1;
    if (last < 1)
        return;
    double most = 0;
    int parameter = 0, variance = 0;
    for (int j = 0; j < P; j++) {
        const double *mu = fit->trace_mu + last * P + j, *var = fit->trace_var + last * P + j;
        const bool varies = var[0] > 0 && var[-P] > 0;
        const double step[2] = {fabs(mu[0] - mu[-P]) / (varies ? sqrt(var[0]) : 1), varies ? fabs(log(var[0] / var[-P])) : 0};
        for (int k = 0; k < 2; k++)
            if (step[k] > most) {
                most = step[k];
                parameter = j;
                variance = k;
            }
    }
    fprintf(stderr, "emlib fit: what moved most in the last iteration is the %s of %s, by %.1e %s%s\n", variance ? "variance" : "mean",
            fit->parameter[parameter], most, variance ? "in logs" : "standard deviations",
            variance && fit->trace_var[last * P + parameter] < fit->trace_var[(last - 1) * P + parameter]
                ? "; it shrinks, and may be on its way to 0 (all subjects alike), which EM never reaches"
                : "");
}

/* The sums side by side. */
static void other_evidences(const em_fit *fit)
{
    if (!fit->importance && !fit->quadrature)
        return;
    fprintf(stderr, "emlib fit: log evidence: Laplace %.4f", fit->log_marginal_likelihood);
    if (fit->importance)
        fprintf(stderr, ", importance sampling %.4f +- %.4f", fit->log_evidence_importance, fit->log_evidence_importance_se);
    if (fit->quadrature)
        fprintf(stderr, ", quadrature %.4f", fit->log_evidence_quadrature);
    fprintf(stderr, " (%.2f s)\n", fit->timing.evidence_seconds);
}

static void summary(const em_fit *fit, const char *output, em_group group)
{
    const size_t several = fit->noted.several;
    fprintf(stderr, "emlib fit: %s: ", output);
    if (group == EM_GROUP_NONE)
        fprintf(stderr, "maximum likelihood of %zu of %zu subjects, log-likelihood %.4f", fit->n_subjects_used, fit->n_subjects,
                fit->log_likelihood);
    else
        fprintf(stderr, "%s after %d iteration%s, evidence %.4f, BIC_int %.4f", fit->converged ? "converged" : "NOT converged",
                fit->iterations, fit->iterations == 1 ? "" : "s", fit->log_marginal_likelihood, fit->bic_int);
    fprintf(stderr, ", %.2f s\n", fit->timing.total_seconds);
    other_evidences(fit);
    print_group_notes(stderr, "emlib fit: ", fit);
    if (several && group != EM_GROUP_NONE)
        fprintf(stderr, "emlib fit: %zu of %zu subjects had more than one maximum; the best one met is used\n", several,
                fit->n_subjects);
}

static void not_converged(const em_fit *fit)
{
    fprintf(stderr, "emlib fit: warning: EM had not converged after %d iteration%s", fit->iterations,
            fit->iterations == 1 ? "" : "s");
    if (isfinite(fit->distance))
        fprintf(stderr, "; the estimated distance to its fixed point is %.1e", fit->distance);
    fputc('\n', stderr);
    say_what_moves(fit);
    fprintf(stderr, "emlib fit: for more iterations run the same again with --resume\n");
}

static const char *name_of(const char *id) { return id ? id : "?"; }

static void poor(const em_noted *noted)
{
    if (!noted->poor)
        return;
    fprintf(stderr, "emlib fit: warning: importance sampling is poor for %zu subject%s (effective sample size below %d):", noted->poor,
            noted->poor == 1 ? "" : "s", EM_LEAST_ESS);
    for (size_t i = 0; i < noted->poor && i < EM_NOTED; i++)
        fprintf(stderr, "%s %s", i ? "," : "", name_of(noted->poor_id[i]));
    fprintf(stderr, "%s; take more --samples (default 2000)\n", noted->poor > EM_NOTED ? ", ..." : "");
}

static void flagged(const em_noted *noted)
{
    for (size_t i = 0; i < noted->flagged && i < EM_NOTED; i++)
        fprintf(stderr, "emlib fit: warning: subject %s: %s\n", name_of(noted->flagged_id[i]),
                em_subject_status_text(noted->flagged_status[i]));
    if (noted->flagged > EM_NOTED)
        fprintf(stderr, "emlib fit: warning: and %zu more; 'emlib show' lists them\n", noted->flagged - EM_NOTED);
    if (noted->empty)
        fprintf(stderr, "emlib fit: warning: %zu subject%s no trial that counts, first %s: the data say nothing of them\n",
                noted->empty, noted->empty == 1 ? " has" : "s have", name_of(noted->first_empty_id));
}

/* What the texts mean for the model: afterwards the options are whole. */
static em_code understand(arguments *a, const em_model *model, em_error *error)
{
    em_fit_options *o = &a->options;
    if (!cmd_numbers("mu", a->mu, model, o->mu, error) || !cmd_numbers("var", a->var, model, o->var, error) ||
        !cmd_numbers("fix", a->fix, model, o->fix, error) || !cmd_names("shared", a->shared, model, o->shared, error))
        return error->code;
    em_code code = em_covariate_terms_read(a->covariate, &a->terms, &o->n_covariates, error);
    if (code == EM_OK)
        code = em_contrast_choices_read(a->contrast, a->n_contrasts, &a->choices, error);
    if (code == EM_OK)
        code = em_by_read(a->by, &a->conditions, &o->n_by, error);
    o->covariate = a->terms;
    o->contrast = a->choices;
    o->n_contrasts = a->n_contrasts;
    o->by = a->conditions;
    o->exclude = a->exclude;
    o->n_exclude = a->n_exclude;
    return code;
}

static void free_arguments(arguments *a)
{
    free(a->terms);
    free(a->choices);
    free(a->conditions);
    free(a->contrast);
    free(a->exclude);
}

/* Parses the command line; returns 0 or an exit status. */
static int begin(int argc, char **argv, arguments *a)
{
    em_error error;
    *a = (arguments){.checkpoint_every = 60, .options = em_fit_defaults(), .contrast = calloc((size_t)argc, sizeof *a->contrast)};
    if (!a->contrast) {
        (void)em_fail(&error, EM_MACHINE, "out of memory");
        return cmd_fail("fit", &error);
    }
    return cmd_parse(&argp, argc, argv, a);
}

/* ---- a look without a fit ---- */

const struct argp_option *cmd_fit_options(void) { return options; }

static int problem(const char *column, const em_error *error)
{
    fprintf(stderr, "%s\t%s\n", column, error->text);
    return (int)error->code;
}

/* The output and its checkpoint, once all else is in order. */
static int look_at_output(const arguments *a, const em_model *model)
{
    em_error error = {EM_OK, ""};
    em_fit_seen seen;
    if (em_output_differs(a->output, a->dataset, &error) != EM_OK ||
        em_fit_look(a->dataset, model, &a->options, a->output, &seen, &error) != EM_OK)
        return problem("output", &error);
    if (seen.why[0])
        fprintf(stderr, "output\t%s\n", seen.why);
    switch (seen.output) {
    case EM_SEEN_CONVERGED: return EM_OK;
    case EM_SEEN_UNCONVERGED: return EM_NOT_CONVERGED;
    case EM_SEEN_FOREIGN: return CMD_FIT_FOREIGN;
    case EM_SEEN_OTHER: return seen.state ? CMD_FIT_STALE_STOPPED : CMD_FIT_STALE;
    case EM_SEEN_NOTHING: return seen.state ? CMD_FIT_STOPPED : seen.why[0] ? CMD_FIT_STALE : CMD_FIT_MISSING;
    }
    return EM_MACHINE;
}

int cmd_fit_look(int argc, char **argv)
{
    arguments a;
    em_error error = {EM_OK, ""};
    const em_model *model = NULL;
    em_dataset *data = NULL;
    const em_fit_options defaults = em_fit_defaults();
    int status = begin(argc, argv, &a);
    if (status == 0 && em_model_get(a.model, &model, &error) != EM_OK)
        status = problem("model", &error);
    else if (status == 0 && understand(&a, model, &error) != EM_OK)
        status = problem("", &error);
    const bool unreadable = a.dataset && em_dataset_read_outline(a.dataset, &data, &error) != EM_OK;
    if (unreadable || (status == 0 && em_fit_try(a.dataset, model, &defaults, &error) != EM_OK))
        status = problem("data", &error);
    else if (status == 0 && em_fit_try(a.dataset, model, &a.options, &error) != EM_OK)
        status = problem("", &error);
    em_dataset_free(data);
    if (status == 0)
        status = look_at_output(&a, model);
    free_arguments(&a);
    return status;
}

int cmd_fit(int argc, char **argv)
{
    arguments a;
    em_error error = {EM_OK, ""};
    const em_model *model;
    int status = begin(argc, argv, &a);
    if (status) {
        free_arguments(&a);
        return status;
    }
    em_comm *comm = NULL;
    take_signals();
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK)
        code = em_comm_model(comm, a.model, &model, &error);
    if (code == EM_OK)
        code = understand(&a, model, &error);
    const bool first = cmd_is_first();
    progress live = {.terminal = isatty(STDERR_FILENO), .tol = a.options.tol, .distance = NAN};
    const em_progress steps = {a.quiet ? NULL : step, &live, a.quiet ? NULL : repetition};
    const em_log log = cmd_log("fit");
    em_fit *fit = NULL;
    const em_fit_output output = {a.output, a.force, a.resume, a.checkpoint_every, stopped};
    if (code == EM_OK)
        code = em_fit_file(comm, a.dataset, model, &a.options, &output, &steps, &log, &fit, &error);
    if (live.terminal && !a.quiet && first)
        fprintf(stderr, "\r\033[K");
    if (fit && first && !a.quiet)
        summary(fit, a.output, a.options.group);
    if (fit && first && !fit->converged)
        not_converged(fit);
    if (fit && first)
        flagged(&fit->noted);
    if (fit && first)
        poor(&fit->noted);
    int exit_status = first ? (int)code : 0;
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        exit_status = cmd_fail("fit", &error);
    em_fit_free(fit);
    free_arguments(&a);
    em_comm_stop(comm);
    return exit_status;
}
