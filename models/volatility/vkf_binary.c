/* vkf_binary: volatile Kalman filter for events. Piray & Daw 2020, PLoS Comput Biol 16:e1007963. */
#define PARAMETERS(parameter)                                              \
    parameter(lambda, logistic, "how fast volatility is learned")          \
    parameter(v0, exp, "volatility at the beginning")                      \
    parameter(omega, exp, "noise of events")                               \
    parameter(beta, exp, "inverse temperature")
#define LATENTS(latent)                                                    \
    latent(prediction, "probability of event 1 before it is seen") latent(volatility, "volatility before") \
    latent(rate, "learning rate") latent(pe, "prediction error")
#include "volatility.h"
#include "vkf.h"

STATE { real m, w, v; };

START(p, s)
{
    s->m = as_real(0);
    s->w = p->omega;
    s->v = p->v0;
}

TRIAL(p, s)
{
    choose_binary(choice, mul(p->beta, s->m));
    real prediction = logistic(s->m), pe = sub(observe(outcome), prediction);
    real rate = sqrt(add(s->w, s->v)), m = add(s->m, mul(rate, pe));
    report(prediction, prediction);
    report(volatility, s->v);
    report(rate, rate);
    report(pe, pe);
    vkf_uncertainty(&s->w, &s->v, sub(m, s->m), p->omega, p->lambda);
    s->m = m;
}

MODEL(vkf_binary, .family = "volatility", .task = "events", .about = "volatile Kalman filter for events that come or not",
      .reference = "Piray & Daw 2020, PLoS Comput Biol 16:e1007963",
      .equations = "p(choice = 1) = logistic(beta m)\n"
                   "m' = m + sqrt(w + v) (outcome - logistic(m));  k = (w + v)/(w + v + omega)\n" VKF_UNCERTAINTY
                   "m starts at 0, w at omega, v at v0")
