/* The operations of ops_list.h as MPFR functions, values only: derivatives are central differences of these with a step
 * of 1e-25, or 1e-25 of a small argument, so that no formula for a derivative stands here. Of the 391 digits a second
 * difference costs 50, and a function that has come within 1e-300 of its limit still has 40 left for its curvature. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include <mpfr.h>

#include "ops.h"

enum { BITS = 1300, ROOM = 1024, REMEMBERED = 1000 };

/* Every result is a new number; all are given back at the end of an evaluation. */
typedef mpfr_ptr number;
static mpfr_t pool[ROOM];
static int pool_made, pool_used;

static number new_number(void)
{
    if (pool_used == ROOM)
        abort();
    if (pool_used == pool_made)
        mpfr_init2(pool[pool_made++], BITS);
    return pool[pool_used++];
}
static number of_double(double x)
{
    number r = new_number();
    mpfr_set_d(r, x, MPFR_RNDN);
    return r;
}

/* The slow functions remember: most of their arguments come again in the next point or the next operation. */
typedef struct memory {
    int (*of)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
    int n, made;
    mpfr_t x[REMEMBERED], y[REMEMBERED];
} memory;
static int log_gamma(mpfr_ptr y, mpfr_srcptr x, mpfr_rnd_t round)
{
    int sign;
    return mpfr_lgamma(y, &sign, x, round);
}
static memory memories[] = {{.of = mpfr_erf}, {.of = mpfr_erfc}, {.of = log_gamma}};
enum { ERF, ERFC, LGAMMA, N_MEMORIES };

static number remember(memory *m, number x)
{
    for (int i = 0; i < m->made; i++)
        if (mpfr_equal_p(m->x[i], x))
            return m->y[i];
    const int i = m->n++ % REMEMBERED;
    if (i == m->made) {
        mpfr_inits2(BITS, m->x[i], m->y[i], (mpfr_ptr)0);
        m->made++;
    }
    mpfr_set(m->x[i], x, MPFR_RNDN);
    m->of(m->y[i], x, MPFR_RNDN);
    return m->y[i];
}
static number r_erf(number x) { return remember(&memories[ERF], x); }
static number r_erfc(number x) { return remember(&memories[ERFC], x); }
static number r_lgamma(number x) { return remember(&memories[LGAMMA], x); }

void ops_reference_free(void)
{
    while (pool_made > 0)
        mpfr_clear(pool[--pool_made]);
    for (int i = 0; i < N_MEMORIES; i++)
        for (memory *m = &memories[i]; m->made > 0; m->made--)
            mpfr_clears(m->x[m->made - 1], m->y[m->made - 1], (mpfr_ptr)0);
    mpfr_free_cache();
}

#define BY_MPFR_1(f, mpfr_f)                \
    static number f(number x)               \
    {                                       \
        number r = new_number();            \
        mpfr_f(r, x, MPFR_RNDN);            \
        return r;                           \
    }
#define BY_MPFR_2(f, mpfr_f)                \
    static number f(number x, number y)     \
    {                                       \
        number r = new_number();            \
        mpfr_f(r, x, y, MPFR_RNDN);         \
        return r;                           \
    }
BY_MPFR_1(r_neg, mpfr_neg)
BY_MPFR_1(r_square, mpfr_sqr)
BY_MPFR_1(r_absolute, mpfr_abs)
BY_MPFR_1(r_exp, mpfr_exp)
BY_MPFR_1(r_expm1, mpfr_expm1)
BY_MPFR_1(r_log, mpfr_log)
BY_MPFR_1(r_log1p, mpfr_log1p)
BY_MPFR_1(r_sqrt, mpfr_sqrt)
BY_MPFR_1(r_tanh, mpfr_tanh)
BY_MPFR_2(r_add, mpfr_add)
BY_MPFR_2(r_sub, mpfr_sub)
BY_MPFR_2(r_mul, mpfr_mul)
BY_MPFR_2(r_div, mpfr_div)
BY_MPFR_2(r_max, mpfr_max)
BY_MPFR_2(r_min, mpfr_min)

static number r_inverse(number x) { return r_div(of_double(1), x); }
static number r_power(number x, number y)
{
    number r = of_double(0);
    if (mpfr_sgn(x) > 0)
        mpfr_pow(r, x, y, MPFR_RNDN);
    return r;
}
static number r_softplus(number x) { return r_log1p(r_exp(x)); }
static number r_log_sigmoid(number x) { return r_neg(r_softplus(r_neg(x))); }
static number r_logistic(number x) { return r_inverse(r_add(of_double(1), r_exp(r_neg(x)))); }
/* P(X > x) of a standard normal X */
static number above_normal(number x) { return r_div(r_erfc(r_div(x, r_sqrt(of_double(2)))), of_double(2)); }
static number r_normal_cdf(number x) { return above_normal(r_neg(x)); }
static number r_log_normal_cdf(number x)
{
    return mpfr_sgn(x) > 0 ? r_log1p(r_neg(above_normal(x))) : r_log(above_normal(r_neg(x)));
}
static number r_select(int which, number x, number y) { return which ? x : y; }

static number log_sum_exp_of(int n, const number *x)
{
    number sum = of_double(0);
    for (int k = 0; k < n; k++)
        sum = r_add(sum, r_exp(x[k]));
    return r_log(sum);
}
static number log_softmax_of(int n, const number *x, int k) { return r_sub(x[k], log_sum_exp_of(n, x)); }
/* x[code], x[0] for a code outside */
static number pick_of(int n, const number *x, number code)
{
    const long k = mpfr_get_si(code, MPFR_RNDN);
    return x[k >= 0 && k < n ? k : 0];
}
static number put_of(number code, number to, number x, number y, number z)
{
    number all[] = {x, y, z}, sum = of_double(0);
    for (int k = 0; k < 3; k++)
        sum = r_add(sum, r_mul(of_double(k + 1), mpfr_cmp_si(code, k) == 0 ? to : all[k]));
    return sum;
}

static number r_pi(void)
{
    number pi = new_number();
    mpfr_const_pi(pi, MPFR_RNDN);
    return pi;
}
/* log g of emlib/wiener.h, with as many terms as it takes and by the series that the kernels do not use there, but for
 * times so extreme that it would cancel completely. The numbers that a term needs are given back after it. */
static number log_images(number r, number w)
{
    number sum = of_double(0);
    mpfr_exp_t last = 0;
    for (int k = 0; k == 0 || last > mpfr_get_exp(sum) - BITS; k = k < 0 ? -k : -1 - k) {
        const int used = pool_used;
        number m = r_add(w, of_double(2 * k)), e = r_exp(r_mul(r_mul(of_double(-0.5), r), r_square(m)));
        mpfr_fma(sum, m, e, sum, MPFR_RNDN);
        last = mpfr_get_exp(e);
        pool_used = used;
    }
    return r_add(r_log(sum), r_mul(of_double(0.5), r_log(r_div(r_mul(r, r_square(r)), r_mul(of_double(2), r_pi())))));
}
static number log_waves(number r, number w)
{
    number sum = of_double(0), q = r_exp(r_div(r_square(r_pi()), r_mul(of_double(-2), r))), even = r_square(q);
    number wave = of_double(0), next = new_number(), factor = new_number(), power = q, pace = r_mul(q, even);
    mpfr_sin_cos(next, factor, r_mul(r_pi(), w), MPFR_RNDN);
    for (int k = 1; k < 200; k++) { /* power = q^(k^2), pace = q^(2k + 1), next = sin(k pi w) */
        const int used = pool_used;
        mpfr_fma(sum, r_mul(of_double(k), next), power, sum, MPFR_RNDN);
        number later = r_sub(r_mul(r_mul(of_double(2), factor), next), wave), faster = r_mul(power, pace);
        mpfr_set(wave, next, MPFR_RNDN);
        mpfr_set(next, later, MPFR_RNDN);
        mpfr_set(power, faster, MPFR_RNDN);
        mpfr_mul(pace, pace, even, MPFR_RNDN);
        pool_used = used;
    }
    return r_log(r_mul(r_pi(), sum));
}
static number log_g(number r, number w)
{
    const double at = mpfr_get_d(r, MPFR_RNDN);
    return (at > 2 && at < 500) || at < 0.02 ? log_waves(r, w) : log_images(r, w);
}

#define COUNT(...) ((int)(sizeof((number[]){__VA_ARGS__}) / sizeof(number)))
#define D(x) x##_given
#define N(c) of_double(c)
#define R(c) of_double(c)
#define LOG_SUM_EXP(...) log_sum_exp_of(COUNT(__VA_ARGS__), (number[]){__VA_ARGS__})
#define LOG_SUM_EXP_IN_USE LOG_SUM_EXP
#define LOG_SOFTMAX(k, ...) log_softmax_of(COUNT(__VA_ARGS__), (number[]){__VA_ARGS__}, k)
#define PICK(code, ...) pick_of(COUNT(__VA_ARGS__), (number[]){__VA_ARGS__}, code)
#define PICK_IN_USE PICK
#define PICK_DATA(code, x, y, z) PICK(code, of_double(x), of_double(y), of_double(z))
#define NUMBER(x) _Generic((x), number: (x), default: of_double(_Generic((x), number: 0, default: (x))))
#define PUT(code, to, x, y, z) put_of(code, NUMBER(to), x, y, z)
#define PUT_DATA(code, to, x, y, z) put_of(code, to, of_double(x), of_double(y), of_double(z))
#define LOG_G(r, w) log_g(r, w)
#define FILL(to) r_mul(of_double(6), to)
#define FILL_DATA FILL
#define FILL_IN_USE(to) r_mul(of_double(3), to)
#define equals(x, y) (mpfr_cmp(x, y) == 0)
#define above(x, y) (mpfr_cmp(x, y) > 0)
#define below(x, y) (mpfr_cmp(x, y) < 0)
#define either(t, u) ((t) || (u))
#define both(t, u) ((t) && (u))
#define not_(t) (!(t))
#define select(t, x, y) r_select(t, x, y)
#define add(x, y) r_add(x, y)
#define sub(x, y) r_sub(x, y)
#define mul(x, y) r_mul(x, y)
#define div(x, y) r_div(x, y)
#define max(x, y) r_max(x, y)
#define min(x, y) r_min(x, y)
#define power(x, y) r_power(x, y)
#define neg(x) r_neg(x)
#define square(x) r_square(x)
#define inverse(x) r_inverse(x)
#define absolute(x) r_absolute(x)
#define exp(x) r_exp(x)
#define expm1(x) r_expm1(x)
#define log(x) r_log(x)
#define log1p(x) r_log1p(x)
#define sqrt(x) r_sqrt(x)
#define tanh(x) r_tanh(x)
#define logistic(x) r_logistic(x)
#define log_sigmoid(x) r_log_sigmoid(x)
#define softplus(x) r_softplus(x)
#define erf(x) r_erf(x)
#define normal_cdf(x) r_normal_cdf(x)
#define log_normal_cdf(x) r_log_normal_cdf(x)
#define lgamma(x) r_lgamma(x)

typedef number reference_function(number a, number b, number a_given, number b_given);
#define DEFINE(name, expression, ...)                                                  \
    static number ref_##name(number a, number b, number a_given, number b_given)       \
    {                                                                                  \
        (void)a, (void)b, (void)a_given, (void)b_given;                                \
        return expression;                                                             \
    }
OPERATIONS(DEFINE)
#define ENTRY(name, ...) ref_##name,
static reference_function *const table[OPS_N] = {OPERATIONS(ENTRY)};

static number step_at(double x)
{
    const double size = fabs(x);
    return mul(of_double(size == 0 || size > 1 ? 1 : size), power(of_double(10), of_double(-25)));
}
static ops_exact split(number x)
{
    ops_exact r = {.hi = mpfr_get_d(x, MPFR_RNDN)};
    if (isfinite(r.hi))
        r.lo = mpfr_get_d(sub(x, of_double(r.hi)), MPFR_RNDN);
    return r;
}
/* A difference of values about as large as `size`, divided by `step`; 0 if it is nothing but their rounding. */
static number quotient(number difference, number size, number step)
{
    number rounding = mul(absolute(size), power(of_double(2), of_double(8 - BITS)));
    return mpfr_cmpabs(difference, rounding) <= 0 ? of_double(0) : div(difference, step);
}
void ops_reference(int operation, double a, double b, ops_exact exact[OPS_MOST_PARTS])
{
    pool_used = 0;
    number at[2] = {of_double(a), of_double(b)}, h[2] = {step_at(a), step_at(b)}, f[3][3];
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            f[i + 1][j + 1] = table[operation](add(at[0], mul(of_double(i), h[0])), add(at[1], mul(of_double(j), h[1])),
                                               at[0], at[1]);
    number here = f[1][1], two = of_double(2), four = of_double(4);
    exact[0] = split(here);
    exact[1] = split(quotient(sub(f[2][1], f[0][1]), here, mul(two, h[0])));
    exact[2] = split(quotient(sub(f[1][2], f[1][0]), here, mul(two, h[1])));
    exact[3] = split(quotient(add(sub(f[2][1], mul(two, here)), f[0][1]), here, square(h[0])));
    exact[4] = split(quotient(sub(add(f[2][2], f[0][0]), add(f[2][0], f[0][2])), here, mul(four, mul(h[0], h[1]))));
    exact[5] = split(quotient(add(sub(f[1][2], mul(two, here)), f[1][0]), here, square(h[1])));
}
