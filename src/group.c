#include "group.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg.h"

void em_group_design_free(em_group_design *design)
{
    free(design->column);
    free(design->fixed);
    *design = (em_group_design){0};
}

void em_group_means(const em_group_design *d, const em_group_values *group, size_t g, int lanes, double *mean)
{
    const double *column = d->column ? d->column + g * (size_t)(d->n_slopes * lanes) : NULL;
    const double *fixed = d->fixed ? d->fixed + g * (size_t)(d->n * lanes) : NULL;
    for (int j = 0; j < d->n; j++)
        for (int l = 0; l < lanes; l++)
            mean[j * lanes + l] = d->place[j] == EM_FIXED && fixed ? fixed[j * lanes + l] : group->mu[j];
    for (int k = 0; k < d->n_slopes; k++)
        for (int l = 0; l < lanes; l++)
            mean[d->parameter[k] * lanes + l] += group->slope[k] * column[k * lanes + l];
}

bool em_group_is_finite(const em_group_design *design, const em_group_values *group)
{
    bool finite = true;
    for (int j = 0; j < design->n; j++) {
        finite = finite && isfinite(group->mu[j]) && isfinite(group->var[j]);
        for (int i = 0; i < j && design->full; i++)
            finite = finite && isfinite(em_group_cov(group, j, i));
    }
    for (int k = 0; k < design->n_slopes; k++)
        finite = finite && isfinite(group->slope[k]);
    return finite;
}

int em_group_count(const em_group_design *d)
{
    int means = d->n_slopes, vary = 0;
    for (int j = 0; j < d->n; j++) {
        means += d->place[j] != EM_FIXED;
        vary += d->place[j] == EM_VARIES;
    }
    return means + (d->full ? vary * (vary + 1) / 2 : vary);
}

em_coordinates em_coordinates_of(const em_group_design *d)
{
    em_coordinates at = {0};
    for (int j = 0; j < d->n; j++) {
        if (d->place[j] != EM_FIXED) {
            at.parameter[at.n_means] = j;
            at.slope[at.n_means++] = -1;
        }
        if (d->place[j] == EM_VARIES) {
            at.vary[at.n_vary++] = j;
            at.row[at.n_covs] = at.col[at.n_covs] = j;
            at.n_covs++;
        }
    }
    for (int k = 0; k < d->n_slopes; k++) {
        at.parameter[at.n_means] = d->parameter[k];
        at.slope[at.n_means++] = k;
    }
    for (int i = 0; d->full && i < at.n_vary; i++)
        for (int j = 0; j < i; j++) {
            at.row[at.n_covs] = at.vary[i];
            at.col[at.n_covs++] = at.vary[j];
        }
    return at;
}

double *em_coordinates_mean(const em_coordinates *at, em_group_values *group, int i)
{
    return at->slope[i] < 0 ? &group->mu[at->parameter[i]] : &group->slope[at->slope[i]];
}

double *em_coordinates_cov(const em_coordinates *at, em_group_values *group, int k)
{
    return at->row[k] == at->col[k] ? &group->var[at->row[k]] : em_group_off(group, at->row[k], at->col[k]);
}

/* ---- the covariance's factor ------------------------------------------------------------------------------------- */

static bool is_diagonal(const em_group_values *group, int n)
{
    for (int k = 0; k < n * (n - 1) / 2; k++)
        if (group->off[k] != 0)
            return false;
    return true;
}

/* Eigenvalues and vectors of the correlation matrix, ascending; rows and columns of parameters without variance are 0. */
static void decompose(const em_group_values *group, int n, double *values, double *vectors)
{
    gsl_matrix *a = gsl_matrix_calloc((size_t)n, (size_t)n), *u = gsl_matrix_alloc((size_t)n, (size_t)n);
    gsl_vector *e = gsl_vector_alloc((size_t)n);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc((size_t)n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (group->var[i] > 0 && group->var[j] > 0)
                gsl_matrix_set(a, (size_t)i, (size_t)j, i == j ? 1 : em_group_cov(group, i, j) / sqrt(group->var[i] * group->var[j]));
    gsl_eigen_symmv(a, e, u, work);
    gsl_eigen_symmv_sort(e, u, GSL_EIGEN_SORT_VAL_ASC);
    for (int k = 0; k < n; k++) {
        values[k] = gsl_vector_get(e, (size_t)k);
        for (int j = 0; j < n; j++)
            vectors[k * n + j] = gsl_matrix_get(u, (size_t)j, (size_t)k);
    }
    gsl_matrix_free(a);
    gsl_matrix_free(u);
    gsl_vector_free(e);
    gsl_eigen_symmv_free(work);
}

static int unit_rows(const em_group_values *group, int n, double *null)
{
    int count = 0;
    for (int j = 0; j < n; j++)
        if (group->var[j] == 0) {
            for (int i = 0; i < n && null; i++)
                null[count * n + i] = i == j;
            count++;
        }
    return count;
}

/* Makes row `count` of null orthogonal to those before it and of length 1, from a vector that is none of theirs. */
static void add_row(const double *vector, int n, int count, double *null)
{
    double *row = null + count * n, length = 0;
    memcpy(row, vector, (size_t)n * sizeof *row);
    for (int o = 0; o < count; o++) {
        double part = 0;
        for (int j = 0; j < n; j++)
            part += row[j] * null[o * n + j];
        for (int j = 0; j < n; j++)
            row[j] -= part * null[o * n + j];
    }
    for (int j = 0; j < n; j++)
        length += row[j] * row[j];
    for (int j = 0; j < n; j++)
        row[j] /= sqrt(length);
}

static const double no_eigenvalue = 1e-10;

int em_group_factor(const em_group_values *group, int n, double *factor, double *null)
{
    double values[EM_MAX_PARAMETERS], vectors[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS], v[EM_MAX_PARAMETERS];
    int count = unit_rows(group, n, null);
    memset(factor, 0, (size_t)(n * n) * sizeof *factor);
    if (is_diagonal(group, n)) {
        for (int j = 0; j < n; j++)
            factor[j * n + j] = sqrt(group->var[j]);
        return count;
    }
    decompose(group, n, values, vectors);
    const int gone = count;
    for (int k = 0, skipped = 0; k < n; k++) {
        if (values[k] > no_eigenvalue) {
            for (int j = 0; j < n; j++)
                factor[j * n + k] = sqrt(group->var[j] * values[k]) * vectors[k * n + j];
            continue;
        }
        double alone = 0; /* is it a parameter without variance, of which there are `gone`? */
        for (int j = 0; j < n; j++)
            alone += group->var[j] == 0 ? vectors[k * n + j] * vectors[k * n + j] : 0;
        if (alone > 0.5 && skipped < gone) {
            skipped++;
            continue;
        }
        for (int j = 0; j < n; j++)
            v[j] = group->var[j] > 0 ? vectors[k * n + j] / sqrt(group->var[j]) : 0;
        if (null)
            add_row(v, n, count, null);
        count++;
    }
    return count;
}

void em_group_lower_rank(em_group_values *group, int n, int rank)
{
    double values[EM_MAX_PARAMETERS], vectors[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS], own[EM_MAX_PARAMETERS];
    if (is_diagonal(group, n))
        return;
    decompose(group, n, values, vectors);
    for (int i = 0; i < n; i++) {
        own[i] = 0;
        for (int k = n - rank; k < n; k++)
            own[i] += fmax(values[k], 0) * vectors[k * n + i] * vectors[k * n + i];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            double sum = 0;
            for (int k = n - rank; k < n; k++)
                sum += fmax(values[k], 0) * vectors[k * n + i] * vectors[k * n + j];
            *em_group_off(group, i, j) = own[i] > 0 && own[j] > 0 ? sum * sqrt(group->var[i] * group->var[j] / (own[i] * own[j])) : 0;
        }
}

/* ---- priors -------------------------------------------------------------------------------------------------------- */

/* The pseudo-inverse of a covariance with these directions without variance: (Sigma + N'N)^-1 - N'N. */
static void invert(em_group_prior *store, const em_group_values *group, int n)
{
    double a[EM_MAX_PAIRS] = {0}, inverse[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    const double *null = store->null;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = em_group_cov(group, i, j);
            for (int k = 0; k < store->prior.n_null; k++)
                sum += null[k * n + i] * null[k * n + j];
            a[i * (i + 1) / 2 + j] = sum;
        }
    em_cholesky(n, a, a);
    store->prior.half_log_det = -0.5 * em_cholesky_log_det(n, a);
    em_cholesky_inverse(n, a, inverse);
    em_prior_take_null(&store->prior, inverse);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            store->precision[i * (i + 1) / 2 + j] = inverse[i * n + j];
}

void em_group_make_prior(em_group_prior *store, const em_group_values *group, int n, bool none)
{
    memset(store, 0, sizeof *store);
    em_prior *prior = &store->prior;
    *prior = (em_prior){.n = n, .mean = store->mean, .precision = store->precision, .spread = store->spread,
                        .factor = store->factor, .null = store->null, .none = none};
    for (int j = 0; j < n; j++)
        store->spread[j] = sqrt(group->var[j]);
    prior->n_null = em_group_factor(group, n, store->factor, store->null);
    if (none) /* what is fixed stays so */
        return;
    if (!is_diagonal(group, n)) {
        invert(store, group, n);
        return;
    }
    for (int j = 0; j < n; j++)
        if (group->var[j] > 0) {
            store->precision[j * (j + 1) / 2 + j] = 1 / group->var[j];
            prior->half_log_det -= 0.5 * log(group->var[j]);
        }
}

void em_group_prior_at(em_group_prior *store, const em_group_design *design, const em_group_values *group, size_t g, int lanes)
{
    store->prior.lanes = lanes;
    em_group_means(design, group, g, lanes, store->mean);
}
