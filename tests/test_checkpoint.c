/* A fit that is interrupted, wherever that may be, and goes on, ends with the very result of one that never was. Run alone and under
 * mpirun. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm.h"
#include "helpers.h"

static em_comm *world;
static char folder[200];

/* The path of a file; it stays. */
static const char *in_folder(const char *name)
{
    static char path[8][300];
    for (int i = 0; i < 8; i++) {
        if (!path[i][0])
            snprintf(path[i], sizeof path[i], "%s/%s", folder, name);
        if (strcmp(strrchr(path[i], '/') + 1, name) == 0)
            return path[i];
    }
    fail_msg("too many files");
    return NULL;
}

/* ---- being stopped ---------------------------------------------------------------------------------------------------- */

static long calls, stop_at; /* of the question whether to stop; -1: never */
static bool stopped(void) { return calls++ >= stop_at && stop_at >= 0; }

/* A fit on these ranks that is asked to stop after so many questions. */
static em_code fit_for(em_comm *comm, const char *model, const em_fit_options *options, em_fit_output output, long questions, em_error *error)
{
    calls = 0;
    stop_at = questions;
    output.stopped = stopped;
    return em_fit_file(comm, in_folder("data.h5"), em_model_find(model), options, &output, NULL, NULL, NULL, error);
}

static void must(em_code got, em_code want, const em_error *error)
{
    if (got != want)
        fail_msg("ended with %d and not %d: %s", got, want, error->text);
}

static void simulate(const char *model, size_t subjects, int trials)
{
    em_error error = {EM_OK, ""};
    em_simulation simulation = {.subjects = subjects, .trials = trials, .seed = 5};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        simulation.mu[j] = simulation.var[j] = NAN;
    must(em_simulate_file(world, em_model_find(model), &simulation, in_folder("data.h5"), true, &error), EM_OK, &error);
}

/* ---- comparing ----------------------------------------------------------------------------------------------------------- */

static void same_numbers(const double *a, const double *b, size_t n, const char *what)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a && memcmp(a, b, n * sizeof *a) != 0)
        fail_msg("%s differs", what);
}

/* All that is stored, bit by bit. */
static void same_fits(const em_fit *a, const em_fit *b)
{
    const size_t S = a->n_subjects, P = (size_t)a->n_parameters, I = (size_t)a->n_trace, B = (size_t)a->n_bootstrap;
    assert_int_equal(a->iterations, b->iterations);
    assert_int_equal(a->converged, b->converged);
    assert_int_equal(a->n_trace, b->n_trace);
    assert_int_equal(a->n_bootstrap, b->n_bootstrap);
    same_numbers(a->mu, b->mu, P, "mu");
    same_numbers(a->cov, b->cov, P * P, "cov");
    same_numbers(a->mu_se, b->mu_se, P, "mu_se");
    same_numbers(a->map, b->map, S * P, "map");
    same_numbers(a->hessian, b->hessian, S * P * P, "hessian");
    same_numbers(a->subject_log_marginal_likelihood, b->subject_log_marginal_likelihood, S, "evidence");
    same_numbers(a->subject_importance, b->subject_importance, S, "importance");
    same_numbers(a->subject_quadrature, b->subject_quadrature, S, "quadrature");
    same_numbers(a->trace_mu, b->trace_mu, I * P, "trace mu");
    same_numbers(a->trace_var, b->trace_var, I * P, "trace var");
    same_numbers(a->trace_log_marginal_likelihood, b->trace_log_marginal_likelihood, I, "trace");
    same_numbers(a->bootstrap_mu, b->bootstrap_mu, B * P, "bootstrap mu");
    assert_memory_equal(a->subject_modes, b->subject_modes, S * sizeof *a->subject_modes);
    assert_memory_equal(a->subject_status, b->subject_status, S);
    assert_true(a->timing.likelihood_evaluations == b->timing.likelihood_evaluations);
}

static void same_files(const char *a, const char *b)
{
    em_fit *one = NULL, *two = NULL;
    em_error error = {EM_OK, ""};
    if (em_comm_rank(world) != 0)
        return;
    must(em_fit_read(a, &one, &error), EM_OK, &error);
    must(em_fit_read(b, &two, &error), EM_OK, &error);
    same_fits(one, two);
    em_fit_free(one);
    em_fit_free(two);
}

static void remove_all(void)
{
    em_error error = {EM_OK, ""};
    const char *const name[] = {"whole.h5", "parts.h5", "parts.h5.checkpoint", "data.h5"};
    if (em_comm_agree(world, EM_OK, &error) == EM_OK && em_comm_rank(world) == 0)
        for (size_t i = 0; i < sizeof name / sizeof *name; i++)
            unlink(in_folder(name[i]));
}

static bool is_there(const char *name)
{
    int there = access(in_folder(name), F_OK) == 0;
    em_comm_share(world, &there, sizeof there);
    return there;
}

/* ---- every place ------------------------------------------------------------------------------------------------------------ */

/* Interrupts the fit at places that are spread over all of it, each time once and then no more; and then again and again. What comes
 * after EM has parts that are made in one go. */
static void interrupt_everywhere(const char *model, const em_fit_options *options)
{
    const int places = SLOW_BUILD ? 4 : 13;
    em_error error = {EM_OK, ""};
    const em_fit_output whole = {.path = in_folder("whole.h5"), .force = true, .checkpoint_every = 1e9};
    const em_fit_output parts = {.path = in_folder("parts.h5"), .checkpoint_every = 1e9};
    const em_code end = fit_for(world, model, options, whole, -1, &error);
    assert_true(end == EM_OK || end == EM_NOT_CONVERGED);
    double most = (double)calls; /* of any rank; some have fewer subjects */
    em_comm_most(world, &most, 1);
    const long all = (long)most;
    const long step = all / places > 0 ? all / places : 1;
    int interrupted = 0;
    for (long after = 0;; after += step, interrupted++) {
        em_code code = fit_for(world, model, options, parts, after, &error);
        if (code != EM_STOPPED) {
            must(code, end, &error);
            break;
        }
        assert_true(is_there("parts.h5.checkpoint"));
        assert_false(is_there("parts.h5"));
        must(fit_for(world, model, options, parts, -1, &error), end, &error);
        assert_false(is_there("parts.h5.checkpoint"));
        same_files(in_folder("whole.h5"), in_folder("parts.h5"));
        if (em_comm_agree(world, EM_OK, &error) == EM_OK && em_comm_rank(world) == 0)
            unlink(in_folder("parts.h5"));
        must(em_comm_agree(world, EM_OK, &error), EM_OK, &error);
    }
    assert_true(interrupted >= (all < places ? all : places) - 1);
    if (em_comm_rank(world) == 0)
        unlink(in_folder("parts.h5"));
    must(em_comm_agree(world, EM_OK, &error), EM_OK, &error);
    em_code code;
    do
        code = fit_for(world, model, options, parts, all / 3 + 1, &error);
    while (code == EM_STOPPED);
    must(code, end, &error);
    same_files(in_folder("whole.h5"), in_folder("parts.h5"));
    remove_all();
}

static void test_accelerated(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    simulate("rw_dual", 40, 40);
    interrupt_everywhere("rw_dual", &options);
}

static void test_full_covariance(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    options.full = true;
    simulate("rw", 40, 60);
    interrupt_everywhere("rw", &options);
}

static void test_plain_em(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    options.accelerate = false;
    options.max_iter = 30;
    simulate("rw", 40, 60);
    interrupt_everywhere("rw", &options);
}

/* More than 200 subjects, of whom more than one in a hundred have several maxima: a second search in one E-step. */
static void test_screening(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    simulate("rw_dual", 240, 12);
    options.max_iter = 8;
    interrupt_everywhere("rw_dual", &options);
}

static void test_after_em(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    options.importance = options.quadrature = true;
    options.samples = 100;
    options.bootstrap = 5;
    simulate("rw", 24, 60);
    interrupt_everywhere("rw", &options);
}

static void test_without_group(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_NONE;
    simulate("rw", 100, 60);
    interrupt_everywhere("rw", &options);
}

/* ---- other ranks, states by time ------------------------------------------------------------------------------------------------ */

/* Begun by all ranks, gone on with by one, and the other way round. */
static void test_other_ranks(void **state)
{
    (void)state;
    em_error error = {EM_OK, ""};
    em_fit_options options = em_fit_defaults();
    const em_fit_output whole = {.path = in_folder("whole.h5"), .force = true, .checkpoint_every = 1e9};
    const em_fit_output parts = {.path = in_folder("parts.h5"), .force = true, .resume = true, .checkpoint_every = 1e9};
    options.bootstrap = 3;
    simulate("rw_dual", 50, 40);
    must(fit_for(world, "rw_dual", &options, whole, -1, &error), EM_OK, &error);
    em_comm *alone = em_comm_alone();
    for (long after = 1; after < 60; after += 7) {
        must(fit_for(world, "rw_dual", &options, parts, after, &error), EM_STOPPED, &error);
        em_code code = em_comm_rank(world) == 0 ? fit_for(alone, "rw_dual", &options, parts, after, &error) : EM_STOPPED;
        must(code, EM_STOPPED, &error);
        must(em_comm_agree(world, EM_OK, &error), EM_OK, &error);
        must(fit_for(world, "rw_dual", &options, parts, -1, &error), EM_OK, &error);
        same_files(in_folder("whole.h5"), in_folder("parts.h5"));
    }
    em_comm_stop(alone);
    remove_all();
}

/* States that are written on the way change nothing, and nothing of them stays. */
static void test_by_time(void **state)
{
    (void)state;
    em_error error = {EM_OK, ""};
    em_fit_options options = em_fit_defaults();
    const em_fit_output whole = {.path = in_folder("whole.h5"), .force = true, .checkpoint_every = 1e9};
    const em_fit_output parts = {.path = in_folder("parts.h5"), .force = true};
    simulate("rw_dual", 100, 60);
    must(fit_for(world, "rw_dual", &options, whole, -1, &error), EM_OK, &error);
    must(fit_for(world, "rw_dual", &options, parts, -1, &error), EM_OK, &error);
    same_files(in_folder("whole.h5"), in_folder("parts.h5"));
    assert_false(is_there("parts.h5.checkpoint"));
    remove_all();
}

/* ---- what may go on ---------------------------------------------------------------------------------------------------------------- */

static void damage(const char *name, long at)
{
    em_error error = {EM_OK, ""};
    if (em_comm_rank(world) == 0) {
        FILE *file = fopen(in_folder(name), "r+b");
        assert_non_null(file);
        fseek(file, at, SEEK_SET);
        const int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 1, file);
        fclose(file);
    }
    must(em_comm_agree(world, EM_OK, &error), EM_OK, &error);
}

static void test_refusals(void **state)
{
    (void)state;
    em_error error = {EM_OK, ""};
    em_fit_options options = em_fit_defaults(), others = options;
    others.tol = 1e-5;
    em_fit_output parts = {.path = in_folder("parts.h5"), .checkpoint_every = 1e9, .resume = true};
    simulate("rw", 40, 60);
    must(fit_for(world, "rw", &options, parts, 3, &error), EM_STOPPED, &error);
    assert_non_null(strstr(error.text, "parts.h5.checkpoint"));
    must(fit_for(world, "rw", &others, parts, -1, &error), EM_INPUT_ERROR, &error);
    assert_non_null(strstr(error.text, "with other options"));
    must(fit_for(world, "rw_dual", &options, parts, -1, &error), EM_INPUT_ERROR, &error);
    assert_non_null(strstr(error.text, "of another model"));
    for (long at = 0; at < 2000; at += 211) {
        damage("parts.h5.checkpoint", at);
        must(fit_for(world, "rw", &options, parts, -1, &error), EM_INPUT_ERROR, &error);
        assert_non_null(strstr(error.text, "damaged"));
        damage("parts.h5.checkpoint", at); /* back again */
    }
    parts.resume = false;
    parts.force = true;
    must(fit_for(world, "rw", &others, parts, -1, &error), EM_OK, &error);
    assert_false(is_there("parts.h5.checkpoint"));
    parts.force = false;
    parts.resume = true;
    must(fit_for(world, "rw", &others, parts, 0, &error), EM_OK, &error); /* nothing to do, so nothing to stop */
    remove_all();
}

/* A fit that had not converged goes on to where one with enough iterations ends. */
static void test_not_converged(void **state)
{
    (void)state;
    em_error error = {EM_OK, ""};
    em_fit_options options = em_fit_defaults();
    const em_fit_output whole = {.path = in_folder("whole.h5"), .force = true, .checkpoint_every = 1e9};
    em_fit_output parts = {.path = in_folder("parts.h5"), .checkpoint_every = 1e9};
    simulate("rw", 40, 60);
    must(fit_for(world, "rw", &options, whole, -1, &error), EM_OK, &error);
    options.max_iter = 3;
    must(fit_for(world, "rw", &options, parts, -1, &error), EM_NOT_CONVERGED, &error);
    must(fit_for(world, "rw", &options, parts, -1, &error), EM_NOT_CONVERGED, &error); /* as it is */
    parts.resume = true;
    must(fit_for(world, "rw", &options, parts, -1, &error), EM_NOT_CONVERGED, &error);
    options.max_iter = 500;
    must(fit_for(world, "rw", &options, parts, 5, &error), EM_STOPPED, &error);
    must(fit_for(world, "rw", &options, parts, -1, &error), EM_OK, &error);
    if (em_comm_rank(world) == 0) {
        em_fit *one = NULL, *two = NULL;
        must(em_fit_read(in_folder("whole.h5"), &one, &error), EM_OK, &error);
        must(em_fit_read(in_folder("parts.h5"), &two, &error), EM_OK, &error);
        assert_true(two->iterations > 6 && two->n_trace == two->iterations);
        same_numbers(one->trace_mu, two->trace_mu, 3 * (size_t)one->n_parameters, "first rows of the trace");
        for (int j = 0; j < one->n_parameters; j++)
            if (!(fabs(one->mu[j] - two->mu[j]) < 3e-6 * sqrt(one->var[j])) || !(fabs(log(one->var[j] / two->var[j])) < 3e-6))
                fail_msg("parameter %d ended elsewhere: %.9g %.9g, variance %.9g %.9g", j, one->mu[j], two->mu[j], one->var[j], two->var[j]);
        em_fit_free(one);
        em_fit_free(two);
    }
    remove_all();
}

int main(void)
{
    gsl_set_error_handler_off();
    em_error error;
    if (em_comm_start(&world, &error) != EM_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    char name[] = "/tmp/emlib-test-XXXXXX";
    if (em_comm_rank(world) == 0 && !mkdtemp(name))
        return 1;
    em_comm_share(world, name, sizeof name);
    snprintf(folder, sizeof folder, "%s", name);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accelerated), cmocka_unit_test(test_full_covariance), cmocka_unit_test(test_plain_em),
        cmocka_unit_test(test_screening), cmocka_unit_test(test_after_em), cmocka_unit_test(test_without_group),
        cmocka_unit_test(test_other_ranks), cmocka_unit_test(test_by_time), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_not_converged)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0)
        rmdir(folder);
    em_comm_stop(world);
    return failed;
}
