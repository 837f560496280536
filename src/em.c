#include "em.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "anderson.h"
#include "clock.h"
#include "error.h"
#include "treesum.h"

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

/* Notes a step; returns the largest of the means' part. */
static double remember(steps *s, int n, const em_group_values *old, const em_group_values *new)
{
    memmove(s->step[1], s->step[0], sizeof s->step - sizeof s->step[0]);
    double largest = 0;
    for (int j = 0; j < n; j++) {
        s->step[0][2 * j] = fabs(new->mu[j] - old->mu[j]) / sqrt(new->var[j]);
        s->step[0][2 * j + 1] = fabs(log(new->var[j] / old->var[j]));
        largest = fmax(largest, fmax(s->step[0][2 * j], s->step[0][2 * j + 1]));
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
    em_group_values group, next;  /* that of the E-step; where to go from there */
    double sums[X + EM_MAX_PARAMETERS];
    double change;                /* length of the last step */
    int looks;                    /* searches for higher maxima near the end */
    steps moved;                  /* EM's own steps */
    /* acceleration */
    em_effects_work work;
    int plain;                    /* E-steps for which EM's own steps are taken; INT_MAX: to the end */
    int rescues;                  /* how often plain EM had to take over */
    em_anderson history;
    em_group_values good;         /* the last group that was accepted, with ... */
    double good_lml, good_merit, good_change, least_merit;
    int since_less;               /* accepted groups since the merit was last halved */
    double radius;                /* of a step */
    double part_way;              /* of the way to a solution that is gone */
    int failures;                 /* refused groups in a row */
} em_state;

static bool estimates(const em_state *s) { return s->options->group == EM_GROUP_ESTIMATE; }

/* One E-step, noted in the trace. */
static em_code e_step(em_state *s, em_estep_kind kind, double tolerance, em_error *error)
{
    const int n = s->estep->n;
    em_group_prior store;
    em_group_make_prior(&store, &s->group, n, s->options->group == EM_GROUP_NONE);
    const double from = em_now();
    em_estep_run(s->estep, &store.prior, kind, tolerance);
    s->result->e_step_seconds += em_now() - from;
    em_code code = em_treesum(s->comm, s->plan, X + n, sum_points, &s->leaf, s->sums, error);
    if (code == EM_OK && s->sums[USED] == 0)
        code = nobody_fits(s->sums[FLAGGED], error);
    if (code == EM_OK)
        code = em_comm_agree(s->comm, note(&s->result->trace, n, &s->group, s->sums[LML], error), error);
    s->result->iterations++;
    return code;
}

/* EM's own M-step: next group from the E-step's sums, and the distance from the ratios of steps. */
static em_code plain_step(em_state *s, em_error *error)
{
    const int n = s->estep->n;
    double squares[EM_MAX_PARAMETERS];
    for (int j = 0; j < n; j++)
        s->next.mu[j] = s->sums[X + j] / s->sums[USED];
    s->leaf.mu = s->next.mu;
    em_code code = em_treesum(s->comm, s->plan, n, sum_squares, &s->leaf, squares, error);
    for (int j = 0; j < n && code == EM_OK; j++)
        s->next.var[j] = squares[j] / s->sums[USED];
    if (code == EM_OK) {
        s->change = remember(&s->moved, n, &s->group, &s->next);
        s->result->distance = distance(&s->moved, n);
    }
    return code;
}

/* As the contract measures it: means in standard deviations, variances in logs; the means of parameters that are the same
 * for everyone in units of the metric. A variance that is 0 on one side only is infinitely far. */
static double apart(const em_effects_metric *metric, int n, const em_group_values *a, const em_group_values *b)
{
    double largest = 0;
    for (int j = 0; j < n; j++) {
        const double unit = b->var[j] > 0 ? sqrt(b->var[j]) : metric->scale[j];
        largest = fmax(largest, fabs(a->mu[j] - b->mu[j]) / unit);
        if (a->var[j] != b->var[j])
            largest = fmax(largest, a->var[j] > 0 && b->var[j] > 0 ? fabs(log(a->var[j] / b->var[j])) : INFINITY);
    }
    return largest;
}

static const double widest = 2;     /* step, in units of the metric: of the errors of one person's estimate */
static const double smallest = 1e-3;

static void start_over(em_state *s)
{
    s->history.n = 0;
    s->good_merit = s->good_change = s->least_merit = INFINITY;
    s->good_lml = -INFINITY;
    s->since_less = s->failures = 0;
    s->radius = s->result->iterations ? widest : 3;
    s->part_way = 1;
}

/* Acceleration has gone astray: EM's own steps for a while, each time longer. */
static void rescue(em_state *s)
{
    s->plain = 10 << (s->rescues < 6 ? s->rescues : 6);
    s->rescues++;
    s->moved.n = 0;
    start_over(s);
}

/* The next group from the random-effects problem of this E-step; a group where the problem's derivatives are much larger
 * than where it came from is left, and the step from there repeated, shorter. */
static em_code fast_step(em_state *s, em_error *error)
{
    const int n = s->estep->n;
    em_effects fx;
    em_code code = em_effects_solve(s->comm, s->plan, s->estep, &s->work, &s->group, s->plain ? 0 : fmax(s->radius, widest), 1e-3, &fx, error);
    if (code != EM_OK)
        return code;
    if (s->plain) {
        s->plain--;
        s->next = fx.em;
        s->change = em_effects_distance(&fx.metric, n, &s->group, &s->next);
        s->result->distance = INFINITY;
        return code;
    }
    const bool fell = s->sums[LML] < s->good_lml - 0.5 - 0.02 * s->sums[USED];
    const bool refused = !fx.sound || fell || (fx.merit > 2.5 * s->good_merit && fx.merit > 1e-3 &&
                                       em_effects_distance(&fx.metric, n, &s->group, &fx.solution) > 0.5 * s->good_change);
    if (getenv("EMDEBUG")) fprintf(stderr, "  %d lml %.6f change %.1e dist %.1e flat %d merit %.2e whole %d refused %d radius %g moved %g ev %.1f\n", s->result->iterations, s->sums[LML], em_effects_distance(&fx.metric, n, &s->group, &fx.solution), s->result->distance, fx.flat, fx.merit, fx.whole, refused, s->radius, s->sums[MOVED], s->estep->evaluations / s->sums[USED]);
    if (refused && isfinite(s->good_merit)) {
        s->radius = 0.25 * fmin(s->radius, em_effects_distance(&fx.metric, n, &s->good, &s->group));
        s->group = s->good;
        em_estep_restore(s->estep);
        if (s->radius < smallest || ++s->failures > 3)
            rescue(s);
        s->history.n = 0;
        code = em_effects_solve(s->comm, s->plan, s->estep, &s->work, &s->group, s->plain ? 0 : fmax(s->radius, widest), 1e-3, &fx, error);
        s->next = s->plain ? fx.em : em_effects_towards(&fx.metric, n, &s->group, s->radius, &fx.solution);
        s->result->distance = INFINITY;
        s->change = em_effects_distance(&fx.metric, n, &s->group, &s->next);
        return code;
    }
    em_estep_save(s->estep);
        s->failures = 0;
    const double length = em_effects_distance(&fx.metric, n, &s->good, &s->group);
    if (fx.merit < s->good_merit)
        s->radius = fmin(fmax(s->radius, 2 * length), widest);
    else
        s->radius = fmax(0.5 * s->radius, 10 * smallest);
    s->part_way = fx.merit < s->good_merit ? 1 : fmax(0.5 * s->part_way, 0.25);
    s->good = s->group;
    s->good_merit = fx.merit;
    s->good_lml = s->sums[LML];
    s->since_less = fx.merit < 0.5 * s->least_merit ? 0 : s->since_less + 1;
    s->least_merit = fmin(s->least_merit, fx.merit);
    if (s->sums[MOVED] > 0 || !fx.whole)
        s->history.n = 0;
    const double before = s->history.n ? em_effects_distance(&fx.metric, n, &s->history.at[0], &s->history.image[0]) : NAN;
    em_anderson_remember(&s->history, &s->group, &fx.solution);
    s->next = em_anderson_next(&s->history, n, &fx.metric, s->part_way);
    s->change = s->good_change = em_effects_distance(&fx.metric, n, &s->group, &fx.solution);
    s->next = em_effects_towards(&fx.metric, n, &s->group, s->radius, &s->next);
    if (!(em_effects_distance(&fx.metric, n, &s->group, &s->next) <= 10 * s->change))
        s->next = em_anderson_next(&(em_anderson){.at = {s->group}, .image = {fx.solution}, .n = 1}, n, &fx.metric, s->part_way);
    const double rate = isnan(before) ? 0.9 : fmin(fmax(s->change / before, 0.1), 0.9);
    s->result->distance = fx.whole ? fmax(apart(&fx.metric, n, &s->group, &fx.solution), apart(&fx.metric, n, &s->group, &s->next)) / (1 - rate) : INFINITY;
    if (s->since_less > 10)
        rescue(s);
    return code;
}

static em_code m_step(em_state *s, em_error *error)
{
    const double from = em_now();
    em_code code = EM_OK;
    if (estimates(s)) {
        code = s->plain == INT_MAX ? plain_step(s, error) : fast_step(s, error);
    }
    em_comm_share(s->comm, &s->next, sizeof s->next);
    em_comm_share(s->comm, &s->change, sizeof s->change);
    em_comm_share(s->comm, &s->result->distance, sizeof s->result->distance);
    s->result->m_step_seconds += em_now() - from;
    return code;
}

/* EM says it has converged: the same E-step again, exactly, and with a look for higher maxima under the group as it is
 * now, which is narrower than the one under which everybody's was sought first. *stays: nothing changed. */
static em_code confirm(em_state *s, double exact, bool *stays, em_error *error)
{
    enum { MOST_LOOKS = 5 }; /* groups and maxima could take turns for ever */
    const double step = s->change, distance_before = s->result->distance;
    const steps moved = s->moved;
    const em_anderson history = s->history;
    em_code code = e_step(s, s->looks++ < MOST_LOOKS ? EM_LOOK : EM_WARM, exact, error);
    if (code == EM_OK) {
        if (s->history.n)
            s->history.n--;
        if (s->sums[MOVED] > 0)
            start_over(s);
        code = m_step(s, error);
    }
    *stays = code == EM_OK && s->sums[MOVED] == 0 && s->change <= fmax(2 * step, s->options->tol);
    s->moved = moved; /* the group has not moved in between */
    s->history = *stays ? history : s->history;
    s->result->distance = *stays ? distance_before : INFINITY;
    if (!*stays) {
        s->moved.n = 0;
        start_over(s);
    }
    return code;
}

em_code em_run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                  const em_group_values *start, const em_progress *progress, em_run_result *result, em_error *error)
{
    const bool estimate = options->group == EM_GROUP_ESTIMATE;
    const double began = em_now(), exact = 1e-9;
    em_state s = {.comm = comm, .plan = plan, .estep = estep, .options = options, .result = result,
                  .leaf = {estep, plan->first[em_comm_rank(comm)], NULL}, .group = *start, .next = *start, .change = INFINITY,
                  .plain = options->accelerate && estimate ? 0 : INT_MAX};
    start_over(&s);
    *result = (em_run_result){.distance = NAN};
    em_code code0 = em_comm_agree(comm, em_effects_work_new(estep, &s.work, error), error);
    if (code0 != EM_OK)
        return code0;
    for (bool ended = false; !ended; s.group = ended ? s.group : s.next) {
        const bool last = !estimate || result->iterations + 1 >= options->max_iter;
        /* Steps of EM itself need MAPs to a small part of their length, because their ratios tell how much is left; the
         * random-effects problem takes the rest of a MAP's way into account, to first order. */
        const double relative = s.plain ? fmax(1e-12, fmin(1e-3, 1e-3 * s.change)) : fmax(1e-10, fmin(0.03, 0.01 * s.change));
        const double tolerance = last ? fmin(exact, relative) : relative;
        /* While the group still moves much, subjects with several maxima may have to change over. */
        const em_estep_kind kind = result->iterations == 0 ? EM_WIDE : s.change > 0.01 ? EM_DOUBT : EM_WARM;
        em_code code = e_step(&s, kind, tolerance, error);
        if (code == EM_OK)
            code = m_step(&s, error);
        result->converged = !estimate || result->distance < options->tol;
        if (code == EM_OK && result->converged && !last)
            code = confirm(&s, fmin(exact, relative), &result->converged, error);
        if (code != EM_OK)
            return code;
        if (progress && progress->step && em_comm_rank(comm) == 0)
            progress->step(progress->where, result->iterations, s.sums[LML], estimate ? s.change : NAN, result->distance,
                           em_now() - began);
        ended = result->converged || result->iterations >= options->max_iter;
    }
    result->group = s.group;
    result->totals = (em_totals){s.sums[USED], s.sums[LOGLIK], s.sums[LML], s.sums[OBSERVED], s.sums[FLAGGED]};
    return EM_OK;
}
