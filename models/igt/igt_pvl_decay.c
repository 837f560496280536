/* igt_pvl_decay: as igt_pvl_delta, but expectancies fade and outcomes add to them. Ahn et al. 2008; Erev & Roth 1998. */
#define PARAMETERS(parameter)                                                \
    parameter(A, logistic, "what an expectancy keeps from trial to trial")   \
    parameter(alpha, scaled(2), "curvature of utility, 1 = linear")          \
    parameter(cons, scaled(5), "consistency of choice, 0 = at random")       \
    parameter(lambda, scaled(10), "loss aversion, 1 = none")
#define LATENTS(latent)                           \
    latent(value, "expectancy of the deck chosen") \
    latent(utility, "utility of the outcome")
#include "igt.h"

STATE { real e[4]; };

START(p, s) { fill(s->e, 0); }

TRIAL(p, s)
{
    data c = choose(choice, consistency(p->cons), s->e);
    real u = utility_of(observe(outcome), p->alpha, p->lambda);
    report(value, pick(s->e, c));
    report(utility, u);

    each(k, 4) s->e[k] = add(mul(p->A, s->e[k]), select(equals(c, k), u, 0));
}

MODEL(igt_pvl_decay, .family = "Iowa gambling", .task = "iowa",
      .about = "prospect valence learning with decay: expectancies fade, what the deck chosen brings adds to its own",
      .reference = "Ahn et al. 2008, Cogn Sci 32:1376; Erev & Roth 1998, Am Econ Rev 88:848",
      .equations = IGT_UTILITY IGT_CHOICE("E") "E[k] *= A for every deck k, then E[choice] += u;  E starts at 0")
