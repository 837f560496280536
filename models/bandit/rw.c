/* rw: Rescorla-Wagner learning with softmax choice among K options.
 * Rescorla & Wagner 1972; Sutton & Barto 2018, ch. 2; Daw 2011. */
#define PARAMETERS(parameter)                   \
    parameter(alpha, logistic, "learning rate") \
    parameter(beta, exp, "inverse temperature")
#include "bandit.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    learn_value(em, s->q, c, p->alpha, observe(reward));
}

MODEL(rw, .family = "bandit", .task = "bandit",
      .about = "Rescorla-Wagner learning, softmax choice among K options",
      .reference = "Sutton & Barto 2018, Reinforcement Learning, ch. 2; Daw 2011, Trial-by-trial data analysis using "
                   "computational models",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   BANDIT_RW)
