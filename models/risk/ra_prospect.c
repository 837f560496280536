/* ra_prospect: prospect theory for a mixed gamble against a sure amount. Sokol-Hessner et al. 2009. */
#define PARAMETERS(parameter)                                       \
    parameter(rho, exp, "curvature of utility, 1 = linear")         \
    parameter(lambda, exp, "loss aversion, 1 = none")               \
    parameter(tau, exp, "inverse temperature, per unit of utility")
#include "gamble.h"

NO_STATE

TRIAL(p, s)
{
    real win = power(observe(gain), p->rho), lose = power(observe(loss), p->rho);
    gamble_or_sure(em, win, mul(p->lambda, lose), power(observe(cert), p->rho), p->tau);
}

MODEL(ra_prospect, .family = "risk", .task = "gambles",
      .about = "prospect theory: an even gamble with a gain and a loss against a sure amount",
      .reference = "Sokol-Hessner et al. 2009, PNAS 106:5035",
      .equations = "U_gamble = 0.5 gain^rho - 0.5 lambda loss^rho;  U_sure = cert^rho;  0^rho = 0\n" GAMBLE_CHOICE)
