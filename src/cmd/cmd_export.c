/* emlib export: tables of a fit as CSV. */
#include <errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"
#include "cmd.h"
#include "print.h"
#include "print_bootstrap.h"

typedef struct export_options {
    const char *fit, *table, *output, *data, *model;
    bool force;
} export_options;

typedef em_code write_fn(const em_fit *fit, const export_options *o, FILE *to, em_error *error);
static write_fn write_subjects, write_group, write_trace, write_trials, write_bootstrap;

static const struct {
    const char *name;
    write_fn *write;
} tables[] = {
    {"subjects", write_subjects},
    {"group", write_group},
    {"trace", write_trace},
    {"trials", write_trials},
    {"bootstrap", write_bootstrap},
};
enum { N_TABLES = sizeof tables / sizeof *tables };

static error_t parse(int key, char *text, struct argp_state *state)
{
    export_options *o = state->input;
    switch (key) {
    case 't': o->table = text; return 0;
    case 'o': o->output = text; return 0;
    case 'd': o->data = text; return 0;
    case 'm': o->model = text; return 0;
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
            cmd_misuse(state, "which table? --table subjects, group, trace, trials or bootstrap");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"table", 't', "NAME", 0, "Which table: subjects, group, trace, trials or bootstrap", 0},
    {"output", 'o', "FILE.csv", 0, "Where to write it; default: the standard output", 0},
    {"data", 'd', "DATA.h5", 0, "For trials: the dataset, where it is no longer at the place that the fit names", 0},
    {"model", 'm', "FILE.so", 0, "For trials: the compiled model, where it is no longer at the place that the fit names", 0},
    {"force", 'f', 0, 0, "Replace FILE.csv if it exists", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5 --table subjects|group|trace|trials|bootstrap",
    .doc = "Writes a table of a fit as CSV, numbers with 17 significant digits, NA where there is none.\v"
           "subjects: a row for each subject; each parameter on the natural scale (its name), on the unconstrained "
           "scale (NAME_unconstrained) and its posterior standard deviation there (NAME_sd).\n"
           "group: a row for each parameter.\n"
           "trace: a row for each E-step: the group it ran under and its evidence.\n"
           "trials: a row for each trial: the data that the model used and its latent variables, such as values and "
           "prediction errors, at each subject's estimate.\n"
           "bootstrap: a row for each repetition of 'emlib fit --bootstrap': means or coefficients, and variances.\n\nExample:\n\n"
           "  emlib export rw.h5 --table subjects -o rw_subjects.csv\n"
           "  emlib export rw.h5 --table trials --data moved/data.h5 | head",
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

/* Posterior standard deviations of one subject, sd [P] out: 0 where the group's variance vanished, from the inverse of
 * the rest of the Hessian otherwise; NaN where that is not positive definite. */
static void posterior_sd(const em_fit *fit, size_t s, double *sd)
{
    double work[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    int free_one[EM_MAX_PARAMETERS], n = 0, P = fit->n_parameters;
    for (int j = 0; j < P; j++) {
        sd[j] = 0;
        if (fit->group_status[j] != EM_GROUP_VANISHED)
            free_one[n++] = j;
    }
    if (n == 0)
        return;
    const double *hessian = fit->hessian + s * (size_t)P * (size_t)P;
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            work[a * n + b] = hessian[free_one[a] * P + free_one[b]];
    gsl_matrix_view matrix = gsl_matrix_view_array(work, (size_t)n, (size_t)n);
    bool good = gsl_linalg_cholesky_decomp1(&matrix.matrix) == 0 && gsl_linalg_cholesky_invert(&matrix.matrix) == 0;
    for (int a = 0; a < n; a++)
        sd[free_one[a]] = good ? sqrt(work[a * n + a]) : NAN;
}

static em_code write_subjects(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    (void)o, (void)error;
    int P = fit->n_parameters;
    double sd[EM_MAX_PARAMETERS];
    fputs("subject,n_trials,status,status_text,modes,log_likelihood,log_marginal_likelihood", to);
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
        posterior_sd(fit, s, sd);
        for (int j = 0; j < P; j++) {
            comma_number(to, fit->natural[s * (size_t)P + (size_t)j]);
            comma_number(to, fit->map[s * (size_t)P + (size_t)j]);
            comma_number(to, sd[j]);
        }
        putc('\n', to);
    }
    return EM_OK;
}

static em_code write_group(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    (void)o, (void)error;
    fputs("parameter,transform,status,mu,var,sd,natural_median,natural_mean\n", to);
    for (int j = 0; j < fit->n_parameters; j++) {
        print_csv_text(to, fit->parameter[j]);
        comma_text(to, fit->transform[j]);
        comma_text(to, em_group_status_text(fit->group_status[j]));
        comma_number(to, fit->mu[j]);
        comma_number(to, fit->var[j]);
        comma_number(to, sqrt(fit->var[j]));
        comma_number(to, fit->natural_median[j]);
        comma_number(to, fit->natural_mean[j]);
        putc('\n', to);
    }
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

static void write_trial(const em_dataset *data, size_t row, const double *latents, int n_latents, FILE *to)
{
    for (int k = 0; k < data->n_columns; k++) {
        const em_dataset_column *column = &data->column[k];
        if (!column->value)
            continue;
        double value = column->value[row];
        if (column->level && !isnan(value))
            comma_text(to, column->level[(int)value]);
        else
            comma_number(to, value);
    }
    for (int l = 0; l < n_latents; l++)
        comma_number(to, latents[row * (size_t)n_latents + (size_t)l]);
    putc('\n', to);
}

static em_code write_trials(const em_fit *fit, const export_options *o, FILE *to, em_error *error)
{
    const em_model *model;
    em_dataset *data = NULL;
    double *latents = NULL;
    em_code code = em_model_get(o->model ? o->model : fit->model_file ? fit->model_file : fit->model, &model, error);
    if (!code)
        code = em_latents(fit, model, o->data ? o->data : fit->dataset, &data, &latents, error);
    if (code)
        goto done;
    fputs("subject,trial", to);
    for (int k = 0; k < data->n_columns; k++)
        if (data->column[k].value)
            comma_text(to, data->column[k].name);
    for (int l = 0; l < model->n_latents; l++)
        comma_text(to, model->latents[l].name);
    putc('\n', to);
    for (size_t s = 0; s < data->n_subjects; s++)
        for (uint64_t row = data->offset[s]; row < data->offset[s + 1]; row++) {
            print_csv_text(to, data->id[s]);
            fprintf(to, ",%llu", (unsigned long long)(row - data->offset[s] + 1));
            write_trial(data, row, latents, model->n_latents, to);
        }
done:
    em_dataset_free(data);
    free(latents);
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

static em_code write_file(write_fn *write, const em_fit *fit, const export_options *o, em_error *error)
{
    em_output output = {.fd = -1};
    FILE *to = NULL;
    em_code code = em_output_differs(o->output, o->fit, error);
    if (!code)
        code = em_output_differs(o->output, o->data ? o->data : fit->dataset, error);
    if (!code)
        code = em_output_open(&output, o->output, o->force, error);
    if (code)
        goto done;
    int copy = dup(output.fd);
    if (copy < 0 || !(to = fdopen(copy, "w"))) {
        if (copy >= 0)
            close(copy);
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", o->output, strerror(errno));
        goto done;
    }
    code = write(fit, o, to, error);
    bool failed = ferror(to);
    if ((fclose(to) != 0 || failed) && !code)
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", o->output, strerror(errno));
    if (!code)
        code = em_output_publish(&output, error);
done:
    em_output_close(&output);
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
    for (int i = 0; i < N_TABLES; i++)
        if (strcmp(o.table, tables[i].name) == 0)
            write = tables[i].write;
    em_code code = write ? em_fit_read(o.fit, &fit, &error)
                         : em_fail(&error, EM_INPUT_ERROR,
                                   "there is no table '%s'; --table takes subjects, group, trace, trials or bootstrap", o.table);
    if (!code)
        code = o.output ? write_file(write, fit, &o, &error) : write(fit, &o, stdout, &error);
    em_fit_free(fit);
    return code ? cmd_fail("export", &error) : cmd_finish("export", 0);
}
