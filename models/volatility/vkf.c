/* vkf: volatile Kalman filter for rewards of several options, each tracked by itself when it is chosen. Piray & Daw 2020. */
#define PARAMETERS(parameter)                                              \
    parameter(lambda, logistic, "how fast volatility is learned")          \
    parameter(v0, exp, "volatility at the beginning")                      \
    parameter(sigma2, exp, "variance of rewards about their mean")         \
    parameter(beta, exp, "inverse temperature")
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                                                    \
    latent(value, "mean of the option chosen") latent(volatility, "its volatility") \
    latent(rate, "learning rate") latent(pe, "prediction error")
#include "emlib/model.h"
#include "vkf.h"

STATE { real m[OPTIONS], w[OPTIONS], v[OPTIONS]; };

START(p, s)
{
    fill(s->m, 0);
    fill(s->w, p->sigma2);
    fill(s->v, p->v0);
}

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->m);
    real m = pick(s->m, c), w = pick(s->w, c), v = pick(s->v, c), wide = add(w, v);
    real k = div(wide, add(wide, p->sigma2)), pe = sub(observe(reward), m), moved = mul(k, pe);
    report(value, m);
    report(volatility, v);
    report(rate, k);
    report(pe, pe);
    vkf_uncertainty(&w, &v, moved, p->sigma2, p->lambda);
    put(s->m, c, add(m, moved));
    put(s->w, c, w);
    put(s->v, c, v);
}

MODEL(vkf, .family = "volatility", .task = "bandit", .about = "volatile Kalman filter for rewards of several options",
      .reference = "Piray & Daw 2020, PLoS Comput Biol 16:e1007963",
      .equations = "p = softmax(beta m);  of the option chosen:\n"
                   "k = (w + v)/(w + v + sigma2);  m' = m + k (reward - m)\n" VKF_UNCERTAINTY
                   "m starts at 0, w at sigma2, v at v0")
