/* ts_hybrid: two-step task, choice by a mixture of model-based and model-free values. Daw et al. 2011. */
#include "two_step.h"

TRIAL(p, s) { two_step_trial(em, p, s, 0); }

MODEL(ts_hybrid, .family = "two-step", .task = "twostep",
      .about = "two-step task: model-based and model-free values mixed",
      .reference = "Daw et al. 2011, Neuron 69:1204",
      .equations = TWO_STEP_CHOICE
                   "d1 = Q2[state2, choice2] - Q1[choice1];  d2 = reward - Q2[state2, choice2]\n"
                   "Q1[choice1] += alpha1 (d1 + lambda d2);  Q2[state2, choice2] += alpha2 d2;  all start at 0")
