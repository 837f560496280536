/* ped_par_2k: parabolic effort discounting with one cost of effort for oneself and one for another. Lockwood et al. 2017. */
#define PARAMETERS(parameter)                                                                              \
    parameter(k_self, scaled(20), "cost of effort for oneself, per unit of effort squared", .mu = -4, .var = 4) \
    parameter(k_other, scaled(20), "cost of effort for another, per unit of effort squared", .mu = -4, .var = 4) \
    parameter(beta, exp, "inverse temperature, per unit of reward")
#include "prosocial.h"

NO_STATE

TRIAL(p, s) { high_or_low_effort(em, select(equals(observe(beneficiary), 1), p->k_other, p->k_self), p->beta); }

MODEL(ped_par_2k, .family = "effort discounting", .task = "effort",
      .about = "prosocial effort: a cost of effort for oneself and another for others; " EFFORT_SCALE,
      .reference = "Lockwood et al. 2017, Nat Hum Behav 1:0131",
      .equations = "V = reward - k effort^2;  k = k_self where the reward is one's own, else k_other\n" EFFORT_CHOICE)
