#include "fit_file.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "group.h"
#include "linalg.h"
#include "model_file.h"

const char *em_subject_status_text(int status)
{
    switch (status) {
#define EM_STATE_CASE(name, value, text) \
    case name: return text;
        EM_SUBJECT_STATES(EM_STATE_CASE)
    }
    return "unknown status";
}

const char *em_group_status_text(int status)
{
    switch (status) {
    case EM_GROUP_ESTIMATED: return "estimated";
    case EM_GROUP_VANISHED: return "vanished";
    case EM_GROUP_GIVEN: return "given";
    case EM_GROUP_SHARED: return "shared";
    }
    return "unknown";
}

bool em_subject_is_flagged(int status)
{
    return status != EM_SUBJECT_GOOD && status != EM_SUBJECT_KINK;
}

bool em_subject_is_used(int status) { return !em_subject_is_flagged(status) || status == EM_SUBJECT_ROUGH; }

bool em_fit_posterior(const em_fit *fit, size_t s, double *cov)
{
    const int n = fit->n_parameters;
    em_group_values group = {.mu = {0}};
    em_group_prior prior;
    double h[EM_MAX_PAIRS];
    const bool none = isnan(fit->cov[0]) || isnan(fit->cov[(size_t)(n * n) - 1]);
    for (int i = 0; i < n; i++) {
        group.var[i] = isnan(fit->var[i]) ? 1 : fit->var[i];
        for (int j = 0; j < i; j++)
            *em_group_off(&group, i, j) = none ? 0 : fit->cov[i * n + j];
        /* without a group, a parameter that is fixed keeps its place */
    }
    em_group_make_prior(&prior, &group, n, false);
    for (int k = 0; k < n * (n + 1) / 2; k++)
        prior.precision[k] = 0;
    for (int i = 0, k = 0; i < n; i++)
        for (int j = 0; j <= i; j++, k++)
            h[k] = -fit->hessian[(s * (size_t)n + (size_t)i) * (size_t)n + (size_t)j]; /* the prior is in it already */
    return em_posterior_covariance(&prior.prior, h, 1, cov);
}

/* ---- intervals ------------------------------------------------------------------------------------------------------ */

bool em_fit_acts(const em_fit *fit, int c, int j)
{
    return c == 0 || fit->coefficient[c * fit->n_parameters + j] != 0 || !isnan(fit->coefficient_se[c * fit->n_parameters + j]);
}

em_interval em_fit_interval(const em_fit *fit, int parameter, double value, double se)
{
    const double S = (double)fit->n_subjects_used;
    em_interval i = {NAN, NAN, NAN, S - 1};
    for (int c = 1; c < fit->n_coefficients; c++)
        i.df -= em_fit_acts(fit, c, parameter);
    if (!(se > 0) || i.df < 1)
        return i;
    i.error = se * sqrt(S / i.df);
    const double half = gsl_cdf_tdist_Qinv(0.025, i.df) * i.error;
    i.lower = value - half;
    i.upper = value + half;
    return i;
}

em_interval em_variance_interval(double value, double se)
{
    if (!(se > 0 && value > 0))
        return (em_interval){NAN, NAN, NAN, NAN};
    const double half = gsl_cdf_ugaussian_Qinv(0.025) * se / value;
    return (em_interval){value * exp(-half), value * exp(half), NAN, NAN};
}

/* ---- whose fit it is ------------------------------------------------------------------------------------------------- */

em_code em_fit_check_data(const em_fit *fit, const char *path, const char *fingerprint, em_error *error)
{
    if (strcmp(fit->dataset_fingerprint, fingerprint) == 0)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "%s is not the data of this fit: its fingerprint is %.12s..., the fit's %.12s...", path,
                   fingerprint, fit->dataset_fingerprint);
}

em_code em_fit_check_model(const em_fit *fit, const em_model *model, em_error *error)
{
    char fingerprint[65];
    em_code code = em_model_fingerprint(model, fingerprint, error);
    if (code == EM_OK && strcmp(fingerprint, fit->model_fingerprint) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "the fit was made by another version of model %s (emlib %s): fit again", model->name,
                       fit->emlib_version);
    return code;
}

em_code em_fit_model_name(const em_fit *fit, const char *named, const char **name, em_error *error)
{
    const bool compiled = fit->model_file || em_model_is_path(fit->model);
    *name = compiled ? named : fit->model;
    if (*name)
        return EM_OK;
    const char *file = fit->model_file ? fit->model_file : fit->model;
    return em_fail(error, EM_INPUT_ERROR, "this fit was made with the compiled model %s; a compiled model is code: name it with --model %s "
                   "if you trust it", file, file);
}

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

void em_fit_free(em_fit *fit)
{
    if (!fit)
        return;
    free_texts(fit->parameter, (size_t)fit->n_parameters);
    free_texts(fit->transform, (size_t)fit->n_parameters);
    free_texts(fit->subject, fit->n_subjects);
    free_texts(fit->coefficient_name, (size_t)fit->n_coefficients);
    free_texts(fit->estimate_name, (size_t)fit->n_estimates);
    free_texts(fit->excluded, fit->n_excluded);
    void *const array[] = {
        fit->emlib_version, fit->model, fit->dataset, fit->model_file, fit->options, fit->mu, fit->var, fit->cov, fit->group_status, fit->unbounded,
        fit->natural_median, fit->natural_mean, fit->map, fit->natural, fit->hessian, fit->subject_log_likelihood,
        fit->subject_log_marginal_likelihood, fit->subject_n_trials, fit->subject_status, fit->subject_modes,
        fit->trace_mu, fit->trace_var, fit->trace_log_marginal_likelihood, fit->coefficient, fit->coefficient_standard,
        fit->column_center, fit->column_scale, fit->mu_se, fit->var_se, fit->coefficient_se, fit->estimate, fit->estimate_cov,
        fit->subject_importance, fit->subject_importance_se, fit->subject_importance_ess, fit->subject_quadrature,
        fit->bootstrap_mu, fit->bootstrap_var, fit->bootstrap_coefficient,
    };
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    for (int i = 0; i < EM_NOTED; i++) {
        free(fit->noted.flagged_id[i]);
        free(fit->noted.poor_id[i]);
    }
    free(fit->noted.first_empty_id);
    free(fit);
}

void em_fit_note(em_noted *noted, const em_fit *part)
{
    for (size_t i = 0; i < part->n_subjects; i++) {
        noted->several += part->subject_modes[i] > 1;
        if (part->subject_n_trials[i] == 0 && noted->empty++ == 0)
            noted->first_empty_id = em_copy(part->subject[i], NULL);
        if (part->subject_importance_ess && part->subject_importance_ess[i] < EM_LEAST_ESS) {
            if (noted->poor < EM_NOTED)
                noted->poor_id[noted->poor] = em_copy(part->subject[i], NULL);
            noted->poor++;
        }
        if (!em_subject_is_flagged(part->subject_status[i]))
            continue;
        if (noted->flagged < EM_NOTED) {
            noted->flagged_id[noted->flagged] = em_copy(part->subject[i], NULL);
            noted->flagged_status[noted->flagged] = part->subject_status[i];
        }
        noted->flagged++;
    }
}
