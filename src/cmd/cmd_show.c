/* emlib show: what was fitted, how it went, the group's parameters; or what a dataset holds. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "print_bootstrap.h"
#include "print_group.h"

enum { MAX_NAMED = 20 }; /* flagged subjects that are listed */

typedef struct show_options {
    const char *fit;
    bool json;
} show_options;

static error_t parse(int key, char *text, struct argp_state *state)
{
    show_options *o = state->input;
    switch (key) {
    case 'j': o->json = true; return 0;
    case ARGP_KEY_ARG:
        if (o->fit)
            cmd_misuse(state, "one file at a time, not '%s' as well; 'emlib compare' takes several", text);
        o->fit = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->fit)
            cmd_misuse(state, "which file?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", 'j', 0, 0, "All of it as JSON, numbers with 17 significant digits", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5|HBI.h5|DATA.h5",
    .doc =
        "Shows what was fitted to which data, how the fit went, the evidence for the model and the group's parameters "
        "on both scales.\v"
        "The unconstrained scale is the one on which people are normally distributed; the natural one is that of the "
        "model's equations. A mean carried over to the natural scale is the group's median there, not its mean, so "
        "both are shown.\n\nOf a dataset file: how many subjects and trials it has, what each column holds, its fingerprint, and what it was "
        "simulated with.\n\nExample:\n\n  emlib show rw.h5\n  emlib show rw.h5 --json > rw.json\n  emlib show data.h5",
};

/* ---- for people ------------------------------------------------------------------------------------------------ */

static size_t count_modes(const em_fit *fit)
{
    size_t n = 0;
    for (size_t s = 0; s < fit->n_subjects; s++)
        n += fit->subject_modes[s] > 1;
    return n;
}

static void show_course(const em_fit *fit, em_group group)
{
    if (group == EM_GROUP_NONE)
        printf("  course            each subject's maximum likelihood, without a group\n");
    else if (group == EM_GROUP_FIXED)
        printf("  course            each subject's MAP under a given group, nothing to converge\n");
    else
        printf("  course            EM %s after %d iteration%s; ", fit->converged ? "converged" : "had NOT CONVERGED",
               fit->iterations, fit->iterations == 1 ? "" : "s");
    if (group == EM_GROUP_ESTIMATE && isfinite(fit->distance))
        printf("estimated distance to its fixed point %.2g\n", fit->distance);
    else if (group == EM_GROUP_ESTIMATE)
        printf("too early to estimate the distance to its fixed point\n");
    size_t modes = count_modes(fit);
    if (modes)
        printf("  several maxima    met for %zu subject%s; the best one was taken\n", modes,
               modes == 1 ? "" : "s");
}

static void show_flagged(const em_fit *fit)
{
    size_t n = 0;
    for (size_t s = 0; s < fit->n_subjects; s++) {
        if (!em_subject_is_flagged(fit->subject_status[s]))
            continue;
        if (n++ < MAX_NAMED)
            printf("%s%s: %s\n", n == 1 ? "  subjects to look at\n    " : "    ", fit->subject[s],
                   em_subject_status_text(fit->subject_status[s]));
    }
    if (n > MAX_NAMED)
        printf("    and %zu more, %zu in all; 'emlib export --table subjects' lists them\n", n - MAX_NAMED, n);
}

/* One way to the evidence against Laplace's, over the subjects. */
typedef struct difference {
    size_t n;
    double sum, least, most; /* of value - Laplace */
} difference;

static difference from_laplace(const em_fit *fit, const double *value)
{
    difference d = {.least = INFINITY, .most = -INFINITY};
    for (size_t s = 0; s < fit->n_subjects; s++) {
        const double one = value[s] - fit->subject_log_marginal_likelihood[s];
        if (isnan(one))
            continue;
        d.n++;
        d.sum += one;
        d.least = fmin(d.least, one);
        d.most = fmax(d.most, one);
    }
    return d;
}

/* The least effective sample size; NaN where nobody has one. */
static double least_ess(const em_fit *fit)
{
    double least = NAN;
    for (size_t s = 0; s < fit->n_subjects; s++)
        least = fmin(least, fit->subject_importance_ess[s]);
    return least;
}

static void show_differences(const em_fit *fit)
{
    print_table table = {.align = "lrrr"};
    const struct {
        const char *name;
        const double *value;
    } row[] = {{"importance sampling", fit->importance ? fit->subject_importance : NULL},
               {"quadrature", fit->quadrature ? fit->subject_quadrature : NULL}};
    if (!fit->importance && !fit->quadrature)
        return;
    static const char *const head[] = {"", "mean", "least", "most"};
    for (int k = 0; k < 4; k++)
        print_cell(&table, "%s", head[k]);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (!row[i].value)
            continue;
        const difference d = from_laplace(fit, row[i].value);
        print_cell(&table, "%s", row[i].name);
        print_cell_number(&table, d.n ? d.sum / (double)d.n : NAN);
        print_cell_number(&table, d.n ? d.least : NAN);
        print_cell_number(&table, d.n ? d.most : NAN);
    }
    printf("\nA subject's log evidence minus Laplace's\n");
    print_end(&table, 2);
    if (fit->importance)
        printf("  least effective sample size %.0f%s\n", least_ess(fit),
               fit->noted.poor ? ": too small; 'emlib fit' with more --samples makes it larger" : "");
}

static void show_evidence(const em_fit *fit)
{
    print_table table = {.align = "lrl"};
    char error[40];
    snprintf(error, sizeof error, "+- %s", print_short(fit->log_evidence_importance_se).text);
    const struct {
        const char *name;
        double value;
        const char *note;
    } row[] = {
        {"log-likelihood", fit->log_likelihood, ""},
        {"log posterior at the MAPs", fit->log_posterior, ""},
        {"log marginal likelihood (Laplace)", fit->log_marginal_likelihood, ""},
        {"log evidence (importance sampling)", fit->log_evidence_importance, error},
        {"log evidence (quadrature)", fit->log_evidence_quadrature, ""},
        {"BIC_int", fit->bic_int, ""},
        {"BIC_int (N = subjects)", fit->bic_int_subjects, ""},
        {"BIC_int_MAP (log posterior for the evidence)", fit->bic_int_map, ""},
        {"AIC_int", fit->aic_int, ""},
        {"mean choice probability", fit->mean_choice_probability, ""},
        {"pseudo-R2", fit->pseudo_r2, ""},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (!isnan(row[i].value)) {
            print_cell(&table, "%s", row[i].name);
            print_cell_number(&table, row[i].value);
            print_cell(&table, "%s", row[i].note);
        }
    printf("\nEvidence (%d group parameter%s estimated)\n", fit->n_group, fit->n_group == 1 ? "" : "s");
    print_end(&table, 2);
    show_differences(fit);
}

static int show(const em_fit *fit)
{
    em_group group = print_asked_group(fit);
    printf("Fit of %s%s%s%s\n", fit->model, fit->model_file ? " (" : "", fit->model_file ? fit->model_file : "",
           fit->model_file ? ")" : "");
    if (fit->numerical)
        puts("  derivatives       numerical: the model is written in plain C");
    printf("  data              %s (fingerprint %.12s)\n", fit->dataset, fit->dataset_fingerprint);
    printf("  subjects          %zu used of %zu", fit->n_subjects_used, fit->n_subjects);
    if (fit->n_excluded)
        printf("; %zu more of the dataset were left out by request", fit->n_excluded);
    putchar('\n');
    printf("  trials            %llu observed\n", (unsigned long long)fit->n_trials);
    printf("  made by           emlib %s in %.2f s on %d rank%s\n", fit->emlib_version, fit->timing.total_seconds,
           fit->timing.ranks, fit->timing.ranks == 1 ? "" : "s");
    show_course(fit, group);
    show_flagged(fit);
    show_evidence(fit);
    if (group != EM_GROUP_NONE)
        print_group(fit);
    print_bootstrap(fit);
    return cmd_finish("show", 0);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *flagged_json(const em_fit *fit)
{
    json_t *all = json_array();
    for (size_t s = 0; s < fit->n_subjects; s++)
        if (em_subject_is_flagged(fit->subject_status[s]))
            json_array_append_new(all, json_pack("{so si ss}", "subject", print_json_text(fit->subject[s]), "status",
                                                 fit->subject_status[s], "meaning",
                                                 em_subject_status_text(fit->subject_status[s])));
    return all;
}

static json_t *timing_json(const em_timing *t)
{
    const struct {
        const char *name;
        double value;
    } number[] = {
        {"read_seconds", t->read_seconds},
        {"e_step_seconds", t->e_step_seconds},
        {"e_step_seconds_mean", t->e_step_seconds_mean},
        {"e_step_seconds_least", t->e_step_seconds_least},
        {"m_step_seconds", t->m_step_seconds},
        {"communication_seconds", t->communication_seconds},
        {"write_seconds", t->write_seconds},
        {"total_seconds", t->total_seconds},
        {"likelihood_evaluations", t->likelihood_evaluations},
        {"uncertainty_seconds", t->uncertainty_seconds},
        {"uncertainty_evaluations", t->uncertainty_evaluations},
        {"evidence_seconds", t->evidence_seconds},
        {"evidence_evaluations", t->evidence_evaluations},
    };
    json_t *all = json_pack("{si}", "ranks", t->ranks);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        json_object_set_new(all, number[i].name, print_json_number(number[i].value));
    return all;
}

/* null where it was not asked for. */
static json_t *difference_json(const em_fit *fit, const double *value)
{
    if (!value)
        return json_null();
    const difference d = from_laplace(fit, value);
    return json_pack("{so so so}", "mean", print_json_number(d.n ? d.sum / (double)d.n : NAN), "least",
                     print_json_number(d.n ? d.least : NAN), "most", print_json_number(d.n ? d.most : NAN));
}

static void add_evidence(json_t *all, const em_fit *fit)
{
    const struct {
        const char *name;
        double value;
    } number[] = {
        {"log_posterior", fit->log_posterior},
        {"bic_int_subjects", fit->bic_int_subjects},
        {"bic_int_map", fit->bic_int_map},
        {"mean_choice_probability", fit->mean_choice_probability},
        {"log_evidence_importance", fit->log_evidence_importance},
        {"log_evidence_importance_se", fit->log_evidence_importance_se},
        {"importance_least_ess", fit->importance ? least_ess(fit) : NAN},
        {"log_evidence_quadrature", fit->log_evidence_quadrature},
    };
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        json_object_set_new(all, number[i].name, print_json_number(number[i].value));
    json_object_set_new(all, "importance_minus_laplace", difference_json(fit, fit->importance ? fit->subject_importance : NULL));
    json_object_set_new(all, "quadrature_minus_laplace", difference_json(fit, fit->quadrature ? fit->subject_quadrature : NULL));
}

static int show_json(const show_options *o, const em_fit *fit)
{
    json_t *asked = json_loads(fit->options, 0, NULL);
    json_t *all = json_pack(
        "{so ss so ss so ss sb si so sI sI sI si so so so so so so so so sI so so ss}", "file", print_json_text(o->fit),
        "emlib_version", fit->emlib_version, "model", print_json_text(fit->model), "model_fingerprint",
        fit->model_fingerprint, "dataset", print_json_text(fit->dataset), "dataset_fingerprint",
        fit->dataset_fingerprint, "converged", fit->converged, "iterations", fit->iterations, "distance",
        print_json_number(fit->distance), "n_subjects", (json_int_t)fit->n_subjects, "n_subjects_used",
        (json_int_t)fit->n_subjects_used, "n_trials", (json_int_t)fit->n_trials, "n_group", fit->n_group,
        "log_likelihood", print_json_number(fit->log_likelihood), "log_marginal_likelihood",
        print_json_number(fit->log_marginal_likelihood), "bic_int", print_json_number(fit->bic_int), "aic_int",
        print_json_number(fit->aic_int), "pseudo_r2", print_json_number(fit->pseudo_r2), "options",
        asked ? asked : json_null(), "group", print_group_json(fit), "flagged_subjects", flagged_json(fit),
        "n_subjects_several_modes", (json_int_t)count_modes(fit), "timing", timing_json(&fit->timing),
        "model_file", fit->model_file ? print_json_text(fit->model_file) : json_null(), "derivatives",
        fit->numerical ? "numerical" : "exact");
    if (all)
        add_evidence(all, fit);
    json_t *bootstrap = print_bootstrap_json(fit);
    if (bootstrap)
        json_object_set_new(all, "bootstrap", bootstrap);
    return print_json("show", all);
}

int cmd_show(int argc, char **argv)
{
    show_options o = {0};
    em_fit *fit = NULL;
    em_error error;
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    if (em_hbi_is_file(o.fit))
        return show_hbi(o.fit, o.json);
    if (em_dataset_is_file(o.fit))
        return show_data(o.fit, o.json);
    if (em_fit_read(o.fit, &fit, &error))
        return cmd_fail("show", &error);
    status = o.json ? show_json(&o, fit) : show(fit);
    em_fit_free(fit);
    return status;
}
