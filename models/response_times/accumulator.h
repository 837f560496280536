/* A linear ballistic accumulator: it starts somewhere between 0 and A, uniformly, and rises along a line, whose slope is normal
 * with mean v and standard deviation 1, to the threshold b. Brown & Heathcote 2008, Cogn Psychol 57:153.
 *
 * Written by slopes: to finish at time t it needs one between d1 = (b - A)/t and d2 = b/t, so with W = d2 - d1 = A/t and
 * z = d - v, phi and Phi those of the normal distribution,
 *   density of t  =  I / A,  I = integral of d phi(d - v) over d from d1 to d2
 *   not yet at t  =  J / W,  J = integral of Phi(z) over z from d1 - v to d2 - v,
 * which are the paper's equations. They have closed forms, differences of almost equal numbers where W is small: there I is a
 * Gauss-Legendre sum and J a series. Both are relative to phi at their largest, so that no time is too short or too long.
 * Included after emlib/model.h. */
#ifndef ACCUMULATOR_H
#define ACCUMULATOR_H
#include "chain.h"

static const double root_two_pi = 0x1.40d931ff62706p1;
typedef struct { em_v m, h; } mills; /* at z >= 0: m = (1 - Phi(z)) / phi(z), h = 1 - z m, phi without 1/sqrt(2 pi) in both */

/* From erfc; beyond 6 by Laplace's continued fraction, as in model.h. */
EM_INLINE mills mills_of(em_v z)
{
    em_m far = z > 6.0;
    em_v near = em_blend(far, em_all(6), z), m = 0.5 * root_two_pi * em_erfc(near * 0x1.6a09e667f3bcdp-1) * em_exp(0.5 * near * near);
    mills r = {m, 1.0 - near * m};
    if (em_any(far)) {
        em_v t = em_blend(far, z, em_all(6)), u = em_all(0);
        for (int n = 24; n >= 1; n--)
            u = (double)n / (t + u);
        em_v f = 1.0 / (t + u);
        r.m = em_blend(far, f, r.m);
        r.h = em_blend(far, u * f, r.h);
    }
    return r;
}
/* exp((c^2 - z^2)/2) */
EM_INLINE em_v relative_phi(em_v c, em_v z) { return em_exp(0.5 * (c - z) * (c + z)); }

/* log of a function of n arguments from its value and derivatives */
EM_INLINE void take_log(jet *f, int n, em_v log_scale)
{
    em_v i = 1.0 / f->f;
    EM_UNROLL for (int a = 0; a < n; a++)
    {
        f->by[a] *= i;
        EM_UNROLL for (int b = 0; b <= a; b++) f->by2[a * (a + 1) / 2 + b] = f->by2[a * (a + 1) / 2 + b] * i - f->by[a] * f->by[b];
    }
    f->f = em_log(f->f) + log_scale;
}
EM_INLINE em_m is_narrow(em_v width, em_v z1, em_v z2)
{
    em_v a = em_abs(z1), b = em_abs(z2);
    return width * (1.0 + em_blend(a > b, a, b)) < 0.5;
}

/* log I by (d1, W, v) */
EM_INLINE real log_finishing(real d1, real width, real v)
{
    em_v w = width.v, d2 = d1.v + w, z1 = d1.v - v.v, z2 = d2 - v.v;
    em_m right = z1 >= 0.0, left = z2 <= 0.0, narrow = is_narrow(w, z1, z2);
    em_v c = em_blend(right, z1, em_blend(left, z2, em_all(0)));
    em_v e1 = relative_phi(c, z1), e2 = relative_phi(c, z2);
    /* integrals of d, 1, d z, z, d z^2, each times phi */
    mills m1 = mills_of(em_abs(z1)), m2 = mills_of(em_abs(z2));
    em_v one1 = e1 * m1.m, one2 = e2 * m2.m;
    em_v one = em_blend(right, one1 - one2, em_blend(left, one2 - one1, root_two_pi - one1 - one2)), z = e1 - e2;
    em_v d = em_blend(right, d1.v * one1 + e1 * m1.h - d2 * one2 - e2 * m2.h,
                      em_blend(left, d2 * one2 - e2 * m2.h - d1.v * one1 + e1 * m1.h, v.v * one + z));
    em_v dz = d1.v * e1 - d2 * e2 + one, dzz = d1.v * z1 * e1 - d2 * z2 * e2 + z + d;
    if (em_any(narrow)) {
        static const double node[5] = {0.046910077030668004, 0.23076534494715845, 0.5, 0.76923465505284155, 0.953089922969332};
        static const double weight[5] = {0.11846344252809454, 0.23931433524968324, 0.28444444444444444, 0.23931433524968324,
                                         0.11846344252809454};
        em_v s_one = em_all(0), s_d = s_one, s_z = s_one, s_dz = s_one, s_dzz = s_one;
        for (int i = 0; i < 5; i++) {
            em_v zi = z1 + node[i] * w, di = d1.v + node[i] * w;
            em_v p = weight[i] * w * em_exp(em_blend(narrow, 0.5 * (c - zi) * (c + zi), em_all(0)));
            s_one += p, s_d += di * p, s_z += zi * p, s_dz += di * zi * p, s_dzz += di * zi * zi * p;
        }
        one = em_blend(narrow, s_one, one);
        d = em_blend(narrow, s_d, d);
        z = em_blend(narrow, s_z, z);
        dz = em_blend(narrow, s_dz, dz);
        dzz = em_blend(narrow, s_dzz, dzz);
    }
    em_v end = (1.0 - d2 * z2) * e2;
    jet f = {.f = d, .by = {one - dz, d2 * e2, dz}, .by2 = {dzz - 2.0 * z - d, end, end, d + z - dzz, d2 * z2 * e2, dzz - d}};
    take_log(&f, 3, -0.5 * c * c - 0x1.d67f1c864beb5p-1);
    const real at[3] = {d1, width, v};
    return chain(at, 3, &f);
}

/* log(J / W) by (z1, W) */
EM_INLINE real log_not_finished(real low, real width)
{
    em_v w = width.v, z1 = low.v, z2 = z1 + w, none = em_all(0);
    em_m narrow = is_narrow(w, z1, z2);
    em_v c = em_blend(z2 < 0.0, z2, none), e1 = relative_phi(c, z1), e2 = relative_phi(c, z2);
    mills m1 = mills_of(em_abs(z1)), m2 = mills_of(em_abs(z2));
    em_v cdf1 = em_blend(z1 < 0.0, e1 * m1.m, root_two_pi - e1 * m1.m), cdf2 = em_blend(z2 < 0.0, e2 * m2.m, root_two_pi - e2 * m2.m);
    /* integral of Phi up to z: for z >= 0 z itself and the tail; what is whole of the differences stays so */
    em_m both_right = z1 >= 0.0;
    em_v whole = root_two_pi * em_blend(both_right, w, em_blend(z2 < 0.0, none, z2));
    em_v j = whole + (e2 * m2.h - e1 * m1.h), by_low = em_blend(both_right, e1 * m1.m - e2 * m2.m, cdf2 - cdf1), twice = e2 - e1;
    if (em_any(narrow)) {
        em_v y = z1 + 0.5 * w, x = 0.25 * w * w, yy = y * y, e = em_exp(em_blend(narrow, 0.5 * (c - y) * (c + y), none));
        mills m = mills_of(em_abs(y));
        em_v cdf = em_blend(y < 0.0, e * m.m, root_two_pi - e * m.m);
        /* Hermite polynomials: the n-th derivative of phi is (-1)^n times the n-th of them times phi */
        em_v h2 = yy - 1.0, h4 = (yy - 6.0) * yy + 3.0, h6 = ((yy - 15.0) * yy + 45.0) * yy - 15.0, h1 = y, h3 = (yy - 3.0) * y,
             h5 = ((yy - 10.0) * yy + 15.0) * y, h7 = (((yy - 21.0) * yy + 105.0) * yy - 105.0) * y;
        j = em_blend(narrow, w * (cdf - e * x * (h1 / 6.0 + x * (h3 / 120.0 + x * (h5 / 5040.0 + x * h7 / 362880.0)))), j);
        em_v h8 = (((yy - 28.0) * yy + 210.0) * yy - 420.0) * yy + 105.0;
        by_low = em_blend(narrow, w * e * (1.0 + x * (h2 / 6.0 + x * (h4 / 120.0 + x * (h6 / 5040.0 + x * h8 / 362880.0)))), by_low);
        em_v h9 = ((((yy - 36.0) * yy + 378.0) * yy - 1260.0) * yy + 945.0) * y;
        twice = em_blend(narrow, -w * e * (h1 + x * (h3 / 6.0 + x * (h5 / 120.0 + x * (h7 / 5040.0 + x * h9 / 362880.0)))), twice);
    }
    jet f = {.f = j, .by = {by_low, cdf2}, .by2 = {twice, e2, e2}};
    take_log(&f, 2, -0.5 * c * c - 0x1.d67f1c864beb5p-1);
    const real at[2] = {low, width};
    return sub(chain(at, 2, &f), log(width));
}
#endif
