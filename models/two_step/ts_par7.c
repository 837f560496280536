/* ts_par7: ts_hybrid with another eligibility trace: the reward's error as it is after stage 2 has learned.
 * Daw et al. 2011, in the form of Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24. */
#include "two_step.h"

TRIAL(p, s) { two_step_trial(em, p, s, 1); }

MODEL(ts_par7, .family = "two-step", .task = "twostep",
      .about = "as ts_hybrid, but the eligibility trace carries what is left of the error after stage 2 has learned",
      .reference = "Daw et al. 2011, Neuron 69:1204; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24",
      .equations = TWO_STEP_CHOICE
                   "d1 = Q2[state2, choice2] - Q1[choice1];  d2 = reward - Q2[state2, choice2]\n"
                   "Q2[state2, choice2] += alpha2 d2;  d2' = reward - Q2[state2, choice2], the new one\n"
                   "Q1[choice1] += alpha1 (d1 + lambda d2');  all start at 0")
