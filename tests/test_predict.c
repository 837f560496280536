/* Designs gone through again, and posterior predictive checks, against equations written out here and known
 * distributions. Run alone and under mpirun. */
#include <gsl/gsl_cdf.h>
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
#include "helpers.h"

static em_comm *world;
static char folder[200];

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
        fail_msg("%s is %.15g, expected %.15g within %.2g", what, got, want, tolerance);
}

static void must(em_code code, const em_error *error)
{
    if (code != EM_OK)
        fail_msg("%s", error->text);
}

/* ---- data and fits ---------------------------------------------------------------------------------------------- */

static unsigned noise;
static unsigned some(unsigned n)
{
    noise = noise * 1664525u + 1013904223u;
    return (noise >> 16) % n;
}

/* data.h5 for rw: subjects of 60, 61, ... trials, two blocks each; the outcome of each option; choices and rewards are
 * missing here and there. With age, and a column that the model does not know. */
static void make_data(int subjects)
{
    em_error error = {EM_OK, ""};
    em_code code = EM_OK;
    noise = 7;
    if (em_comm_rank(world) == 0) {
        FILE *rows = fopen(in_folder("rows.csv"), "w"), *people = fopen(in_folder("people.csv"), "w");
        fputs("subject,choice,reward,reward_0,reward_1,block,note\n", rows);
        fputs("subject,age\n", people);
        for (int s = 0; s < subjects; s++) {
            fprintf(people, "p%02d,%d\n", s, 20 + (s * 7) % 31);
            for (int t = 0; t < 60 + s; t++) {
                const unsigned pays[2] = {some(10) < 7, some(10) < 3}, choice = some(3) == 0;
                fprintf(rows, "p%02d,", s);
                if (t % 11 == 4)
                    fprintf(rows, ",%s", s % 2 ? "0" : "");
                else if (t % 13 == 5)
                    fprintf(rows, "%u,", choice);
                else
                    fprintf(rows, "%u,%u", choice, pays[choice]);
                fprintf(rows, ",%u,%u,%d,%d\n", pays[0], pays[1], t >= 30, t);
            }
        }
        fclose(rows);
        fclose(people);
        em_import_options o = em_import_defaults();
        em_dataset *data = NULL;
        char with[300], to[300];
        snprintf(with, sizeof with, "%s", in_folder("people.csv"));
        snprintf(to, sizeof to, "%s", in_folder("data.h5"));
        o.covariates = with;
        code = em_import(in_folder("rows.csv"), &o, NULL, &data, &error);
        if (code == EM_OK)
            code = em_dataset_write(data, to, true, &error);
        em_dataset_free(data);
        unlink(in_folder("rows.csv"));
        unlink(in_folder("people.csv"));
    }
    must(em_comm_agree(world, code, &error), &error);
}

static void simulate(const char *model, size_t subjects, int trials, const double *mu, double var)
{
    em_error error;
    const em_model *m = em_model_find(model);
    em_simulation sim = {.subjects = subjects, .trials = trials, .seed = 5};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++) {
        sim.mu[j] = mu && j < m->n_parameters ? mu[j] : NAN;
        sim.var[j] = var;
    }
    must(em_simulate_file(world, m, &sim, in_folder("data.h5"), true, &error), &error);
}

/* fit.h5 from data.h5, read again on rank 0. */
static em_fit *fit_model(const em_model *model, const em_fit_options *options)
{
    em_error error = {EM_OK, ""};
    em_fit *read = NULL;
    const em_fit_output output = {.path = in_folder("fit.h5"), .force = true, .checkpoint_every = 60};
    must(em_fit_file(world, in_folder("data.h5"), model, options, &output, NULL, NULL, NULL, &error), &error);
    must(em_comm_agree(world, em_comm_rank(world) == 0 ? em_fit_read(in_folder("fit.h5"), &read, &error) : EM_OK,
                       &error),
         &error);
    return read;
}

static em_fit *fit(const char *model, const em_fit_options *options)
{
    return fit_model(em_model_find(model), options);
}

/* Everybody the same, so that there is no posterior to draw from. */
static em_fit_options all_shared(void)
{
    em_fit_options o = em_fit_defaults();
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        o.shared[j] = true;
    return o;
}

static em_prediction *predict(const em_predict_options *options)
{
    em_error error;
    em_prediction *p = NULL;
    must(em_predict(world, in_folder("fit.h5"), options, NULL, &p, &error), &error);
    assert_int_equal(p != NULL, em_comm_rank(world) == 0);
    return p;
}

static int find_cell(const em_prediction *p, em_statistic statistic, const char *response, int bin)
{
    for (int i = 0; i < p->n_cells; i++)
        if (p->cell[i].statistic == statistic && strcmp(p->cell[i].response, response) == 0 && p->cell[i].bin == bin)
            return i;
    fail_msg("there is no %s", response);
    return -1;
}

static em_dataset *like(em_comm *comm, const em_like_options *options)
{
    em_error error;
    em_dataset *data = NULL;
    must(em_simulate_like(comm, options, NULL, &data, &error), &error);
    return data;
}

static double cell(const em_dataset *data, const char *column, size_t row)
{
    return em_dataset_find(data, column)->value[row];
}

static em_dataset *whole(const char *path)
{
    em_error error;
    em_dataset *data = NULL;
    must(em_dataset_read_frame(path, &data, &error), &error);
    must(em_dataset_read_rows(data, path, NULL, 0, 0, data->n_rows, &error), &error);
    return data;
}

/* ---- a design gone through again -------------------------------------------------------------------------------- */

static bool same_bits(const em_dataset *a, const em_dataset *b, const char *column)
{
    return memcmp(em_dataset_find(a, column)->value, em_dataset_find(b, column)->value, a->n_rows * sizeof(double)) ==
           0;
}

/* Learning with alpha 1/2 and choices of the better option, by the rules for what is missing. */
static void follow(const em_dataset *was, const em_dataset *now, size_t s)
{
    double q[2] = {0, 0};
    int told = 0;
    for (size_t t = was->offset[s]; t < was->offset[s + 1]; t++) {
        if (t == was->offset[s] || cell(was, "block", t) != cell(was, "block", t - 1))
            q[0] = q[1] = 0;
        const double choice = cell(now, "choice", t), reward = cell(now, "reward", t);
        if (isnan(cell(was, "choice", t))) {
            assert_true(isnan(choice));
            continue;
        }
        assert_true(choice == 0 || choice == 1);
        if (fabs(q[1] - q[0]) > 0.02) {
            assert_int_equal((int)choice, q[1] > q[0]);
            told++;
        }
        assert_int_equal(isnan(reward), isnan(cell(was, "reward", t)));
        if (isnan(reward))
            continue;
        assert_true(reward == cell(was, choice == 1 ? "reward_1" : "reward_0", t));
        q[(int)choice] += 0.5 * (reward - q[(int)choice]);
    }
    assert_true(told > 30);
}

static void check_like(const em_model *model)
{
    make_data(7);
    em_like_options o = em_like_defaults();
    const char *const keep[] = {"note"};
    o.dataset = in_folder("data.h5");
    o.model = model;
    o.mu[0] = 0;
    o.mu[1] = 8;
    o.var[0] = o.var[1] = 0;
    o.keep = keep;
    o.n_keep = 1;
    em_dataset *now = like(world, &o);
    if (now) {
        em_dataset *was = whole(o.dataset);
        assert_int_equal(now->n_subjects, was->n_subjects);
        assert_memory_equal(now->offset, was->offset, (was->n_subjects + 1) * sizeof *was->offset);
        for (size_t s = 0; s < was->n_subjects; s++) {
            assert_string_equal(now->id[s], was->id[s]);
            follow(was, now, s);
        }
        assert_true(same_bits(was, now, "reward_0") && same_bits(was, now, "reward_1") &&
                    same_bits(was, now, "block") && same_bits(was, now, "note"));
        assert_memory_equal(em_dataset_covariate(was, "age")->value, em_dataset_covariate(now, "age")->value,
                            7 * sizeof(double));
        near(now->truth->natural[0], 0.5, 0, "alpha");
        em_comm *alone = em_comm_alone();
        em_dataset *again = like(alone, &o);
        assert_string_equal(again->fingerprint, now->fingerprint);
        em_dataset_free(again);
        o.seed = 2;
        again = like(alone, &o);
        assert_string_not_equal(again->fingerprint, now->fingerprint);
        em_dataset_free(again);
        em_comm_stop(alone);
        em_dataset_free(was);
    }
    em_dataset_free(now);
}

static void test_like(void **state)
{
    (void)state;
    check_like(em_model_find("rw"));
}

static void test_like_plain(void **state)
{
    (void)state;
    check_like(&em_model_plain_rw);
}

/* Inputs of a model; what a fit brings: fixed, shared and conditional parameters, covariates. */
static void test_inputs(void **state)
{
    (void)state;
    simulate("dd_hyperbolic", 9, 25, NULL, NAN);
    em_like_options o = em_like_defaults();
    o.dataset = in_folder("data.h5");
    o.model = em_model_find("dd_hyperbolic");
    o.seed = 17;
    em_dataset *now = like(world, &o);
    if (now) {
        em_dataset *was = whole(o.dataset);
        static const char *const input[] = {"amount_sooner", "delay_sooner", "amount_later", "delay_later"};
        for (int i = 0; i < 4; i++)
            assert_true(same_bits(was, now, input[i]));
        assert_false(same_bits(was, now, "choice"));
        em_dataset_free(was);
    }
    em_dataset_free(now);
}

/* A model that has the other option's outcome, too: the two change places where the other option is drawn. */
static void test_other_outcome(void **state)
{
    (void)state;
    simulate("rw_counterfactual", 6, 40, NULL, NAN);
    em_like_options o = em_like_defaults();
    o.dataset = in_folder("data.h5");
    o.model = em_model_find("rw_counterfactual");
    o.seed = 9;
    em_dataset *now = like(world, &o);
    if (now) {
        em_dataset *was = whole(o.dataset);
        int other = 0;
        for (size_t t = 0; t < was->n_rows; t++) {
            const bool same = cell(was, "choice", t) == cell(now, "choice", t);
            assert_true(cell(now, "reward", t) == cell(was, same ? "reward" : "reward_other", t));
            assert_true(cell(now, "reward_other", t) == cell(was, same ? "reward_other" : "reward", t));
            other += !same;
        }
        assert_true(other > 20);
        assert_null(now->truth->task);
        em_dataset_free(was);
    }
    em_dataset_free(now);
}

static void test_from(void **state)
{
    (void)state;
    make_data(12);
    em_fit_options f = em_fit_defaults();
    static const em_covariate_term age = {"age", "alpha"};
    static const em_by by = {"block", "beta"};
    static const char *const without[] = {"p04"};
    f.covariate = &age;
    f.n_covariates = 1;
    f.by = &by;
    f.n_by = 1;
    f.shared[0] = true;
    f.fix[1] = 2;
    f.exclude = without;
    f.n_exclude = 1;
    em_fit *of = fit("rw", &f);
    em_like_options o = em_like_defaults();
    o.fit = in_folder("fit.h5");
    em_dataset *group = like(world, &o);
    o.estimates = true;
    em_dataset *estimates = like(world, &o);
    if (of) {
        assert_int_equal(group->n_subjects, 11);
        assert_int_equal(group->n_rows, group->offset[11]);
        assert_string_equal(group->id[4], "p05");
        assert_int_equal(group->truth->n_parameters, 3);
        assert_string_equal(group->truth->parameter[1], "beta[0]");
        const double *age_of = em_dataset_covariate(group, "age")->value;
        assert_true(age_of[4] == 20 + 5 * 7 % 31);
        for (int s = 0; s < 11; s++) {
            near(group->truth->x[3 * s], of->coefficient[0] + of->coefficient[3] * age_of[s], 1e-12, "alpha");
            near(group->truth->natural[3 * s + 2], 2, 1e-12, "beta");
            assert_memory_equal(estimates->truth->x + 3 * s, of->map + 3 * s, 3 * sizeof(double));
        }
    }
    em_dataset_free(group);
    em_dataset_free(estimates);
    em_fit_free(of);
}

/* Draws from a full covariance have it. */
static void test_covariance(void **state)
{
    (void)state;
    simulate("rw", 400, 30, (double[]){0, 1}, 0.8);
    em_fit_options f = em_fit_defaults();
    f.full = true;
    f.group = EM_GROUP_ESTIMATE;
    em_fit *of = fit("rw", &f);
    em_like_options o = em_like_defaults();
    o.fit = in_folder("fit.h5");
    em_dataset *data = like(world, &o);
    if (of) {
        double mean[2] = {0}, cov[3] = {0};
        for (size_t i = 0; i < 800; i++)
            mean[i % 2] += data->truth->x[i] / 400;
        for (size_t s = 0; s < 400; s++)
            for (int k = 0; k < 3; k++) /* (0,0), (1,0), (1,1) */
                cov[k] += (data->truth->x[2 * s + (k > 0)] - mean[k > 0]) *
                          (data->truth->x[2 * s + (k > 1)] - mean[k > 1]) / 399;
        for (int j = 0; j < 2; j++)
            near(mean[j], of->mu[j], 4.5 * sqrt(of->var[j] / 400), "mean");
        near(cov[0], of->cov[0], 4.5 * of->var[0] * sqrt(2.0 / 400), "variance");
        near(cov[2], of->cov[3], 4.5 * of->var[1] * sqrt(2.0 / 400), "variance");
        near(cov[1], of->cov[1], 4.5 * sqrt((of->var[0] * of->var[1] + of->cov[1] * of->cov[1]) / 400), "covariance");
        assert_true(of->cov[1] != 0);
    }
    em_dataset_free(data);
    em_fit_free(of);
}

/* ---- predictions ------------------------------------------------------------------------------------------------ */

/* Of rw at the fit's values, given what was recorded: the sum of p(choice = 1) over the trials that are scored, of p (1
 * - p), and how many these are. alpha [2]: by block. */
static void expect_choices(const em_dataset *data, size_t s, const double *alpha, double beta, double sum[3])
{
    double q[2] = {0, 0};
    sum[0] = sum[1] = sum[2] = 0;
    for (size_t t = data->offset[s]; t < data->offset[s + 1]; t++) {
        const double choice = cell(data, "choice", t), reward = cell(data, "reward", t);
        if (t == data->offset[s] || cell(data, "block", t) != cell(data, "block", t - 1))
            q[0] = q[1] = 0;
        if (isnan(choice))
            continue;
        const double p = 1 / (1 + exp(beta * (q[0] - q[1])));
        sum[0] += p;
        sum[1] += p * (1 - p);
        sum[2]++;
        if (!isnan(reward))
            q[(int)choice] += alpha[(int)cell(data, "block", t)] * (reward - q[(int)choice]);
    }
}

/* conditions: alpha has a value for each block. */
static void check_observed(const em_model *model, bool conditions, int draws)
{
    enum { S = 10 };
    const double D = draws;
    make_data(S);
    static const em_by by = {"block", "alpha"};
    em_fit_options f = all_shared();
    f.by = &by;
    f.n_by = conditions;
    em_fit *of = fit_model(model, &f);
    em_predict_options o = em_predict_defaults();
    o.model = model;
    o.draws = draws;
    o.history = EM_HISTORY_OBSERVED;
    o.by = "block";
    em_prediction *p = predict(&o);
    if (p) {
        em_dataset *data = whole(in_folder("data.h5"));
        const double alpha[2] = {1 / (1 + exp(-of->mu[0])), 1 / (1 + exp(-of->mu[conditions]))},
                     beta = exp(of->mu[1 + conditions]);
        double mean = 0, var = 0;
        const int at = find_cell(p, EM_CHOICE_FREQUENCY, "choice=1", 0);
        for (size_t s = 0; s < S; s++) {
            double sum[3];
            expect_choices(data, s, alpha, beta, sum);
            assert_int_equal(p->one[s * (size_t)p->n_cells + (size_t)at].n, (int)sum[2]);
            near(p->one[s * (size_t)p->n_cells + (size_t)at].median, sum[0] / sum[2],
                 0.5 / sum[2] + 6 * sqrt(sum[1] / D) / sum[2], "median");
            mean += sum[0] / sum[2] / S;
            var += sum[1] / (sum[2] * sum[2]) / (S * S);
        }
        /* a median of D has a standard deviation of 1.25 of that of their mean */
        near(p->group[at].median, mean, 4 * 1.25 * sqrt(var / D), "choice frequency of the group");
        near((p->group[at].upper - p->group[at].lower) / (2 * 1.96 * sqrt(var)), 1, 0.2, "width of the interval");
        assert_true(p->exact);
        find_cell(p, EM_LEARNING_CURVE, "choice=0|block=1", 10);
        em_dataset_free(data);
        /* the same numbers on one rank */
        em_comm *alone = em_comm_alone();
        em_prediction *again = NULL;
        em_error error;
        must(em_predict(alone, in_folder("fit.h5"), &o, NULL, &again, &error), &error);
        assert_memory_equal(again->group, p->group, (size_t)p->n_cells * sizeof *p->group);
        assert_memory_equal(again->one, p->one, S * (size_t)p->n_cells * sizeof *p->one);
        em_prediction_free(again);
        em_comm_stop(alone);
    }
    em_prediction_free(p);
    em_fit_free(of);
}

static void test_observed(void **state)
{
    (void)state;
    check_observed(em_model_find("rw"), true, 400);
}

static void test_observed_plain(void **state)
{
    (void)state;
    check_observed(&em_model_plain_rw, false, 100);
}

/* Data from the very process that predicts them: 95 % of the intervals hold them. */
static void test_coverage(void **state)
{
    (void)state;
    enum { S = 300 };
    const double mu[2] = {0, 1};
    simulate("rw", S, 160, mu, 0);
    em_fit_options f = em_fit_defaults();
    f.group = EM_GROUP_FIXED;
    for (int j = 0; j < 2; j++) {
        f.mu[j] = mu[j];
        f.var[j] = 1e-9;
    }
    em_fit_free(fit("rw", &f));
    em_predict_options o = em_predict_defaults();
    o.bins = 4;
    o.history = EM_HISTORY_OWN;
    em_prediction *p = predict(&o);
    if (p) {
        double inside = 0;
        int group = 0;
        for (int bin = 1; bin <= 4; bin++) {
            const int at = find_cell(p, EM_LEARNING_CURVE, "choice=1", bin);
            const em_predicted *g = &p->group[at];
            inside += p->inside[at] / 4;
            group += g->observed >= g->lower && g->observed <= g->upper;
            near(p->cell[at].from, 40 * (bin - 1) + 1, 0, "first trial");
            near(p->cell[at].to, 40 * bin, 0, "last trial");
        }
        /* 1200 proportions; counts of 40 trials are coarse, so a little more than 95 % */
        near(inside, 0.96, 0.018, "share inside");
        assert_true(group >= 3);
        assert_false(p->exact);
    }
    em_prediction_free(p);
}

/* Quantiles of the time of choice 1 in a race of lognormal times, by integration of f1 (1 - F0). */
static double race_quantile(const double *x, double probability)
{
    const double sigma = exp(x[2]), step = 1e-5;
    double all = 0, so_far = 0;
    for (int pass = 0; pass < 2; pass++)
        for (double t = step / 2; t < 12; t += step) {
            const double z1 = (log(t) - x[1]) / sigma, z0 = (log(t) - x[0]) / sigma;
            const double density = exp(-0.5 * z1 * z1) / (t * sigma * sqrt(2 * M_PI)) * gsl_cdf_ugaussian_Q(z0) * step;
            if (pass == 0)
                all += density;
            else if ((so_far += density) >= probability * all)
                return t;
        }
    return NAN;
}

static void test_times(void **state)
{
    (void)state;
    enum { D = 200 };
    const double x[4] = {-0.2, 0.1, -0.7, -12};
    simulate("lognormal_race", 2, 800, x, 0);
    em_fit_options f = em_fit_defaults();
    f.group = EM_GROUP_FIXED;
    for (int j = 0; j < 4; j++) {
        f.mu[j] = x[j];
        f.var[j] = 1e-10;
    }
    em_fit_free(fit("lognormal_race", &f));
    em_predict_options o = em_predict_defaults();
    o.draws = D;
    em_prediction *p = predict(&o);
    if (p) {
        static const double probability[5] = {0.1, 0.3, 0.5, 0.7, 0.9};
        assert_int_equal(p->history, EM_HISTORY_OWN);
        for (int k = 0; k < 5; k++) {
            const int at = find_cell(p, EM_REACTION_TIME_QUANTILE, "choice=1", k + 1);
            const em_predicted *g = &p->group[at];
            const double sd = (g->upper - g->lower) / (2 * 1.96);
            near(p->cell[at].from, probability[k], 0, "probability");
            near(g->median, race_quantile(x, probability[k]), 4.5 * 1.25 * sd / sqrt(D) + 1e-3, "quantile");
        }
    }
    em_prediction_free(p);
}

/* Who is flagged is named and left out. */
static void test_flagged(void **state)
{
    (void)state;
    make_data(5);
    em_fit_options f = em_fit_defaults();
    f.group = EM_GROUP_FIXED;
    em_fit *of = fit("rw", &f);
    em_predict_options o = em_predict_defaults();
    o.draws = 5;
    em_prediction *all = predict(&o);
    em_error error;
    em_code code = EM_OK;
    if (of) {
        of->subject_status[1] = EM_SUBJECT_INDEFINITE;
        code = em_fit_write(of, in_folder("fit.h5"), true, &error);
    }
    must(em_comm_agree(world, code, &error), &error);
    em_prediction *some_of = predict(&o);
    if (some_of) {
        const size_t M = (size_t)all->n_cells;
        assert_int_equal(some_of->n_subjects, 4);
        assert_int_equal(some_of->n_left_out, 1);
        assert_string_equal(some_of->left_out[0], "p01");
        assert_int_equal(some_of->left_out_status[0], EM_SUBJECT_INDEFINITE);
        assert_string_equal(some_of->subject[1], "p02");
        assert_memory_equal(some_of->one + M, all->one + 2 * M, 3 * M * sizeof *all->one); /* the others as before */
        assert_int_equal(some_of->group[0].n, 4);
    }
    em_prediction_free(all);
    em_prediction_free(some_of);
    em_fit_free(of);
}

static void test_refusals(void **state)
{
    (void)state;
    em_error error;
    em_dataset *data = NULL;
    em_prediction *p = NULL;
    make_data(5);
    em_fit_options f = em_fit_defaults();
    static const char *const without[] = {"p02"}, *const choice[] = {"choice"}, *const gone[] = {"gone"};
    f.exclude = without;
    f.n_exclude = 1;
    f.group = EM_GROUP_FIXED;
    em_fit_free(fit("rw", &f));
    em_like_options o = em_like_defaults();
    o.fit = in_folder("fit.h5");
    o.keep = choice;
    o.n_keep = 1;
    assert_int_equal(em_simulate_like(world, &o, NULL, &data, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "'choice' is a response"));
    o.keep = gone;
    assert_int_equal(em_simulate_like(world, &o, NULL, &data, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "no column 'gone'"));
    em_predict_options q = em_predict_defaults();
    q.draws = 1;
    assert_int_equal(em_predict(world, o.fit, &q, NULL, &p, &error), EM_INPUT_ERROR);
    q.draws = 2;
    q.by = "gone";
    assert_int_equal(em_predict(world, o.fit, &q, NULL, &p, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "needs a column 'gone'"));
    /* nobody knows what another choice brings: a model without a task, data without the other option's outcome */
    simulate("rw", 3, 20, NULL, NAN);
    o = em_like_defaults();
    o.dataset = in_folder("data.h5");
    o.model = &em_model_habit;
    assert_int_equal(em_simulate_like(world, &o, NULL, &data, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "column 'reward' is an outcome"));
    static const char *const reward[] = {"reward"};
    o.keep = reward;
    o.n_keep = 1;
    data = like(world, &o);
    if (data) {
        em_dataset *was = whole(o.dataset);
        assert_true(same_bits(was, data, "reward"));
        em_dataset_free(was);
    }
    em_dataset_free(data);
    data = NULL;
    f = em_fit_defaults();
    f.group = EM_GROUP_FIXED;
    em_fit_free(fit_model(&em_model_habit, &f));
    q = em_predict_defaults();
    q.model = &em_model_habit;
    p = predict(&q); /* the recorded past needs no outcomes */
    assert_true(!p || (p->history == EM_HISTORY_OBSERVED && !p->exact));
    em_prediction_free(p);
    p = NULL;
    q.history = EM_HISTORY_OWN;
    assert_int_equal(em_predict(world, in_folder("fit.h5"), &q, NULL, &p, &error), EM_INPUT_ERROR);
    assert_null(data);
    assert_null(p);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_like),           cmocka_unit_test(test_like_plain),
                                       cmocka_unit_test(test_inputs), cmocka_unit_test(test_other_outcome),         cmocka_unit_test(test_from),
                                       cmocka_unit_test(test_covariance),     cmocka_unit_test(test_observed),
                                       cmocka_unit_test(test_observed_plain), cmocka_unit_test(test_coverage),
                                       cmocka_unit_test(test_times),          cmocka_unit_test(test_flagged),
                                       cmocka_unit_test(test_refusals)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0) {
        unlink(in_folder("data.h5"));
        unlink(in_folder("fit.h5"));
        rmdir(folder);
    }
    em_comm_stop(world);
    return failed;
}
