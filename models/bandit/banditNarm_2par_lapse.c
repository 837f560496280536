/* banditNarm_2par_lapse: banditNarm_lapse without sensitivities. Aylward et al. 2019. */
#define PARAMETERS(parameter) NARM_AREW(parameter) NARM_APUN(parameter) NARM_XI(parameter)
#include "narm.h"

TRIAL(p, s)
{
    real u[OPTIONS];
    narm_utilities(em, s, u);
    narm_agent agent = {p->Arew, p->Apun, as_real(1), as_real(1), sub(1, p->Arew), sub(1, p->Apun)};
    narm_learn(em, s, choose_softmax_lapse(choice, u, p->xi), &agent);
}

MODEL(banditNarm_2par_lapse, .family = "bandit", .task = "gain_loss", .about = "as banditNarm_lapse, both sensitivities 1",
      .reference = NARM_REFERENCE, .equations = NARM_LAPSE NARM_LEARNING("", "") NARM_FICTIVE)
