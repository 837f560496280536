/* rw_sticky: values and a tendency to repeat the last choice. Lau & Glimcher 2005, J Exp Anal Behav 84:555; Schoenberg, Daw, Joel &
 * O'Doherty 2007, J Neurosci 27:12860. */
#define PARAMETERS(parameter)                                       \
    parameter(alpha, logistic, "learning rate")                     \
    parameter(beta, exp, "inverse temperature")                     \
    STICKY_STAY(parameter)
#include "sticky.h"

TRIAL(p, s)
{
    data c = choose_sticky(em, s, p->beta, p->stay);
    learn_value(em, s->q, c, p->alpha, observe(reward));
}

MODEL(rw_sticky, .family = "bandit", .task = "bandit", .about = "learned values and a tendency to repeat the last choice",
      .reference = "Lau & Glimcher 2005, J Exp Anal Behav 84:555; Schoenberg et al. 2007, J Neurosci 27:12860",
      .equations = STICKY_CHOICE BANDIT_RW)
