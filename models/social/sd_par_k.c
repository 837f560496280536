/* sd_par_k: parabolic social discounting. Task: Jones & Rachlin 2006; form: Hartmann et al. 2013, there of effort. */
#define PARAMETERS(parameter)                                                              \
    parameter(k, scaled(20), "what distance takes away, per unit of social distance squared", .mu = -8, .var = 4) \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#include "sharing.h"

EM_INLINE real worth(const parameters *p, data amount, data distance)
{
    return select(above(amount, 0), sub(amount, mul(p->k, square(distance))), 0);
}

NO_STATE

TRIAL(p, s) { selfish_or_prosocial(em, p); }

MODEL(sd_par_k, .family = "social discounting", .task = "sharing",
      .about = "another's amount loses value with the square of social distance; " SHARING_SCALE,
      .reference = "Jones & Rachlin 2006, Psychol Sci 17:283; Hartmann et al. 2013, Behav Processes 100:192",
      .equations = "U = amount - k distance^2;  0 where the other gets nothing\n" SHARING_CHOICE)
