/* banditNarm_lapse_decay: banditNarm_lapse where options not chosen decay at a rate of their own. Niv et al. 2015, J Neurosci
 * 35:8145; Aylward et al. 2019. */
#define PARAMETERS(parameter)                                                              \
    NARM_AREW(parameter) NARM_APUN(parameter) NARM_R(parameter) NARM_P(parameter) NARM_XI(parameter) \
    parameter(d, logistic, "decay rate of options not chosen")
#include "narm.h"

TRIAL(p, s)
{
    real u[OPTIONS], left = sub(1, p->d);
    narm_utilities(em, s, u);
    narm_agent agent = {p->Arew, p->Apun, p->R, p->P, left, left};
    narm_learn(em, s, choose_softmax_lapse(choice, u, p->xi), &agent);
}

MODEL(banditNarm_lapse_decay, .family = "bandit", .task = "gain_loss", .about = "as banditNarm_lapse with a decay rate of its own",
      .reference = NARM_REFERENCE "; Niv et al. 2015, J Neurosci 35:8145",
      .equations = NARM_LAPSE NARM_LEARNING("R ", "P ") "of the other options Qr *= 1 - d and Qp *= 1 - d")
