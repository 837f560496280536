/* ra_noRA: ra_prospect without curvature of utility. Tom, Fox, Trepel & Poldrack 2007. */
#define PARAMETERS(parameter)                                       \
    parameter(lambda, exp, "loss aversion, 1 = none")               \
    parameter(tau, exp, "inverse temperature, per unit of amount")
#include "gamble.h"

NO_STATE

TRIAL(p, s)
{
    gamble_or_sure(em, as_real(observe(gain)), mul(p->lambda, observe(loss)), as_real(observe(cert)), p->tau);
}

MODEL(ra_noRA, .family = "risk", .task = "gambles",
      .about = "as ra_prospect with linear utility: loss aversion alone",
      .reference = "Sokol-Hessner et al. 2009, PNAS 106:5035; Tom et al. 2007, Science 315:515",
      .equations = "U_gamble = 0.5 gain - 0.5 lambda loss;  U_sure = cert\n" GAMBLE_CHOICE)
