/* rw_sticky: values and a tendency to repeat the last choice. Lau & Glimcher 2005, J Exp Anal Behav 84:555; Schoenberg, Daw, Joel &
 * O'Doherty 2007, J Neurosci 27:12860. */
#define PARAMETERS(parameter)                                       \
    parameter(alpha, logistic, "learning rate")                     \
    parameter(beta, exp, "inverse temperature")                     \
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
    data c = choose_softmax(choice, u);
    learn_value(em, s->q, c, p->alpha, observe(reward));
    s->last = c;
}

MODEL(rw_sticky, .family = "bandit", .task = "bandit", .about = "learned values and a tendency to repeat the last choice",
      .reference = "Lau & Glimcher 2005, J Exp Anal Behav 84:555; Schoenberg et al. 2007, J Neurosci 27:12860",
      .equations = "p = softmax(beta Q + stay L);  L[k] = 1 for the last choice, else 0\n" BANDIT_RW)
