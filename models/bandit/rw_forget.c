/* rw_forget: what is not chosen is forgotten. Ito & Doya 2009, J Neurosci 29:9861; Niv et al. 2015, J Neurosci 35:8145. */
#define PARAMETERS(parameter)                                       \
    parameter(alpha, logistic, "learning rate")                     \
    parameter(phi, logistic, "forgetting rate of options not chosen") \
    parameter(beta, exp, "inverse temperature")
#include "bandit.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    real chosen = pick(s->q, c);
    each(k, OPTIONS) s->q[k] = mul(sub(1, p->phi), s->q[k]);
    put(s->q, c, chosen);
    learn_value(em, s->q, c, p->alpha, observe(reward));
}

MODEL(rw_forget, .family = "bandit", .task = "bandit", .about = "as rw, values of options not chosen decay to 0",
      .reference = "Ito & Doya 2009, J Neurosci 29:9861; Niv et al. 2015, J Neurosci 35:8145",
      .equations = "p = softmax(beta Q)\n" BANDIT_RW "\nQ[k] *= 1 - phi for the options not chosen")
