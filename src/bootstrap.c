#include "bootstrap.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static em_code repeat(em_resample *resample, const em_setup *setup, const em_progress *progress, double *count, em_bootstrap *b,
                      em_error *error)
{
    const double began = em_now();
    em_code code = EM_OK;
    for (int r = 0; r < b->n && code == EM_OK; r++) {
        em_run_result result;
        em_resample_outcome outcome;
        em_bootstrap_draw(setup->options.seed, r, resample->plan->n_subjects, count);
        code = em_resample_run(resample, count, &result, &outcome, error);
        if (code == EM_OK && outcome == EM_RESAMPLE_GOOD)
            note(b, r, setup, &result.group);
        else if (code == EM_OK)
            count_failure(b, outcome);
        if (progress && progress->repetition && em_comm_rank(resample->comm) == 0)
            progress->repetition(progress->where, r + 1, b->n, em_now() - began);
    }
    return code;
}

em_code em_bootstrap_run(em_comm *comm, const em_setup *setup, const em_plan *plan, em_estep *estep, const em_group_values *group,
                         const em_progress *progress, em_bootstrap *b, em_error *error)
{
    em_resample resample;
    *b = (em_bootstrap){.n = setup->options.bootstrap};
    double *count = em_new(plan->n_subjects, sizeof *count, error);
    em_code code = count ? make_room(b, (size_t)setup->view.n, (size_t)setup->columns.n_columns, error) : EM_MACHINE;
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK) {
        code = em_resample_begin(comm, plan, estep, &setup->options, fmax(EM_BOOTSTRAP_TOL, setup->options.tol), group, &resample,
                                 error);
        if (code == EM_OK)
            code = repeat(&resample, setup, progress, count, b, error);
        b->evaluations = em_resample_evaluations(&resample);
        em_resample_end(&resample);
    }
    free(count);
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
