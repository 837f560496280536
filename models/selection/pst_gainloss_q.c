/* pst_gainloss_q: as pst_q, with one learning rate for good and one for bad news. Frank et al. 2007. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha_pos, logistic, "learning rate, prediction error 0 or above") \
    parameter(alpha_neg, logistic, "learning rate, prediction error below 0")    \
    parameter(beta, scaled(10), "inverse temperature")
#include "pst.h"

TRIAL(p, s)
{
    selection made = select_stimulus(em, s, p->beta);
    learn_stimulus(em, s, made, select(below(made.pe, 0), p->alpha_neg, p->alpha_pos));
}

MODEL(pst_gainloss_q, .family = "probabilistic selection", .task = "selection",
      .about = "as pst_q, with separate learning rates by sign of the prediction error",
      .reference = "Frank et al. 2007, PNAS 104:16311",
      .equations = PST_CHOICE "Q[c] += alpha_pos (reward - Q[c]) where reward >= Q[c], else with alpha_neg;  Q starts at 0")
