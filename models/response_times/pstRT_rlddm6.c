/* pstRT_rlddm6: as pstRT_rlddm1, with learning rates by the sign of the error and boundaries that move with practice.
 * Pedersen et al. 2017. */
#define PARAMETERS(parameter)                                                               \
    parameter(a, exp, "boundary separation on the tenth trial of a pair")                   \
    parameter(bp, between(-0.3, 0.3), "power of the boundary: below 0 it narrows with practice") \
    NON_DECISION(parameter)                                                                 \
    parameter(v, identity, "drift rate, per second and unit of value")                      \
    parameter(alpha_pos, logistic, "learning rate, prediction errors above 0")              \
    parameter(alpha_neg, logistic, "learning rate, prediction errors below 0")
#define COLUMNS(column)                                                                     \
    PAIR(column)                                                                            \
    column(iter, input, at_least(1), "which trial of this pair it is, from 1")              \
    PAIR_CHOICE(column)                                                                     \
    FEEDBACK(column)
#define LEARNS
#include "selection.h"

TRIAL(p, s)
{
    real boundary = mul(p->a, power(div(observe(iter), 10), p->bp));
    learn_selection(em, p, s, boundary, p->alpha_pos, p->alpha_neg);
}

MODEL(pstRT_rlddm6, .family = "response times", .task = "timed_selection",
      .about = "as pstRT_rlddm1 with two learning rates and boundaries that move with practice",
      .reference = PEDERSEN,
      .equations = WIENER_AS_IN_DDM "with alpha = a (iter/10)^bp, beta = 0.5 and delta = v (Q[cond, 1] - Q[cond, 0])\n"
                   "d = outcome - Q[cond, choice];  Q[cond, choice] += (alpha_pos if d > 0, else alpha_neg) d;  Q starts at 0.5")
