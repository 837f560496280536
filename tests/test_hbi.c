/* Hierarchical Bayesian inference: whose model is whose, files, ranks, and the parts that have closed answers. The numbers of the
 * whole iteration are compared with a second implementation by hbi.py. Run alone and under mpirun. */
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

#include "approach.h"
#include "comm.h"
#include "hbi_group.h"
#include "helpers.h"
#include "leap.h"

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
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
}

/* ---- updates ---- */

/* Two people at 1 and 3, variance of each posterior 0.5, the second one half responsible: N 1.5, mean 5/3. */
static void test_group(void **state)
{
    (void)state;
    const double a0[1] = {0.5}, mean[1] = {5.0 / 3}, spread[1] = {8.0 / 9 + 0.5};
    em_hbi_group g;
    em_hbi_group_update(&g, 1, a0, 1.5, mean, spread);
    near(g.b, 2.5, 0, "b");
    near(g.nu, 1.25, 0, "nu");
    near(g.a[0], (0.5 + 2.5) / 2.5, 1e-15, "a");
    near(g.sigma[0], 0.01 + 0.5 * (1.5 * spread[0] + 1.5 / 2.5 * 49.0 / 36), 1e-14, "sigma");
    near(em_hbi_group_variance(&g, 0), g.sigma[0] / 1.25, 1e-15, "variance");
    near(em_hbi_group_error(&g, 0), sqrt(g.sigma[0] / 1.25 / 2.5), 1e-15, "error");
    /* psi(1.25) = -0.2274535333762654 (Abramowitz & Stegun 6.3) */
    near(em_hbi_group_lambda(&g, 1), 0.5 * (-0.2274535333762654 - log(1.25) - 0.4), 1e-14, "lambda");
    em_hbi_group_update(&g, 1, a0, 0, mean, spread); /* nobody: the prior, and nothing is learned */
    near(g.a[0], 0.5, 0, "a of nobody");
    near(em_hbi_group_variance(&g, 0), 0.02, 1e-16, "variance of nobody");
    near(em_hbi_group_bound(&g, 1, a0), 0, 1e-15, "bound of nobody");
}

static void test_frequencies(void **state)
{
    (void)state;
    em_hbi_belief belief = {.group = {{.n = 1}, {.n = 2}}};
    em_hbi_frequencies(&belief, 2, false);
    near(belief.alpha[1], 3, 0, "alpha");
    /* psi(2) - psi(5) = -(1/2 + 1/3 + 1/4), psi(3) - psi(5) = -(1/3 + 1/4) */
    near(belief.log_frequency[0], -13.0 / 12, 1e-14, "E log m");
    near(belief.log_frequency[1], -7.0 / 12, 1e-14, "E log m");
    /* -KL of Beta(2, 3), density 12 m (1-m)^2, from the uniform distribution: -(log 12 - 13/12 - 2 7/12) */
    near(em_hbi_frequencies_bound(&belief, 2), -(log(12) - 27.0 / 12), 1e-14, "bound");
    const double lambda[2] = {0.5, -0.5}, both[2] = {-1, -2}, one[2] = {NAN, -2}, none[2] = {NAN, NAN};
    double r[2];
    const double odds = exp(2 - 0.5); /* of the first: evidence and lambda 1 each, frequencies -1/2 */
    near(em_hbi_responsibility(&belief, lambda, 2, false, both, r), -1 + 0.5 - 13.0 / 12 + log1p(1 / odds), 1e-14, "bound of one");
    near(r[0], odds / (1 + odds), 1e-15, "responsibility");
    near(r[0] + r[1], 1, 1e-15, "sum of responsibilities");
    near(em_hbi_responsibility(&belief, lambda, 2, false, one, r), -2.5 - 7.0 / 12, 1e-14, "bound with one model");
    near(r[0], 0, 0, "responsibility of what does not fit");
    near(r[1], 1, 0, "responsibility of what alone fits");
    near(em_hbi_responsibility(&belief, lambda, 2, true, both, r), 0.5 * (-0.5 - 13.0 / 12 - 2.5 - 7.0 / 12) + log(2), 1e-14,
         "bound with equal shares");
    near(r[0], 0.5, 0, "equal share");
    near(em_hbi_responsibility(&belief, lambda, 2, false, none, r), 0, 0, "bound of nobody");
    near(r[0] + r[1], 0, 0, "responsibility for nobody");
}

/* Steps 0.9^i leave ten times the newest; steps 1/i never seem near the end. */
static void test_approach(void **state)
{
    (void)state;
    em_error error;
    for (int slow = 0; slow < 2; slow++) {
        em_approach approach;
        assert_int_equal(em_approach_new(2, &approach, &error), EM_OK);
        double step[2] = {0, 0};
        for (int i = 1; i <= 400; i++) {
            step[0] = pow(0.5, i);
            step[1] = slow ? 1.0 / i : pow(0.95, i);
            em_approach_note(&approach, step);
            if (i == 3)
                assert_true(isinf(em_approach_distance(&approach)));
        }
        if (slow)
            assert_true(em_approach_distance(&approach) > 0.9);
        else
            near(em_approach_distance(&approach) / (20 * step[1]), 1, 1e-6, "distance over what is left");
        em_approach_reset(&approach);
        assert_true(isinf(em_approach_distance(&approach)));
        em_approach_free(&approach);
    }
}

/* Two modes, 0.6 and 0.97: once the fast one has died away, the leap lands where the slow one ends. Steps that do not shrink by a
 * common factor are no reason to leap. */
static void test_leap(void **state)
{
    (void)state;
    em_error error;
    em_leap leap;
    assert_int_equal(em_leap_new(2, &leap, &error), EM_OK);
    double fast = 1, slow = 1, times = 0;
    int i = 0;
    for (bool go = false; !go && i < 100; i++) {
        const double step[2] = {0.4 * fast + 0.03 * slow, 0.4 * fast - 0.03 * slow};
        go = em_leap_note(&leap, step, &times);
        fast *= 0.6;
        slow *= 0.97;
        if (go) {
            near(times, 0.97 / 0.03, 2, "length of the leap");
            near(slow - times * 0.03 * slow / 0.97, 0, 0.05 * slow, "what the leap leaves");
            near(leap.slowest, 0.97, 1e-3, "the slowest factor");
        }
    }
    assert_true(i > 8 && i < 40);
    em_leap_judge(&leap, false);
    assert_int_equal(leap.wait, 16);
    em_leap_judge(&leap, true);
    assert_int_equal(leap.wait, 8);
    for (i = 1; i < 100; i++) {
        const double step[2] = {i % 2 ? 1 : -1, 1.0 / i};
        assert_false(em_leap_note(&leap, step, &times));
    }
    em_leap_free(&leap);
}

static void test_student(void **state)
{
    (void)state;
    double mu = 1.2, se = 0.5, t;
    const em_hbi_model model = {.n_parameters = 1, .mu = &mu, .mu_se = &se, .df = 1};
    /* one degree of freedom is Cauchy's distribution: p = 1 - 2/pi atan |t| */
    near(em_hbi_test(&model, 0, 0.2, &t), 1 - 2 / M_PI * atan(2), 1e-14, "p");
    near(t, 2, 1e-14, "t");
    near(em_hbi_test(&model, 0, 2.2, &t), 1 - 2 / M_PI * atan(2), 1e-14, "p from below");
}

/* ---- runs ---- */

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

static em_dataset *draw(const char *model, size_t subjects, int trials, double mu0, double mu1, uint64_t seed)
{
    em_simulation sim = {.subjects = subjects, .trials = trials, .seed = seed, .mu = {mu0, mu1}, .var = {0.4, 0.1}};
    em_dataset *data;
    em_error error;
    if (em_simulate(em_model_find(model), &sim, &data, &error) != EM_OK)
        fail_msg("%s", error.text);
    return data;
}

/* The first half learn from rewards, the others go on choosing what they have chosen; their rewards mean nothing. */
enum { HALF = 20, PEOPLE = 2 * HALF };
static void write_two_kinds(const char *path)
{
    em_dataset *data = draw("rw", PEOPLE, 100, 0, 1.2, 5), *others = draw("choice_kernel", HALF, 100, 0, 1.2, 6);
    const size_t from = data->offset[HALF];
    for (size_t i = from; i < data->n_rows; i++)
        *cell_of(data, "choice", i) = *cell_of(others, "choice", i - from);
    write_data(data, path);
    em_dataset_free(data);
    em_dataset_free(others);
}

static em_hbi *run(em_comm *comm, const char *data, const char *const *name, int K, const em_hbi_options *options,
                   const char *output, bool force, em_code want)
{
    const em_model *model[4];
    em_hbi *hbi;
    em_error error = {EM_OK, ""};
    for (int k = 0; k < K; k++)
        model[k] = em_model_find(name[k]);
    const em_code code = em_hbi_file(comm, data, model, K, options, output, force, NULL, NULL, &hbi, &error);
    if (code != want)
        fail_msg("hbi ended with %d: %s", code, error.text);
    return hbi;
}

/* The stored groups follow from the stored subjects by the equations of the updates, up to what is left to converge. */
static void check_groups(const em_hbi *hbi, double tolerance)
{
    const size_t K = (size_t)hbi->n_models, S = hbi->n_subjects;
    for (size_t k = 0; k < K; k++) {
        const em_hbi_model *m = &hbi->model[k];
        double n = 0;
        for (size_t s = 0; s < S; s++)
            n += hbi->responsibility[s * K + k];
        near(hbi->alpha[k], 1 + n, tolerance * (double)S, "alpha from the responsibilities");
        for (size_t j = 0; j < 2; j++) {
            double mean = 0, spread = 0;
            for (size_t s = 0; s < S; s++)
                mean += hbi->responsibility[s * K + k] * m->map[2 * s + j] / n;
            for (size_t s = 0; s < S; s++) {
                const double *h = m->hessian + 4 * s, d = m->map[2 * s + j] - mean;
                spread += hbi->responsibility[s * K + k] * (d * d + h[3 * (1 - j)] / (h[0] * h[3] - h[1] * h[2])) / n;
            }
            const double sigma = 0.01 + 0.5 * n * (spread + mean * mean / (n + 1));
            near(m->mu[j], n * mean / (n + 1), tolerance * sqrt(m->var[j]), "mean from the subjects");
            near(log(m->var[j] / (sigma / (0.5 + n / 2))), 0, tolerance, "variance from the subjects");
        }
    }
}

static void test_whose_model(void **state)
{
    (void)state;
    static const char *const name[] = {"rw", "choice_kernel"};
    const char *data = in_folder("kinds.h5"), *output = in_folder("hbi.h5");
    write_two_kinds(data);
    const em_hbi_options options = em_hbi_defaults();
    em_hbi *hbi = run(world, data, name, 2, &options, output, true, EM_OK);
    if (hbi) {
        int right = 0;
        check_groups(hbi, options.tol);
        for (size_t s = 0; s < PEOPLE; s++) {
            right += hbi->responsibility[2 * s + (s >= HALF)] > 0.5;
            near(hbi->responsibility[2 * s] + hbi->responsibility[2 * s + 1], 1, 1e-12, "sum of responsibilities");
        }
        assert_true(right >= 36);
        near(hbi->expected_frequency[0], 0.5, 0.1, "frequency of rw");
        near(hbi->exceedance_probability[0] + hbi->exceedance_probability[1], 1, 1e-9, "sum of exceedance probabilities");
        assert_int_equal(hbi->n_subjects_used, PEOPLE);
        /* the groups are those of their own people: within 4 standard errors */
        near(hbi->model[0].mu[0], 0, 4 * hbi->model[0].mu_se[0], "alpha of rw");
        near(hbi->model[0].mu[1], 1.2, 4 * hbi->model[0].mu_se[1], "beta of rw");
        near(hbi->model[1].mu[0], 0, 4 * hbi->model[1].mu_se[0], "alpha of choice_kernel");
        near(hbi->model[1].mu[1], 1.2, 4 * hbi->model[1].mu_se[1], "beta of choice_kernel");
        near(hbi->model[0].df, hbi->alpha[0], 1e-12, "degrees of freedom"); /* both 1 + N */
    }
    em_hbi_free(hbi);
}

static void same(const void *a, const void *b, size_t bytes, const char *what)
{
    if (memcmp(a, b, bytes) != 0)
        fail_msg("%s differs between %d ranks and one", what, em_comm_size(world));
}

/* What test_whose_model has written, on however many ranks, is what one rank finds, to the last bit. */
static void test_ranks(void **state)
{
    (void)state;
    static const char *const name[] = {"rw", "choice_kernel"};
    em_error error;
    em_code code = EM_OK;
    if (em_comm_rank(world) == 0) {
        const em_hbi_options options = em_hbi_defaults();
        em_comm *alone = em_comm_alone();
        em_hbi *one = run(alone, in_folder("kinds.h5"), name, 2, &options, in_folder("one.h5"), true, EM_OK), *many;
        if (em_hbi_read(in_folder("hbi.h5"), &many, &error) != EM_OK)
            fail_msg("%s", error.text);
        assert_int_equal(many->iterations, one->iterations);
        assert_int_equal(many->null_iterations, one->null_iterations);
        same(&many->bound, &one->bound, sizeof one->bound, "the bound");
        same(&many->null_bound, &one->null_bound, sizeof one->bound, "the bound under the null hypothesis");
        same(&many->distance, &one->distance, sizeof one->distance, "the distance");
        same(many->responsibility, one->responsibility, PEOPLE * 2 * sizeof(double), "responsibilities");
        same(many->trace_bound, one->trace_bound, (size_t)one->n_trace * sizeof(double), "the trace");
        same(many->alpha, one->alpha, 2 * sizeof(double), "alpha");
        for (int k = 0; k < 2; k++) {
            same(many->model[k].mu, one->model[k].mu, 2 * sizeof(double), "mu");
            same(many->model[k].var, one->model[k].var, 2 * sizeof(double), "var");
            same(many->model[k].mu_se, one->model[k].mu_se, 2 * sizeof(double), "mu_se");
            same(many->model[k].map, one->model[k].map, PEOPLE * 2 * sizeof(double), "map");
            same(many->model[k].natural, one->model[k].natural, PEOPLE * 2 * sizeof(double), "natural");
            same(many->model[k].hessian, one->model[k].hessian, PEOPLE * 4 * sizeof(double), "hessian");
            same(many->model[k].log_likelihood, one->model[k].log_likelihood, PEOPLE * sizeof(double), "log-likelihoods");
            same(many->model[k].n_trials, one->model[k].n_trials, PEOPLE * sizeof(uint64_t), "trials");
            same(many->model[k].status, one->model[k].status, PEOPLE, "status");
        }
        for (size_t s = 0; s < PEOPLE; s++)
            assert_string_equal(many->subject[s], one->subject[s]);
        em_hbi_free(one);
        em_hbi_free(many);
        em_comm_stop(alone);
    }
    assert_int_equal(em_comm_agree(world, code, &error), EM_OK);
}

/* The same is recognised, anything else refused; what is stored converged, or not, is what is returned. */
static void test_output_there(void **state)
{
    (void)state;
    static const char *const name[] = {"rw", "choice_kernel", "rw_dual"}, *const turned[] = {"choice_kernel", "rw"};
    const char *data = in_folder("kinds.h5"), *output = in_folder("hbi.h5");
    em_hbi_options options = em_hbi_defaults();
    assert_null(run(world, data, name, 2, &options, output, false, EM_OK));
    assert_null(run(world, data, name, 3, &options, output, false, EM_INPUT_ERROR));
    assert_null(run(world, data, turned, 2, &options, output, false, EM_INPUT_ERROR));
    assert_null(run(world, data, name, 2, &options, data, true, EM_INPUT_ERROR));
    static const char *const twice[] = {"rw", "rw"}, *const different[] = {"rw", "dd_hyperbolic"};
    assert_null(run(world, data, twice, 2, &options, output, true, EM_INPUT_ERROR));
    assert_null(run(world, data, different, 2, &options, output, true, EM_INPUT_ERROR));
    options.max_iter = 3;
    assert_null(run(world, data, name, 2, &options, output, false, EM_INPUT_ERROR));
    em_hbi *hbi = run(world, data, name, 2, &options, in_folder("short.h5"), true, EM_NOT_CONVERGED);
    if (hbi) {
        assert_int_equal(hbi->iterations, 3);
        assert_false(hbi->converged);
    }
    em_hbi_free(hbi);
    assert_null(run(world, data, name, 2, &options, in_folder("short.h5"), false, EM_NOT_CONVERGED));
}

/* With one model and many people the hyperpriors weigh little: EM's fixed point, nearly. */
static void test_one_model_is_a_hierarchical_fit(void **state)
{
    (void)state;
    enum { MANY = 400 };
    static const char *const name[] = {"rw"};
    em_dataset *data = draw("rw", MANY, 60, -0.5, 1, 9);
    write_data(data, in_folder("many.h5"));
    em_dataset_free(data);
    em_hbi_options options = em_hbi_defaults();
    em_hbi *hbi = run(world, in_folder("many.h5"), name, 1, &options, in_folder("hbi_many.h5"), true, EM_OK);
    em_fit_options fit_options = em_fit_defaults();
    em_fit *fit;
    em_error error;
    assert_int_equal(em_fit_run(world, in_folder("many.h5"), em_model_find("rw"), &fit_options, NULL, NULL, &fit, &error), EM_OK);
    for (int j = 0; hbi && j < 2; j++) {
        near(hbi->model[0].mu[j], fit->mu[j], 0.1 * sqrt(fit->var[j]), "mean");
        near(log(hbi->model[0].var[j] / fit->var[j]), 0, 0.2, "variance");
        near(hbi->model[0].mu_se[j], sqrt(hbi->model[0].var[j] / (MANY + 1)), 1e-12, "error of the mean");
    }
    if (hbi) {
        check_groups(hbi, options.tol);
        near(hbi->responsibility[0], 1, 0, "responsibility");
        near(hbi->exceedance_probability[0], 1, 1e-9, "exceedance probability");
        assert_true(isnan(hbi->bayesian_omnibus_risk));
        assert_int_equal(hbi->null_iterations, 0);
    }
    em_hbi_free(hbi);
    em_fit_free(fit);
}

/* Few trials, so slow: the distance that is told is not below what a much longer run finds, and is below the tolerance. */
static void test_distance(void **state)
{
    (void)state;
    static const char *const name[] = {"rw_dual", "rw"};
    em_dataset *data = draw("rw", 40, 30, -0.5, 0.7, 21);
    write_data(data, in_folder("slow.h5"));
    em_dataset_free(data);
    em_hbi_options options = em_hbi_defaults();
    options.null = false;
    em_hbi *hbi = run(world, in_folder("slow.h5"), name, 2, &options, in_folder("rough.h5"), true, EM_OK);
    options.tol = 1e-9;
    em_hbi *exact = run(world, in_folder("slow.h5"), name, 2, &options, in_folder("exact.h5"), true, EM_OK);
    if (hbi) {
        assert_true(hbi->iterations > 30 && hbi->distance < 1e-5);
        assert_true(exact->iterations > hbi->iterations);
        for (int k = 0; k < 2; k++)
            for (int j = 0; j < hbi->model[k].n_parameters; j++) {
                near(hbi->model[k].mu[j], exact->model[k].mu[j], hbi->distance * sqrt(exact->model[k].var[j]), "mean");
                near(log(hbi->model[k].var[j]), log(exact->model[k].var[j]), hbi->distance, "log variance");
            }
        for (int i = 0; i < 80; i++)
            near(hbi->responsibility[i], exact->responsibility[i], hbi->distance, "responsibility");
    }
    em_hbi_free(hbi);
    em_hbi_free(exact);
}

/* Choosing at random explains nobody who learns well. */
static void test_model_of_nobody(void **state)
{
    (void)state;
    static const char *const name[] = {"choice_kernel", "rw"};
    em_dataset *data = draw("rw", 24, 150, 0, 2, 12);
    write_data(data, in_folder("learners.h5"));
    em_dataset_free(data);
    const em_hbi_options options = em_hbi_defaults();
    em_hbi *hbi = run(world, in_folder("learners.h5"), name, 2, &options, in_folder("nobody.h5"), true, EM_OK);
    if (hbi) {
        assert_true(hbi->alpha[0] - 1 < 0.1);
        near(hbi->alpha[0] + hbi->alpha[1], 26, 1e-9, "sum of alpha");
        for (int j = 0; j < 2; j++) { /* its group is nearly its prior: 0 and 0.02 */
            near(hbi->model[0].mu[j], 0, 0.1, "mean of nobody");
            near(hbi->model[0].var[j], 0.02, 0.05, "variance of nobody");
        }
        assert_true(hbi->exceedance_probability[1] > 0.999 && hbi->bayesian_omnibus_risk < 1e-6);
    }
    em_hbi_free(hbi);
}

/* A file cut short anywhere is refused with a word, whatever is missing. */
static void test_damaged(void **state)
{
    (void)state;
    if (em_comm_rank(world) != 0)
        return;
    FILE *file = fopen(in_folder("hbi.h5"), "rb");
    assert_non_null(file);
    static char bytes[1 << 20];
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (int i = 0; i < 40; i++) {
        const size_t cut = n * (size_t)i / 40;
        const char *path = in_folder("cut.h5");
        em_hbi *hbi = NULL;
        em_error error = {EM_OK, ""};
        assert_non_null(file = fopen(path, "wb"));
        assert_int_equal(fwrite(bytes, 1, cut, file), cut);
        fclose(file);
        assert_int_not_equal(em_hbi_read(path, &hbi, &error), EM_OK);
        assert_null(hbi);
        assert_non_null(strstr(error.text, "cut.h5"));
        assert_false(em_hbi_is_file(path));
    }
    em_fit *fit;
    em_error error;
    assert_int_equal(em_fit_read(in_folder("hbi.h5"), &fit, &error), EM_INPUT_ERROR);
    assert_true(em_hbi_is_file(in_folder("hbi.h5")));
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
        cmocka_unit_test(test_group), cmocka_unit_test(test_frequencies), cmocka_unit_test(test_approach),
        cmocka_unit_test(test_leap), cmocka_unit_test(test_student), cmocka_unit_test(test_whose_model), cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_output_there), cmocka_unit_test(test_one_model_is_a_hierarchical_fit),
        cmocka_unit_test(test_distance), cmocka_unit_test(test_model_of_nobody), cmocka_unit_test(test_damaged)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (em_comm_rank(world) == 0) {
        static const char *const left[] = {"kinds.h5", "hbi.h5", "one.h5", "short.h5", "many.h5", "hbi_many.h5",
                                           "learners.h5", "nobody.h5", "cut.h5", "slow.h5", "rough.h5", "exact.h5"};
        for (size_t i = 0; i < sizeof left / sizeof *left; i++)
            unlink(in_folder(left[i]));
        rmdir(folder);
    }
    em_comm_stop(world);
    return failed;
}
