/* igt_vpp: value plus perseverance: igt_pvl_delta, and choices that are repeated or left after gains and losses.
 * Worthy, Pang & Byrne 2013, Front Psychol 4:640. Choices show only theta w, theta (1 - w) epP and theta (1 - w) epN: four
 * parameters of which three can be told. */
#define PARAMETERS(parameter)                                                \
    parameter(A, logistic, "learning rate")                                  \
    parameter(alpha, scaled(2), "curvature of utility, 1 = linear")          \
    parameter(cons, scaled(5), "consistency of choice, 0 = at random")       \
    parameter(lambda, scaled(10), "loss aversion, 1 = none")                 \
    parameter(epP, identity, "what a gain adds to the perseverance of the deck chosen") \
    parameter(epN, identity, "what a loss adds to it")                       \
    parameter(K, logistic, "what perseverance keeps from trial to trial")    \
    parameter(w, logistic, "weight of expectancy against perseverance")
#define LATENTS(latent)                                   \
    latent(value, "expectancy of the deck chosen")         \
    latent(perseverance, "perseverance of the deck chosen") \
    latent(utility, "utility of the outcome")             \
    latent(pe, "prediction error")
#include "igt.h"

STATE { real e[4], pers[4]; };

START(p, s)
{
    fill(s->e, 0);
    fill(s->pers, 0);
}

TRIAL(p, s)
{
    real v[4];
    each(k, 4) v[k] = add(s->pers[k], mul(p->w, sub(s->e[k], s->pers[k])));
    data c = choose(choice, consistency(p->cons), v);
    data x = observe(outcome);
    real u = utility_of(x, p->alpha, p->lambda), impact = select(below(x, 0), p->epN, p->epP);
    real value = pick(s->e, c), pe = sub(u, value);
    report(value, value);
    report(perseverance, pick(s->pers, c));
    report(utility, u);
    report(pe, pe);

    put(s->e, c, add(value, mul(p->A, pe)));
    each(k, 4) s->pers[k] = add(mul(p->K, s->pers[k]), select(equals(c, k), impact, 0));
}

MODEL(igt_vpp, .family = "Iowa gambling", .task = "iowa",
      .about = "value plus perseverance: as igt_pvl_delta, with a tendency to stay that follows gains and losses; of cons, "
                "w, epP and epN only three can be told from choices",
      .reference = "Worthy, Pang & Byrne 2013, Front Psychol 4:640",
      .equations = IGT_UTILITY IGT_CHOICE("V") "V[k] = w E[k] + (1 - w) P[k]\n"
                   "E[choice] += A (u - E[choice])\n"
                   "P[k] *= K for every deck k, then P[choice] += epP where outcome >= 0, else epN;  E and P start at 0")
