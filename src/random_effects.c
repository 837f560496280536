#include "random_effects.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "linalg.h"
#include "treesum.h"

/* ---- sums over subjects -------------------------------------------------------------------------------------------- */

/* Lower triangles by rows are as long as MOST_PAIRS. */
enum { MOST = EM_MAX_PARAMETERS, MOST_PAIRS = MOST * (MOST + 1) / 2, LANES = 8 };

/* What is summed, n = P: numbers in this order. */
typedef struct {
    double *used, *bad;  /* subjects; those whose M is not positive definite */
    double *value;       /* marginal log-likelihood */
    double *mu, *var;    /* [P] gradient */
    double *w;           /* [P(P+1)/2] sum of W */
    double *cross;       /* [P,P] sum of W_kj r_j at (k, j) */
    double *squares;     /* [P(P+1)/2] sum of W_jk^2 / 2: expected information of the variances */
    double *products;    /* [P(P+1)/2] sum of r_j r_k W_jk */
} sums;
static int n_sums(int n) { return 3 + 2 * n + n * n + 3 * n * (n + 1) / 2; }
enum { MOST_SUMS = 3 + 2 * MOST + MOST * MOST + 3 * MOST_PAIRS };

static sums sums_in(double *store, int n)
{
    const int pairs = n * (n + 1) / 2;
    sums s = {.used = store, .bad = store + 1, .value = store + 2, .mu = store + 3};
    s.var = s.mu + n;
    s.w = s.var + n;
    s.cross = s.w + pairs;
    s.squares = s.cross + n * n;
    s.products = s.squares + pairs;
    return s;
}

#define EACH_LANE for (int l = 0; l < LANES; l++)
typedef double row[LANES];

/* A group of lanes at one group (mu, V). Lanes that are not used have A = 0 and c = 0, and add nothing but zeros. */
typedef struct {
    row a[MOST][MOST];         /* in: A; out: W, its lower triangle */
    row c[MOST], d[MOST];      /* in: gradient of the log-likelihood at x; mu - x */
    row r[MOST], value, bad;   /* out; value in: l */
} lanes_at;

static void marginal(int n, const double *var, lanes_at *t)
{
    row factor[MOST][MOST], k[MOST][MOST], g[MOST], y[MOST], det;
    double s[MOST];
    EACH_LANE t->bad[l] = 0, det[l] = 1;
    for (int i = 0; i < n; i++) {
        s[i] = sqrt(var[i]);
        EACH_LANE g[i][l] = t->c[i][l];
        for (int j = 0; j < n; j++)
            EACH_LANE g[i][l] -= t->a[i][j][l] * t->d[j][l];
        EACH_LANE t->value[l] += 0.5 * t->d[i][l] * (t->c[i][l] + g[i][l]); /* c'd - d'Ad/2 */
    }
    /* M = L L', with y = L^-1 S g and K = L^-1 S A on the way */
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            row sum;
            EACH_LANE sum[l] = s[i] * s[j] * t->a[i][j][l] + (i == j);
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
        EACH_LANE y[i][l] = s[i] * g[i][l];
        for (int j = 0; j < n; j++)
            EACH_LANE k[i][j][l] = s[i] * t->a[i][j][l];
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
}

typedef struct {
    const em_effects_work *work;
    const em_estep *estep;
    size_t first; /* this rank's first group */
    const em_group_values *group;
} leaf_of;

/* The gradient of the log-likelihood; of a maximum on a kink, where it jumps, the one that keeps the maximum there. */
static double slope_of(const em_effects_work *work, const em_mode *mode, int j, int l, int lanes)
{
    if (mode->status[l] == EM_SUBJECT_KINK && work->made_under.var[j] > 0)
        return (mode->x[j * lanes + l] - work->made_under.mu[j]) / work->made_under.var[j];
    return mode->gradient[j * lanes + l];
}

static void add_group(void *where, size_t group, double *terms)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const em_mode *mode = &e->mode[group - w->first];
    const em_posterior *post = &e->posterior[(group - w->first) * (size_t)e->lanes];
    const int n = e->n, lanes = e->lanes, pairs = n * (n + 1) / 2;
    const double *curvature = w->work->curvature + (group - w->first) * (size_t)(pairs * lanes);
    lanes_at t;
    row on = {0};
    for (int l = 0; l < lanes; l++)
        on[l] = post[l].used;
    EACH_LANE t.value[l] = on[l] > 0 ? mode->value[l % lanes] : 0;
    for (int i = 0; i < n; i++) {
        EACH_LANE t.c[i][l] = on[l] > 0 ? slope_of(w->work, mode, i, l % lanes, lanes) : 0;
        EACH_LANE t.d[i][l] = on[l] > 0 ? w->group->mu[i] - mode->x[i * lanes + l % lanes] : 0;
        for (int j = 0; j <= i; j++) {
            const double *a = curvature + (i * (i + 1) / 2 + j) * lanes;
            EACH_LANE t.a[i][j][l] = t.a[j][i][l] = on[l] > 0 ? a[l % lanes] : 0;
        }
    }
    marginal(n, w->group->var, &t);
    memset(terms, 0, (size_t)n_sums(n) * sizeof *terms);
    const sums s = sums_in(terms, n);
    EACH_LANE {
        *s.used += on[l];
        *s.bad += t.bad[l];
        *s.value += t.value[l];
    }
    for (int i = 0; i < n; i++) {
        EACH_LANE {
            s.mu[i] += t.r[i][l];
            s.var[i] += 0.5 * (t.r[i][l] * t.r[i][l] - t.a[i][i][l]);
        }
        for (int j = 0; j <= i; j++) {
            const int pair = i * (i + 1) / 2 + j;
            EACH_LANE {
                const double v = t.a[i][j][l], u = t.r[i][l], z = t.r[j][l];
                s.w[pair] += v;
                s.squares[pair] += 0.5 * v * v;
                s.products[pair] += u * z * v;
                s.cross[i * n + j] += v * z;
                if (j < i)
                    s.cross[j * n + i] += v * u;
            }
        }
    }
}

/* ---- curvatures ---------------------------------------------------------------------------------------------------- */

em_code em_effects_work_new(const em_estep *estep, em_effects_work *work, em_error *error)
{
    const size_t P = (size_t)estep->n, pairs = P * (P + 1) / 2;
    *work = (em_effects_work){.matrix = gsl_matrix_alloc(P, P), .vectors = gsl_matrix_alloc(P, P),
                              .values = gsl_vector_alloc(P), .eigen = gsl_eigen_symmv_alloc(P)};
    work->curvature = em_new(estep->n_groups * pairs * (size_t)estep->lanes, sizeof *work->curvature, error);
    if (work->curvature && work->matrix && work->vectors && work->values && work->eigen)
        return EM_OK;
    em_effects_work_free(work);
    return em_fail(error, EM_MACHINE, "out of memory");
}

void em_effects_work_free(em_effects_work *work)
{
    free(work->curvature);
    gsl_matrix_free(work->matrix);
    gsl_matrix_free(work->vectors);
    gsl_vector_free(work->values);
    if (work->eigen)
        gsl_eigen_symmv_free(work->eigen);
    *work = (em_effects_work){0};
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
        for (int j = 0; j <= i; j++) {
            const double x = a[(i * (i + 1) / 2 + j) * stride] * scale[i] * scale[j];
            gsl_matrix_set(work->matrix, (size_t)i, (size_t)j, x);
            gsl_matrix_set(work->matrix, (size_t)j, (size_t)i, x);
        }
    if (gsl_eigen_symmv(work->matrix, work->values, work->vectors, work->eigen) != GSL_SUCCESS)
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
            if (e->posterior[g * (size_t)e->lanes + (size_t)l].used)
                changed += make_semidefinite(work, e->n, e->variance + g * (size_t)(e->n * e->lanes) + l,
                                             work->curvature + g * count + l, e->lanes);
    return changed;
}

/* ---- one step ------------------------------------------------------------------------------------------------------ */

/* A point of the search with its sums. */
typedef struct {
    em_group_values at;
    double store[MOST_SUMS];
    bool good; /* every M positive definite, all sums finite */
} point;

/* Directions of the means in which the likelihood has become flat: the data want them at infinity, which is the end of a
 * parameter's natural range (or of several together: a learning rate near 0 with choices that follow values without noise),
 * and what is left to gain there is next to nothing. The means are held there. */
typedef struct {
    int n;
    double direction[MOST][MOST], from[MOST];
} flat_directions;

static void find_flat(em_effects_work *work, int n, point *p, flat_directions *flat)
{
    static const double information = 1e-2, gain = 2e-4; /* standard errors of 10 and more; of the log-likelihood */
    const sums s = sums_in(p->store, n);
    flat->n = 0;
    bool any = false;
    for (int i = 0; i < n; i++) {
        flat->from[i] = p->at.mu[i];
        for (int j = 0; j <= i; j++) {
            gsl_matrix_set(work->matrix, (size_t)i, (size_t)j, s.w[i * (i + 1) / 2 + j]);
            gsl_matrix_set(work->matrix, (size_t)j, (size_t)i, s.w[i * (i + 1) / 2 + j]);
        }
        any = any || fabs(p->at.mu[i]) > 5;
    }
    if (!any || gsl_eigen_symmv(work->matrix, work->values, work->vectors, work->eigen) != GSL_SUCCESS)
        return;
    for (int k = 0; k < n; k++) {
        const double value = fabs(gsl_vector_get(work->values, (size_t)k));
        double *direction = flat->direction[flat->n], slope = 0;
        for (int j = 0; j < n; j++) {
            direction[j] = gsl_matrix_get(work->vectors, (size_t)j, (size_t)k);
            slope += direction[j] * s.mu[j];
        }
        flat->n += value < information && slope * slope < 2 * gain * value;
    }
}

/* Takes the gradient along flat directions away, and puts a steep valley across in its place. */
static void hold_flat(const flat_directions *flat, int n, point *p)
{
    const double steep = 1e6;
    const sums s = sums_in(p->store, n);
    for (int k = 0; k < flat->n; k++) {
        const double *direction = flat->direction[k];
        double slope = 0, gone = 0;
        for (int j = 0; j < n; j++) {
            slope += direction[j] * s.mu[j];
            gone += direction[j] * (p->at.mu[j] - flat->from[j]);
        }
        *s.value -= 0.5 * steep * gone * gone;
        for (int i = 0; i < n; i++) {
            s.mu[i] -= direction[i] * (slope + steep * gone);
            for (int j = 0; j <= i; j++)
                s.w[i * (i + 1) / 2 + j] += steep * direction[i] * direction[j];
        }
    }
}

/* What negative curvatures that were dropped added to the derivatives at the group of the E-step. It is kept as a function
 * that has these derivatives there and stays bounded: linear in the means; in the variances t log(v + noise) where it
 * falls, and -t (v0 + noise)/(v + noise) where it rises. */
typedef struct {
    em_group_values at;
    double noise[MOST], mu[MOST], t[MOST];
} correction;

static void correct(const correction *c, int n, point *p)
{
    const sums s = sums_in(p->store, n);
    for (int j = 0; j < n; j++) {
        const double now = p->at.var[j] + c->noise[j], ratio = (c->at.var[j] + c->noise[j]) / now;
        const bool rises = c->t[j] > 0;
        const double slope = c->t[j] / now * (rises ? ratio : 1);
        *s.value += c->mu[j] * (p->at.mu[j] - c->at.mu[j]) + c->t[j] * (rises ? 1 - ratio : -log(ratio));
        s.mu[j] += c->mu[j];
        s.var[j] += slope;
        s.products[j * (j + 1) / 2 + j] += slope / now * (rises ? 2 : 1);
    }
}

typedef struct {
    em_comm *comm;
    const em_plan *plan;
    const em_estep *estep;
    em_effects_work *work;
    correction extra;
    flat_directions flat;
} problem;

static em_code evaluate(const problem *q, point *p, em_error *error)
{
    const int n = q->estep->n;
    em_comm_share(q->comm, &p->at, sizeof p->at);
    leaf_of leaf = {q->work, q->estep, q->plan->first[em_comm_rank(q->comm)], &p->at};
    em_code code = em_treesum(q->comm, q->plan, n_sums(n), add_group, &leaf, p->store, error);
    correct(&q->extra, n, p);
    hold_flat(&q->flat, n, p);
    p->good = code == EM_OK && *sums_in(p->store, n).bad == 0;
    for (int i = 0; i < n_sums(n) && p->good; i++)
        p->good = isfinite(p->store[i]);
    return code;
}

/* The negative Hessian (expected: with the variances' expected information, and no cross terms) and the gradient, over the
 * variances that are free: a variance of 0 with a likelihood that falls from there is not. Order: means, variances. */
static int quadratic(const point *p, int n, bool expected, double *information, double *gradient, int *index)
{
    double store[MOST_SUMS];
    memcpy(store, p->store, (size_t)n_sums(n) * sizeof *store);
    const sums t = sums_in(store, n);
    int m = 0;
    for (int j = 0; j < n; j++)
        index[m++] = j;
    for (int j = 0; j < n; j++)
        if (p->at.var[j] > 0 || t.var[j] > 0)
            index[m++] = n + j;
    for (int i = 0; i < m; i++) {
        const int a = index[i];
        gradient[i] = a < n ? t.mu[a] : t.var[a - n];
        for (int j = 0; j <= i; j++) {
            const int b = index[j], pair = a < n ? a * (a + 1) / 2 + b : (a - n) * (a - n + 1) / 2 + (b - n);
            information[i * (i + 1) / 2 + j] = a < n            ? t.w[pair]
                                               : b >= n         ? expected ? t.squares[pair] : t.products[pair] - t.squares[pair]
                                               : expected       ? 0
                                                                : t.cross[b * n + (a - n)];
        }
    }
    return m;
}

/* The step from p: Newton's where the likelihood is concave there, else Fisher's scoring; a ridge makes either possible.
 * Variances stop at 0. Returns what is foretold to be gained. */
static double step_from(const point *p, int n, const em_effects_metric *metric, double ridge, em_group_values *to)
{
    enum { DIRECTIONS = 2 * MOST };
    double information[DIRECTIONS * (DIRECTIONS + 1) / 2], gradient[DIRECTIONS], step[DIRECTIONS];
    int index[DIRECTIONS];
    int m = quadratic(p, n, false, information, gradient, index);
    double more = ridge;
    for (int i = 0; i < m; i++)
        information[i * (i + 1) / 2 + i] *= 1 + more;
    if (!em_cholesky(m, information, information))
        for (int tries = 0; tries < 60; tries++) {
            m = quadratic(p, n, true, information, gradient, index);
            for (int i = 0; i < m; i++) {
                double *diagonal = &information[i * (i + 1) / 2 + i];
                *diagonal = (1 + more) * fabs(*diagonal) + more * 1e-12;
            }
            if (em_cholesky(m, information, information))
                break;
            more = 4 * more + 1e-3;
        }
    em_cholesky_solve(m, information, gradient, step);
    *to = p->at;
    double gain = 0;
    for (int i = 0; i < m; i++) {
        gain += 0.5 * gradient[i] * step[i];
        if (index[i] < n)
            to->mu[index[i]] += step[i];
        else
            to->var[index[i] - n] = em_effects_variance(metric, index[i] - n, to->var[index[i] - n] + step[i]);
    }
    return gain;
}

/* ---- the solution -------------------------------------------------------------------------------------------------- */

/* What the sums at the group of the E-step say of it. */
static void look_around(const flat_directions *flat, point *p, int n, em_effects *effects)
{
    const sums t = sums_in(p->store, n);
    double slope[MOST];
    memcpy(slope, t.mu, (size_t)n * sizeof *slope);
    for (int k = 0; k < flat->n; k++) {
        double along = 0;
        for (int j = 0; j < n; j++)
            along += flat->direction[k][j] * slope[j];
        for (int j = 0; j < n; j++)
            slope[j] -= along * flat->direction[k][j];
    }
    effects->em = effects->solution = p->at;
    effects->sound = p->good && *t.used > 0;
    effects->merit = 0;
    for (int j = 0; j < n && effects->sound; j++) {
        const double w = t.w[j * (j + 1) / 2 + j] / *t.used, total = w > 0 ? 1 / w : INFINITY, v = p->at.var[j];
        em_effects_metric *metric = &effects->metric;
        metric->noise[j] = fmax(isinf(total) ? 1 : total - v, 1e-12);
        metric->scale[j] = sqrt(v + metric->noise[j]);
        const double mean = slope[j] / *t.used, spread = 2 * t.var[j] / *t.used;
        effects->merit = fmax(effects->merit, fabs(mean) * metric->scale[j]);
        effects->merit = fmax(effects->merit, (v > 0 ? fabs(spread) : spread) * metric->scale[j] * metric->scale[j]);
        /* the posterior has mean mu + V r and covariance V - V W V; at v = 0, where EM would stay for ever, Fisher's scoring */
        effects->em.mu[j] += v > 0 ? v * mean : mean * metric->scale[j] * metric->scale[j];
        effects->em.var[j] += v > 0        ? v * v * (spread - mean * mean)
                              : spread > 0 ? 0.5 * spread * *t.used / t.squares[j * (j + 1) / 2 + j]
                                           : 0;
    }
}

double em_effects_variance(const em_effects_metric *metric, int j, double var)
{
    return var > 1e-12 * metric->noise[j] ? var : 0;
}

double em_effects_distance(const em_effects_metric *metric, int n, const em_group_values *a, const em_group_values *b)
{
    double largest = 0;
    for (int j = 0; j < n; j++) {
        const double noise = metric->noise[j];
        largest = fmax(largest, fabs(a->mu[j] - b->mu[j]) / metric->scale[j]);
        if (a->var[j] != b->var[j])
            largest = fmax(largest, fabs(log((a->var[j] + noise) / (b->var[j] + noise))));
    }
    return largest;
}

/* The group on the way from a to b, this part of it. */
static em_group_values between(const em_group_values *a, const em_group_values *b, int n, double part)
{
    em_group_values c = *a;
    for (int j = 0; j < n; j++) {
        c.mu[j] += part * (b->mu[j] - a->mu[j]);
        c.var[j] += part * (b->var[j] - a->var[j]);
    }
    return c;
}

em_group_values em_effects_towards(const em_effects_metric *metric, int n, const em_group_values *from, double radius,
                                   const em_group_values *to)
{
    if (em_effects_distance(metric, n, from, to) <= radius)
        return *to;
    double low = 0, high = 1;
    for (int i = 0; i < 30; i++) {
        const double part = 0.5 * (low + high);
        const em_group_values c = between(from, to, n, part);
        *(em_effects_distance(metric, n, from, &c) > radius ? &high : &low) = part;
    }
    return between(from, to, n, low);
}

/* Makes every curvature positive semidefinite, so that the problem has a solution; p is evaluated anew. */
static em_code make_solvable(problem *q, const em_effects *effects, point *p, em_error *error)
{
    const int n = q->estep->n;
    uint64_t changed = drop_negative_curvatures(q->work, q->estep);
    em_comm_sum_counts(q->comm, &changed, 1);
    if (changed == 0)
        return EM_OK;
    point before = *p;
    em_code code = evaluate(q, p, error);
    const sums old = sums_in(before.store, n), new = sums_in(p->store, n);
    correction *c = &q->extra;
    c->at = p->at;
    for (int j = 0; j < n; j++) {
        c->noise[j] = effects->metric.noise[j];
        c->mu[j] = old.mu[j] - new.mu[j];
        c->t[j] = (old.var[j] - new.var[j]) * (p->at.var[j] + c->noise[j]);
    }
    correct(c, n, p);
    return code;
}

em_code em_effects_solve(em_comm *comm, const em_plan *plan, const em_estep *estep, em_effects_work *work,
                         const em_group_values *from, double radius, double relative, em_effects *effects, em_error *error)
{
    enum { MOST_STEPS = 60 };
    const int n = estep->n;
    problem q = {.comm = comm, .plan = plan, .estep = estep, .work = work};
    for (int j = 0; j < n; j++)
        q.extra.noise[j] = q.extra.at.var[j] = 1;
    point best = {.at = *from}, next;
    work->made_under = *from;
    take_curvatures(work, estep);
    em_code code = evaluate(&q, &best, error);
    find_flat(work, n, &best, &q.flat);
    look_around(&q.flat, &best, n, effects);
    hold_flat(&q.flat, n, &best);
    effects->whole = false;
    for (int j = 0; j < n; j++) {
        effects->unbounded[j] = false;
        for (int k = 0; k < q.flat.n; k++)
            effects->unbounded[j] = effects->unbounded[j] || fabs(q.flat.direction[k][j]) > 0.3;
    }
    if (code == EM_OK && effects->sound)
        code = make_solvable(&q, effects, &best, error);
    double ridge = 0;
    for (int i = 0; i < MOST_STEPS && radius > 0 && code == EM_OK && effects->sound && !effects->whole; i++) {
        const double foretold = step_from(&best, n, &effects->metric, ridge, &next.at);
        const double step = em_effects_distance(&effects->metric, n, &best.at, &next.at);
        const bool outside = !(em_effects_distance(&effects->metric, n, from, &next.at) <= radius);
        if (outside)
            next.at = em_effects_towards(&effects->metric, n, from, radius, &next.at);
        code = evaluate(&q, &next, error);
        if (code != EM_OK)
            break;
        const double old = *sums_in(best.store, n).value, gained = *sums_in(next.store, n).value - old;
        const bool hidden = foretold < 1e-12 * (1 + fabs(old)); /* by rounding */
        if (next.good && (gained >= 0 || (hidden && gained > -1e-11 * (1 + fabs(old))))) {
            const bool full = ridge == 0;
            ridge = ridge < 0.02 ? 0 : ridge / 8;
            best = next;
            if (outside)
                break;
            const double gone = em_effects_distance(&effects->metric, n, from, &best.at);
            effects->whole = full && step <= fmax(relative * gone, 1e-10);
        } else if (step <= 1e-13) { /* rounding hides the rest */
            effects->whole = true;
        } else if (ridge > 1e12) {
            break;
        } else {
            ridge = ridge > 0 ? 8 * ridge : 0.1;
        }
    }
    effects->solution = best.at;
    em_comm_share(comm, effects, sizeof *effects);
    return code;
}
