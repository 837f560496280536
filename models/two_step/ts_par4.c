/* ts_par4: ts_par6 with one learning rate and one inverse temperature for both stages. Ahn, Haines & Zhang 2017. */
#define PARAMETERS(parameter)                                           \
    parameter(a, logistic, "learning rate, both stages")                \
    parameter(beta, exp, "inverse temperature, both stages")            \
    parameter(pi, scaled(5), "perseveration: the last stage-1 choice again") \
    parameter(w, logistic, "weight of model-based values")
#include "two_step.h"

TRIAL(p, s)
{
    two_step_trial(em, s, (two_step){.alpha1 = p->a, .alpha2 = p->a, .lambda = as_real(1), .beta1 = p->beta,
                                     .beta2 = p->beta, .w = p->w, .stay = p->pi, .trace_after = 1});
}

MODEL(ts_par4, .family = "two-step", .task = "twostep",
      .about = "as ts_par6 with one learning rate and one inverse temperature for both stages",
      .reference = DAW_2011 "; " AHN_2017,
      .equations = TWO_STEP_MB_KNOWN TWO_STEP_MIXED TWO_STEP_CHOICE("Q", "beta", "beta", "pi")
                   TWO_STEP_LEARNING_AFTER("a", "a", ""))
