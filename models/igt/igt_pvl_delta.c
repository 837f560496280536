/* igt_pvl_delta: prospect valence learning with the delta rule. Ahn et al. 2008. */
#define PARAMETERS(parameter)                                                \
    parameter(A, logistic, "learning rate")                                  \
    parameter(alpha, scaled(2), "curvature of utility, 1 = linear")          \
    parameter(cons, scaled(5), "consistency of choice, 0 = at random")       \
    parameter(lambda, scaled(10), "loss aversion, 1 = none")
#define LATENTS(latent)                           \
    latent(value, "expectancy of the deck chosen") \
    latent(utility, "utility of the outcome")     \
    latent(pe, "prediction error")
#include "igt.h"

STATE { real e[4]; };

START(p, s) { fill(s->e, 0); }

TRIAL(p, s)
{
    data c = choose(choice, consistency(p->cons), s->e);
    real u = utility_of(observe(outcome), p->alpha, p->lambda);
    real value = pick(s->e, c), pe = sub(u, value);
    put(s->e, c, add(value, mul(p->A, pe)));

    report(value, value);
    report(utility, u);
    report(pe, pe);
}

MODEL(igt_pvl_delta, .family = "Iowa gambling", .task = "iowa",
      .about = "prospect valence learning: utility of outcomes, learned by the delta rule",
      .reference = "Ahn et al. 2008, Cogn Sci 32:1376",
      .equations = IGT_UTILITY IGT_CHOICE("E") "E[choice] += A (u - E[choice]);  E starts at 0")
