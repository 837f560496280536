/* ug_delta: ultimatum game, with a norm that follows the offers by a delta rule. Xiang et al. 2013; Gu et al. 2015. */
#define PARAMETERS(parameter)                                                          \
    parameter(alpha, scaled(20), "envy: how much an offer below the norm hurts")       \
    parameter(tau, scaled(10), "inverse temperature, per unit of utility")             \
    parameter(ep, logistic, "how fast the norm follows the offers")
#include "ultimatum.h"

STATE { real norm; };

START(p, s) { s->norm = as_real(FIRST_NORM); }

TRIAL(p, s)
{
    data amount = observe(offer);
    real short_by = max(sub(s->norm, amount), 0), u = sub(amount, mul(p->alpha, short_by));
    choose_binary(choice, mul(p->tau, u));
    report(norm, s->norm);
    report(utility, u);

    real pe = sub(amount, s->norm);
    s->norm = add(s->norm, mul(p->ep, pe));
    report(pe, pe);
}

MODEL(ug_delta, .family = "ultimatum game", .task = "ultimatum",
      .about = "ultimatum game: offers below a norm hurt, and the norm follows the offers by a delta rule",
      .reference = "Xiang, Lohrenz & Montague 2013, J Neurosci 33:1099; Gu et al. 2015, J Neurosci 35:467",
      .equations = "U = offer - alpha max(f - offer, 0);  p(accept) = logistic(tau U)\n"
                   "f += ep (offer - f), after the choice;  f starts at 10")
