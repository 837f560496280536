/* dd_hyperboloid: hyperbola-like discounting with an exponent for how amount and delay are felt. Green & Myerson 2004. */
#define PARAMETERS(parameter)                                                            \
    parameter(k, exp, "discount rate, per unit of delay", .mu = -4, .var = 4)            \
    parameter(s, exp, "exponent, 1 = hyperbolic discounting", .mu = 0, .var = 1)         \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#include "delay.h"

EM_INLINE real discounted(const parameters *p, data amount, data delay)
{
    return mul(amount, exp(neg(mul(p->s, log1p(mul(p->k, delay))))));
}

NO_STATE

TRIAL(p, s) { sooner_or_later(em, p, p->beta); }

MODEL(dd_hyperboloid, .family = "delay discounting", .task = "delays",
      .about = "as dd_hyperbolic with an exponent of its own",
      .reference = "Green & Myerson 2004, Psychol Bull 130:769",
      .equations = "V = amount / (1 + k delay)^s\n" DELAY_CHOICE)
