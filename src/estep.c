#include "estep.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>

#include "error.h"
#include "isa.h"
#include "linalg.h"
#include "random.h"

enum { MODES_KEPT = 16 };             /* different maxima of a subject that are told apart */

/* ---- life ------------------------------------------------------------------------------------------------------- */

/* Sobol points, shifted by the seed (Cranley & Patterson 1976), as standard normal deviates. */
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
            e->points[i * e->n + j] = gsl_cdf_ugaussian_Pinv(0.01 + 0.98 * (v - floor(v)));
        }
    }
    gsl_qrng_free(sobol);
    return EM_OK;
}

em_code em_estep_new(const em_model *model, const em_kernel *kernel, int options, const em_group_data *groups,
                     size_t n_groups, int starts, uint64_t seed, double tolerance, em_estep *estep,
                     em_error *error)
{
    const size_t P = (size_t)model->n_parameters, L = (size_t)kernel->lanes, size = em_mode_size((int)P, (int)L);
    *estep = (em_estep){.n = (int)P, .lanes = (int)L, .n_groups = n_groups, .groups = groups, .n_points = starts - 1,
                        .tolerance = tolerance};
    for (int order = 0; order < 3; order++)
        estep->score[order] = em_isa_score(kernel, order, options);
    estep->store = em_new_aligned(n_groups * size, sizeof(double), error);
    estep->mode = em_new(n_groups, sizeof *estep->mode, error);
    estep->posterior = em_new(n_groups * L, sizeof *estep->posterior, error);
    estep->variance = em_new(n_groups * P * L, sizeof(double), error);
    estep->work = em_new_aligned(size + ((size_t)estep->n_points * L + 7) / 8 * 8, sizeof(double), error);
    estep->points = em_new((size_t)estep->n_points * P, sizeof(double), error);
    em_code code = em_search_new((int)P, (int)L, &estep->search, error);
    if (!estep->store || !estep->mode || !estep->posterior || !estep->variance || !estep->work || !estep->points)
        code = EM_MACHINE;
    if (code == EM_OK)
        code = make_points(estep, seed, error);
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
    free(e->work);
    free(e->points);
    em_search_free(e->search);
    *e = (em_estep){0};
}

/* ---- searches --------------------------------------------------------------------------------------------------- */

/* Which lanes hold a subject. */
static unsigned occupied(const em_estep *e, const em_group_data *group)
{
    unsigned bits = 0;
    for (int l = 0; l < e->lanes; l++)
        bits |= (unsigned)(group->member[l] != EM_NOBODY) << l;
    return bits;
}

static void search(em_estep *e, const em_group_data *group, const em_prior *prior, unsigned active, bool known, em_mode *mode)
{
    const int n = em_search_maximum(e->search, e->score[2], &group->batch, prior, e->tolerance, active, known, mode);
    e->evaluations += (double)n * e->lanes;
}

static double objective(const em_estep *e, const em_prior *prior, const em_mode *mode, int l)
{
    const double f = em_objective(prior, mode->x + l, e->lanes, mode->value[l]);
    return mode->status[l] == EM_SUBJECT_NO_VALUE || isnan(f) ? INFINITY : f;
}

/* Distance between two points of a lane, in the prior's standard deviations (at most 1 each). */
static double apart(const em_estep *e, const em_prior *prior, const em_mode *a, const em_mode *b, int l)
{
    double most = 0;
    for (int j = 0; j < e->n; j++)
        most = fmax(most, fabs(a->x[j * e->lanes + l] - b->x[j * e->lanes + l]) / fmin(1, prior->spread[j]));
    return most;
}

/* The objective at every point of the list, for all lanes: values only. screened [n_points, lanes] */
static void screen(em_estep *e, const em_group_data *group, const em_prior *prior, em_mode *at, double *screened)
{
    for (int i = 0; i < e->n_points; i++) {
        for (int j = 0; j < e->n; j++)
            for (int l = 0; l < e->lanes; l++)
                at->x[j * e->lanes + l] = prior->mean[j] + prior->spread[j] * e->points[i * e->n + j];
        e->score[0](&group->batch, &(em_point){.x = at->x}, at->value, NULL, NULL);
        e->evaluations += e->lanes;
        for (int l = 0; l < e->lanes; l++)
            screened[i * e->lanes + l] = em_objective(prior, at->x + l, e->lanes, at->value[l]);
    }
}

/* The point with the least objective that is still there for lane l, which is then taken; -1: none is finite. */
static int take_best(const em_estep *e, double *screened, int l)
{
    int best = -1;
    for (int i = 0; i < e->n_points; i++) {
        const double f = screened[i * e->lanes + l];
        if (isfinite(f) && (best < 0 || f < screened[best * e->lanes + l]))
            best = i;
    }
    if (best >= 0)
        screened[best * e->lanes + l] = INFINITY;
    return best;
}

/* Different maxima of the lanes, told apart by their objective. */
typedef struct {
    double f[8][MODES_KEPT];
    int n[8];
} maxima;

static bool is_new(maxima *known, int l, double f)
{
    for (int i = 0; i < known->n[l]; i++)
        if (fabs(known->f[l][i] - f) <= 1e-6 * (1 + fabs(f)))
            return false;
    if (known->n[l] < MODES_KEPT)
        known->f[l][known->n[l]++] = f;
    return true;
}

/* For the lanes in `all`, the best of searches from the group mean and, one by one, from the screened points that look best. A lane is content
 * when two searches in a row, at least, ended where it already was; so only subjects with several maxima cost more. */
static void wide_search(em_estep *e, size_t g, const em_prior *prior, unsigned all)
{
    const em_group_data *group = &e->groups[g];
    em_mode *best = &e->mode[g], other = em_mode_in(e->work, e->n, e->lanes);
    double *screened = e->work + em_mode_size(e->n, e->lanes);
    maxima known = {.n = {0}};
    int agreed[8] = {0};
    for (int j = 0; j < e->n; j++)
        for (int l = 0; l < e->lanes; l++)
            if (all >> l & 1)
                best->x[j * e->lanes + l] = prior->mean[j];
    search(e, group, prior, all, false, best);
    for (int l = 0; l < e->lanes; l++)
        if (all >> l & 1 && best->status[l] != EM_SUBJECT_NO_VALUE)
            is_new(&known, l, objective(e, prior, best, l));
    screen(e, group, prior, &other, screened);
    for (unsigned active = all; active && e->n_points > 0;) {
        for (int l = 0; l < e->lanes; l++) {
            const int from = active >> l & 1 ? take_best(e, screened, l) : -1;
            if (from < 0)
                active &= ~(1u << l);
            for (int j = 0; j < e->n; j++)
                other.x[j * e->lanes + l] =
                    from < 0 ? best->x[j * e->lanes + l] : prior->mean[j] + prior->spread[j] * e->points[from * e->n + j];
        }
        if (!active)
            break;
        search(e, group, prior, active, false, &other);
        for (int l = 0; l < e->lanes; l++) {
            if (!(active >> l & 1))
                continue;
            const double f = objective(e, prior, &other, l), f_best = objective(e, prior, best, l);
            const bool another = isfinite(f) && is_new(&known, l, f) && apart(e, prior, best, &other, l) > 1e-4;
            agreed[l] = another ? 0 : agreed[l] + 1;
            if (f < f_best)
                em_mode_copy(best, &other, e->n, e->lanes, 1u << l);
            if (agreed[l] >= (known.n[l] > 1 ? 4 : 1))
                active &= ~(1u << l);
        }
    }
    for (int l = 0; l < e->lanes; l++)
        if (all >> l & 1)
            e->posterior[g * (size_t)e->lanes + (size_t)l].modes = known.n[l];
}

/* ---- what follows from a mode ----------------------------------------------------------------------------------- */

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
        post->status = mode->status[l];
        const double f = objective(e, prior, mode, l);
        em_posterior_hessian(prior, mode->hessian + l, e->lanes, h);
        const bool found = post->status != EM_SUBJECT_NO_VALUE && isfinite(f);
        const bool definite = found && em_cholesky(e->n, h, h);
        if (found && !definite && post->status != EM_SUBJECT_RUNAWAY)
            post->status = EM_SUBJECT_INDEFINITE;
        post->used = definite && post->status != EM_SUBJECT_RUNAWAY;
        post->log_likelihood = found ? mode->value[l] : NAN;
        post->log_marginal_likelihood = NAN;
        if (!post->used)
            continue;
        em_cholesky_inverse_diagonal(e->n, h, diagonal, work);
        for (int j = 0; j < e->n; j++)
            e->variance[(g * (size_t)e->n + (size_t)j) * (size_t)e->lanes + (size_t)l] = diagonal[j];
        if (!prior->none)
            post->log_marginal_likelihood =
                -f + prior->log_norm + 0.5 * e->n * log(2 * M_PI) - 0.5 * em_cholesky_log_det(e->n, h);
    }
}

/* Lanes whose last E-step left no point to start from, or no maximum there. */
static unsigned lost(const em_estep *e, size_t g)
{
    unsigned bits = 0;
    for (int l = 0; l < e->lanes; l++) {
        const em_posterior *post = &e->posterior[g * (size_t)e->lanes + (size_t)l];
        if (e->groups[g].member[l] != EM_NOBODY && !post->used)
            bits |= 1u << l;
    }
    return bits;
}

void em_estep_run(em_estep *e, const em_prior *prior, bool wide)
{
    for (size_t g = 0; g < e->n_groups; g++) {
        const unsigned all = occupied(e, &e->groups[g]), again = wide ? all : lost(e, g);
        if (again)
            wide_search(e, g, prior, again);
        if (all & ~again)
            search(e, &e->groups[g], prior, all & ~again, true, &e->mode[g]);
        conclude(e, g, prior);
    }
}
