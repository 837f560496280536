/* dd_exp: exponential delay discounting, the rule that is consistent over time. Samuelson 1937. */
#define PARAMETERS(parameter)                                                           \
    parameter(r, logistic, "discount rate, per unit of delay", .mu = -4, .var = 4)      \
    parameter(beta, scaled(5), "inverse temperature, per unit of amount")
#include "delay.h"

EM_INLINE real discounted(const parameters *p, data amount, data delay)
{
    return mul(amount, exp(neg(mul(p->r, delay))));
}

NO_STATE

TRIAL(p, s) { sooner_or_later(em, p, p->beta); }

MODEL(dd_exp, .family = "delay discounting", .task = "delays",
      .about = "exponential discounting of delayed amounts",
      .reference = "Samuelson 1937, Rev Econ Stud 4:155",
      .equations = "V = amount exp(-r delay)\n" DELAY_CHOICE)
