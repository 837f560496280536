/* prl_fictitious_rp: as prl_fictitious, with one learning rate for good and one for bad news. Gläscher et al. 2009. */
#define PARAMETERS(parameter)                                                      \
    parameter(eta_pos, logistic, "learning rate, prediction error 0 or above")     \
    parameter(eta_neg, logistic, "learning rate, prediction error below 0")        \
    parameter(alpha, identity, "indecision point: advantage of option 0 at which choice is even") \
    parameter(beta, scaled(10), "inverse temperature")
#include "fictitious.h"

TRIAL(p, s) { fictitious_trial(em, s, p->eta_pos, p->eta_neg, p->alpha, p->beta); }

MODEL(prl_fictitious_rp, .family = "reversal learning", .task = "reversal",
      .about = "as prl_fictitious, with separate learning rates by sign of the prediction error" PRL_BLOCKS,
      .reference = FICTITIOUS_REFERENCE,
      .equations = FICTITIOUS_CHOICE FICTITIOUS_RATES FICTITIOUS_LEARNING("eta"))
