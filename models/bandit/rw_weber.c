/* rw_weber: learning with noise in proportion to the error, as in Weber's law. Findling, Skvortsova, Dromnelle, Palminteri & Wyart
 * 2019, Nat Neurosci 22:2066. Their likelihood needs particle filters. Here each value is a Gaussian of which mean and variance are
 * carried on (noise of different trials is independent, and choices tell nothing about it), and the softmax over it is taken by the
 * usual approximation of a logistic-normal integral (MacKay 1992, Neural Comput 4:720). */
#define PARAMETERS(parameter)                    \
    parameter(alpha, logistic, "learning rate")  \
    parameter(beta, exp, "inverse temperature")  \
    parameter(zeta, logistic, "learning noise: its sd over the size of the prediction error", .mu = -1)
#define COLUMNS(column)                                       \
    column(choice, response, codes(2, NULL), "option chosen") \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                                       \
    latent(value, "mean value of the option chosen") latent(pe, "mean prediction error") \
    latent(sd, "standard deviation of the difference of the two values")
#include "emlib/model.h"

STATE { real mean[2], var[2]; };

START(p, s)
{
    fill(s->mean, 0);
    fill(s->var, 0);
}

TRIAL(p, s)
{
    const double eighth_of_pi = 0.39269908169872415;
    real var = add(s->var[0], s->var[1]), spread = add(1, mul(mul(eighth_of_pi, square(p->beta)), var));
    data c = choose_binary(choice, div(mul(p->beta, sub(s->mean[1], s->mean[0])), sqrt(spread)));
    real mean = pick(s->mean, c), own = pick(s->var, c), pe = sub(observe(reward), mean);
    real noise = mul(square(p->zeta), add(square(pe), own));
    put(s->mean, c, add(mean, mul(p->alpha, pe)));
    /* without a bound it can double on each trial */
    put(s->var, c, min(1e6, add(mul(square(sub(1, p->alpha)), own), noise)));

    report(value, mean);
    report(pe, pe);
    report(sd, sqrt(var));
}

MODEL(rw_weber, .family = "bandit", .task = "bandit",
      .about = "learning with noise in proportion to the error (Gaussian approximation), two options",
      .reference = "Findling et al. 2019, Nat Neurosci 22:2066; MacKay 1992, Neural Comput 4:720",
      .equations = "Q[choice] += alpha d + noise;  d = reward - Q[choice], noise ~ Normal(0, (zeta d)^2)\n"
                   "as mean m and variance v of each Q, both 0 at first: with d = reward - m[choice],\n"
                   "v[choice] = (1 - alpha)^2 v[choice] + zeta^2 (d^2 + v[choice]), at most 1e6;  m[choice] += alpha d\n"
                   "p(choice = 1) = logistic(beta (m[1] - m[0]) / sqrt(1 + pi/8 beta^2 (v[0] + v[1])))")
