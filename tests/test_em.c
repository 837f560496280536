/* EM against closed answers, and the same fit on any number of ranks. Run alone and under mpirun. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
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
#include "helpers.h"
#include "treesum.h"

static em_comm *world;
static char folder[200];

static const char *in_folder(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

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

static em_fit *run_fit(em_comm *comm, const char *path, const em_model *m, const em_fit_options *options, em_code want)
{
    em_fit *fit;
    em_error error = {EM_OK, ""};
    em_code code = em_fit_run(comm, path, m, options, NULL, NULL, &fit, &error);
    if (code != want)
        fail_msg("fit ended with %d: %s", code, error.text);
    return fit;
}

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
}

/* Gaussian data of ragged length: means of S subjects and their numbers of trials. */
enum { S = 37 };
static em_dataset *gaussian(bool balanced, double *mean, int *n)
{
    em_random random = em_random_start(3, 1);
    for (int s = 0; s < S; s++)
        n[s] = balanced ? 9 : 1 + s % 13;
    em_dataset *data = blank_data(&em_model_normal, S, n);
    for (int s = 0; s < S; s++) {
        const double m = 0.7 + 1.5 * em_random_normal(&random);
        mean[s] = 0;
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
            *cell_of(data, "y", r) = m + em_random_normal(&random);
            mean[s] += *cell_of(data, "y", r) / n[s];
        }
    }
    return data;
}

/* Subject means are Normal(mu, v + 1/n): the derivative in v of their log-likelihood at the best mu for this v. */
typedef struct { const double *mean; const int *n; } means;
static double best_mu(double v, const means *d)
{
    double sum = 0, weight = 0;
    for (int s = 0; s < S; s++) {
        sum += d->mean[s] / (v + 1.0 / d->n[s]);
        weight += 1 / (v + 1.0 / d->n[s]);
    }
    return sum / weight;
}
static double slope(double v, void *where)
{
    const means *d = where;
    const double mu = best_mu(v, d);
    double sum = 0;
    for (int s = 0; s < S; s++) {
        const double total = v + 1.0 / d->n[s], r = d->mean[s] - mu;
        sum += 0.5 * (r * r / (total * total) - 1 / total);
    }
    return sum;
}

/* EM with a Gaussian likelihood has the maximum of the marginal likelihood as its fixed point, Laplace is exact, MAP and
 * Hessian are the conjugate posterior's. */
static void test_conjugate(void **state)
{
    (void)state;
    for (int balanced = 0; balanced < 2; balanced++) {
        double mean[S];
        int n[S];
        em_dataset *data = gaussian(balanced, mean, n);
        const char *path = in_folder("gaussian.h5");
        write_data(data, path);
        em_fit_options options = em_fit_defaults();
        options.tol = 1e-10;
        em_fit *fit = run_fit(world, path, &em_model_normal, &options, EM_OK);
        if (fit) {
            means d = {mean, n};
            gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
            gsl_function f = {slope, &d};
            gsl_root_fsolver_set(solver, &f, 0.01, 50);
            for (int i = 0; i < 200; i++)
                gsl_root_fsolver_iterate(solver);
            const double v = gsl_root_fsolver_root(solver), mu = best_mu(v, &d);
            gsl_root_fsolver_free(solver);
            near(fit->mu[0], mu, 1e-9, "group mean");
            near(fit->var[0], v, 1e-8, "group variance");
            double evidence = 0;
            for (int s = 0; s < S; s++) {
                const double precision = n[s] + 1 / fit->var[0];
                near(fit->map[s], (n[s] * mean[s] + fit->mu[0] / fit->var[0]) / precision, 1e-11, "MAP");
                near(fit->hessian[s], precision, 1e-10, "Hessian");
                /* y ~ Normal(mu, I + v 11'): determinant 1 + n v, Sherman-Morrison */
                double square = 0, sum = 0;
                for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
                    const double e = *cell_of(data, "y", r) - fit->mu[0];
                    square += e * e;
                    sum += e;
                }
                const double one = 1 + n[s] * fit->var[0];
                const double exact = -0.5 * (n[s] * log(2 * M_PI) + log(one) + square - fit->var[0] * sum * sum / one);
                near(fit->subject_log_marginal_likelihood[s], exact, 1e-11, "evidence");
                evidence += exact;
            }
            near(fit->log_marginal_likelihood, evidence, 1e-9, "evidence in sum");
            near(fit->bic_int, -2 * evidence + 2 * log((double)data->n_rows), 1e-9, "BIC_int");
            near(fit->aic_int, -2 * evidence + 4, 1e-9, "AIC_int");
            assert_true(isnan(fit->pseudo_r2));
            near(fit->trace_mu[0], 0, 0, "first row of the trace");
            near(fit->trace_var[fit->n_trace - 1], fit->var[0], 0, "last row of the trace");
            near(fit->trace_log_marginal_likelihood[fit->n_trace - 1], fit->log_marginal_likelihood, 0, "last evidence of the trace");
        }
        em_fit_free(fit);
        em_dataset_free(data);
    }
}

/* A variance that vanishes moves like 1/k in plain EM, which must not call that convergence, however small its steps.
 * Accelerated EM says what it is: everybody is the same. */
static void test_vanishing_variance(void **state)
{
    (void)state;
    double mean[S];
    int n[S];
    em_dataset *data = gaussian(true, mean, n);
    for (uint64_t r = 0; r < data->n_rows; r++) /* everybody the same: the best variance is 0 */
        *cell_of(data, "y", r) = r % 9 < 4 ? 1 : -1;
    const char *path = in_folder("alike.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.accelerate = false;
    options.max_iter = 3000;
    em_fit *fit = run_fit(world, path, &em_model_normal, &options, EM_NOT_CONVERGED);
    if (fit) {
        assert_false(fit->converged);
        assert_true(fit->var[0] < 1e-3 && fit->distance > 0.01);
        assert_int_equal(fit->group_status[0], EM_GROUP_ESTIMATED);
        near(fit->mu[0], -1.0 / 9, 1e-6, "group mean");
    }
    const double plain = fit ? fit->log_marginal_likelihood : 0;
    em_fit_free(fit);
    options.accelerate = true;
    fit = run_fit(world, path, &em_model_normal, &options, EM_OK);
    if (fit) {
        assert_true(fit->iterations <= 10);
        assert_int_equal(fit->group_status[0], EM_GROUP_VANISHED);
        near(fit->var[0], 0, 0, "variance");
        near(fit->mu[0], -1.0 / 9, 1e-7, "group mean");
        double all = 0;
        for (int s = 0; s < S; s++) {
            near(fit->map[s], fit->mu[0], 0, "MAP where all are the same");
            near(fit->hessian[s], n[s], 1e-12, "Hessian of the likelihood alone");
            for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
                all -= 0.5 * (log(2 * M_PI) + pow(*cell_of(data, "y", r) - fit->mu[0], 2));
        }
        near(fit->log_marginal_likelihood, all, 1e-9, "evidence where all are the same");
        near(fit->bic_int, -2 * all + 2 * log((double)data->n_rows), 1e-9, "BIC_int still counts the variance");
        assert_true(fit->log_marginal_likelihood > plain - 0.02);
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

static void test_fixed_and_none(void **state)
{
    (void)state;
    double mean[S];
    int n[S];
    em_dataset *data = gaussian(false, mean, n);
    const char *path = in_folder("gaussian.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_FIXED;
    options.mu[0] = 2;
    options.var[0] = 0.5;
    em_fit *fit = run_fit(world, path, &em_model_normal, &options, EM_OK);
    if (fit) {
        assert_int_equal(fit->iterations, 1);
        assert_int_equal(fit->n_group, 0);
        assert_int_equal(fit->group_status[0], EM_GROUP_GIVEN);
        near(fit->bic_int, -2 * fit->log_marginal_likelihood, 1e-10, "BIC_int with a fixed group");
        for (int s = 0; s < S; s++)
            near(fit->map[s], (n[s] * mean[s] + 4) / (n[s] + 2), 1e-12, "MAP under a fixed prior");
    }
    em_fit_free(fit);
    options.group = EM_GROUP_NONE;
    fit = run_fit(world, path, &em_model_normal, &options, EM_OK);
    for (int s = 0; s < S && fit; s++)
        near(fit->map[s], mean[s], 1e-8, "maximum likelihood");
    em_fit_free(fit);
    em_dataset_free(data);
}

/* What a group was drawn from comes out of its data: means within 4 standard errors of what could be seen if everybody's
 * parameters were known, widened by a half because they are not, or by `wider` where a subject's data say little about a
 * parameter; variances within a factor of 2, or of 2^wider. What a fact of the data scales is compared on the natural scale. */
static void test_recovery(void **state)
{
    (void)state;
    static const struct { const char *model; double mu[7], var[7], wider; size_t people; int trials; } truth[] = {
        {"rw", {-0.5, 1}, {1, 0.25}, 1, 240, 200},
        {"rw_dual", {0.3, -0.8, 1}, {0.8, 0.8, 0.2}, 1, 240, 200},
        {"choice_kernel", {-1, 1}, {0.7, 0.3}, 1, 240, 200},
        {"gng_m2", {-1, -0.7, 0.4, 2}, {0.3, 0.5, 0.3, 0.2}, 1.5, 100, 300},
        {"gng_m3", {-1, -0.7, 0.4, 0.3, 2}, {0.3, 0.5, 0.3, 0.2, 0.2}, 1.5, 100, 300},
        {"ts_hybrid", {0.5, 0.5, 0.3, 1.5, 1.3, 0, 0.3}, {0.5, 0.5, 0.8, 0.2, 0.2, 0.8, 0.1}, 1.5, 80, 300},
        {"ts_par7", {0.5, 0.5, 0.3, 1.5, 1.3, 0, 0.3}, {0.5, 0.5, 0.8, 0.2, 0.2, 0.8, 0.1}, 2, 80, 300},
        {"ddm", {0.4, 0.1, 0.8, -1}, {0.05, 0.1, 0.4, 0.2}, 1, 60, 100},
        {"dd_hyperbolic", {-4, -1}, {0.8, 0.2}, 1, 240, 200},
        {"ra_prospect", {-0.2, 0.4, 0.3}, {0.05, 0.2, 0.2}, 1, 240, 200},
    };
    for (size_t i = 0; i < sizeof truth / sizeof *truth; i++) {
        /* What ranks change is tested elsewhere. */
        if ((SLOW_BUILD || em_comm_size(world) > 1) && strcmp(truth[i].model, "rw") != 0 && strcmp(truth[i].model, "ddm") != 0)
            continue;
        const em_model *m = em_model_find(truth[i].model);
        const size_t P = (size_t)m->n_parameters;
        em_simulation sim = {.subjects = truth[i].people, .trials = truth[i].trials, .seed = 31};
        memcpy(sim.mu, truth[i].mu, sizeof truth[i].mu);
        memcpy(sim.var, truth[i].var, sizeof truth[i].var);
        em_dataset *data;
        em_error error;
        assert_int_equal(em_simulate(m, &sim, &data, &error), EM_OK);
        const char *path = in_folder("recovery.h5");
        write_data(data, path);
        em_fit_options options = em_fit_defaults();
        options.tol = 1e-4;
        em_fit *fit = run_fit(world, path, m, &options, EM_OK);
        for (size_t j = 0; fit && j < P; j++) {
            const char *name = m->parameters[j].name;
            if (m->n_facts && strstr(m->parameters[j].transform, m->facts[0].name)) {
                for (size_t s = 0; s < sim.subjects; s++)
                    near(fit->natural[s * P + j], data->truth->natural[s * P + j], 0.1, name);
                continue;
            }
            near(fit->mu[j], sim.mu[j], 1.5 * truth[i].wider * 4 * sqrt(sim.var[j] / (double)sim.subjects), name);
            near(log(fit->var[j] / sim.var[j]), 0, truth[i].wider * log(2), name);
        }
        em_fit_free(fit);
        em_dataset_free(data);
    }
}

/* ---- several maxima ---- */

enum { PEOPLE_WITH_PEAKS = 60 };

/* Sizes near 2, some of them negative; the further z is from 0, the surer the sign. */
static em_dataset *data_with_peaks(double positive)
{
    int n[PEOPLE_WITH_PEAKS];
    for (int s = 0; s < PEOPLE_WITH_PEAKS; s++)
        n[s] = 3;
    em_dataset *data = blank_data(&em_model_peaks, PEOPLE_WITH_PEAKS, n);
    em_random random = em_random_start(12, 5);
    for (int s = 0; s < PEOPLE_WITH_PEAKS; s++) {
        const double m = (em_random_uniform(&random) < positive ? 1 : -1) * (2 + 0.3 * em_random_normal(&random));
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
            *cell_of(data, "y", r) = m * m + em_random_normal(&random);
            *cell_of(data, "z", r) = m + 3 * em_random_normal(&random);
        }
    }
    return data;
}

/* The highest log posterior of a subject on a fine grid, by the equations of the model. */
static double best_on_grid(em_dataset *data, size_t s, double mu, double var, double *where)
{
    double best = -INFINITY;
    for (double m = -5; m <= 5; m += 1e-3) {
        double f = -0.5 * (m - mu) * (m - mu) / var;
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++) {
            const double ey = *cell_of(data, "y", r) - m * m, ez = (*cell_of(data, "z", r) - m) / 3;
            f -= 0.5 * (ey * ey + ez * ez);
        }
        if (f > best) {
            best = f;
            *where = m;
        }
    }
    return best;
}

/* Subjects whose stored MAP is not at the highest maximum under the stored group. */
static int at_a_lower_maximum(em_dataset *data, const em_fit *fit)
{
    int lower = 0;
    for (size_t s = 0; s < PEOPLE_WITH_PEAKS; s++) {
        double where = 0;
        best_on_grid(data, s, fit->mu[0], fit->var[0], &where);
        lower += fabs(where - fit->map[s]) > 2e-3;
    }
    return lower;
}

static void test_highest_maximum(void **state)
{
    (void)state;
    em_dataset *data = data_with_peaks(0.7);
    const char *path = in_folder("peaks.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_FIXED;
    options.mu[0] = -0.5;
    em_fit *fit = run_fit(world, path, &em_model_peaks, &options, EM_OK);
    if (fit) {
        assert_int_equal(at_a_lower_maximum(data, fit), 0);
        int several = 0;
        for (int s = 0; s < PEOPLE_WITH_PEAKS; s++)
            several += fit->subject_modes[s] == 2;
        assert_true(several > PEOPLE_WITH_PEAKS / 2);
    }
    em_fit_free(fit);
    options.starts = 1; /* the group mean alone leads many astray: the test can fail */
    fit = run_fit(world, path, &em_model_peaks, &options, EM_OK);
    if (fit)
        assert_true(at_a_lower_maximum(data, fit) > 5);
    em_fit_free(fit);
    em_dataset_free(data);
}

/* Most are positive; under the group as it is at the end, those that were doubtful under the wide start belong there, too.
 * Without further looks some would stay where they were. */
static void test_maxima_change_with_the_group(void **state)
{
    (void)state;
    em_dataset *data = data_with_peaks(0.97);
    const char *path = in_folder("peaks.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.mu[0] = -1;
    em_fit *fit = run_fit(world, path, &em_model_peaks, &options, EM_OK);
    if (fit) {
        assert_int_equal(at_a_lower_maximum(data, fit), 0);
        em_fit_options first = options;
        first.group = EM_GROUP_FIXED;
        em_comm *alone = em_comm_alone();
        em_fit *start = run_fit(alone, path, &em_model_peaks, &first, EM_OK);
        int changed = 0;
        for (int s = 0; s < PEOPLE_WITH_PEAKS; s++)
            changed += (start->map[s] > 0) != (fit->map[s] > 0);
        assert_true(changed > 0);
        em_fit_free(start);
        em_comm_stop(alone);
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

/* Without a prior, a subject without data has no maximum: flagged, not used, and not counted. */
static void test_flagged_subjects_stay_out(void **state)
{
    (void)state;
    const int n[3] = {5, 0, 7};
    em_dataset *data = blank_data(&em_model_normal, 3, n);
    random_cells(data, &em_model_normal, 2, 1);
    const char *path = in_folder("gaussian.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_NONE;
    em_fit *fit = run_fit(world, path, &em_model_normal, &options, EM_OK);
    if (fit) {
        assert_int_equal(fit->n_subjects_used, 2);
        assert_int_equal(fit->n_trials, 12);
        assert_true(em_subject_is_flagged(fit->subject_status[1]));
        assert_true(isnan(fit->subject_log_likelihood[1]));
        assert_false(em_subject_is_flagged(fit->subject_status[0]));
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

/* ---- any number of ranks ---- */

static void same(const void *a, const void *b, size_t bytes, const char *what)
{
    if (memcmp(a, b, bytes) != 0)
        fail_msg("%s differs between %d ranks and one", what, em_comm_size(world));
}

static void test_ranks_give_the_same_bits(void **state)
{
    (void)state;
    enum { PEOPLE = 61 };
    const em_model *m = em_model_find("rw_dual");
    em_simulation sim = {.subjects = PEOPLE, .trials = 50, .seed = 4};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        sim.mu[j] = sim.var[j] = j < 2 ? 0.5 : 0.7;
    em_dataset *data;
    em_error error;
    assert_int_equal(em_simulate(m, &sim, &data, &error), EM_OK);
    for (size_t r = 0; r < data->n_rows; r += 17) /* ragged by missing trials */
        *cell_of(data, "choice", r) = NAN;
    const char *path = in_folder("ranks.h5");
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.max_iter = 12;
    options.tol = 1e-9;
    em_fit *many = run_fit(world, path, m, &options, EM_NOT_CONVERGED);
    if (many) {
        em_comm *alone = em_comm_alone();
        em_fit *one = run_fit(alone, path, m, &options, EM_NOT_CONVERGED);
        const size_t P = 3, n = PEOPLE;
        same(many->mu, one->mu, P * sizeof(double), "group mean");
        same(many->var, one->var, P * sizeof(double), "group variance");
        same(many->map, one->map, n * P * sizeof(double), "MAP");
        same(many->hessian, one->hessian, n * P * P * sizeof(double), "Hessian");
        same(many->subject_log_marginal_likelihood, one->subject_log_marginal_likelihood, n * sizeof(double), "evidence");
        same(many->subject_modes, one->subject_modes, n * sizeof(int32_t), "modes");
        same(many->trace_log_marginal_likelihood, one->trace_log_marginal_likelihood, 12 * sizeof(double), "trace");
        same(&many->bic_int, &one->bic_int, sizeof(double), "BIC_int");
        same(&many->distance, &one->distance, sizeof(double), "distance");
        em_fit_free(one);
        em_comm_stop(alone);
    }
    em_fit_free(many);
    em_dataset_free(data);
}

/* A file that ranks write window by window holds what one process has in memory. */
static void test_file_on_many_ranks(void **state)
{
    (void)state;
    enum { PEOPLE = EM_WINDOW + 117 };
    static int n[PEOPLE];
    em_random random = em_random_start(8, 8);
    for (int s = 0; s < PEOPLE; s++)
        n[s] = (int)(em_random_next(&random) % 4);
    em_dataset *data = blank_data(&em_model_normal, PEOPLE, n);
    random_cells(data, &em_model_normal, 2, 6);
    const char *path = in_folder("many.h5");
    char output[310];
    snprintf(output, sizeof output, "%s.fit", path);
    write_data(data, path);
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_FIXED;
    em_error error = {EM_OK, ""};
    em_fit *frame, *file;
    assert_int_equal(em_fit_file(world, path, &em_model_normal, &options, &(em_fit_output){.path = output, .force = true, .checkpoint_every = 60}, NULL, NULL, &frame,
                                 &error), EM_OK);
    if (frame) {
        em_comm *alone = em_comm_alone();
        em_fit *one = run_fit(alone, path, &em_model_normal, &options, EM_OK);
        assert_int_equal(em_fit_read(output, &file, &error), EM_OK);
        assert_null(frame->map);
        assert_int_equal(file->n_subjects, PEOPLE);
        for (int s = 0; s < PEOPLE; s++)
            assert_string_equal(file->subject[s], data->id[s]);
        same(file->map, one->map, PEOPLE * sizeof(double), "MAP");
        same(file->natural, one->natural, PEOPLE * sizeof(double), "natural");
        same(file->hessian, one->hessian, PEOPLE * sizeof(double), "Hessian");
        same(file->subject_log_likelihood, one->subject_log_likelihood, PEOPLE * sizeof(double), "log-likelihood");
        same(file->subject_log_marginal_likelihood, one->subject_log_marginal_likelihood, PEOPLE * sizeof(double), "evidence");
        same(file->subject_n_trials, one->subject_n_trials, PEOPLE * sizeof(uint64_t), "trials");
        same(file->subject_status, one->subject_status, PEOPLE, "status");
        same(file->subject_modes, one->subject_modes, PEOPLE * sizeof(int32_t), "modes");
        same(&file->bic_int, &one->bic_int, sizeof(double), "BIC_int");
        const em_noted *noted[] = {&frame->noted, &file->noted, &one->noted};
        size_t empty = 0;
        for (int s = 0; s < PEOPLE; s++)
            empty += n[s] == 0;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(noted[i]->empty, empty);
            assert_string_equal(noted[i]->first_empty_id, noted[0]->first_empty_id);
            assert_int_equal(noted[i]->several, 0);
        }
        em_fit_free(one);
        em_fit_free(file);
        em_comm_stop(alone);
        unlink(output);
        unlink(path);
    }
    em_fit_free(frame);
    em_dataset_free(data);
}

static void leaf(void *where, size_t group, double *terms)
{
    const double *x = where;
    terms[0] = x[group];
    terms[1] = 1;
}

static void test_treesum(void **state)
{
    (void)state;
    static double x[1000];
    em_random random = em_random_start(1, 1);
    for (int i = 0; i < 1000; i++)
        x[i] = em_random_normal(&random) * exp(20 * em_random_uniform(&random));
    em_comm *alone = em_comm_alone();
    for (size_t n = 0; n <= 1000; n = n < 70 ? n + 1 : n + 93)
        for (int cuts = 0; cuts < 6; cuts++) {
            size_t first[65] = {0};
            const int R = em_comm_size(world);
            double total[2], single[2];
            for (int r = 1; r <= R; r++) /* even runs, then runs of any length, ranks without groups among them */
                first[r] = cuts == 0 ? (size_t)r * n / (size_t)R : first[r - 1] + em_random_next(&random) % (n - first[r - 1] + 1);
            first[R] = n;
            em_error error;
            em_plan plan = {.n_groups = n, .ranks = R, .first = first};
            assert_int_equal(em_treesum(world, &plan, 2, leaf, x, total, &error), EM_OK);
            first[1] = n;
            plan.ranks = 1;
            assert_int_equal(em_treesum(alone, &plan, 2, leaf, x, single, &error), EM_OK);
            same(total, single, sizeof total, "tree sum");
            double plain = 0, size = 0;
            for (size_t i = 0; i < n; i++) {
                plain += x[i];
                size += fabs(x[i]);
            }
            near(total[0], plain, 1e-14 * size, "tree sum");
            assert_true(total[1] == (double)n);
        }
    em_comm_stop(alone);
}

static char *bytes_of(const char *path, size_t *n)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*n);
    assert_true(bytes && fread(bytes, 1, *n, file) == *n);
    fclose(file);
    return bytes;
}

/* Two simulations: subjects that fit into a piece many times, and subjects that are longer than a piece of the file. */
static void test_simulated_files(void **state)
{
    (void)state;
    static const struct { size_t subjects; int trials; } size[] = {{2300, 1000}, {3, 1100000}};
    const em_model *m = em_model_find("choice_kernel");
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        em_simulation sim = {.subjects = size[i].subjects, .trials = size[i].trials, .seed = 9};
        for (int j = 0; j < EM_MAX_PARAMETERS; j++)
            sim.mu[j] = sim.var[j] = NAN;
        char path[310], other[310];
        snprintf(path, sizeof path, "%s", in_folder("many.h5"));
        snprintf(other, sizeof other, "%s", in_folder("one.h5"));
        em_error error = {EM_OK, ""};
        assert_int_equal(em_simulate_file(world, m, &sim, path, true, &error), EM_OK);
        assert_int_equal(em_simulate_file(world, m, &sim, path, false, &error), EM_INPUT_ERROR);
        assert_non_null(strstr(error.text, "exists already"));
        if (em_comm_rank(world) > 0)
            continue;
        em_comm *alone = em_comm_alone();
        em_dataset *memory, *file;
        size_t n, n_one;
        assert_int_equal(em_simulate_file(alone, m, &sim, other, true, &error), EM_OK);
        char *many = bytes_of(path, &n), *one = bytes_of(other, &n_one);
        assert_int_equal(n, n_one);
        same(many, one, n, "simulated file");
        assert_int_equal(em_simulate(m, &sim, &memory, &error), EM_OK);
        assert_int_equal(em_dataset_read_frame(path, &file, &error), EM_OK);
        assert_int_equal(em_dataset_read_rows(file, path, NULL, 0, 0, file->n_rows, &error), EM_OK);
        assert_string_equal(file->fingerprint, memory->fingerprint);
        assert_string_equal(file->id[sim.subjects - 1], memory->id[sim.subjects - 1]);
        same(file->offset, memory->offset, (sim.subjects + 1) * sizeof(uint64_t), "offset");
        same(file->column[0].value, memory->column[0].value, file->n_rows * sizeof(double), "values");
        same(file->truth->x, memory->truth->x, sim.subjects * 2 * sizeof(double), "true parameters");
        same(file->truth->natural, memory->truth->natural, sim.subjects * 2 * sizeof(double), "true parameters");
        em_dataset_free(memory);
        em_dataset_free(file);
        em_comm_stop(alone);
        free(many);
        free(one);
        unlink(path);
        unlink(other);
    }
}

/* ---- who does what ---- */

static uint64_t *log_uniform_lengths(int n, uint64_t seed)
{
    uint64_t *offset = calloc((size_t)n + 1, sizeof *offset);
    em_random random = em_random_start(seed, 2);
    for (int s = 0; s < n; s++)
        offset[s + 1] = offset[s] + (uint64_t)(10 * exp(log(500) * em_random_uniform(&random)));
    return offset;
}

/* Largest share of the work of one rank, over the mean: a group costs the trials of its longest subject. */
static double imbalance(const em_plan *plan, const uint64_t *offset)
{
    double most = 0, sum = 0;
    for (int r = 0; r < plan->ranks; r++) {
        double work = 0;
        for (size_t g = plan->first[r]; g < plan->first[r + 1]; g++) {
            const uint32_t s = plan->member[g * (size_t)plan->lanes]; /* longest first */
            work += (double)(offset[s + 1] - offset[s]);
        }
        most = fmax(most, work);
        sum += work;
    }
    return most * plan->ranks / sum;
}

/* Every subject once, in its window; whole groups to a rank; work in proportion. */
static void test_plan(void **state)
{
    (void)state;
    static const struct {
        int subjects, ranks;
        double most;
    } share[] = {{500, 2, 1.07}, {1000, 2, 1.04}, {2000, 2, 1.03}, {9000, 1, 1}, {9000, 3, 1.05}, {9000, 5, 1.05}, {9000, 7, 1.05}};
    for (size_t i = 0; i < sizeof share / sizeof *share; i++) {
        const int n = share[i].subjects;
        uint64_t *offset = log_uniform_lengths(n, i);
        em_plan plan;
        em_error error;
        assert_int_equal(em_plan_make(offset, (size_t)n, 8, share[i].ranks, &plan, &error), EM_OK);
        char *met = calloc((size_t)n, 1);
        for (size_t w = 0; w < em_plan_windows(&plan); w++)
            for (int r = 0; r < plan.ranks; r++) {
                size_t first, end;
                em_plan_window(&plan, r, w, &first, &end);
                for (size_t k = first * 8; k < end * 8; k++)
                    if (plan.member[k] != EM_NOBODY) {
                        assert_int_equal(plan.member[k] / EM_WINDOW, w);
                        met[plan.member[k]]++;
                    }
            }
        for (int s = 0; s < n; s++)
            assert_int_equal(met[s], 1);
        if (imbalance(&plan, offset) > share[i].most)
            fail_msg("%d subjects on %d ranks: the largest share is %g of the mean", n, plan.ranks, imbalance(&plan, offset));
        free(met);
        free(offset);
        em_plan_free(&plan);
    }
}

/* A run of groups anywhere in a window has long and short subjects in the same mixture as the window. */
static void test_runs_are_samples(void **state)
{
    (void)state;
    const uint64_t median = 223; /* sqrt(10 * 5000) */
    uint64_t *offset = log_uniform_lengths(EM_WINDOW, 9);
    em_plan plan;
    em_error error;
    assert_int_equal(em_plan_make(offset, EM_WINDOW, 8, 1, &plan, &error), EM_OK);
    for (size_t from = 0; from + 64 <= plan.n_groups; from += 13) {
        int longer = 0;
        for (size_t g = from; g < from + 64; g++) {
            const uint32_t s = plan.member[g * 8];
            longer += offset[s + 1] - offset[s] > median;
        }
        assert_in_range(longer, 29, 35);
    }
    em_plan_free(&plan);
    free(offset);
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
        cmocka_unit_test(test_treesum), cmocka_unit_test(test_plan), cmocka_unit_test(test_runs_are_samples),
        cmocka_unit_test(test_conjugate),
        cmocka_unit_test(test_vanishing_variance), cmocka_unit_test(test_fixed_and_none),
        cmocka_unit_test(test_recovery), cmocka_unit_test(test_highest_maximum),
        cmocka_unit_test(test_maxima_change_with_the_group), cmocka_unit_test(test_flagged_subjects_stay_out),
        cmocka_unit_test(test_ranks_give_the_same_bits),
        cmocka_unit_test(test_file_on_many_ranks), cmocka_unit_test(test_simulated_files)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0) {
        static const char *const left[] = {"gaussian.h5", "alike.h5", "ranks.h5", "recovery.h5", "peaks.h5"};
        for (size_t i = 0; i < sizeof left / sizeof *left; i++)
            unlink(in_folder(left[i]));
        rmdir(folder);
    }
    em_comm_stop(world);
    return failed;
}
