/* banditNarm_kalman_filter: mean and uncertainty of each drifting option by a Kalman filter. Daw, O'Doherty, Dayan, Seymour & Dolan
 * 2006, Nature 441:876. Rewards are points between 0 and 100, with observation noise of sd 4. */
#define PARAMETERS(parameter)                                                \
    parameter(lambda, logistic, "how much of a mean is left after a trial")  \
    parameter(theta, scaled(100), "centre to which means go back")           \
    parameter(beta, logistic, "inverse temperature, per point")              \
    parameter(mu0, scaled(100), "mean of every option at the beginning")     \
    parameter(s0, scaled(15), "its sd at the beginning")                     \
    parameter(sD, scaled(15), "sd of the drift in one trial")
#define COLUMNS(column)                                                      \
    column(choice, response, option, "option chosen")                        \
    column(reward, outcome, number, "points received, 0 to 100")
#define LATENTS(latent)                                                      \
    latent(value, "mean of the option chosen") latent(sd, "its uncertainty") \
    latent(gain, "Kalman gain") latent(pe, "prediction error")
#include "emlib/model.h"

STATE { real mean[OPTIONS], var[OPTIONS]; };

START(p, s)
{
    fill(s->mean, p->mu0);
    fill(s->var, square(p->s0));
}

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->mean);
    real mean = pick(s->mean, c), var = pick(s->var, c), gain = div(var, add(var, 16)), pe = sub(observe(reward), mean);
    report(value, mean);
    report(sd, sqrt(var));
    report(gain, gain);
    report(pe, pe);

    put(s->mean, c, add(mean, mul(gain, pe)));
    put(s->var, c, mul(var, sub(1, gain)));
    real back = mul(sub(1, p->lambda), p->theta), kept = square(p->lambda), drift = square(p->sD);
    each(k, OPTIONS) {
        s->mean[k] = add(mul(p->lambda, s->mean[k]), back);
        s->var[k] = add(mul(kept, s->var[k]), drift);
    }
}

MODEL(banditNarm_kalman_filter, .family = "bandit", .task = "restless",
      .about = "drifting options tracked by a Kalman filter, rewards between 0 and 100",
      .reference = "Daw et al. 2006, Nature 441:876",
      .equations = "p = softmax(beta m);  k = v[choice]/(v[choice] + 16)\n"
                   "m[choice] += k (reward - m[choice]);  v[choice] *= 1 - k\n"
                   "then for every option m = lambda m + (1 - lambda) theta and v = lambda^2 v + sD^2;  m starts at mu0, v at s0^2")
