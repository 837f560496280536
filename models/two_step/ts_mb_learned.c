/* ts_mb_learned: two-step task, choice by model-based values alone; transitions are learned. Daw et al. 2011. */
#define PARAMETERS(parameter)                                           \
    parameter(alpha2, logistic, "learning rate, stage 2")               \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(p, identity, "perseveration: the last stage-1 choice again") \
    parameter(beta2, exp, "inverse temperature, stage 2")
#include "two_step.h"

TRIAL(p, s)
{
    two_step_trial(em, s, (two_step){.alpha1 = as_real(0), .alpha2 = p->alpha2, .lambda = as_real(0), .beta1 = p->beta1,
                                     .beta2 = p->beta2, .w = as_real(1), .stay = p->p, .learn_transitions = 1});
}

MODEL(ts_mb_learned, .family = "two-step", .task = "twostep",
      .about = "as ts_hybrid_learned, with model-based values alone at stage 1",
      .reference = DAW_2011,
      .equations = TWO_STEP_MB_LEARNED TWO_STEP_CHOICE("MB", "beta1", "beta2", "p")
                   "Q2[state2, choice2] += alpha2 (reward - Q2[state2, choice2]);  Q2 starts at 0")
