#include "estep.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "isa.h"
#include "linalg.h"
#include "random.h"

/* ---- life ------------------------------------------------------------------------------------------------------- */

/* Sobol points, shifted by the seed (Cranley & Patterson 1976), as normal deviates of standard deviation 0.7: as many
 * maxima are met as with 1 (or more: extreme values lie on plateaus), in fewer steps. */
static em_code make_points(em_estep *e, uint64_t seed, em_error *error)
{
    if (e->n_points == 0)
        return EM_OK;
    gsl_qrng *sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)e->n);
    if (!sobol)
        return em_fail(error, EM_MACHINE, "out of memory");
    double shift[EM_MAX_PARAMETERS], u[EM_MAX_PARAMETERS];
    em_random random = em_random_start(seed, 0);
    for (int j = 0; j < e->n; j++)
        shift[j] = em_random_uniform(&random);
    for (int i = 0; i < e->n_points; i++) {
        gsl_qrng_get(sobol, u);
        for (int j = 0; j < e->n; j++) {
            const double v = u[j] + shift[j];
            e->points[i * e->n + j] = 0.7 * gsl_cdf_ugaussian_Pinv(0.01 + 0.98 * (v - floor(v)));
        }
    }
    gsl_qrng_free(sobol);
    return EM_OK;
}

em_code em_estep_new(const em_view *view, const em_group_design *design, const em_kernel *kernel, int options,
                     const em_group_data *groups, size_t n_groups, int starts, uint64_t seed, em_estep *estep, em_error *error)
{
    const size_t P = (size_t)view->n, L = (size_t)kernel->lanes, size = em_mode_size((int)P, (int)L);
    *estep = (em_estep){.n = (int)P, .lanes = (int)L, .n_groups = n_groups, .groups = groups, .n_points = starts - 1,
                        .view = view, .design = design};
    estep->score = em_isa_score(kernel, options);
    estep->store = em_new_aligned(n_groups * size, sizeof(double), error);
    estep->mode = em_new(n_groups, sizeof *estep->mode, error);
    estep->posterior = em_new(n_groups * L, sizeof *estep->posterior, error);
    estep->variance = em_new(n_groups * P * L, sizeof(double), error);
    estep->weight = em_new(n_groups * L, sizeof(double), error);
    estep->done = em_new(n_groups, sizeof *estep->done, error);
    estep->saved = em_new_aligned(n_groups * size, sizeof(double), error);
    estep->saved_posterior = em_new(n_groups * L, sizeof *estep->saved_posterior, error);
    estep->work = em_new_aligned(size, sizeof(double), error);
    estep->points = em_new((size_t)estep->n_points * P, sizeof(double), error);
    em_code code = em_search_new((int)P, (int)L, &estep->search, error);
    if (!estep->store || !estep->weight || !estep->done || !estep->mode || !estep->posterior || !estep->variance || !estep->saved || !estep->saved_posterior || !estep->work || !estep->points)
        code = EM_MACHINE;
    if (code == EM_OK)
        code = make_points(estep, seed, error);
    for (size_t i = 0; code == EM_OK && i < n_groups * L; i++)
        estep->weight[i] = 1;
    for (size_t g = 0; code == EM_OK && g < n_groups; g++)
        estep->mode[g] = em_mode_in(estep->store + g * size, (int)P, (int)L);
    if (code != EM_OK)
        em_estep_free(estep);
    return code;
}

void em_estep_free(em_estep *e)
{
    free(e->store);
    free(e->mode);
    free(e->posterior);
    free(e->variance);
    free(e->weight);
    free(e->done);
    free(e->saved);
    free(e->saved_posterior);
    free(e->work);
    free(e->points);
    em_search_free(e->search);
    *e = (em_estep){0};
}

void em_estep_save(em_estep *e)
{
    memcpy(e->saved, e->store, e->n_groups * em_mode_size(e->n, e->lanes) * sizeof *e->store);
    memcpy(e->saved_posterior, e->posterior, e->n_groups * (size_t)e->lanes * sizeof *e->posterior);
}

void em_estep_restore(em_estep *e)
{
    memcpy(e->store, e->saved, e->n_groups * em_mode_size(e->n, e->lanes) * sizeof *e->store);
    memcpy(e->posterior, e->saved_posterior, e->n_groups * (size_t)e->lanes * sizeof *e->posterior);
    for (size_t g = 0; g < e->n_groups; g++)
        for (int l = 0; l < e->lanes; l++)
            e->mode[g].status[l] = e->posterior[g * (size_t)e->lanes + (size_t)l].status;
}

void em_estep_give(em_estep *e, const em_group_values *group, const double *map, const int32_t *modes)
{
    double mean[8 * EM_MAX_PARAMETERS];
    for (size_t g = 0; g < e->n_groups; g++) {
        em_group_means(e->design, group, g, e->lanes, mean);
        for (int l = 0; l < e->lanes; l++) {
            const uint32_t s = e->groups[g].member[l];
            for (int j = 0; j < e->n; j++) {
                const double x = s == EM_NOBODY ? NAN : map[s * (size_t)e->n + (size_t)j];
                e->mode[g].x[j * e->lanes + l] = isfinite(x) && group->var[j] > 0 ? x : mean[j * e->lanes + l];
            }
            if (s != EM_NOBODY)
                e->posterior[g * (size_t)e->lanes + (size_t)l].modes = modes[s];
        }
    }
}

/* ---- searches --------------------------------------------------------------------------------------------------- */

/* Which lanes hold a subject that counts. */
static unsigned occupied(const em_estep *e, size_t g)
{
    unsigned bits = 0;
    for (int l = 0; l < e->lanes; l++)
        bits |= (unsigned)(e->groups[g].member[l] != EM_NOBODY && e->weight[g * (size_t)e->lanes + (size_t)l] > 0) << l;
    return bits;
}

em_target em_estep_target(const em_estep *e, size_t g)
{
    return (em_target){.score = e->score, .batch = &e->groups[g].batch, .view = e->view, .condition = e->groups[g].condition,
                       .lanes = e->lanes};
}

static double objective(const em_estep *e, const em_prior *prior, const em_mode *mode, int l)
{
    const double f = em_objective(prior, l, mode->x + l, e->lanes, mode->value[l]);
    return mode->status[l] == EM_SUBJECT_NO_VALUE || isnan(f) ? INFINITY : f;
}

/* The hunt for the highest of several maxima of each lane. A search that comes close to a maximum already known ends
 * there, so that most of the later ones are short. */
enum { MODES_KEPT = 16 }; /* different maxima of a subject that are told apart */
typedef struct {
    em_estep *e;
    const em_prior *prior;
    em_mode *best, at;  /* the best so far; where the search is */
    double best_f[8];
    double f[8][MODES_KEPT], x[8][MODES_KEPT][EM_MAX_PARAMETERS]; /* the maxima known */
    int n_known[8];
    int left[8], point[8]; /* starts that are left, the group mean (-1) first; the next one */
    bool arrived[8]; /* the lane's search ended because it came near a maximum that is known */
    double slack;    /* how much higher than where its search ended a maximum may be */
} hunting;

/* Is (x, f, Hessian h) on its way into a maximum that is known, or that maximum? Symmetric maxima are equally high. */
static bool is_known(const hunting *w, int l, const double *x, double f, const double *h)
{
    for (int i = 0; i < w->n_known[l]; i++) {
        double d[EM_MAX_PARAMETERS];
        for (int j = 0; j < w->e->n; j++)
            d[j] = x[j] - w->x[l][i][j];
        /* near enough for the quadratic model to hold, and the height that it foretells */
        const double rise = 0.5 * em_packed_quadratic(w->e->n, h, d), seen = f - w->f[l][i];
        if (rise < 2 && fabs(seen - rise) < (rise < 0.5 ? 0.5 : 0.3) * rise + w->slack + 1e-9 * (1 + fabs(f)))
            return true;
    }
    return false;
}

static bool arrives(void *where, int l, const double *x, double f, const double *h)
{
    hunting *w = where;
    return w->arrived[l] = is_known(w, l, x, f, h);
}

static bool is_maximum(int status) { return status == EM_SUBJECT_GOOD || status == EM_SUBJECT_KINK; }

/* Keeps where a search has ended: the best of all ends, where a maximum goes before a mere point that is little lower, and
 * the list of maxima. */
static void remember_end(hunting *w, int l, double f)
{
    const bool maximum = is_maximum(w->at.status[l]), best_is = is_maximum(w->best->status[l]);
    const double slack = maximum == best_is ? 1e-9 * (1 + fabs(f)) : maximum ? -0.01 : 0.01;
    if (isinf(w->best_f[l]) || f < w->best_f[l] - slack) {
        w->best_f[l] = f;
        em_mode_copy(w->best, &w->at, w->e->n, w->e->lanes, 1u << l);
    }
    if (!maximum || w->n_known[l] == MODES_KEPT)
        return;
    double x[EM_MAX_PARAMETERS], h[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2];
    for (int j = 0; j < w->e->n; j++)
        x[j] = w->at.x[j * w->e->lanes + l];
    em_posterior_hessian(w->prior, w->at.hessian + l, w->e->lanes, h);
    if (is_known(w, l, x, f, h))
        return;
    const int i = w->n_known[l]++;
    w->f[l][i] = f;
    memcpy(w->x[l][i], x, (size_t)w->e->n * sizeof *x);
}

static void put_point(const hunting *w, int l, int point)
{
    const em_prior *prior = w->prior;
    const int n = w->e->n, lanes = w->e->lanes;
    const double *z = point < 0 ? NULL : w->e->points + point % w->e->n_points * n;
    for (int j = 0; j < n; j++) {
        double away = 0;
        for (int k = 0; k < n && z; k++)
            away += prior->factor[j * n + k] * z[k];
        w->at.x[j * lanes + l] = prior->mean[j * lanes + l] + away;
    }
}

static bool next_start(void *where, int l)
{
    hunting *w = where;
    const double f = objective(w->e, w->prior, &w->at, l);
    if (isfinite(f) && !w->arrived[l])
        remember_end(w, l, f);
    w->arrived[l] = false;
    if (w->left[l]-- <= 0)
        return false;
    put_point(w, l, w->point[l]);
    w->point[l] = w->point[l] < 0 ? w->e->used : w->point[l] + 1;
    return true;
}

/* For the lanes in `all`: the highest maximum met from the group mean and the next `points` of the list; with `warm` also
 * from where the last E-step ended. */
static void hunt_best(em_estep *e, size_t g, const em_prior *prior, unsigned all, bool warm, int points, double tolerance)
{
    tolerance = fmin(tolerance, 0.3); /* maxima must be told apart */
    hunting w = {.e = e, .prior = prior, .best = &e->mode[g], .at = em_mode_in(e->work, e->n, e->lanes),
                 .slack = tolerance * tolerance};
    double before[8];
    for (int l = 0; l < e->lanes; l++) {
        w.best_f[l] = INFINITY;
        w.left[l] = warm ? points + 1 : points;
        w.point[l] = warm ? -1 : e->used;
        before[l] = objective(e, prior, w.best, l);
        put_point(&w, l, -1);
    }
    if (warm)
        em_mode_copy(&w.at, w.best, e->n, e->lanes, all);
    const em_hunt hunt = {&w, arrives, next_start};
    const em_target target = em_estep_target(e, g);
    const int n = em_search_maximum(e->search, &target, prior, tolerance, all, warm, &hunt, &w.at);
    e->evaluations += (double)n * e->lanes;
    for (int l = 0; l < e->lanes; l++) {
        if (!(all >> l & 1))
            continue;
        if (isinf(w.best_f[l])) /* no finite point: what the last search left says so */
            em_mode_copy(w.best, &w.at, e->n, e->lanes, 1u << l);
        em_posterior *post = &e->posterior[g * (size_t)e->lanes + (size_t)l];
        post->modes = w.n_known[l] > post->modes ? w.n_known[l] : post->modes;
        /* The first maximum of a warm hunt is the old one, polished. */
        post->moved = warm && w.n_known[l] > 1 && w.best_f[l] < fmin(w.f[l][0], before[l]) - 1e-6 - w.slack;
    }
}

/* ---- what follows from a mode ----------------------------------------------------------------------------------- */

/* sqrt(g' H^-1 g) of the log posterior, from the Cholesky factor of H: how far the mode is from a maximum. */
static double decrement(const em_estep *e, const em_prior *prior, const em_mode *mode, int l, const double *factor)
{
    double g[EM_MAX_PARAMETERS], x[EM_MAX_PARAMETERS], sum = 0;
    for (int j = 0; j < e->n; j++)
        x[j] = mode->x[j * e->lanes + l];
    em_posterior_gradient(prior, l, x, mode->gradient + l, e->lanes, g);
    em_cholesky_solve(e->n, factor, g, x);
    for (int j = 0; j < e->n; j++)
        sum += g[j] * x[j];
    return sqrt(fmax(sum, 0));
}

/* What directions without variance add to a parameter's variance in the inverse of em_posterior_hessian. */
static double null_part(const em_prior *prior, int j)
{
    double sum = 0;
    for (int k = 0; k < prior->n_null; k++)
        sum += prior->null[k * prior->n + j] * prior->null[k * prior->n + j];
    return sum;
}

static void conclude(em_estep *e, size_t g, const em_prior *prior)
{
    const em_mode *mode = &e->mode[g];
    double h[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2], diagonal[EM_MAX_PARAMETERS], work[EM_MAX_PARAMETERS];
    for (int l = 0; l < e->lanes; l++) {
        em_posterior *post = &e->posterior[g * (size_t)e->lanes + (size_t)l];
        if (e->groups[g].member[l] == EM_NOBODY) {
            *post = (em_posterior){0};
            continue;
        }
        if (e->weight[g * (size_t)e->lanes + (size_t)l] == 0)
            continue;
        post->status = mode->status[l];
        const double f = objective(e, prior, mode, l);
        em_posterior_hessian(prior, mode->hessian + l, e->lanes, h);
        const bool found = post->status != EM_SUBJECT_NO_VALUE && isfinite(f);
        const bool definite = found && em_cholesky(e->n, h, h);
        if (found && !definite && post->status != EM_SUBJECT_RUNAWAY)
            post->status = EM_SUBJECT_INDEFINITE;
        /* Without a maximum there is no Laplace approximation either. */
        if (definite && post->status == EM_SUBJECT_ROUGH && decrement(e, prior, mode, l, h) > 1e-3)
            post->status = EM_SUBJECT_LOST;
        post->used = definite && post->status != EM_SUBJECT_RUNAWAY && post->status != EM_SUBJECT_LOST;
        post->log_likelihood = found ? mode->value[l] : NAN;
        post->log_marginal_likelihood = post->log_posterior = NAN;
        if (!post->used)
            continue;
        em_cholesky_inverse_diagonal(e->n, h, diagonal, work);
        for (int j = 0; j < e->n; j++)
            e->variance[(g * (size_t)e->n + (size_t)j) * (size_t)e->lanes + (size_t)l] = diagonal[j] - null_part(prior, j);
        if (prior->none)
            continue;
        /* the (2 pi)^(P/2) of the prior and of Laplace's integral cancel */
        post->log_marginal_likelihood = -f + prior->half_log_det - 0.5 * em_cholesky_log_det(e->n, h);
        post->log_posterior = -f + prior->half_log_det - 0.5 * (e->n - prior->n_null) * log(2 * M_PI);
    }
}

/* Lanes whose last E-step left no point to start from, or no maximum there. */
static bool is_lost(const em_posterior *post) { return !post->used; }
static bool is_doubtful(const em_posterior *post) { return post->used && post->modes > 1; }

static unsigned which(const em_estep *e, size_t g, bool (*is)(const em_posterior *))
{
    unsigned bits = 0;
    for (int l = 0; l < e->lanes; l++)
        if (e->groups[g].member[l] != EM_NOBODY && is(&e->posterior[g * (size_t)e->lanes + (size_t)l]))
            bits |= 1u << l;
    return bits;
}

static void run_group(em_estep *e, size_t g, const em_prior *prior, em_estep_kind kind, int points, double tolerance)
{
    const bool anew = kind == EM_WIDE || kind == EM_GIVEN;
    const unsigned all = occupied(e, g), missing = anew ? 0 : all & which(e, g, is_lost);
    /* Who has no maximum is sought again whenever there is a look, and rests between. */
    const unsigned again = kind == EM_WIDE ? all : kind == EM_WARM ? 0 : missing;
    unsigned look = kind == EM_LOOK ? all & ~missing : kind == EM_DOUBT ? all & which(e, g, is_doubtful) : 0;
    if (e->n_points == 0)
        look = 0;
    const unsigned warm = all & ~again & ~look & ~missing;
    for (int l = 0; l < e->lanes; l++)
        e->posterior[g * (size_t)e->lanes + (size_t)l].moved = false;
    if (again)
        hunt_best(e, g, prior, again, false, kind == EM_LOOK ? e->n_points : points, tolerance);
    if (look)
        hunt_best(e, g, prior, look, true, points, tolerance);
    if (warm) {
        const em_target target = em_estep_target(e, g);
        e->evaluations += e->lanes * em_search_maximum(e->search, &target, prior, tolerance, warm, kind != EM_GIVEN, NULL,
                                                         &e->mode[g]);
    }
    conclude(e, g, prior);
}

void em_estep_advance(em_estep *e, const em_group_values *group, bool none, em_estep_kind kind, int points, double tolerance)
{
    em_group_prior store;
    em_group_make_prior(&store, group, e->n, none);
    for (size_t g = 0; g < e->n_groups; g++) {
        if (e->done[g])
            continue;
        if (e->pause && e->pause(e->pause_where))
            return;
        em_group_prior_at(&store, e->design, group, g, e->lanes);
        run_group(e, g, &store.prior, kind, points, tolerance);
        e->done[g] = true;
    }
}

void em_estep_complete(em_estep *e, em_estep_kind kind, int points)
{
    memset(e->done, 0, e->n_groups * sizeof *e->done);
    if (e->n_points)
        e->used = (e->used + (kind == EM_WARM || kind == EM_GIVEN ? 0 : points)) % e->n_points;
}

void em_estep_run(em_estep *e, const em_group_values *group, bool none, em_estep_kind kind, int points, double tolerance)
{
    bool (*const pause)(void *) = e->pause;
    e->pause = NULL;
    em_estep_advance(e, group, none, kind, points, tolerance);
    em_estep_complete(e, kind, points);
    e->pause = pause;
}
