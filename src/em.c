#include "em.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accelerate.h"
#include "approach.h"
#include "clock.h"
#include "error.h"
#include "m_step.h"
#include "treesum.h"

/* ---- sums over subjects ------------------------------------------------------------------------------------------ */

typedef struct {
    const em_estep *estep;
    size_t first; /* this rank's first group */
} leaf_of;

enum { USED, LOGLIK, LOGPOST, LML, OBSERVED, FLAGGED, MOVED, SEVERAL, N_SUMS };

/* Subjects count by their weight; so do flagged ones, but each as one. */
static void sum_subjects(void *where, size_t group, double *sum)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first, lanes = (size_t)e->lanes;
    const em_group_data *data = &e->groups[g];
    memset(sum, 0, N_SUMS * sizeof *sum);
    for (size_t l = 0; l < lanes; l++) {
        const em_posterior *post = &e->posterior[g * lanes + l];
        const double weight = e->weight[g * lanes + l];
        if (data->member[l] == EM_NOBODY || weight == 0)
            continue;
        if (!post->used) {
            sum[FLAGGED]++;
            continue;
        }
        sum[OBSERVED] += weight * (double)data->observed[l];
        sum[USED] += weight;
        sum[MOVED] += post->moved;
        sum[SEVERAL] += post->modes > 1;
        sum[LOGLIK] += weight * post->log_likelihood;
        sum[LOGPOST] += weight * post->log_posterior;
        sum[LML] += weight * post->log_marginal_likelihood;
    }
}

/* ---- convergence -------------------------------------------------------------------------------------------------- */

enum { MOST_COORDINATES = EM_MAX_PARAMETERS + EM_MAX_PAIRS + EM_MAX_SLOPES };

/* The parts of a step, size [MOST_COORDINATES] out: means and slopes in standard deviations, variances in logs, covariances in
 * correlations. Returns how many there are. A variance on its way to zero moves like 1/k, and its distance stays as large as it is. */
static int parts_of_step(const em_group_design *design, const em_group_values *old, const em_group_values *new, double *size)
{
    int c = 0;
    for (int j = 0; j < design->n; j++) {
        if (design->place[j] == EM_FIXED)
            continue;
        size[c++] = fabs(new->mu[j] - old->mu[j]) / sqrt(new->var[j]);
        size[c++] = fabs(log(new->var[j] / old->var[j]));
        for (int i = 0; i < j && design->full; i++)
            if (design->place[i] != EM_FIXED)
                size[c++] = fabs(em_group_cov(new, j, i) - em_group_cov(old, j, i)) / sqrt(new->var[j] * new->var[i]);
    }
    for (int k = 0; k < design->n_slopes; k++)
        size[c++] = fabs(new->slope[k] - old->slope[k]) / sqrt(new->var[design->parameter[k]]);
    return c;
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
    double sums[N_SUMS];
    double change;                /* length of the last step */
    em_group_values start, found; /* where EM begins; a fixed point with means that run off, ... */
    double found_lml;             /* its evidence */
    int found_at, attempt;        /* the E-step that found it; see try_again */
    bool wide;                    /* the next E-step seeks everybody's maximum anew */
    bool warm;                    /* everybody's maximum is known: only who has several, or none, is sought anew */
    bool screening;               /* searches begin from few points, see e_step */
    int looks;                    /* searches for higher maxima near the end */
    bool few_moved;               /* the last of them has found few */
    bool confirming;              /* the same group again */
    em_approach moved;            /* EM's own steps, where it is not accelerated */
    em_accelerator accelerator;
} em_state;

enum { ALL_STARTS_UP_TO = 200 }; /* subjects: with so few, nothing is lost by searching from all points */

static bool estimates(const em_state *s) { return s->options->group == EM_GROUP_ESTIMATE; }

/* Points that the first search of everybody begins from, beside the group mean, and later ones. */
static int first_points(const em_state *s) { return !s->screening ? s->estep->n_points : s->estep->n < 3 ? 0 : 4; }
static int later_points(const em_state *s) { return s->screening && s->estep->n < 3 ? 1 : (s->estep->n_points + 1) / 3; }

static em_code search(em_state *s, em_estep_kind kind, int points, double tolerance, em_error *error)
{
    const double from = em_now();
    em_estep_run(s->estep, &s->group, s->options->group == EM_GROUP_NONE, kind, points, tolerance);
    s->result->e_step_seconds += em_now() - from;
    return em_treesum(s->comm, s->plan, N_SUMS, sum_subjects, &s->leaf, s->sums, error);
}

/* One E-step, noted in the trace. Where there are many subjects, few points are tried at first, and all of them only if
 * that has shown that more than one subject in a hundred has several maxima. */
static em_code e_step(em_state *s, em_estep_kind kind, double tolerance, em_error *error)
{
    const int n = s->estep->n;
    em_code code = search(s, kind, kind == EM_WIDE ? first_points(s) : later_points(s), tolerance, error);
    if (code == EM_OK && s->screening && s->sums[SEVERAL] > 0.01 * s->sums[USED]) {
        s->screening = false;
        const double moved = s->sums[MOVED];
        code = search(s, EM_LOOK, s->estep->n_points, tolerance, error);
        s->sums[MOVED] += moved;
    }
    if (code == EM_OK && s->sums[USED] == 0)
        code = nobody_fits(s->sums[FLAGGED], error);
    if (code == EM_OK)
        code = em_comm_agree(s->comm, note(&s->result->trace, n, &s->group, s->sums[LML], error), error);
    s->result->iterations++;
    return code;
}

/* EM's own M-step, and the distance from the ratios of steps. */
static em_code plain_step(em_state *s, em_error *error)
{
    em_code code = em_m_step(s->comm, s->plan, s->estep, &s->group, &s->next, error);
    if (code == EM_OK) {
        double size[MOST_COORDINATES];
        const int n = parts_of_step(s->estep->design, &s->group, &s->next, size);
        s->change = 0;
        for (int i = 0; i < n; i++)
            s->change = fmax(s->change, size[i]);
        if (!s->confirming)
            em_approach_note(&s->moved, size);
        s->result->distance = em_approach_distance(&s->moved);
        em_comm_share(s->comm, &s->change, sizeof s->change);
        em_comm_share(s->comm, &s->result->distance, sizeof s->result->distance);
    }
    return code;
}

static em_code fast_step(em_state *s, bool stay, em_error *error)
{
    const em_evidence evidence = {s->sums[USED], s->sums[LML], s->sums[MOVED] > 0.005 * s->sums[USED]};
    em_proposal to;
    em_code code = em_accelerator_step(&s->accelerator, s->comm, s->plan, s->estep, &evidence, stay, &s->group, &to, error);
    if (code != EM_OK)
        return code;
    s->next = to.next;
    s->change = to.change;
    s->result->distance = to.distance;
    memcpy(s->result->unbounded, to.unbounded, sizeof to.unbounded);
    return EM_OK;
}

/* The group for the next E-step. stay: the E-step just made is the last one, or is not to be undone. */
static em_code m_step(em_state *s, bool stay, em_error *error)
{
    const double from = em_now();
    em_code code = !estimates(s) ? EM_OK : s->options->accelerate ? fast_step(s, stay, error) : plain_step(s, error);
    s->result->m_step_seconds += em_now() - from;
    return code;
}

/* EM says it has converged: the same E-step again, exactly, and with a look for higher maxima under the group as it is
 * now, which is narrower than the one under which everybody's was sought first. *stays: nothing changed. */
static em_code confirm(em_state *s, double exact, bool *stays, em_error *error)
{
    enum { MOST_LOOKS = 5 }; /* groups and maxima could take turns for ever */
    const double step = s->change, distance_before = s->result->distance;
    const em_accelerator before = s->accelerator;
    const em_estep_kind kind = s->looks++ >= MOST_LOOKS ? EM_WARM : s->few_moved || s->warm ? EM_DOUBT : EM_LOOK;
    em_code code = e_step(s, kind, exact, error);
    s->few_moved = s->sums[MOVED] < 0.01 * s->sums[USED];
    if (code == EM_OK) {
        em_accelerator_start(&s->accelerator);
        s->confirming = true; /* the group has not moved in between */
        code = m_step(s, true, error);
        s->confirming = false;
    }
    *stays = code == EM_OK && s->sums[MOVED] == 0 && s->change <= fmax(2 * step, s->options->tol);
    s->result->distance = *stays ? distance_before : INFINITY;
    if (*stays)
        s->accelerator = before;
    else
        em_approach_reset(&s->moved);
    return code;
}

/* All over again from this group. */
static void begin(em_state *s, const em_group_values *group)
{
    s->next = *group;
    s->wide = true;
    s->looks = 0;
    s->few_moved = false;
    s->change = INFINITY;
    em_approach_reset(&s->moved);
    em_accelerator_start(&s->accelerator);
}

/* A mean that runs off to infinity may have been sent there by a step that was too long: from there nothing leads back,
 * because the likelihood is flat. Then once more from the start, along EM's own steps at first; if that ends at a lower
 * evidence, or nowhere, back to what was found. True where the search goes on. */
static bool try_again(em_state *s)
{
    enum { PATIENCE = 25, EM_STEPS = 10 };
    const em_run_result *result = s->result;
    bool runs_off = false;
    for (int j = 0; j < s->estep->n; j++)
        runs_off = runs_off || result->unbounded[j];
    if (s->attempt == 0 && result->converged && runs_off) {
        s->found = s->group;
        s->found_lml = s->sums[LML];
        s->found_at = result->iterations;
        begin(s, &s->start);
        s->accelerator.em_steps = EM_STEPS;
    } else if (s->attempt == 1 && (result->converged ? s->sums[LML] < s->found_lml - 1e-6
                                                     : result->iterations - s->found_at >= PATIENCE)) {
        begin(s, &s->found);
    } else {
        return false;
    }
    s->attempt++;
    return true;
}

/* EM until it has converged or may not go on. */
static em_code iterate(em_state *s, const em_progress *progress, em_error *error)
{
    const bool estimate = estimates(s), accelerate = estimate && s->options->accelerate;
    const double began = em_now(), exact = 1e-11;
    em_run_result *result = s->result;
    for (bool ended = false; !ended; s->group = ended ? s->group : s->next) {
        const bool last = !estimate || result->iterations + 1 >= s->options->max_iter;
        /* Steps of EM itself need MAPs to a small part of their length, because their ratios tell how much is left; the
         * random-effects problem takes the rest of a MAP's way into account, to first order. */
        const double relative = accelerate ? fmax(1e-10, fmin(s->wide ? 0.3 : 0.1, 0.01 * s->change))
                                           : fmax(1e-12, fmin(1e-3, 1e-3 * s->change));
        const double tolerance = last ? fmin(exact, relative) : relative;
        /* While the group still moves much, subjects with several maxima may have to change over. */
        const em_estep_kind kind = s->wide ? EM_WIDE : s->change > 0.01 ? EM_DOUBT : EM_WARM;
        em_code code = e_step(s, kind, tolerance, error);
        s->wide = false;
        if (code == EM_OK)
            code = m_step(s, last, error);
        result->converged = !estimate || result->distance < s->options->tol;
        if (code == EM_OK && result->converged && !last)
            code = confirm(s, fmin(exact, relative), &result->converged, error);
        if (code != EM_OK)
            return code;
        if (progress && progress->step && em_comm_rank(s->comm) == 0)
            progress->step(progress->where, result->iterations, s->sums[LML], estimate ? s->change : NAN, result->distance,
                           em_now() - began);
        ended = result->iterations >= s->options->max_iter || (!(accelerate && !s->warm && try_again(s)) && result->converged);
    }
    return EM_OK;
}

static em_code run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                      const em_group_values *start, bool warm, const em_progress *progress, em_run_result *result, em_error *error)
{
    em_state s = {.comm = comm, .plan = plan, .estep = estep, .options = options, .result = result,
                  .leaf = {estep, plan->first[em_comm_rank(comm)]}, .group = *start, .next = *start, .start = *start,
                  .wide = !warm, .warm = warm, .change = warm ? 0 : INFINITY};
    s.screening = !warm && estimates(&s) && options->starts == 0 && plan->n_subjects > ALL_STARTS_UP_TO;
    *result = (em_run_result){.distance = NAN};
    const bool accelerate = estimates(&s) && options->accelerate;
    double unused[MOST_COORDINATES];
    em_code code = accelerate ? em_accelerator_new(estep, &s.accelerator, error)
                              : em_approach_new(parts_of_step(estep->design, start, start, unused), &s.moved, error);
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK)
        code = iterate(&s, progress, error);
    em_accelerator_free(&s.accelerator);
    em_approach_free(&s.moved);
    result->group = s.group;
    result->totals = (em_totals){s.sums[USED], s.sums[LOGLIK], s.sums[LOGPOST], s.sums[LML], s.sums[OBSERVED], s.sums[FLAGGED]};
    return code;
}

em_code em_run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                  const em_group_values *start, const em_progress *progress, em_run_result *result, em_error *error)
{
    return run_em(comm, plan, estep, options, start, false, progress, result, error);
}

em_code em_run_em_warm(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                       const em_group_values *start, em_run_result *result, em_error *error)
{
    return run_em(comm, plan, estep, options, start, true, NULL, result, error);
}
