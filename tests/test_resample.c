/* The bootstrap over subjects and leaving one out, against fits of data in which subjects really stand twice or are missing, and
 * against closed answers. Run alone and under mpirun. */
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

#include "bootstrap.h"
#include "error.h"
#include "helpers.h"

enum { S = 29 };
static em_comm *world;
static char folder[200];
static const em_covariate_term age = {"age", NULL};

static const char *in_folder(const char *name)
{
    static char path[4][300];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
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
    if (em_comm_agree(world, code, &error) != EM_OK)
        fail_msg("%s", error.text);
}

/* Once no rank needs the file any more. */
static void drop(const char *path)
{
    em_error error;
    if (em_comm_agree(world, EM_OK, &error) == EM_OK && em_comm_rank(world) == 0)
        unlink(path);
}

/* A fit on all ranks, in the file where there is one. */
static em_fit *fit_to(em_comm *comm, const char *path, const em_fit_options *options, const char *output)
{
    em_fit *fit = NULL;
    em_error error = {EM_OK, ""};
    em_code code = output ? em_fit_file(comm, path, &em_model_normal, options, &(em_fit_output){.path = output, .force = true, .checkpoint_every = 60}, NULL, NULL, &fit, &error)
                          : em_fit_run(comm, path, &em_model_normal, options, NULL, NULL, &fit, &error);
    if (code != EM_OK)
        fail_msg("fit ended with %d: %s", code, error.text);
    return fit;
}

static void give_covariate(em_dataset *data, const double *value)
{
    data->n_covariates = 1;
    data->covariate = em_new(1, sizeof *data->covariate, NULL);
    data->covariate->name = em_copy("age", NULL);
    data->covariate->value = em_new(data->n_subjects, sizeof(double), NULL);
    memcpy(data->covariate->value, value, data->n_subjects * sizeof(double));
}

/* Everybody's trials, [S] of them, and a covariate. */
static em_dataset *people(bool balanced)
{
    int n[S];
    double value[S];
    em_random random = em_random_start(11, 1);
    for (int s = 0; s < S; s++)
        n[s] = balanced ? 9 : 1 + s % 7;
    em_dataset *data = blank_data(&em_model_normal, S, n);
    for (int s = 0; s < S; s++) {
        value[s] = 30 + 8 * em_random_normal(&random);
        const double m = 0.7 + 0.05 * (value[s] - 30) + 1.2 * em_random_normal(&random);
        for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
            *cell_of(data, "y", r) = m + em_random_normal(&random);
    }
    give_covariate(data, value);
    return data;
}

/* The same data with each subject as often as it was drawn. */
static em_dataset *repeated(em_dataset *from, const double *count)
{
    int n[S], who[S], k = 0;
    double value[S];
    for (int s = 0; s < S; s++)
        for (int i = 0; i < (int)count[s]; i++, k++) {
            who[k] = s;
            n[k] = (int)(from->offset[s + 1] - from->offset[s]);
            value[k] = from->covariate->value[s];
        }
    em_dataset *data = blank_data(&em_model_normal, (size_t)k, n);
    for (int i = 0; i < k; i++)
        memcpy(cell_of(data, "y", data->offset[i]), cell_of(from, "y", from->offset[who[i]]), (size_t)n[i] * sizeof(double));
    give_covariate(data, value);
    return data;
}

static em_fit_options usual(bool covariate)
{
    em_fit_options options = em_fit_defaults();
    options.covariate = &age;
    options.n_covariates = covariate;
    return options;
}

/* ---- the bootstrap ---------------------------------------------------------------------------------------------------- */

/* Multinomial counts: they add up, have variance 1 - 1/n, and belong to the seed and the repetition. */
static void test_draws(void **state)
{
    (void)state;
    double count[S], again[S], other[S], sum = 0, squares = 0;
    for (int r = 0; r < 2000; r++) {
        double all = 0;
        em_bootstrap_draw(5, r, S, count);
        for (int s = 0; s < S; s++) {
            all += count[s];
            sum += count[s] - 1;
            squares += (count[s] - 1) * (count[s] - 1);
        }
        assert_true(all == S);
    }
    near(squares / (2000.0 * S), 1 - 1.0 / S, 0.03, "variance of the counts");
    em_bootstrap_draw(5, 1999, S, again);
    assert_memory_equal(count, again, sizeof count);
    em_bootstrap_draw(6, 1999, S, other);
    assert_memory_not_equal(count, other, sizeof count);
    em_bootstrap_draw(5, 1998, S, other);
    assert_memory_not_equal(count, other, sizeof count);
}

static void test_repetition_is_a_fit(void **state)
{
    (void)state;
    enum { B = 6 };
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5"), *other = in_folder("repeated.h5");
    write_data(data, path);
    for (int covariate = 0; covariate < 2; covariate++) {
        em_fit_options options = usual(covariate);
        options.bootstrap = B;
        options.seed = 4;
        em_fit *fit = fit_to(world, path, &options, NULL);
        options.bootstrap = 0;
        options.tol = 1e-10;
        for (int r = 0; r < B; r++) {
            double count[S];
            em_bootstrap_draw(4, r, S, count);
            em_dataset *drawn = repeated(data, count);
            write_data(drawn, other);
            em_fit *really = fit_to(world, other, &options, NULL);
            if (fit) {
                assert_int_equal(fit->n_bootstrap, B);
                near(fit->bootstrap_var[r], really->var[0], 1e-6, "variance of a repetition");
                if (!covariate)
                    near(fit->bootstrap_mu[r], really->mu[0], 1e-6, "mean of a repetition");
                for (int c = 0; c < 2 * covariate; c++)
                    near(fit->bootstrap_coefficient[2 * r + c], really->coefficient[c], 1e-6, "coefficient of a repetition");
            }
            em_fit_free(really);
            em_dataset_free(drawn);
        }
        em_fit_free(fit);
    }
    drop(other);
    em_dataset_free(data);
}

/* With equally many trials the mean is that of the subjects' means: its bootstrap standard error is their standard deviation
 * (over n) / sqrt(n), and its distribution nearly normal. */
static void test_error_of_the_mean(void **state)
{
    (void)state;
    em_dataset *data = people(true);
    const char *path = in_folder("people.h5");
    write_data(data, path);
    em_fit_options options = usual(false);
    options.bootstrap = 1000;
    em_fit *fit = fit_to(world, path, &options, NULL);
    if (fit) {
        double mean[S], grand = 0, squares = 0;
        for (int s = 0; s < S; s++) {
            mean[s] = 0;
            for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
                mean[s] += *cell_of(data, "y", r) / 9;
            grand += mean[s] / S;
        }
        for (int s = 0; s < S; s++)
            squares += (mean[s] - grand) * (mean[s] - grand);
        const double se = sqrt(squares / S) / sqrt(S);
        em_resampled sum;
        em_error error;
        assert_int_equal(em_bootstrap_summary(fit->bootstrap_mu, 1000, 1, &sum, &error), EM_OK);
        assert_int_equal(sum.n, 1000);
        near(sum.se, se, 0.08 * se, "bootstrap standard error of the mean"); /* 2.2 % is its own */
        near(sum.low, grand - 1.96 * se, 0.3 * se, "lower end");
        near(sum.high, grand + 1.96 * se, 0.3 * se, "upper end");
        near(sum.se, fit->mu_se[0], 0.15 * se, "standard error of the model against the bootstrap's");
        double few[] = {3, NAN, 1, 2, NAN};
        assert_int_equal(em_bootstrap_summary(few, 5, 1, &sum, &error), EM_OK);
        assert_int_equal(sum.n, 3);
        near(sum.se, 1, 1e-15, "standard deviation of 1, 2, 3");
        near(sum.low, 1.05, 1e-15, "their 2.5 % point");
        near(sum.high, 2.95, 1e-15, "their 97.5 % point");
    }
    em_fit_free(fit);
    em_dataset_free(data);
}

static void same_fit(const em_fit *a, const em_fit *b)
{
    const size_t n = S * sizeof(double);
    assert_memory_equal(a->mu, b->mu, sizeof(double));
    assert_memory_equal(a->var, b->var, sizeof(double));
    assert_memory_equal(a->map, b->map, n);
    assert_memory_equal(a->hessian, b->hessian, n);
    assert_memory_equal(a->subject_log_likelihood, b->subject_log_likelihood, n);
    assert_memory_equal(a->subject_log_marginal_likelihood, b->subject_log_marginal_likelihood, n);
    assert_memory_equal(a->subject_modes, b->subject_modes, S * sizeof *a->subject_modes);
    assert_memory_equal(a->mu_se, b->mu_se, sizeof(double));
    assert_true(a->log_marginal_likelihood == b->log_marginal_likelihood && a->iterations == b->iterations);
    assert_true(a->timing.likelihood_evaluations == b->timing.likelihood_evaluations);
}

/* The bootstrap leaves the fit as it is, and gives the same bits on any number of ranks. */
static void test_fit_unchanged(void **state)
{
    (void)state;
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5");
    write_data(data, path);
    em_fit_options options = usual(true);
    em_fit *without = fit_to(world, path, &options, NULL);
    options.bootstrap = 20;
    em_fit *with = fit_to(world, path, &options, NULL);
    if (with) {
        em_comm *alone = em_comm_alone();
        em_fit *one = fit_to(alone, path, &options, NULL);
        same_fit(with, without);
        same_fit(with, one);
        assert_null(without->bootstrap_mu);
        assert_memory_equal(with->bootstrap_mu, one->bootstrap_mu, 20 * sizeof(double));
        assert_memory_equal(with->bootstrap_var, one->bootstrap_var, 20 * sizeof(double));
        assert_memory_equal(with->bootstrap_coefficient, one->bootstrap_coefficient, 40 * sizeof(double));
        em_fit_free(one);
        em_comm_stop(alone);
    }
    em_fit_free(with);
    em_fit_free(without);
    em_dataset_free(data);
}

/* ---- leaving one out ---------------------------------------------------------------------------------------------------- */

static em_loo_result *leave_out(em_comm *comm, const char *fit, double tol, em_code want, em_error *error)
{
    em_loo_options options = em_loo_defaults();
    em_loo_result *result = NULL;
    options.tol = tol;
    options.model = &em_model_normal;
    em_code code = em_loo(comm, fit, &options, NULL, NULL, &result, error);
    if (code != want)
        fail_msg("leaving out ended with %d: %s", code, error->text);
    return result;
}

/* Each subject's elpd is its evidence under the group of a fit without it. */
static void test_loo_is_a_fit_without(void **state)
{
    (void)state;
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5"), *all = in_folder("all.h5"), *others = in_folder("others.h5");
    write_data(data, path);
    for (int covariate = 0; covariate < 2; covariate++) {
        em_error error;
        em_fit_options options = usual(covariate);
        options.tol = 1e-9;
        em_fit *fit = fit_to(world, path, &options, all);
        em_loo_result *loo = leave_out(world, all, 0, EM_OK, &error);
        double sum = 0, squares = 0;
        for (int s = 0; s < S; s++) {
            const char *id[] = {data->id[s]};
            em_fit_options without = options, given = em_fit_defaults();
            without.exclude = id;
            without.n_exclude = 1;
            given.group = EM_GROUP_FIXED;
            given.group_from = others;
            em_fit *group = fit_to(world, path, &without, others), *predicted = fit_to(world, path, &given, NULL);
            if (loo) {
                assert_string_equal(loo->subject[s], data->id[s]);
                near(loo->elpd[s], predicted->subject_log_marginal_likelihood[s], 1e-6, "elpd");
                near(loo->shift[s], fabs(group->mu[0] - fit->mu[0]) / fit->mu_se[0], covariate ? INFINITY : 1e-6, "shift");
                assert_true(loo->converged[s] && loo->shift_parameter[s] == 0);
                sum += loo->elpd[s];
            }
            em_fit_free(group);
            em_fit_free(predicted);
        }
        if (loo) {
            near(loo->elpd_loo, sum, 1e-10, "elpd_loo");
            for (int s = 0; s < S; s++)
                squares += pow(loo->elpd[s] - sum / S, 2);
            near(loo->elpd_loo_se, sqrt(S * squares / (S - 1)), 1e-10, "its standard error");
            near(loo->evidence, fit->log_marginal_likelihood, 1e-9, "evidence");
            near(loo->p_loo, fit->log_marginal_likelihood - sum, 1e-9, "p_loo");
            /* about as many as the group has parameters */
            assert_true(loo->p_loo > 0.5 * (2 + covariate) && loo->p_loo < 2.5 * (2 + covariate));
            em_loo_difference d;
            assert_int_equal(em_loo_compare(loo, loo, &d, &error), EM_OK);
            assert_true(d.n == S && d.difference == 0 && d.se == 0);
        }
        em_loo_free(loo);
        em_fit_free(fit);
    }
    drop(all);
    drop(others);
    em_dataset_free(data);
}

/* With n trials of everybody the others' group is their mean and their variance less 1/n, and the density of the one left out is
 * that of a Gaussian with covariance I + v 11'. */
static void test_loo_closed(void **state)
{
    (void)state;
    enum { N = 9 };
    em_dataset *data = people(true);
    const char *path = in_folder("people.h5"), *all = in_folder("all.h5");
    write_data(data, path);
    em_error error;
    em_fit_options options = usual(false);
    em_fit_free(fit_to(world, path, &options, all));
    em_loo_result *loo = leave_out(world, all, 1e-9, EM_OK, &error);
    double mean[S] = {0};
    for (int s = 0; s < S; s++)
        for (int t = 0; t < N; t++)
            mean[s] += cell_of(data, "y", data->offset[s])[t] / N;
    for (int s = 0; s < S && loo; s++) {
        double mu = 0, v = -1.0 / N, square = 0, sum = 0;
        for (int o = 0; o < S; o++)
            mu += o == s ? 0 : mean[o] / (S - 1);
        for (int o = 0; o < S; o++)
            v += o == s ? 0 : (mean[o] - mu) * (mean[o] - mu) / (S - 1);
        for (int t = 0; t < N; t++) {
            const double e = cell_of(data, "y", data->offset[s])[t] - mu;
            square += e * e;
            sum += e;
        }
        const double one = 1 + N * v;
        near(loo->elpd[s], -0.5 * (N * log(2 * M_PI) + log(one) + square - v * sum * sum / one), 1e-8, "elpd");
    }
    em_loo_free(loo);
    drop(all);
    em_dataset_free(data);
}

static void test_loo_on_many_ranks(void **state)
{
    (void)state;
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5"), *all = in_folder("all.h5");
    write_data(data, path);
    em_error error;
    em_fit_options options = usual(true);
    em_fit_free(fit_to(world, path, &options, all));
    em_loo_result *many = leave_out(world, all, 0, EM_OK, &error);
    if (many) {
        em_comm *alone = em_comm_alone();
        em_loo_result *one = leave_out(alone, all, 0, EM_OK, &error);
        assert_memory_equal(many->elpd, one->elpd, S * sizeof(double));
        assert_memory_equal(many->shift, one->shift, S * sizeof(double));
        assert_memory_equal(many->iterations, one->iterations, S * sizeof *one->iterations);
        em_loo_free(one);
        em_comm_stop(alone);
    } else {
        assert_true(em_comm_rank(world) > 0);
    }
    em_loo_free(many);
    drop(all);
    em_dataset_free(data);
}

/* Where one subject alone tells a covariate's effect, nothing can be said without it: no made-up number, but none. */
static void test_only_one_tells(void **state)
{
    (void)state;
    enum { B = 60, WHO = 12 };
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5"), *all = in_folder("all.h5");
    for (int s = 0; s < S; s++)
        data->covariate->value[s] = s == WHO;
    write_data(data, path);
    em_error error;
    em_fit_options options = usual(true);
    options.bootstrap = B;
    em_fit *fit = fit_to(world, path, &options, all);
    em_loo_result *loo = leave_out(world, all, 0, EM_OK, &error);
    em_fit *read = NULL;
    if (loo) {
        assert_int_equal(em_fit_read(all, &read, &error), EM_OK);
        int none = 0;
        for (int r = 0; r < B; r++) {
            double count[S];
            em_bootstrap_draw(options.seed, r, S, count);
            assert_int_equal(isnan(read->bootstrap_mu[r]), count[WHO] == 0);
            assert_int_equal(isnan(read->bootstrap_coefficient[2 * r + 1]), count[WHO] == 0);
            none += count[WHO] == 0;
        }
        assert_in_range(none, 10, 35); /* 36 % of 60 are expected */
        for (int s = 0; s < S; s++)
            assert_int_equal(isnan(loo->elpd[s]), s == WHO);
        assert_int_equal(loo->n_used, S - 1);
        near(loo->p_loo, loo->evidence - loo->elpd_loo, 1e-12, "p_loo");
    }
    em_loo_free(loo);
    em_fit_free(read);
    em_fit_free(fit);
    drop(all);
    em_dataset_free(data);
}

static void test_refusals(void **state)
{
    (void)state;
    em_dataset *data = people(false);
    const char *path = in_folder("people.h5"), *all = in_folder("all.h5"), *other = in_folder("other.h5");
    write_data(data, path);
    em_error error = {EM_OK, ""};
    em_fit_options options = usual(false);
    options.group = EM_GROUP_FIXED;
    em_fit_free(fit_to(world, path, &options, all));
    assert_null(leave_out(world, all, 0, EM_INPUT_ERROR, &error));
    assert_non_null(strstr(error.text, "no group that was estimated"));
    options.group = EM_GROUP_ESTIMATE;
    em_fit_free(fit_to(world, path, &options, all));
    *cell_of(data, "y", 3) += 1;
    write_data(data, other);
    em_loo_options where = {.model = &em_model_normal, .dataset = other};
    em_loo_result *result;
    assert_int_equal(em_loo(world, all, &where, NULL, NULL, &result, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "not the data of this fit"));
    assert_null(result);
    drop(all);
    drop(other);
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
        cmocka_unit_test(test_draws), cmocka_unit_test(test_repetition_is_a_fit), cmocka_unit_test(test_error_of_the_mean),
        cmocka_unit_test(test_fit_unchanged), cmocka_unit_test(test_loo_is_a_fit_without), cmocka_unit_test(test_loo_closed),
        cmocka_unit_test(test_loo_on_many_ranks), cmocka_unit_test(test_only_one_tells), cmocka_unit_test(test_refusals)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0) {
        unlink(in_folder("people.h5"));
        rmdir(folder);
    }
    em_comm_stop(world);
    return failed;
}
