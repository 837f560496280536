/* Uncertainty and volatility of the volatile Kalman filter. Piray & Daw 2020, PLoS Comput Biol 16:e1007963, eqs 8 to 14. */
#ifndef VKF_H
#define VKF_H
/* moved: how far the mean has moved; noise: variance of observations */
EM_INLINE void vkf_uncertainty(real *w, real *v, real moved, real noise, real lambda)
{
    real before = *w, wide = add(before, *v), left = div(noise, add(wide, noise)); /* 1 - k */
    *w = mul(left, wide);
    real seen = sub(add(add(square(moved), before), *w), mul(2, mul(left, before)));
    *v = add(*v, mul(lambda, sub(seen, *v)));
}
#define VKF_UNCERTAINTY                                                                       \
    "w' = (1 - k) (w + v);  v += lambda ((m' - m)^2 + w + w' - 2 (1 - k) w - v)\n"
#endif
