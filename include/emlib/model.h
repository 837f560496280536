/* What a model file includes. The one header a model author needs.
 *
 * A model file has these parts, in this order (models/rw.c is a short example):
 *
 *   #define PARAMETERS(parameter) parameter(alpha, logistic, "learning rate") ...
 *   #define COLUMNS(column)       column(choice, response, option, "option chosen") ...
 *   #define LATENTS(latent)       latent(pe, "prediction error") ...            (may be left out)
 *   #define FACTS(fact)           fact(minRT, minimum, rt, "shortest time") ... (may be left out)
 *   #include <emlib/model.h>
 *   STATE { real q[OPTIONS]; };                what carries over from trial to trial
 *   START(p, s) { fill(s->q, 0); }             its value before the first trial and at each new block
 *   TRIAL(p, s) { ... }                        one trial: p->alpha, s->q, choose(...), observe(...), report(...)
 *   MODEL(rw, .family = "bandit", .about = "...", .reference = "...", .equations = "...", .task = "bandit")
 *
 * A model without a state writes NO_STATE in place of STATE and START. Missing trials, missing outcomes, blocks, and
 * subjects of different length are dealt with outside: TRIAL never sees them.
 *
 * PARAMETERS   parameter(name, transform, about [, .mu = start, .var = start])
 *   transforms: identity   exp   logistic           the whole line, (0, infinity), (0, 1)
 *               scaled(U)  between(L, U)             (0, U), (L, U), by the logistic function
 *               scaled_by(fact)                      (0, fact), the bound being the subject's own
 *               custom(f)                            real f(real x), a function of the file that grows everywhere, and
 *                                                    real f_inverse(real natural); f is its name in files and tables
 * COLUMNS      column(name, role, kind, about), in the order in which a trial unfolds
 *   roles: input (shown), response (done; has a likelihood), outcome (follows)
 *   kinds: number   at_least(L)   within(L, U)   option (0 to K-1)   codes(n, "0 = sooner, 1 = later" or NULL)
 *   A response is scored when it and every column before it are there, and no input or response of the trial is
 *   missing; the state keeps what TRIAL did to it when no column is missing.
 * FACTS        fact(name, minimum | maximum | mean, column, about): a number about each subject, used as fact(name)
 *
 * Types. `real`: whatever depends on the parameters (carries its derivatives). `data`: a recorded or drawn number or
 * code. `truth`: the result of a comparison. Plain C numbers mix with all of them. They are structs on purpose:
 * `a - b`, `if (above(a, b))` or `q[choice]` do not compile; it is sub(a, b), select(above(a, b), x, y), pick(q, choice).
 *
 *   add sub mul div max min (a, b)   neg square inverse absolute (a)      power(a, b): a >= 0, 0^b = 0
 *   exp expm1 log log1p sqrt tanh logistic log_sigmoid softplus erf normal_cdf log_normal_cdf lgamma (a)
 *   log_sum_exp(x), log_softmax(to, x): over an array of options
 *   equals above below (a, b)   either both (t, u)   not_(t)   select(t, a, b)
 *   pick(x, code), put(x, code, to), fill(x, to): x[code], x[code] = to, all of x;   each(k, n): the only loop
 *   observe(column), fact(name)      what was recorded (or, in simulation, happens now)
 *   choose(column, beta, q)          softmax(beta q) over the options;  choose_softmax(column, utilities)
 *   choose_binary(column, z)         p(1) = logistic(z);                choose_with(column, p): p(1) = p
 *   choose_lapse(column, z, lapse)   p(1) = (1 - lapse) logistic(z) + lapse/2
 *   choose_softmax_lapse(column, utilities, lapse)   p(k) = (1 - lapse) softmax + lapse/K
 *   choose_probabilities(column, p)  p(k) = p[k], which must sum to 1
 *   respond_poisson(column, log_rate) a count
 *   respond_normal(column, mean, sd) a number with a Gaussian likelihood
 *   respond_wiener(rt, choice, boundary, bias, drift, tau)   two columns at once: the diffusion decision model's time and
 *                                    boundary (1 = upper); start at bias * boundary, drift per second, tau before it all
 *     all these score the response where data are scored, draw it where data are drawn, and return it
 *   A response of another kind:
 *     if (drawing())                                     its value is drawn where data are drawn,
 *         record(rt, number(p->tau) - log(uniform()));   number(a): a plain C number; uniform(): in (0, 1); normal()
 *     data rt = observe(rt);                             and observed,
 *     score(rt, ...);                                    and log p(rt) is scored: it counts on trials where rt does
 *   report(latent, value)
 *
 * Derivatives are forward, first and second, exact to rounding: Fike & Alonso 2011, AIAA 2011-886 (hyper-dual
 * numbers), here with all P directions at once. The number of directions is fixed when a kernel is compiled and is
 * the model's number of parameters; what a fit makes of them is said at em_point in abi.h. */
#ifndef EMLIB_MODEL_H
#define EMLIB_MODEL_H

/* Set by the build; the values here let an editor or `gcc -fsyntax-only` read a model file by itself.
 * EM_DERIVATIVES 0 value, 1 with gradient and Hessian; EM_LANES subjects side by side; EM_TWO exactly two options;
 * EM_TRACE one subject, drawing, latents and the description. */
#ifndef EM_DERIVATIVES
#define EM_DERIVATIVES 1
#endif
#ifndef EM_LANES
#define EM_LANES 2
#endif
#ifndef EM_TWO
#define EM_TWO 0
#endif
#ifndef EM_TRACE
#define EM_TRACE 0
#endif
#include "emlib/lists.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* not every kernel needs the `em` of a helper function */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" /* of an array over the options, those in use are set */
#pragma GCC diagnostic ignored "-Wpsabi"         /* everything is inlined: no vector crosses a call of ours */
#define EM_UNROLL _Pragma("GCC unroll 1024")
#else
#define EM_UNROLL _Pragma("clang loop unroll(full)")
#endif
#define EM_INLINE static inline __attribute__((always_inline, unused))

/* An array over the options has room for the most there can be; `each` and the others go over those in use. */
#if EM_TWO
#define OPTIONS 2
#define EM_IN_USE 2
#elif EM_HAS_OPTION
#define OPTIONS EM_MAX_OPTIONS
#define EM_IN_USE (em->options)
#else
#define OPTIONS EM_MAX_OPTIONS
#define EM_IN_USE OPTIONS
#endif

/* ---- types ----------------------------------------------------------------------------------------------------- */
typedef double em_v __attribute__((vector_size(8 * EM_LANES)));
typedef int64_t em_m __attribute__((vector_size(8 * EM_LANES)));
typedef em_v em_va __attribute__((may_alias)); /* for loads from and stores to plain arrays */
typedef struct { em_v v; } data;
typedef struct { em_m m; } truth;
typedef struct {
    em_v v;
#if EM_DERIVATIVES
    em_v g[EM_P];
    em_v h[EM_H];
#endif
} real;
#define EM_PAR_MEMBER(name, ...) real name;
typedef struct { PARAMETERS(EM_PAR_MEMBER) } parameters;
typedef struct em_run {
    real ll;            /* log-likelihood so far, but for ... */
    em_v divisor;       /* a factor whose logarithm is still to be taken away, see em_settle */
    em_m scored[EM_R];  /* lanes whose response counts on this trial */
    double *row;        /* this trial: [EM_C][EM_LANES], with EM_TRACE [EM_C] */
    const double *facts;
    int options, trial;
    double *latents;    /* EM_TRACE: [EM_L] or NULL */
    const em_draw *draw;
} em_run;

/* ---- lanes ----------------------------------------------------------------------------------------------------- */
EM_INLINE em_v em_all(double x) { return x - (em_v){0}; }
EM_INLINE em_v em_blend(em_m m, em_v a, em_v b)
{
#if defined(__SSE2__) && !defined(__SSE4_1__) && !defined(__clang__)
    /* GCC 12 must not see that m is the result of a comparison: it would make a conditional of it that SSE2 does not have,
     * and break off (internal error in gimple_expand_vec_cond_expr). */
    __asm__("" : "+x"(m));
#endif
    return (em_v)(((em_m)a & m) | ((em_m)b & ~m)); /* becomes one blend instruction */
}
EM_INLINE int em_any(em_m m)
{
    int64_t any = 0;
    EM_UNROLL for (int i = 0; i < EM_LANES; i++) any |= m[i];
    return any != 0;
}
EM_INLINE em_v em_abs(em_v x) { return (em_v)((em_m)x & INT64_MAX); }
EM_INLINE em_v em_sqrt(em_v x)
{
    em_v r = x;
    EM_UNROLL for (int i = 0; i < EM_LANES; i++) r[i] = __builtin_sqrt(x[i]);
    return r;
}

/* SLEEF (Shibata & Petrogalli 2020), by hand: the vector types are the ABI's, and its header takes longer to read than a
 * model to compile. The variant is named, because the plain names choose by CPU at run time. */
#define EM_JOIN_(a, b) a##b
#define EM_JOIN(a, b) EM_JOIN_(a, b)
#if !defined(__x86_64__)
#define EM_SLEEF(f, accuracy) EM_JOIN(Sleef_##f##d2_, accuracy)
#elif EM_LANES == 8
#define EM_SLEEF(f, accuracy) EM_JOIN(Sleef_##f##d8_, EM_JOIN(accuracy, avx512f))
#elif EM_LANES == 4
#define EM_SLEEF(f, accuracy) EM_JOIN(Sleef_##f##d4_, EM_JOIN(accuracy, avx2))
#else
#define EM_SLEEF(f, accuracy) EM_JOIN(Sleef_##f##d2_, EM_JOIN(accuracy, sse2))
#endif
em_v EM_SLEEF(exp, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(expm1, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(log, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(log1p, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(tanh, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(erf, u10)(em_v) __attribute__((const));
em_v EM_SLEEF(erfc, u15)(em_v) __attribute__((const));
em_v EM_SLEEF(lgamma, u10)(em_v) __attribute__((const));
#define em_exp EM_SLEEF(exp, u10)
#define em_log EM_SLEEF(log, u10)
#define em_log1p EM_SLEEF(log1p, u10)
#define em_erfc EM_SLEEF(erfc, u15)

/* ---- reals: the derivative arithmetic -------------------------------------------------------------------------- */
/* part(v), part(g[i]) for every i, part(h[i]) for every i: whatever the order has */
#if EM_DERIVATIVES
#define EM_PARTS(i, part)                                    \
    do {                                                     \
        part(v);                                             \
        EM_UNROLL for (int i = 0; i < EM_P; i++) part(g[i]); \
        EM_UNROLL for (int i = 0; i < EM_H; i++) part(h[i]); \
    } while (0)
#else
#define EM_PARTS(i, part) part(v)
#endif
/* statements with i, and inside EM_EACH_PAIR with i >= j and k the place of (i, j) in the lower triangle */
#if EM_DERIVATIVES
#define EM_EACH_DIRECTION EM_UNROLL for (int i = 0; i < EM_P; i++)
#define EM_EACH_PAIR EM_UNROLL for (int j = 0, k = i * (i + 1) / 2; j <= i; j++, k++)
#endif

EM_INLINE real em_constant(em_v c)
{
    real r;
#define EM_PART(f) r.f = em_all(0)
    EM_PARTS(n, EM_PART);
#undef EM_PART
    r.v = c;
    return r;
}
EM_INLINE data em_d(double x) { return (data){em_all(x)}; }
/* f(a), where f has the value f0 and the derivatives f1, f2 at a */
EM_INLINE real em_chain(real a, em_v f0, em_v f1, em_v f2)
{
    real r;
    r.v = f0;
#if EM_DERIVATIVES
    EM_EACH_DIRECTION {
        r.g[i] = f1 * a.g[i];
        em_v curved = f2 * a.g[i];
        EM_EACH_PAIR r.h[k] = f1 * a.h[k] + curved * a.g[j];
    }
#endif
    (void)a, (void)f1, (void)f2;
    return r;
}
/* f(a, b): its value and derivatives, f10 by a, f01 by b, f11 by both */
typedef struct { em_v f00, f10, f01, f20, f11, f02; } em_jet2;
EM_INLINE real em_chain2(real a, real b, em_jet2 f)
{
    real r;
    r.v = f.f00;
#if EM_DERIVATIVES
    EM_EACH_DIRECTION {
        r.g[i] = f.f10 * a.g[i] + f.f01 * b.g[i];
        em_v by_a = f.f20 * a.g[i] + f.f11 * b.g[i], by_b = f.f11 * a.g[i] + f.f02 * b.g[i];
        EM_EACH_PAIR r.h[k] = f.f10 * a.h[k] + f.f01 * b.h[k] + by_a * a.g[j] + by_b * b.g[j];
    }
#endif
    (void)a, (void)b;
    return r;
}
EM_INLINE real em_add_rr(real a, real b)
{
    real r;
#define EM_PART(f) r.f = a.f + b.f
    EM_PARTS(n, EM_PART);
#undef EM_PART
    return r;
}
EM_INLINE real em_sub_rr(real a, real b)
{
    real r;
#define EM_PART(f) r.f = a.f - b.f
    EM_PARTS(n, EM_PART);
#undef EM_PART
    return r;
}
EM_INLINE real em_neg_r(real a)
{
    real r;
#define EM_PART(f) r.f = -a.f
    EM_PARTS(n, EM_PART);
#undef EM_PART
    return r;
}
EM_INLINE real em_mul_rd(real a, data b)
{
    real r;
#define EM_PART(f) r.f = a.f * b.v
    EM_PARTS(n, EM_PART);
#undef EM_PART
    return r;
}
EM_INLINE real em_mul_rr(real a, real b)
{
    real r;
    r.v = a.v * b.v;
#if EM_DERIVATIVES
    EM_EACH_DIRECTION {
        r.g[i] = a.v * b.g[i] + a.g[i] * b.v;
        EM_EACH_PAIR r.h[k] = a.v * b.h[k] + a.h[k] * b.v + a.g[i] * b.g[j] + a.g[j] * b.g[i];
    }
#endif
    return r;
}
EM_INLINE real em_blend_r(em_m m, real a, real b)
{
    real r;
#define EM_PART(f) r.f = em_blend(m, a.f, b.f)
    EM_PARTS(n, EM_PART);
#undef EM_PART
    return r;
}

/* ---- functions of one argument: f0, f1, f2 from x -------------------------------------------------------------- */
typedef struct { em_v f0, f1, f2; } em_jet;

EM_INLINE em_jet em_jet_neg(em_v x) { return (em_jet){-x, em_all(-1), em_all(0)}; }
EM_INLINE em_jet em_jet_square(em_v x) { return (em_jet){x * x, 2 * x, em_all(2)}; }
EM_INLINE em_jet em_jet_inverse(em_v x)
{
    em_v f = 1.0 / x;
    return (em_jet){f, -f * f, 2 * f * f * f};
}
/* derivative 1 at 0 */
EM_INLINE em_jet em_jet_absolute(em_v x)
{
    em_v sign = em_blend(x < 0.0, em_all(-1), em_all(1));
    return (em_jet){em_abs(x), sign, em_all(0)};
}
EM_INLINE em_jet em_jet_exp(em_v x)
{
    em_v e = em_exp(x);
    return (em_jet){e, e, e};
}
EM_INLINE em_jet em_jet_expm1(em_v x)
{
    em_v e = em_exp(x);
    return (em_jet){EM_SLEEF(expm1, u10)(x), e, e};
}
EM_INLINE em_jet em_jet_log(em_v x)
{
    em_v i = 1.0 / x;
    return (em_jet){em_log(x), i, -i * i};
}
EM_INLINE em_jet em_jet_log1p(em_v x)
{
    em_v i = 1.0 / (1.0 + x);
    return (em_jet){em_log1p(x), i, -i * i};
}
EM_INLINE em_jet em_jet_sqrt(em_v x)
{
    em_v s = em_sqrt(x), d = 0.5 / s;
    return (em_jet){s, d, -0.5 * d / x};
}
EM_INLINE em_jet em_jet_tanh(em_v x)
{
    em_v e = em_exp(-2.0 * em_abs(x)), t = EM_SLEEF(tanh, u10)(x), d = 4.0 * e / ((1.0 + e) * (1.0 + e));
    return (em_jet){t, d, -2.0 * t * d};
}
/* With e = exp(-|x|) nothing overflows and the small tail keeps its relative precision. */
EM_INLINE em_jet em_jet_logistic(em_v x)
{
    em_m negative = x < 0.0;
    em_v e = em_exp(-em_abs(x)), i = 1.0 / (1.0 + e), s = em_blend(negative, e * i, i), d = e * i * i;
    em_v slope = (1.0 - e) * i;
    return (em_jet){s, d, d * em_blend(negative, slope, -slope)};
}
EM_INLINE em_jet em_jet_log_sigmoid(em_v x)
{
    em_m negative = x < 0.0;
    em_v e = em_exp(-em_abs(x)), i = 1.0 / (1.0 + e);
    return (em_jet){em_blend(negative, x, em_all(0)) - em_log1p(e), em_blend(negative, i, e * i), -(e * i * i)};
}
EM_INLINE em_jet em_jet_softplus(em_v x)
{
    em_m negative = x < 0.0;
    em_v e = em_exp(-em_abs(x)), i = 1.0 / (1.0 + e);
    return (em_jet){em_blend(negative, em_all(0), x) + em_log1p(e), em_blend(negative, e * i, i), e * i * i};
}
EM_INLINE em_jet em_jet_erf(em_v x)
{
    em_v d = 0x1.20dd750429b6dp0 * em_exp(-x * x); /* 2/sqrt(pi) */
    return (em_jet){EM_SLEEF(erf, u10)(x), d, -2.0 * x * d};
}
EM_INLINE em_v em_normal_density(em_v x) { return 0x1.9884533d43651p-2 * em_exp(-0.5 * x * x); }
EM_INLINE em_jet em_jet_normal_cdf(em_v x)
{
    em_v d = em_normal_density(x);
    return (em_jet){0.5 * em_erfc(x * -0x1.6a09e667f3bcdp-1), d, -x * d};
}
/* log of the normal cdf, to its last tail. Above -6 from erfc. Below, with t = -x, from Laplace's continued fraction
 * for the Mills ratio, Phi(-t)/phi(t) = 1/(t + u), u = 1/(t + 2/(t + 3/(t + ...))) (Abramowitz & Stegun 26.2.14):
 * the derivative of log Phi is t + u, and -x - derivative = -u has no cancellation in it. 24 terms: error below 1e-16 of u at -6, less further out. */
EM_INLINE em_jet em_jet_log_normal_cdf(em_v x)
{
    em_m tail = x < -6.0;
    em_v inner = em_blend(tail, em_all(-6), x), q = 0.5 * em_erfc(em_abs(inner) * 0x1.6a09e667f3bcdp-1);
    em_m negative = inner < 0.0;
    em_v log_p = em_blend(negative, em_log(q), em_log1p(-q));
    em_v d = em_normal_density(inner) / em_blend(negative, q, 1.0 - q), second = -d * (inner + d);
    if (__builtin_expect(em_any(tail), 0)) {
        em_v t = em_blend(tail, -x, em_all(6)), u = em_all(0);
        for (int n = 24; n >= 1; n--)
            u = (double)n / (t + u);
        em_v f = t + u;
        log_p = em_blend(tail, -0.5 * t * t - 0x1.d67f1c864beb5p-1 - em_log(f), log_p);
        d = em_blend(tail, f, d);
        second = em_blend(tail, -f * u, second);
    }
    return (em_jet){log_p, d, second};
}
/* x > 0. Digamma and trigamma by recurrence to x + 10 and the asymptotic series there (Abramowitz & Stegun 6.3.18,
 * 6.4.12); near the digamma's zero at 1.46 the error is absolute, 1e-15. */
EM_INLINE em_jet em_jet_lgamma(em_v x)
{
    em_v psi = em_all(0), tri = em_all(0), y = x;
    for (int n = 0; n < 10; n++) {
        em_v i = 1.0 / y;
        psi -= i;
        tri += i * i;
        y += 1.0;
    }
    em_v i = 1.0 / y, s = i * i;
    psi += em_log(y) - 0.5 * i -
           s * (1. / 12 - s * (1. / 120 - s * (1. / 252 - s * (1. / 240 - s * (1. / 132 - s * (691. / 32760 - s / 12))))));
    tri += i + 0.5 * s +
           i * s * (1. / 6 - s * (1. / 30 - s * (1. / 42 - s * (1. / 30 - s * (5. / 66 - s * (691. / 2730 - s * 7 / 6))))));
    return (em_jet){EM_SLEEF(lgamma, u10)(x), psi, tri};
}

#define EM_UNARY(f)                                                         \
    EM_INLINE real em_##f##_r(real a)                                       \
    {                                                                       \
        em_jet y = em_jet_##f(a.v);                                         \
        return em_chain(a, y.f0, y.f1, y.f2);                               \
    }                                                                       \
    EM_INLINE data em_##f##_d(data a) { return (data){em_jet_##f(a.v).f0}; } \
    EM_INLINE data em_##f##_n(double a) { return em_##f##_d(em_d(a)); }
EM_UNARY(square) EM_UNARY(inverse) EM_UNARY(absolute) EM_UNARY(exp) EM_UNARY(expm1) EM_UNARY(log) EM_UNARY(log1p)
EM_UNARY(sqrt) EM_UNARY(tanh) EM_UNARY(logistic) EM_UNARY(log_sigmoid) EM_UNARY(softplus) EM_UNARY(erf)
EM_UNARY(normal_cdf) EM_UNARY(log_normal_cdf) EM_UNARY(lgamma)
EM_INLINE data em_neg_d(data a) { return (data){-a.v}; }
EM_INLINE data em_neg_n(double a) { return em_d(-a); }
#define EM_CALL_UNARY(f, a) _Generic((a), real: em_##f##_r, data: em_##f##_d, default: em_##f##_n)(a)
#define neg(a) EM_CALL_UNARY(neg, a)
#define square(a) EM_CALL_UNARY(square, a)
#define inverse(a) EM_CALL_UNARY(inverse, a)
#define absolute(a) EM_CALL_UNARY(absolute, a)
#define exp(a) EM_CALL_UNARY(exp, a)
#define expm1(a) EM_CALL_UNARY(expm1, a)
#define log(a) EM_CALL_UNARY(log, a)
#define log1p(a) EM_CALL_UNARY(log1p, a)
#define sqrt(a) EM_CALL_UNARY(sqrt, a)
#define tanh(a) EM_CALL_UNARY(tanh, a)
#define logistic(a) EM_CALL_UNARY(logistic, a)
#define log_sigmoid(a) EM_CALL_UNARY(log_sigmoid, a)
#define softplus(a) EM_CALL_UNARY(softplus, a)
#define erf(a) EM_CALL_UNARY(erf, a)
#define normal_cdf(a) EM_CALL_UNARY(normal_cdf, a)
#define log_normal_cdf(a) EM_CALL_UNARY(log_normal_cdf, a)
#define lgamma(a) EM_CALL_UNARY(lgamma, a)

/* ---- functions of two arguments, in every mixture of real (r), data (d) and number (n) ------------------------- */
EM_INLINE real em_add_rd(real a, data b) { a.v += b.v; return a; }
EM_INLINE real em_add_dr(data a, real b) { b.v += a.v; return b; }
EM_INLINE data em_add_dd(data a, data b) { return (data){a.v + b.v}; }
EM_INLINE real em_sub_rd(real a, data b) { a.v -= b.v; return a; }
EM_INLINE real em_sub_dr(data a, real b) { return em_add_dr(a, em_neg_r(b)); }
EM_INLINE data em_sub_dd(data a, data b) { return (data){a.v - b.v}; }
EM_INLINE real em_mul_dr(data a, real b) { return em_mul_rd(b, a); }
EM_INLINE data em_mul_dd(data a, data b) { return (data){a.v * b.v}; }
EM_INLINE real em_div_rr(real a, real b) { return em_mul_rr(a, em_inverse_r(b)); }
EM_INLINE real em_div_rd(real a, data b) { return em_mul_rd(a, (data){1.0 / b.v}); }
EM_INLINE real em_div_dr(data a, real b) { return em_mul_rd(em_inverse_r(b), a); }
EM_INLINE data em_div_dd(data a, data b) { return (data){a.v / b.v}; }
EM_INLINE real em_max_rr(real a, real b) { return em_blend_r(a.v > b.v, a, b); }
EM_INLINE real em_max_rd(real a, data b) { return em_max_rr(a, em_constant(b.v)); }
EM_INLINE real em_max_dr(data a, real b) { return em_max_rr(em_constant(a.v), b); }
EM_INLINE data em_max_dd(data a, data b) { return (data){em_blend(a.v > b.v, a.v, b.v)}; }
EM_INLINE real em_min_rr(real a, real b) { return em_blend_r(a.v < b.v, a, b); }
EM_INLINE real em_min_rd(real a, data b) { return em_min_rr(a, em_constant(b.v)); }
EM_INLINE real em_min_dr(data a, real b) { return em_min_rr(em_constant(a.v), b); }
EM_INLINE data em_min_dd(data a, data b) { return (data){em_blend(a.v < b.v, a.v, b.v)}; }
/* a^b for a >= 0; 0 with all its derivatives where a is 0, as is right in the exponent for b > 0 */
EM_INLINE real em_power_dr(data a, real b)
{
    em_m zero = a.v <= 0.0;
    em_v none = em_all(0), l = em_log(em_blend(zero, em_all(1), a.v)), f = em_blend(zero, none, em_exp(b.v * l));
    return em_chain(b, f, f * l, f * l * l);
}
EM_INLINE real em_power_rr(real a, real b)
{
    em_m zero = a.v <= 0.0;
    real positive = em_blend_r(zero, em_constant(em_all(1)), a);
    return em_blend_r(zero, em_constant(em_all(0)), em_exp_r(em_mul_rr(b, em_log_r(positive))));
}
EM_INLINE real em_power_rd(real a, data b)
{
    em_m zero = a.v <= 0.0;
    em_v none = em_all(0), x = em_blend(zero, em_all(1), a.v), f = em_blend(zero, none, em_exp(b.v * em_log(x)));
    em_v f1 = b.v * f / x;
    return em_chain(a, f, f1, (b.v - 1.0) * f1 / x);
}
EM_INLINE data em_power_dd(data a, data b)
{
    em_m zero = a.v <= 0.0;
    return (data){em_blend(zero, em_all(0), em_exp(b.v * em_log(em_blend(zero, em_all(1), a.v))))};
}
#define EM_BINARY(f)                                                                          \
    EM_INLINE real em_##f##_rn(real a, double b) { return em_##f##_rd(a, em_d(b)); }          \
    EM_INLINE real em_##f##_nr(double a, real b) { return em_##f##_dr(em_d(a), b); }          \
    EM_INLINE data em_##f##_dn(data a, double b) { return em_##f##_dd(a, em_d(b)); }          \
    EM_INLINE data em_##f##_nd(double a, data b) { return em_##f##_dd(em_d(a), b); }          \
    EM_INLINE data em_##f##_nn(double a, double b) { return em_##f##_dd(em_d(a), em_d(b)); }
EM_BINARY(add) EM_BINARY(sub) EM_BINARY(mul) EM_BINARY(div) EM_BINARY(max) EM_BINARY(min) EM_BINARY(power)
#define EM_CALL_BINARY(f, a, b)                                                               \
    _Generic((a),                                                                             \
        real: _Generic((b), real: em_##f##_rr, data: em_##f##_rd, default: em_##f##_rn),      \
        data: _Generic((b), real: em_##f##_dr, data: em_##f##_dd, default: em_##f##_dn),      \
        default: _Generic((b), real: em_##f##_nr, data: em_##f##_nd, default: em_##f##_nn))(a, b)
#define add(a, b) EM_CALL_BINARY(add, a, b)
#define sub(a, b) EM_CALL_BINARY(sub, a, b)
#define mul(a, b) EM_CALL_BINARY(mul, a, b)
#define div(a, b) EM_CALL_BINARY(div, a, b)
#define max(a, b) EM_CALL_BINARY(max, a, b)
#define min(a, b) EM_CALL_BINARY(min, a, b)
#define power(a, b) EM_CALL_BINARY(power, a, b)

/* ---- comparisons and selection --------------------------------------------------------------------------------- */
EM_INLINE em_v em_value_r(real a) { return a.v; }
EM_INLINE em_v em_value_d(data a) { return a.v; }
#define em_value(a) _Generic((a), real: em_value_r, data: em_value_d, default: em_all)(a)
EM_INLINE real em_real_r(real a) { return a; }
EM_INLINE real em_real_d(data a) { return em_constant(a.v); }
EM_INLINE real em_real_n(double a) { return em_constant(em_all(a)); }
#define as_real(a) _Generic((a), real: em_real_r, data: em_real_d, default: em_real_n)(a)
EM_INLINE data em_data_d(data a) { return a; }
#define as_data(a) _Generic((a), data: em_data_d, default: em_d)(a)
#define equals(a, b) ((truth){em_value(a) == em_value(b)})
#define above(a, b) ((truth){em_value(a) > em_value(b)})
#define below(a, b) ((truth){em_value(a) < em_value(b)})
#define either(t, u) ((truth){(t).m | (u).m})
#define both(t, u) ((truth){(t).m & (u).m})
#define not_(t) ((truth){~(t).m})
EM_INLINE real em_select_rr(em_m m, real a, real b) { return em_blend_r(m, a, b); }
EM_INLINE real em_select_rd(em_m m, real a, data b) { return em_blend_r(m, a, em_constant(b.v)); }
EM_INLINE real em_select_dr(em_m m, data a, real b) { return em_blend_r(m, em_constant(a.v), b); }
EM_INLINE data em_select_dd(em_m m, data a, data b) { return (data){em_blend(m, a.v, b.v)}; }
EM_INLINE real em_select_rn(em_m m, real a, double b) { return em_select_rd(m, a, em_d(b)); }
EM_INLINE real em_select_nr(em_m m, double a, real b) { return em_select_dr(m, em_d(a), b); }
EM_INLINE data em_select_dn(em_m m, data a, double b) { return em_select_dd(m, a, em_d(b)); }
EM_INLINE data em_select_nd(em_m m, double a, data b) { return em_select_dd(m, em_d(a), b); }
EM_INLINE data em_select_nn(em_m m, double a, double b) { return em_select_dd(m, em_d(a), em_d(b)); }
#define select(t, a, b)                                                                                    \
    _Generic((a),                                                                                          \
        real: _Generic((b), real: em_select_rr, data: em_select_rd, default: em_select_rn),                \
        data: _Generic((b), real: em_select_dr, data: em_select_dd, default: em_select_dn),                \
        default: _Generic((b), real: em_select_nr, data: em_select_nd, default: em_select_nn))((t).m, a, b)

/* ---- arrays ---------------------------------------------------------------------------------------------------- */
#define EM_COUNT(x) ((int)(sizeof(x) / sizeof *(x)))
#define EM_USED(x) (EM_COUNT(x) == OPTIONS ? EM_IN_USE : EM_COUNT(x))
/* A loop over an array is written out wherever its length is known to the compiler: only then does the array stay in
 * registers, and derivatives that are zero by structure vanish (ten times the speed at 7 parameters). */
#if EM_TWO || !EM_HAS_OPTION
#define EM_LOOP(k, n) EM_UNROLL for (int k = 0; k < (n); k++)
#define each(k, n) EM_UNROLL for (int k = 0; k < (n); k++)
#else
#define EM_LOOP(k, n) for (int k = 0; k < (n); k++)
#define each(k, n) EM_UNROLL for (int k = 0; k < ((n) == OPTIONS ? EM_IN_USE : (n)); k++)
#endif
/* x[code]; x[0] for a code outside, which only stands on trials that do not count */
EM_INLINE real em_pick_r(const real *x, int n, data code)
{
    real r = x[0];
    EM_LOOP(a, n - 1) r = em_blend_r(code.v == (double)(a + 1), x[a + 1], r);
    return r;
}
EM_INLINE data em_pick_d(const data *x, int n, data code)
{
    data r = x[0];
    EM_LOOP(a, n - 1) r.v = em_blend(code.v == (double)(a + 1), x[a + 1].v, r.v);
    return r;
}
EM_INLINE void em_put_r(real *x, int n, data code, real to)
{
    EM_LOOP(a, n) x[a] = em_blend_r(code.v == (double)a, to, x[a]);
}
EM_INLINE void em_put_d(data *x, int n, data code, data to)
{
    EM_LOOP(a, n) x[a].v = em_blend(code.v == (double)a, to.v, x[a].v);
}
EM_INLINE void em_fill_r(real *x, int n, real to) { EM_LOOP(a, n) x[a] = to; }
EM_INLINE void em_fill_d(data *x, int n, data to) { EM_LOOP(a, n) x[a] = to; }
#define pick(x, code) _Generic((x), real *: em_pick_r, const real *: em_pick_r, data *: em_pick_d, const data *: em_pick_d)(x, EM_USED(x), code)
#define put(x, code, to) _Generic((x), real *: em_put_r, data *: em_put_d)(x, EM_USED(x), code, _Generic((x), real *: as_real(to), data *: em_to_data(to)))
#define fill(x, to) _Generic((x), real *: em_fill_r, data *: em_fill_d)(x, EM_USED(x), _Generic((x), real *: as_real(to), data *: em_to_data(to)))
/* In the branch of _Generic that is not taken `to` may be real: the type must compile, the value is never used. */
EM_INLINE data em_never(real a) { return (data){a.v}; }
#define em_to_data(a) _Generic((a), real: em_never, data: em_data_d, default: em_d)(a)

/* log(sum exp x) with its derivatives: gradient the mean of the gradients, weights p = softmax(x) */
EM_INLINE real em_log_sum_exp(const real *x, int n)
{
    em_v top = x[0].v, total = em_all(0);
    EM_LOOP(a, n) top = em_blend(x[a].v > top, x[a].v, top);
    EM_LOOP(a, n) total += em_exp(x[a].v - top);
    real r = em_constant(top + em_log(total));
#if EM_DERIVATIVES
    em_v norm = 1.0 / total;
    EM_LOOP(a, n) {
        em_v p = em_exp(x[a].v - top) * norm;
        EM_EACH_DIRECTION {
            r.g[i] += p * x[a].g[i];
            EM_EACH_PAIR r.h[k] += p * (x[a].h[k] + x[a].g[i] * x[a].g[j]);
        }
    }
    EM_EACH_DIRECTION EM_EACH_PAIR r.h[k] -= r.g[i] * r.g[j];
#endif
    return r;
}
EM_INLINE void em_log_softmax(real *to, const real *x, int n)
{
    real all = em_log_sum_exp(x, n);
    EM_LOOP(a, n) to[a] = em_sub_rr(x[a], all);
}
#define log_sum_exp(x) em_log_sum_exp(x, EM_USED(x))
#define log_softmax(to, x) em_log_softmax(to, x, EM_USED(x))

/* ---- columns, responses, latents ------------------------------------------------------------------------------- */
EM_INLINE data em_cell(const em_run *em, int column)
{
#if EM_TRACE
    return em_d(em->row[column]);
#else
    return (data){*(const em_va *)(em->row + column * EM_LANES)};
#endif
}
EM_INLINE int em_drawing(const em_run *em)
{
    return EM_TRACE && em->draw && em->draw->uniform;
}
EM_INLINE double em_uniform(const em_run *em) { return em->draw->uniform(em->draw->rng); }
EM_INLINE data em_observe(em_run *em, int column, int is_outcome)
{
    if (is_outcome && em_drawing(em) && em->draw->outcome)
        em->row[column] = em->draw->outcome(em->draw->task, em->trial, column, em->row);
    return em_cell(em, column);
}
/* Adds f(z) to the log-likelihood where the response counts. The factors are masked, not the sum: three blends
 * instead of one for each derivative. */
EM_INLINE void em_score(em_run *em, int response, real z, em_jet f)
{
    em_v none = em_all(0);
    em_m m = em->scored[response];
    em->ll = em_add_rr(em->ll, em_chain(z, em_blend(m, f.f0, none), em_blend(m, f.f1, none), em_blend(m, f.f2, none)));
}
EM_INLINE void em_score_log(em_run *em, int response, real log_density)
{
    em_score(em, response, log_density, (em_jet){log_density.v, em_all(1), em_all(0)});
}
/* Logarithms of 1 + e and of sums of exponentials are what costs most on a trial. Their arguments, at least 1 and at most the
 * number of options, are multiplied instead, and the logarithm of the product is taken once in EM_SETTLE trials, before it
 * could overflow. Each product adds a rounding error of 1e-16 to the log-likelihood; derivatives are not concerned. */
#define EM_SETTLE (128 / EM_R) /* 16 options: 2^512 at most */
EM_INLINE void em_divide(em_run *em, int response, em_v by) { em->divisor *= em_blend(em->scored[response], by, em_all(1)); }
EM_INLINE void em_settle(em_run *em)
{
    em->ll.v -= em_log(em->divisor);
    em->divisor = em_all(1);
}
EM_INLINE data em_choose_binary(em_run *em, int column, int response, real z)
{
    if (em_drawing(em))
        em->row[column] = em_uniform(em) < 1 / (1 + em_exp(-z.v)[0]);
    data c = em_cell(em, column);
    /* log sigmoid, as em_jet_log_sigmoid has it */
    em_v sign = em_blend(c.v == 1.0, em_all(1), em_all(-1)), x = sign * z.v;
    em_m negative = x < 0.0;
    em_v e = em_exp(-em_abs(x)), i = 1.0 / (1.0 + e);
    em_score(em, response, z, (em_jet){em_blend(negative, x, em_all(0)), sign * em_blend(negative, i, e * i), -(e * i * i)});
    em_divide(em, response, 1.0 + e);
    return c;
}
EM_INLINE data em_choose_with(em_run *em, int column, int response, real p)
{
    if (em_drawing(em))
        em->row[column] = em_uniform(em) < p.v[0];
    data c = em_cell(em, column);
    em_m one = c.v == 1.0;
    em_v sign = em_blend(one, em_all(1), em_all(-1));
    em_jet y = em_jet_log(em_blend(one, p.v, 1.0 - p.v));
    em_score(em, response, p, (em_jet){y.f0, sign * y.f1, y.f2});
    return c;
}
/* The probability of what was chosen is summed up as such: 1 - p(1) would lose its last digits. */
EM_INLINE data em_choose_lapse(em_run *em, int column, int response, real z, real lapse)
{
    if (em_drawing(em)) {
        double guess = em_uniform(em), coin = em_uniform(em);
        em->row[column] = guess < lapse.v[0] ? coin < 0.5 : coin < 1 / (1 + em_exp(-z.v)[0]);
    }
    data c = em_cell(em, column);
    data sign = {em_blend(c.v == 1.0, em_all(1), em_all(-1))};
    real p = em_add_rr(em_mul_rr(em_sub_nr(1, lapse), em_logistic_r(em_mul_rd(z, sign))), em_mul_rn(lapse, 0.5));
    em_score(em, response, p, em_jet_log(p.v));
    return c;
}
/* log p(c) = u_c - log sum exp u. Written out instead of log_softmax and pick: the chosen option's terms come from a
 * weight 1[a = c] - p_a, so that nothing is selected. */
EM_INLINE data em_choose_softmax(em_run *em, int column, int response, const real *u, int n)
{
    em_v top = u[0].v, total = em_all(0), none = em_all(0), w[OPTIONS];
    EM_LOOP(a, n) top = em_blend(u[a].v > top, u[a].v, top);
    EM_LOOP(a, n) total += w[a] = em_exp(u[a].v - top);
    if (em_drawing(em)) {
        double left = em_uniform(em) * total[0];
        int c = 0;
        while (c < n - 1 && (left -= w[c][0]) > 0)
            c++;
        em->row[column] = c;
    }
    data c = em_cell(em, column);
    em_m m = em->scored[response];
    if (EM_TRACE && !m[0]) /* what the utilities come from may be missing, NaN, which no weight of 0 takes away */
        return c;
    em_v norm = em_blend(m, 1.0 / total, none), mean = none;
    EM_LOOP(a, n) {
        em_v p = w[a] * norm, one = em_blend(m & (c.v == (double)a), em_all(1), none);
        em->ll = em_add_rr(em->ll, em_mul_rd(u[a], (data){one - p}));
        mean += p * u[a].v;
#if EM_DERIVATIVES
        EM_EACH_DIRECTION {
            em_v curved = p * u[a].g[i];
            EM_EACH_PAIR em->ll.h[k] -= curved * u[a].g[j];
        }
#endif
    }
#if EM_DERIVATIVES
    real centre = em_constant(none);
    EM_LOOP(a, n) {
        em_v p = w[a] * norm;
        EM_EACH_DIRECTION centre.g[i] += p * u[a].g[i];
    }
    EM_EACH_DIRECTION EM_EACH_PAIR em->ll.h[k] += centre.g[i] * centre.g[j];
#endif
    em->ll.v += mean - em_blend(m, top, none);
    em_divide(em, response, total);
    return c;
}
/* One of n options with probabilities that sum to 1. */
EM_INLINE data em_choose_probabilities(em_run *em, int column, int response, const real *p, int n)
{
    if (em_drawing(em)) {
        double left = em_uniform(em);
        int c = 0;
        while (c < n - 1 && (left -= p[c].v[0]) > 0)
            c++;
        em->row[column] = c;
    }
    data c = em_cell(em, column);
    real chosen = em_pick_r(p, n, c);
    em_score(em, response, chosen, em_jet_log(chosen.v));
    return c;
}
EM_INLINE data em_choose_softmax_lapse(em_run *em, int column, int response, const real *u, real lapse, int n)
{
    if (em_drawing(em)) {
        const double guess = em_uniform(em), which = em_uniform(em);
        double top = u[0].v[0], total = 0;
        EM_LOOP(a, n) top = u[a].v[0] > top ? u[a].v[0] : top;
        EM_LOOP(a, n) total += em_exp(em_all(u[a].v[0] - top))[0];
        double left = which * total;
        int c = 0;
        while (c < n - 1 && (left -= em_exp(em_all(u[c].v[0] - top))[0]) > 0)
            c++;
        em->row[column] = guess < lapse.v[0] ? (int)(which * n) : c;
    }
    data c = em_cell(em, column);
    real p = em_exp_r(em_sub_rr(em_pick_r(u, n, c), em_log_sum_exp(u, n)));
    real chosen = em_add_rr(em_mul_rr(em_sub_nr(1, lapse), p), em_mul_rn(lapse, 1.0 / n));
    em_score(em, response, chosen, em_jet_log(chosen.v));
    return c;
}
/* With two options beta is taken apart: beta (q1 - q0) needs one product instead of two. */
EM_INLINE data em_choose(em_run *em, int column, int response, real beta, const real *q, int n)
{
    if (n == 2)
        return em_choose_binary(em, column, response, em_mul_rr(beta, em_sub_rr(q[1], q[0])));
    real u[OPTIONS];
    u[0] = em_mul_rr(beta, q[0]);
    EM_LOOP(a, n - 1) u[a + 1] = em_mul_rr(beta, q[a + 1]);
    return em_choose_softmax(em, column, response, u, n);
}
/* Drawing: a standard normal number, by Box & Muller 1958 */
EM_INLINE double em_normal(const em_run *em)
{
    double radius = __builtin_sqrt(-2 * em_log(em_all(em_uniform(em)))[0]);
    return radius * __builtin_cos(0x1.921fb54442d18p2 * em_uniform(em));
}
EM_INLINE data em_respond_normal(em_run *em, int column, int response, real mean, real sd)
{
    if (em_drawing(em))
        em->row[column] = mean.v[0] + sd.v[0] * em_normal(em);
    data y = em_cell(em, column);
    real z = em_div_rr(em_sub_dr(y, mean), sd);
    em_score_log(em, response, em_sub_nr(-0x1.d67f1c864beb5p-1, em_add_rr(em_mul_nr(0.5, em_square_r(z)), em_log_r(sd))));
    return y;
}
/* Drawing: a Poisson number is a sum of such numbers of smaller rates; each by Knuth's product of uniform numbers. */
EM_INLINE double em_poisson(const em_run *em, double rate)
{
    double count = 0;
    while (rate > 0) {
        const double part = rate < 500 ? rate : 500, limit = em_exp(em_all(-part))[0];
        for (double product = em_uniform(em); product > limit; product *= em_uniform(em))
            count++;
        rate -= part;
    }
    return count;
}
EM_INLINE data em_respond_poisson(em_run *em, int column, int response, real log_rate)
{
    real rate = em_exp_r(log_rate);
    if (em_drawing(em))
        em->row[column] = rate.v[0] < 1e9 ? em_poisson(em, rate.v[0]) : __builtin_nan("");
    data y = em_cell(em, column);
    em_score_log(em, response, em_sub_rd(em_sub_rr(em_mul_rd(log_rate, y), rate), em_lgamma_d(em_add_dn(y, 1))));
    return y;
}
#include "emlib/wiener.h"
EM_INLINE void em_report(em_run *em, int latent, em_v value)
{
    if (EM_TRACE && em->latents)
        em->latents[latent] = value[0];
}
EM_INLINE data em_fact_value(const em_run *em, int fact)
{
#if EM_TRACE
    return em_d(em->facts[fact]);
#else
    return (data){*(const em_va *)(em->facts + fact * EM_LANES)};
#endif
}
#define EM_IS_OUTCOME_input 0
#define EM_IS_OUTCOME_response 0
#define EM_IS_OUTCOME_outcome 1
#define EM_COL_IS_OUTCOME(name, role, kind, about) EM_HAPPENS_##name = EM_IS_OUTCOME_##role,
enum { COLUMNS(EM_COL_IS_OUTCOME) };
#define observe(column) em_observe(em, EM_COL_##column, EM_HAPPENS_##column)
#define choose(column, beta, q) em_choose(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(beta), q, EM_USED(q))
#define choose_softmax(column, u) em_choose_softmax(em, EM_COL_##column, EM_RESPONSE_OF_##column, u, EM_USED(u))
#define choose_binary(column, z) em_choose_binary(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(z))
#define choose_lapse(column, z, lapse) \
    em_choose_lapse(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(z), as_real(lapse))
#define choose_with(column, p) em_choose_with(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(p))
#define choose_softmax_lapse(column, u, lapse) \
    em_choose_softmax_lapse(em, EM_COL_##column, EM_RESPONSE_OF_##column, u, as_real(lapse), EM_USED(u))
#define choose_probabilities(column, p) \
    em_choose_probabilities(em, EM_COL_##column, EM_RESPONSE_OF_##column, p, EM_USED(p))
#define respond_poisson(column, log_rate) \
    em_respond_poisson(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(log_rate))
#define score(column, log_density) em_score_log(em, EM_RESPONSE_OF_##column, as_real(log_density))
#define drawing() em_drawing(em)
#define uniform() em_uniform(em)
#define normal() em_normal(em)
#define number(a) (em_value(a)[0])
#define record(column, x) (em->row[EM_COL_##column] = (x))
#define respond_normal(column, mean, sd) \
    em_respond_normal(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(mean), as_real(sd))
#define report(latent, value) em_report(em, EM_LAT_##latent, em_value(value))
#define fact(name) em_fact_value(em, EM_FACT_##name)

/* ---- the parts of a model file --------------------------------------------------------------------------------- */
#define STATE                        \
    enum { EM_HAS_STATE = 1 };       \
    typedef struct em_state em_state; \
    struct em_state
#define START(p, s)                                                                              \
    EM_INLINE void em_start(__attribute__((unused)) em_run *em,                                  \
                            __attribute__((unused)) const parameters *p, __attribute__((unused)) em_state *s)
#define TRIAL(p, s)                                                                              \
    EM_INLINE void em_trial(em_run *em, __attribute__((unused)) const parameters *p,             \
                            __attribute__((unused)) em_state *s)
#define NO_STATE                               \
    enum { EM_HAS_STATE = 0 };                 \
    typedef struct em_state { data none; } em_state; \
    START(p, s) { s->none = em_d(0); }

#if EM_TRACE
/* Which kernels there are: EM_ISAS, set by the build, lists the instruction sets with their lanes. One for exactly two options is made
 * where AVX2 is: older processors are served by that for any number. */
#define EM_SYMBOL_(name, isa, what) em_##name##_##isa##_##what
#define EM_SYMBOL(name, isa, what) EM_SYMBOL_(name, isa, what)
#define EM_DECLARE(isa, n) extern em_score_fn EM_SYMBOL(EM_NAME, isa, score), EM_SYMBOL(EM_NAME, isa, score_two);
#define EM_TWO_BASELINE(name) 0
#if EM_HAS_OPTION
#define EM_TWO_AVX2(name) EM_SYMBOL(name, AVX2, score_two)
#define EM_TWO_AVX512(name) EM_SYMBOL(name, AVX512, score_two)
#else
#define EM_TWO_AVX2(name) 0
#define EM_TWO_AVX512(name) 0
#endif
#define EM_KERNEL(isa, n) \
    [EM_ISA_##isa] = {.lanes = n, .score = EM_SYMBOL(EM_NAME, isa, score), .score_two = EM_TWO_##isa(EM_NAME)},
#ifdef EM_ISAS
EM_ISAS(EM_DECLARE)
#else
#define EM_ISAS(isa)
#endif
#define MODEL(name_, ...)                                                                                  \
    extern const em_model EM_MODEL_SYMBOL(name_);                                                          \
    const em_model EM_MODEL_SYMBOL(name_) = {                                                                 \
        EM_DESCRIPTION(name_), .has_state = EM_HAS_STATE, .kernels = {EM_ISAS(EM_KERNEL)}, __VA_ARGS__};
#else
#define MODEL(name_, ...) _Static_assert(1, #name_);
#endif
#endif
