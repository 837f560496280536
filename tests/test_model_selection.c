/* Random-effects model selection against closed forms, exact enumeration and sampling. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <stdlib.h>
#include <string.h>

#include "emlib/emlib.h"

static void assert_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within))
        fail_msg("%.17g is not within %g of %.17g", got, within, want);
}

static void exceedance_of(const double *alpha, int n, double *probability)
{
    em_error error;
    if (em_exceedance(alpha, n, probability, &error))
        fail_msg("%s", error.text);
}

static em_selection *select_models(const double *evidence, size_t n_subjects, int n_models, const double *prior)
{
    em_selection *selection;
    em_error error;
    if (em_select_models(evidence, n_subjects, n_models, prior, &selection, &error))
        fail_msg("%s", error.text);
    return selection;
}

/* log of B(alpha) = prod Gamma(alpha_k) / Gamma(sum(alpha)) */
static double log_beta(const double *alpha, int n)
{
    double sum = 0, total = 0;
    for (int k = 0; k < n; k++) {
        sum += alpha[k];
        total += lgamma(alpha[k]);
    }
    return total - lgamma(sum);
}

/* ---- exceedance ------------------------------------------------------------------------------------------------ */

static void two_models_are_the_beta_distribution(void **state)
{
    (void)state;
    static const double alpha[] = {0.01, 0.1, 0.5, 1, 2.5, 7, 40, 300};
    enum { N = sizeof alpha / sizeof *alpha };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double p[2];
            exceedance_of((const double[]){alpha[i], alpha[j]}, 2, p);
            assert_near(p[0], gsl_cdf_beta_Q(0.5, alpha[i], alpha[j]), 1e-11);
            assert_near(p[1], gsl_cdf_beta_P(0.5, alpha[i], alpha[j]), 1e-11);
        }
}

/* The others being exponential (alpha 1), the distribution function of their largest is (1 - e^-x)^m, and the mean of
 * e^(-jx) is (1+j)^-alpha: P = sum over j of (-1)^j C(m,j) (1+j)^-alpha. */
static void exponential_rivals_have_a_closed_form(void **state)
{
    (void)state;
    static const double first[] = {1e-4, 0.01, 0.05, 0.7, 1, 3, 12.5, 40, 1e3, 1e6, 1e8};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        for (int m = 1; m <= 9; m++) {
            double alpha[10] = {first[i]}, p[10], want = 0;
            for (int k = 1; k <= m; k++)
                alpha[k] = 1;
            for (int j = 0; j <= m; j++)
                want += (j % 2 ? -1 : 1) * gsl_sf_choose((unsigned)m, (unsigned)j) * pow(1 + j, -first[i]);
            exceedance_of(alpha, m + 1, p);
            assert_near(p[0], want, 1e-11);
            for (int k = 1; k <= m; k++)
                assert_near(p[k], (1 - want) / m, 1e-11);
        }
}

/* With whole counts the beta distribution is the binomial one: of 2m tosses, at most m+d are heads. The central term is
 * Stirling's, the others follow by their ratios. */
static void large_counts_are_a_sum_of_binomial_terms(void **state)
{
    (void)state;
    static const double half[] = {1e4, 1e5, 1e6, 1e7};
    for (int i = 0; i < 4; i++)
        for (int z = -4; z <= 4; z += 2) {
            const double m = half[i];
            const int d = (int)(z * sqrt(m / 2));
            double term = (1 - 1 / (8 * m) + 1 / (128 * m * m)) / sqrt(M_PI * m), want = 0.5 + term / 2, p[2];
            for (int j = 1; j <= abs(d); j++) {
                if (d < 0)
                    want -= term;
                term *= (m - j + 1) / (m + j);
                if (d > 0)
                    want += term;
            }
            exceedance_of((const double[]){m + d + 1, m - d}, 2, p);
            assert_near(p[0], want, 1e-11);
            assert_near(p[1], 1 - want, 1e-11);
        }
}

static void exceedances_sum_to_one(void **state)
{
    (void)state;
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (int i = 0; i < 200; i++) {
        const int n = 1 + (int)gsl_rng_uniform_int(random, 12);
        double alpha[12], p[12], sum = 0;
        for (int k = 0; k < n; k++)
            alpha[k] = pow(10, gsl_ran_flat(random, -4, i % 2 ? 8 : 1.5));
        exceedance_of(alpha, n, p);
        for (int k = 0; k < n; k++) {
            assert_true(p[k] >= 0);
            sum += p[k];
        }
        assert_near(sum, 1, 1e-11);
    }
    gsl_rng_free(random);
}

static void equal_counts_have_equal_chances(void **state)
{
    (void)state;
    static const double count[] = {1e-4, 0.01, 1, 17, 1e6, 1e8};
    for (size_t i = 0; i < sizeof count / sizeof *count; i++)
        for (int n = 1; n <= 30; n += 7) {
            double alpha[30], p[30];
            for (int k = 0; k < n; k++)
                alpha[k] = count[i];
            exceedance_of(alpha, n, p);
            for (int k = 0; k < n; k++)
                assert_near(p[k], 1.0 / n, 1e-11);
        }
}

static void exceedance_is_what_sampling_finds(void **state)
{
    (void)state;
    static const double alpha[][4] = {{0.3, 2.7, 1.9, 0.05}, {12, 9.5, 11, 1}, {0.02, 0.03, 0.5, 0.1}};
    enum { DRAWS = 400000 };
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (int i = 0; i < 3; i++) {
        double p[4];
        int largest[4] = {0};
        for (int d = 0; d < DRAWS; d++) {
            double r[4];
            int best = 0;
            gsl_ran_dirichlet(random, 4, alpha[i], r);
            for (int k = 1; k < 4; k++)
                if (r[k] > r[best])
                    best = k;
            largest[best]++;
        }
        exceedance_of(alpha[i], 4, p);
        for (int k = 0; k < 4; k++)
            assert_near(p[k], (double)largest[k] / DRAWS, 4.5 * sqrt(p[k] * (1 - p[k]) / DRAWS));
    }
    gsl_rng_free(random);
}

/* ---- frequencies ----------------------------------------------------------------------------------------------- */

/* Nobody's model is in doubt: alpha counts subjects, the bound is the exact evidence, and the risk has a closed form.
 */
static void certain_subjects_are_counted(void **state)
{
    (void)state;
    static const int counts[][3] = {{10, 0, 0}, {4, 3, 3}, {1, 7, 2}};
    static const double prior[] = {1, 1, 1};
    for (int i = 0; i < 3; i++) {
        double evidence[10][3], alpha[3], exact, null = -10 * log(3), p[3];
        for (int s = 0, k = 0, left = counts[i][0]; s < 10; s++, left--) {
            while (left == 0)
                left = counts[i][++k];
            for (int j = 0; j < 3; j++)
                evidence[s][j] = -1e7 * (s + 1) - (j == k ? 0 : 1e5);
            exact = -1e7 * (s + 1);
            null += exact;
        }
        exact = null + 10 * log(3);
        for (int k = 0; k < 3; k++)
            alpha[k] = 1 + counts[i][k];
        const double share = log_beta(alpha, 3) - log_beta(prior, 3);
        em_selection *got = select_models(evidence[0], 10, 3, NULL);
        exceedance_of(alpha, 3, p);
        const double risk = 1 / (1 + exp(share + 10 * log(3)));
        assert_near(got->omnibus_risk, risk, 1e-12);
        assert_near(got->free_energy, exact + share, 1e-6);
        assert_near(got->free_energy_null, null, 1e-6);
        for (int k = 0; k < 3; k++) {
            assert_near(got->alpha[k], alpha[k], 1e-10);
            assert_near(got->expected_frequency[k], alpha[k] / 13, 1e-11);
            assert_near(got->exceedance[k], p[k], 1e-11);
            assert_near(got->protected_exceedance[k], (1 - risk) * p[k] + risk / 3, 1e-11);
            assert_near(got->prior[k], 1, 0);
        }
        em_selection_free(got);
    }
}

/* Models that explain everybody equally well share everything, and equal frequencies are the likelier account. */
static void identical_models_share(void **state)
{
    (void)state;
    double evidence[40][4];
    for (int s = 0; s < 40; s++)
        for (int k = 0; k < 4; k++)
            evidence[s][k] = -100 - s;
    em_selection *got = select_models(evidence[0], 40, 4, NULL);
    for (int k = 0; k < 4; k++) {
        assert_near(got->alpha[k], 11, 1e-9);
        assert_near(got->exceedance[k], 0.25, 1e-9);
        assert_near(got->posterior[4 * 7 + k], 0.25, 1e-12);
    }
    /* everybody's entropy, log 4, and the posterior counts' B over that of the prior ones; digamma terms cancel */
    static const double alpha[] = {11, 11, 11, 11}, prior[] = {1, 1, 1, 1};
    const double gap = 40 * log(4) + log_beta(alpha, 4) - log_beta(prior, 4);
    assert_near(got->free_energy - got->free_energy_null, gap, 1e-8);
    assert_near(got->omnibus_risk, 1 / (1 + exp(gap)), 1e-10);
    assert_true(got->omnibus_risk > 0.9);
    em_selection_free(got);
}

static void one_model_or_one_subject(void **state)
{
    (void)state;
    static const double evidence[] = {-3, -5, -2};
    em_selection *got = select_models(evidence, 3, 1, NULL);
    assert_near(got->alpha[0], 4, 1e-12);
    assert_near(got->expected_frequency[0], 1, 0);
    assert_near(got->exceedance[0], 1, 1e-11);
    assert_near(got->protected_exceedance[0], 1, 1e-11);
    assert_near(got->free_energy, -10, 1e-12);
    assert_near(got->omnibus_risk, 0.5, 1e-12);
    em_selection_free(got);
    /* alpha = 1 + g, and g solves log(g/(1-g)) = difference + psi(1+g) - psi(2-g); at g = 1/2 the difference is 0 */
    got = select_models((const double[]){-7, -7}, 1, 2, NULL);
    assert_near(got->alpha[0], 1.5, 1e-11);
    assert_near(got->free_energy_null, -7, 1e-12);
    em_selection_free(got);
}

/* The exact evidence is a sum over all ways to give subjects to models, B(alpha)/B(prior) each. The free energy is a
 * bound of it, and close; the null's evidence is exact. */
static void free_energy_bounds_the_exact_evidence(void **state)
{
    (void)state;
    enum { S = 12 };
    static const double prior[] = {1.5, 0.8};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (int i = 0; i < 20; i++) {
        double evidence[S][2], exact = 0, null = 0, mean = 0;
        for (int s = 0; s < S; s++) {
            evidence[s][0] = gsl_ran_gaussian(random, 2);
            evidence[s][1] = gsl_ran_gaussian(random, 2) + 0.2 * i;
            null += log((1.5 * exp(evidence[s][0]) + 0.8 * exp(evidence[s][1])) / 2.3);
        }
        for (int ways = 0; ways < 1 << S; ways++) {
            double sum = 0, alpha[2] = {1.5, 0.8};
            for (int s = 0; s < S; s++) {
                sum += evidence[s][ways >> s & 1];
                alpha[ways >> s & 1]++;
            }
            const double part = exp(sum + log_beta(alpha, 2) - log_beta(prior, 2));
            exact += part;
            mean += part * alpha[0] / (S + 2.3);
        }
        em_selection *got = select_models(evidence[0], S, 2, prior);
        assert_true(got->free_energy <= log(exact) + 1e-10);
        assert_near(got->free_energy, log(exact), 0.4);
        assert_near(got->free_energy_null, null, 1e-10);
        assert_near(got->expected_frequency[0], mean / exact, 0.08);
        assert_near(got->omnibus_risk, 1 / (1 + exp(got->free_energy - null)), 1e-12);
        em_selection_free(got);
    }
    gsl_rng_free(random);
}

/* Nearly equal models, and many subjects: plain iteration would need some 10,000 steps. */
static void slow_cases_arrive_at_the_fixed_point(void **state)
{
    (void)state;
    enum { S = 4000, K = 5 };
    static double evidence[S][K];
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    for (int s = 0; s < S; s++)
        for (int k = 0; k < K; k++)
            evidence[s][k] = -200 + gsl_ran_gaussian(random, 0.3);
    em_selection *got = select_models(evidence[0], S, K, NULL);
    assert_true(got->iterations < 100);
    double sum = 0;
    for (int k = 0; k < K; k++) {
        double total = 1;
        for (int s = 0; s < S; s++)
            total += got->posterior[s * K + k];
        assert_near(total, got->alpha[k], 1e-7);
        sum += got->expected_frequency[k];
    }
    assert_near(sum, 1, 1e-12);
    em_selection_free(got);
    gsl_rng_free(random);
}

/* ---- families -------------------------------------------------------------------------------------------------- */

static void families_add_up(void **state)
{
    (void)state;
    enum { S = 9 };
    static const int follows[S] = {0, 1, 2, 2, 2, 1, 0, 2, 2}, family[] = {0, 1, 1}, alone[] = {0, 1, 2};
    double evidence[S][3], p[2];
    em_error error;
    em_selection *got, *models;
    for (int s = 0; s < S; s++)
        for (int k = 0; k < 3; k++)
            evidence[s][k] = k == follows[s] ? 0 : -1e4;
    assert_int_equal(em_select_families(evidence[0], S, 3, family, 2, 1, &got, &error), EM_OK);
    const double alpha[] = {3, 8}, all[] = {3, 2.5, 5.5}, prior[] = {1, 0.5, 0.5};
    exceedance_of(alpha, 2, p);
    for (int f = 0; f < 2; f++) {
        assert_near(got->prior[f], 1, 1e-15);
        assert_near(got->alpha[f], alpha[f], 1e-9);
        assert_near(got->exceedance[f], p[f], 1e-9);
        assert_near(got->posterior[2 * 3 + f], f, 1e-12);
    }
    /* equally frequent families: 1/2, 1/4, 1/4 */
    const double risk = 1 / (1 + exp(log_beta(all, 3) - log_beta(prior, 3) - 2 * log(0.5) - 7 * log(0.25)));
    assert_near(got->omnibus_risk, risk, 1e-10);
    assert_near(got->protected_exceedance[1], (1 - risk) * p[1] + risk / 2, 1e-9);
    em_selection_free(got);
    /* families of one model are models */
    for (int s = 0; s < S; s++)
        for (int k = 0; k < 3; k++)
            evidence[s][k] = k == follows[s] ? 0 : -0.7 - 0.1 * s;
    assert_int_equal(em_select_families(evidence[0], S, 3, alone, 3, 1, &got, &error), EM_OK);
    models = select_models(evidence[0], S, 3, NULL);
    for (int k = 0; k < 3; k++) {
        assert_near(got->alpha[k], models->alpha[k], 1e-12);
        assert_near(got->protected_exceedance[k], models->protected_exceedance[k], 1e-12);
    }
    em_selection_free(got);
    em_selection_free(models);
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

static void groups_are_told_apart(void **state)
{
    (void)state;
    enum { S = 20 };
    double evidence[S][2];
    int group[S];
    const double prior[] = {1, 1}, whole[] = {11, 1}, mixed[] = {11, 11}, all[] = {21, 1};
    em_error error;
    em_group_selection *got;
    for (int same = 0; same < 2; same++) {
        for (int s = 0; s < S; s++) {
            group[s] = s % 2;
            for (int k = 0; k < 2; k++)
                evidence[s][k] = -1e6 - (k == (same ? 0 : s % 2) ? 0 : 1e3);
        }
        assert_int_equal(em_select_groups(evidence[0], S, 2, group, NULL, &got, &error), EM_OK);
        const double together = log_beta(same ? all : mixed, 2) - log_beta(prior, 2);
        const double apart = 2 * (log_beta(whole, 2) - log_beta(prior, 2));
        assert_near(got->probability_different, 1 / (1 + exp(together - apart)), 1e-8);
        assert_near(got->group[0]->alpha[0], 11, 1e-9);
        assert_near(got->group[1]->alpha[0], same ? 11 : 1, 1e-9);
        assert_int_equal(got->group[1]->n_subjects, 10);
        assert_near(got->same->alpha[1], same ? 1 : 11, 1e-9);
        em_group_selection_free(got);
    }
}

/* ---- evidence of fits ------------------------------------------------------------------------------------------ */

static void who_lacks_evidence_is_left_out(void **state)
{
    (void)state;
    double first[] = {-1, NAN, -3, -4}, second[] = {-5, -6, -7, -INFINITY};
    em_fit fits[2] = {{.n_subjects = 4, .subject_log_marginal_likelihood = first},
                      {.n_subjects = 4, .subject_log_marginal_likelihood = second}};
    const em_fit *const both[] = {&fits[0], &fits[1]};
    em_evidence_table *got;
    em_error error;
    assert_int_equal(em_gather_evidence(both, 2, &got, &error), EM_OK);
    static const double want[] = {-1, -5, -3, -7};
    assert_int_equal(got->n_subjects, 2);
    assert_int_equal(got->n_fits, 2);
    assert_memory_equal(got->value, want, sizeof want);
    assert_int_equal(got->subject[1], 2);
    assert_int_equal(got->n_left_out, 2);
    assert_int_equal(got->left_out[0], 1);
    assert_int_equal(got->left_out[1], 3);
    em_evidence_table_free(got);
    fits[1].n_subjects = 3;
    assert_int_equal(em_gather_evidence(both, 2, &got, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, "fits of 4 and of 3 subjects"));
    assert_null(got);
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

static void bad_input_is_refused(void **state)
{
    (void)state;
    double evidence[] = {0, -1, 0, NAN}, p[2];
    static const double zero[] = {1, 0};
    static const int three[] = {0, 2}, empty[] = {0, 0};
    em_selection *got;
    em_group_selection *groups;
    em_error error;
#define REFUSED(call, words)                                                                                           \
    do {                                                                                                               \
        assert_int_equal(call, EM_INPUT_ERROR);                                                                        \
        if (!strstr(error.text, words))                                                                                \
            fail_msg("%s: not in '%s'", words, error.text);                                                            \
    } while (0)
    REFUSED(em_select_models(evidence, 2, 2, NULL, &got, &error), "model 2 for subject 2 is nan");
    assert_null(got);
    evidence[3] = -INFINITY;
    REFUSED(em_select_models(evidence, 2, 2, NULL, &got, &error), "model 2 for subject 2 is -inf");
    evidence[3] = 0;
    REFUSED(em_select_models(evidence, 0, 2, NULL, &got, &error), "0 subjects");
    REFUSED(em_select_models(evidence, 2, 0, NULL, &got, &error), "0 models");
    REFUSED(em_select_models(evidence, 2, 2, zero, &got, &error), "prior count of model 2 of 2 is 0");
    REFUSED(em_select_families(evidence, 2, 2, three, 2, 1, &got, &error), "model 2 of 2 is in family 2");
    REFUSED(em_select_families(evidence, 2, 2, empty, 2, 1, &got, &error), "family 1 has no model");
    REFUSED(em_select_groups(evidence, 2, 2, three, NULL, &groups, &error), "subject 2 of 2 is in group 2");
    REFUSED(em_select_groups(evidence, 2, 2, empty, NULL, &groups, &error), "nobody is in group 1");
    assert_null(groups);
    REFUSED(em_exceedance(zero, 2, p, &error), "model 2 of 2");
    REFUSED(em_exceedance((const double[]){1, NAN}, 2, p, &error), "model 2 of 2");
    REFUSED(em_exceedance(zero, 0, p, &error), "no model");
    em_selection_free(NULL);
    em_group_selection_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_models_are_the_beta_distribution),
        cmocka_unit_test(exponential_rivals_have_a_closed_form),
        cmocka_unit_test(large_counts_are_a_sum_of_binomial_terms),
        cmocka_unit_test(exceedances_sum_to_one),
        cmocka_unit_test(equal_counts_have_equal_chances),
        cmocka_unit_test(exceedance_is_what_sampling_finds),
        cmocka_unit_test(certain_subjects_are_counted),
        cmocka_unit_test(identical_models_share),
        cmocka_unit_test(one_model_or_one_subject),
        cmocka_unit_test(free_energy_bounds_the_exact_evidence),
        cmocka_unit_test(slow_cases_arrive_at_the_fixed_point),
        cmocka_unit_test(families_add_up),
        cmocka_unit_test(groups_are_told_apart),
        cmocka_unit_test(who_lacks_evidence_is_left_out),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests_name("model_selection", tests, NULL, NULL);
}
