/* ts_mf: two-step task, choice by model-free values alone: SARSA(lambda). Daw et al. 2011. */
#define PARAMETERS(parameter)                                           \
    parameter(alpha1, logistic, "learning rate, stage 1")               \
    parameter(alpha2, logistic, "learning rate, stage 2")               \
    parameter(lambda, logistic, "eligibility trace")                    \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(p, identity, "perseveration: the last stage-1 choice again") \
    parameter(beta2, exp, "inverse temperature, stage 2")
#include "two_step.h"

TRIAL(p, s)
{
    two_step_trial(em, s, (two_step){.alpha1 = p->alpha1, .alpha2 = p->alpha2, .lambda = p->lambda, .beta1 = p->beta1,
                                     .beta2 = p->beta2, .w = as_real(0), .stay = p->p});
}

MODEL(ts_mf, .family = "two-step", .task = "twostep",
      .about = "as ts_hybrid, with model-free values alone at stage 1",
      .reference = DAW_2011,
      .equations = TWO_STEP_CHOICE("Q1", "beta1", "beta2", "p") TWO_STEP_LEARNING)
