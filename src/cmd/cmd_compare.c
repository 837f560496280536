/* emlib compare: models side by side, best first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"

static void add_family(comparison_options *o, const char *text, struct argp_state *state)
{
    const size_t length = strcspn(text, "=");
    if (length == 0 || !text[length] || !text[length + 1])
        cmd_misuse(state, "--family wants NAME=FIT.h5,FIT.h5, not '%s'", text);
    for (int f = 0; f < o->n_families; f++)
        if (o->family[f].name_length == length && strncmp(o->family[f].name, text, length) == 0)
            cmd_misuse(state, "--family gives %.*s twice; name all its fits at once", (int)length, text);
    o->family[o->n_families++] = (comparison_family){text, length, text + length + 1};
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    comparison_options *o = state->input;
    switch (key) {
    case 'j': o->json = true; return 0;
    case 'c': o->csv = true; return 0;
    case 'p':
        o->prior_count = cmd_number(state, "prior-count", text);
        if (!(o->prior_count >= 1e-4 && o->prior_count <= 1e6))
            cmd_misuse(state, "--prior-count wants a number from 0.0001 to 1000000, not '%s'", text);
        return 0;
    case 'f': add_family(o, text, state); return 0;
    case 'g': o->groups = text; return 0;
    case 's': o->subject = text; return 0;
    case ARGP_KEY_ARG: o->file[o->n++] = text; return 0;
    case ARGP_KEY_END:
        if (o->n == 0)
            cmd_misuse(state, "which fit files?");
        if (o->json && o->csv)
            cmd_misuse(state, "either --json or --csv");
        if (o->subject && !o->groups)
            cmd_misuse(state, "--subject names a column of the table of --groups, which is not given");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"prior-count", 'p', "A", 0, "Dirichlet prior count of each model, and of each family; default 1", 0},
    {"family", 'f', "NAME=FIT.h5,FIT.h5", 0,
     "Compares families of models as well; once for each family, every fit in exactly one", 0},
    {"groups", 'g', "TABLE[:COLUMN]", 0,
     "Asks whether two groups of subjects follow the models with different frequencies; the table has a column with "
     "the ids of subjects and one with two different values, or is a dataset (.h5) with such a covariate",
     0},
    {"subject", 's', "COLUMN", 0, "The column with the ids in the table of --groups; default subject", 0},
    {"json", 'j', 0, 0, "As JSON, numbers with 17 significant digits", 0},
    {"csv", 'c', 0, 0, "As CSV, numbers with 17 significant digits", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5 FIT.h5 ...",
    .doc = "Compares fits of different models to the same data, best first.\v"
           "The first measure is BIC_int: -2 times the log marginal likelihood (the evidence, by Laplace's "
           "approximation) plus K log(trials) for the K group parameters that were estimated. Smaller is better. The "
           "weight is what exp(-difference/2) makes of it, normalised over the fits named. It takes everybody to "
           "follow the same model.\n\n"
           "From two fits on, random effects: each subject may follow another model, and the models' frequencies "
           "among people are estimated from the evidence of each subject (Stephan et al. 2009; Rigoux et al. 2014). "
           "The exceedance probability is that of being the most frequent model. The Bayesian omnibus risk is the "
           "probability that all are equally frequent; the protected exceedance probability takes it into account, "
           "and is the one to report. A subject's evidence is Laplace's, under the group that was fitted for that "
           "model; unlike BIC_int it has no penalty for the group's parameters.\n\n"
           "Subjects without evidence in one of the fits are left out there and named. Fits of other data than the "
           "first one are listed, but not compared.\n\n"
           "Example:\n\n"
           "  emlib compare rw.h5 rw_dual.h5 choice_kernel.h5\n"
           "  emlib compare *.h5 --csv > comparison.csv\n"
           "  emlib compare a.h5 b.h5 c.h5 --family learning=a.h5,b.h5 --family habit=c.h5\n"
           "  emlib compare a.h5 b.h5 --groups people.csv:diagnosis --subject id\n"
           "  emlib compare a.h5 b.h5 --groups data.h5:group",
};

/* A model that stands there twice shares its people with itself. */
static void warn_of_twins(const comparison *c, const em_log *log)
{
    for (int i = 1; i < c->n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(c->fit[i]->model, c->fit[k]->model) == 0 && strcmp(c->fit[i]->options, c->fit[k]->options) == 0 &&
                strcmp(c->fit[i]->dataset_fingerprint, c->fit[k]->dataset_fingerprint) == 0) {
                em_say(log, "warning: %s and %s are fits of the same model with the same options: people who follow it are divided among them",
                       c->options->file[k], c->options->file[i]);
                break;
            }
}

/* What should be known before the results are believed. */
static void warn(const comparison *c)
{
    em_log log = cmd_log("compare");
    const char *const *file = c->options->file;
    char list[COMPARISON_LISTED];
    for (int i = 1; i < c->n; i++)
        if (c->other[i])
            em_say(&log, "warning: %s was fitted to other data or subjects than %s; it is listed, but not compared",
                   file[i], file[0]);
        else if (isfinite(c->fit[i]->bic_int) && isfinite(c->fit[0]->bic_int) &&
                 (c->fit[i]->n_subjects_used != c->fit[0]->n_subjects_used ||
                  c->fit[i]->n_trials != c->fit[0]->n_trials))
            em_say(
                &log,
                "warning: %s rests on %zu subjects and %llu trials, %s on %zu and %llu; their evidence is not of the "
                "same data",
                file[i], c->fit[i]->n_subjects_used, (unsigned long long)c->fit[i]->n_trials, file[0],
                c->fit[0]->n_subjects_used, (unsigned long long)c->fit[0]->n_trials);
    for (int i = 0; i < c->n; i++)
        if (!c->fit[i]->converged)
            em_say(&log, "warning: %s: EM had not converged, and its evidence is not that of its model; go on with 'emlib fit' and --resume",
                   c->options->file[i]);
    warn_of_twins(c, &log);
    if (c->why_not)
        em_say(&log, "warning: no comparison by random effects%s: %s",
               c->options->n_families || c->options->groups ? ", of families or of groups" : "", c->why_not);
    if (c->effects && c->evidence->n_left_out) {
        comparison_list(c, c->evidence->left_out, c->evidence->n_left_out, list);
        em_say(&log, "warning: %zu subject%s without evidence in some fit left out of the random effects: %s",
               c->evidence->n_left_out, c->evidence->n_left_out == 1 ? "" : "s", list);
    }
    if (c->groups.selection && c->groups.n_without) {
        comparison_list(c, c->groups.without, c->groups.n_without, list);
        em_say(&log, "warning: %zu subject%s without a group in %s left out of the comparison of groups: %s",
               c->groups.n_without, c->groups.n_without == 1 ? "" : "s", c->groups.table, list);
    }
}

int cmd_compare(int argc, char **argv)
{
    comparison_options o = {.file = calloc((size_t)argc, sizeof *o.file),
                            .family = calloc((size_t)argc, sizeof *o.family),
                            .prior_count = 1};
    comparison c = {0};
    em_error error;
    int status = EM_MACHINE;
    if (!o.file || !o.family) {
        (void)em_fail(&error, EM_MACHINE, "out of memory");
        status = cmd_fail("compare", &error);
        goto done;
    }
    if ((status = cmd_parse(&argp, argc, argv, &o)))
        goto done;
    if (comparison_check_families(&o, &error) || comparison_make(&c, &o, &error)) {
        status = cmd_fail("compare", &error);
        goto done;
    }
    warn(&c);
    status = o.json ? comparison_print_json(&c) : o.csv ? comparison_print_csv(&c) : comparison_print(&c);
done:
    comparison_free(&c);
    free(o.file);
    free(o.family);
    return status;
}
