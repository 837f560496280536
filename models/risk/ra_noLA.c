/* ra_noLA: ra_prospect without loss aversion. Sokol-Hessner et al. 2009. */
#define PARAMETERS(parameter)                                       \
    parameter(rho, exp, "curvature of utility, 1 = linear")         \
    parameter(tau, exp, "inverse temperature, per unit of utility")
#include "gamble.h"

NO_STATE

TRIAL(p, s)
{
    gamble_or_sure(em, power(observe(gain), p->rho), power(observe(loss), p->rho), power(observe(cert), p->rho), p->tau);
}

MODEL(ra_noLA, .family = "risk", .task = "gambles",
      .about = "as ra_prospect without loss aversion: losses weigh as much as gains",
      .reference = "Sokol-Hessner et al. 2009, PNAS 106:5035",
      .equations = "U_gamble = 0.5 gain^rho - 0.5 loss^rho;  U_sure = cert^rho;  0^rho = 0\n" GAMBLE_CHOICE)
