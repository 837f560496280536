/* dd_cs: constant-sensitivity discounting: exponential in a delay that is felt as a power of itself. Ebert & Prelec 2007. */
#define PARAMETERS(parameter)                                                                      \
    parameter(r, logistic, "discount rate (impatience), per unit of delay", .mu = -4, .var = 4)    \
    parameter(s, scaled(10), "sensitivity to time, 1 = exponential discounting", .mu = -2, .var = 2) \
    parameter(beta, scaled(5), "inverse temperature, per unit of amount")
#include "delay.h"

EM_INLINE real discounted(const parameters *p, data amount, data delay)
{
    return mul(amount, exp(neg(power(mul(p->r, delay), p->s))));
}

NO_STATE

TRIAL(p, s) { sooner_or_later(em, p, p->beta); }

MODEL(dd_cs, .family = "delay discounting", .task = "delays",
      .about = "constant-sensitivity discounting: impatience and sensitivity to time told apart",
      .reference = "Ebert & Prelec 2007, Manage Sci 53:1423",
      .equations = "V = amount exp(-(r delay)^s)\n" DELAY_CHOICE)
