/* prl_fictitious: reversal learning with fictitious updates and an indecision point. Gläscher et al. 2009. */
#define PARAMETERS(parameter)                                       \
    parameter(eta, logistic, "learning rate")                       \
    parameter(alpha, identity, "indecision point: advantage of option 0 at which choice is even") \
    parameter(beta, scaled(10), "inverse temperature")
#include "fictitious.h"

TRIAL(p, s) { fictitious_trial(em, s, p->eta, p->eta, p->alpha, p->beta); }

MODEL(prl_fictitious, .family = "reversal learning", .task = "reversal",
      .about = "the option not chosen learns from the opposite outcome" PRL_BLOCKS,
      .reference = FICTITIOUS_REFERENCE,
      .equations = FICTITIOUS_CHOICE FICTITIOUS_LEARNING("eta"))
