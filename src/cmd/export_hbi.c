/* emlib export for HBI files. */
#include <math.h>
#include <string.h>

#include "../output.h"
#include "print.h"

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

/* A name that is put together: "rw.alpha_unconstrained". */
static void comma_name(FILE *to, const char *model, const char *what, const char *after)
{
    char text[700];
    snprintf(text, sizeof text, "%s.%s%s", model, what, after);
    comma_text(to, text);
}

static void write_subjects(const em_hbi *hbi, FILE *to)
{
    const size_t K = (size_t)hbi->n_models;
    fputs("subject", to);
    for (size_t k = 0; k < K; k++) {
        const em_hbi_model *model = &hbi->model[k];
        comma_name(to, model->name, "responsibility", "");
        comma_name(to, model->name, "status", "");
        comma_name(to, model->name, "log_marginal_likelihood", "");
        for (int j = 0; j < model->n_parameters; j++) {
            comma_name(to, model->name, model->parameter[j], "");
            comma_name(to, model->name, model->parameter[j], "_unconstrained");
        }
    }
    putc('\n', to);
    for (size_t s = 0; s < hbi->n_subjects; s++) {
        print_csv_text(to, hbi->subject[s]);
        for (size_t k = 0; k < K; k++) {
            const em_hbi_model *model = &hbi->model[k];
            const size_t P = (size_t)model->n_parameters;
            comma_number(to, hbi->responsibility[s * K + k]);
            fprintf(to, ",%d", model->status[s]);
            comma_number(to, model->log_marginal_likelihood[s]);
            for (size_t j = 0; j < P; j++) {
                comma_number(to, model->natural[s * P + j]);
                comma_number(to, model->map[s * P + j]);
            }
        }
        putc('\n', to);
    }
}

static void write_models(const em_hbi *hbi, FILE *to)
{
    fputs("model,n_parameters,alpha,expected_frequency,exceedance_probability,protected_exceedance_probability\n", to);
    for (int k = 0; k < hbi->n_models; k++) {
        print_csv_text(to, hbi->model[k].name);
        fprintf(to, ",%d", hbi->model[k].n_parameters);
        comma_number(to, hbi->alpha[k]);
        comma_number(to, hbi->expected_frequency[k]);
        comma_number(to, hbi->exceedance_probability[k]);
        comma_number(to, hbi->protected_exceedance_probability[k]);
        putc('\n', to);
    }
}

static void write_group(const em_hbi *hbi, FILE *to)
{
    fputs("model,parameter,transform,mu,mu_se,df,var,sd,natural_median\n", to);
    for (int k = 0; k < hbi->n_models; k++) {
        const em_hbi_model *model = &hbi->model[k];
        for (int j = 0; j < model->n_parameters; j++) {
            const double number[] = {model->mu[j], model->mu_se[j], model->df, model->var[j], sqrt(model->var[j]),
                                     model->natural_median[j]};
            print_csv_text(to, model->name);
            comma_text(to, model->parameter[j]);
            comma_text(to, model->transform[j]);
            for (size_t i = 0; i < sizeof number / sizeof *number; i++)
                comma_number(to, number[i]);
            putc('\n', to);
        }
    }
}

static void write_trace(const em_hbi *hbi, FILE *to)
{
    fputs("iteration,bound", to);
    for (int k = 0; k < hbi->n_models; k++)
        comma_name(to, hbi->model[k].name, "alpha", "");
    putc('\n', to);
    for (int i = 0; i < hbi->n_trace; i++) {
        fprintf(to, "%d", i + 1);
        comma_number(to, hbi->trace_bound[i]);
        for (int k = 0; k < hbi->n_models; k++)
            comma_number(to, hbi->trace_alpha[i * hbi->n_models + k]);
        putc('\n', to);
    }
}

static const struct {
    const char *name;
    void (*write)(const em_hbi *hbi, FILE *to);
} tables[] = {{"subjects", write_subjects}, {"models", write_models}, {"group", write_group}, {"trace", write_trace}};
enum { N_TABLES = sizeof tables / sizeof *tables };

typedef struct {
    const em_hbi *hbi;
    int table;
} hbi_table;

static em_code write_table(const void *where, FILE *to, em_error *error)
{
    const hbi_table *table = where;
    (void)error;
    tables[table->table].write(table->hbi, to);
    return EM_OK;
}

int export_hbi(const char *path, const char *table, const char *output, bool force)
{
    hbi_table what = {NULL, 0};
    em_hbi *hbi = NULL;
    em_error error;
    while (what.table < N_TABLES && strcmp(tables[what.table].name, table) != 0)
        what.table++;
    em_code code = what.table < N_TABLES ? em_hbi_read(path, &hbi, &error)
                                         : em_fail(&error, EM_INPUT_ERROR, "there is no table '%s' of an HBI file; --table takes "
                                                   "subjects, models, group or trace", table);
    what.hbi = hbi;
    if (!code && output)
        code = em_output_differs(output, path, &error);
    if (!code && output)
        code = em_output_differs(output, hbi->dataset, &error);
    if (!code)
        code = output ? print_file(output, force, write_table, &what, &error) : write_table(&what, stdout, &error);
    em_hbi_free(hbi);
    return code ? cmd_fail("export", &error) : cmd_finish("export", 0);
}
