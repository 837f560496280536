/* The fit file. Its tables name everything that is stored and where it stands in em_fit. */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "fit_file.h"
#include "h5.h"

#define LENGTH(table) ((int)(sizeof(table) / sizeof *(table)))
#define MEMBER(name) offsetof(em_fit, name)

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "counts are stored as uint64");

static const em_h5_scalar root_scalars[] = {
    {"emlib_version", EM_H5_A_TEXT, true, MEMBER(emlib_version)},
    {"model", EM_H5_A_TEXT, true, MEMBER(model)},
    {"model_fingerprint", EM_H5_A_HASH, true, MEMBER(model_fingerprint)},
    {"dataset_fingerprint", EM_H5_A_HASH, true, MEMBER(dataset_fingerprint)},
    {"options", EM_H5_A_TEXT, true, MEMBER(options)},
    {"converged", EM_H5_A_FLAG, true, MEMBER(converged)},
    {"iterations", EM_H5_A_INT, true, MEMBER(iterations)},
    {"distance", EM_H5_A_NUMBER, false, MEMBER(distance)},
    {"n_subjects", EM_H5_A_UINT64, true, MEMBER(n_subjects)},
    {"n_subjects_used", EM_H5_A_UINT64, true, MEMBER(n_subjects_used)},
    {"n_trials", EM_H5_A_UINT64, true, MEMBER(n_trials)},
    {"n_group", EM_H5_A_INT, false, MEMBER(n_group)},
    {"n_options", EM_H5_A_INT, false, MEMBER(n_options)},
    {"log_likelihood", EM_H5_A_NUMBER, true, MEMBER(log_likelihood)},
    {"log_marginal_likelihood", EM_H5_A_NUMBER, true, MEMBER(log_marginal_likelihood)},
    {"bic_int", EM_H5_A_NUMBER, true, MEMBER(bic_int)},
    {"aic_int", EM_H5_A_NUMBER, true, MEMBER(aic_int)},
    {"bic_int_subjects", EM_H5_A_NUMBER, false, MEMBER(bic_int_subjects)},
    {"log_posterior", EM_H5_A_NUMBER, false, MEMBER(log_posterior)},
    {"bic_int_map", EM_H5_A_NUMBER, false, MEMBER(bic_int_map)},
    {"covariance_rank", EM_H5_A_INT, false, MEMBER(covariance_rank)},
    {"df", EM_H5_A_INT, false, MEMBER(df)},
};

/* Written only where there are such numbers. */
static const em_h5_scalar optional_scalars[] = {
    {"pseudo_r2", EM_H5_A_NUMBER, false, MEMBER(pseudo_r2)},
    {"mean_choice_probability", EM_H5_A_NUMBER, false, MEMBER(mean_choice_probability)},
    {"log_evidence_importance", EM_H5_A_NUMBER, false, MEMBER(log_evidence_importance)},
    {"log_evidence_importance_se", EM_H5_A_NUMBER, false, MEMBER(log_evidence_importance_se)},
    {"log_evidence_quadrature", EM_H5_A_NUMBER, false, MEMBER(log_evidence_quadrature)},
};

static const em_h5_scalar timing_scalars[] = {
    {"read_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, read_seconds)},
    {"e_step_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, e_step_seconds)},
    {"e_step_seconds_mean", EM_H5_A_NUMBER, false, offsetof(em_timing, e_step_seconds_mean)},
    {"e_step_seconds_least", EM_H5_A_NUMBER, false, offsetof(em_timing, e_step_seconds_least)},
    {"m_step_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, m_step_seconds)},
    {"communication_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, communication_seconds)},
    {"write_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, write_seconds)},
    {"total_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, total_seconds)},
    {"likelihood_evaluations", EM_H5_A_NUMBER, false, offsetof(em_timing, likelihood_evaluations)},
    {"uncertainty_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, uncertainty_seconds)},
    {"uncertainty_evaluations", EM_H5_A_NUMBER, false, offsetof(em_timing, uncertainty_evaluations)},
    {"evidence_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, evidence_seconds)},
    {"evidence_evaluations", EM_H5_A_NUMBER, false, offsetof(em_timing, evidence_evaluations)},
    {"bootstrap_seconds", EM_H5_A_NUMBER, false, offsetof(em_timing, bootstrap_seconds)},
    {"bootstrap_evaluations", EM_H5_A_NUMBER, false, offsetof(em_timing, bootstrap_evaluations)},
    {"ranks", EM_H5_A_INT, false, offsetof(em_timing, ranks)},
};

static const char *const groups[] = {"/parameters", "/group", "/subjects", "/trace", "/timing"};

#define FREE_SCALE "unconstrained scale"

/* P parameters, I rows of the trace, S subjects. When a file is read the first array of parameters, trace and subjects
 * each sets these. */
enum { N_EXTENT_ARRAYS = 2 };
static const em_h5_array group_arrays[] = {
    {"/parameters/name", "P", EM_H5_TEXT, true, MEMBER(parameter), NULL, "names of the parameters"},
    {"/trace/log_marginal_likelihood", "I", EM_H5_DOUBLE, true, MEMBER(trace_log_marginal_likelihood), "log units",
     "evidence (Laplace) that E-step i found under the group of row i"},
    {"/parameters/transform", "P", EM_H5_TEXT, true, MEMBER(transform), NULL, "natural = transform(unconstrained)"},
    {"/group/mu", "P", EM_H5_DOUBLE, true, MEMBER(mu), FREE_SCALE, "mean of the group"},
    {"/group/var", "P", EM_H5_DOUBLE, true, MEMBER(var), FREE_SCALE ", squared", "variance of the group"},
    {"/group/cov", "PP", EM_H5_DOUBLE, true, MEMBER(cov), FREE_SCALE ", squared", "covariance of the group"},
    {"/group/status", "P", EM_H5_INT8, true, MEMBER(group_status), NULL,
     "how each parameter's group values came about"},
    {"/group/unbounded", "P", EM_H5_INT8, false, MEMBER(unbounded), NULL,
     "1: the data want this mean at infinity, the end of its natural range; it is held where the likelihood is flat"},
    {"/group/natural_median", "P", EM_H5_DOUBLE, false, MEMBER(natural_median), "natural scale",
     "transform(mu): the median of the group"},
    {"/group/natural_mean", "P", EM_H5_DOUBLE, false, MEMBER(natural_mean), "natural scale",
     "mean of transform(x) over the group"},
    {"/trace/mu", "IP", EM_H5_DOUBLE, true, MEMBER(trace_mu), FREE_SCALE, "mean of the group under which E-step i ran"},
    {"/trace/var", "IP", EM_H5_DOUBLE, true, MEMBER(trace_var), FREE_SCALE ", squared",
     "variance of the group under which E-step i ran"},
    {"/group/coefficient_names", "C", EM_H5_TEXT, false, MEMBER(coefficient_name), NULL, "the intercept and the columns of covariates"},
    {"/group/coefficients", "CP", EM_H5_DOUBLE, false, MEMBER(coefficient), FREE_SCALE " per unit of the column",
     "a subject's mean is their sum over the columns' values; 0 where a column does not act on a parameter"},
    {"/group/coefficients_standardized", "CP", EM_H5_DOUBLE, false, MEMBER(coefficient_standard), FREE_SCALE " per standard deviation",
     "the same on columns of mean 0 and standard deviation 1"},
    {"/group/coefficients_se", "CP", EM_H5_DOUBLE, false, MEMBER(coefficient_se), FREE_SCALE " per unit of the column",
     "standard errors of the coefficients"},
    {"/group/column_center", "C", EM_H5_DOUBLE, false, MEMBER(column_center), NULL, "standardized = (column - center)/scale"},
    {"/group/column_scale", "C", EM_H5_DOUBLE, false, MEMBER(column_scale), NULL, "standardized = (column - center)/scale"},
    {"/group/mu_se", "P", EM_H5_DOUBLE, false, MEMBER(mu_se), FREE_SCALE, "standard error of mu; NaN where there is none"},
    {"/group/var_se", "P", EM_H5_DOUBLE, false, MEMBER(var_se), FREE_SCALE ", squared", "standard error of var; NaN where there is none"},
    {"/group/estimate_names", "E", EM_H5_TEXT, false, MEMBER(estimate_name), NULL, "everything that was estimated"},
    {"/group/estimates", "E", EM_H5_DOUBLE, false, MEMBER(estimate), NULL, "the estimates"},
    {"/group/estimates_cov", "EE", EM_H5_DOUBLE, false, MEMBER(estimate_cov), NULL,
     "covariance of the estimates; NaN for what has vanished or is held"},
    {"/excluded/id", "X", EM_H5_TEXT, false, MEMBER(excluded), NULL, "subjects of the dataset left out by request"},
    {"/bootstrap/mu", "BP", EM_H5_DOUBLE, false, MEMBER(bootstrap_mu), FREE_SCALE, "mean of the group from each resample of subjects"},
    {"/bootstrap/var", "BP", EM_H5_DOUBLE, false, MEMBER(bootstrap_var), FREE_SCALE ", squared", "variance of the group"},
    {"/bootstrap/coefficients", "BCP", EM_H5_DOUBLE, false, MEMBER(bootstrap_coefficient), FREE_SCALE " per unit of the column",
     "coefficients"},
};
static const em_h5_array subject_arrays[] = {
    {"/subjects/id", "S", EM_H5_TEXT, true, MEMBER(subject), NULL, "who, in the dataset's order"},
    {"/subjects/map", "SP", EM_H5_DOUBLE, true, MEMBER(map), FREE_SCALE, "maximum a posteriori under the group"},
    {"/subjects/natural", "SP", EM_H5_DOUBLE, true, MEMBER(natural), "natural scale", "transform(map)"},
    {"/subjects/hessian", "SPP", EM_H5_DOUBLE, true, MEMBER(hessian), "1 / (" FREE_SCALE ", squared)",
     "second derivatives of the negative log posterior at the map"},
    {"/subjects/log_likelihood", "S", EM_H5_DOUBLE, true, MEMBER(subject_log_likelihood), "log units",
     "log-likelihood at the map"},
    {"/subjects/log_marginal_likelihood", "S", EM_H5_DOUBLE, true, MEMBER(subject_log_marginal_likelihood), "log units",
     "log evidence by Laplace's approximation; NaN where the subject was not used"},
    {"/subjects/n_trials", "S", EM_H5_UINT64, true, MEMBER(subject_n_trials), "trials", "observed trials"},
    {"/subjects/status", "S", EM_H5_INT8, true, MEMBER(subject_status), NULL, "how the search for the map ended"},
    {"/subjects/modes", "S", EM_H5_INT32, false, MEMBER(subject_modes), "maxima",
     "different maxima met, the most in one E-step"},
};
static const em_h5_array importance_arrays[] = {
    {"/subjects/log_evidence_importance", "S", EM_H5_DOUBLE, false, MEMBER(subject_importance), "log units",
     "log evidence by importance sampling"},
    {"/subjects/log_evidence_importance_se", "S", EM_H5_DOUBLE, false, MEMBER(subject_importance_se), "log units",
     "its Monte Carlo standard error"},
    {"/subjects/importance_ess", "S", EM_H5_DOUBLE, false, MEMBER(subject_importance_ess), "samples",
     "effective sample size of importance sampling"},
};
static const em_h5_array quadrature_arrays[] = {
    {"/subjects/log_evidence_quadrature", "S", EM_H5_DOUBLE, false, MEMBER(subject_quadrature), "log units",
     "log evidence by adaptive Gauss-Hermite quadrature"},
};

/* ---- writing --------------------------------------------------------------------------------------------------- */

static em_code put_meanings(const em_h5 *h5, em_error *error)
{
#define STATUS_MEANING(name, value, text) #value " " text "; "
    static const char subjects[] = EM_SUBJECT_STATES(STATUS_MEANING);
    char text[sizeof subjects];
    memcpy(text, subjects, sizeof text);
    text[strlen(text) - 2] = '\0';
    em_code code = em_h5_put_text(h5, "/subjects/status", "meaning", text, error);
    if (code)
        return code;
    char group[300];
    snprintf(group, sizeof group, "%d %s; %d %s: the same for everyone; %d %s: not estimated; %d %s: the same for everyone by request",
             EM_GROUP_ESTIMATED, em_group_status_text(EM_GROUP_ESTIMATED), EM_GROUP_VANISHED,
             em_group_status_text(EM_GROUP_VANISHED), EM_GROUP_GIVEN, em_group_status_text(EM_GROUP_GIVEN), EM_GROUP_SHARED,
             em_group_status_text(EM_GROUP_SHARED));
    return em_h5_put_text(h5, "/group/status", "meaning", group, error);
}

static em_code write_attributes(const em_h5 *h5, const em_fit *fit, em_error *error)
{
    em_code code = em_h5_write_scalars(h5, "/", root_scalars, LENGTH(root_scalars), fit, error);
    for (int i = 0; i < LENGTH(optional_scalars) && !code; i++) {
        const double value = *(const double *)(const void *)((const char *)fit + optional_scalars[i].member);
        if (isfinite(value))
            code = em_h5_put_number(h5, "/", optional_scalars[i].name, value, error);
    }
    if (!code)
        code = em_h5_put_text(h5, "/", "derivatives", fit->numerical ? "numerical" : "exact", error);
    if (!code)
        code = em_h5_put_path(h5, "dataset", fit->dataset, error);
    if (!code && fit->model_file)
        code = em_h5_put_path(h5, "model_file", fit->model_file, error);
    return code;
}

struct em_fit_writer {
    em_h5 h5;
    const em_fit *fit;
    double began;
};

static em_code create_all(const em_h5 *h5, const em_fit *fit, size_t id_width, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    *em_h5_extent(&extents, 'P') = (uint64_t)fit->n_parameters;
    *em_h5_extent(&extents, 'S') = fit->n_subjects;
    *em_h5_extent(&extents, 'I') = (uint64_t)fit->n_trace;
    *em_h5_extent(&extents, 'C') = (uint64_t)fit->n_coefficients;
    *em_h5_extent(&extents, 'E') = (uint64_t)fit->n_estimates;
    *em_h5_extent(&extents, 'X') = fit->n_excluded;
    *em_h5_extent(&extents, 'B') = (uint64_t)fit->n_bootstrap;
    em_code code = write_attributes(h5, fit, error);
    for (int i = 0; i < LENGTH(groups) && !code; i++)
        code = em_h5_make_group(h5, groups[i], error);
    if (!code && fit->n_excluded)
        code = em_h5_make_group(h5, "/excluded", error);
    if (!code && fit->n_bootstrap)
        code = em_h5_make_group(h5, "/bootstrap", error);
    if (!code)
        code = em_h5_write_arrays(h5, group_arrays, LENGTH(group_arrays), &extents, fit, error);
    if (!code)
        code = em_h5_create_arrays(h5, subject_arrays, LENGTH(subject_arrays), &extents, id_width, error);
    if (!code && fit->importance)
        code = em_h5_create_arrays(h5, importance_arrays, LENGTH(importance_arrays), &extents, 0, error);
    if (!code && fit->quadrature)
        code = em_h5_create_arrays(h5, quadrature_arrays, LENGTH(quadrature_arrays), &extents, 0, error);
    return code ? code : put_meanings(h5, error);
}

em_code em_fit_create(const em_fit *fit, size_t id_width, em_output *output, em_fit_writer **writer, em_error *error)
{
    *writer = NULL;
    if (!fit->dataset)
        return em_fail(error, EM_INPUT_ERROR, "%s: the fit does not say which data it is of", output->path);
    em_fit_writer *w = em_new(1, sizeof *w, error);
    if (!w)
        return EM_MACHINE;
    w->fit = fit;
    w->began = em_now();
    em_code code = em_h5_create_in(&w->h5, output, "fit", error);
    if (!code)
        code = create_all(&w->h5, fit, id_width, error);
    if (!code)
        *writer = w;
    else
        em_fit_drop(w);
    return code;
}

em_code em_fit_put(em_fit_writer *w, const em_fit *part, size_t first, em_error *error)
{
    em_code code = em_h5_write_rows(&w->h5, subject_arrays, LENGTH(subject_arrays), first, part->n_subjects, part, error);
    if (!code && w->fit->importance)
        code = em_h5_write_rows(&w->h5, importance_arrays, LENGTH(importance_arrays), first, part->n_subjects, part, error);
    if (!code && w->fit->quadrature)
        code = em_h5_write_rows(&w->h5, quadrature_arrays, LENGTH(quadrature_arrays), first, part->n_subjects, part, error);
    return code;
}

em_code em_fit_finish(em_fit_writer *w, em_error *error)
{
    em_timing timing = w->fit->timing;
    if (timing.write_seconds == 0) { /* a new fit: what writing took until here, all but the flush to the disk */
        timing.write_seconds = em_now() - w->began;
        timing.total_seconds += timing.write_seconds;
    }
    em_code code = em_h5_write_scalars(&w->h5, "/timing", timing_scalars, LENGTH(timing_scalars), &timing, error);
    return code ? code : em_h5_publish(&w->h5, error);
}

void em_fit_drop(em_fit_writer *w)
{
    if (w)
        em_h5_close(&w->h5);
    free(w);
}

em_code em_fit_write(const em_fit *fit, const char *path, bool force, em_error *error)
{
    em_fit_writer *w = NULL;
    const size_t width = fit->subject ? em_h5_text_width(fit->subject, fit->n_subjects) : 1;
    em_output output;
    em_code code = em_output_open(&output, path, force, error);
    if (!code)
        code = em_fit_create(fit, width, &output, &w, error);
    if (!code)
        code = em_fit_put(w, fit, 0, error);
    if (!code)
        code = em_fit_finish(w, error);
    em_fit_drop(w);
    em_output_close(&output);
    return code;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static em_code read_attributes(const em_h5 *h5, em_fit *fit, em_error *error)
{
    char *derivatives = NULL;
    fit->distance = fit->bic_int_subjects = fit->log_posterior = fit->bic_int_map = NAN;
    for (int i = 0; i < LENGTH(optional_scalars); i++)
        *(double *)(void *)((char *)fit + optional_scalars[i].member) = NAN;
    fit->n_group = -1;
    em_code code = em_h5_read_scalars(h5, "/", root_scalars, LENGTH(root_scalars), fit, error);
    if (!code)
        code = em_h5_read_scalars(h5, "/", optional_scalars, LENGTH(optional_scalars), fit, error);
    if (!code)
        code = em_h5_get_path(h5, "dataset", &fit->dataset, error);
    if (!code && em_h5_has(h5, "/", "model_file"))
        code = em_h5_get_path(h5, "model_file", &fit->model_file, error);
    if (!code && fit->model_file && !strchr(fit->model_file, '/')) { /* a model's file is named by a path, with a '/' in it */
        char *path = em_new(strlen(fit->model_file) + 3, 1, error);
        if (!path)
            return EM_MACHINE;
        sprintf(path, "./%s", fit->model_file);
        free(fit->model_file);
        fit->model_file = path;
    }
    if (!code && em_h5_has(h5, "/", "derivatives"))
        code = em_h5_get_text(h5, "/", "derivatives", &derivatives, error);
    fit->numerical = derivatives && strcmp(derivatives, "numerical") == 0;
    free(derivatives);
    if (!code && em_h5_exists(h5, "/timing") == 1)
        code = em_h5_read_scalars(h5, "/timing", timing_scalars, LENGTH(timing_scalars), &fit->timing, error);
    return code;
}

/* Reads the arrays that say how large the others are. What the attributes claim about sizes does not count until it
 * agrees, so that the fit can be freed whatever happens. */
static em_code read_extents(const em_h5 *h5, em_fit *fit, em_h5_extents *extents, em_error *error)
{
    size_t claimed = fit->n_subjects;
    fit->n_subjects = 0;
    em_code code = em_h5_read_arrays(h5, group_arrays, N_EXTENT_ARRAYS, extents, fit, error);
    if (!code)
        code = em_h5_read_arrays(h5, subject_arrays, 1, extents, fit, error);
    uint64_t n = *em_h5_extent(extents, 'P'), s = *em_h5_extent(extents, 'S'), i = *em_h5_extent(extents, 'I');
    fit->n_subjects = fit->subject ? s : 0;
    if (fit->parameter && n > EM_MAX_PARAMETERS) {
        em_h5_free_texts(fit->parameter, n);
        fit->parameter = NULL;
        n = 0;
    }
    fit->n_parameters = fit->parameter ? (int)n : 0;
    if (code)
        return code;
    if (n == 0)
        return em_h5_damaged(h5, error, "it does not have 1 to %d parameters", EM_MAX_PARAMETERS);
    if (claimed != s || fit->n_subjects_used > s)
        return em_h5_damaged(h5, error, "n_subjects is %zu and n_subjects_used %zu, but there are %llu", claimed,
                             fit->n_subjects_used, (unsigned long long)s);
    if (i > INT_MAX)
        return em_h5_damaged(h5, error, "/trace has %llu rows", (unsigned long long)i);
    fit->n_trace = (int)i;
    return EM_OK;
}

/* How many there are of what not every fit has. What does not agree with itself has already been refused. */
static em_code take_counts(const em_h5 *h5, em_fit *fit, em_h5_extents *extents, em_error *error)
{
    const uint64_t c = *em_h5_extent(extents, 'C'), e = *em_h5_extent(extents, 'E'), b = *em_h5_extent(extents, 'B');
    fit->n_coefficients = fit->coefficient_name ? (int)c : 0;
    fit->n_estimates = fit->estimate_name ? (int)e : 0;
    fit->n_excluded = fit->excluded ? *em_h5_extent(extents, 'X') : 0;
    fit->n_bootstrap = fit->bootstrap_mu ? (int)b : 0;
    if ((c != EM_H5_UNKNOWN && c > INT_MAX) || (e != EM_H5_UNKNOWN && e > INT_MAX) || (b != EM_H5_UNKNOWN && b > INT_MAX))
        return em_h5_damaged(h5, error, "it has too many coefficients, estimates or resamples");
    const bool coefficients = fit->coefficient && fit->coefficient_standard && fit->coefficient_se && fit->column_center && fit->column_scale;
    if (fit->coefficient_name && !coefficients)
        return em_h5_damaged(h5, error, "a part of the coefficients is missing");
    if (fit->estimate_name && !(fit->estimate && fit->estimate_cov && fit->mu_se && fit->var_se))
        return em_h5_damaged(h5, error, "a part of the standard errors is missing");
    return EM_OK;
}

/* What older or other programs may have left out. */
static em_code fill_optional(em_fit *fit, em_error *error)
{
    size_t n = (size_t)fit->n_parameters;
    if (!fit->subject_modes && !(fit->subject_modes = em_new(fit->n_subjects, sizeof *fit->subject_modes, error)))
        return EM_MACHINE;
    if (!fit->unbounded && !(fit->unbounded = em_new(n, 1, error)))
        return EM_MACHINE;
    for (int k = 0; k < 2; k++) {
        double **natural = k ? &fit->natural_mean : &fit->natural_median;
        if (*natural)
            continue;
        if (!(*natural = em_new(n, sizeof **natural, error)))
            return EM_MACHINE;
        for (size_t j = 0; j < n; j++)
            (*natural)[j] = NAN;
    }
    if (fit->n_group < 0) {
        fit->n_group = 0;
        for (size_t j = 0; j < n; j++)
            fit->n_group += fit->group_status[j] == EM_GROUP_GIVEN ? 0 : 2;
    }
    return EM_OK;
}

em_code em_fit_read(const char *path, em_fit **fit, em_error *error)
{
    em_h5 h5 = {0};
    em_h5_extents extents = em_h5_extents_unknown();
    em_fit *f = em_new(1, sizeof *f, error);
    if (!f)
        return EM_MACHINE;
    em_code code = em_h5_open(&h5, path, "fit", error);
    if (!code)
        code = read_attributes(&h5, f, error);
    if (!code)
        code = read_extents(&h5, f, &extents, error);
    if (!code) {
        em_error own = {EM_OK, ""};
        code = em_h5_read_arrays(&h5, group_arrays + N_EXTENT_ARRAYS, LENGTH(group_arrays) - N_EXTENT_ARRAYS, &extents,
                                 f, error);
        em_code counts = take_counts(&h5, f, &extents, &own);
        if (!code && counts) {
            code = counts;
            *error = own;
        }
    }
    if (!code)
        code = em_h5_read_arrays(&h5, subject_arrays + 1, LENGTH(subject_arrays) - 1, &extents, f, error);
    if (!code)
        code = em_h5_read_arrays(&h5, importance_arrays, LENGTH(importance_arrays), &extents, f, error);
    if (!code)
        code = em_h5_read_arrays(&h5, quadrature_arrays, LENGTH(quadrature_arrays), &extents, f, error);
    f->importance = f->subject_importance && f->subject_importance_se && f->subject_importance_ess;
    f->quadrature = f->subject_quadrature != NULL;
    if (!code)
        code = fill_optional(f, error);
    em_h5_close(&h5);
    if (!code)
        em_fit_note(&f->noted, f);
    if (code)
        em_fit_free(f);
    else
        *fit = f;
    return code;
}
