/* cra_linear: risk and ambiguity, where ambiguity takes away from the probability. Levy et al. 2010. */
#include "ambiguity.h"

NO_STATE

TRIAL(p, s) { variable_or_fixed(em, p, sub(observe(prob), mul(p->beta, mul(0.5, observe(ambig))))); }

MODEL(cra_linear, .family = "risk", .task = "ambiguity",
      .about = "risk and ambiguity: ambiguity is subtracted from the probability",
      .reference = "Levy et al. 2010, J Neurophysiol 103:1036",
      .equations = "SV_var = (prob - beta ambig/2) reward_var^alpha\n" AMBIGUITY_CHOICE)
