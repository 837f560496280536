/* pst_q: probabilistic selection task, values of single stimuli learned with one rate. Frank et al. 2007. */
#define PARAMETERS(parameter)                   \
    parameter(alpha, logistic, "learning rate") \
    parameter(beta, exp, "inverse temperature")
#include "pst.h"

TRIAL(p, s) { learn_stimulus(em, s, select_stimulus(em, s, p->beta), p->alpha); }

MODEL(pst_q, .family = "probabilistic selection", .task = "selection",
      .about = "values of six stimuli learned from choices between two",
      .reference = "Frank et al. 2007, PNAS 104:16311",
      .equations = PST_CHOICE "Q[c] += alpha (reward - Q[c]);  Q starts at 0")
