/* ts_par7: ts_hybrid with another eligibility trace: the reward's error as it is after stage 2 has learned.
 * Daw et al. 2011, in the form of Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24. */
#include "seven.h"

TRIAL(p, s)
{
    two_step of = seven(p);
    of.trace_after = 1;
    two_step_trial(em, s, of);
}

MODEL(ts_par7, .family = "two-step", .task = "twostep",
      .about = "as ts_hybrid, but the eligibility trace carries what is left of the error after stage 2 has learned",
      .reference = DAW_2011 "; " AHN_2017,
      .equations = TWO_STEP_MB_KNOWN TWO_STEP_MIXED TWO_STEP_CHOICE("Q", "beta1", "beta2", "p")
                   TWO_STEP_LEARNING_AFTER("alpha1", "alpha2", "lambda "))
