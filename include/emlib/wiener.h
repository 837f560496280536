/* The diffusion decision model: a Wiener process with unit noise and a drift starts between two boundaries; the one that it
 * reaches first is the response, and when it does is the response time. Included by model.h, where its use is described.
 *
 * With boundaries 0 and a, start w a and drift v, the density of leaving at 0 at time t is
 *   exp(-v a w - v^2 t/2) / a^2  g(a^2/t, w),
 * and that of leaving at a is the same with 1 - w for w and -v for v. g belongs to boundaries 0 and 1, no drift and time 1/r:
 *   g(r, w) = sqrt(r^3 / (2 pi)) sum over all k of (w + 2k) exp(-r (w + 2k)^2 / 2)                          (images)
 *           = pi sum over k >= 1 of k sin(k pi w) exp(-k^2 pi^2 / (2 r))                                    (waves)
 * Feller 1968, An Introduction to Probability Theory and its Applications, vol. 1, ch. XIV; Navarro & Fuss 2009, J Math
 * Psychol 53:222. Images converge for large r, waves for small r; one takes over from the other at r = 2, where seven images
 * or three waves are enough. Both sums are divided by their first term, so that no time is too short or too long.
 *
 * log g, so the relative error of g, is right to 4e-13 or, where that is more, to 1e-18/min(w, 1-w); its derivatives nearly
 * so (tests/ops_list.h). Domain: r > 0, 0 < w < 1. Near w = 1 g vanishes, and 1 - w would have lost its digits: it is given
 * apart, as `rest`. */
#ifndef EMLIB_WIENER_H
#define EMLIB_WIENER_H

/* Adds the image at m = w + 2k to a sum; e = exp(-r d), d = (m^2 - w^2)/2 = 2k (k + w). */
EM_INLINE void em_add_image(em_jet2 *sum, em_v r, int k, em_v m, em_v d, em_v e)
{
    em_v b = 2.0 * k * r, me = m * e, dme = d * me, by_w = e - b * me;
    sum->f00 += me;
    sum->f10 -= dme;
    sum->f01 += by_w;
    sum->f20 += d * dme;
    sum->f11 -= 2.0 * k * me + d * by_w;
    sum->f02 -= b * (e + by_w);
}

/* log g taken apart: plain + log(factor * sum). The derivatives of log(factor) are in plain. */
typedef struct { em_jet2 plain, sum; em_v factor; } em_series;

/* g by images. Their exponentials are products of two: that of the first image to the left, and powers of those. */
EM_INLINE em_series em_images(em_v r, em_v w, em_v rest)
{
    em_v less = EM_SLEEF(expm1, u10)(-2.0 * rest * r), left = 1.0 + less, right = em_exp(-2.0 * w * r);
    em_v pace = left * right, odd = pace, even = em_all(1); /* exp(-2 r) and its powers 2k - 1 and 2k - 2 */
    em_v minus = left, plus = odd * right;
    em_jet2 sum = {.f01 = em_all(1)};
    em_add_image(&sum, r, -1, w - 2.0, 2.0 * rest, minus);
    /* w + (w - 2) left, twice, because near 0 w has all its digits, near 1 1 - w has, and there the two terms cancel */
    sum.f00 = em_blend(w < 0.5, w + (w - 2.0) * left, -less - rest * (1.0 + left));
    em_add_image(&sum, r, 1, w + 2.0, 2.0 * (1.0 + w), plus);
    EM_UNROLL for (int k = 2; k <= 3; k++)
    {
        odd *= pace * pace;
        even *= pace * pace;
        minus *= even * left;
        plus *= odd * right;
        em_add_image(&sum, r, -k, w - 2.0 * k, 2.0 * k * (k - 1 + rest), minus);
        em_add_image(&sum, r, k, w + 2.0 * k, 2.0 * k * (k + w), plus);
    }
    em_v i = 1.0 / r;
    const double log_root_two_pi = 0x1.d67f1c864beb5p-1;
    return (em_series){
        .plain = {.f00 = -0.5 * w * w * r - log_root_two_pi, .f10 = 1.5 * i - 0.5 * w * w, .f01 = -w * r,
                  .f20 = -1.5 * i * i, .f11 = -w, .f02 = -r},
        .sum = sum, .factor = r * em_sqrt(r)};
}

/* sin(pi x) and cos(pi x) for x from 0 to 1/2, by Taylor's series up to 1/4 and the other one beyond */
EM_INLINE void em_sin_cos_pi(em_v x, em_v *sine, em_v *cosine)
{
    em_m beyond = x > 0.25;
    em_v y = 0x1.921fb54442d18p1 * em_blend(beyond, 0.5 - x, x), z = y * y, s = em_all(1), c = em_all(1);
    EM_UNROLL for (int n = 8; n >= 1; n--)
    {
        s = 1.0 - (z * (1.0 / (2 * n * (2 * n + 1)))) * s;
        c = 1.0 - (z * (1.0 / (2 * n * (2 * n - 1)))) * c;
    }
    *sine = em_blend(beyond, c, y * s);
    *cosine = em_blend(beyond, y * s, c);
}

/* g by waves. With u = 1/r and q = exp(-pi^2 u/2) wave k is k sin(k pi w) q^(k^2), and q is taken out. */
EM_INLINE em_series em_waves(em_v r, em_v w, em_v rest)
{
    const double pi = 0x1.921fb54442d18p1, half = 0.5 * pi * pi;
    em_m high = w > 0.5;
    em_v u = 1.0 / r, q = em_exp(-half * u), s, c;
    em_sin_cos_pi(em_blend(high, rest, w), &s, &c);
    c = em_blend(high, -c, c);
    em_v s2 = 2.0 * s * c, c2 = 1.0 - 2.0 * s * s, s3 = s * (3.0 - 4.0 * s * s), c3 = c * (1.0 - 4.0 * s * s);
    em_v q2 = q * q * q, q3 = q2 * q2 * (q * q); /* q to the powers 3 and 8 */
    em_v a2 = 2.0 * q2 * s2, a3 = 3.0 * q3 * s3, b2 = 2.0 * q2 * c2, b3 = 3.0 * q3 * c3;
    /* the sum over k of k sin(k pi w) q^(k^2 - 1) and its derivatives in u and w */
    em_v by_u = -half * (3.0 * a2 + 8.0 * a3), by_uu = half * half * (9.0 * a2 + 64.0 * a3);
    em_v by_w = pi * (c + 2.0 * b2 + 3.0 * b3), by_uw = -pi * half * (6.0 * b2 + 24.0 * b3);
    em_v by_ww = -pi * pi * (s + 4.0 * a2 + 9.0 * a3), uu = u * u;
    return (em_series){
        .plain = {.f00 = -half * u, .f10 = half * uu, .f20 = -2.0 * half * uu * u},
        .sum = {.f00 = s + a2 + a3, .f10 = -uu * by_u, .f01 = by_w,
                .f20 = uu * u * (u * by_uu + 2.0 * by_u), .f11 = -uu * by_uw, .f02 = by_ww},
        .factor = em_all(pi)};
}

EM_INLINE em_jet2 em_blend_jet2(em_m m, em_jet2 a, em_jet2 b)
{
    return (em_jet2){em_blend(m, a.f00, b.f00), em_blend(m, a.f10, b.f10), em_blend(m, a.f01, b.f01),
                     em_blend(m, a.f20, b.f20), em_blend(m, a.f11, b.f11), em_blend(m, a.f02, b.f02)};
}
EM_INLINE em_jet2 em_jet_log_g(em_v r, em_v w, em_v rest)
{
    em_m early = r > 2.0;
    em_series g = {.factor = em_all(1)};
    if (em_any(early))
        g = em_images(r, w, rest);
    if (em_any(~early)) {
        em_series late = em_waves(r, w, rest);
        g.plain = em_blend_jet2(early, g.plain, late.plain);
        g.sum = em_blend_jet2(early, g.sum, late.sum);
        g.factor = em_blend(early, g.factor, late.factor);
    }
    em_v i = 1.0 / g.sum.f00, by_r = g.sum.f10 * i, by_w = g.sum.f01 * i;
    return (em_jet2){.f00 = g.plain.f00 + em_log(g.factor * g.sum.f00),
                     .f10 = g.plain.f10 + by_r,
                     .f01 = g.plain.f01 + by_w,
                     .f20 = g.plain.f20 + (g.sum.f20 * i - by_r * by_r),
                     .f11 = g.plain.f11 + (g.sum.f11 * i - by_r * by_w),
                     .f02 = g.plain.f02 + (g.sum.f02 * i - by_w * by_w)};
}
EM_INLINE real em_log_g(real r, real w, em_v rest) { return em_chain2(r, w, em_jet_log_g(r.v, w.v, rest)); }

/* A time at which the process, were there no other boundary, first reaches one at this distance, given that it does;
 * speed is the size of the drift. Inverse Gaussian: Michael, Schucany & Haas 1976, Am Stat 30:88, in a form that does not
 * cancel and holds for speed 0, too. */
EM_INLINE double em_draw_passage(const em_run *em, double distance, double speed)
{
    const double z = em_normal(em), h = 0.5 * z * z / (distance * distance), i = speed / distance;
    const double root = 1 / (i + h + __builtin_sqrt(h * (h + 2 * i)));
    return em_uniform(em) * (1 + root * i) < 1 ? root : 1 / (i * i * root);
}

/* Time of leaving; *upper which boundary. The density of leaving at a boundary is never above that of reaching it with the
 * other one taken away, and the ratio does not depend on the drift. Those two are drawn from, each with its own probability
 * of being reached at all, and a draw is kept with this ratio. Exact; more than half of all draws are kept, because one of
 * the two boundaries is reached for certain. NaN where rounding lets nothing through. */
EM_INLINE double em_draw_leaving(const em_run *em, double a, double w, double v, int *upper)
{
    const double speed = v < 0 ? -v : v, to_lower = a * w, to_upper = a * (1 - w);
    const double lower_reached = v > 0 ? em_exp(em_all(-2 * v * to_lower))[0] : 1;
    const double upper_reached = v < 0 ? em_exp(em_all(2 * v * to_upper))[0] : 1;
    for (int i = 0; i < 1000; i++) {
        *upper = em_uniform(em) * (lower_reached + upper_reached) < upper_reached;
        const double near = *upper ? 1 - w : w, t = em_draw_passage(em, *upper ? to_upper : to_lower, speed), r = a * a / t;
        em_v log_g = em_jet_log_g(em_all(r), em_all(near), em_all(*upper ? w : 1 - w)).f00;
        const double alone = em_log(em_all(near * r * __builtin_sqrt(r)))[0] - 0.5 * near * near * r - 0x1.d67f1c864beb5p-1;
        if (em_uniform(em) < em_exp(log_g - alone)[0])
            return t;
    }
    return __builtin_nan("");
}

/* Scores time and choice at once, as the later of the two responses: both count whenever it does. */
EM_INLINE data em_respond_wiener(em_run *em, int rt, int choice, int response, real boundary, real bias, real drift, real tau)
{
    if (em_drawing(em)) {
        int upper;
        em->row[rt] = tau.v[0] + em_draw_leaving(em, boundary.v[0], bias.v[0], drift.v[0], &upper);
        em->row[choice] = upper;
    }
    data c = em_cell(em, choice);
    em_m upper = c.v == 1.0;
    em_v one = em_all(1), none = em_all(0);
    data away = {em_blend(upper, one, -one)}; /* +1: up */
    real t = em_sub_dr(em_cell(em, rt), tau);
    em_m too_early = t.v <= 0.0;
    t.v = em_blend(too_early, one, t.v);
    real w = em_add_dr((data){em_blend(upper, one, none)}, em_mul_rd(bias, (data){-away.v}));
    em_v rest = em_blend(upper, bias.v, 1.0 - bias.v);
    real log_g = em_log_g(em_div_rr(em_square_r(boundary), t), w, rest);
    real drifted = em_mul_rr(drift, em_sub_rr(em_mul_rd(em_mul_rr(boundary, w), away), em_mul_nr(0.5, em_mul_rr(drift, t))));
    real log_density = em_sub_rr(em_add_rr(log_g, drifted), em_mul_nr(2, em_log_r(boundary)));
    em_v impossible = (em_v)((em_m){0} + INT64_MIN / 2048); /* -infinity, by its bits: the compiler is told there is none */
    em_score(em, response, log_density, (em_jet){em_blend(too_early, impossible, log_density.v), one, none});
    return c;
}
#define respond_wiener(rt, choice, boundary, bias, drift, tau)                                                \
    em_respond_wiener(em, EM_COL_##rt, EM_COL_##choice,                                                      \
                      EM_RESPONSE_OF_##rt > EM_RESPONSE_OF_##choice ? EM_RESPONSE_OF_##rt : EM_RESPONSE_OF_##choice, \
                      as_real(boundary), as_real(bias), as_real(drift), as_real(tau))
#endif
