#include "uncertainty.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "linalg.h"
#include "treesum.h"

enum { MOST = EM_MAX_PARAMETERS };

typedef struct {
    const em_estep *estep;
    const em_coordinates *at;
    const em_group_values *group;
    em_group_prior *prior;
    size_t first; /* this rank's first group */
    double *x, *value, *gradient, *plus, *minus; /* of one evaluation, a group of lanes; 64-byte aligned */
    double *third;  /* [P, P(P+1)/2, lanes] derivative of the log-likelihood's second derivatives in each parameter */
    double *moved;  /* [P,P,P] the same of one lane, in the directions of D */
    double *along;  /* [D,P] u of each coordinate */
    double evaluations;
    double stopped; /* 1: estep->pause has said so */
} leaf_of;

/* One subject. */
typedef struct {
    double a[MOST][MOST], c[MOST][MOST], d[MOST][MOST], w[MOST][MOST]; /* A, C, D = I - C A, W */
    double r[MOST];
} subject;

/* ---- third derivatives ------------------------------------------------------------------------------------------------- */

/* A small part of what the parameter is known to. */
static double step_of(const leaf_of *w, size_t g, int j, int l)
{
    const em_estep *e = w->estep;
    const double variance = e->variance[(g * (size_t)e->n + (size_t)j) * (size_t)e->lanes + (size_t)l];
    const double curvature = -e->mode[g].hessian[(j * (j + 1) / 2 + j) * e->lanes + l];
    const double sd = variance > 0 ? sqrt(variance) : curvature > 0 ? 1 / sqrt(curvature) : 1;
    return 1e-3 * fmin(sd, 1);
}

static void differentiate(leaf_of *w, size_t g)
{
    const em_estep *e = w->estep;
    const em_target target = em_estep_target(e, g);
    const int n = e->n, lanes = e->lanes, rows = n * (n + 1) / 2 * lanes;
    double step[8];
    for (int j = 0; j < n; j++) {
        double *third = w->third + j * rows;
        memset(third, 0, (size_t)rows * sizeof *third);
        if (e->design->place[j] == EM_FIXED)
            continue;
        memcpy(w->x, e->mode[g].x, (size_t)(n * lanes) * sizeof *w->x);
        for (int l = 0; l < lanes; l++) {
            step[l] = step_of(w, g, j, l);
            w->x[j * lanes + l] = e->mode[g].x[j * lanes + l] + step[l];
        }
        em_target_score(&target, w->x, w->value, w->gradient, w->plus);
        for (int l = 0; l < lanes; l++)
            w->x[j * lanes + l] = e->mode[g].x[j * lanes + l] - step[l];
        em_target_score(&target, w->x, w->value, w->gradient, w->minus);
        for (int k = 0; k < rows; k++)
            third[k] = (w->plus[k] - w->minus[k]) / (2 * step[k % lanes]);
        w->evaluations += 2 * lanes;
    }
}

/* ---- one subject --------------------------------------------------------------------------------------------------------- */

static void look_at(const leaf_of *w, size_t g, int l, subject *s)
{
    const em_estep *e = w->estep;
    const em_mode *mode = &e->mode[g];
    const int n = e->n, lanes = e->lanes;
    double covariance[MOST * MOST];
    (void)em_posterior_covariance(&w->prior->prior, mode->hessian + l, lanes, covariance); /* definite: the subject is used */
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++) {
            s->c[i][j] = covariance[i * n + j];
            s->a[i][j] = -mode->hessian[(i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i) * lanes + l];
        }
        s->r[j] = mode->gradient[j * lanes + l];
    }
    if (mode->status[l] == EM_SUBJECT_KINK) { /* the gradient jumps there: the one that keeps the maximum */
        double d[MOST], pull[MOST];
        for (int j = 0; j < n; j++)
            d[j] = mode->x[j * lanes + l] - w->prior->mean[j * lanes + l];
        em_packed_product(n, w->prior->precision, d, pull);
        for (int j = 0; j < n; j++)
            s->r[j] = w->prior->spread[j] > 0 ? pull[j] : s->r[j];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            s->d[i][j] = i == j;
            for (int k = 0; k < n; k++)
                s->d[i][j] -= s->c[i][k] * s->a[k][j];
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            s->w[i][j] = 0;
            for (int k = 0; k < n; k++)
                s->w[i][j] += s->a[i][k] * s->d[k][j];
        }
}

/* moved[c][i][j] = sum over directions of third derivatives times D on all three sides. A maximum on a kink has none. */
static void move_third(leaf_of *w, size_t g, int l, const subject *s)
{
    const int n = w->estep->n, lanes = w->estep->lanes, rows = n * (n + 1) / 2 * lanes;
    double *to = w->moved, once[MOST][MOST], twice[MOST][MOST];
    memset(to, 0, (size_t)(n * n * n) * sizeof *to);
    if (w->estep->mode[g].status[l] == EM_SUBJECT_KINK)
        return;
    for (int k = 0; k < n; k++) {
        const double *third = w->third + k * rows;
        for (int i = 0; i < n; i++)
            for (int b = 0; b < n; b++) {
                once[i][b] = 0;
                for (int j = 0; j < n; j++)
                    once[i][b] += third[(i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i) * lanes + l] * s->d[j][b];
            }
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) {
                twice[a][b] = 0;
                for (int i = 0; i < n; i++)
                    twice[a][b] += s->d[i][a] * once[i][b];
            }
        for (int c = 0; c < n; c++)
            for (int a = 0; a < n; a++)
                for (int b = 0; b < n; b++)
                    to[(c * n + a) * n + b] += s->d[k][c] * twice[a][b];
    }
}

/* What each coordinate does to m + Sigma r while r is held: e_a times its column, or E r. */
static void find_directions(const leaf_of *w, size_t g, int l, const subject *s, double *q)
{
    const em_coordinates *at = w->at;
    const em_group_design *design = w->estep->design;
    const int n = w->estep->n, m = at->n_means;
    memset(w->along, 0, (size_t)((m + at->n_covs) * n) * sizeof *w->along);
    for (int i = 0; i < m; i++) {
        q[i] = at->slope[i] < 0 ? 1 : design->column[(g * (size_t)design->n_slopes + (size_t)at->slope[i]) * (size_t)w->estep->lanes + (size_t)l];
        w->along[i * n + at->parameter[i]] = q[i];
    }
    for (int k = 0; k < at->n_covs; k++) {
        double *u = w->along + (m + k) * n;
        u[at->row[k]] = s->r[at->col[k]];
        u[at->col[k]] = s->r[at->row[k]];
    }
}

static void add_lane(leaf_of *w, size_t g, int l, double weight, double *j_sum)
{
    const em_coordinates *at = w->at;
    const int n = w->estep->n, m = at->n_means, D = m + at->n_covs;
    subject s;
    double q[EM_MAX_PARAMETERS + EM_MAX_SLOPES], turned[MOST], pulled[MOST][MOST];
    look_at(w, g, l, &s);
    move_third(w, g, l, &s);
    find_directions(w, g, l, &s, q);
    for (int t = 0; t < D; t++) {
        const double *u = w->along + t * n;
        for (int i = 0; i < n; i++) {
            turned[i] = 0;
            for (int j = 0; j < n; j++)
                turned[i] += s.w[i][j] * u[j];
        }
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) {
                pulled[i][j] = 0;
                for (int c = 0; c < n; c++)
                    pulled[i][j] += u[c] == 0 ? 0 : u[c] * w->moved[(c * n + i) * n + j];
                if (t >= m) {
                    const int a = at->row[t - m], b = at->col[t - m];
                    pulled[i][j] += a == b ? s.w[i][a] * s.w[a][j] : s.w[i][a] * s.w[b][j] + s.w[i][b] * s.w[a][j];
                }
            }
        for (int i = 0; i < m; i++)
            j_sum[i * D + t] += weight * q[i] * turned[at->parameter[i]];
        for (int k = 0; k < at->n_covs; k++) {
            const int a = at->row[k], b = at->col[k];
            j_sum[(m + k) * D + t] += weight * (a == b ? 0.5 : 1) * (turned[a] * s.r[b] + s.r[a] * turned[b] - pulled[a][b]);
        }
    }
}

static void add_group(void *where, size_t group, double *sum)
{
    leaf_of *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first, lanes = (size_t)e->lanes;
    const int D = w->at->n_means + w->at->n_covs;
    memset(sum, 0, (size_t)(D * D) * sizeof *sum);
    if (w->stopped > 0 || (e->pause && e->pause(e->pause_where))) {
        w->stopped = 1;
        return;
    }
    em_group_prior_at(w->prior, e->design, w->group, g, e->lanes);
    differentiate(w, g);
    for (size_t l = 0; l < lanes; l++)
        if (e->posterior[g * lanes + l].used && e->weight[g * lanes + l] > 0)
            add_lane(w, g, (int)l, e->weight[g * lanes + l], sum);
}

/* ---- the covariance of the estimates ---------------------------------------------------------------------------------------- */

/* Directions in which the group can move: columns of basis [D, most]; returns how many. The held ones are left out. */
static int find_basis(const em_coordinates *at, int n, const em_group_values *group, const bool *unbounded, bool full, double *basis)
{
    const int m = at->n_means, D = m + at->n_covs;
    double factor[MOST * MOST], null[MOST * MOST];
    int count = 0;
    memset(basis, 0, (size_t)(D * D) * sizeof *basis);
    for (int i = 0; i < m; i++)
        if (!unbounded[at->parameter[i]])
            basis[i * D + count++] = 1;
    const int lost = full ? em_group_factor(group, n, factor, null) : 0;
    bool mixed = false;
    for (int k = 0; k < lost * n; k++)
        mixed = mixed || (null[k] != 0 && null[k] != 1);
    if (!mixed) {
        for (int k = 0; k < at->n_covs; k++)
            if (group->var[at->row[k]] > 0 && group->var[at->col[k]] > 0)
                basis[(m + k) * D + count++] = 1;
        return count;
    }
    for (int a = 0; a < n; a++) /* Sigma = F F' moves by F (e_a e_b' + e_b e_a') F' and stays in its range */
        for (int b = 0; b <= a; b++) {
            double size = 0;
            for (int k = 0; k < at->n_covs; k++) {
                const int i = at->row[k], j = at->col[k];
                basis[(m + k) * D + count] = factor[i * n + a] * factor[j * n + b] + factor[i * n + b] * factor[j * n + a];
                size += fabs(basis[(m + k) * D + count]);
            }
            count += size > 0;
        }
    return count;
}

/* The symmetric part of basis (basis' J basis)^-1 basis'. */
static em_code invert(const double *j_sum, const double *basis, int D, int n, double *covariance, em_error *error)
{
    gsl_matrix *a = gsl_matrix_calloc((size_t)n, (size_t)n), *inverse = gsl_matrix_calloc((size_t)n, (size_t)n);
    gsl_permutation *order = gsl_permutation_alloc((size_t)n);
    double *through = em_new((size_t)(D * n), sizeof *through, error);
    bool good = a && inverse && order && through;
    for (int i = 0; i < D && good; i++)
        for (int k = 0; k < n; k++)
            for (int t = 0; t < D; t++)
                through[i * n + k] += basis[t * D + k] == 0 ? 0 : j_sum[i * D + t] * basis[t * D + k];
    for (int i = 0; i < n && good; i++)
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int t = 0; t < D; t++)
                sum += basis[t * D + i] == 0 ? 0 : basis[t * D + i] * through[t * n + k];
            gsl_matrix_set(a, (size_t)i, (size_t)k, sum);
        }
    int sign;
    good = good && gsl_linalg_LU_decomp(a, order, &sign) == 0;
    bool regular = good;
    for (int i = 0; i < n && regular; i++)
        regular = gsl_matrix_get(a, (size_t)i, (size_t)i) != 0 && isfinite(gsl_matrix_get(a, (size_t)i, (size_t)i));
    if (regular)
        gsl_linalg_LU_invert(a, order, inverse);
    for (int i = 0; i < D && good; i++)
        for (int k = 0; k < D; k++) {
            double sum = 0;
            for (int t = 0; t < n; t++)
                for (int u = 0; u < n; u++)
                    if (basis[i * D + t] != 0 && basis[k * D + u] != 0)
                        sum += basis[i * D + t] * basis[k * D + u] * 0.5 *
                               (gsl_matrix_get(inverse, (size_t)t, (size_t)u) + gsl_matrix_get(inverse, (size_t)u, (size_t)t));
            covariance[i * D + k] = regular ? sum : NAN;
        }
    gsl_matrix_free(a);
    gsl_matrix_free(inverse);
    gsl_permutation_free(order);
    free(through);
    return good ? EM_OK : em_fail(error, EM_MACHINE, "out of memory");
}

/* Who is held, or has no positive variance as an estimate, has no covariance with anybody. */
static void mark_held(const double *basis, int D, int n, double *covariance)
{
    for (int i = 0; i < D; i++) {
        bool moves = false;
        for (int k = 0; k < n; k++)
            moves = moves || basis[i * D + k] != 0;
        if (moves && covariance[i * D + i] > 0)
            continue;
        for (int k = 0; k < D; k++)
            covariance[i * D + k] = covariance[k * D + i] = NAN;
    }
}

static em_code make_room(leaf_of *w, em_error *error)
{
    const size_t n = (size_t)w->estep->n, lanes = (size_t)w->estep->lanes, pairs = n * (n + 1) / 2;
    const size_t D = (size_t)(w->at->n_means + w->at->n_covs);
    w->x = em_new_aligned(n * lanes, sizeof(double), error);
    w->value = em_new_aligned(lanes, sizeof(double), error);
    w->gradient = em_new_aligned(n * lanes, sizeof(double), error);
    w->plus = em_new_aligned(pairs * lanes, sizeof(double), error);
    w->minus = em_new_aligned(pairs * lanes, sizeof(double), error);
    w->third = em_new(n * pairs * lanes, sizeof(double), error);
    w->moved = em_new(n * n * n, sizeof(double), error);
    w->along = em_new(D * n, sizeof(double), error);
    return w->x && w->value && w->gradient && w->plus && w->minus && w->third && w->moved && w->along ? EM_OK : EM_MACHINE;
}

static void free_room(leaf_of *w)
{
    double *const all[] = {w->x, w->value, w->gradient, w->plus, w->minus, w->third, w->moved, w->along};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

em_code em_uncertainty(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_group_values *group,
                       const bool *unbounded, double *covariance, double *evaluations, em_error *error)
{
    const em_coordinates at = em_coordinates_of(estep->design);
    const int D = at.n_means + at.n_covs;
    em_group_prior prior;
    em_group_make_prior(&prior, group, estep->n, false);
    leaf_of leaf = {.estep = estep, .at = &at, .prior = &prior, .first = plan->first[em_comm_rank(comm)], .group = group};
    double *j_sum = em_new((size_t)(D * D), sizeof *j_sum, error), *basis = em_new((size_t)(D * D), sizeof *basis, error);
    em_code code = make_room(&leaf, error);
    code = em_comm_agree(comm, j_sum && basis ? code : EM_MACHINE, error);
    if (code == EM_OK)
        code = em_treesum(comm, plan, D * D, add_group, &leaf, j_sum, error);
    em_comm_most(comm, &leaf.stopped, 1);
    if (code == EM_OK && leaf.stopped > 0)
        code = em_fail(error, EM_STOPPED, "stopped by a signal");
    if (code == EM_OK) {
        const int n = find_basis(&at, estep->n, group, unbounded, estep->design->full, basis);
        if (n > 0) /* else all of the group is held */
            code = invert(j_sum, basis, D, n, covariance, error);
        if (code == EM_OK)
            mark_held(basis, D, n, covariance);
    }
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK)
        em_comm_share(comm, covariance, (size_t)(D * D) * sizeof *covariance);
    *evaluations += leaf.evaluations;
    free_room(&leaf);
    free(j_sum);
    free(basis);
    return code;
}
