#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fit_job.h"
#include "model_file.h"

static em_code allocate(em_fit *fit, size_t P, em_error *error)
{
    fit->parameter = em_new(P, sizeof *fit->parameter, error);
    fit->transform = em_new(P, sizeof *fit->transform, error);
    fit->mu = em_new(P, sizeof(double), error);
    fit->var = em_new(P, sizeof(double), error);
    fit->cov = em_new(P * P, sizeof(double), error);
    fit->group_status = em_new(P, 1, error);
    fit->unbounded = em_new(P, 1, error);
    fit->natural_median = em_new(P, sizeof(double), error);
    fit->natural_mean = em_new(P, sizeof(double), error);
    const bool good = fit->parameter && fit->transform && fit->mu && fit->var && fit->cov && fit->group_status && fit->unbounded &&
                      fit->natural_median && fit->natural_mean;
    return good ? EM_OK : EM_MACHINE;
}

/* T(mu) and E[T(x)] under the group, by the trapezoidal rule, which converges faster than any power of the step for such
 * integrands. facts: means over the subjects, in which the transforms that use them are linear. */
static void natural_group(em_fit *fit, const em_view *view, const double *facts)
{
    enum { STEPS = 1000 };
    const double widest = 8.5; /* standard deviations: the rest weighs less than rounding */
    double x[EM_MAX_PARAMETERS], natural[EM_MAX_PARAMETERS];
    em_view_natural(view, fit->mu, facts, fit->natural_median);
    for (int j = 0; j < view->n; j++)
        fit->natural_mean[j] = 0;
    for (int i = -STEPS; i <= STEPS; i++) {
        const double z = widest * i / STEPS, weight = exp(-0.5 * z * z) / sqrt(2 * M_PI) * widest / STEPS;
        for (int j = 0; j < view->n; j++)
            x[j] = fit->mu[j] + sqrt(fit->var[j]) * z;
        em_view_natural(view, x, facts, natural);
        for (int j = 0; j < view->n; j++)
            fit->natural_mean[j] += weight * natural[j];
    }
}

static em_code describe(const em_fit_job *job, const char *dataset, em_fit *fit, em_error *error)
{
    const em_model *model = job->model;
    fit->emlib_version = em_copy(EMLIB_VERSION, error);
    fit->model = em_copy(model->name, error);
    fit->dataset = em_copy(dataset, error);
    fit->numerical = model->numerical != 0;
    const char *file = em_model_path(model);
    fit->model_file = file ? em_copy(file, error) : NULL;
    fit->options = em_fit_options_json(job->options, model);
    memcpy(fit->dataset_fingerprint, job->trials.data->fingerprint, sizeof fit->dataset_fingerprint);
    bool good = fit->emlib_version && fit->model && fit->dataset && fit->options && (fit->model_file || !file);
    for (int j = 0; j < fit->n_parameters; j++) {
        fit->parameter[j] = em_copy(job->setup.name[j], error);
        fit->transform[j] = em_copy(model->parameters[job->setup.view.parameter[j]].transform, error);
        good = good && fit->parameter[j] && fit->transform[j];
    }
    return good ? em_model_fingerprint(model, fit->model_fingerprint, error) : em_fail(error, EM_MACHINE, "out of memory");
}

static em_group_status status_of(const em_fit_job *job, int j)
{
    const em_place place = job->setup.design.place[j];
    if (job->setup.options.group != EM_GROUP_ESTIMATE || place == EM_FIXED)
        return EM_GROUP_GIVEN;
    return place == EM_SHARED ? EM_GROUP_SHARED : job->result.group.var[j] == 0 ? EM_GROUP_VANISHED : EM_GROUP_ESTIMATED;
}

static void store_group(const em_fit_job *job, em_fit *fit)
{
    const em_run_result *run = &job->result;
    const int P = fit->n_parameters;
    const bool none = job->setup.options.group == EM_GROUP_NONE;
    double factor[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    for (int j = 0; j < P; j++) {
        const bool given = none && job->setup.design.place[j] != EM_FIXED;
        fit->mu[j] = given ? NAN : run->group.mu[j];
        fit->var[j] = given ? NAN : run->group.var[j];
        for (int i = 0; i < P; i++)
            fit->cov[j * P + i] = none ? NAN : em_group_cov(&run->group, j, i);
        fit->unbounded[j] = run->unbounded[j];
        fit->group_status[j] = (int8_t)status_of(job, j);
    }
    fit->covariance_rank = none ? 0 : P - em_group_factor(&run->group, P, factor, NULL);
}

static void store_evidence(const em_fit_job *job, double chance, double responses, em_fit *fit)
{
    const em_run_result *run = &job->result;
    const bool none = job->setup.options.group == EM_GROUP_NONE;
    fit->converged = run->converged;
    fit->iterations = run->iterations;
    fit->distance = run->distance;
    fit->n_subjects = job->plan.n_subjects;
    fit->n_subjects_used = (size_t)run->totals.used;
    fit->n_trials = (uint64_t)run->totals.observed;
    fit->n_group = job->setup.options.group == EM_GROUP_ESTIMATE ? em_group_count(&job->setup.design) : 0;
    fit->n_options = job->trials.options;
    fit->log_likelihood = run->totals.log_likelihood;
    fit->log_marginal_likelihood = none ? NAN : run->totals.log_marginal_likelihood;
    fit->log_posterior = none ? NAN : run->totals.log_posterior;
    const double trials = fit->n_group ? fit->n_group * log((double)fit->n_trials) : 0;
    const double subjects = fit->n_group ? fit->n_group * log((double)fit->n_subjects_used) : 0;
    fit->bic_int = -2 * fit->log_marginal_likelihood + trials;
    fit->bic_int_subjects = -2 * fit->log_marginal_likelihood + subjects;
    fit->bic_int_map = -2 * fit->log_posterior + trials;
    fit->aic_int = -2 * fit->log_marginal_likelihood + 2 * fit->n_group;
    fit->pseudo_r2 = chance < 0 ? 1 - fit->log_likelihood / chance : NAN;
    fit->mean_choice_probability = chance < 0 && responses > 0 ? exp(fit->log_likelihood / responses) : NAN;
    fit->importance = job->evidences.importance != NULL;
    fit->quadrature = job->evidences.quadrature != NULL;
    fit->log_evidence_importance = fit->importance ? job->evidences.sum_importance : NAN;
    fit->log_evidence_importance_se = fit->importance ? job->evidences.sum_importance_se : NAN;
    fit->log_evidence_quadrature = fit->quadrature ? job->evidences.sum_quadrature : NAN;
}

/* ---- coefficients and standard errors ------------------------------------------------------------------------------------ */

/* The place of parameter j's mean among the coordinates, -1: it is fixed; its slopes stand from first_slope[j] on after all means. */
static int mean_place(const em_coordinates *at, int j)
{
    for (int i = 0; i < at->n_means && at->slope[i] < 0; i++)
        if (at->parameter[i] == j)
            return i;
    return -1;
}

static int n_intercepts(const em_coordinates *at)
{
    int n = 0;
    while (n < at->n_means && at->slope[n] < 0)
        n++;
    return n;
}

/* sum_ik a_i cov_ik b_k over coordinates; NaN where one that counts has none. */
static double quadratic(const double *cov, int D, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < D; i++)
        for (int k = 0; k < D; k++)
            if (a[i] != 0 && b[k] != 0)
                sum += a[i] * cov[i * D + k] * b[k];
    return sum;
}

/* Row of coefficient c of parameter j in the coordinates [D]; columns [.] as em_setup_coefficients has them. */
static void coefficient_row(const em_setup *s, const em_coordinates *at, int j, const double *t, int C, int c, double *row)
{
    memset(row, 0, (size_t)(at->n_means + at->n_covs) * sizeof *row);
    row[mean_place(at, j)] = t[c * C];
    for (int k = 1; k < C; k++)
        row[n_intercepts(at) + s->first_slope[j] + k - 1] = t[c * C + k];
}

static void coordinates(const em_coordinates *at, const em_group_values *group, double *value)
{
    for (int i = 0; i < at->n_means; i++)
        value[i] = at->slope[i] < 0 ? group->mu[at->parameter[i]] : group->slope[at->slope[i]];
    for (int k = 0; k < at->n_covs; k++)
        value[at->n_means + k] = em_group_cov(group, at->row[k], at->col[k]);
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] == 0 ? 0 : a[i] * b[i];
    return sum;
}

static em_code name_estimate(em_fit *fit, const char *first, char between, const char *second, em_error *error)
{
    char text[400];
    snprintf(text, sizeof text, "%s%c%s", first, between, second);
    char **to = &fit->estimate_name[fit->n_estimates++];
    *to = em_copy(text, error);
    return *to ? EM_OK : EM_MACHINE;
}

/* Names of the estimates and their rows in the coordinates. */
static em_code list_estimates(const em_fit_job *job, const em_coordinates *at, em_fit *fit, double *rows, em_error *error)
{
    const em_setup *s = &job->setup;
    const int D = at->n_means + at->n_covs, P = fit->n_parameters;
    em_code code = EM_OK;
    for (int j = 0; j < P && code == EM_OK; j++) {
        if (mean_place(at, j) < 0)
            continue;
        double t[(EM_MAX_SLOPES + 1) * (size_t)(s->first_slope[j + 1] - s->first_slope[j] + 1)];
        int column[EM_MAX_SLOPES + 1];
        const int C = em_setup_coefficients(s, j, false, t, column);
        for (int c = 0; c < C && code == EM_OK; c++) {
            coefficient_row(s, at, j, t, C, c, rows + fit->n_estimates * D);
            code = name_estimate(fit, s->columns.n_columns == 1 ? "mu" : s->columns.name[column[c]], ':', fit->parameter[j], error);
        }
    }
    for (int k = 0; k < at->n_covs && code == EM_OK; k++) {
        char pair[300];
        rows[fit->n_estimates * D + at->n_means + k] = 1;
        if (at->row[k] == at->col[k])
            code = name_estimate(fit, "var", ':', fit->parameter[at->row[k]], error);
        else {
            snprintf(pair, sizeof pair, "%s,%s", fit->parameter[at->col[k]], fit->parameter[at->row[k]]);
            code = name_estimate(fit, "cov", ':', pair, error);
        }
    }
    return code;
}

static em_code store_coefficients(const em_fit_job *job, const em_coordinates *at, const double *value, em_fit *fit, em_error *error)
{
    const em_setup *s = &job->setup;
    const size_t P = (size_t)fit->n_parameters, C = (size_t)s->columns.n_columns;
    const int D = at->n_means + at->n_covs;
    fit->coefficient_name = em_new(C, sizeof *fit->coefficient_name, error);
    fit->coefficient = em_new(C * P, sizeof(double), error);
    fit->coefficient_standard = em_new(C * P, sizeof(double), error);
    fit->coefficient_se = em_new(C * P, sizeof(double), error);
    fit->column_center = em_new(C, sizeof(double), error);
    fit->column_scale = em_new(C, sizeof(double), error);
    double *row = em_new((size_t)D, sizeof *row, error), *t = em_new(C * C, sizeof *t, error);
    int *column = em_new(C, sizeof *column, error);
    bool good = fit->coefficient_name && fit->coefficient && fit->coefficient_standard && fit->coefficient_se && fit->column_center &&
                fit->column_scale && row && t && column;
    for (size_t c = 0; c < C && good; c++) {
        fit->coefficient_name[c] = em_copy(s->columns.name[c], error);
        fit->n_coefficients = (int)C;
        good = fit->coefficient_name[c];
        fit->column_center[c] = s->columns.center[c];
        fit->column_scale[c] = s->columns.scale[c];
    }
    for (size_t i = 0; i < C * P && good; i++)
        fit->coefficient_se[i] = NAN;
    for (size_t j = 0; j < P && good; j++) {
        fit->coefficient[j] = fit->coefficient_standard[j] = fit->mu[j]; /* where it is fixed */
        if (mean_place(at, (int)j) < 0)
            continue;
        for (int standard = 0; standard < 2; standard++) {
            const int n = em_setup_coefficients(s, (int)j, standard, t, column);
            for (int c = 0; c < n; c++) {
                const size_t to = (size_t)column[c] * P + j;
                coefficient_row(s, at, (int)j, t, n, c, row);
                (standard ? fit->coefficient_standard : fit->coefficient)[to] = dot(row, value, D);
                if (!standard && job->covariance)
                    fit->coefficient_se[to] = sqrt(quadratic(job->covariance, D, row, row));
            }
        }
    }
    free(row);
    free(t);
    free(column);
    return good ? EM_OK : EM_MACHINE;
}

static em_code store_errors(const em_fit_job *job, const em_coordinates *at, const double *value, em_fit *fit, em_error *error)
{
    const size_t P = (size_t)fit->n_parameters, D = (size_t)(at->n_means + at->n_covs);
    fit->mu_se = em_new(P, sizeof(double), error);
    fit->var_se = em_new(P, sizeof(double), error);
    fit->estimate_name = em_new(D, sizeof *fit->estimate_name, error);
    fit->estimate = em_new(D, sizeof(double), error);
    fit->estimate_cov = em_new(D * D, sizeof(double), error);
    double *rows = em_new(D * D, sizeof *rows, error);
    em_code code = fit->mu_se && fit->var_se && fit->estimate_name && fit->estimate && fit->estimate_cov && rows ? EM_OK : EM_MACHINE;
    if (code == EM_OK)
        code = list_estimates(job, at, fit, rows, error);
    for (size_t j = 0; j < P && code == EM_OK; j++)
        fit->mu_se[j] = fit->var_se[j] = NAN;
    for (size_t i = 0; i < D && code == EM_OK; i++) {
        const double se = sqrt(job->covariance[i * D + i]);
        const size_t k = i - (size_t)at->n_means;
        if (i < (size_t)at->n_means && at->slope[i] < 0)
            fit->mu_se[at->parameter[i]] = se;
        else if (i >= (size_t)at->n_means && at->row[k] == at->col[k])
            fit->var_se[at->row[k]] = se;
        fit->estimate[i] = dot(rows + i * D, value, (int)D);
        for (size_t k2 = 0; k2 < D; k2++)
            fit->estimate_cov[i * D + k2] = quadratic(job->covariance, (int)D, rows + i * D, rows + k2 * D);
    }
    int most = 1;
    for (int j = 0; j < fit->n_parameters; j++)
        most = GSL_MAX_INT(most, 1 + job->setup.first_slope[j + 1] - job->setup.first_slope[j]);
    fit->df = (int)fit->n_subjects_used > most ? (int)fit->n_subjects_used - most : 0;
    free(rows);
    return code;
}

/* The resamples, which the fit then owns. */
static void take_bootstrap(em_bootstrap *b, em_fit *fit)
{
    fit->n_bootstrap = b->n;
    fit->bootstrap_mu = b->mu;
    fit->bootstrap_var = b->var;
    fit->bootstrap_coefficient = b->coefficient;
    *b = (em_bootstrap){0};
}

/* Ids of the dataset that were left out. */
static em_code store_excluded(const em_setup *s, em_fit *fit, em_error *error)
{
    if (!s->chosen || s->n_subjects == s->n_ids)
        return EM_OK;
    fit->excluded = em_new(s->n_ids - s->n_subjects, sizeof *fit->excluded, error);
    if (!fit->excluded)
        return EM_MACHINE;
    for (size_t i = 0; i < s->n_ids; i++) {
        if (s->chosen[i])
            continue;
        fit->excluded[fit->n_excluded] = em_copy(s->id[i], error);
        if (!fit->excluded[fit->n_excluded++])
            return EM_MACHINE;
    }
    return EM_OK;
}

em_code em_fit_assemble(em_fit_job *job, const char *dataset, double chance, double responses, const double *facts, em_fit *fit,
                        em_error *error)
{
    const em_coordinates at = em_coordinates_of(&job->setup.design);
    double *value = em_new((size_t)(at.n_means + at.n_covs), sizeof *value, error);
    fit->n_parameters = job->setup.view.n;
    em_code code = value ? allocate(fit, (size_t)fit->n_parameters, error) : EM_MACHINE;
    if (code == EM_OK)
        code = describe(job, dataset, fit, error);
    if (code == EM_OK) {
        store_group(job, fit);
        store_evidence(job, chance, responses, fit);
        natural_group(fit, &job->setup.view, facts);
        coordinates(&at, &job->result.group, value);
        code = store_excluded(&job->setup, fit, error);
    }
    if (code == EM_OK && job->setup.columns.n_columns > 1)
        code = store_coefficients(job, &at, value, fit, error);
    if (code == EM_OK && job->covariance)
        code = store_errors(job, &at, value, fit, error);
    take_bootstrap(&job->bootstrap, fit);
    fit->n_trace = job->result.trace.n;
    fit->trace_mu = job->result.trace.mu;
    fit->trace_var = job->result.trace.var;
    fit->trace_log_marginal_likelihood = job->result.trace.log_marginal_likelihood;
    job->result.trace = (em_trace){0};
    free(value);
    return code;
}
