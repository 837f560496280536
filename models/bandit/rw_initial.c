/* rw_initial: as rw, with the value expected before any experience. Optimistic beginners explore. */
#define PARAMETERS(parameter)                    \
    parameter(alpha, logistic, "learning rate")  \
    parameter(beta, exp, "inverse temperature")  \
    parameter(q0, identity, "value of every option at the beginning")
#include "bandit.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, p->q0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    learn_value(em, s->q, c, p->alpha, observe(reward));
}

MODEL(rw_initial, .family = "bandit", .task = "bandit", .about = "as rw, with initial values that are estimated",
      .reference = "Sutton & Barto 2018, Reinforcement Learning, ch. 2.6",
      .equations = "p = softmax(beta Q)\nQ[choice] += alpha (reward - Q[choice]);  Q starts at q0")
