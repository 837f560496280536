/* ts_hybrid: two-step task, choice by a mixture of model-based and model-free values. Daw et al. 2011. */
#include "seven.h"

TRIAL(p, s) { two_step_trial(em, s, seven(p)); }

MODEL(ts_hybrid, .family = "two-step", .task = "twostep",
      .about = "two-step task: model-based and model-free values mixed",
      .reference = DAW_2011,
      .equations = TWO_STEP_MB_KNOWN TWO_STEP_MIXED TWO_STEP_CHOICE("Q", "beta1", "beta2", "p") TWO_STEP_LEARNING)
