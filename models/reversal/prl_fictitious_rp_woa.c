/* prl_fictitious_rp_woa: as prl_fictitious_rp, without an indecision point. Gläscher et al. 2009. */
#define PARAMETERS(parameter)                                                      \
    parameter(eta_pos, logistic, "learning rate, prediction error 0 or above")     \
    parameter(eta_neg, logistic, "learning rate, prediction error below 0")        \
    parameter(beta, scaled(10), "inverse temperature")
#include "fictitious.h"

TRIAL(p, s) { fictitious_trial(em, s, p->eta_pos, p->eta_neg, as_real(0), p->beta); }

MODEL(prl_fictitious_rp_woa, .family = "reversal learning", .task = "reversal",
      .about = "as prl_fictitious_rp, without an indecision point" PRL_BLOCKS,
      .reference = FICTITIOUS_REFERENCE,
      .equations = PRL_CHOICE FICTITIOUS_RATES FICTITIOUS_LEARNING("eta"))
