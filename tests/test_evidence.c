/* The evidence by importance sampling and by quadrature against closed forms and against plain integration over a dense grid, and the
 * same on any number of ranks. Run alone and under mpirun. */
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

#include "comm.h"
#include "error.h"
#include "evidence.h"
#include "helpers.h"

static em_comm *world;
static char folder[200];

static void in_folder(char path[300], const char *name) { snprintf(path, 300, "%s/%s", folder, name); }

/* Rank 0 writes the dataset; all ranks can then read it. */
static void write_data(em_dataset *data, const char *path)
{
    em_error error;
    em_code code = EM_OK;
    if (em_comm_rank(world) == 0) {
        code = em_dataset_seal(data, &error);
        if (code == EM_OK)
            code = em_dataset_write(data, path, true, &error);
    }
    code = em_comm_agree(world, code, &error);
    if (code != EM_OK)
        fail_msg("%s", error.text);
}

static em_fit *run_fit(em_comm *comm, const char *path, const em_model *m, const em_fit_options *options)
{
    em_fit *fit;
    em_error error = {EM_OK, ""};
    em_code code = em_fit_run(comm, path, m, options, NULL, NULL, &fit, &error);
    if (code != EM_OK)
        fail_msg("fit ended with %d: %s", code, error.text);
    return fit;
}

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
}

static em_fit_options both_ways(em_group group)
{
    em_fit_options options = em_fit_defaults();
    options.group = group;
    options.importance = options.quadrature = true;
    return options;
}

/* Everybody's evidences against those wanted: importance sampling within 4 of its errors, which must be below `error`. */
static void check_all(const em_fit *fit, const double *want, double tolerance, double error, const char *what)
{
    double sum = 0, squares = 0;
    for (size_t s = 0; s < fit->n_subjects; s++) {
        near(fit->subject_quadrature[s], want[s], tolerance, what);
        near(fit->subject_importance[s], want[s], 4 * fit->subject_importance_se[s] + 1e-12, what);
        if (!(fit->subject_importance_se[s] <= error))
            fail_msg("%s: the error of subject %zu is %g", what, s, fit->subject_importance_se[s]);
        assert_true(fit->subject_importance_ess[s] > EM_LEAST_ESS);
        sum += fit->subject_importance[s];
        squares += fit->subject_importance_se[s] * fit->subject_importance_se[s];
    }
    near(fit->log_evidence_importance, sum, 1e-9, "sum of importance sampling");
    near(fit->log_evidence_importance_se, sqrt(squares), 1e-12, "its error");
    assert_int_equal(fit->noted.poor, 0);
}

/* ---- weights ---- */

static void test_weights(void **state)
{
    (void)state;
    static const double weight[][4] = {{1, 2, 3, 4}, {4, 3, 2, 1}, {3, 1, 4, 2}};
    for (int order = 0; order < 3; order++)
        for (int sign = -1; sign <= 1; sign++) { /* e^-1000 is 0 as a number, e^1000 infinite */
            em_weights w = {0};
            for (int i = 0; i < 4; i++)
                em_weights_add(&w, 1000 * sign + log(weight[order][i]));
            near(em_weights_log_sum(&w), 1000 * sign + log(10), 1e-12, "log of the sum");
            near(em_weights_ess(&w), 100.0 / 30, 1e-12, "effective sample size");
            near(em_weights_error(&w), sqrt(5.0 / 3 / 4) / 2.5, 1e-12, "standard deviation of the mean, divided by it");
        }
    em_weights none = {0}, one = {0}, equal = {0};
    for (int i = 0; i < 5; i++) {
        em_weights_add(&none, -INFINITY);
        em_weights_add(&one, i == 2 ? -3 : -INFINITY);
        em_weights_add(&equal, -7);
    }
    assert_true(em_weights_log_sum(&none) == -INFINITY && em_weights_ess(&none) == 0 && isnan(em_weights_error(&none)));
    near(em_weights_log_sum(&one), -3, 1e-12, "one weight");
    near(em_weights_ess(&one), 1, 1e-12, "effective size of one weight");
    near(em_weights_error(&one), 1, 1e-12, "error of one weight among five"); /* sd sqrt(1/5), mean 1/5 */
    near(em_weights_ess(&equal), 5, 1e-12, "effective size of equal weights");
    near(em_weights_error(&equal), 0, 1e-7, "error of equal weights");
}

/* ---- a Gaussian likelihood: closed form ---- */

enum { S = 37 };

static em_dataset *gaussian(void)
{
    int n[S];
    em_random random = em_random_start(3, 1);
    for (int s = 0; s < S; s++)
        n[s] = s % 13;
    em_dataset *data = blank_data(&em_model_normal, S, n);
    for (int s = 0; s < S; s++) {
        const double m = 0.7 + 1.5 * em_random_normal(&random);
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
            *cell_of(data, "y", r) = m + em_random_normal(&random);
    }
    return data;
}

/* y ~ Normal(mu, I + v 11'): determinant 1 + n v, inverse by Sherman and Morrison. */
static double gaussian_evidence(em_dataset *data, size_t s, double mu, double v)
{
    const double n = (double)(data->offset[s + 1] - data->offset[s]), one = 1 + n * v;
    double square = 0, sum = 0;
    for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
        const double e = *cell_of(data, "y", r) - mu;
        square += e * e;
        sum += e;
    }
    return -0.5 * (n * log(2 * M_PI) + log(one) + square - v * sum * sum / one);
}

static void test_closed_form(void **state)
{
    (void)state;
    em_dataset *data = gaussian();
    char path[300];
    in_folder(path, "gaussian.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    options.mu[0] = 0.4;
    options.var[0] = 1.3;
    em_fit *fit = run_fit(world, path, &em_model_normal, &options);
    if (fit) {
        double want[S], sum = 0;
        for (size_t s = 0; s < S; s++)
            sum += want[s] = gaussian_evidence(data, s, 0.4, 1.3);
        check_all(fit, want, 1e-10, 0.02, "evidence");
        near(fit->log_evidence_quadrature, sum, 1e-9, "sum of the quadrature");
        assert_true(fit->timing.evidence_evaluations >= S * 2031);
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

/* (estimate - truth)/error over subjects and seeds has mean 0 and mean square 1. */
static void test_errors_are_of_the_right_size(void **state)
{
    (void)state;
    enum { SEEDS = SLOW_BUILD ? 10 : 50 };
    em_dataset *data = gaussian();
    char path[300];
    in_folder(path, "gaussian.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    options.quadrature = false;
    options.samples = 1000;
    options.mu[0] = 0.4;
    options.var[0] = 1.3;
    double sum = 0, squares = 0, sum_squares = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
        options.seed = (uint64_t)seed;
        em_fit *fit = run_fit(world, path, &em_model_normal, &options);
        double off = 0;
        for (size_t s = 0; s < S && fit; s++) {
            const double wrong = fit->subject_importance[s] - gaussian_evidence(data, s, 0.4, 1.3);
            off += wrong;
            sum += wrong / fit->subject_importance_se[s];
            squares += wrong * wrong / (fit->subject_importance_se[s] * fit->subject_importance_se[s]);
        }
        if (fit)
            sum_squares += off * off / (fit->log_evidence_importance_se * fit->log_evidence_importance_se);
        em_fit_free(fit);
    }
    if (em_comm_rank(world) == 0) {
        const double n = S * SEEDS;
        near(sum / n, 0, 4 / sqrt(n), "mean of (estimate - truth)/error");
        near(squares / n, 1, 4 * sqrt(2 / n), "its mean square");
        near(sum_squares / SEEDS, 1, 4 * sqrt(2.0 / SEEDS), "mean square for the sum over subjects");
    }
    em_dataset_free(data);
}

/* ---- other likelihoods: the trapezoidal rule over a dense grid, which converges faster than any power of its step ---- */

/* log of the integral over t in [-WIDEST, WIDEST]^dimensions of likelihood(mean + factor t) times the standard normal density of t.
 * factor [P, dimensions] by rows; want [S] out. */
static void trapezoid(em_dataset *data, const em_model *m, const double *mean, const double *factor, int dimensions, double step,
                      double *want)
{
    const double widest = 8;
    const int n = 2 * (int)(widest / step) + 1, P = m->n_parameters, points = dimensions == 1 ? n : n * n;
    double *value = em_new((size_t)points * data->n_subjects, sizeof *value, NULL);
    for (int i = 0; i < points; i++) {
        const double t[2] = {(i % n - n / 2) * step, dimensions == 2 ? (i / n - n / 2) * step : 0};
        double x[EM_MAX_PARAMETERS];
        for (int j = 0; j < P; j++)
            x[j] = mean[j] + factor[j * dimensions] * t[0] + (dimensions == 2 ? factor[j * dimensions + 1] * t[1] : 0);
        double *to = value + (size_t)i * data->n_subjects;
        score_all(data, m, widest_isa(), false, 2, x, to, NULL, NULL);
        for (size_t s = 0; s < data->n_subjects; s++)
            to[s] += dimensions * (log(step) - 0.5 * log(2 * M_PI)) - 0.5 * (t[0] * t[0] + t[1] * t[1]);
    }
    for (size_t s = 0; s < data->n_subjects; s++) {
        double most = -INFINITY, sum = 0;
        for (int i = 0; i < points; i++)
            most = fmax(most, value[(size_t)i * data->n_subjects + s]);
        for (int i = 0; i < points; i++)
            sum += exp(value[(size_t)i * data->n_subjects + s] - most);
        want[s] = most + log(sum);
    }
    free(value);
}

enum { PEOPLE = SLOW_BUILD ? 6 : 24 };

static em_dataset *learners(int trials)
{
    em_simulation sim = {.subjects = PEOPLE, .trials = trials, .seed = 9};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        sim.mu[j] = sim.var[j] = j == 0 ? 0.2 : 0.6;
    em_dataset *data;
    em_error error;
    assert_int_equal(em_simulate(em_model_find("rw"), &sim, &data, &error), EM_OK);
    return data;
}

static void test_learning(void **state)
{
    (void)state;
    em_dataset *data = learners(60);
    char path[300];
    in_folder(path, "learners.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    const double mean[2] = {-0.3, 0.5}, factor[4] = {1.1, 0, 0, 0.8};
    options.mu[0] = -0.3;
    options.mu[1] = 0.5;
    options.var[0] = 1.1 * 1.1;
    options.var[1] = 0.8 * 0.8;
    double want[PEOPLE];
    if (em_comm_rank(world) == 0)
        trapezoid(data, em_model_find("rw"), mean, factor, 2, 0.1, want);
    em_fit *fit = run_fit(world, path, em_model_find("rw"), &options);
    if (fit) {
        double laplace = 0;
        check_all(fit, want, 1e-3, 0.05, "evidence, the usual nodes");
        for (int s = 0; s < PEOPLE; s++)
            laplace = fmax(laplace, fabs(fit->subject_log_marginal_likelihood[s] - want[s]));
        assert_true(laplace > 0.02); /* the others are worth their while, and the test can fail */
    }
    em_fit_free(fit);
    options.nodes = 81;
    options.samples = SLOW_BUILD ? 2000 : 20000;
    fit = run_fit(world, path, em_model_find("rw"), &options);
    if (fit)
        check_all(fit, want, 1e-6, 0.05, "evidence, many nodes");
    em_fit_free(fit);
    options.nodes = 1;
    options.samples = 0;
    fit = run_fit(world, path, em_model_find("rw"), &options);
    for (int s = 0; s < PEOPLE && fit; s++)
        near(fit->subject_quadrature[s], fit->subject_log_marginal_likelihood[s], 1e-11, "one node is Laplace's approximation");
    em_fit_free(fit);
    em_dataset_free(data);
}

/* A parameter without variance is no dimension, whether shared or fixed. */
static void test_fewer_dimensions(void **state)
{
    (void)state;
    em_dataset *data = learners(60);
    const em_model *rw = em_model_find("rw");
    char path[300];
    in_folder(path, "learners.h5");
    write_data(data, path);
    double want[PEOPLE];
    for (int fixed = 0; fixed < 2; fixed++) {
        em_fit_options options = both_ways(EM_GROUP_ESTIMATE);
        options.shared[0] = !fixed;
        options.fix[0] = fixed ? 0.3 : NAN;
        options.nodes = 61;
        em_fit *fit = run_fit(world, path, rw, &options);
        if (fit) {
            const double mean[2] = {fixed ? log(0.3 / 0.7) : fit->mu[0], fit->mu[1]}, factor[2] = {0, sqrt(fit->var[1])};
            near(fit->var[0], 0, 0, "variance of alpha");
            trapezoid(data, rw, mean, factor, 1, 0.02, want);
            check_all(fit, want, 1e-6, 0.05, fixed ? "evidence, alpha fixed" : "evidence, alpha shared");
        }
        em_fit_free(fit);
    }
    em_dataset_free(data);
}

/* Everybody is the same: no dimension is left, and the evidence is the likelihood. */
static void test_no_dimension(void **state)
{
    (void)state;
    int n[S];
    for (int s = 0; s < S; s++)
        n[s] = 9;
    em_dataset *data = blank_data(&em_model_normal, S, n);
    for (uint64_t r = 0; r < data->n_rows; r++)
        *cell_of(data, "y", r) = r % 9 < 4 ? 1 : -1;
    char path[300];
    in_folder(path, "gaussian.h5");
    write_data(data, path);
    const em_fit_options options = both_ways(EM_GROUP_ESTIMATE);
    em_fit *fit = run_fit(world, path, &em_model_normal, &options);
    if (fit) {
        double want[S];
        assert_int_equal(fit->group_status[0], EM_GROUP_VANISHED);
        for (size_t s = 0; s < S; s++)
            want[s] = gaussian_evidence(data, s, fit->mu[0], 0);
        check_all(fit, want, 1e-11, 1e-6, "likelihood");
        near(fit->subject_importance_ess[0], 2000, 1e-6, "effective sample size");
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

/* A covariance that is not diagonal, regular and of rank 1: x = mu + factor t. */
static void test_covariance(void **state)
{
    (void)state;
    em_dataset *data = learners(60);
    const em_model *rw = em_model_find("rw");
    char path[300], group[300];
    in_folder(path, "learners.h5");
    in_folder(group, "group.h5");
    write_data(data, path);
    em_fit_options estimate = em_fit_defaults();
    estimate.full = true;
    estimate.tol = 0.5;
    em_fit *full = run_fit(world, path, rw, &estimate);
    for (int rank = 1; rank <= 2; rank++) {
        static const double mean[2] = {-0.3, 0.5}, one[2] = {1.1, -0.8}, two[4] = {1.1, 0, -0.5, 0.6};
        const double *factor = rank == 1 ? one : two;
        double want[PEOPLE];
        em_error error = {EM_OK, ""};
        em_code code = EM_OK;
        for (int i = 0; i < 2 && full; i++) {
            full->mu[i] = mean[i];
            for (int j = 0; j < 2; j++)
                full->cov[2 * i + j] = rank == 1 ? one[i] * one[j] : two[2 * i] * two[2 * j] + two[2 * i + 1] * two[2 * j + 1];
            full->var[i] = full->cov[3 * i];
        }
        if (full)
            code = em_fit_write(full, group, true, &error);
        assert_int_equal(em_comm_agree(world, code, &error), EM_OK);
        em_fit_options options = both_ways(EM_GROUP_FIXED);
        options.group_from = group;
        options.nodes = 81;
        em_fit *fit = run_fit(world, path, rw, &options);
        if (fit) {
            assert_int_equal(fit->covariance_rank, rank);
            trapezoid(data, rw, mean, factor, rank, rank == 1 ? 0.02 : 0.1, want);
            check_all(fit, want, 1e-6, 0.06, rank == 1 ? "evidence, rank 1" : "evidence, full covariance");
        }
        em_fit_free(fit);
    }
    em_fit_free(full);
    em_dataset_free(data);
}

/* Two maxima, one on each side of 0: importance sampling meets both, because a part of its draws comes from the group. */
static void test_two_maxima(void **state)
{
    (void)state;
    int n[PEOPLE];
    em_random random = em_random_start(12, 1);
    for (int s = 0; s < PEOPLE; s++)
        n[s] = 4;
    em_dataset *data = blank_data(&em_model_peaks, PEOPLE, n);
    for (int s = 0; s < PEOPLE; s++)
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
            *cell_of(data, "y", r) = 6 + em_random_normal(&random);
            *cell_of(data, "z", r) = 3 * em_random_normal(&random);
        }
    char path[300];
    in_folder(path, "peaks.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    const double mean = 0.2, factor = 2;
    options.mu[0] = mean;
    options.var[0] = factor * factor;
    options.samples = 20000;
    options.nodes = 9;
    em_fit *fit = run_fit(world, path, &em_model_peaks, &options);
    if (fit) {
        double want[PEOPLE], missed = 0;
        trapezoid(data, &em_model_peaks, &mean, &factor, 1, 0.01, want);
        for (int s = 0; s < PEOPLE; s++) {
            near(fit->subject_importance[s], want[s], 4 * fit->subject_importance_se[s], "evidence of two maxima");
            if (!(fit->subject_importance_se[s] < 0.1))
                fail_msg("the error of subject %d is %g", s, fit->subject_importance_se[s]);
            missed = fmax(missed, want[s] - fit->subject_quadrature[s]);
        }
        assert_true(missed > 0.3); /* what is only around the best one misses up to half */
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

/* ---- who has none, and what is refused ---- */

static void test_unused_subjects_have_none(void **state)
{
    (void)state;
    const int n[3] = {5, 3, 7};
    em_dataset *data = blank_data(&em_model_normal, 3, n);
    random_cells(data, &em_model_normal, 2, 1);
    *cell_of(data, "y", 6) = 1e200; /* no likelihood above 0 */
    char path[300];
    in_folder(path, "gaussian.h5");
    write_data(data, path);
    const em_fit_options options = both_ways(EM_GROUP_FIXED);
    em_fit *fit = run_fit(world, path, &em_model_normal, &options);
    if (fit) {
        assert_int_equal(fit->n_subjects_used, 2);
        assert_true(isnan(fit->subject_importance[1]) && isnan(fit->subject_importance_se[1]) && isnan(fit->subject_importance_ess[1]) &&
                    isnan(fit->subject_quadrature[1]));
        near(fit->log_evidence_quadrature, fit->subject_quadrature[0] + fit->subject_quadrature[2], 1e-10, "sum over the others");
        near(fit->log_evidence_importance, fit->subject_importance[0] + fit->subject_importance[2], 1e-10, "sum over the others");
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

static void refused(const char *path, const em_model *m, const em_fit_options *options, const char *word)
{
    em_fit *fit;
    em_error error = {EM_OK, ""};
    assert_int_equal(em_fit_run(world, path, m, options, NULL, NULL, &fit, &error), EM_INPUT_ERROR);
    if (!strstr(error.text, word))
        fail_msg("'%s' does not say '%s'", error.text, word);
}

static void test_refusals(void **state)
{
    (void)state;
    const int n[2] = {5, 6};
    em_dataset *data = blank_data(&em_model_probe, 2, n);
    random_cells(data, &em_model_probe, 2, 1);
    char path[300];
    in_folder(path, "probe.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    refused(path, &em_model_probe, &options, "up to 4 parameters that differ between subjects, and this fit has 7; use --evidence importance");
    options.fix[6] = options.fix[5] = options.fix[4] = 1;
    options.nodes = 40;
    refused(path, &em_model_probe, &options, "40 nodes in each of 4 dimensions are 2560000 points");
    options.nodes = 5;
    em_fit_free(run_fit(world, path, &em_model_probe, &options));
    options.quadrature = false;
    refused(path, &em_model_probe, &options, "--nodes is for the quadrature");
    options.nodes = 0;
    options.samples = 99;
    refused(path, &em_model_probe, &options, "100 samples or more");
    options.samples = 0;
    options.group = EM_GROUP_NONE;
    refused(path, &em_model_probe, &options, "without a group there is no evidence");
    em_dataset_free(data);
}

/* ---- conditions ---- */

/* With a value of beta in each half of the trials, under a group that has one mean and next to no variance, the evidence is the
 * likelihood of the plain model there. And the stored Hessian is whole: Laplace's formula from what is stored gives its evidence. */
static void test_conditions(void **state)
{
    (void)state;
    em_dataset *data = learners(60);
    const em_model *rw = em_model_find("rw");
    data->column = realloc(data->column, (size_t)(data->n_columns + 1) * sizeof *data->column);
    em_dataset_column *half = &data->column[data->n_columns++];
    *half = (em_dataset_column){.name = em_copy("half", NULL), .value = em_new(data->n_rows, sizeof(double), NULL)};
    for (size_t r = 0; r < data->n_rows; r++)
        half->value[r] = (double)(r % 60 / 30);
    char path[300];
    in_folder(path, "halves.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    const em_by by = {"half", "beta"};
    options.by = &by;
    options.n_by = 1;
    options.mu[0] = 0.3;
    options.mu[1] = 0.7;
    for (int wide = 0; wide < 2; wide++) {
        options.var[0] = options.var[1] = wide ? 1.5 : 1e-12;
        em_fit *fit = run_fit(world, path, rw, &options);
        double value[PEOPLE];
        if (fit)
            score_all(data, rw, widest_isa(), false, 2, options.mu, value, NULL, NULL);
        for (int s = 0; s < PEOPLE && fit && !wide; s++) {
            near(fit->subject_importance[s], value[s], 4 * fit->subject_importance_se[s] + 1e-5, "likelihood by importance sampling");
            near(fit->subject_quadrature[s], value[s], 1e-5, "likelihood by quadrature");
        }
        for (int s = 0; s < PEOPLE && fit && wide; s++) {
            double h[6], prior = 0;
            for (int i = 0, k = 0; i < 3; i++)
                for (int j = 0; j <= i; j++)
                    h[k++] = fit->hessian[(s * 3 + i) * 3 + j];
            for (int j = 0; j < 3; j++)
                prior -= 0.5 * (log(2 * M_PI * fit->var[j]) + pow(fit->map[s * 3 + j] - fit->mu[j], 2) / fit->var[j]);
            const double det = h[0] * (h[2] * h[5] - h[4] * h[4]) - h[1] * (h[1] * h[5] - h[4] * h[3]) + h[3] * (h[1] * h[4] - h[2] * h[3]);
            near(fit->subject_log_marginal_likelihood[s],
                 fit->subject_log_likelihood[s] + prior + 1.5 * log(2 * M_PI) - 0.5 * log(det), 1e-10, "Laplace from the stored Hessian");
            near(fit->subject_importance[s], fit->subject_quadrature[s], 4 * fit->subject_importance_se[s] + 2e-2, "both ways");
        }
        em_fit_free(fit);
    }
    em_dataset_free(data);
}

/* ---- any number of ranks ---- */

static void same(const void *a, const void *b, size_t bytes, const char *what)
{
    if (memcmp(a, b, bytes) != 0)
        fail_msg("%s differs between %d ranks and one", what, em_comm_size(world));
}

static void same_evidences(const em_fit *a, const em_fit *b)
{
    const size_t bytes = PEOPLE * sizeof(double);
    assert_true(a->importance && a->quadrature && b->importance && b->quadrature);
    same(a->subject_importance, b->subject_importance, bytes, "importance sampling");
    same(a->subject_importance_se, b->subject_importance_se, bytes, "its error");
    same(a->subject_importance_ess, b->subject_importance_ess, bytes, "its effective sample size");
    same(a->subject_quadrature, b->subject_quadrature, bytes, "quadrature");
    same(&a->log_evidence_importance, &b->log_evidence_importance, sizeof(double), "sum of importance sampling");
    same(&a->log_evidence_importance_se, &b->log_evidence_importance_se, sizeof(double), "error of the sum");
    same(&a->log_evidence_quadrature, &b->log_evidence_quadrature, sizeof(double), "sum of the quadrature");
}

/* In memory and in a file; and who else is there does not matter to a subject's draws. */
static void test_ranks_give_the_same_bits(void **state)
{
    (void)state;
    em_dataset *data = learners(40);
    const em_model *rw = em_model_find("rw");
    char path[300], output[300];
    in_folder(path, "learners.h5");
    in_folder(output, "fit.h5");
    write_data(data, path);
    em_fit_options options = both_ways(EM_GROUP_FIXED);
    em_error error = {EM_OK, ""};
    em_fit *many = run_fit(world, path, rw, &options), *frame = NULL;
    assert_int_equal(em_fit_file(world, path, rw, &options, &(em_fit_output){.path = output, .force = true, .checkpoint_every = 60}, NULL, NULL, &frame,
                                 &error), EM_OK);
    if (many) {
        em_comm *alone = em_comm_alone();
        em_fit *one = run_fit(alone, path, rw, &options), *file;
        assert_int_equal(em_fit_read(output, &file, &error), EM_OK);
        same_evidences(many, one);
        same_evidences(file, one);
        same(&frame->log_evidence_importance, &one->log_evidence_importance, sizeof(double), "sum beside the file");
        const char *const excluded[] = {data->id[0]};
        options.exclude = excluded;
        options.n_exclude = 1;
        em_fit *fewer = run_fit(alone, path, rw, &options);
        for (int s = 1; s < PEOPLE; s++)
            near(fewer->subject_importance[s - 1], one->subject_importance[s], 1e-10, "evidence where one is left out");
        options.n_exclude = 0;
        options.seed = 2;
        em_fit *other = run_fit(alone, path, rw, &options);
        for (int s = 0; s < PEOPLE; s++)
            assert_true(other->subject_importance[s] != one->subject_importance[s]);
        em_fit_free(fewer);
        em_fit_free(other);
        em_fit_free(file);
        em_fit_free(one);
        em_comm_stop(alone);
        unlink(output);
    }
    em_fit_free(many);
    em_fit_free(frame);
    em_dataset_free(data);
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
        cmocka_unit_test(test_weights), cmocka_unit_test(test_closed_form), cmocka_unit_test(test_errors_are_of_the_right_size),
        cmocka_unit_test(test_learning), cmocka_unit_test(test_fewer_dimensions), cmocka_unit_test(test_no_dimension),
        cmocka_unit_test(test_covariance), cmocka_unit_test(test_two_maxima), cmocka_unit_test(test_unused_subjects_have_none),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_conditions), cmocka_unit_test(test_ranks_give_the_same_bits)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0) {
        static const char *const left[] = {"gaussian.h5", "learners.h5", "group.h5", "peaks.h5", "probe.h5", "halves.h5"};
        for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
            char path[300];
            in_folder(path, left[i]);
            unlink(path);
        }
        rmdir(folder);
    }
    em_comm_stop(world);
    return failed;
}
