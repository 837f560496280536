/* ped_par_k: parabolic effort discounting, the same whoever gets the reward. It asks for the beneficiary, which it does not use,
 * so that it scores the same trials as its rival ped_par_2k. Lockwood et al. 2017. */
#define PARAMETERS(parameter)                                                                        \
    parameter(k, scaled(20), "cost of effort, per unit of effort squared", .mu = -4, .var = 4)       \
    parameter(beta, exp, "inverse temperature, per unit of reward")
#include "prosocial.h"

NO_STATE

TRIAL(p, s) { high_or_low_effort(em, p->k, p->beta); }

MODEL(ped_par_k, .family = "effort discounting", .task = "effort",
      .about = "prosocial effort: one cost of effort, whoever gets the reward; " EFFORT_SCALE,
      .reference = "Lockwood et al. 2017, Nat Hum Behav 1:0131",
      .equations = "V = reward - k effort^2, for either beneficiary\n" EFFORT_CHOICE)
