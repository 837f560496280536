/* banditNarm_lapse: banditNarm_4par with lapses. Seymour et al. 2012. */
#define PARAMETERS(parameter) NARM_AREW(parameter) NARM_APUN(parameter) NARM_R(parameter) NARM_P(parameter) NARM_XI(parameter)
#include "narm.h"

TRIAL(p, s)
{
    real u[OPTIONS];
    narm_utilities(em, s, u);
    narm_agent agent = {p->Arew, p->Apun, p->R, p->P, sub(1, p->Arew), sub(1, p->Apun)};
    narm_learn(em, s, choose_softmax_lapse(choice, u, p->xi), &agent);
}

MODEL(banditNarm_lapse, .family = "bandit", .task = "gain_loss", .about = "as banditNarm_4par with lapses",
      .reference = NARM_REFERENCE, .equations = NARM_LAPSE NARM_LEARNING("R ", "P ") NARM_FICTIVE)
