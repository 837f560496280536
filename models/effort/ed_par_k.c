/* ed_par_k: parabolic effort discounting. Hartmann et al. 2013. */
#define PARAMETERS(parameter)                                                                        \
    parameter(k, scaled(20), "cost of effort, per unit of effort squared", .mu = -4, .var = 4)       \
    parameter(beta, exp, "inverse temperature, per unit of reward")
#include "effort.h"

NO_STATE

TRIAL(p, s) { high_or_low_effort(em, p->k, p->beta); }

MODEL(ed_par_k, .family = "effort discounting", .task = "effort",
      .about = "rewards lose value with the square of the effort they take; " EFFORT_SCALE,
      .reference = "Hartmann et al. 2013, Behav Processes 100:192",
      .equations = "V = reward - k effort^2\n" EFFORT_CHOICE)
