/* rw_dual_sticky: learning rates by sign of the error and a tendency to repeat the last choice. Lefebvre et al. 2017; Sugawara &
 * Katahira 2021, Sci Rep 11:3574: without the one the other is found where it is not. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha_pos, logistic, "learning rate, prediction error 0 or above") \
    parameter(alpha_neg, logistic, "learning rate, prediction error below 0")    \
    parameter(beta, exp, "inverse temperature")                                  \
    STICKY_STAY(parameter)
#include "sticky.h"

TRIAL(p, s)
{
    data c = choose_sticky(em, s, p->beta, p->stay), r = observe(reward);
    learn_value(em, s->q, c, select(below(sub(r, pick(s->q, c)), 0), p->alpha_neg, p->alpha_pos), r);
}

MODEL(rw_dual_sticky, .family = "bandit", .task = "bandit",
      .about = "learning rates by sign of the prediction error and a tendency to repeat the last choice",
      .reference = "Lefebvre et al. 2017, Nat Hum Behav 1:0067; Sugawara & Katahira 2021, Sci Rep 11:3574",
      .equations = STICKY_CHOICE
                   "Q[choice] += alpha_pos (reward - Q[choice]) where reward >= Q[choice], else with alpha_neg;  Q starts at 0")
