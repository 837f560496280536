/* ts_par6: ts_par7 with a full eligibility trace, lambda = 1. Ahn, Haines & Zhang 2017. */
#define PARAMETERS(parameter)                                           \
    parameter(a1, logistic, "learning rate, stage 1")                   \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(a2, logistic, "learning rate, stage 2")                   \
    parameter(beta2, exp, "inverse temperature, stage 2")               \
    parameter(pi, scaled(5), "perseveration: the last stage-1 choice again") \
    parameter(w, logistic, "weight of model-based values")
#include "two_step.h"

TRIAL(p, s)
{
    two_step_trial(em, s, (two_step){.alpha1 = p->a1, .alpha2 = p->a2, .lambda = as_real(1), .beta1 = p->beta1,
                                     .beta2 = p->beta2, .w = p->w, .stay = p->pi, .trace_after = 1});
}

MODEL(ts_par6, .family = "two-step", .task = "twostep",
      .about = "as ts_par7 with a full eligibility trace, and perseveration that cannot be negative",
      .reference = DAW_2011 "; " AHN_2017,
      .equations = TWO_STEP_MB_KNOWN TWO_STEP_MIXED TWO_STEP_CHOICE("Q", "beta1", "beta2", "pi")
                   TWO_STEP_LEARNING_AFTER("a1", "a2", ""))
