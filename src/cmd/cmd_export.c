/* emlib export: tables of a fit as CSV. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../output.h"
#include "cmd.h"
#include "export_trials.h"
#include "print_bootstrap.h"
#include "print_group.h"

typedef struct export_options {
    const char *fit, *table, *output, *split;
    trials_request trials;
    bool force;
} export_options;

typedef em_code write_fn(const em_fit *fit, const export_options *o, FILE *to, em_error *error);
static write_fn write_subjects, write_group, write_coefficients, write_estimates, write_trace, write_trials, write_bootstrap;

static const struct {
    const char *name;
    write_fn *write;
} tables[] = {
    {"subjects", write_subjects},
    {"group", write_group},
    {"coefficients", write_coefficients},
    {"estimates", write_estimates},
    {"trace", write_trace},
    {"trials", write_trials},
    {"bootstrap", write_bootstrap},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

enum { KEY_COVARIATES = 256, KEY_SPLIT };

static error_t parse(int key, char *text, struct argp_state *state)
{
    export_options *o = state->input;
    switch (key) {
    case 't': o->table = text; return 0;
    case 'o': o->output = text; return 0;
    case 'd': o->trials.data = text; return 0;
    case 'm': o->trials.model = text; return 0;
    case KEY_COVARIATES: o->trials.covariates = true; return 0;
    case KEY_SPLIT: o->split = text; return 0;
    case 'f': o->force = true; return 0;
    case ARGP_KEY_ARG:
        if (o->fit)
            cmd_misuse(state, "one fit file at a time, not '%s' as well", text);
        o->fit = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->fit)
            cmd_misuse(state, "which fit file?");
        if (!o->table)
            cmd_misuse(state, "which table? --table subjects, group, coefficients, estimates, trace, trials or bootstrap");
        if ((o->split || o->trials.covariates || o->trials.data || o->trials.model) && strcmp(o->table, "trials") != 0)
            cmd_misuse(state, "--%s is for --table trials", o->split               ? "split"
                                                            : o->trials.covariates ? "covariates"
                                                            : o->trials.data       ? "data"
                                                                                   : "model");
        if (o->split && o->output)
            cmd_misuse(state, "either --output, one file, or --split, a file for each subject");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"table", 't', "NAME", 0, "Which table: subjects, group, coefficients, estimates, trace, trials or bootstrap", 0},
    {"output", 'o', "FILE.csv", 0, "Where to write it; default: the standard output", 0},
    {"data", 'd', "DATA.h5", 0, "For trials: the dataset, where it is no longer at the place that the fit names", 0},
    {"model", 'm', "FILE.so", 0, "For trials of a fit of a compiled model: that model, which is code", 0},
    {"covariates", KEY_COVARIATES, 0, 0, "For trials: the subjects' covariates as columns", 0},
    {"split", KEY_SPLIT, "FOLDER", 0, "For trials: a file FOLDER/SUBJECT.csv for each subject", 0},
    {"force", 'f', 0, 0, "Replace FILE.csv, or files in FOLDER, if they exist", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5 --table NAME",
    .doc = "Writes a table of a fit as CSV, numbers with 17 significant digits, NA where there is none.\v"
           "subjects: a row for each subject; each parameter on the natural scale (its name), on the unconstrained "
           "scale (NAME_unconstrained) and its posterior standard deviation there (NAME_sd); the evidence in each way that the fit was asked for.\n"
           "group: a row for each parameter: mean, variance, standard errors, tests against 0 and 95% intervals (t for means; for "
           "variances on the log scale).\n"
           "coefficients: a row for each effect of a covariate on a parameter's mean.\n"
           "estimates: all that was estimated, with the covariance of the estimates, for tests of your own.\n"
           "trace: a row for each E-step: the group it ran under and its evidence.\n"
           "trials: a row for each trial of the data, in their order: subject, trial (1, 2, ...), all columns of the data, the model's latent "
           "variables (values, prediction errors: 'emlib models NAME'), log_likelihood and p_choice, the probability of all that "
           "was chosen on the trial given the trials before, at each subject's estimate. They are NA on trials that are not scored, and for subjects whom "
           "the fit did not use; their rows stay. Columns of the data keep their names: where one is called trial, emlib's own is emlib_trial.\n"
           "bootstrap: a row for each repetition of 'emlib fit --bootstrap': means or coefficients, and variances.\n"
           "Of an HBI file: subjects (each model's responsibility and parameters), group, trace, and models.\n\nExample:\n\n"
           "  emlib export rw.h5 --table subjects -o rw_subjects.csv\n"
           "  emlib export rw.h5 --table trials --data moved/data.h5 | head\n"
           "  emlib export rw.h5 --table trials --split regressors",
};

/* ---- tables ---------------------------------------------------------------------------------------------------- */

static void comma_number(FILE *to, double value)
{
    putc(',', to);
    print_csv_number(to, value);
}

static void comma_text(FILE *to, const char *text)
{
    putc(',', to);
    print_csv_text(to, text);
}

/* Names that are put together, quoted where the whole must be. */
static void comma_name(FILE *to, const char *before, const char *name, const char *after)
{
    char text[400];
    snprintf(text, sizeof text, "%s%s%s", before, name, after);
    comma_text(to, text);
}

static em_code write_subjects(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    (void)o, (void)error;
    int P = fit->n_parameters;
    double cov[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    fputs("subject,n_trials,status,status_text,modes,log_likelihood,log_marginal_likelihood", to);
    if (fit->importance)
        fputs(",log_evidence_importance,log_evidence_importance_se,importance_ess", to);
    if (fit->quadrature)
        fputs(",log_evidence_quadrature", to);
    for (int j = 0; j < P; j++) {
        comma_name(to, "", fit->parameter[j], "");
        comma_name(to, "", fit->parameter[j], "_unconstrained");
        comma_name(to, "", fit->parameter[j], "_sd");
    }
    putc('\n', to);
    for (size_t s = 0; s < fit->n_subjects; s++) {
        print_csv_text(to, fit->subject[s]);
        fprintf(to, ",%llu,%d", (unsigned long long)fit->subject_n_trials[s], fit->subject_status[s]);
        comma_text(to, em_subject_status_text(fit->subject_status[s]));
        fprintf(to, ",%d", fit->subject_modes[s]);
        comma_number(to, fit->subject_log_likelihood[s]);
        comma_number(to, fit->subject_log_marginal_likelihood[s]);
        if (fit->importance) {
            comma_number(to, fit->subject_importance[s]);
            comma_number(to, fit->subject_importance_se[s]);
            comma_number(to, fit->subject_importance_ess[s]);
        }
        if (fit->quadrature)
            comma_number(to, fit->subject_quadrature[s]);
        (void)em_fit_posterior(fit, s, cov);
        for (int j = 0; j < P; j++) {
            comma_number(to, fit->natural[s * (size_t)P + (size_t)j]);
            comma_number(to, fit->map[s * (size_t)P + (size_t)j]);
            comma_number(to, sqrt(cov[j * P + j] < 0 ? 0 : cov[j * P + j])); /* NaN without a posterior */
        }
        putc('\n', to);
    }
    return EM_OK;
}

static em_code write_group(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    (void)o, (void)error;
    print_group_csv(fit, to);
    return EM_OK;
}

static em_code write_coefficients(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    if (fit->n_coefficients == 0)
        return em_fail(error, EM_INPUT_ERROR, "%s has no covariates, and so no coefficients; --table group has its means", o->fit);
    print_coefficients_csv(fit, to);
    return EM_OK;
}

static em_code write_estimates(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    if (fit->n_estimates == 0)
        return em_fail(error, EM_INPUT_ERROR, "%s has no standard errors: its group was given, or EM had not converged", o->fit);
    print_estimates_csv(fit, to);
    return EM_OK;
}

static em_code write_trace(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    (void)o, (void)error;
    int P = fit->n_parameters;
    fputs("iteration,log_marginal_likelihood", to);
    for (int j = 0; j < P; j++)
        comma_name(to, "mu_", fit->parameter[j], "");
    for (int j = 0; j < P; j++)
        comma_name(to, "var_", fit->parameter[j], "");
    putc('\n', to);
    for (int i = 0; i < fit->n_trace; i++) {
        fprintf(to, "%d", i + 1);
        comma_number(to, fit->trace_log_marginal_likelihood[i]);
        for (int j = 0; j < P; j++)
            comma_number(to, fit->trace_mu[(size_t)i * (size_t)P + (size_t)j]);
        for (int j = 0; j < P; j++)
            comma_number(to, fit->trace_var[(size_t)i * (size_t)P + (size_t)j]);
        putc('\n', to);
    }
    return EM_OK;
}

static em_code write_trials(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    trials_table *table = NULL;
    em_code code = trials_table_make(fit, &o->trials, &table, error);
    if (!code)
        trials_table_write(table, to);
    trials_table_free(table);
    return code;
}

static em_code write_bootstrap(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    if (!fit->n_bootstrap)
        return em_fail(error, EM_INPUT_ERROR, "%s has no bootstrap; 'emlib fit --bootstrap N' makes one", o->fit);
    print_bootstrap_csv(fit, to);
    return EM_OK;
}

/* ---- where to ------------------------------------------------------------------------------------------------- */

typedef struct {
    write_fn *write;
    const em_fit *fit;
    const export_options *options;
} fit_table;

static em_code write_table(const void *where, FILE *to, em_error *error)
{
    const fit_table *table = where;
    return table->write(table->fit, table->options, to, error);
}

static em_code write_file(write_fn *write, const em_fit *fit, const export_options *o, em_error *error)
{
    const fit_table table = {write, fit, o};
    em_code code = em_output_differs(o->output, o->fit, error);
    if (!code)
        code = em_output_differs(o->output, o->trials.data ? o->trials.data : fit->dataset, error);
    return code ? code : print_file(o->output, o->force, write_table, &table, error);
}

static em_code write_split(const em_fit *fit, const export_options *o, em_error *error)
{
    trials_table *table = NULL;
    em_code code = trials_table_make(fit, &o->trials, &table, error);
    if (!code)
        code = trials_table_split(table, o->split, o->force, error);
    trials_table_free(table);
    return code;
}

int cmd_export(int argc, char **argv)
{
    export_options o = {0};
    em_fit *fit = NULL;
    write_fn *write = NULL;
    em_error error;
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    if (em_hbi_is_file(o.fit))
        return export_hbi(o.fit, o.table, o.output, o.force);
    for (int i = 0; i < N_TABLES; i++)
        if (strcmp(o.table, tables[i].name) == 0)
            write = tables[i].write;
    em_code code = write ? em_fit_read(o.fit, &fit, &error)
                         : em_fail(&error, EM_INPUT_ERROR,
                                   "there is no table '%s'; --table takes subjects, group, coefficients, estimates, trace, trials or bootstrap", o.table);
    if (!code && o.split)
        code = write_split(fit, &o, &error);
    else if (!code)
        code = o.output ? write_file(write, fit, &o, &error) : write(fit, &o, stdout, &error);
    em_fit_free(fit);
    return code ? cmd_fail("export", &error) : cmd_finish("export", 0);
}
