/* pstRT_rlddm1: diffusion with a drift that follows learned values. Pedersen et al. 2017. */
#define PARAMETERS(parameter)                                          \
    parameter(a, exp, "boundary separation")                           \
    NON_DECISION(parameter)                                            \
    parameter(v, identity, "drift rate, per second and unit of value") \
    parameter(alpha, logistic, "learning rate")
#define COLUMNS(column) PAIR(column) PAIR_CHOICE(column) FEEDBACK(column)
#define LEARNS
#include "selection.h"

TRIAL(p, s) { learn_selection(em, p, s, p->a, p->alpha, p->alpha); }

MODEL(pstRT_rlddm1, .family = "response times", .task = "timed_selection",
      .about = "diffusion with a drift that follows learned values",
      .reference = PEDERSEN,
      .equations = WIENER_AS_IN_DDM "with alpha = a, beta = 0.5 and delta = v (Q[cond, 1] - Q[cond, 0])\n"
                   "Q[cond, choice] += alpha (outcome - Q[cond, choice]);  Q starts at 0.5")
