/* rw_dual_sticky: learning rates by sign of the error and a tendency to repeat the last choice. Lefebvre et al. 2017; Sugawara &
 * Katahira 2021, Sci Rep 11:3574: without the one the other is found where it is not. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha_pos, logistic, "learning rate, prediction error 0 or above") \
    parameter(alpha_neg, logistic, "learning rate, prediction error below 0")    \
    parameter(beta, exp, "inverse temperature")                                  \
    parameter(stay, identity, "perseveration: what the last choice gains, in units of beta Q; below 0 it is avoided")
#include "bandit.h"

STATE {
    real q[OPTIONS];
    data last; /* -1: none */
};

START(p, s)
{
    fill(s->q, 0);
    s->last = as_data(-1);
}

TRIAL(p, s)
{
    real u[OPTIONS];
    each(k, OPTIONS) u[k] = add(mul(p->beta, s->q[k]), mul(p->stay, select(equals(s->last, k), 1, 0)));
    data c = choose_softmax(choice, u), r = observe(reward);
    learn_value(em, s->q, c, select(below(sub(r, pick(s->q, c)), 0), p->alpha_neg, p->alpha_pos), r);
    s->last = c;
}

MODEL(rw_dual_sticky, .family = "bandit", .task = "bandit",
      .about = "learning rates by sign of the prediction error and a tendency to repeat the last choice",
      .reference = "Lefebvre et al. 2017, Nat Hum Behav 1:0067; Sugawara & Katahira 2021, Sci Rep 11:3574",
      .equations = "p = softmax(beta Q + stay L);  L[k] = 1 for the last choice, else 0\n"
                   "Q[choice] += alpha_pos (reward - Q[choice]) where reward >= Q[choice], else with alpha_neg;  Q starts at 0")
