/* dd_hyperbolic: hyperbolic delay discounting. Mazur 1987. */
#define PARAMETERS(parameter)                                        \
    parameter(k, exp, "discount rate, per unit of delay")            \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#define COLUMNS(column)                                                        \
    column(amount_sooner, input, number, "amount of the sooner option")        \
    column(delay_sooner, input, at_least(0), "delay of the sooner option")     \
    column(amount_later, input, number, "amount of the later option")          \
    column(delay_later, input, at_least(0), "delay of the later option")       \
    column(choice, response, codes(2, "0 = sooner, 1 = later"), "option chosen")
#define LATENTS(latent)                                \
    latent(value_sooner, "discounted value, sooner option") \
    latent(value_later, "discounted value, later option")
#include "emlib/model.h"

static inline real discounted(data amount, data delay, real k) { return div(amount, add(1, mul(k, delay))); }

NO_STATE

TRIAL(p, s)
{
    real sooner = discounted(observe(amount_sooner), observe(delay_sooner), p->k);
    real later = discounted(observe(amount_later), observe(delay_later), p->k);
    choose_binary(choice, mul(p->beta, sub(later, sooner)));

    report(value_sooner, sooner);
    report(value_later, later);
}

MODEL(dd_hyperbolic, .family = "delay discounting", .task = "delays",
      .about = "hyperbolic discounting of delayed amounts",
      .reference = "Mazur 1987, An adjusting procedure for studying delayed reinforcement",
      .equations = "V = amount / (1 + k delay)\n"
                   "p(later) = logistic(beta (V_later - V_sooner))")
