#include "hbi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "approach.h"
#include "clock.h"
#include "error.h"
#include "leap.h"
#include "treesum.h"

/* What one call of em_hbi_run works with. */
typedef struct {
    em_comm *comm;
    const em_plan *plan;
    em_hbi_part *part; /* [K] */
    int K, lanes;
    size_t first;      /* this rank's first group, ... */
    size_t n_groups;   /* and how many it has */
    const em_hbi_options *options;
    bool null;
    em_hbi_result *result;
    em_hbi_belief next; /* where to go from result->belief */
    double *r;          /* [n_groups, lanes, K] responsibilities */
    double *part_bound; /* [n_groups, lanes] each subject's part of the bound */
    int coordinates;    /* each model's means, log variances and N */
    double *step;       /* [coordinates + 1] the last step of the groups, signed; the largest change of a responsibility */
    double *size;       /* [coordinates + 1] its size */
    double moved_r;     /* largest change of a responsibility in the last E-step, over all ranks */
    double moved;       /* the largest of the groups' part of `size` */
    double change;      /* the largest of all of `size` */
    double sums[2 + EM_HBI_MODELS * (2 + EM_MAX_PARAMETERS)];
    int looks;          /* searches for higher maxima near the end */
    em_approach approach;
    em_leap leap;
    int on_trial;           /* E-steps until it is clear what came of the last leap; 0: it is, and there is none to judge */
    em_hbi_belief before;   /* where it started, ... */
    double moved_before;    /* ... and how far the groups moved there */
} hbi_state;

/* ---- sums over subjects ------------------------------------------------------------------------------------------ */

enum { USED, BOUND, MODELS }; /* MODELS and what follows, model by model: ... */
enum { N, MOVED, X };         /* sum of r; maxima that moved; X and what follows: sum of r x_j */

static int terms_of(const hbi_state *s)
{
    int n = MODELS;
    for (int k = 0; k < s->K; k++)
        n += X + s->part[k].estep.n;
    return n;
}

static bool is_there(const hbi_state *s, size_t g, int l) { return s->part[0].estep.groups[g].member[l] != EM_NOBODY; }

static double *responsibility_of(const hbi_state *s, size_t g, int l)
{
    return &s->r[(g * (size_t)s->lanes + (size_t)l) * (size_t)s->K];
}

static const em_posterior *posterior_of(const hbi_state *s, int k, size_t g, int l)
{
    return &s->part[k].estep.posterior[g * (size_t)s->lanes + (size_t)l];
}

static void sum_points(void *where, size_t group, double *sum)
{
    const hbi_state *s = where;
    const size_t g = group - s->first;
    memset(sum, 0, (size_t)terms_of(s) * sizeof *sum);
    for (int l = 0; l < s->lanes; l++) {
        if (!is_there(s, g, l))
            continue;
        const double *r = responsibility_of(s, g, l);
        double *to = sum + MODELS, all = 0;
        for (int k = 0; k < s->K; to += X + s->part[k++].estep.n) {
            all += r[k];
            to[N] += r[k];
            to[MOVED] += posterior_of(s, k, g, l)->moved;
            for (int j = 0; j < s->part[k].estep.n && r[k] > 0; j++)
                to[X + j] += r[k] * s->part[k].estep.mode[g].x[j * s->lanes + l];
        }
        sum[USED] += all > 0;
        sum[BOUND] += s->part_bound[g * (size_t)s->lanes + (size_t)l];
    }
}

/* The means about which sum_squares sums stand in the state's sums. Terms: model by model, r ((x - mean)^2 + variance). */
static void sum_squares(void *where, size_t group, double *sum)
{
    const hbi_state *s = where;
    const size_t g = group - s->first;
    const double *mean = s->sums + MODELS;
    double *to = sum;
    for (int k = 0; k < s->K; k++) {
        const em_estep *e = &s->part[k].estep;
        memset(to, 0, (size_t)e->n * sizeof *to);
        for (int l = 0; l < s->lanes; l++) {
            const double r = is_there(s, g, l) ? responsibility_of(s, g, l)[k] : 0;
            for (int j = 0; j < e->n && r > 0; j++) {
                const double d = e->mode[g].x[j * s->lanes + l] - mean[X + j];
                to[j] += r * (d * d + e->variance[(g * (size_t)e->n + (size_t)j) * (size_t)s->lanes + (size_t)l]);
            }
        }
        to += e->n;
        mean += X + e->n;
    }
}

/* ---- the E-step -------------------------------------------------------------------------------------------------- */

void em_hbi_make_prior(em_group_prior *store, const em_hbi_part *part)
{
    em_group_make_prior(store, &part->prior, part->estep.n, false);
}

static void search(hbi_state *s, em_estep_kind kind, double tolerance)
{
    for (int k = 0; k < s->K; k++) {
        em_estep *e = &s->part[k].estep;
        em_estep_run(e, &s->part[k].prior, false, kind, kind == EM_WIDE ? e->n_points : (e->n_points + 1) / 3, tolerance);
    }
}

/* Who is responsible for whom, under the belief of the last E-step. */
static void share_out(hbi_state *s)
{
    double evidence[EM_HBI_MODELS], old[EM_HBI_MODELS];
    s->moved_r = 0;
    for (size_t g = 0; g < s->n_groups; g++)
        for (int l = 0; l < s->lanes; l++) {
            if (!is_there(s, g, l))
                continue;
            double *r = responsibility_of(s, g, l);
            memcpy(old, r, (size_t)s->K * sizeof *r);
            for (int k = 0; k < s->K; k++) {
                const em_posterior *post = posterior_of(s, k, g, l);
                evidence[k] = post->used ? post->log_marginal_likelihood : NAN;
            }
            s->part_bound[g * (size_t)s->lanes + (size_t)l] =
                em_hbi_responsibility(&s->result->belief, s->result->lambda, s->K, s->null, evidence, r);
            for (int k = 0; k < s->K; k++)
                s->moved_r = fmax(s->moved_r, fabs(r[k] - old[k]));
        }
    em_comm_most(s->comm, &s->moved_r, 1);
}

static bool grow(double **array, size_t n)
{
    double *larger = realloc(*array, n * sizeof **array);
    if (larger)
        *array = larger;
    return larger != NULL;
}

static em_code note(em_hbi_trace *trace, int K, const double *alpha, double bound, em_error *error)
{
    if (trace->n == trace->room) {
        trace->room = trace->room ? 2 * trace->room : 64;
        if (!grow(&trace->alpha, (size_t)trace->room * (size_t)K) || !grow(&trace->bound, (size_t)trace->room))
            return em_fail(error, EM_MACHINE, "out of memory");
    }
    memcpy(trace->alpha + trace->n * K, alpha, (size_t)K * sizeof *alpha);
    trace->bound[trace->n++] = bound;
    return EM_OK;
}

void em_hbi_trace_free(em_hbi_trace *trace)
{
    free(trace->alpha);
    free(trace->bound);
    *trace = (em_hbi_trace){0};
}

/* One E-step of all models under the belief, and what follows from it for everybody. */
static em_code e_step(hbi_state *s, em_estep_kind kind, double tolerance, em_error *error)
{
    em_hbi_result *result = s->result;
    /* Under the null hypothesis the frequencies are known. */
    double bound = s->null ? 0 : em_hbi_frequencies_bound(&result->belief, s->K);
    for (int k = 0; k < s->K; k++) {
        const em_hbi_group *group = &result->belief.group[k];
        const int n = s->part[k].estep.n;
        for (int j = 0; j < n; j++) {
            s->part[k].prior.mu[j] = group->a[j];
            s->part[k].prior.var[j] = em_hbi_group_variance(group, j);
        }
        result->lambda[k] = em_hbi_group_lambda(group, n);
        bound += em_hbi_group_bound(group, n, s->part[k].first.mu);
    }
    em_comm_share(s->comm, result->lambda, sizeof result->lambda);
    search(s, kind, tolerance);
    share_out(s);
    em_code code = em_treesum(s->comm, s->plan, terms_of(s), sum_points, s, s->sums, error);
    result->bound = bound + s->sums[BOUND];
    em_comm_share(s->comm, &result->bound, sizeof result->bound);
    result->used = s->sums[USED];
    result->iterations++;
    if (code == EM_OK && result->used == 0)
        code = em_fail(error, EM_INPUT_ERROR, "no subject can be fitted by any of the models any more: check the scale of "
                       "the columns");
    if (code == EM_OK)
        code = note(&result->trace, s->K, result->belief.alpha, result->bound, error);
    return em_comm_agree(s->comm, code, error);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* The belief that follows from the sums of the last E-step, in s->next. */
static em_code update(hbi_state *s, em_error *error)
{
    double squares[EM_HBI_MODELS * EM_MAX_PARAMETERS], *spread = squares;
    double *mean = s->sums + MODELS;
    int n = 0;
    for (int k = 0; k < s->K; k++) {
        const int P = s->part[k].estep.n;
        for (int j = 0; j < P; j++)
            mean[X + j] = mean[N] > 0 ? mean[X + j] / mean[N] : 0;
        mean += X + P;
        n += P;
    }
    em_code code = em_treesum(s->comm, s->plan, n, sum_squares, s, squares, error);
    const double *sum = s->sums + MODELS;
    for (int k = 0; k < s->K; k++) {
        const int P = s->part[k].estep.n;
        for (int j = 0; j < P; j++)
            spread[j] = sum[N] > 0 ? spread[j] / sum[N] : 0;
        em_hbi_group_update(&s->next.group[k], P, s->part[k].first.mu, sum[N], sum + X, spread);
        sum += X + P;
        spread += P;
    }
    em_hbi_frequencies(&s->next, s->K, s->null);
    /* Rank 0's word, so that all go on alike even where their mathematical libraries round differently. */
    em_comm_share(s->comm, &s->next, sizeof s->next);
    return code;
}

/* How far the step from the belief to the next one goes: means in standard deviations, variances in logs, N as a part of all. */
static void measure(hbi_state *s)
{
    double *step = s->step;
    for (int k = 0; k < s->K; k++) {
        const em_hbi_group *old = &s->result->belief.group[k], *new = &s->next.group[k];
        for (int j = 0; j < s->part[k].estep.n; j++) {
            *step++ = (new->a[j] - old->a[j]) / sqrt(em_hbi_group_variance(new, j));
            *step++ = log(em_hbi_group_variance(new, j) / em_hbi_group_variance(old, j));
        }
        *step++ = (new->n - old->n) / s->result->used;
    }
    *step = s->moved_r;
    em_comm_share(s->comm, s->step, (size_t)(s->coordinates + 1) * sizeof *s->step);
    s->moved = 0;
    for (int i = 0; i <= s->coordinates; i++) {
        s->size[i] = fabs(s->step[i]);
        s->moved = i < s->coordinates ? fmax(s->moved, s->size[i]) : s->moved;
    }
    s->change = fmax(s->moved, s->moved_r);
    em_comm_share(s->comm, &s->change, sizeof s->change);
}

/* Moves s->next on by so many of the last step, no coordinate further than 1; false, and nothing done, where that leads
 * nowhere. */
static bool leap(hbi_state *s, double times)
{
    const double most = 1;
    em_hbi_belief to = s->next;
    const double *step = s->step;
    for (int i = 0; i < s->coordinates; i++)
        times = fmin(times, most / fmax(s->size[i], 1e-300));
    for (int k = 0; k < s->K; k++) {
        em_hbi_group *group = &to.group[k];
        const int P = s->part[k].estep.n;
        const double n = group->n + times * step[2 * P] * s->result->used;
        if (!(n > 0))
            return false;
        for (int j = 0; j < P; j++) {
            const double variance = em_hbi_group_variance(group, j);
            group->a[j] += times * step[2 * j] * sqrt(variance);
            group->sigma[j] = variance * exp(times * step[2 * j + 1]);
        }
        em_hbi_group_resize(group, P, n);
        step += 2 * P + 1;
    }
    em_hbi_frequencies(&to, s->K, s->null);
    em_comm_share(s->comm, &to, sizeof to);
    s->before = s->next;
    s->moved_before = s->moved;
    s->next = to;
    return true;
}

static em_code m_step(hbi_state *s, em_error *error)
{
    em_code code = update(s, error);
    if (code == EM_OK)
        measure(s);
    return code;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static em_code nobody_fits(const hbi_state *s, int k, em_error *error)
{
    const char *name = s->part[k].model->name;
    return em_fail(error, EM_INPUT_ERROR,
                   "model %s: none of the %zu subjects could be fitted: no point with a finite likelihood and a positive "
                   "definite Hessian was found. Check the scale of its columns ('emlib models %s' tells them), or leave the "
                   "model out", name, s->plan->n_subjects, name);
}

/* The individual fits. As in the authors' program every model is then taken to be responsible for everybody whom it fits, so
 * that each group starts from all the people. */
static em_code begin(hbi_state *s, em_error *error)
{
    for (int k = 0; k < s->K; k++)
        s->part[k].prior = s->part[k].first;
    search(s, EM_WIDE, 1e-6);
    for (size_t g = 0; g < s->n_groups; g++)
        for (int l = 0; l < s->lanes; l++)
            for (int k = 0; k < s->K && is_there(s, g, l); k++)
                responsibility_of(s, g, l)[k] = posterior_of(s, k, g, l)->used;
    em_code code = em_treesum(s->comm, s->plan, terms_of(s), sum_points, s, s->sums, error);
    const double *sum = s->sums + MODELS;
    for (int k = 0; k < s->K && code == EM_OK; k++) {
        if (sum[N] == 0)
            code = nobody_fits(s, k, error);
        sum += X + s->part[k].estep.n;
    }
    return code == EM_OK ? update(s, error) : code;
}

static bool anybody_moved(const hbi_state *s)
{
    const double *sum = s->sums + MODELS;
    double moved = 0;
    for (int k = 0; k < s->K; k++) {
        moved += sum[MOVED];
        sum += X + s->part[k].estep.n;
    }
    return moved > 0;
}

/* The run says it has converged: the same E-step again, exactly, and with a look for higher maxima under the groups as they
 * are now, which are narrower than the prior under which everybody's were sought first. *stays: nothing changed. */
static em_code confirm(hbi_state *s, double exact, bool *stays, em_error *error)
{
    enum { MOST_LOOKS = 5 }; /* groups and maxima could take turns for ever */
    const double step = s->change;
    em_code code = e_step(s, s->looks++ < MOST_LOOKS ? EM_LOOK : EM_WARM, exact, error);
    const bool moved = anybody_moved(s);
    if (code == EM_OK)
        code = m_step(s, error);
    *stays = code == EM_OK && !moved && s->change <= fmax(2 * step, s->options->tol);
    if (!*stays) {
        em_approach_reset(&s->approach);
        em_leap_reset(&s->leap);
        s->result->distance = INFINITY;
    }
    return code;
}

static void report(const hbi_state *s, const em_hbi_progress *progress, double began)
{
    if (progress && progress->step && em_comm_rank(s->comm) == 0)
        progress->step(progress->where, s->null, s->result->iterations, s->result->bound, s->next.alpha, s->change,
                       s->result->distance, em_now() - began);
}

/* After an E-step soon after a leap: within a few of them the groups' steps must be no larger than before, else back. The first
 * ones may be, because a leap also disturbs what had settled. */
static void judge_leap(hbi_state *s)
{
    const bool good = s->moved <= s->moved_before;
    if (!good && --s->on_trial > 0)
        return;
    s->on_trial = 0;
    em_leap_judge(&s->leap, good);
    if (!good)
        s->next = s->before;
}

/* Of what is left, from the steps since the last leap. These may hide a slow mode behind fast ones, so the slowest factor that a
 * leap was made with counts, too; and where a leap has left modes of opposite signs, whose sum does not shrink, that alone. */
static double distance(const hbi_state *s)
{
    const double by_steps = em_approach_distance(&s->approach), by_slowest = s->change / (1 - s->leap.slowest);
    return s->leap.slowest == 0 ? by_steps : fmax(by_slowest, fmin(by_steps, 10 * by_slowest));
}

/* What follows from an E-step and the step of the groups after it: has the run converged, is it time to leap? */
static void look_ahead(hbi_state *s, bool last)
{
    enum { TRIAL = 6 };
    em_hbi_result *result = s->result;
    double times;
    em_approach_note(&s->approach, s->size);
    result->distance = distance(s);
    em_comm_share(s->comm, &result->distance, sizeof result->distance);
    result->converged = result->distance < s->options->tol;
    int go = em_leap_note(&s->leap, s->step, &times) && !result->converged && !last && s->change < 0.05;
    em_comm_share(s->comm, &go, sizeof go);
    if (go && leap(s, times)) {
        s->on_trial = TRIAL;
        em_approach_reset(&s->approach);
    }
}

static em_code iterate(hbi_state *s, const em_hbi_progress *progress, em_error *error)
{
    em_hbi_result *result = s->result;
    const double began = em_now(), exact = 1e-11;
    for (bool ended = false; !ended;) {
        result->belief = s->next;
        const bool last = result->iterations + 1 >= s->options->max_iter;
        /* MAPs to a small part of the steps' length, because the ratios of steps tell how much is left. */
        const double relative = fmax(1e-12, fmin(1e-3, 1e-3 * s->change)), tolerance = last ? fmin(exact, relative) : relative;
        /* While the groups still move much, subjects with several maxima may have to change over. */
        em_code code = e_step(s, s->change > 0.01 ? EM_DOUBT : EM_WARM, tolerance, error);
        if (code == EM_OK)
            code = m_step(s, error);
        if (code != EM_OK)
            return code;
        if (s->on_trial)
            judge_leap(s);
        else
            look_ahead(s, last);
        if (result->converged && !last)
            code = confirm(s, fmin(exact, relative), &result->converged, error);
        if (code != EM_OK)
            return code;
        report(s, progress, began);
        ended = result->converged || result->iterations >= s->options->max_iter;
    }
    return EM_OK;
}

static em_code make_room(hbi_state *s, em_error *error)
{
    const size_t cells = s->n_groups * (size_t)s->lanes;
    for (int k = 0; k < s->K; k++)
        s->coordinates += 2 * s->part[k].estep.n + 1;
    s->r = em_new(cells * (size_t)s->K, sizeof *s->r, error);
    s->part_bound = em_new(cells, sizeof *s->part_bound, error);
    s->step = em_new((size_t)s->coordinates + 1, sizeof *s->step, error);
    s->size = em_new((size_t)s->coordinates + 1, sizeof *s->size, error);
    em_code code = em_approach_new(s->coordinates + 1, &s->approach, error);
    if (code == EM_OK)
        code = em_leap_new(s->coordinates, &s->leap, error);
    return s->r && s->part_bound && s->step && s->size ? code : EM_MACHINE;
}

em_code em_hbi_run(em_comm *comm, const em_plan *plan, em_hbi_part *part, int K, const em_hbi_options *options, bool null,
                   const em_hbi_progress *progress, em_hbi_result *result, em_error *error)
{
    *result = (em_hbi_result){.distance = INFINITY};
    hbi_state *s = em_new(1, sizeof *s, error);
    em_code code = EM_MACHINE;
    if (s) {
        *s = (hbi_state){.comm = comm, .plan = plan, .part = part, .K = K, .lanes = plan->lanes,
                         .first = plan->first[em_comm_rank(comm)], .n_groups = part[0].estep.n_groups, .options = options,
                         .null = null, .result = result, .change = INFINITY};
        code = make_room(s, error);
    }
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && s)
        code = begin(s, error);
    if (code == EM_OK && s)
        code = iterate(s, progress, error);
    if (s) {
        em_approach_free(&s->approach);
        em_leap_free(&s->leap);
        free(s->size);
        free(s->r);
        free(s->part_bound);
        free(s->step);
    }
    free(s);
    return code;
}
