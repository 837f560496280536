#include "random_effects.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "linalg.h"
#include "treesum.h"

/* ---- sums over subjects -------------------------------------------------------------------------------------------- */

enum { MOST = EM_MAX_PARAMETERS, MOST_PAIRS = EM_MAX_PAIRS, MOST_MEANS = EM_MAX_PARAMETERS + EM_MAX_SLOPES, LANES = 8 };

/* What is summed, with m means and slopes and c variances and covariances: numbers in this order; triangles are lower, by rows. */
typedef struct {
    double *used, *bad;  /* subjects by weight; those whose M is not positive definite */
    double *value;       /* marginal log-likelihood */
    double *mean, *cov;  /* [m], [c] gradient */
    double *w;           /* [m(m+1)/2] minus the second derivatives in the means */
    double *cross;       /* [m,c] minus those in means and covariances */
    double *squares;     /* [c(c+1)/2] expected information of the covariances */
    double *products;    /* [c(c+1)/2] minus their second derivatives is products - squares */
} sums;
static int n_sums(const em_coordinates *at)
{
    const int m = at->n_means, c = at->n_covs;
    return 3 + m + c + m * (m + 1) / 2 + m * c + c * (c + 1);
}

static sums sums_in(double *store, const em_coordinates *at)
{
    const int m = at->n_means, c = at->n_covs;
    sums s = {.used = store, .bad = store + 1, .value = store + 2, .mean = store + 3};
    s.cov = s.mean + m;
    s.w = s.cov + c;
    s.cross = s.w + m * (m + 1) / 2;
    s.squares = s.cross + m * c;
    s.products = s.squares + c * (c + 1) / 2;
    return s;
}

#define EACH_LANE for (int l = 0; l < LANES; l++)
typedef double row[LANES];

/* A group of lanes at one group (m, F). Lanes that are not used have A = 0 and c = 0, and add nothing but zeros. */
typedef struct {
    row a[MOST][MOST];         /* in: A; out: W, its lower triangle */
    row c[MOST], d[MOST];      /* in: gradient of the log-likelihood at x; m - x */
    row r[MOST], value, bad;   /* out; value in: l */
} lanes_at;

/* The covariance's factor, [n,n] by rows; diagonal: nothing beside its diagonal. */
typedef struct {
    double f[MOST * MOST];
    bool diagonal;
} factor_of;

/* to = column i of F, times what stands below each other in `from` (n rows of `stride` rows). */
static void times_column(int n, const factor_of *f, int i, const row *from, int stride, double *to)
{
    if (f->diagonal) {
        EACH_LANE to[l] = f->f[i * n + i] * from[i * stride][l];
        return;
    }
    EACH_LANE to[l] = 0;
    for (int m = 0; m < n; m++)
        EACH_LANE to[l] += f->f[m * n + i] * from[m * stride][l];
}

static void marginal(int n, const factor_of *f, lanes_at *t)
{
    row factor[MOST][MOST], k[MOST][MOST], plain[MOST][MOST], g[MOST], y[MOST], det;
    EACH_LANE t->bad[l] = 0, det[l] = 1;
    for (int i = 0; i < n; i++) {
        EACH_LANE g[i][l] = t->c[i][l];
        for (int j = 0; j < n; j++)
            EACH_LANE g[i][l] -= t->a[i][j][l] * t->d[j][l];
        EACH_LANE t->value[l] += 0.5 * t->d[i][l] * (t->c[i][l] + g[i][l]); /* c'd - d'Ad/2 */
    }
    /* M = L L', with y = L^-1 F'g and K = L^-1 F'A on the way */
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            times_column(n, f, i, (const row *)&t->a[0][j], MOST, plain[i][j]);
        times_column(n, f, i, (const row *)g, 1, y[i]);
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            row sum;
            times_column(n, f, j, (const row *)plain[i], 1, sum);
            EACH_LANE sum[l] += i == j;
            for (int m = 0; m < j; m++)
                EACH_LANE sum[l] -= factor[i][m][l] * factor[j][m][l];
            if (j < i) {
                EACH_LANE factor[i][j][l] = sum[l] * factor[j][j][l];
                continue;
            }
            EACH_LANE {
                const int fine = sum[l] > 1e-12;
                t->bad[l] = fine ? t->bad[l] : 1;
                sum[l] = fine ? sum[l] : 1;
                det[l] *= sum[l];
                factor[i][i][l] = 1 / sqrt(sum[l]); /* the diagonal holds its inverse */
            }
        }
        if (i % 8 == 7 || i == n - 1)
            EACH_LANE {
                t->value[l] -= 0.5 * log(det[l]);
                det[l] = 1;
            }
        for (int j = 0; j < n; j++)
            EACH_LANE k[i][j][l] = plain[i][j][l];
        for (int m = 0; m < i; m++) {
            EACH_LANE y[i][l] -= factor[i][m][l] * y[m][l];
            for (int j = 0; j < n; j++)
                EACH_LANE k[i][j][l] -= factor[i][m][l] * k[m][j][l];
        }
        EACH_LANE y[i][l] *= factor[i][i][l];
        for (int j = 0; j < n; j++)
            EACH_LANE k[i][j][l] *= factor[i][i][l];
        EACH_LANE t->value[l] += 0.5 * y[i][l] * y[i][l];
    }
    /* W = A - K'K in place of A, r = g - K'y */
    for (int i = 0; i < n; i++) {
        EACH_LANE t->r[i][l] = g[i][l];
        for (int m = 0; m < n; m++) {
            EACH_LANE t->r[i][l] -= k[m][i][l] * y[m][l];
            for (int j = 0; j <= i; j++)
                EACH_LANE t->a[i][j][l] -= k[m][i][l] * k[m][j][l];
        }
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            EACH_LANE t->a[j][i][l] = t->a[i][j][l];
}

typedef struct {
    const em_effects_work *work;
    const em_estep *estep;
    size_t first; /* this rank's first group */
    const em_group_values *group;
    factor_of factor;
    em_group_prior *prior; /* under which the E-step ran */
} leaf_of;

/* The gradient of the log-likelihood; of a maximum on a kink, where it jumps, the one that keeps the maximum there. */
static void take_slope(const leaf_of *w, const em_mode *mode, int l, lanes_at *t)
{
    const int n = w->estep->n, lanes = w->estep->lanes;
    double d[MOST], pull[MOST];
    for (int j = 0; j < n; j++)
        t->c[j][l] = mode->gradient[j * lanes + l];
    if (mode->status[l] != EM_SUBJECT_KINK)
        return;
    for (int j = 0; j < n; j++)
        d[j] = mode->x[j * lanes + l] - w->prior->mean[j * lanes + l];
    em_packed_product(n, w->prior->precision, d, pull);
    for (int j = 0; j < n; j++)
        if (w->work->made_under.var[j] > 0)
            t->c[j][l] = pull[j];
}

static void take_lanes(const leaf_of *w, size_t g, const double *weight, lanes_at *t)
{
    const em_estep *e = w->estep;
    const em_mode *mode = &e->mode[g];
    const int n = e->n, lanes = e->lanes, pairs = n * (n + 1) / 2;
    const double *curvature = w->work->curvature + g * (size_t)(pairs * lanes);
    double mean[MOST * LANES];
    em_group_means(e->design, w->group, g, lanes, mean);
    em_group_prior_at(w->prior, e->design, &w->work->made_under, g, lanes);
    EACH_LANE t->value[l] = weight[l] > 0 ? mode->value[l % lanes] : 0;
    for (int i = 0; i < n; i++) {
        EACH_LANE {
            t->c[i][l] = 0;
            t->d[i][l] = weight[l] > 0 ? mean[i * lanes + l % lanes] - mode->x[i * lanes + l % lanes] : 0;
        }
        for (int j = 0; j <= i; j++) {
            const double *a = curvature + (i * (i + 1) / 2 + j) * lanes;
            EACH_LANE t->a[i][j][l] = t->a[j][i][l] = weight[l] > 0 ? a[l % lanes] : 0;
        }
    }
    for (int l = 0; l < lanes; l++)
        if (weight[l] > 0)
            take_slope(w, mode, l, t);
}

static double add(const row a)
{
    double sum = 0;
    EACH_LANE sum += a[l];
    return sum;
}

/* Adds the lanes' derivatives in the means; q: the column of each, 1 for a mean. */
static void add_means(const em_coordinates *at, const lanes_at *t, const row *weighted_r, row weighted_w[MOST][MOST], const row *q,
                      const sums *s)
{
    for (int i = 0; i < at->n_means; i++) {
        const int a = at->parameter[i];
        row v;
        EACH_LANE v[l] = q[i][l] * weighted_r[a][l];
        s->mean[i] += add(v);
        for (int j = 0; j <= i; j++) {
            EACH_LANE v[l] = q[i][l] * q[j][l] * weighted_w[a][at->parameter[j]][l];
            s->w[i * (i + 1) / 2 + j] += add(v);
        }
        for (int k = 0; k < at->n_covs; k++) {
            const int b = at->row[k], c = at->col[k];
            const double h = b == c ? 0.5 : 1;
            EACH_LANE v[l] = h * q[i][l] * (weighted_w[a][b][l] * t->r[c][l] + weighted_w[a][c][l] * t->r[b][l]);
            s->cross[i * at->n_covs + k] += add(v);
        }
    }
}

/* And in the covariances. Along E = h (e_a e_b' + e_b e_a'), h 1/2 for a variance and 1 for a covariance. */
static void add_covs(const em_coordinates *at, const lanes_at *t, const row *weighted_r, row weighted_w[MOST][MOST], const sums *s)
{
    for (int k = 0; k < at->n_covs; k++) {
        const int a = at->row[k], b = at->col[k];
        const double h = a == b ? 0.5 : 1;
        row v, u;
        EACH_LANE v[l] = h * (weighted_r[a][l] * t->r[b][l] - weighted_w[a][b][l]);
        s->cov[k] += add(v);
        for (int m = 0; m <= k; m++) {
            const int c = at->row[m], d = at->col[m];
            const double both = h * (c == d ? 0.5 : 1);
            EACH_LANE {
                const double ac = weighted_w[a][c][l], ad = weighted_w[a][d][l], bc = weighted_w[b][c][l], bd = weighted_w[b][d][l];
                v[l] = both * (ac * t->a[b][d][l] + ad * t->a[b][c][l]);
                u[l] = both * (t->r[b][l] * (t->r[d][l] * ac + t->r[c][l] * ad) + t->r[a][l] * (t->r[d][l] * bc + t->r[c][l] * bd));
            }
            s->squares[k * (k + 1) / 2 + m] += add(v);
            s->products[k * (k + 1) / 2 + m] += add(u);
        }
    }
}

static void add_group(void *where, size_t group, double *terms)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first;
    const em_coordinates *at = &w->work->at;
    const em_group_design *design = e->design;
    const int n = e->n, lanes = e->lanes;
    lanes_at t;
    row weight = {0}, weighted_r[MOST], weighted_w[MOST][MOST], q[MOST_MEANS], v;
    for (int l = 0; l < lanes; l++)
        weight[l] = e->posterior[g * (size_t)lanes + (size_t)l].used ? e->weight[g * (size_t)lanes + (size_t)l] : 0;
    take_lanes(w, g, weight, &t);
    marginal(n, &w->factor, &t);
    memset(terms, 0, (size_t)n_sums(at) * sizeof *terms);
    const sums s = sums_in(terms, at);
    *s.used = add(weight);
    *s.bad = add(t.bad);
    EACH_LANE v[l] = weight[l] * t.value[l];
    *s.value = add(v);
    for (int i = 0; i < n; i++) {
        EACH_LANE weighted_r[i][l] = weight[l] * t.r[i][l];
        for (int j = 0; j < n; j++)
            EACH_LANE weighted_w[i][j][l] = weight[l] * t.a[i][j][l];
    }
    for (int i = 0; i < at->n_means; i++) {
        const double *column = at->slope[i] < 0 ? NULL : design->column + (g * (size_t)design->n_slopes + (size_t)at->slope[i]) * (size_t)lanes;
        EACH_LANE q[i][l] = column ? column[l % lanes] : 1;
    }
    add_means(at, &t, (const row *)weighted_r, weighted_w, (const row *)q, &s);
    add_covs(at, &t, (const row *)weighted_r, weighted_w, &s);
}

/* ---- curvatures ---------------------------------------------------------------------------------------------------- */

em_code em_effects_work_new(const em_estep *estep, em_effects_work *work, em_error *error)
{
    const size_t P = (size_t)estep->n, pairs = P * (P + 1) / 2;
    *work = (em_effects_work){.at = em_coordinates_of(estep->design)};
    const size_t D = (size_t)(work->at.n_means + work->at.n_covs), most = D > P ? D : P;
    work->matrix = gsl_matrix_alloc(most, most);
    work->vectors = gsl_matrix_alloc(most, most);
    work->values = gsl_vector_alloc(most);
    work->eigen = gsl_eigen_symmv_alloc(most);
    work->curvature = em_new(estep->n_groups * pairs * (size_t)estep->lanes, sizeof *work->curvature, error);
    for (int i = 0; i < 3; i++)
        work->store[i] = em_new((size_t)n_sums(&work->at), sizeof(double), error);
    work->space = em_new(3 * D * D + 4 * D, sizeof(double), error);
    work->index = em_new(D, sizeof *work->index, error);
    if (work->curvature && work->matrix && work->vectors && work->values && work->eigen && work->store[0] && work->store[1] &&
        work->store[2] && work->space && work->index)
        return EM_OK;
    em_effects_work_free(work);
    return em_fail(error, EM_MACHINE, "out of memory");
}

void em_effects_work_free(em_effects_work *work)
{
    free(work->curvature);
    for (int i = 0; i < 3; i++)
        free(work->store[i]);
    free(work->space);
    free(work->index);
    gsl_matrix_free(work->matrix);
    gsl_matrix_free(work->vectors);
    gsl_vector_free(work->values);
    if (work->eigen)
        gsl_eigen_symmv_free(work->eigen);
    *work = (em_effects_work){0};
}

/* Eigenvalues and vectors of the n x n corner of work->matrix, into the corners of the others. */
static bool eigen(em_effects_work *work, int n)
{
    const size_t N = (size_t)n;
    gsl_matrix_view a = gsl_matrix_submatrix(work->matrix, 0, 0, N, N), u = gsl_matrix_submatrix(work->vectors, 0, 0, N, N);
    gsl_vector_view e = gsl_vector_subvector(work->values, 0, N);
    work->eigen->size = N;
    return gsl_eigen_symmv(&a.matrix, &e.vector, &u.matrix, work->eigen) == GSL_SUCCESS;
}

static void put_symmetric(em_effects_work *work, int i, int j, double x)
{
    gsl_matrix_set(work->matrix, (size_t)i, (size_t)j, x);
    gsl_matrix_set(work->matrix, (size_t)j, (size_t)i, x);
}

static void take_curvatures(em_effects_work *work, const em_estep *e)
{
    const int count = e->n * (e->n + 1) / 2 * e->lanes;
    for (size_t g = 0; g < e->n_groups; g++)
        for (int i = 0; i < count; i++)
            work->curvature[g * (size_t)count + (size_t)i] = -e->mode[g].hessian[i];
}

/* Drops the negative curvatures of one lane, in units of its posterior. a [P(P+1)/2] has this stride. */
static bool make_semidefinite(em_effects_work *work, int n, const double *variance, double *a, int stride)
{
    double packed[MOST_PAIRS], scale[MOST];
    for (int i = 0; i < n; i++) {
        const double own = fabs(a[(i * (i + 1) / 2 + i) * stride]);
        scale[i] = variance[i * stride] > 0 ? sqrt(variance[i * stride]) : own > 0 ? 1 / sqrt(own) : 1;
        for (int j = 0; j <= i; j++) {
            const int pair = i * (i + 1) / 2 + j;
            packed[pair] = a[pair * stride] * scale[i] * scale[j] + (i == j ? 1e-12 : 0);
        }
    }
    if (em_cholesky(n, packed, packed))
        return false;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            put_symmetric(work, i, j, a[(i * (i + 1) / 2 + j) * stride] * scale[i] * scale[j]);
    if (!eigen(work, n))
        return false;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = 0; k < (size_t)n; k++)
                sum += fmax(gsl_vector_get(work->values, k), 0) * gsl_matrix_get(work->vectors, (size_t)i, k) *
                       gsl_matrix_get(work->vectors, (size_t)j, k);
            a[(i * (i + 1) / 2 + j) * stride] = sum / (scale[i] * scale[j]);
        }
    return true;
}

/* The same for all lanes; returns how many had to change. */
static uint64_t drop_negative_curvatures(em_effects_work *work, const em_estep *e)
{
    const size_t count = (size_t)(e->n * (e->n + 1) / 2 * e->lanes);
    uint64_t changed = 0;
    for (size_t g = 0; g < e->n_groups; g++)
        for (int l = 0; l < e->lanes; l++)
            if (e->posterior[g * (size_t)e->lanes + (size_t)l].used && e->weight[g * (size_t)e->lanes + (size_t)l] > 0)
                changed += make_semidefinite(work, e->n, e->variance + g * (size_t)(e->n * e->lanes) + l,
                                             work->curvature + g * count + l, e->lanes);
    return changed;
}

/* ---- a point of the search ------------------------------------------------------------------------------------------- */

/* A group with its sums. */
typedef struct {
    em_group_values at;
    double *store;
    bool good; /* every M positive definite, all sums finite */
} point;

/* Directions of the means in which the likelihood has become flat: the data want them at infinity, which is the end of a
 * parameter's natural range (or of several together: a learning rate near 0 with choices that follow values without noise),
 * and what is left to gain there is next to nothing. The means are held there. */
typedef struct {
    int n;
    double direction[MOST][MOST_MEANS], from[MOST_MEANS];
} flat_directions;

/* What negative curvatures that were dropped added to the derivatives at the group of the E-step. It is kept as a function
 * that has these derivatives there and stays bounded: linear in the means; in the variances t log(v + noise) where it
 * falls, and -t (v0 + noise)/(v + noise) where it rises; in the covariances linear in a kind of correlation. */
typedef struct {
    em_group_values at;
    double noise[MOST], mean[MOST_MEANS], t[MOST], cov[MOST_PAIRS];
    bool any;
} correction;

typedef struct {
    em_comm *comm;
    const em_plan *plan;
    const em_estep *estep;
    em_effects_work *work;
    em_group_prior prior;
    correction extra;
    flat_directions flat;
} problem;

static void find_flat(problem *q, point *p)
{
    static const double information = 1e-2, gain = 2e-4; /* standard errors of 10 and more; of the log-likelihood */
    em_effects_work *work = q->work;
    flat_directions *flat = &q->flat;
    const em_coordinates *at = &work->at;
    const sums s = sums_in(p->store, at);
    const int n = at->n_means;
    flat->n = 0;
    bool any = false;
    for (int i = 0; i < n; i++) {
        flat->from[i] = *em_coordinates_mean(at, &p->at, i);
        for (int j = 0; j <= i; j++)
            put_symmetric(work, i, j, s.w[i * (i + 1) / 2 + j]);
        any = any || fabs(flat->from[i]) > 5;
    }
    if (!any || !eigen(work, n))
        return;
    for (int k = 0; k < n && flat->n < MOST; k++) {
        const double value = fabs(gsl_vector_get(work->values, (size_t)k));
        double *direction = flat->direction[flat->n], slope = 0;
        for (int j = 0; j < n; j++) {
            direction[j] = gsl_matrix_get(work->vectors, (size_t)j, (size_t)k);
            slope += direction[j] * s.mean[j];
        }
        flat->n += value < information && slope * slope < 2 * gain * value;
    }
}

/* Takes the gradient along flat directions away, and puts a steep valley across in its place. */
static void hold_flat(const problem *q, point *p)
{
    const double steep = 1e6;
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    for (int k = 0; k < q->flat.n; k++) {
        const double *direction = q->flat.direction[k];
        double slope = 0, gone = 0;
        for (int j = 0; j < at->n_means; j++) {
            slope += direction[j] * s.mean[j];
            gone += direction[j] * (*em_coordinates_mean(at, &p->at, j) - q->flat.from[j]);
        }
        *s.value -= 0.5 * steep * gone * gone;
        for (int i = 0; i < at->n_means; i++) {
            s.mean[i] -= direction[i] * (slope + steep * gone);
            for (int j = 0; j <= i; j++)
                s.w[i * (i + 1) / 2 + j] += steep * direction[i] * direction[j];
        }
    }
}

static void correct(const problem *q, point *p)
{
    const correction *c = &q->extra;
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    if (!c->any)
        return;
    em_group_values start = c->at;
    for (int i = 0; i < at->n_means; i++) {
        *s.value += c->mean[i] * (*em_coordinates_mean(at, &p->at, i) - *em_coordinates_mean(at, &start, i));
        s.mean[i] += c->mean[i];
    }
    for (int k = 0; k < at->n_covs; k++) {
        const int i = at->row[k], j = at->col[k];
        const double now = p->at.var[i] + c->noise[i], before = c->at.var[i] + c->noise[i], ratio = before / now;
        if (i == j) {
            const bool rises = c->t[j] > 0;
            const double slope = c->t[j] / now * (rises ? ratio : 1);
            *s.value += c->t[j] * (rises ? 1 - ratio : -log(ratio));
            s.cov[k] += slope;
            s.products[k * (k + 1) / 2 + k] += slope / now * (rises ? 2 : 1);
            continue;
        }
        const double now_j = p->at.var[j] + c->noise[j], part = sqrt(ratio * (c->at.var[j] + c->noise[j]) / now_j);
        const double value = c->cov[k] * part * (em_group_cov(&p->at, i, j) - em_group_cov(&c->at, i, j));
        *s.value += value;
        s.cov[k] += c->cov[k] * part;
        for (int v = 0; v < at->n_vary; v++) /* variances come first, in this order */
            s.cov[v] -= at->vary[v] == i ? 0.5 * value / now : at->vary[v] == j ? 0.5 * value / now_j : 0;
    }
}

static em_code evaluate(problem *q, point *p, em_error *error)
{
    const em_coordinates *at = &q->work->at;
    em_comm_share(q->comm, &p->at, sizeof p->at);
    leaf_of leaf = {.work = q->work, .estep = q->estep, .first = q->plan->first[em_comm_rank(q->comm)], .group = &p->at,
                    .prior = &q->prior};
    leaf.factor.diagonal = !q->estep->design->full;
    em_group_factor(&p->at, q->estep->n, leaf.factor.f, NULL);
    em_code code = em_treesum(q->comm, q->plan, n_sums(at), add_group, &leaf, p->store, error);
    correct(q, p);
    hold_flat(q, p);
    p->good = code == EM_OK && *sums_in(p->store, at).bad == 0;
    for (int i = 0; i < n_sums(at) && p->good; i++)
        p->good = isfinite(p->store[i]);
    return code;
}

/* ---- one step ------------------------------------------------------------------------------------------------------ */

/* A quadratic model in some coordinates: information [m(m+1)/2] and gradient [m]. */
typedef struct {
    int m;
    double *information, *gradient, *step;
} model_at;

/* Negative second derivatives over all means and covariances, or (expected) the covariances' expected information and no cross terms. */
static double second(const sums *s, const em_coordinates *at, bool expected, int a, int b)
{
    const int m = at->n_means;
    if (a < b)
        return second(s, at, expected, b, a);
    if (a < m)
        return s->w[a * (a + 1) / 2 + b];
    if (b < m)
        return expected ? 0 : s->cross[b * at->n_covs + (a - m)];
    const int pair = (a - m) * (a - m + 1) / 2 + (b - m);
    return expected ? s->squares[pair] : s->products[pair] - s->squares[pair];
}

static double first_derivative(const sums *s, const em_coordinates *at, int a)
{
    return a < at->n_means ? s->mean[a] : s->cov[a - at->n_means];
}

/* With a diagonal covariance: the means, and the variances that are free: a variance of 0 with a likelihood that falls from there
 * is not. */
static void diagonal_model(const problem *q, const point *p, bool expected, model_at *model)
{
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    int *index = q->work->index;
    model->m = 0;
    for (int a = 0; a < at->n_means + at->n_covs; a++)
        if (a < at->n_means || p->at.var[at->row[a - at->n_means]] > 0 || s.cov[a - at->n_means] > 0)
            index[model->m++] = a;
    for (int i = 0; i < model->m; i++) {
        model->gradient[i] = first_derivative(&s, at, index[i]);
        for (int j = 0; j <= i; j++)
            model->information[i * (i + 1) / 2 + j] = second(&s, at, expected, index[i], index[j]);
    }
}

/* The triangular factor of a covariance over the parameters that vary, by rows; columns of zeros where it is singular. */
static void triangle(const em_group_values *group, const em_coordinates *at, double *l)
{
    for (int i = 0, k = 0; i < at->n_vary; i++)
        for (int j = 0; j <= i; j++, k++) {
            double sum = em_group_cov(group, at->vary[i], at->vary[j]);
            for (int m = 0; m < j; m++)
                sum -= l[i * (i + 1) / 2 + m] * l[j * (j + 1) / 2 + m];
            const double pivot = l[j * (j + 1) / 2 + j];
            if (i == j)
                l[k] = sum > 1e-13 * group->var[at->vary[i]] ? sqrt(sum) : 0;
            else
                l[k] = pivot > 0 ? sum / pivot : 0;
        }
}

/* Where the (co)variance of the varying parameters i and j stands among the coordinates: variances first. */
static int place_of(const em_coordinates *at, int i, int j)
{
    return i == j ? i : i > j ? at->n_vary + i * (i - 1) / 2 + j : at->n_vary + j * (j - 1) / 2 + i;
}

/* With a full covariance L L': the means, and the elements of L, in which every point is a covariance. With G the symmetric matrix of
 * derivatives in Sigma they are 2 G L, and the second ones those along dL L' + L dL' and 2 G dL dL'. */
static void triangular_model(const problem *q, const point *p, bool expected, const double *l, model_at *model)
{
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    const int means = at->n_means, v = at->n_vary, c = at->n_covs, all = means + c;
    double *along = q->work->space + 2 * all * all; /* [c, c]: element of L, covariance: how much the one moves the other */
    model->m = all;
    memset(along, 0, (size_t)(c * c) * sizeof *along);
    for (int i = 0, k = 0; i < v; i++)
        for (int j = 0; j <= i; j++, k++)
            for (int o = j; o < v; o++) /* Sigma_io moves by L_oj, Sigma_ii by 2 L_ij */
                along[k * c + place_of(at, i, o)] += (i == o ? 2 : 1) * l[o * (o + 1) / 2 + j];
    for (int i = 0; i < means; i++) {
        model->gradient[i] = s.mean[i];
        for (int j = 0; j <= i; j++)
            model->information[i * (i + 1) / 2 + j] = s.w[i * (i + 1) / 2 + j];
    }
    for (int k = 0; k < c; k++) {
        const int a = means + k;
        double *row_of = model->information + a * (a + 1) / 2, through[MOST_PAIRS];
        model->gradient[a] = 0;
        for (int o = 0; o < c; o++)
            model->gradient[a] += along[k * c + o] * s.cov[o];
        for (int j = 0; j < means; j++) {
            row_of[j] = 0;
            for (int o = 0; o < c; o++)
                row_of[j] += along[k * c + o] * second(&s, at, expected, means + o, j);
        }
        for (int o = 0; o < c; o++) {
            through[o] = 0;
            for (int u = 0; u < c; u++)
                if (along[k * c + u] != 0)
                    through[o] += along[k * c + u] * second(&s, at, expected, means + u, means + o);
        }
        for (int m = 0; m <= k; m++) {
            row_of[means + m] = 0;
            for (int o = 0; o < c; o++)
                row_of[means + m] += through[o] * along[m * c + o];
        }
    }
    if (expected)
        return;
    for (int i = 0, k = 0; i < v; i++)
        for (int j = 0; j <= i; j++, k++)
            for (int o = j; o <= i; o++) { /* L_oj with L_ij; s.cov holds 2 G for covariances */
                const int m = o * (o + 1) / 2 + j, a = means + k;
                model->information[a * (a + 1) / 2 + means + m] -= (i == o ? 2 : 1) * s.cov[place_of(at, i, o)];
            }
}

static void make_model(const problem *q, const point *p, bool expected, const double *l, model_at *model)
{
    if (q->estep->design->full)
        triangular_model(q, p, expected, l, model);
    else
        diagonal_model(q, p, expected, model);
}

static void take_step(const problem *q, const point *p, const em_effects_metric *metric, const double *l, const model_at *model,
                      em_group_values *to)
{
    const em_coordinates *at = &q->work->at;
    *to = p->at;
    for (int i = 0; i < at->n_means; i++)
        *em_coordinates_mean(at, to, i) += model->step[i];
    if (!q->estep->design->full) {
        for (int i = at->n_means; i < model->m; i++) {
            const int j = at->row[q->work->index[i] - at->n_means];
            to->var[j] = em_effects_variance(metric, j, to->var[j] + model->step[i]);
        }
        return;
    }
    double moved[MOST_PAIRS];
    for (int k = 0; k < at->n_covs; k++)
        moved[k] = l[k] + model->step[at->n_means + k];
    for (int i = 0; i < at->n_vary; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int m = 0; m <= j; m++)
                sum += moved[i * (i + 1) / 2 + m] * moved[j * (j + 1) / 2 + m];
            if (i == j)
                to->var[at->vary[i]] = sum;
            else
                *em_group_off(to, at->vary[i], at->vary[j]) = sum;
        }
}

/* The step from p: Newton's where the likelihood is concave there, else Fisher's scoring; a ridge makes either possible.
 * Variances stop at 0. Returns what is foretold to be gained. */
static double step_from(const problem *q, const point *p, const em_effects_metric *metric, double ridge, em_group_values *to)
{
    const em_coordinates *at = &q->work->at;
    const int all = at->n_means + at->n_covs;
    double l[MOST_PAIRS];
    model_at model = {.information = q->work->space, .gradient = q->work->space + 3 * all * all};
    model.step = model.gradient + all;
    if (q->estep->design->full)
        triangle(&p->at, at, l);
    make_model(q, p, false, l, &model);
    double more = ridge;
    for (int i = 0; i < model.m; i++)
        model.information[i * (i + 1) / 2 + i] *= 1 + more;
    if (!em_cholesky(model.m, model.information, model.information))
        for (int tries = 0; tries < 60; tries++) {
            make_model(q, p, true, l, &model);
            for (int i = 0; i < model.m; i++) {
                double *diagonal = &model.information[i * (i + 1) / 2 + i];
                *diagonal = (1 + more) * fabs(*diagonal) + more * 1e-12;
            }
            if (em_cholesky(model.m, model.information, model.information))
                break;
            more = 4 * more + 1e-3;
        }
    em_cholesky_solve(model.m, model.information, model.gradient, model.step);
    double gain = 0;
    for (int i = 0; i < model.m; i++)
        gain += 0.5 * model.gradient[i] * model.step[i];
    take_step(q, p, metric, l, &model, to);
    return gain;
}

/* ---- directions in which a full covariance is singular ----------------------------------------------------------------- */

/* Gives a singular covariance the variance that Fisher's scoring finds in the direction in which the likelihood rises most, if there is
 * one. Returns how much that is, in units of the metric; 0 where nothing has changed. */
static double open_direction(const problem *q, const point *p, const em_effects_metric *metric, em_group_values *to)
{
    const int n = q->estep->n;
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    double factor[MOST * MOST], null[MOST * MOST], best = 0, squares = 0;
    const int count = em_group_factor(&p->at, n, factor, null);
    int which = -1;
    for (int k = 0; k < count; k++) {
        const double *u = null + k * n;
        double moves = 0, rises = 0;
        for (int i = 0; i < at->n_vary; i++)
            moves += u[at->vary[i]] * u[at->vary[i]];
        if (moves < 0.5)
            continue;
        for (int c = 0; c < at->n_covs; c++) {
            const int i = at->row[c], j = at->col[c];
            rises += s.cov[c] * u[i] * u[j];
        }
        if (rises > best) {
            best = rises;
            which = k;
            squares = 0;
            for (int c = 0; c < at->n_covs; c++)
                for (int d = 0; d < at->n_covs; d++)
                    squares += u[at->row[c]] * u[at->col[c]] * u[at->row[d]] * u[at->col[d]] * second(&s, at, true, at->n_means + c, at->n_means + d);
        }
    }
    *to = p->at;
    if (which < 0 || !(squares > 0))
        return 0;
    const double *u = null + which * n, size = best / squares;
    double units = 0;
    for (int i = 0; i < n; i++)
        units += size * u[i] * u[i] / metric->noise[i];
    if (units < 1e-8) /* rounding */
        return 0;
    for (int c = 0; c < at->n_covs; c++)
        *em_coordinates_cov(at, to, c) += size * u[at->row[c]] * u[at->col[c]];
    return units;
}

/* ---- the solution -------------------------------------------------------------------------------------------------- */

/* How far the derivatives in a full covariance are from 0, those of its triangle: along directions without variance they need not
 * vanish. */
static double merit_of_triangle(const problem *q, const point *p, const em_effects_metric *metric, double used)
{
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    double l[MOST_PAIRS], largest = 0;
    triangle(&p->at, at, l);
    for (int i = 0; i < at->n_vary; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int o = j; o < at->n_vary; o++)
                sum += (i == o ? 2 : 1) * s.cov[place_of(at, i, o)] * l[o * (o + 1) / 2 + j];
            largest = fmax(largest, fabs(sum) / used * metric->scale[at->vary[i]]);
        }
    return largest;
}

/* EM's own step with a full covariance: everybody's posterior has mean m + Sigma r and covariance Sigma - Sigma W Sigma. */
static void em_step_full(const problem *q, const point *p, const double *slope, double used, em_group_values *to)
{
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    const int n = q->estep->n, v = at->n_vary;
    double g[MOST][MOST] = {{0}}, sg[MOST][MOST], mean[MOST], shift[MOST] = {0};
    for (int k = 0; k < at->n_covs; k++)
        g[at->row[k]][at->col[k]] = g[at->col[k]][at->row[k]] = (at->row[k] == at->col[k] ? 1 : 0.5) * s.cov[k];
    for (int i = 0; i < at->n_means; i++) { /* the columns of slopes have unit variance and are not correlated */
        memset(mean, 0, sizeof mean);
        mean[at->parameter[i]] = slope[i] / used;
        for (int j = 0; j < n; j++)
            if (em_group_cov(&p->at, j, at->parameter[i]) != 0 && at->slope[i] < 0)
                shift[j] += em_group_cov(&p->at, j, at->parameter[i]) * mean[at->parameter[i]];
        if (at->slope[i] >= 0)
            to->slope[at->slope[i]] += p->at.var[at->parameter[i]] * slope[i] / used;
    }
    for (int j = 0; j < n; j++)
        to->mu[j] += p->at.var[j] > 0 ? shift[j] : 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            sg[i][j] = 0;
            for (int m = 0; m < v; m++)
                sg[i][j] += em_group_cov(&p->at, i, at->vary[m]) * g[at->vary[m]][j];
        }
    for (int k = 0; k < at->n_covs; k++) {
        double sum = 0;
        for (int m = 0; m < v; m++)
            sum += sg[at->row[k]][at->vary[m]] * em_group_cov(&p->at, at->vary[m], at->col[k]);
        *em_coordinates_cov(at, to, k) += 2 * sum / used - shift[at->row[k]] * shift[at->col[k]];
    }
}

/* EM's own step where the covariance is diagonal; at a variance of 0, where EM would stay for ever, Fisher's scoring. */
static void em_step_diagonal(const problem *q, const point *p, const em_effects_metric *metric, const double *slope, double used,
                             em_group_values *to)
{
    const em_coordinates *at = &q->work->at;
    const sums s = sums_in(p->store, at);
    double shift[MOST] = {0};
    for (int i = 0; i < at->n_means; i++) {
        const int j = at->parameter[i];
        const double v = p->at.var[j], step = (v > 0 ? v : metric->scale[j] * metric->scale[j]) * slope[i] / used;
        *em_coordinates_mean(at, to, i) += step;
        shift[j] += at->slope[i] < 0 ? step : 0;
    }
    for (int k = 0; k < at->n_covs; k++) {
        const int j = at->row[k];
        const double v = p->at.var[j], spread = 2 * s.cov[k] / used, mean = v > 0 ? shift[j] / v : 0;
        to->var[j] += v > 0        ? v * v * (spread - mean * mean)
                      : spread > 0 ? 0.5 * spread * used / s.squares[k * (k + 1) / 2 + k]
                                   : 0;
    }
}

/* What the sums at the group of the E-step say of it. */
static void look_around(const problem *q, point *p, em_effects *effects)
{
    const em_coordinates *at = &q->work->at;
    const em_group_design *design = q->estep->design;
    const sums t = sums_in(p->store, at);
    em_effects_metric *metric = &effects->metric;
    double slope[MOST_MEANS];
    memcpy(slope, t.mean, (size_t)at->n_means * sizeof *slope);
    for (int k = 0; k < q->flat.n; k++) {
        double gradient = 0;
        for (int j = 0; j < at->n_means; j++)
            gradient += q->flat.direction[k][j] * slope[j];
        for (int j = 0; j < at->n_means; j++)
            slope[j] -= gradient * q->flat.direction[k][j];
    }
    effects->em = effects->solution = p->at;
    effects->sound = p->good && *t.used > 0;
    effects->merit = 0;
    for (int j = 0; j < q->estep->n; j++)
        metric->noise[j] = metric->scale[j] = 1;
    if (!effects->sound)
        return;
    for (int i = 0; i < at->n_means && at->slope[i] < 0; i++) { /* means come first */
        const int j = at->parameter[i];
        const double w = t.w[i * (i + 1) / 2 + i] / *t.used, total = w > 0 ? 1 / w : INFINITY, v = p->at.var[j];
        metric->noise[j] = fmax(isinf(total) ? 1 : total - v, 1e-12);
        metric->scale[j] = sqrt(v + metric->noise[j]);
    }
    for (int i = 0; i < at->n_means; i++)
        effects->merit = fmax(effects->merit, fabs(slope[i] / *t.used) * metric->scale[at->parameter[i]]);
    for (int k = 0; k < at->n_covs && !design->full; k++) {
        const int j = at->row[k];
        const double spread = 2 * t.cov[k] / *t.used;
        effects->merit = fmax(effects->merit, (p->at.var[j] > 0 ? fabs(spread) : spread) * metric->scale[j] * metric->scale[j]);
    }
    if (design->full) {
        effects->merit = fmax(effects->merit, merit_of_triangle(q, p, metric, *t.used));
        effects->merit = fmax(effects->merit, open_direction(q, p, metric, &effects->em));
        em_step_full(q, p, slope, *t.used, &effects->em);
    } else {
        em_step_diagonal(q, p, metric, slope, *t.used, &effects->em);
    }
}

double em_effects_variance(const em_effects_metric *metric, int j, double var)
{
    return var > 1e-12 * metric->noise[j] ? var : 0;
}

double em_effects_distance(const em_effects_metric *metric, const em_group_design *design, const em_group_values *a,
                           const em_group_values *b)
{
    double largest = 0;
    for (int j = 0; j < design->n; j++) {
        const double noise = metric->noise[j];
        largest = fmax(largest, fabs(a->mu[j] - b->mu[j]) / metric->scale[j]);
        if (a->var[j] != b->var[j])
            largest = fmax(largest, fabs(log((a->var[j] + noise) / (b->var[j] + noise))));
        for (int i = 0; i < j && design->full; i++)
            largest = fmax(largest, fabs(em_group_cov(a, j, i) - em_group_cov(b, j, i)) / (metric->scale[j] * metric->scale[i]));
    }
    for (int k = 0; k < design->n_slopes; k++)
        largest = fmax(largest, fabs(a->slope[k] - b->slope[k]) / metric->scale[design->parameter[k]]);
    return largest;
}

/* The group on the way from a to b, this part of it. */
static em_group_values between(const em_group_values *a, const em_group_values *b, const em_group_design *design, double part)
{
    em_group_values c = *a;
    for (int j = 0; j < design->n; j++) {
        c.mu[j] += part * (b->mu[j] - a->mu[j]);
        c.var[j] += part * (b->var[j] - a->var[j]);
    }
    for (int k = 0; k < design->n * (design->n - 1) / 2; k++)
        c.off[k] += part * (b->off[k] - a->off[k]);
    for (int k = 0; k < design->n_slopes; k++)
        c.slope[k] += part * (b->slope[k] - a->slope[k]);
    return c;
}

em_group_values em_effects_towards(const em_effects_metric *metric, const em_group_design *design, const em_group_values *from,
                                   double radius, const em_group_values *to)
{
    if (em_effects_distance(metric, design, from, to) <= radius)
        return *to;
    double low = 0, high = 1;
    for (int i = 0; i < 30; i++) {
        const double part = 0.5 * (low + high);
        const em_group_values c = between(from, to, design, part);
        *(em_effects_distance(metric, design, from, &c) > radius ? &high : &low) = part;
    }
    return between(from, to, design, low);
}

/* Makes every curvature positive semidefinite, so that the problem has a solution; p is evaluated anew. */
static em_code make_solvable(problem *q, const em_effects *effects, point *p, em_error *error)
{
    const em_coordinates *at = &q->work->at;
    uint64_t changed = drop_negative_curvatures(q->work, q->estep);
    em_comm_sum_counts(q->comm, &changed, 1);
    if (changed == 0)
        return EM_OK;
    double *before = q->work->store[2];
    memcpy(before, p->store, (size_t)n_sums(at) * sizeof *before);
    em_code code = evaluate(q, p, error);
    const sums old = sums_in(before, at), new = sums_in(p->store, at);
    correction *c = &q->extra;
    c->at = p->at;
    c->any = true;
    for (int j = 0; j < q->estep->n; j++)
        c->noise[j] = effects->metric.noise[j];
    for (int i = 0; i < at->n_means; i++)
        c->mean[i] = old.mean[i] - new.mean[i];
    for (int k = 0; k < at->n_covs; k++) {
        c->cov[k] = old.cov[k] - new.cov[k];
        if (at->row[k] == at->col[k])
            c->t[at->row[k]] = c->cov[k] * (p->at.var[at->row[k]] + c->noise[at->row[k]]);
    }
    correct(q, p);
    return code;
}

/* A full covariance without the eigenvalues from which the likelihood falls anyway. */
static void drop_small_directions(const problem *q, const em_effects_metric *metric, em_group_values *group)
{
    const int n = q->estep->n;
    double factor[MOST * MOST], null[MOST * MOST];
    for (int j = 0; j < n; j++)
        group->var[j] = q->estep->design->place[j] == EM_VARIES ? em_effects_variance(metric, j, group->var[j]) : 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (group->var[i] == 0 || group->var[j] == 0)
                *em_group_off(group, i, j) = 0;
    const int count = em_group_factor(group, n, factor, null);
    if (count > 0)
        em_group_lower_rank(group, n, n - count);
}

em_code em_effects_solve(em_comm *comm, const em_plan *plan, const em_estep *estep, em_effects_work *work,
                         const em_group_values *from, double radius, double relative, em_effects *effects, em_error *error)
{
    enum { MOST_STEPS = 60 };
    const em_group_design *design = estep->design;
    const em_coordinates *at = &work->at;
    problem q = {.comm = comm, .plan = plan, .estep = estep, .work = work};
    point best = {.at = *from, .store = work->store[0]}, next = {.store = work->store[1]};
    work->made_under = *from;
    em_group_make_prior(&q.prior, from, estep->n, false);
    take_curvatures(work, estep);
    em_code code = evaluate(&q, &best, error);
    find_flat(&q, &best);
    look_around(&q, &best, effects);
    hold_flat(&q, &best);
    effects->whole = false;
    for (int j = 0; j < estep->n; j++)
        effects->unbounded[j] = false;
    for (int i = 0; i < at->n_means; i++)
        for (int k = 0; k < q.flat.n; k++)
            if (fabs(q.flat.direction[k][i]) > 0.3)
                effects->unbounded[at->parameter[i]] = true;
    if (code == EM_OK && effects->sound)
        code = make_solvable(&q, effects, &best, error);
    double ridge = 0;
    bool opening = design->full;
    for (int i = 0; i < MOST_STEPS && radius > 0 && code == EM_OK && effects->sound && !effects->whole; i++) {
        const bool opened = opening && open_direction(&q, &best, &effects->metric, &next.at) > 0;
        opening = false;
        const double foretold = opened ? INFINITY : step_from(&q, &best, &effects->metric, ridge, &next.at);
        const double step = em_effects_distance(&effects->metric, design, &best.at, &next.at);
        const bool outside = !(em_effects_distance(&effects->metric, design, from, &next.at) <= radius);
        if (outside)
            next.at = em_effects_towards(&effects->metric, design, from, radius, &next.at);
        code = evaluate(&q, &next, error);
        if (code != EM_OK)
            break;
        const double old = *sums_in(best.store, at).value, gained = *sums_in(next.store, at).value - old;
        const bool hidden = foretold < 1e-12 * (1 + fabs(old)); /* by rounding */
        if (next.good && (gained >= 0 || (hidden && gained > -1e-11 * (1 + fabs(old))))) {
            const bool full = ridge == 0 && !opened;
            ridge = ridge < 0.02 ? 0 : ridge / 8;
            const point swap = best;
            best = next;
            next = swap;
            if (outside)
                break;
            const double gone = em_effects_distance(&effects->metric, design, from, &best.at);
            effects->whole = full && step <= fmax(relative * gone, 1e-10);
        } else if (opened) {
            continue;
        } else if (step <= 1e-13) { /* rounding hides the rest */
            effects->whole = true;
        } else if (ridge > 1e12) {
            break;
        } else {
            ridge = ridge > 0 ? 8 * ridge : 0.1;
        }
    }
    if (design->full)
        drop_small_directions(&q, &effects->metric, &best.at);
    effects->solution = best.at;
    em_comm_share(comm, effects, sizeof *effects);
    return code;
}
