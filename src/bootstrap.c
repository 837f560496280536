#include "bootstrap.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "clock.h"
#include "error.h"
#include "random.h"

void em_bootstrap_free(em_bootstrap *b)
{
    free(b->mu);
    free(b->var);
    free(b->coefficient);
    *b = (em_bootstrap){0};
}

void em_bootstrap_draw(uint64_t seed, int repetition, size_t n, double *count)
{
    /* a seed of its own: starts and simulations draw from streams of the fit's seed itself */
    em_random own = em_random_start(seed, 0x626f6f7473747261u);
    em_random random = em_random_start(em_random_next(&own), (uint64_t)repetition);
    memset(count, 0, n * sizeof *count);
    for (size_t i = 0; i < n; i++)
        count[(size_t)(em_random_uniform(&random) * (double)n)]++;
}

/* ---- results --------------------------------------------------------------------------------------------------------- */

static em_code make_room(em_bootstrap *b, size_t P, size_t C, em_error *error)
{
    const size_t B = (size_t)b->n;
    b->mu = em_new(B * P, sizeof *b->mu, error);
    b->var = em_new(B * P, sizeof *b->var, error);
    b->coefficient = C > 1 ? em_new(B * C * P, sizeof *b->coefficient, error) : NULL;
    if (!b->mu || !b->var || (C > 1 && !b->coefficient))
        return EM_MACHINE;
    for (size_t i = 0; i < B * P; i++)
        b->mu[i] = b->var[i] = NAN;
    for (size_t i = 0; i < B * C * P && b->coefficient; i++)
        b->coefficient[i] = NAN;
    return EM_OK;
}

/* Notes the group of a repetition. */
static void note(em_bootstrap *b, int repetition, const em_setup *setup, const em_group_values *group)
{
    const size_t P = (size_t)setup->view.n, C = (size_t)setup->columns.n_columns, r = (size_t)repetition;
    memcpy(b->mu + r * P, group->mu, P * sizeof *b->mu);
    memcpy(b->var + r * P, group->var, P * sizeof *b->var);
    if (b->coefficient)
        em_setup_raw_coefficients(setup, group, b->coefficient + r * C * P);
}

static void count_failure(em_bootstrap *b, em_resample_outcome outcome)
{
    b->moving += outcome == EM_RESAMPLE_MOVING;
    b->alike += outcome == EM_RESAMPLE_ALIKE;
    b->nobody += outcome == EM_RESAMPLE_NOBODY;
}

/* ---- repetitions ------------------------------------------------------------------------------------------------------ */

/* What one call of em_bootstrap_run works with. */
typedef struct {
    em_resample resample;
    const em_setup *setup;
    em_checkpoint *checkpoint; /* NULL: none */
    double *count;             /* [S] of a repetition */
    double evaluations;        /* of repetitions in earlier runs */
    em_bootstrap *to;
} work;

static void pass_repetitions(void *where, em_archive *a)
{
    work *w = where;
    em_bootstrap *b = w->to;
    const size_t P = (size_t)w->setup->view.n, C = (size_t)w->setup->columns.n_columns;
    em_archive_pass_count(a, &b->done, 0, b->n);
    EM_PASS(a, b->moving);
    EM_PASS(a, b->alike);
    EM_PASS(a, b->nobody);
    em_archive_pass_whole(a, &b->evaluations, EM_MOST_WHOLE);
    em_archive_pass(a, b->mu, (size_t)b->done * P * sizeof *b->mu);
    em_archive_pass(a, b->var, (size_t)b->done * P * sizeof *b->var);
    if (b->coefficient)
        em_archive_pass(a, b->coefficient, (size_t)b->done * C * P * sizeof *b->coefficient);
}

/* Writes a state with the repetitions that are made. The modes in it are those of the fit. */
static em_code pause_here(work *w, em_error *error)
{
    em_estep *e = w->resample.estep;
    const double own = e->evaluations;
    w->to->evaluations = em_resample_evaluations(&w->resample);
    em_comm_sum(w->resample.comm, &w->to->evaluations, 1);
    w->to->evaluations += w->evaluations;
    em_resample_restore(&w->resample, NULL);
    e->evaluations = w->resample.evaluations;
    em_code code = em_checkpoint_pause(w->checkpoint, error);
    e->evaluations = own;
    return code;
}

static em_code repeat(work *w, const em_progress *progress, em_error *error)
{
    em_bootstrap *b = w->to;
    const double began = em_now();
    const int from = b->done;
    em_code code = EM_OK;
    while (b->done < b->n && code == EM_OK) {
        em_run_result result;
        em_resample_outcome outcome;
        if (w->checkpoint && em_checkpoint_any_due(w->checkpoint))
            code = pause_here(w, error);
        if (code != EM_OK)
            return code;
        em_bootstrap_draw(w->setup->options.seed, b->done, w->resample.plan->n_subjects, w->count);
        code = em_resample_run(&w->resample, w->count, &result, &outcome, error);
        if (code == EM_STOPPED) { /* this repetition is made again */
            code = pause_here(w, error);
            continue;
        }
        if (code == EM_OK && outcome == EM_RESAMPLE_GOOD)
            note(b, b->done, w->setup, &result.group);
        else if (code == EM_OK)
            count_failure(b, outcome);
        b->done++;
        if (progress && progress->repetition && em_comm_rank(w->resample.comm) == 0)
            progress->repetition(progress->where, b->done, b->n, (em_now() - began) * b->done / (b->done - from));
    }
    return code;
}

/* What the checkpoint has found of earlier repetitions, and who is to be asked for the next state. */
static em_code take_up(work *w, em_error *error)
{
    em_checkpoint *c = w->checkpoint;
    const bool found = c->found && c->stage == EM_STAGE_BOOTSTRAP;
    if (found)
        pass_repetitions(w, &c->shared);
    w->evaluations = em_comm_rank(w->resample.comm) == 0 ? w->to->evaluations : 0;
    em_comm_share(w->resample.comm, &w->evaluations, sizeof w->evaluations);
    c->stage = EM_STAGE_BOOTSTRAP;
    c->pass = pass_repetitions;
    c->where = w;
    w->resample.estep->pause = em_checkpoint_is_stopped; /* a repetition under way is not part of a state */
    return em_comm_agree(w->resample.comm, found && c->shared.failed ? em_fail(error, EM_INPUT_ERROR, "%s is damaged: delete it, or "
                         "begin anew with --force", c->path) : EM_OK, error);
}

em_code em_bootstrap_run(em_comm *comm, const em_setup *setup, const em_plan *plan, em_estep *estep, const em_group_values *group,
                         em_checkpoint *checkpoint, const em_progress *progress, em_bootstrap *b, em_error *error)
{
    *b = (em_bootstrap){.n = setup->options.bootstrap};
    work w = {.setup = setup, .checkpoint = checkpoint, .to = b, .count = em_new(plan->n_subjects, sizeof *w.count, error)};
    em_code code = w.count ? make_room(b, (size_t)setup->view.n, (size_t)setup->columns.n_columns, error) : EM_MACHINE;
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK) {
        code = em_resample_begin(comm, plan, estep, &setup->options, fmax(EM_BOOTSTRAP_TOL, setup->options.tol), group, &w.resample,
                                 error);
        if (code == EM_OK && checkpoint)
            code = take_up(&w, error);
        if (code == EM_OK)
            code = repeat(&w, progress, error);
        b->evaluations = em_resample_evaluations(&w.resample) + (em_comm_rank(comm) == 0 ? w.evaluations : 0);
        em_resample_end(&w.resample);
    }
    free(w.count);
    return code;
}

/* ---- what they say ---------------------------------------------------------------------------------------------------- */

em_code em_bootstrap_summary(const double *value, int n, size_t stride, em_resampled *summary, em_error *error)
{
    double *kept = em_new((size_t)(n > 0 ? n : 0), sizeof *kept, error);
    if (!kept)
        return EM_MACHINE;
    size_t m = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(value[(size_t)i * stride]))
            kept[m++] = value[(size_t)i * stride];
    *summary = (em_resampled){.n = (int)m, .se = NAN, .low = NAN, .high = NAN};
    if (m > 1) {
        gsl_sort(kept, 1, m);
        summary->se = gsl_stats_sd(kept, 1, m);
        summary->low = gsl_stats_quantile_from_sorted_data(kept, 1, m, 0.025);
        summary->high = gsl_stats_quantile_from_sorted_data(kept, 1, m, 0.975);
    }
    free(kept);
    return EM_OK;
}
