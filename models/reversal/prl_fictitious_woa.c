/* prl_fictitious_woa: as prl_fictitious, without an indecision point. Gläscher et al. 2009. */
#define PARAMETERS(parameter)                  \
    parameter(eta, logistic, "learning rate")  \
    parameter(beta, scaled(10), "inverse temperature")
#include "fictitious.h"

TRIAL(p, s) { fictitious_trial(em, s, p->eta, p->eta, as_real(0), p->beta); }

MODEL(prl_fictitious_woa, .family = "reversal learning", .task = "reversal",
      .about = "as prl_fictitious, without an indecision point" PRL_BLOCKS,
      .reference = FICTITIOUS_REFERENCE,
      .equations = PRL_CHOICE FICTITIOUS_LEARNING("eta"))
