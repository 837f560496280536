/* ts_hybrid_learned: ts_hybrid, where which transition is the common one is learned from those seen. Daw et al. 2011. */
#define PARAMETERS(parameter)                                           \
    parameter(alpha1, logistic, "learning rate, stage 1")               \
    parameter(alpha2, logistic, "learning rate, stage 2")               \
    parameter(lambda, logistic, "eligibility trace")                    \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(w, logistic, "weight of model-based values")              \
    parameter(p, identity, "perseveration: the last stage-1 choice again") \
    parameter(beta2, exp, "inverse temperature, stage 2")
#include "two_step.h"

TRIAL(p, s)
{
    two_step_trial(em, s, (two_step){.alpha1 = p->alpha1, .alpha2 = p->alpha2, .lambda = p->lambda, .beta1 = p->beta1,
                                     .beta2 = p->beta2, .w = p->w, .stay = p->p, .learn_transitions = 1});
}

MODEL(ts_hybrid_learned, .family = "two-step", .task = "twostep",
      .about = "as ts_hybrid, but which transition is the common one is learned from those seen",
      .reference = DAW_2011,
      .equations = TWO_STEP_MB_LEARNED TWO_STEP_MIXED TWO_STEP_CHOICE("Q", "beta1", "beta2", "p") TWO_STEP_LEARNING)
