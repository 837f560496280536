/* ra_prospect: prospect theory for a mixed gamble against a sure amount. Sokol-Hessner et al. 2009. */
#define PARAMETERS(parameter)                                       \
    parameter(rho, exp, "curvature of utility, 1 = linear")         \
    parameter(lambda, exp, "loss aversion, 1 = none")               \
    parameter(tau, exp, "inverse temperature, per unit of utility")
#define COLUMNS(column)                                                             \
    column(gain, input, at_least(0), "amount won if the gamble goes well")          \
    column(loss, input, at_least(0), "amount lost if it goes badly, as a positive number") \
    column(cert, input, at_least(0), "sure amount")                                 \
    column(choice, response, codes(2, "0 = sure amount, 1 = gamble"), "option chosen")
#define LATENTS(latent)                      \
    latent(u_gamble, "utility of the gamble") \
    latent(u_sure, "utility of the sure amount")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s)
{
    real win = power(observe(gain), p->rho), lose = power(observe(loss), p->rho);
    real gamble = mul(0.5, sub(win, mul(p->lambda, lose)));
    real sure = power(observe(cert), p->rho);
    choose_binary(choice, mul(p->tau, sub(gamble, sure)));

    report(u_gamble, gamble);
    report(u_sure, sure);
}

MODEL(ra_prospect, .family = "risk", .task = "gambles",
      .about = "prospect theory: an even gamble with a gain and a loss against a sure amount",
      .reference = "Sokol-Hessner et al. 2009, PNAS 106:5035",
      .equations = "U_gamble = 0.5 gain^rho - 0.5 lambda loss^rho;  U_sure = cert^rho;  0^rho = 0\n"
                   "p(gamble) = logistic(tau (U_gamble - U_sure))")
