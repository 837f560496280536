/* cra_exp: risk and ambiguity, where ambiguity is an exponent of the probability. Hsu et al. 2005. */
#include "ambiguity.h"

NO_STATE

TRIAL(p, s) { variable_or_fixed(em, p, power(observe(prob), add(1, mul(p->beta, observe(ambig))))); }

MODEL(cra_exp, .family = "risk", .task = "ambiguity",
      .about = "risk and ambiguity: ambiguity bends the probability as an exponent",
      .reference = "Hsu et al. 2005, Science 310:1680; Levy et al. 2010, J Neurophysiol 103:1036",
      .equations = "SV_var = prob^(1 + beta ambig) reward_var^alpha;  0 where prob = 0\n" AMBIGUITY_CHOICE)
