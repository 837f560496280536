/* What the models of an even gamble against a sure amount share. Sokol-Hessner et al. 2009, PNAS 106:5035. */
#define COLUMNS(column)                                                             \
    column(gain, input, at_least(0), "amount won if the gamble goes well")          \
    column(loss, input, at_least(0), "amount lost if it goes badly, as a positive number") \
    column(cert, input, at_least(0), "sure amount")                                 \
    column(choice, response, codes(2, "0 = sure amount, 1 = gamble"), "option chosen")
#define LATENTS(latent)                      \
    latent(u_gamble, "utility of the gamble") \
    latent(u_sure, "utility of the sure amount")
#include "emlib/model.h"

/* What winning and losing are worth (losing as a positive number), each in one of two cases, against what is sure. */
EM_INLINE void gamble_or_sure(em_run *em, real win, real lose, real sure, real tau)
{
    real gamble = mul(0.5, sub(win, lose));
    choose_binary(choice, mul(tau, sub(gamble, sure)));

    report(u_gamble, gamble);
    report(u_sure, sure);
}

#define GAMBLE_CHOICE "p(gamble) = logistic(tau (U_gamble - U_sure))"
