#include "em.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "treesum.h"

/* ---- the prior that a group makes -------------------------------------------------------------------------------- */

typedef struct {
    em_prior prior;
    double precision[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2], spread[EM_MAX_PARAMETERS];
} prior_store;

static void make_prior(prior_store *store, const em_group_values *group, int n, bool none)
{
    memset(store, 0, sizeof *store);
    store->prior = (em_prior){n, group->mu, store->precision, store->spread, 0, none};
    for (int j = 0; j < n; j++) {
        store->spread[j] = sqrt(group->var[j]);
        if (none)
            continue;
        store->precision[j * (j + 1) / 2 + j] = 1 / group->var[j];
        store->prior.log_norm -= 0.5 * log(2 * M_PI * group->var[j]);
    }
}

/* ---- sums over subjects ------------------------------------------------------------------------------------------ */

typedef struct {
    const em_estep *estep;
    size_t first; /* this rank's first group */
    const double *mu;
} leaf_of;

static const em_posterior *posterior_of(const leaf_of *w, size_t group, int l)
{
    return &w->estep->posterior[(group - w->first) * (size_t)w->estep->lanes + (size_t)l];
}

enum { USED, LOGLIK, LML, OBSERVED, FLAGGED, MOVED, X }; /* X and what follows: sum of x_j */

static void sum_points(void *where, size_t group, double *sum)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const em_group_data *data = &e->groups[group - w->first];
    const em_mode *mode = &e->mode[group - w->first];
    memset(sum, 0, (size_t)(X + e->n) * sizeof *sum);
    for (int l = 0; l < e->lanes; l++) {
        if (data->member[l] == EM_NOBODY)
            continue;
        const em_posterior *post = posterior_of(w, group, l);
        if (!post->used) {
            sum[FLAGGED]++;
            continue;
        }
        sum[OBSERVED] += (double)data->observed[l];
        sum[USED]++;
        sum[MOVED] += post->moved;
        sum[LOGLIK] += post->log_likelihood;
        sum[LML] += post->log_marginal_likelihood;
        for (int j = 0; j < e->n; j++)
            sum[X + j] += mode->x[j * e->lanes + l];
    }
}

/* (x - mu)^2 + posterior variance, about the new mean: the other form, mean(x^2) - mean(x)^2, cancels. */
static void sum_squares(void *where, size_t group, double *sum)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const em_mode *mode = &e->mode[group - w->first];
    memset(sum, 0, (size_t)e->n * sizeof *sum);
    for (int l = 0; l < e->lanes; l++) {
        if (!posterior_of(w, group, l)->used)
            continue;
        for (int j = 0; j < e->n; j++) {
            const double d = mode->x[j * e->lanes + l] - w->mu[j];
            sum[j] += d * d + e->variance[((group - w->first) * (size_t)e->n + (size_t)j) * (size_t)e->lanes + (size_t)l];
        }
    }
}

/* ---- convergence -------------------------------------------------------------------------------------------------- */

/* EM's steps shrink, in the end, by a constant factor r in each coordinate, and what is left after a step d is d/(1-r).
 * Coordinates are mu_j in standard deviations and log var_j. r is the mean factor of the last steps: the larger of the means
 * over many and over half as many, because a fast beginning hides a slow end. A variance on its way to zero moves like 1/k:
 * its factor tends to 1, and the distance stays as large as it is. */
enum { REMEMBERED = 11 };
typedef struct {
    double step[REMEMBERED][2 * EM_MAX_PARAMETERS]; /* newest first */
    int n;
} steps;

typedef struct {
    double mean, any; /* of the coordinates of the means; of all */
} largest_step;

static largest_step remember(steps *s, int n, const em_group_values *old, const em_group_values *new)
{
    memmove(s->step[1], s->step[0], sizeof s->step - sizeof s->step[0]);
    largest_step largest = {0, 0};
    for (int j = 0; j < n; j++) {
        s->step[0][2 * j] = fabs(new->mu[j] - old->mu[j]) / sqrt(new->var[j]);
        s->step[0][2 * j + 1] = fabs(log(new->var[j] / old->var[j]));
        largest.mean = fmax(largest.mean, s->step[0][2 * j]);
        largest.any = fmax(largest.any, fmax(s->step[0][2 * j], s->step[0][2 * j + 1]));
    }
    s->n++;
    return largest;
}

/* What is left of one coordinate, from the newest step and the one n steps before it. */
static double left_of(const steps *s, int j, int n)
{
    const double new = s->step[0][j], old = s->step[n][j];
    const double left = new < old ? new / (1 - pow(new / old, 1.0 / n)) : INFINITY;
    /* Steps this small are rounding, and so are their ratios. */
    return new < 1e-11 ? fmin(left, 1e4 * new) : left;
}

/* Of the group before the newest step; infinite where it cannot be told yet. */
static double distance(const steps *s, int n)
{
    if (s->n < 4)
        return INFINITY;
    const int many = (s->n < REMEMBERED ? s->n : REMEMBERED) - 1, half = (many + 1) / 2;
    double largest = 0;
    for (int j = 0; j < 2 * n; j++)
        largest = fmax(largest, fmax(left_of(s, j, many), left_of(s, j, half)));
    return largest;
}

/* ---- EM ------------------------------------------------------------------------------------------------------------ */

void em_trace_free(em_trace *trace)
{
    free(trace->mu);
    free(trace->var);
    free(trace->log_marginal_likelihood);
    *trace = (em_trace){0};
}

static bool grow(double **array, size_t n)
{
    double *larger = realloc(*array, n * sizeof **array);
    if (larger)
        *array = larger;
    return larger != NULL;
}

static em_code note(em_trace *trace, int n, const em_group_values *group, double lml, em_error *error)
{
    if (trace->n == trace->room) {
        trace->room = trace->room ? 2 * trace->room : 64;
        if (!grow(&trace->mu, (size_t)trace->room * (size_t)n) || !grow(&trace->var, (size_t)trace->room * (size_t)n) ||
            !grow(&trace->log_marginal_likelihood, (size_t)trace->room))
            return em_fail(error, EM_MACHINE, "out of memory");
    }
    memcpy(trace->mu + trace->n * n, group->mu, (size_t)n * sizeof *group->mu);
    memcpy(trace->var + trace->n * n, group->var, (size_t)n * sizeof *group->var);
    trace->log_marginal_likelihood[trace->n++] = lml;
    return EM_OK;
}

/* The M-step: next group from the E-step's sums. Rank 0's result is everybody's. */
static em_code m_step(em_comm *comm, const em_plan *plan, leaf_of *w, const double *sums, em_group_values *next,
                      em_error *error)
{
    const int n = w->estep->n;
    double squares[EM_MAX_PARAMETERS];
    for (int j = 0; j < n; j++)
        next->mu[j] = sums[X + j] / sums[USED];
    w->mu = next->mu;
    em_code code = em_treesum(comm, plan, n, sum_squares, w, squares, error);
    for (int j = 0; j < n && code == EM_OK; j++)
        next->var[j] = squares[j] / sums[USED];
    if (code == EM_OK)
        em_comm_share(comm, next, sizeof *next);
    return code;
}

static em_code nobody_fits(double flagged, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR,
                   "none of the %.0f subjects could be fitted: no point with a finite likelihood and a positive definite "
                   "Hessian was found. Check the scale of the columns, or start elsewhere with --mu and --var", flagged);
}

/* What one call of em_run_em works with. */
typedef struct {
    em_comm *comm;
    const em_plan *plan;
    em_estep *estep;
    const em_fit_options *options;
    em_run_result *result;
    leaf_of leaf;
    em_group_values group, next;  /* that of the E-step; what the M-step makes of it */
    double sums[X + EM_MAX_PARAMETERS];
    steps moved;
    largest_step change;          /* of the last M-step */
    int looks;                    /* searches for higher maxima near the end */
} em_state;

/* One E-step and the M-step after it, noted in the trace. The step and the distance are rank 0's word, so that all ranks go
 * on in the same way even where their mathematical libraries round differently. */
static em_code iterate(em_state *s, em_estep_kind kind, double tolerance, em_error *error)
{
    const int n = s->estep->n;
    const bool estimate = s->options->group == EM_GROUP_ESTIMATE;
    prior_store store;
    make_prior(&store, &s->group, n, s->options->group == EM_GROUP_NONE);
    double from = em_now();
    em_estep_run(s->estep, &store.prior, kind, tolerance);
    s->result->e_step_seconds += em_now() - from;
    from = em_now();
    em_code code = em_treesum(s->comm, s->plan, X + n, sum_points, &s->leaf, s->sums, error);
    if (code == EM_OK && s->sums[USED] == 0)
        code = nobody_fits(s->sums[FLAGGED], error);
    if (code == EM_OK)
        code = em_comm_agree(s->comm, note(&s->result->trace, n, &s->group, s->sums[LML], error), error);
    if (code == EM_OK && estimate)
        code = m_step(s->comm, s->plan, &s->leaf, s->sums, &s->next, error);
    if (code == EM_OK && estimate) {
        s->change = remember(&s->moved, n, &s->group, &s->next);
        s->result->distance = distance(&s->moved, n);
        em_comm_share(s->comm, &s->change, sizeof s->change);
        em_comm_share(s->comm, &s->result->distance, sizeof s->result->distance);
    }
    s->result->iterations++;
    s->result->m_step_seconds += em_now() - from;
    return code;
}

/* EM says it has converged: the same E-step again, exactly, and with a look for higher maxima under the group as it is
 * now, which is narrower than the one under which everybody's was sought first. *stays: nothing changed. */
static em_code confirm(em_state *s, double exact, bool *stays, em_error *error)
{
    enum { MOST_LOOKS = 5 }; /* groups and maxima could take turns for ever */
    const double step = s->change.any, distance_before = s->result->distance;
    const steps moved = s->moved;
    em_code code = iterate(s, s->looks++ < MOST_LOOKS ? EM_LOOK : EM_WARM, exact, error);
    *stays = code == EM_OK && s->sums[MOVED] == 0 && s->change.any <= fmax(2 * step, s->options->tol);
    s->moved = moved; /* the group has not moved in between */
    s->result->distance = *stays ? distance_before : INFINITY;
    if (!*stays)
        s->moved.n = 0;
    return code;
}

em_code em_run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                  const em_group_values *start, const em_progress *progress, em_run_result *result, em_error *error)
{
    const bool estimate = options->group == EM_GROUP_ESTIMATE;
    const double began = em_now(), exact = 1e-9;
    em_state s = {.comm = comm, .plan = plan, .estep = estep, .options = options, .result = result,
                  .leaf = {estep, plan->first[em_comm_rank(comm)], NULL}, .group = *start, .next = *start, .change = {0.1, 0.1}};
    *result = (em_run_result){.distance = NAN};
    for (bool ended = false; !ended; s.group = ended ? s.group : s.next) {
        /* A MAP need not be known better than a small part of the step that the group takes; that small part, though, even
         * when the steps are tiny, because their ratios tell how much is left. The last E-step is exact. */
        const bool last = !estimate || result->iterations + 1 >= options->max_iter;
        const double relative = fmax(1e-12, fmin(1e-3, 1e-3 * s.change.mean)), tolerance = last ? fmin(exact, relative) : relative;
        /* While the group still moves much, subjects with several maxima may have to change over. */
        const em_estep_kind kind = result->iterations == 0 ? EM_WIDE : s.change.any > 0.01 ? EM_DOUBT : EM_WARM;
        em_code code = iterate(&s, kind, tolerance, error);
        result->converged = !estimate || result->distance < options->tol;
        if (code == EM_OK && result->converged && !last)
            code = confirm(&s, fmin(exact, relative), &result->converged, error);
        if (code != EM_OK)
            return code;
        if (progress && progress->step && em_comm_rank(comm) == 0)
            progress->step(progress->where, result->iterations, s.sums[LML], estimate ? s.change.any : NAN, result->distance,
                           em_now() - began);
        ended = result->converged || result->iterations >= options->max_iter;
    }
    result->group = s.group;
    result->totals = (em_totals){s.sums[USED], s.sums[LOGLIK], s.sums[LML], s.sums[OBSERVED], s.sums[FLAGGED]};
    return EM_OK;
}
