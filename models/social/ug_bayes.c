/* ug_bayes: ultimatum game, with the norm of an ideal observer: the mean of the offers so far, this one included, and of a
 * prior. Xiang et al. 2013. */
#define PARAMETERS(parameter)                                                          \
    parameter(alpha, scaled(20), "envy: how much an offer below the norm hurts")       \
    parameter(beta, scaled(10), "guilt: how much an offer above the norm hurts")       \
    parameter(tau, scaled(10), "inverse temperature, per unit of utility")
#include "ultimatum.h"

STATE { data norm, counts; }; /* what the offers so far teach; the prior counts as four of them */

START(p, s)
{
    s->norm = as_data(FIRST_NORM);
    s->counts = as_data(4);
}

TRIAL(p, s)
{
    data amount = observe(offer), pe = sub(amount, s->norm);
    s->counts = add(s->counts, 1);
    s->norm = add(s->norm, div(pe, s->counts));
    data too_little = max(sub(s->norm, amount), 0), too_much = max(sub(amount, s->norm), 0);
    real u = sub(amount, add(mul(p->alpha, too_little), mul(p->beta, too_much)));
    choose_binary(choice, mul(p->tau, u));

    report(norm, s->norm);
    report(pe, pe);
    report(utility, u);
}

MODEL(ug_bayes, .family = "ultimatum game", .task = "ultimatum",
      .about = "ultimatum game: offers below and above a norm hurt, and an ideal observer learns the norm from the offers",
      .reference = "Xiang, Lohrenz & Montague 2013, J Neurosci 33:1099",
      .equations = "n += 1;  f += (offer - f)/n, before the choice;  f starts at 10 and n at 4\n"
                   "U = offer - alpha max(f - offer, 0) - beta max(offer - f, 0);  p(accept) = logistic(tau U)")
