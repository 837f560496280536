/* Every model: people drawn from a known group are found again by a fit of the data they produce. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpers.h"
#include "model_cases.h"

static void summarise(const double *a, const double *b, size_t n, size_t stride, double *r, double *shift, double *sd)
{
    double ma = 0, mb = 0, saa = 0, sbb = 0, sab = 0;
    for (size_t s = 0; s < n; s++)
        ma += a[s * stride] / (double)n, mb += b[s * stride] / (double)n;
    for (size_t s = 0; s < n; s++) {
        const double da = a[s * stride] - ma, db = b[s * stride] - mb;
        saa += da * da, sbb += db * db, sab += da * db;
    }
    *r = saa > 0 && sbb > 0 ? sab / sqrt(saa * sbb) : 0;
    *shift = mb - ma;
    *sd = sqrt(saa / (double)n);
}

/* Whether a fact of the data takes part in this transform: then data that are drawn and data that are fitted have other
 * unconstrained values. */
static bool bound_by_fact(const em_model *m, int j)
{
    for (int f = 0; f < m->n_facts; f++)
        if (strstr(m->parameters[j].transform, m->facts[f].name))
            return true;
    return false;
}

static int check_case(const model_case *c)
{
    const em_model *m = em_model_find(c->model);
    em_simulation sim = {.subjects = (size_t)c->subjects, .trials = c->trials, .options = c->options, .seed = 11};
    em_fit_options options = em_fit_defaults();
    em_dataset *data = NULL;
    em_fit *fit = NULL;
    em_error error = {EM_OK, ""};
    char path[64];
    int bad = 0;
    if (!m && SLOW_BUILD) /* with sanitizers not all models are there */
        return 0;
    if (!m)
        fail_msg("there is no model %s", c->model);
    memcpy(sim.mu, c->mu, sizeof c->mu);
    memcpy(sim.var, c->var, sizeof c->var);
    snprintf(path, sizeof path, "recovery_%d.h5", (int)getpid());
    if (em_simulate(m, &sim, &data, &error) != EM_OK || em_dataset_write(data, path, true, &error) != EM_OK)
        fail_msg("%s: %s", c->model, error.text);
    options.options = c->options;
    em_comm *alone = em_comm_alone();
    const em_code code = em_fit_run(alone, path, m, &options, NULL, NULL, &fit, &error);
    em_comm_stop(alone);
    remove(path);
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        fail_msg("%s: %s", c->model, error.text);
    print_message("%-26s %3d E-steps, %zu flagged", c->model, fit->iterations, fit->noted.flagged);
    if (code == EM_NOT_CONVERGED)
        bad++, print_message(" (NOT CONVERGED)");
    if (fit->noted.flagged > 0)
        bad++, print_message(" (FLAGGED: %s)", em_subject_status_text(fit->noted.flagged_status[0]));
    const size_t P = (size_t)m->n_parameters;
    for (size_t j = 0; j < P; j++) {
        const bool natural = bound_by_fact(m, (int)j);
        double r, shift, sd;
        summarise((natural ? data->truth->natural : data->truth->x) + j, (natural ? fit->natural : fit->map) + j, fit->n_subjects, P, &r, &shift, &sd);
        const bool good = c->recovered[j] == 0 || (r >= c->recovered[j] && fabs(shift) <= sd);
        print_message("  %s r %.2f shift %+.2f sd%s", m->parameters[j].name, r, shift / sd, good ? "" : " (BAD)");
        bad += !good;
    }
    print_message("\n");
    em_fit_free(fit);
    em_dataset_free(data);
    return bad;
}

static void test_recovery(void **state)
{
    (void)state;
    int bad = 0;
    const char *only = getenv("EMLIB_TEST_MODEL"); /* one model's name, to work on it */
    for (int i = 0; i < n_model_cases; i++)
        if ((!SLOW_BUILD || i % 5 == 0) && (!only || strcmp(only, model_cases[i].model) == 0))
            bad += check_case(&model_cases[i]);
    if (bad)
        fail_msg("%d findings, in capitals above", bad);
}

/* A model without a case would go untested. */
static void test_every_model_has_a_case(void **state)
{
    (void)state;
    size_t n;
    const em_model *const *models = em_models(&n);
    for (size_t i = 0; i < n; i++)
        if (!model_case_of(models[i]))
            fail_msg("model %s has no row in model_cases.c", models[i]->name);
    assert_true(SLOW_BUILD || n == (size_t)n_model_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_model_has_a_case), cmocka_unit_test(test_recovery)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
