/* rw_dual: Rescorla-Wagner learning with one learning rate for good and one for bad news.
 * Frank, Moustafa, Haughey, Curran & Hutchison 2007, PNAS 104:16311; Lefebvre et al. 2017, Nat Hum Behav 1:0067. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha_pos, logistic, "learning rate, prediction error 0 or above") \
    parameter(alpha_neg, logistic, "learning rate, prediction error below 0")    \
    parameter(beta, exp, "inverse temperature")
#include "bandit.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    data r = observe(reward);
    real alpha = select(below(sub(r, pick(s->q, c)), 0), p->alpha_neg, p->alpha_pos);
    learn_value(em, s->q, c, alpha, r);
}

MODEL(rw_dual, .family = "bandit", .task = "bandit",
      .about = "Rescorla-Wagner learning with separate learning rates by sign of the prediction error",
      .reference = "Frank et al. 2007, PNAS 104:16311; Lefebvre et al. 2017, Nat Hum Behav 1:0067",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   "Q[choice] += alpha_pos (reward - Q[choice]) where reward >= Q[choice], else with alpha_neg;  "
                   "Q starts at 0")
