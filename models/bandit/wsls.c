/* wsls: noisy win-stay lose-shift. Robbins 1952; Wilson & Collins 2019, eLife 8:e49547, model 2, here for K options. */
#define PARAMETERS(parameter) parameter(epsilon, logistic, "how often any option is chosen at random")
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "above 0: a win")
#include "emlib/model.h"

STATE { data last, won; }; /* choice and win on the trial before; last -1: none */

START(p, s)
{
    s->last = as_data(-1);
    s->won = as_data(0);
}

TRIAL(p, s)
{
    const double K = EM_IN_USE;
    real probability[OPTIONS], sure = sub(1, p->epsilon), any = mul(p->epsilon, 1 / K);
    each(k, OPTIONS) {
        data same = select(equals(s->last, k), 1, 0);
        data rule = select(equals(s->won, 1), same, mul(sub(1, same), 1 / (K - 1)));
        rule = select(equals(s->last, -1), 1 / K, rule);
        probability[k] = add(mul(sure, rule), any);
    }
    s->last = choose_probabilities(choice, probability);
    s->won = select(above(observe(reward), 0), 1, 0);
}

MODEL(wsls, .family = "bandit", .task = "bandit", .about = "noisy win-stay lose-shift",
      .reference = "Robbins 1952, Bull Am Math Soc 58:527; Wilson & Collins 2019, eLife 8:e49547",
      .equations = "p(choice = k) = (1 - epsilon) w[k] + epsilon/K\n"
                   "after a win w = 1 for the last choice, else 0; after a loss 0 for it and 1/(K - 1) for the others; 1/K at first")
