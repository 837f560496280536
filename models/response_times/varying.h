/* The diffusion model whose drift, starting point and non-decision time differ from trial to trial. Ratcliff & Tuerlinckx 2002,
 * Psychon Bull Rev 9:438. Drift: normal, over which the density can be integrated by hand. Starting point and non-decision
 * time: uniform, by Gauss-Legendre sums. Included after emlib/model.h. */
#ifndef VARYING_H
#define VARYING_H
#include "chain.h"
#include "race.h"

/* log density of leaving at 0 at time t, start w a, log a = l, drift of mean v and variance s, by (t, w, l, v, s):
 *   -2 l + log g(a^2/t, w) - log(D)/2 + (s m^2 - 2 v m - v^2 t) / (2 D),   D = 1 + s t, m = a w,   g as in wiener.h
 * With x = m + v t and q = v - s m the derivatives of the last two terms are short. */
enum { BY_T, BY_W, BY_L, BY_V, BY_S, NODE_ARGUMENTS };
EM_INLINE jet leaving(em_v t, em_v w, em_v rest, em_v a, em_v l, em_v v, em_v s)
{
    em_v i = 1.0 / t, r = a * a * i, m = a * w, d = 1.0 / (1.0 + s * t), d2 = d * d, x = m + v * t, q = v - s * m;
    em_jet2 g = em_jet_log_g(r, w, rest);
    em_v e_m = -q * d, e_mm = s * d, e_mt = q * s * d2, e_ms = x * d2, g_r = r * g.f10, g_rr = r * r * g.f20;
    return (jet){
        .f = g.f00 - 2.0 * l + 0.5 * (em_log(d) + (s * m * m - 2.0 * v * m - v * v * t) * d),
        .by = {[BY_T] = -g_r * i - 0.5 * (s * d + q * q * d2), [BY_W] = g.f01 + a * e_m, [BY_L] = 2.0 * g_r - 2.0 + m * e_m,
               [BY_V] = -x * d, [BY_S] = 0.5 * (x * x * d2 - t * d)},
        .by2 = {(g_rr + 2.0 * g_r) * i * i + 0.5 * s * s * d2 + q * q * s * d2 * d,                            /* t */
                a * e_mt - r * i * g.f11, g.f02 + a * a * e_mm,                                              /* w */
                m * e_mt - 2.0 * (g_rr + g_r) * i, 2.0 * r * g.f11 + a * (e_m + m * e_mm), 4.0 * (g_rr + g_r) + m * (e_m + m * e_mm),
                -q * d2, -a * d, -m * d, -t * d,                                                               /* v */
                q * x * d2 * d - 0.5 * d2, a * e_ms, m * e_ms, x * t * d2, 0.5 * t * t * d2 - x * x * t * d2 * d}};
}

/* Draws time and choice; the starting point lies up to half_range from bias, the non-decision time up to range above tau. */
EM_INLINE void draw_varying(em_run *em, int rt, int choice, double boundary, double bias, double half_range, double drift,
                            double sv, double tau, double range)
{
    int upper;
    const double v = drift + sv * em_normal(em), w = bias + half_range * (2 * em_uniform(em) - 1), t0 = tau + range * em_uniform(em);
    em->row[rt] = t0 + em_draw_leaving(em, boundary, w, v, &upper);
    em->row[choice] = upper;
}

/* Only the drift varies. */
EM_INLINE void respond_sv(em_run *em, int rt, int choice, int response, real boundary, real bias, real drift, real sv, real tau)
{
    if (em_drawing(em))
        draw_varying(em, rt, choice, number(boundary), number(bias), 0, number(drift), number(sv), number(tau), 0);
    truth early, upper = {em_cell(em, choice).v == 1.0};
    const real at[NODE_ARGUMENTS] = {time_since(em_cell(em, rt), tau, &early), select(upper, sub(1, bias), bias), log(boundary),
                                     select(upper, neg(drift), drift), square(sv)};
    const jet f = leaving(at[0].v, at[1].v, em_blend(upper.m, bias.v, 1.0 - bias.v), boundary.v, at[2].v, at[3].v, at[4].v);
    score_possible(em, response, chain(at, NODE_ARGUMENTS, &f), early);
}

/* Gauss-Legendre nodes: 5 over the starting point, on (-1, 1), and 12 over time, the squares of those on (0, 1), because the
 * density changes fastest where the time left is short; weights sum to 1. The error of the log density is about 1e-6; among the
 * fastest responses, within 0.2 s of tau, up to 1e-3 when starting points or times vary much. */
enum { STARTS = 5, TIMES = 12 };
static const double start_node[STARTS] = {
    -0.90617984593866396, -0.53846931010568311, 0, 0.53846931010568311, 0.90617984593866396};
static const double start_weight[STARTS] = {
    0.11846344252809471, 0.2393143352496831, 0.2844444444444445, 0.2393143352496831, 0.11846344252809471};
static const double time_node[TIMES] = {
    8.5002552345815797e-05, 0.0022983751314813138, 0.013236194835733074, 0.042576617713545588, 0.099909253414721982,
    0.19130414739611565, 0.31653755590758453, 0.46774075241290214, 0.62989457200016297, 0.78313886903003782,
    0.90641563150195625, 0.98164563679906491};
static const double time_weight[TIMES] = {
    0.00043494164108247464, 0.0051268179891616906, 0.018416797658634722, 0.041921774641199235, 0.073803313409282159,
    0.10897275602281359, 0.1401742897905891, 0.15968922312907249, 0.16124565208186639, 0.1416615308847114,
    0.1018125080061572, 0.046740394745429542};

/* The mean of exp(log density) over starting points w + h y and times low + r x, by (low, r, w, h, l, v, s) in that order; its
 * logarithm. Sums are kept relative to exp(top). */
EM_INLINE jet mean_leaving(em_v low, em_v r, em_v w, em_v rest, em_v h, em_v a, em_v l, em_v v, em_v s)
{
    jet sum = {.f = em_all(0)};
    for (int k = 0; k < ARGUMENTS; k++)
        sum.by[k] = em_all(0);
    for (int k = 0; k < ARGUMENT_PAIRS; k++)
        sum.by2[k] = em_all(0);
    em_v top = em_all(0);
    for (int i = TIMES - 1; i >= 0; i--)
        for (int j = 0; j < STARTS; j++) {
            const double x = time_node[i], y = start_node[j];
            const jet f = leaving(low + r * x, w + h * y, rest - h * y, a, l, v, s);
            if (i == TIMES - 1 && j == 0)
                top = f.f;
            em_m over = f.f > top + 300.0;
            if (__builtin_expect(em_any(over), 0)) {
                em_v less = em_blend(over, em_exp(em_blend(over, top - f.f, em_all(0))), em_all(1));
                top = em_blend(over, f.f, top);
                sum.f *= less;
                for (int k = 0; k < ARGUMENTS; k++)
                    sum.by[k] *= less;
                for (int k = 0; k < ARGUMENT_PAIRS; k++)
                    sum.by2[k] *= less;
            }
            em_v p = time_weight[i] * start_weight[j] * em_exp(f.f - top);
            sum.f += p;
#if EM_DERIVATIVES
            /* of which node coordinate each of the seven is part, and how much */
            static const int of[ARGUMENTS] = {BY_T, BY_T, BY_W, BY_W, BY_L, BY_V, BY_S};
            const double part[ARGUMENTS] = {1, x, 1, y, 1, 1, 1};
            em_v by[NODE_ARGUMENTS];
            EM_UNROLL for (int m = 0; m < NODE_ARGUMENTS; m++) by[m] = p * f.by[m];
            EM_UNROLL for (int m = 0; m < ARGUMENTS; m++)
            {
                sum.by[m] += part[m] * by[of[m]];
                EM_UNROLL for (int n = 0; n <= m; n++)
                    sum.by2[m * (m + 1) / 2 + n] += (part[m] * part[n]) * (p * f.by2[of[m] * (of[m] + 1) / 2 + of[n]] + by[of[m]] * f.by[of[n]]);
            }
#endif
        }
    em_v inverse_sum = 1.0 / sum.f;
    EM_UNROLL for (int m = 0; m < ARGUMENTS; m++)
    {
        sum.by[m] *= inverse_sum;
        EM_UNROLL for (int n = 0; n <= m; n++)
            sum.by2[m * (m + 1) / 2 + n] = sum.by2[m * (m + 1) / 2 + n] * inverse_sum - sum.by[m] * sum.by[n];
    }
    sum.f = top + em_log(sum.f);
    return sum;
}

EM_INLINE void respond_varying(em_run *em, int rt, int choice, int response, real boundary, real bias, real half_range,
                               real drift, real sv, real tau, real range)
{
    if (em_drawing(em))
        draw_varying(em, rt, choice, number(boundary), number(bias), number(half_range), number(drift), number(sv), number(tau),
                     number(range));
    truth early, upper = {em_cell(em, choice).v == 1.0};
    real t = time_since(em_cell(em, rt), tau, &early);
    /* Times from t - range to t, of which only those above 0 count: with u = t / range the part min(u, 1) of the range, from
     * max(u - 1, 0) on. Both are made smooth over a hundredth; what is lost are times too short to respond in. */
    const double width = 0.01;
    real u = div(t, range), over = sub(u, 1), rounded = mul(width, softplus(mul(neg(absolute(over)), 1 / width)));
    truth whole = above(over, 0);
    real part = sub(select(whole, 1, u), rounded), r = mul(range, part), low = mul(range, add(select(whole, over, 0), rounded));
    const real at[ARGUMENTS] = {low, r, select(upper, sub(1, bias), bias), half_range, log(boundary), select(upper, neg(drift), drift),
                                square(sv)};
    const jet f = mean_leaving(low.v, r.v, at[2].v, em_blend(upper.m, bias.v, 1.0 - bias.v), half_range.v, boundary.v, at[4].v,
                               at[5].v, at[6].v);
    score_possible(em, response, add(chain(at, ARGUMENTS, &f), log(part)), early);
}
#endif
