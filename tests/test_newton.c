/* The search for a maximum on functions whose maxima are known: bowls, curved valleys, saddles, two peaks, kinks, plateaus,
 * holes where nothing is finite. The "models" are plain functions here; no trials are needed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "newton.h"

enum { P = 2, H = 3, L = 2 };

/* value, gradient and Hessian of a log-likelihood at (a, b) */
typedef void function(double a, double b, double *v, double *g, double *h);

static function *now;
static int evaluated;

static void kernel(const em_batch *batch, const em_point *point, double *value, double *gradient, double *hessian)
{
    (void)batch;
    evaluated++;
    for (int l = 0; l < L; l++) {
        double g[P], h[H];
        now(point->x[l], point->x[L + l], &value[l], g, h);
        for (int j = 0; j < P; j++)
            gradient[j * L + l] = g[j];
        for (int k = 0; k < H; k++)
            hessian[k * L + l] = h[k];
    }
}

static void bowl(double a, double b, double *v, double *g, double *h)
{
    *v = -2 * (a - 1) * (a - 1) - (b + 2) * (b + 2) - (a - 1) * (b + 2);
    g[0] = -4 * (a - 1) - (b + 2), g[1] = -2 * (b + 2) - (a - 1);
    h[0] = -4, h[1] = -1, h[2] = -2;
}
static void rosenbrock(double a, double b, double *v, double *g, double *h)
{
    const double c = b - a * a;
    *v = -100 * c * c - (1 - a) * (1 - a);
    g[0] = 400 * a * c + 2 * (1 - a), g[1] = -200 * c;
    h[0] = 400 * c - 800 * a * a - 2, h[1] = 400 * a, h[2] = -200;
}
/* two peaks at a = +-1, a saddle at (0,0), where the gradient vanishes */
static void two_peaks(double a, double b, double *v, double *g, double *h)
{
    *v = -(a * a - 1) * (a * a - 1) - b * b;
    g[0] = -4 * a * (a * a - 1), g[1] = -2 * b;
    h[0] = -12 * a * a + 4, h[1] = 0, h[2] = -2;
}
static void kink(double a, double b, double *v, double *g, double *h)
{
    *v = -3 * fabs(a - 0.5) - b * b;
    g[0] = a > 0.5 ? -3 : 3, g[1] = -2 * b;
    h[0] = h[1] = 0, h[2] = -2;
}
/* the kink is a circle of radius 1, the maximum on it where b = -a: (0.5 sqrt 2, -0.5 sqrt 2) */
static void curved_kink(double a, double b, double *v, double *g, double *h)
{
    const double r = a * a + b * b - 1, side = r > 0 ? -2 : 2;
    *v = -2 * fabs(r) + a - b - 0.1 * exp(a);
    g[0] = 2 * side * a + 1 - 0.1 * exp(a), g[1] = 2 * side * b - 1;
    h[0] = 2 * side - 0.1 * exp(a), h[1] = 0, h[2] = 2 * side;
}
static void plateau(double a, double b, double *v, double *g, double *h)
{
    (void)a;
    *v = -b * b;
    g[0] = 0, g[1] = -2 * b;
    h[0] = h[1] = 0, h[2] = -2;
}
/* goes up for ever: log of a logistic */
static void runaway(double a, double b, double *v, double *g, double *h)
{
    const double s = 1 / (1 + exp(-a));
    *v = -log1p(exp(-a)) - b * b;
    g[0] = 1 - s, g[1] = -2 * b;
    h[0] = -s * (1 - s), h[1] = 0, h[2] = -2;
}
/* finite for a > 0 only; the first step from 0.1 leads outside */
static void edge(double a, double b, double *v, double *g, double *h)
{
    *v = 2 * log(a) - a - b * b; /* maximum at a = 2 */
    g[0] = 2 / a - 1, g[1] = -2 * b;
    h[0] = -2 / (a * a), h[1] = 0, h[2] = -2;
}
static void nowhere(double a, double b, double *v, double *g, double *h)
{
    (void)a, (void)b;
    *v = g[0] = g[1] = h[0] = h[1] = h[2] = NAN;
}

static const double flat[H] = {0, 0, 0}, unit[P] = {1, 1}, zero[P * L] = {0};

/* Searches from (a, b) in lane 0 and returns the mode; lane 1 is idle. */
static em_mode search(function *f, const em_prior *prior, double a, double b, double *store)
{
    em_search *s;
    em_error error;
    assert_int_equal(em_search_new(P, L, &s, &error), EM_OK);
    em_mode mode = em_mode_in(store, P, L);
    mode.x[0] = a, mode.x[L] = b;
    mode.x[1] = mode.x[L + 1] = 0;
    now = f;
    evaluated = 0;
    em_search_maximum(s, &(em_target){.score = kernel, .lanes = L}, prior, 1e-8, 1, false, NULL, &mode);
    em_search_free(s);
    return mode;
}

static const em_prior no_prior = {.n = P, .lanes = L, .mean = zero, .precision = flat, .spread = unit};

static void at(const em_mode *mode, double a, double b, int status)
{
    if (!(fabs(mode->x[0] - a) < 1e-7 && fabs(mode->x[L] - b) < 1e-7) || mode->status[0] != status)
        fail_msg("ended at (%.12g, %.12g) with status %d, expected (%g, %g) and %d", mode->x[0], mode->x[L], mode->status[0], a, b, status);
}

static void test_known_maxima(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    em_mode m = search(bowl, &no_prior, 5, 5, store);
    at(&m, 1, -2, EM_SUBJECT_GOOD);
    assert_true(evaluated <= 5);
    m = search(rosenbrock, &no_prior, -1.2, 1, store);
    at(&m, 1, 1, EM_SUBJECT_GOOD);
    m = search(edge, &no_prior, 0.1, 1, store);
    at(&m, 2, 0, EM_SUBJECT_GOOD);
    assert_true(isfinite(m.value[0]) && isfinite(m.hessian[0]));
}

static void test_prior_enters(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    const double mean[P * L] = {3, 3, 0, 0}, precision[H] = {2, 0, 1}, spread[P] = {0.7, 1};
    const em_prior prior = {.n = P, .lanes = L, .mean = mean, .precision = precision, .spread = spread};
    /* plateau in a: the prior alone decides; -b^2 - b^2/2 */
    em_mode m = search(plateau, &prior, 0, 4, store);
    at(&m, 3, 0, EM_SUBJECT_GOOD);
    /* 2 log a - a - (a - 3)^2: stationary at 2/a - 1 - 2(a - 3) = 0 */
    m = search(edge, &prior, 0.5, 1, store);
    at(&m, (5 + sqrt(41)) / 4, 0, EM_SUBJECT_GOOD);
}

static void test_saddle_is_left(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    em_mode m = search(two_peaks, &no_prior, 0, 0, store);
    assert_true(fabs(fabs(m.x[0]) - 1) < 1e-7 && m.status[0] == EM_SUBJECT_GOOD);
}

static void test_kink_is_told(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    const double mean[P * L] = {0}, precision[H] = {0.16, 0, 0.16}, spread[P] = {2.5, 2.5};
    const em_prior prior = {.n = P, .lanes = L, .mean = mean, .precision = precision, .spread = spread};
    em_mode m = search(kink, &prior, -0.3, 0.7, store);
    at(&m, 0.5, 0, EM_SUBJECT_KINK);
    assert_true(evaluated < 40);
    m = search(curved_kink, &prior, 0.1, 0.2, store);
    assert_int_equal(m.status[0], EM_SUBJECT_KINK);
    /* on the circle the prior is constant: a = cos t, b = sin t, where -sin t (1 - 0.1 e^a) = cos t */
    const double a = m.x[0], b = m.x[L];
    assert_true(fabs(a * a + b * b - 1) < 1e-9);
    assert_true(fabs(-b * (1 - 0.1 * exp(a)) - a) < 1e-6);
    assert_true(evaluated < 60);
}

static void test_no_maximum(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    const em_prior none = {.n = P, .lanes = L, .mean = zero, .precision = flat, .spread = unit, .none = true};
    em_mode m = search(runaway, &none, 0, 1, store);
    assert_int_equal(m.status[0], EM_SUBJECT_RUNAWAY);
    m = search(nowhere, &none, 0, 1, store);
    assert_int_equal(m.status[0], EM_SUBJECT_NO_VALUE);
}

/* From where the derivatives are known already, the first step costs nothing. */
static void test_known_start(void **state)
{
    (void)state;
    _Alignas(64) double store[64] = {0};
    em_search *s;
    em_error error;
    assert_int_equal(em_search_new(P, L, &s, &error), EM_OK);
    em_mode mode = em_mode_in(store, P, L);
    for (int l = 0; l < L; l++) {
        double g[P], h[H];
        mode.x[l] = 2, mode.x[L + l] = 3;
        bowl(2, 3, &mode.value[l], g, h);
        for (int j = 0; j < P; j++)
            mode.gradient[j * L + l] = g[j];
        for (int k = 0; k < H; k++)
            mode.hessian[k * L + l] = h[k];
    }
    now = bowl;
    const em_prior wide = {.n = P, .lanes = L, .mean = zero, .precision = flat, .spread = (const double[]){50, 50}};
    const int n = em_search_maximum(s, &(em_target){.score = kernel, .lanes = L}, &wide, 1e-8, 3, true, NULL, &mode);
    em_search_free(s);
    at(&mode, 1, -2, EM_SUBJECT_GOOD);
    assert_true(n <= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_maxima), cmocka_unit_test(test_prior_enters),
                                       cmocka_unit_test(test_saddle_is_left), cmocka_unit_test(test_kink_is_told),
                                       cmocka_unit_test(test_no_maximum), cmocka_unit_test(test_known_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
