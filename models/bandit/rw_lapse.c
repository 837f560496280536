/* rw_lapse: as rw, with a part of all choices at random. */
#define PARAMETERS(parameter)                           \
    parameter(alpha, logistic, "learning rate")         \
    parameter(beta, exp, "inverse temperature")         \
    parameter(xi, logistic, "lapse rate: how often any option is chosen at random", .mu = -3)
#include "bandit.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    real u[OPTIONS];
    each(k, OPTIONS) u[k] = mul(p->beta, s->q[k]);
    data c = choose_softmax_lapse(choice, u, p->xi);
    learn_value(em, s->q, c, p->alpha, observe(reward));
}

MODEL(rw_lapse, .family = "bandit", .task = "bandit", .about = "as rw, with lapses",
      .reference = "Sutton & Barto 2018, Reinforcement Learning, ch. 2; Guitart-Masip et al. 2012, NeuroImage 62:154",
      .equations = "p = (1 - xi) softmax(beta Q) + xi/K\n" BANDIT_RW)
