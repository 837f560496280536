/* dd_quasi_hyperbolic: exponential discounting, and a penalty for everything that is not immediate. Laibson 1997.
 * The two parameters can only be told apart when the sooner option is itself delayed on some trials. */
#define PARAMETERS(parameter)                                                                         \
    parameter(beta, logistic, "present bias: what any delay leaves of a value, 1 = no bias")          \
    parameter(delta, logistic, "discount factor: what one unit of delay leaves", .mu = 4, .var = 4)   \
    parameter(tau, exp, "inverse temperature, per unit of amount")
#include "delay.h"

EM_INLINE real discounted(const parameters *p, data amount, data delay)
{
    return mul(amount, mul(select(above(delay, 0), p->beta, 1), power(p->delta, delay)));
}

NO_STATE

TRIAL(p, s) { sooner_or_later(em, p, p->tau); }

MODEL(dd_quasi_hyperbolic, .family = "delay discounting", .task = "front_end_delays",
      .about = "beta-delta discounting: exponential, with a bias for what is immediate; beta is the present bias here, tau the "
               "inverse temperature",
      .reference = "Laibson 1997, Q J Econ 112:443; McClure et al. 2004, Science 306:503",
      .equations = "V = amount where delay = 0, else beta delta^delay amount\n"
                   "p(later) = logistic(tau (V_later - V_sooner))")
