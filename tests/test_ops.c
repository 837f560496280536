/* Every operation of emlib/model.h, its value and its first and second derivatives, against an exact reference, at
 * ordinary and extreme arguments, in every lane of every width this processor has. What is tested and how exactly is
 * said in ops_list.h.
 *
 * test_ops --errors also prints the largest error of each operation in each kernel. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ops.h"

/* ---- arguments ------------------------------------------------------------------------------------------------- */
typedef struct arguments {
    const double *x;
    int n;
} arguments;
#define ARGUMENTS(...) {(const double[]){__VA_ARGS__}, (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double))}

static const arguments LINE =
    ARGUMENTS(0, 1e-100, 1e-20, 1e-8, -1e-8, 1e-3, -1e-3, 0.11, -0.11, 0.5, -0.5, 0.9, 1, -1, 1.7, -1.7, 2.5, -2.5, 4,
              -4.2, 5.3, -5.3, 5.99, -5.99, 6.01, -6.01, 7.7, -8.3, 9, -10, 14, -15, 18.1, -19, 25, -26.5, 33, -36,
              37.4, -37.6, 38.6, -40, 57, -88, 120, -150, 333, -350, 699, 700, -700);
static const arguments NOT_ZERO =
    ARGUMENTS(1e-300, -1e-160, 1e-20, -1e-8, 1e-3, -0.11, 0.5, 1, -1.7, 3, -26, 333, 700, -700, 1e120);
static const arguments POSITIVE = ARGUMENTS(
    1e-300, 1e-160, 1e-20, 1e-8, 1e-3, 0.11, 0.5, 0.999999, 1, 1.000001, 1.7, 3, 26, 333, 700, 1e20, 1e120);
static const arguments ABOVE_MINUS_ONE = ARGUMENTS(
    -0.999999999999, -0.9999, -0.9, -0.5, -0.11, -1e-3, -1e-8, 0, 1e-100, 1e-20, 1e-8, 1e-3, 0.11, 0.5, 1, 1.7, 26, 700,
    1e20, 1e120);
/* around 1 and 2, where log gamma is 0, and 1.4616, where its slope is */
static const arguments GAMMA =
    ARGUMENTS(1e-300, 1e-20, 1e-8, 1e-3, 0.11, 0.5, 0.999, 1, 1.001, 1.46, 1.4616321449683622, 1.47, 1.9999, 2, 2.0001,
              2.3, 2.5, 3, 5.5, 9.9, 10, 26, 170, 333, 700);
static const arguments BASE = ARGUMENTS(1e-100, 1e-8, 0.03, 0.5, 1, 1.3, 20, 700);
/* not 1: the curvature of a^1 in a is 0, and rounding leaves of it what 1/a^2 makes large */
static const arguments EXPONENT = ARGUMENTS(-3, -0.4, 0, 1e-8, 0.3, 0.88, 2, 7.5, 100);
static const arguments SOME = ARGUMENTS(-650, -12.5, -1.1, -2e-3, 3e-20, 0.2, 0.7, 3.3, 41, 650);
static const arguments FACTOR = ARGUMENTS(-0.8, 3);
static const arguments MODERATE = ARGUMENTS(-21, -8.1, -3.3, -1.2, -0.4, 0.05, 0.6, 1.5, 2.9, 7.2, 19);
static const arguments UNIT = ARGUMENTS(-2.2, -1.3, -0.6, -0.07, 0.2, 0.51, 0.95, 1.4, 2.1);
static const arguments ABOVE_ONE = ARGUMENTS(1.1, 2, 7, 30, 365);
/* of the Wiener process: boundary^2/time, with the change of method at 2, and relative starting point */
static const arguments PACE = ARGUMENTS(1e-8, 1e-4, 0.03, 0.3, 1, 1.7, 1.999999, 2, 2.000001, 2.3, 3.1, 6, 25, 150, 1e4, 1e9);
static const arguments START = ARGUMENTS(1e-6, 1e-3, 0.11, 0.3, 0.49, 0.5, 0.51, 0.7, 0.9, 0.95, 0.999, 0.999999);
static const arguments CODE = ARGUMENTS(-1, 0, 1, 2, 3, 16);
static const arguments ONE = ARGUMENTS(0.5);

/* ---- exactness ------------------------------------------------------------------------------------------------- */
typedef enum measure { RELATIVE, SLOPE, ABSOLUTE, LARGEST } measure;

typedef struct operation {
    const char *name;
    const arguments *a, *b;
    measure measure;
    double (*tolerance)(double a, double b, int order);
} operation;

#define TOLERANCE(name, expression, A, B, x_, tolerance, ...) \
    static double tolerance_##name(double a, double b, int order) \
    {                                                         \
        const double x = x_;                                  \
        (void)a, (void)b, (void)x, (void)order;                       \
        return tolerance;                                     \
    }
OPERATIONS(TOLERANCE)
#define OPERATION_ROW(name, expression, A, B, x, tolerance, measure) {#name, &A, &B, measure, tolerance_##name},
static const operation operations[OPS_N] = {OPERATIONS(OPERATION_ROW)};
static const char *const part_name[OPS_MOST_PARTS] = {"value", "d/da", "d/db", "d2/da2", "d2/dadb", "d2/db2"};

/* Below this an exact number counts as 0: intermediate results may underflow. */
static const double nothing = 1e-303;

/* What the error of a part is relative to, besides the part itself */
static double floor_of(measure relative_to, int part, const ops_exact *exact)
{
    const int slope[OPS_MOST_PARTS] = {0, 1, 2, 1, 4, 2}, first[] = {0, 1, 1, 3, 3, 3}, last[] = {0, 2, 2, 5, 5, 5};
    double largest = 0;
    switch (relative_to) {
    case SLOPE: return fabs(exact[slope[part]].hi);
    case ABSOLUTE: return 1;
    case LARGEST:
        for (int i = first[part]; i <= last[part]; i++)
            largest = fmax(largest, fabs(exact[i].hi));
        return largest;
    default: return 0;
    }
}
/* The error of one number: 0 for a right one, infinite for a wrong one at the ends of the range. `lost`: a part of the
 * same result is beyond the range of a double, and what overflow leaves of the others is not specified. */
static double error_of(const operation *of, int part, double got, const ops_exact *exact, bool lost)
{
    const double want = exact[part].hi;
    if (isinf(want))
        return part > 0 || got == want || fabs(got) > 1e300 ? 0 : INFINITY;
    if (lost)
        return 0;
    const double off = fabs((got - want) - exact[part].lo);
    if (off <= nothing)
        return 0;
    const double error = off / fmax(fabs(want), floor_of(of->measure, part, exact));
    return isnan(error) ? INFINITY : error;
}

/* ---- the reference, computed once ------------------------------------------------------------------------------ */
typedef struct point {
    double a, b;
    ops_exact exact[OPS_MOST_PARTS];
} point;
static point *points[OPS_N]; /* [n_points(operation)] */

static int n_points(int op) { return operations[op].a->n * operations[op].b->n; }
static int make_reference(void **state)
{
    (void)state;
    for (int op = 0; op < OPS_N; op++) {
        const arguments *a = operations[op].a, *b = operations[op].b;
        points[op] = calloc((size_t)n_points(op), sizeof(point));
        if (!points[op])
            return -1;
        for (int i = 0; i < n_points(op); i++) {
            point *p = &points[op][i];
            p->a = a->x[i / b->n];
            p->b = b->x[i % b->n];
            ops_reference(op, p->a, p->b, p->exact);
        }
    }
    ops_reference_free();
    return 0;
}
static int free_reference(void **state)
{
    (void)state;
    for (int op = 0; op < OPS_N; op++)
        free(points[op]);
    return 0;
}

/* ---- kernels --------------------------------------------------------------------------------------------------- */
typedef struct kernel {
    const char *isa;
    const ops_kernel *kernel;
    double largest[OPS_N][OPS_MOST_PARTS]; /* error met */
} kernel;
#define KERNELS(isa) {#isa, &ops_##isa##_0, {{0}}}, {#isa, &ops_##isa##_1, {{0}}}
static kernel kernels[] = {
    KERNELS(BASELINE),
#if defined(__x86_64__)
    KERNELS(AVX2),
    KERNELS(AVX512),
#endif
};
enum { N_KERNELS = sizeof(kernels) / sizeof *kernels };

static bool can_run(const char *isa)
{
#if defined(__x86_64__)
    if (strcmp(isa, "AVX2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(isa, "AVX512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
    return strcmp(isa, "BASELINE") == 0;
}
static void skip_unless_can_run(const kernel *k)
{
    if (!can_run(k->isa)) {
        print_message("this processor has no %s\n", k->isa);
        skip();
    }
}

typedef struct lanes {
    _Alignas(64) double a[OPS_MOST_LANES];
    _Alignas(64) double b[OPS_MOST_LANES];
    _Alignas(64) double out[OPS_MOST_PARTS * OPS_MOST_LANES];
} lanes;

/* Compares one lane with its point; returns the number of parts that are off. */
static int compare(kernel *k, int op, const lanes *at, int lane, const point *p)
{
    const operation *of = &operations[op];
    bool lost = false;
    for (int part = 0; part < OPS_MOST_PARTS; part++)
        lost |= isinf(p->exact[part].hi);
    int wrong = 0;
    for (int part = 0; part < OPS_PARTS(k->kernel->order); part++) {
        const double got = at->out[part * k->kernel->lanes + lane];
        const double error = error_of(of, part, got, p->exact, lost && part > 0);
        const double tolerance = of->tolerance(p->a, p->b, part == 0 ? 0 : part < 3 ? 1 : 2);
        k->largest[op][part] = fmax(k->largest[op][part], error);
        if (error <= tolerance)
            continue;
        wrong++;
        print_error("%s, order %d, lane %d: %s(%.17g, %.17g), %s: %.17g, exactly %.17g, error %.2g, allowed %.2g\n",
                    k->isa, k->kernel->order, lane, of->name, p->a, p->b, part_name[part], got, p->exact[part].hi,
                    error, tolerance);
    }
    return wrong;
}

/* Every point in every lane: neighbours in the list of points stand side by side, ordinary ones next to extreme ones.
 */
static void test_against_reference(void **state)
{
    kernel *k = *state;
    skip_unless_can_run(k);
    int wrong = 0;
    for (int op = 0; op < OPS_N; op++) {
        const int n = n_points(op);
        for (int first = 0; first < n; first++) {
            lanes at;
            for (int l = 0; l < k->kernel->lanes; l++) {
                at.a[l] = points[op][(first + l) % n].a;
                at.b[l] = points[op][(first + l) % n].b;
            }
            k->kernel->apply[op](at.a, at.b, at.out);
            for (int l = 0; l < k->kernel->lanes; l++)
                wrong += compare(k, op, &at, l, &points[op][(first + l) % n]);
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- where there is no derivative, or the value is a matter of definition --------------------------------------- */
typedef struct special {
    const char *about;
    int op;
    double a, b, want[OPS_MOST_PARTS];
} special;
static const special specials[] = {
    {"the kink of |a| has slope 1", OPS_absolute, 0, 0.5, {0, 1, 0, 0, 0, 0}},
    {"max of equals is the second", OPS_max_rr, 1.5, 1.5, {1.5, 0, 1, 0, 0, 0}},
    {"max of equals is the second", OPS_max_rd, 1.5, 1.5, {1.5, 0, 0, 0, 0, 0}},
    {"max of equals is the second", OPS_max_dr, 1.5, 1.5, {1.5, 0, 1, 0, 0, 0}},
    {"min of equals is the second", OPS_min_rr, 1.5, 1.5, {1.5, 0, 1, 0, 0, 0}},
    {"nothing above its equal", OPS_select_rr, 3, 3, {9, 3, 3, 0, 1, 0}},
    {"0^b = 0", OPS_power_rr, 0, 0.8, {0, 0, 0, 0, 0, 0}},
    {"0^b = 0", OPS_power_rd, 0, 0.8, {0, 0, 0, 0, 0, 0}},
    {"0^b = 0", OPS_power_dr, 0, 0.8, {0, 0, 0, 0, 0, 0}},
    {"0^b = 0", OPS_power_dd, 0, 0.8, {0, 0, 0, 0, 0, 0}},
    {"0^b = 0", OPS_power_rn, 0, 0.5, {0, 0, 0, 0, 0, 0}},
    {"0^0 = 0", OPS_power_dr, 0, 0, {0, 0, 0, 0, 0, 0}},
    {"-0 is 0", OPS_power_dr, -0.0, 2, {0, 0, 0, 0, 0, 0}},
    {"all options equal", OPS_log_sum_exp_2, 0, 0, {0.69314718055994531, 0.5, 0.5, 0.25, -0.25, 0.25}},
};
static void test_specials(void **state)
{
    kernel *k = *state;
    skip_unless_can_run(k);
    int wrong = 0;
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        const special *s = &specials[i];
        /* in one lane after the other, ordinary arguments in the others */
        for (int lane = 0; lane < k->kernel->lanes; lane++) {
            lanes at;
            for (int l = 0; l < k->kernel->lanes; l++) {
                at.a[l] = l == lane ? s->a : 0.7;
                at.b[l] = l == lane ? s->b : 1.3;
            }
            k->kernel->apply[s->op](at.a, at.b, at.out);
            for (int part = 0; part < OPS_PARTS(k->kernel->order); part++) {
                const double got = at.out[part * k->kernel->lanes + lane];
                if (fabs(got - s->want[part]) <= 4e-16)
                    continue;
                wrong++;
                print_error("%s, order %d, lane %d: %s: %s(%g, %g), %s: %.17g instead of %.17g\n", k->isa,
                            k->kernel->order, lane, s->about, operations[s->op].name, s->a, s->b, part_name[part], got,
                            s->want[part]);
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* Beyond the range: infinite, or where a bound says so 0 or the bound, never an ordinary number that is wrong. */
typedef struct beyond {
    int op;
    double a, want;
} beyond;
static const beyond beyonds[] = {
    {OPS_exp, 710, INFINITY},
    {OPS_exp, 1e4, INFINITY},
    {OPS_exp, 1e300, INFINITY},
    {OPS_exp, -746, 0},
    {OPS_exp, -1e300, 0},
    {OPS_expm1, 710, INFINITY},
    {OPS_expm1, -1e300, -1},
    {OPS_square, 1e200, INFINITY},
    {OPS_square, 1e-200, 0},
    {OPS_inverse, 1e300, 1e-300},
    {OPS_log, 0, -INFINITY},
    {OPS_sqrt, 0, 0},
    {OPS_tanh, 1e300, 1},
    {OPS_tanh, -1e300, -1},
    {OPS_logistic, 1e300, 1},
    {OPS_logistic, -1e300, 0},
    {OPS_log_sigmoid, 1e300, 0},
    {OPS_log_sigmoid, -1e300, -1e300},
    {OPS_softplus, 1e300, 1e300},
    {OPS_softplus, -1e300, 0},
    {OPS_erf, 1e300, 1},
    {OPS_erf, -1e300, -1},
    {OPS_normal_cdf, 1e300, 1},
    {OPS_normal_cdf, -1e300, 0},
    {OPS_log_normal_cdf, 1e300, 0},
    {OPS_log_normal_cdf, -1e8, -5e15},
    {OPS_log_normal_cdf, -1e200, -INFINITY},
    {OPS_lgamma, 1e306, INFINITY},
};
static void test_beyond(void **state)
{
    kernel *k = *state;
    skip_unless_can_run(k);
    int wrong = 0;
    for (size_t i = 0; i < sizeof beyonds / sizeof *beyonds; i++) {
        const beyond *s = &beyonds[i];
        for (int lane = 0; lane < k->kernel->lanes; lane++) {
            lanes at;
            for (int l = 0; l < k->kernel->lanes; l++) {
                at.a[l] = l == lane ? s->a : 0.7;
                at.b[l] = 0.5;
            }
            k->kernel->apply[s->op](at.a, at.b, at.out);
            const double got = at.out[lane], neighbour = at.out[(lane + 1) % k->kernel->lanes];
            const bool right = isinf(s->want)
                                   ? got == s->want || (fabs(got) > 1e300 && signbit(got) == signbit(s->want))
                                   : fabs(got - s->want) <= 4e-15 * fabs(s->want);
            if (right && isfinite(neighbour))
                continue;
            wrong++;
            print_error("%s, order %d, lane %d: %s(%g): %.17g instead of %g (next lane: %g)\n", k->isa,
                        k->kernel->order, lane, operations[s->op].name, s->a, got, s->want, neighbour);
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- all of it ------------------------------------------------------------------------------------------------- */
static void print_errors(void)
{
    printf("\nLargest errors of value, first and second derivatives, in units of 1e-16\n%-22s", "");
    for (int i = 0; i < N_KERNELS; i++)
        if (kernels[i].kernel->order == 2)
            printf(" %24s", kernels[i].isa);
    for (int op = 0; op < OPS_N; op++) {
        printf("\n%-22s", operations[op].name);
        for (int i = 0; i < N_KERNELS; i++) {
            const double *e = kernels[i].largest[op];
            if (kernels[i].kernel->order == 2)
                printf("  %7.3g %7.3g %7.3g", e[0] / 1e-16, fmax(e[1], e[2]) / 1e-16,
                       fmax(fmax(e[3], e[4]), e[5]) / 1e-16);
        }
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    static char names[3 * N_KERNELS][80];
    struct CMUnitTest tests[3 * N_KERNELS];
    const struct {
        const char *name;
        CMUnitTestFunction run;
    } kinds[] = {
        {"exact", test_against_reference}, {"special cases", test_specials}, {"beyond the range", test_beyond}};
    for (int i = 0; i < 3 * N_KERNELS; i++) {
        kernel *k = &kernels[i / 3];
        snprintf(names[i], sizeof names[i], "%s, %d lanes, order %d: %s", k->isa, k->kernel->lanes, k->kernel->order,
                 kinds[i % 3].name);
        tests[i] = (struct CMUnitTest){.name = names[i], .test_func = kinds[i % 3].run, .initial_state = k};
    }
    const int failed = cmocka_run_group_tests_name("operations", tests, make_reference, free_reference);
    if (argc > 1 && strcmp(argv[1], "--errors") == 0)
        print_errors();
    return failed;
}
