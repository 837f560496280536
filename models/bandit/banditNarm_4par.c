/* banditNarm_4par: gains and losses learned apart, four parameters. Seymour et al. 2012. */
#define PARAMETERS(parameter) NARM_AREW(parameter) NARM_APUN(parameter) NARM_R(parameter) NARM_P(parameter)
#include "narm.h"

TRIAL(p, s)
{
    real u[OPTIONS];
    narm_utilities(em, s, u);
    narm_agent agent = {p->Arew, p->Apun, p->R, p->P, sub(1, p->Arew), sub(1, p->Apun)};
    narm_learn(em, s, choose_softmax(choice, u), &agent);
}

MODEL(banditNarm_4par, .family = "bandit", .task = "gain_loss", .about = "gains and losses learned apart, with sensitivities",
      .reference = NARM_REFERENCE, .equations = NARM_SOFTMAX NARM_LEARNING("R ", "P ") NARM_FICTIVE)
