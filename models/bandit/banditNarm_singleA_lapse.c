/* banditNarm_singleA_lapse: banditNarm_lapse with one learning rate. Aylward et al. 2019. */
#define PARAMETERS(parameter) \
    parameter(A, logistic, "learning rate, gains and losses") NARM_R(parameter) NARM_P(parameter) NARM_XI(parameter)
#include "narm.h"

TRIAL(p, s)
{
    real u[OPTIONS], left = sub(1, p->A);
    narm_utilities(em, s, u);
    narm_agent agent = {p->A, p->A, p->R, p->P, left, left};
    narm_learn(em, s, choose_softmax_lapse(choice, u, p->xi), &agent);
}

MODEL(banditNarm_singleA_lapse, .family = "bandit", .task = "gain_loss", .about = "as banditNarm_lapse with one learning rate",
      .reference = NARM_REFERENCE, .equations = NARM_LAPSE NARM_LEARNING("R ", "P ") NARM_FICTIVE "\nArew = Apun = A")
