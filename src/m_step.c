#include "m_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "linalg.h"
#include "treesum.h"

enum { MOST = EM_MAX_PARAMETERS, MOST_MEANS = EM_MAX_PARAMETERS + EM_MAX_SLOPES };

/* Sums over subjects, by weight, with q the column of a mean or slope (1 for a mean) and e = x - m what is left of the modes: */
typedef struct {
    double *used;   /* 1 */
    double *qq;     /* [m(m+1)/2] q_i q_j */
    double *qe;     /* [m, P] q_i e_j */
    double *spread; /* [c] e e' + H^-1 */
} moments;

static int n_moments(const em_coordinates *at, int n)
{
    return 1 + at->n_means * (at->n_means + 1) / 2 + at->n_means * n + at->n_covs;
}

static moments moments_in(double *store, const em_coordinates *at, int n)
{
    moments s = {.used = store, .qq = store + 1};
    s.qe = s.qq + at->n_means * (at->n_means + 1) / 2;
    s.spread = s.qe + at->n_means * n;
    return s;
}

typedef struct {
    const em_estep *estep;
    const em_coordinates *at;
    const em_group_values *group;
    em_group_prior *prior;
    size_t first; /* this rank's first group */
} leaf_of;

static void add_lane(const leaf_of *w, size_t g, int l, double weight, const moments *s)
{
    const em_estep *e = w->estep;
    const em_group_design *design = e->design;
    const em_coordinates *at = w->at;
    const em_mode *mode = &e->mode[g];
    const int n = e->n, lanes = e->lanes;
    double left[MOST], q[MOST_MEANS], c[MOST * MOST];
    for (int j = 0; j < n; j++)
        left[j] = mode->x[j * lanes + l] - w->prior->mean[j * lanes + l];
    for (int i = 0; i < at->n_means; i++)
        q[i] = at->slope[i] < 0 ? 1 : design->column[(g * (size_t)design->n_slopes + (size_t)at->slope[i]) * (size_t)lanes + (size_t)l];
    if (design->full)
        (void)em_posterior_covariance(&w->prior->prior, mode->hessian + l, lanes, c); /* definite: the subject is used */
    *s->used += weight;
    for (int i = 0; i < at->n_means; i++) {
        for (int j = 0; j <= i; j++)
            s->qq[i * (i + 1) / 2 + j] += weight * q[i] * q[j];
        for (int j = 0; j < n; j++)
            s->qe[i * n + j] += weight * q[i] * left[j];
    }
    for (int k = 0; k < at->n_covs; k++) {
        const int i = at->row[k], j = at->col[k];
        const double own = design->full ? c[i * n + j] : e->variance[(g * (size_t)n + (size_t)i) * (size_t)lanes + (size_t)l];
        s->spread[k] += weight * (left[i] * left[j] + own);
    }
}

static void add_group(void *where, size_t group, double *terms)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first, lanes = (size_t)e->lanes;
    memset(terms, 0, (size_t)n_moments(w->at, e->n) * sizeof *terms);
    const moments s = moments_in(terms, w->at, e->n);
    em_group_prior_at(w->prior, e->design, w->group, g, e->lanes);
    for (size_t l = 0; l < lanes; l++)
        if (e->posterior[g * lanes + l].used && e->weight[g * lanes + l] > 0)
            add_lane(w, g, (int)l, e->weight[g * lanes + l], &s);
}

/* Least squares for how far means and slopes move, under this covariance; false where the sums are singular. */
static bool move_means(const moments *s, const em_coordinates *at, int n, const em_group_values *cov, double *move)
{
    const int m = at->n_means;
    em_group_prior prior;
    em_group_make_prior(&prior, cov, n, false);
    double *a = malloc((size_t)(m * (m + 1) / 2) * sizeof *a);
    if (!a)
        return false;
    for (int i = 0; i < m; i++) {
        const int p = at->parameter[i];
        move[i] = 0;
        for (int j = 0; j < n; j++)
            move[i] += (p >= j ? prior.precision[p * (p + 1) / 2 + j] : prior.precision[j * (j + 1) / 2 + p]) * s->qe[i * n + j];
        for (int j = 0; j <= i; j++) {
            const int o = at->parameter[j];
            a[i * (i + 1) / 2 + j] =
                (p >= o ? prior.precision[p * (p + 1) / 2 + o] : prior.precision[o * (o + 1) / 2 + p]) * s->qq[i * (i + 1) / 2 + j];
        }
    }
    const bool good = em_cholesky(m, a, a);
    if (good)
        em_cholesky_solve(m, a, move, move);
    free(a);
    return good;
}

/* The covariance about means that have moved. */
static void spread_about(const moments *s, const em_coordinates *at, int n, const double *move, em_group_values *to)
{
    for (int k = 0; k < at->n_covs; k++) {
        const int row = at->row[k], col = at->col[k];
        double sum = s->spread[k];
        for (int i = 0; i < at->n_means; i++) {
            if (at->parameter[i] == row)
                sum -= move[i] * s->qe[i * n + col];
            if (at->parameter[i] == col)
                sum -= move[i] * s->qe[i * n + row];
            for (int j = 0; j < at->n_means && at->parameter[i] == row; j++)
                if (at->parameter[j] == col)
                    sum += move[i] * move[j] * s->qq[i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i];
        }
        if (row == col)
            to->var[row] = sum / *s->used;
        else
            *em_group_off(to, row, col) = sum / *s->used;
    }
}

static void solve(const moments *s, const em_coordinates *at, int n, const em_group_values *group, em_group_values *next)
{
    enum { MOST_ROUNDS = 200 };
    double move[MOST_MEANS] = {0}, before[MOST_MEANS] = {0};
    em_group_values cov = *group;
    bool settled = false;
    for (int round = 0; round < MOST_ROUNDS && !settled; round++) {
        if (!move_means(s, at, n, &cov, move))
            memcpy(move, before, sizeof move);
        settled = true;
        for (int i = 0; i < at->n_means; i++)
            settled = settled && fabs(move[i] - before[i]) <= 1e-13 * sqrt(cov.var[at->parameter[i]]);
        memcpy(before, move, sizeof move);
        spread_about(s, at, n, move, &cov);
    }
    *next = cov;
    for (int i = 0; i < at->n_means; i++)
        *(at->slope[i] < 0 ? &next->mu[at->parameter[i]] : &next->slope[at->slope[i]]) += move[i];
}

em_code em_m_step(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_group_values *group, em_group_values *next,
                  em_error *error)
{
    const em_coordinates at = em_coordinates_of(estep->design);
    double *store = em_new((size_t)n_moments(&at, estep->n), sizeof *store, error);
    em_group_prior prior;
    em_group_make_prior(&prior, group, estep->n, false);
    leaf_of leaf = {estep, &at, group, &prior, plan->first[em_comm_rank(comm)]};
    em_code code = em_comm_agree(comm, store ? EM_OK : EM_MACHINE, error);
    if (code == EM_OK)
        code = em_treesum(comm, plan, n_moments(&at, estep->n), add_group, &leaf, store, error);
    if (code == EM_OK) {
        const moments s = moments_in(store, &at, estep->n);
        solve(&s, &at, estep->n, group, next);
        /* Rank 0's word, so that all go on alike even where their mathematical libraries round differently. */
        em_comm_share(comm, next, sizeof *next);
    }
    free(store);
    return code;
}
