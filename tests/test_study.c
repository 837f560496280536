/* Parameter and model recovery, against the closed answers of the normal model, and on many ranks against one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm.h"
#include "feedback.h"
#include "helpers.h"
#include "repeat.h"

static em_comm *world;
static bool first(void) { return em_comm_rank(world) == 0; }

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
}

/* y ~ Normal(m, 1) in a task: any will do, the model has no input. */
static em_model normal_in_task(const char *name)
{
    em_model m = em_model_normal;
    m.name = name;
    m.task = "bandit";
    return m;
}

static em_simulation simulation_of(size_t subjects, int trials, uint64_t seed)
{
    em_simulation s = {.subjects = subjects, .trials = trials, .seed = seed};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        s.mu[j] = s.var[j] = NAN;
    return s;
}

static em_recovery *recover(em_comm *comm, const em_model *model, const em_simulation *simulation, int repetitions,
                            em_code expected)
{
    const em_fit_options options = em_fit_defaults();
    em_recovery *recovery = NULL;
    em_error error = {EM_OK, ""};
    const em_code code = em_recover(comm, model, simulation, &options, repetitions, NULL, &recovery, &error);
    if (code != expected)
        fail_msg("em_recover: %d, expected %d: %s", (int)code, (int)expected, error.text);
    return recovery;
}

/* ---- the normal model: everything is known --------------------------------------------------------------------- */

enum { S = 100, T = 4, R = 25 };
static const double MU = 0.7, VAR = 0.5;

/* EM's fixed point: the mean of the subjects' means, and their variance less that of the noise. */
static void check_run(const em_model *model, em_simulation simulation, const em_recovery_run *run)
{
    em_dataset *data = NULL;
    em_error error;
    double mean[S], sum = 0, square = 0;
    simulation.seed = run->seed;
    assert_int_equal(em_simulate(model, &simulation, &data, &error), EM_OK);
    for (size_t s = 0; s < S; s++) {
        mean[s] = gsl_stats_mean(data->column[0].value + s * T, 1, T);
        sum += mean[s] / S;
    }
    for (size_t s = 0; s < S; s++)
        square += (mean[s] - sum) * (mean[s] - sum) / S;
    const double var = square - 1.0 / T, precision = T + 1 / var, sd = 1 / sqrt(precision),
                 error_of_mean = sqrt((var + 1.0 / T) / (S - 1));
    assert_true(run->converged);
    assert_int_equal(run->n_used, S);
    near(run->mu->truth, MU, 0, "true mu");
    near(run->var->truth, VAR, 0, "true var");
    near(run->mu->estimate, sum, 1e-5, "mu");
    near(run->var->estimate, var, 1e-5, "var");
    near(run->mu->upper - run->mu->lower, 2 * 1.984216951564206 * error_of_mean, 1e-5,
         "interval of mu (t with 99 degrees of freedom)");
    near(run->mu->upper + run->mu->lower, 2 * sum, 2e-5, "middle of the interval of mu");
    /* the variance of the subjects' means is (var + 1/T) chi^2/S: information S/2 (var + 1/T)^-2 */
    near(run->var->se, (var + 1.0 / T) * sqrt(2.0 / S), 1e-5, "standard error of var");
    near(log(run->var->upper / run->var->lower), 2 * 1.959963984540054 * run->var->se / var, 1e-4, "interval of var");
    for (size_t s = 0; s < S; s++) {
        const em_recovered_value *v = &run->value[s];
        near(v->truth, data->truth->x[s], 0, "truth");
        near(v->estimate, (T * mean[s] + sum / var) / precision, 1e-4, "MAP");
        near(v->se, sd, 1e-5, "posterior standard deviation");
        near(v->upper, v->estimate + 1.959963984540054 * sd, 1e-4, "upper end");
        near(v->lower, v->estimate - 1.959963984540054 * sd, 1e-4, "lower end");
        near(run->natural[s].upper, v->upper, 0, "upper end, natural");
        near(run->natural[s].truth, v->truth, 0, "truth, natural");
    }
    em_dataset_free(data);
}

/* The sums, from the runs by other code. */
static void check_sums(const em_recovery *r)
{
    double error[R * S], square = 0, correlation = 0, held = 0, mu_error[R], mu_held = 0;
    for (int i = 0; i < R; i++) {
        double truth[S], map[S];
        for (int s = 0; s < S; s++) {
            const em_recovered_value *v = &r->run[i].value[s];
            truth[s] = v->truth;
            map[s] = v->estimate;
            error[i * S + s] = map[s] - truth[s];
            square += error[i * S + s] * error[i * S + s] / (R * S);
            held += fabs(error[i * S + s]) <= 1.959963984540054 * v->se;
        }
        correlation += gsl_stats_correlation(truth, 1, map, 1, S) / R;
        mu_error[i] = r->run[i].mu->estimate - MU;
        mu_held += r->run[i].mu->lower <= MU && MU <= r->run[i].mu->upper;
    }
    assert_int_equal(r->value->n, R * S);
    assert_int_equal(r->value->n_intervals, R * S);
    assert_int_equal(r->value->n_correlations, R);
    near(r->value->bias, gsl_stats_mean(error, 1, R * S), 1e-12, "bias");
    near(r->value->rmse, sqrt(square), 1e-12, "RMSE");
    near(r->value->correlation, correlation, 1e-12, "correlation");
    near(r->value->coverage, held / (R * S), 1e-12, "coverage");
    assert_int_equal(r->mu->n, R);
    near(r->mu->bias, gsl_stats_mean(mu_error, 1, R), 1e-12, "bias of mu");
    near(r->mu->coverage, mu_held / R, 1e-12, "coverage of mu");
    assert_int_equal(r->mu->n_correlations, 0);
}

/* What theory expects of it, within four standard errors. */
static void check_theory(const em_recovery *r)
{
    const double posterior = 1 / (T + 1 / VAR), n = R * S;
    near(r->value->bias, 0, 4 * sqrt((VAR + 1.0 / T) / n), "bias in theory");
    near(r->value->rmse, sqrt(posterior), 4 * sqrt(posterior / (2 * n)), "RMSE in theory");
    near(r->value->correlation, sqrt(VAR / (VAR + 1.0 / T)), 4 * (1 - VAR / (VAR + 1.0 / T)) / sqrt(n),
         "correlation in theory");
    near(r->value->coverage, 0.95, 4 * sqrt(0.95 * 0.05 / n), "coverage in theory");
    near(r->mu->bias, 0, 4 * sqrt((VAR + 1.0 / T) / n), "bias of mu in theory");
    near(r->mu->coverage, 0.95, 4 * sqrt(0.95 * 0.05 / R), "coverage of mu in theory");
    near(r->var->coverage, 0.95, 4 * sqrt(0.95 * 0.05 / R), "coverage of var in theory");
}

static void test_normal(void **state)
{
    (void)state;
    const em_model model = normal_in_task("normal");
    em_simulation simulation = simulation_of(S, T, 3);
    simulation.mu[0] = MU;
    simulation.var[0] = VAR;
    em_recovery *r = recover(world, &model, &simulation, R, EM_OK);
    assert_true((r != NULL) == first());
    for (int i = 0; r && i < R; i++)
        check_run(&model, simulation, &r->run[i]);
    if (r) {
        assert_int_equal(r->run[0].seed, 3);
        check_sums(r);
        check_theory(r);
    }
    em_recovery_free(r);
}

static void same_values(const em_recovered_value *a, const em_recovered_value *b, size_t n)
{
    assert_int_equal(memcmp(a, b, n * sizeof *a), 0); /* bit by bit */
}

/* More ranks than repetitions, as many, and a remainder. */
static void test_ranks(void **state)
{
    (void)state;
    const em_model *rw = em_model_find("rw");
    const em_simulation simulation = simulation_of(20, 40, 8);
    em_comm *alone = em_comm_alone();
    for (int repetitions = 1; repetitions <= 5; repetitions += 2) {
        em_recovery *all = recover(world, rw, &simulation, repetitions, EM_OK),
                    *one = recover(alone, rw, &simulation, repetitions, EM_OK);
        for (int i = 0; all && i < repetitions; i++) {
            const em_recovery_run *a = &all->run[i], *b = &one->run[i];
            assert_int_equal(a->seed, b->seed);
            assert_int_equal(a->iterations, b->iterations);
            same_values(a->mu, b->mu, 2);
            same_values(a->var, b->var, 2);
            same_values(a->value, b->value, 40);
            same_values(a->natural, b->natural, 40);
        }
        if (all)
            assert_string_equal(all->subject[19], "sub-20");
        em_recovery_free(all);
        em_recovery_free(one);
    }
    em_comm_stop(alone);
}

/* ---- what is not there ----------------------------------------------------------------------------------------- */

/* Nobody differs: no correlation; where the variance vanishes, no intervals. */
static void test_no_variance(void **state)
{
    (void)state;
    const em_model model = normal_in_task("normal");
    em_simulation simulation = simulation_of(40, 4, 1);
    simulation.mu[0] = 0;
    simulation.var[0] = 0;
    em_recovery *r = recover(world, &model, &simulation, 6, EM_OK);
    if (r) {
        size_t vanished = 0;
        for (int i = 0; i < 6; i++) {
            const em_recovery_run *run = &r->run[i];
            vanished += run->group_status[0] == EM_GROUP_VANISHED;
            assert_int_equal(run->group_status[0] == EM_GROUP_VANISHED, isnan(run->var->lower));
            assert_int_equal(run->group_status[0] == EM_GROUP_VANISHED, isnan(run->value[5].lower));
        }
        assert_in_range(vanished, 1, 6);
        assert_int_equal(r->value->n_correlations, 0);
        assert_true(isnan(r->value->correlation));
        assert_int_equal(r->value->n, 240);
        assert_int_equal(r->value->n_intervals, 40 * (6 - vanished));
        assert_int_equal(r->var->n_intervals, 6 - vanished);
    }
    em_recovery_free(r);
}

/* ddm: the data bound the non-decision time, so the same seconds are another x than they were drawn as. */
static void test_bounded(void **state)
{
    (void)state;
    const em_model *ddm = em_model_find("ddm");
    if (!ddm && SLOW_BUILD)
        return;
    const int tau = em_parameter_index(ddm, "tau");
    const size_t P = (size_t)ddm->n_parameters;
    em_simulation simulation = simulation_of(6, 60, 2);
    for (size_t j = 0; j < P; j++)
        simulation.var[j] = 0.1;
    em_recovery *r = recover(world, ddm, &simulation, 1, EM_OK);
    em_dataset *data = NULL;
    em_error error;
    assert_int_equal(em_simulate(ddm, &simulation, &data, &error), EM_OK);
    for (size_t s = 0; r && s < 6; s++) {
        const double *rt = em_dataset_find(data, "rt")->value + 60 * s;
        const em_recovered_value *x = &r->run->value[s * P + (size_t)tau],
                                 *seconds = &r->run->natural[s * P + (size_t)tau];
        near(seconds->truth, data->truth->natural[s * P + (size_t)tau], 0, "true non-decision time");
        const double least = gsl_stats_min(rt, 1, 60);
        near(least / (1 + exp(-x->truth)), seconds->truth, 1e-12, "the truth in terms of the data");
        near(least / (1 + exp(-x->lower)), seconds->lower, 1e-9, "lower end");
    }
    if (r) {
        assert_true(r->bounded[tau]);
        assert_false(r->bounded[0]);
        assert_true(isnan(r->mu[tau].bias) && !isnan(r->mu[tau].estimate) && isnan(r->run->mu[tau].truth));
        assert_int_equal(r->mu[tau].n, 0);
    }
    em_dataset_free(data);
    em_recovery_free(r);
}

/* Fits that stop too early are there, and counted. */
static void test_not_converged(void **state)
{
    (void)state;
    em_fit_options options = em_fit_defaults();
    const em_simulation simulation = simulation_of(20, 40, 1);
    em_recovery *r = NULL;
    em_error error;
    options.max_iter = 2;
    assert_int_equal(em_recover(world, em_model_find("rw"), &simulation, &options, 3, NULL, &r, &error),
                     EM_NOT_CONVERGED);
    if (r) {
        assert_int_equal(r->n_moving, 3);
        assert_int_equal(r->value->n, 60);
        assert_int_equal(r->mu->n, 3);
        assert_int_equal(r->mu->n_intervals, 0);
        assert_true(isnan(r->mu->coverage));
    }
    em_recovery_free(r);
}

static void refused(const em_simulation *simulation, const em_fit_options *options, int repetitions, const char *why)
{
    em_recovery *r = NULL;
    em_error error = {EM_OK, ""};
    assert_int_equal(em_recover(world, em_model_find("rw"), simulation, options, repetitions, NULL, &r, &error),
                     EM_INPUT_ERROR);
    if (r || !strstr(error.text, why))
        fail_msg("'%s' does not say '%s'", error.text, why);
}

static void test_refusals(void **state)
{
    (void)state;
    const em_effect effect = {"age", "alpha", 1};
    em_simulation simulation = simulation_of(20, 40, 1);
    em_fit_options options = em_fit_defaults();
    refused(&simulation, &options, 0, "at least 1 repetition");
    options.tol = 0;
    refused(&simulation, &options, 1, "tolerance");
    options = em_fit_defaults();
    options.group = EM_GROUP_NONE;
    refused(&simulation, &options, 1, "estimate the whole group");
    options = em_fit_defaults();
    options.mu[0] = 1;
    refused(&simulation, &options, 1, "estimate the whole group");
    options = em_fit_defaults();
    simulation.var[1] = -1;
    refused(&simulation, &options, 1, "beta");
    simulation.var[1] = NAN;
    simulation.effect = &effect;
    simulation.n_effects = 1;
    refused(&simulation, &options, 1, "effects");
    simulation.n_effects = 0;
    simulation.subjects = 1;
    refused(&simulation, &options, 1, "at least 2 subjects");
}

/* ---- data in memory --------------------------------------------------------------------------------------------- */

/* Covariates with texts, conditions and a choice of subjects: the fit is that of the same data in a file, bit by bit. */
static void test_memory(void **state)
{
    (void)state;
    if (!first())
        return;
    const em_model *rw = em_model_find("rw");
    static const em_effect effect[] = {{"age", "alpha", 0.3}, {"sex", "beta", 0.5}};
    static const em_split split = {"sex", {"f", "m"}};
    static const em_covariate_term term[] = {{"age", "alpha"}, {"sex", "beta"}};
    static const em_by by = {"reward", "alpha"};
    static const char *const exclude[] = {"sub-03", "sub-11"};
    em_simulation simulation = simulation_of(24, 50, 6);
    simulation.effect = effect;
    simulation.n_effects = 2;
    simulation.split = &split;
    simulation.n_splits = 1;
    em_dataset *data = NULL;
    em_fit *fit[2] = {NULL, NULL};
    em_error error = {EM_OK, ""};
    char path[] = "/tmp/emlib-study-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(em_simulate(rw, &simulation, &data, &error), EM_OK);
    assert_int_equal(em_dataset_write(data, path, true, &error), EM_OK);
    em_comm *alone = em_comm_alone();
    for (int design = 0; design < 2; design++) {
        em_fit_options options = em_fit_defaults();
        options.covariate = term;
        options.n_covariates = design == 0 ? 2 : 0;
        options.by = &by;
        options.n_by = design;
        options.exclude = exclude;
        options.n_exclude = 2;
        const em_code code = em_fit_run(alone, path, rw, &options, NULL, NULL, &fit[0], &error);
        assert_true(code == EM_OK || code == EM_NOT_CONVERGED);
        assert_int_equal(em_fit_data(alone, data, path, rw, &options, NULL, &fit[1], &error), code);
        const size_t n = fit[0]->n_subjects * (size_t)fit[0]->n_parameters;
        assert_int_equal(fit[0]->n_subjects, 22);
        assert_int_equal(fit[0]->n_parameters, 2 + design);
        assert_int_equal(memcmp(fit[0]->map, fit[1]->map, n * sizeof(double)), 0);
        assert_int_equal(memcmp(&fit[0]->bic_int, &fit[1]->bic_int, sizeof(double)), 0);
        assert_string_equal(fit[0]->subject[21], fit[1]->subject[21]);
        assert_string_equal(fit[0]->dataset_fingerprint, fit[1]->dataset_fingerprint);
        if (design == 0)
            assert_string_equal(fit[1]->coefficient_name[2], "sex[m]");
        em_fit_free(fit[0]);
        em_fit_free(fit[1]);
    }
    em_comm_stop(alone);
    unlink(path);
    em_dataset_free(data);
}

/* ---- which model ----------------------------------------------------------------------------------------------- */

/* The subject's data y are Normal(mu, I + var 11'): the evidence has a closed form, which Laplace's approximation is.
 */
static double log_evidence(const double *y, double mu, double var)
{
    double sum = 0, square = 0;
    for (int t = 0; t < T; t++) {
        sum += y[t] - mu;
        square += (y[t] - mu) * (y[t] - mu);
    }
    return -0.5 * (T * log(2 * acos(-1)) + log1p(T * var) + square - var / (1 + T * var) * sum * sum);
}

/* Twice the same model under two names: both are best, and share it. */
static void test_ties(void **state)
{
    (void)state;
    const em_model one = normal_in_task("one"), two = normal_in_task("two");
    const em_model *const models[] = {&one, &two};
    em_simulation simulation[2] = {simulation_of(30, T, 5), simulation_of(30, T, 5)};
    const em_fit_options options = em_fit_defaults();
    em_identification *id = NULL;
    em_error error = {EM_OK, ""};
    for (int k = 0; k < 2; k++) {
        simulation[k].mu[0] = k;
        simulation[k].var[0] = 1;
    }
    assert_int_equal(em_identify(world, models, 2, simulation, &options, 3, NULL, &id, &error), EM_OK);
    for (int i = 0; id && i < 4; i++) {
        near(id->confusion[i], 0.5, 0, "share of a tie");
        near(id->inversion[i], 0.5, 0, "share of a tie");
        near(id->difference[i], 0, 1e-9, "difference");
        near(id->expected_frequency[i], 0.5, 1e-9, "expected frequency");
    }
    if (id)
        assert_int_equal(id->n_ties, 6);
    for (int r = 0; id && r < 3; r++) {
        em_dataset *data = NULL;
        double evidence = 0, mean = 0, var = -1.0 / T;
        simulation[1].seed = id->seed[r];
        assert_int_equal(em_simulate(&two, &simulation[1], &data, &error), EM_OK);
        for (size_t s = 0; s < 30; s++)
            mean += gsl_stats_mean(data->column[0].value + s * T, 1, T) / 30;
        for (size_t s = 0; s < 30; s++)
            var += pow(gsl_stats_mean(data->column[0].value + s * T, 1, T) - mean, 2) / 30;
        for (size_t s = 0; s < 30; s++)
            evidence += log_evidence(data->column[0].value + s * T, mean, var);
        const em_identified *fit = &id->fit[(3 + r) * 2]; /* data of two, repetition r, fit of one */
        near(fit->log_marginal_likelihood, evidence, 1e-6, "log evidence");
        near(fit->bic_int, -2 * evidence + 2 * log(30 * T), 1e-6, "BIC_int");
        em_dataset_free(data);
    }
    em_identification_free(id);
}

/* Rewards for people who pay no heed to them are those of the task: 0.8 and 0.2, changing over after every 50 trials.
 */
static void check_feedback(const char *settings, double good_pays, double other_pays, size_t block)
{
    const em_model *rw = em_model_find("rw"), *kernel = em_model_find("choice_kernel");
    if (!kernel && SLOW_BUILD)
        return;
    em_simulation simulation = simulation_of(50, 200, 4);
    em_dataset *data = NULL, *before = NULL;
    simulation.task_settings = settings;
    em_error error = {EM_OK, ""};
    assert_true(em_has_responses_only(kernel));
    assert_false(em_has_responses_only(rw));
    assert_int_equal(em_simulate(kernel, &simulation, &data, &error), EM_OK);
    assert_int_equal(em_simulate(kernel, &simulation, &before, &error), EM_OK);
    assert_int_equal(em_feedback_add(rw, &simulation, data, &error), EM_OK);
    assert_string_not_equal(data->fingerprint, before->fingerprint);
    assert_int_equal(data->n_columns, 2);
    const double *choice = em_dataset_find(data, "choice")->value, *reward = em_dataset_find(data, "reward")->value;
    assert_int_equal(memcmp(choice, before->column[0].value, data->n_rows * sizeof *choice), 0);
    double n[2] = {0}, won[2] = {0};
    for (size_t i = 0; i < data->n_rows; i++) {
        const int good = (int)choice[i] == (int)(i % 200 / block % 2);
        n[good]++;
        won[good] += reward[i];
    }
    near(won[1] / n[1], good_pays, 4 * sqrt(good_pays * (1 - good_pays) / n[1]), "reward of the good option");
    near(won[0] / n[0], other_pays, 4 * sqrt(other_pays * (1 - other_pays) / n[0]), "reward of the other");
    em_dataset_free(data);
    em_dataset_free(before);
}

static void test_feedback(void **state)
{
    (void)state;
    check_feedback(NULL, 0.8, 0.2, 50);
    check_feedback("p=0.95/0.1,reversal=20", 0.95, 0.1, 20);
}

/* A model that does not fit these data is refused before anything runs. */
static void test_other_columns(void **state)
{
    (void)state;
    const em_model *const pair[][2] = {{em_model_find("rw"), em_model_find("rw_counterfactual")},
                                       {em_model_find("rw"), em_model_find("ddm")},
                                       {em_model_find("rw"), em_model_find("rw")}};
    static const char *const why[] = {"needs a column 'reward_other'", "only ddm explains the column 'rt'",
                                      "given twice"};
    const em_simulation simulation[2] = {simulation_of(30, 20, 5), simulation_of(30, 20, 5)};
    const em_fit_options options = em_fit_defaults();
    for (int i = 0; i < 3; i++) {
        em_identification *id = NULL;
        em_error error = {EM_OK, ""};
        if (SLOW_BUILD && !(pair[i][0] && pair[i][1]))
            continue;
        assert_int_equal(em_identify(world, pair[i], 2, simulation, &options, 1, NULL, &id, &error), EM_INPUT_ERROR);
        if (id || !strstr(error.text, why[i]))
            fail_msg("'%s' does not say '%s'", error.text, why[i]);
    }
}

/* Repetitions have seeds of their own, all different. */
static void test_seeds(void **state)
{
    (void)state;
    uint64_t seed[200];
    for (int i = 0; i < 200; i++) {
        seed[i] = em_repeat_seed(1 + (uint64_t)i / 100, i % 100);
        assert_true(seed[i] < (uint64_t)1 << 53);
        for (int k = 0; k < i; k++)
            assert_true(seed[k] != seed[i]);
    }
}

int main(void)
{
    gsl_set_error_handler_off();
    em_error error;
    if (em_comm_start(&world, &error) != EM_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_normal),        cmocka_unit_test(test_ranks),
                                       cmocka_unit_test(test_no_variance),   cmocka_unit_test(test_bounded),
                                       cmocka_unit_test(test_not_converged), cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_memory), cmocka_unit_test(test_ties),          cmocka_unit_test(test_feedback),
                                       cmocka_unit_test(test_other_columns), cmocka_unit_test(test_seeds)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    em_comm_stop(world);
    return failed;
}
