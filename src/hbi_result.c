/* What hierarchical Bayesian inference finds, in memory. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "error.h"

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

static void free_model(em_hbi_model *model)
{
    free_texts(model->parameter, (size_t)model->n_parameters);
    free_texts(model->transform, (size_t)model->n_parameters);
    void *const array[] = {model->name, model->mu, model->var, model->mu_se, model->natural_median, model->map, model->natural,
                           model->hessian, model->log_likelihood, model->log_marginal_likelihood, model->n_trials, model->status};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
}

void em_hbi_free(em_hbi *hbi)
{
    if (!hbi)
        return;
    for (int k = 0; hbi->model && k < hbi->n_models; k++)
        free_model(&hbi->model[k]);
    free_texts(hbi->subject, hbi->n_subjects);
    void *const array[] = {hbi->emlib_version, hbi->dataset, hbi->options, hbi->model, hbi->alpha, hbi->expected_frequency,
                           hbi->exceedance_probability, hbi->protected_exceedance_probability, hbi->responsibility,
                           hbi->trace_alpha, hbi->trace_bound};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(hbi);
}

double em_hbi_test(const em_hbi_model *model, int j, double value, double *t)
{
    *t = (model->mu[j] - value) / model->mu_se[j];
    return 2 * gsl_cdf_tdist_Q(fabs(*t), model->df);
}
