#include "em.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accelerate.h"
#include "approach.h"
#include "checkpoint.h"
#include "clock.h"
#include "error.h"
#include "m_step.h"
#include "treesum.h"

/* ---- sums over subjects ------------------------------------------------------------------------------------------ */

typedef struct {
    const em_estep *estep;
    size_t first; /* this rank's first group */
} leaf_of;

enum { USED, LOGLIK, LOGPOST, LML, OBSERVED, FLAGGED, MOVED, SEVERAL, UNDONE, N_SUMS };

/* Subjects count by their weight; so do flagged ones, but each as one. */
static void sum_subjects(void *where, size_t group, double *sum)
{
    const leaf_of *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first, lanes = (size_t)e->lanes;
    const em_group_data *data = &e->groups[g];
    memset(sum, 0, N_SUMS * sizeof *sum);
    sum[UNDONE] = !e->done[g];
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

enum { MOST_STEPS = 1000000000 }; /* that a state may say it has made */

void em_run_result_pass(em_run_result *r, int n, em_archive *a)
{
    EM_PASS(a, r->group);
    em_archive_pass_whole(a, &r->totals.used, EM_MOST_WHOLE);
    em_archive_pass_whole(a, &r->totals.observed, EM_MOST_WHOLE);
    em_archive_pass_whole(a, &r->totals.flagged, EM_MOST_WHOLE);
    EM_PASS(a, r->totals.log_likelihood);
    EM_PASS(a, r->totals.log_posterior);
    EM_PASS(a, r->totals.log_marginal_likelihood);
    em_archive_pass_count(a, &r->iterations, 0, MOST_STEPS);
    EM_PASS(a, r->converged);
    EM_PASS(a, r->unbounded);
    EM_PASS(a, r->distance);
    EM_PASS(a, r->e_step_seconds);
    EM_PASS(a, r->m_step_seconds);
    em_archive_pass_count(a, &r->trace.n, 0, MOST_STEPS);
    const size_t rows = (size_t)r->trace.n;
    if (a->way == EM_TAKE && rows > 0) {
        r->trace.room = r->trace.n;
        a->failed = a->failed || rows * (size_t)(2 * n + 1) * sizeof(double) > a->n - a->at ||
                    !grow(&r->trace.mu, rows * (size_t)n) || !grow(&r->trace.var, rows * (size_t)n) ||
                    !grow(&r->trace.log_marginal_likelihood, rows);
        if (a->failed)
            return;
    }
    em_archive_pass(a, r->trace.mu, rows * (size_t)n * sizeof(double));
    em_archive_pass(a, r->trace.var, rows * (size_t)n * sizeof(double));
    em_archive_pass(a, r->trace.log_marginal_likelihood, rows * sizeof(double));
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
    em_checkpoint *checkpoint;    /* NULL: none */
    em_run_result *result;
    leaf_of leaf;
    int most;                     /* iterations */
    em_group_values group, next;  /* that of the E-step; where to go from there */
    double sums[N_SUMS];
    double change;                /* length of the last step */
    em_group_values start, found; /* where EM begins; a fixed point with means that run off, ... */
    double found_lml;             /* its evidence */
    int found_at, attempt;        /* the E-step that found it; see try_again */
    bool wide;                    /* the next E-step seeks everybody's maximum anew */
    bool given;                   /* the next E-step begins from x that came from elsewhere */
    bool warm;                    /* everybody's maximum is known: only who has several, or none, is sought anew */
    bool screening;               /* searches begin from few points, see e_step */
    int looks;                    /* searches for higher maxima near the end */
    bool few_moved;               /* the last of them has found few */
    em_approach moved;            /* EM's own steps, where it is not accelerated */
    em_accelerator accelerator;
    /* of the E-step under way, which a checkpoint may interrupt: */
    bool under_way;
    em_estep_kind kind;
    double tolerance, relative;   /* relative: see plan_e_step */
    bool last;                    /* nothing comes after it */
    bool again;                   /* its second search, after `moved_first` have moved in the first */
    double moved_first;
    bool confirming;              /* EM says it has converged, and this is the same group again; what was before: */
    double step_before, distance_before;
    em_accelerator before;
    bool ended;
} em_state;

static void pass_accelerator(em_accelerator *x, em_archive *a)
{
    em_archive_pass_count(a, &x->history.n, 0, EM_ANDERSON_DEPTH);
    EM_PASS(a, x->history.at);
    EM_PASS(a, x->history.image);
    EM_PASS(a, x->good);
    EM_PASS(a, x->lml);
    EM_PASS(a, x->merit);
    EM_PASS(a, x->change);
    EM_PASS(a, x->least);
    EM_PASS(a, x->since_least);
    EM_PASS(a, x->radius);
    EM_PASS(a, x->part_way);
    EM_PASS(a, x->refused);
    EM_PASS(a, x->em_steps);
    EM_PASS(a, x->rescues);
}

/* All that goes on from one E-step to the next, beside result and modes. */
static void pass_state(void *where, em_archive *a)
{
    em_state *s = where;
    int kind = (int)s->kind;
    em_archive_pass_count(a, &kind, EM_WIDE, EM_GIVEN);
    s->kind = (em_estep_kind)kind;
    EM_PASS(a, s->most);
    EM_PASS(a, s->group);
    EM_PASS(a, s->next);
    EM_PASS(a, s->sums);
    EM_PASS(a, s->change);
    EM_PASS(a, s->start);
    EM_PASS(a, s->found);
    EM_PASS(a, s->found_lml);
    EM_PASS(a, s->found_at);
    EM_PASS(a, s->attempt);
    EM_PASS(a, s->wide);
    EM_PASS(a, s->given);
    EM_PASS(a, s->screening);
    EM_PASS(a, s->looks);
    EM_PASS(a, s->few_moved);
    em_archive_pass_count(a, &s->moved.seen, 0, MOST_STEPS);
    if (s->moved.step)
        em_archive_pass(a, s->moved.step, EM_APPROACH_KEPT * (size_t)s->moved.n * sizeof *s->moved.step);
    pass_accelerator(&s->accelerator, a);
    EM_PASS(a, s->under_way);
    EM_PASS(a, s->tolerance);
    EM_PASS(a, s->relative);
    EM_PASS(a, s->last);
    EM_PASS(a, s->again);
    EM_PASS(a, s->moved_first);
    EM_PASS(a, s->confirming);
    EM_PASS(a, s->step_before);
    EM_PASS(a, s->distance_before);
    pass_accelerator(&s->before, a);
}

static const double exact = 1e-11; /* how near to their maxima searches end in the last E-step */
enum { ALL_STARTS_UP_TO = 200 }; /* subjects: with so few, nothing is lost by searching from all points */

static bool estimates(const em_state *s) { return s->options->group == EM_GROUP_ESTIMATE; }

/* Points that the first search of everybody begins from, beside the group mean, and later ones. */
static int first_points(const em_state *s) { return !s->screening ? s->estep->n_points : s->estep->n < 3 ? 0 : 4; }
static int later_points(const em_state *s) { return s->screening && s->estep->n < 3 ? 1 : (s->estep->n_points + 1) / 3; }

/* All of the E-step's search, however often it pauses. */
static em_code search(em_state *s, em_estep_kind kind, int points, em_error *error)
{
    em_code code = EM_OK;
    for (bool done = false; !done && code == EM_OK;) {
        const double from = em_now();
        em_estep_advance(s->estep, &s->group, s->options->group == EM_GROUP_NONE, kind, points, s->tolerance);
        s->result->e_step_seconds += em_now() - from;
        code = em_treesum(s->comm, s->plan, N_SUMS, sum_subjects, &s->leaf, s->sums, error);
        done = s->sums[UNDONE] == 0;
        if (code == EM_OK && !done)
            code = s->checkpoint ? em_checkpoint_pause(s->checkpoint, error) : em_fail(error, EM_STOPPED, "stopped by a signal");
    }
    if (code == EM_OK)
        em_estep_complete(s->estep, kind, points);
    return code;
}

/* The E-step that is planned, noted in the trace. Where there are many subjects, few points are tried at first, and all of them only
 * if that has shown that more than one subject in a hundred has several maxima. */
static em_code e_step(em_state *s, em_error *error)
{
    const int n = s->estep->n;
    em_code code = EM_OK;
    if (!s->again) {
        code = search(s, s->kind, s->kind == EM_WIDE ? first_points(s) : later_points(s), error);
        s->again = code == EM_OK && s->screening && s->sums[SEVERAL] > 0.01 * s->sums[USED];
        s->screening = s->screening && !s->again;
        s->moved_first = s->sums[MOVED];
    }
    if (s->again && code == EM_OK) {
        code = search(s, EM_LOOK, s->estep->n_points, error);
        s->again = code != EM_OK;
        s->sums[MOVED] += s->moved_first;
    }
    if (code == EM_OK && s->sums[USED] == 0)
        code = nobody_fits(s->sums[FLAGGED], error);
    if (code == EM_OK)
        code = em_comm_agree(s->comm, note(&s->result->trace, n, &s->group, s->sums[LML], error), error);
    s->result->iterations += code == EM_OK;
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
    if (code == EM_OK && estimates(s) && !em_group_is_finite(s->estep->design, &s->next))
        code = em_fail(error, EM_MACHINE, "EM lost its way after %d iterations: a mean or variance of the group is no number any more; "
                       "another start (--mu, --var) or --accelerate none may find one", s->result->iterations);
    return code;
}

/* EM says it has converged: the same E-step again, exactly, and with a look for higher maxima under the group as it is
 * now, which is narrower than the one under which everybody's was sought first. */
static void plan_confirmation(em_state *s)
{
    enum { MOST_LOOKS = 5 }; /* groups and maxima could take turns for ever */
    s->step_before = s->change;
    s->distance_before = s->result->distance;
    s->before = s->accelerator;
    s->kind = s->looks++ >= MOST_LOOKS ? EM_WARM : s->few_moved || s->warm ? EM_DOUBT : EM_LOOK;
    s->tolerance = fmin(exact, s->relative);
    s->confirming = s->under_way = true;
}

/* What that E-step says: it has converged indeed where nothing has changed. */
static em_code conclude_confirmation(em_state *s, em_error *error)
{
    s->few_moved = s->sums[MOVED] < 0.01 * s->sums[USED];
    em_accelerator_start(&s->accelerator);
    em_code code = m_step(s, true, error);
    s->confirming = false;
    const bool stays = code == EM_OK && s->sums[MOVED] == 0 && s->change <= fmax(2 * s->step_before, s->options->tol);
    s->result->distance = stays ? s->distance_before : INFINITY;
    s->result->converged = stays;
    if (stays)
        s->accelerator = s->before;
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

static void plan_e_step(em_state *s)
{
    const bool accelerate = estimates(s) && s->options->accelerate;
    s->last = !estimates(s) || s->result->iterations + 1 >= s->most;
    /* Steps of EM itself need MAPs to a small part of their length, because their ratios tell how much is left; the
     * random-effects problem takes the rest of a MAP's way into account, to first order. */
    s->relative = accelerate ? fmax(1e-10, fmin(s->wide ? 0.3 : 0.1, 0.01 * s->change))
                             : fmax(1e-12, fmin(1e-3, 1e-3 * s->change));
    s->tolerance = s->last ? fmin(exact, s->relative) : s->relative;
    /* While the group still moves much, subjects with several maxima may have to change over. */
    s->kind = s->wide ? EM_WIDE : s->given ? EM_GIVEN : s->change > 0.01 ? EM_DOUBT : EM_WARM;
    s->under_way = true;
}

/* The end of an iteration: on to the next group, or not. */
static void go_on(em_state *s, const em_progress *progress, double began)
{
    em_run_result *result = s->result;
    const bool accelerate = estimates(s) && s->options->accelerate;
    if (progress && progress->step && em_comm_rank(s->comm) == 0)
        progress->step(progress->where, result->iterations, s->sums[LML], estimates(s) ? s->change : NAN, result->distance,
                       em_now() - began);
    s->ended = result->iterations >= s->most || (!(accelerate && !s->warm && try_again(s)) && result->converged);
    if (!s->ended)
        s->group = s->next;
}

/* EM until it has converged or may not go on. */
static em_code iterate(em_state *s, const em_progress *progress, em_error *error)
{
    const double began = em_now();
    while (!s->ended) {
        if (!s->under_way)
            plan_e_step(s);
        em_code code = e_step(s, error);
        if (code != EM_OK)
            return code;
        s->under_way = false;
        if (s->confirming) {
            code = conclude_confirmation(s, error);
        } else {
            s->wide = s->given = false;
            code = m_step(s, s->last, error);
            s->result->converged = !estimates(s) || s->result->distance < s->options->tol;
            if (code == EM_OK && s->result->converged && !s->last) {
                plan_confirmation(s);
                continue;
            }
        }
        if (code != EM_OK)
            return code;
        go_on(s, progress, began);
    }
    return EM_OK;
}

/* From the state that the checkpoint has found. */
static em_code take_state(em_state *s, em_error *error)
{
    pass_state(s, &s->checkpoint->shared);
    return em_comm_agree(s->comm, s->checkpoint->shared.failed ? em_fail(error, EM_INPUT_ERROR, "%s is damaged: delete it, or begin "
                         "anew with --force", s->checkpoint->path) : EM_OK, error);
}

static em_code run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                      const em_beginning *beginning, bool warm, em_checkpoint *checkpoint, const em_progress *progress,
                      em_run_result *result, em_error *error)
{
    const em_group_values *start = beginning->group;
    em_state s = {.comm = comm, .plan = plan, .estep = estep, .options = options, .checkpoint = checkpoint, .result = result,
                  .leaf = {estep, plan->first[em_comm_rank(comm)]}, .most = result->iterations + options->max_iter, .group = *start,
                  .next = *start, .start = *start, .wide = !warm && !beginning->known, .given = beginning->known, .warm = warm,
                  .change = warm ? 0 : INFINITY};
    s.screening = !warm && estimates(&s) && options->starts == 0 && plan->n_subjects > ALL_STARTS_UP_TO;
    const bool accelerate = estimates(&s) && options->accelerate;
    double unused[MOST_COORDINATES];
    em_code code = accelerate ? em_accelerator_new(estep, &s.accelerator, error)
                              : em_approach_new(parts_of_step(estep->design, start, start, unused), &s.moved, error);
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && checkpoint && checkpoint->found)
        code = take_state(&s, error);
    else if (code == EM_OK)
        result->distance = NAN;
    if (code == EM_OK && checkpoint) {
        checkpoint->pass = pass_state;
        checkpoint->where = &s;
    }
    s.before.work = s.accelerator.work;
    if (code == EM_OK)
        code = iterate(&s, progress, error);
    if (checkpoint) {
        checkpoint->pass = NULL;
        checkpoint->where = NULL;
    }
    em_accelerator_free(&s.accelerator);
    em_approach_free(&s.moved);
    result->group = s.group;
    result->totals = (em_totals){s.sums[USED], s.sums[LOGLIK], s.sums[LOGPOST], s.sums[LML], s.sums[OBSERVED], s.sums[FLAGGED]};
    return code;
}

em_code em_run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options, const em_beginning *beginning,
                  em_checkpoint *checkpoint, const em_progress *progress, em_run_result *result, em_error *error)
{
    return run_em(comm, plan, estep, options, beginning, false, checkpoint, progress, result, error);
}

em_code em_run_em_warm(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                       const em_group_values *start, em_run_result *result, em_error *error)
{
    const em_beginning beginning = {.group = start};
    *result = (em_run_result){.distance = NAN};
    return run_em(comm, plan, estep, options, &beginning, true, NULL, NULL, result, error);
}
