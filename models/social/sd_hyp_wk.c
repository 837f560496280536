/* sd_hyp_wk: hyperbolic social discounting with a weight of the other. Jones & Rachlin 2006. */
#define PARAMETERS(parameter)                                                              \
    parameter(w_other, scaled(20), "weight of an amount for another at distance 0, 1 = as for oneself", .mu = -3, .var = 2) \
    parameter(k, scaled(20), "discount rate, per unit of social distance", .mu = -5, .var = 4) \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#include "sharing.h"

EM_INLINE real worth(const parameters *p, data amount, data distance)
{
    return div(mul(p->w_other, amount), add(1, mul(p->k, distance)));
}

NO_STATE

TRIAL(p, s) { selfish_or_prosocial(em, p); }

MODEL(sd_hyp_wk, .family = "social discounting", .task = "sharing",
      .about = "hyperbolic discounting of another's amount by social distance, with a weight; " SHARING_SCALE,
      .reference = "Jones & Rachlin 2006, Psychol Sci 17:283",
      .equations = "U = w_other amount / (1 + k distance)\n" SHARING_CHOICE)
