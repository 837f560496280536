/* Accelerated EM ends where plain EM ends, for models of every kind, also where a variance is 0 in truth. */
#include <gsl/gsl_errno.h>
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
#include "linalg.h"

static char path[100];

static em_fit *fit_of(const em_model *m, bool accelerate, int max_iter)
{
    em_fit_options options = em_fit_defaults();
    options.accelerate = accelerate;
    options.max_iter = max_iter;
    options.tol = accelerate ? 1e-8 : 1e-6;
    em_comm *alone = em_comm_alone();
    em_error error = {EM_OK, ""};
    em_fit *fit = NULL;
    em_code code = em_fit_run(alone, path, m, &options, NULL, NULL, &fit, &error);
    em_comm_stop(alone);
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        fail_msg("%s: %s", m->name, error.text);
    return fit;
}

static void simulated(const em_model *m, em_simulation *sim)
{
    em_dataset *data;
    em_error error = {EM_OK, ""};
    if (em_simulate(m, sim, &data, &error) != EM_OK || em_dataset_write(data, path, true, &error) != EM_OK)
        fail_msg("%s: %s", m->name, error.text);
    em_dataset_free(data);
}

/* The group is where EM's own map, made from the subjects as they are stored, leaves it: within `near`. */
static void is_fixed_point(const em_fit *f, double near)
{
    const int P = f->n_parameters;
    double mean[EM_MAX_PARAMETERS] = {0}, var[EM_MAX_PARAMETERS] = {0}, used = 0;
    double *h = calloc((size_t)(P * (P + 1) / 2 + 2 * P), sizeof *h), *diagonal = h + P * (P + 1) / 2, *work = diagonal + P;
    for (size_t s = 0; s < f->n_subjects; s++)
        if (!isnan(f->subject_log_marginal_likelihood[s])) {
            used++;
            for (int j = 0; j < P; j++)
                mean[j] += f->map[s * (size_t)P + (size_t)j];
        }
    for (size_t s = 0; s < f->n_subjects; s++) {
        if (isnan(f->subject_log_marginal_likelihood[s]))
            continue;
        for (int i = 0; i < P; i++)
            for (int j = 0; j <= i; j++)
                h[i * (i + 1) / 2 + j] = f->var[i] > 0 && f->var[j] > 0 ? f->hessian[(s * (size_t)P + (size_t)i) * (size_t)P + (size_t)j]
                                                                        : i == j;
        assert_true(em_cholesky(P, h, h));
        em_cholesky_inverse_diagonal(P, h, diagonal, work);
        for (int j = 0; j < P; j++)
            var[j] += pow(f->map[s * (size_t)P + (size_t)j] - mean[j] / used, 2) + diagonal[j];
    }
    for (int j = 0; j < P; j++) {
        if (f->var[j] > 0) {
            if (fabs(mean[j] / used - f->mu[j]) > near * sqrt(f->var[j]) || fabs(log(var[j] / used / f->var[j])) > near)
                fail_msg("%s: EM would move %s by %.1e sd and %.1e in log variance", f->model, f->parameter[j],
                         fabs(mean[j] / used - f->mu[j]) / sqrt(f->var[j]), fabs(log(var[j] / used / f->var[j])));
        } else {
            assert_int_equal(f->group_status[j], EM_GROUP_VANISHED);
            for (size_t s = 0; s < f->n_subjects; s++)
                assert_true(f->map[s * (size_t)P + (size_t)j] == f->mu[j]);
        }
    }
    free(h);
}

/* Groups that people could be drawn from: by parameter name, so that models share them. */
static const struct { const char *name; double mu, var; } usual[] = {
    {"alpha", -0.5, 0.8}, {"beta", 0.8, 0.2}, {"alpha_pos", 0.3, 0.8}, {"alpha_neg", -0.6, 0.8}, {"alpha_c", -1, 0.7},
    {"beta_c", 1, 0.3}, {"k", -4, 0.6}, {"rho", 0.2, 0.1}, {"lambda", 0.3, 0.3}, {"tau", 0.1, 0.2}, {"xi", -2, 0.3},
    {"ep", -1, 0.4}, {"b", 0.3, 0.3}, {"pi", 0.2, 0.2}, {"alpha1", 0.3, 0.5}, {"alpha2", 0.3, 0.5}, {"beta1", 1.3, 0.2},
    {"beta2", 1.2, 0.2}, {"w", 0, 0.6}, {"p", 0.3, 0.1}, {"delta", 0.6, 0.3},
};

static em_simulation people(const em_model *m, int none)
{
    em_simulation sim = {.subjects = 24, .trials = 120, .seed = 7};
    for (int j = 0; j < m->n_parameters; j++) {
        sim.mu[j] = 0;
        sim.var[j] = 0.3;
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
            if (strcmp(usual[i].name, m->parameters[j].name) == 0) {
                sim.mu[j] = usual[i].mu;
                sim.var[j] = usual[i].var;
            }
        if (j == none)
            sim.var[j] = 0;
    }
    return sim;
}

/* Smooth and kinked, with a memory and without, one parameter to seven, choices and times. Plain EM takes its time: all models would
 * take minutes; that each converges is tested with its recovery. */
static const char *const kinds[] = {"rw", "rw_dual", "choice_kernel", "gng_m2", "gng_m3", "ts_hybrid", "ts_par7", "ddm", "dd_hyperbolic",
                                    "ra_prospect"};

static void test_every_kind(void **state)
{
    (void)state;
    enum { PLAIN = 3000 };
    const size_t n = sizeof kinds / sizeof *kinds;
    int vanished = 0, compared = 0;
    for (size_t i = 0; i < n; i++)
        for (int none = -1; none < 1; none++) { /* the first parameter's variance as usual, then 0 */
            const em_model *m = em_model_find(kinds[i]);
            if (SLOW_BUILD && strcmp(m->name, "rw") != 0 && strcmp(m->name, "dd_hyperbolic") != 0)
                continue;
            em_simulation sim = people(m, none);
            simulated(m, &sim);
            em_fit *fast = fit_of(m, true, 500), *plain = fit_of(m, false, PLAIN);
            /* A maximum on a kink has another Hessian on each side, so that EM's map jumps and need not have a fixed point. */
            bool kink = false;
            for (size_t s = 0; s < fast->n_subjects; s++)
                kink = kink || fast->subject_status[s] == EM_SUBJECT_KINK;
            bool runs_off = false; /* a mean on its way to infinity, where plain EM does not arrive, and nothing can be compared */
            for (int j = 0; j < m->n_parameters; j++)
                runs_off = runs_off || fast->unbounded[j];
            if (!kink && (!fast->converged || fast->iterations > (runs_off ? 120 : 60)))
                fail_msg("%s: converged %d after %d iterations", m->name, fast->converged, fast->iterations);
            is_fixed_point(fast, fast->converged ? 1e-6 : 0.02);
            assert_false(runs_off && plain->converged);
            if (!runs_off && !(fast->log_marginal_likelihood > plain->log_marginal_likelihood - (kink ? 0.1 : 0.02)))
                fail_msg("%s: evidence %.4f, plain EM's %.4f", m->name, fast->log_marginal_likelihood, plain->log_marginal_likelihood);
            bool whole = true;
            compared += !runs_off;
            for (int j = 0; j < m->n_parameters; j++)
                whole = whole && fast->var[j] > 0;
            vanished += !whole;
            /* The same fixed point, where plain EM has got there; close to it, where it is on its way to a variance of 0. */
            const double near = plain->converged && fast->converged ? 1e-5 : 0.05;
            for (int j = 0; j < m->n_parameters && !runs_off; j++) {
                const double sd = fast->var[j] > 0 ? sqrt(fast->var[j]) : 1;
                if (fabs(fast->mu[j] - plain->mu[j]) > near * sd)
                    fail_msg("%s: mean of %s is %.8g, plain EM's %.8g", m->name, m->parameters[j].name, fast->mu[j], plain->mu[j]);
                if (whole && plain->converged && fast->converged && fabs(log(fast->var[j] / plain->var[j])) > near)
                    fail_msg("%s: variance of %s is %.8g, plain EM's %.8g", m->name, m->parameters[j].name, fast->var[j], plain->var[j]);
            }
            em_fit_free(fast);
            em_fit_free(plain);
        }
    if (SLOW_BUILD)
        return;
    assert_true(compared > (int)n);
    assert_true(vanished > 2); /* else this would test nothing of it */
}

int main(void)
{
    gsl_set_error_handler_off();
    snprintf(path, sizeof path, "/tmp/emlib-accelerate-%ld.h5", (long)getpid());
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_kind)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
