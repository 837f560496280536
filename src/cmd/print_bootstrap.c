#include "print_bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One number of the group: its estimate, its standard error by the model (NaN: none), and its column in the resamples. */
typedef struct {
    char name[400];
    double estimate, se;
    const double *value;
    size_t stride;
} number;

/* Means, or with covariates coefficients, then variances. */
static int n_numbers(const em_fit *fit)
{
    return ((fit->n_coefficients && fit->bootstrap_coefficient ? fit->n_coefficients : 1) + 1) * fit->n_parameters;
}

/* Number i of these; false: it is not estimated. */
static bool get_number(const em_fit *fit, int i, number *to)
{
    const int P = fit->n_parameters, rows = n_numbers(fit) / P - 1, row = i / P, j = i % P;
    const bool covariates = fit->n_coefficients && fit->bootstrap_coefficient, variance = row == rows;
    if (fit->group_status[j] == EM_GROUP_GIVEN || (variance && fit->group_status[j] == EM_GROUP_SHARED))
        return false;
    if (variance && !fit->bootstrap_var)
        return false;
    const char *name = variance ? "var" : covariates ? fit->coefficient_name[row] : "mu";
    snprintf(to->name, sizeof to->name, "%s:%s", name, fit->parameter[j]);
    to->stride = (size_t)(covariates && !variance ? fit->n_coefficients * P : P);
    to->value = variance ? fit->bootstrap_var + j : covariates ? fit->bootstrap_coefficient + row * P + j : fit->bootstrap_mu + j;
    to->estimate = variance ? fit->var[j] : covariates ? fit->coefficient[row * P + j] : fit->mu[j];
    const double *se = variance ? fit->var_se : covariates ? fit->coefficient_se : fit->mu_se;
    to->se = se ? se[covariates && !variance ? row * P + j : j] : NAN;
    bool acts = !covariates || variance || row == 0; /* a column that does not act on the parameter has zeros */
    for (int b = 0; b < fit->n_bootstrap && !acts; b++)
        acts = isfinite(to->value[(size_t)b * to->stride]) && to->value[(size_t)b * to->stride] != 0;
    return acts;
}

static int n_good(const em_fit *fit)
{
    int n = 0;
    for (int b = 0; b < fit->n_bootstrap; b++)
        n += !isnan(fit->bootstrap_mu[b * fit->n_parameters]);
    return n;
}

void print_bootstrap(const em_fit *fit)
{
    static const char *const head[] = {"", "estimate", "model se", "bootstrap se", "2.5 %", "97.5 %"};
    print_table table = {.align = "lrrrrr"};
    em_resampled sum;
    em_error error;
    number one;
    if (!fit->n_bootstrap)
        return;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        print_cell(&table, "%s", head[i]);
    for (int i = 0; i < n_numbers(fit); i++) {
        if (!get_number(fit, i, &one))
            continue;
        if (em_bootstrap_summary(one.value, fit->n_bootstrap, one.stride, &sum, &error) != EM_OK)
            table.failed = true;
        const double cell[] = {one.estimate, one.se, sum.se, sum.low, sum.high};
        print_cell(&table, "%s", one.name);
        for (int k = 0; k < 5 && !table.failed; k++)
            print_cell_number(&table, cell[k]);
    }
    printf("\nBootstrap over subjects (%d resamples", n_good(fit));
    if (n_good(fit) < fit->n_bootstrap)
        printf(" of %d; the others have no result", fit->n_bootstrap);
    printf("), unconstrained scale\n");
    print_end(&table, 2);
}

json_t *print_bootstrap_json(const em_fit *fit)
{
    if (!fit->n_bootstrap)
        return NULL;
    json_t *rows = json_array();
    for (int i = 0; i < n_numbers(fit); i++) {
        number one;
        em_resampled sum = {.se = NAN, .low = NAN, .high = NAN};
        em_error error;
        if (!get_number(fit, i, &one) || em_bootstrap_summary(one.value, fit->n_bootstrap, one.stride, &sum, &error) != EM_OK)
            continue;
        json_array_append_new(rows, json_pack("{so so so so so so}", "name", print_json_text(one.name), "estimate",
                                              print_json_number(one.estimate), "model_se", print_json_number(one.se), "bootstrap_se",
                                              print_json_number(sum.se), "low", print_json_number(sum.low), "high",
                                              print_json_number(sum.high)));
    }
    return json_pack("{si si so}", "n_resamples", fit->n_bootstrap, "n_with_result", n_good(fit), "estimates", rows);
}

void print_bootstrap_csv(const em_fit *fit, FILE *to)
{
    number one;
    fputs("repetition", to);
    for (int i = 0; i < n_numbers(fit); i++)
        if (get_number(fit, i, &one)) {
            putc(',', to);
            print_csv_text(to, one.name);
        }
    putc('\n', to);
    for (int b = 0; b < fit->n_bootstrap; b++) {
        fprintf(to, "%d", b + 1);
        for (int i = 0; i < n_numbers(fit); i++)
            if (get_number(fit, i, &one)) {
                putc(',', to);
                print_csv_number(to, one.value[(size_t)b * one.stride]);
            }
        putc('\n', to);
    }
}
