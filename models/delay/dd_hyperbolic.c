/* dd_hyperbolic: hyperbolic delay discounting. Mazur 1987. */
#define PARAMETERS(parameter)                                        \
    parameter(k, exp, "discount rate, per unit of delay")            \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#include "delay.h"

EM_INLINE real discounted(const parameters *p, data amount, data delay)
{
    return div(amount, add(1, mul(p->k, delay)));
}

NO_STATE

TRIAL(p, s) { sooner_or_later(em, p, p->beta); }

MODEL(dd_hyperbolic, .family = "delay discounting", .task = "delays",
      .about = "hyperbolic discounting of delayed amounts",
      .reference = "Mazur 1987, An adjusting procedure for studying delayed reinforcement",
      .equations = "V = amount / (1 + k delay)\n" DELAY_CHOICE)
