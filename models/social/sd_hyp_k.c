/* sd_hyp_k: hyperbolic social discounting. Jones & Rachlin 2006. */
#define PARAMETERS(parameter)                                                              \
    parameter(k, scaled(20), "discount rate, per unit of social distance", .mu = -5, .var = 4) \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#include "sharing.h"

EM_INLINE real worth(const parameters *p, data amount, data distance)
{
    return div(amount, add(1, mul(p->k, distance)));
}

NO_STATE

TRIAL(p, s) { selfish_or_prosocial(em, p); }

MODEL(sd_hyp_k, .family = "social discounting", .task = "sharing",
      .about = "hyperbolic discounting of another's amount by social distance; " SHARING_SCALE,
      .reference = "Jones & Rachlin 2006, Psychol Sci 17:283",
      .equations = "U = amount / (1 + k distance)\n" SHARING_CHOICE)
