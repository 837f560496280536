/* pstRT_ddm: diffusion in the probabilistic selection task, a drift for each pair of stimuli. Pedersen et al. 2017. */
#define PARAMETERS(parameter)                                       \
    parameter(a, exp, "boundary separation")                        \
    NON_DECISION(parameter)                                         \
    parameter(d1, identity, "drift rate for pair 0, per second")    \
    parameter(d2, identity, "drift rate for pair 1, per second")    \
    parameter(d3, identity, "drift rate for pair 2, per second")
#define COLUMNS(column) PAIR(column) PAIR_CHOICE(column)
#include "selection.h"

NO_STATE

TRIAL(p, s)
{
    const real drift[3] = {p->d1, p->d2, p->d3};
    respond_wiener(rt, choice, p->a, 0.5, pick(drift, observe(cond)), p->tau);
}

MODEL(pstRT_ddm, .family = "response times", .task = "timed_selection",
      .about = "diffusion in the probabilistic selection task, a drift for each pair of stimuli",
      .reference = PEDERSEN,
      .equations = WIENER_AS_IN_DDM "with alpha = a, beta = 0.5 and delta = d1, d2 or d3 for cond = 0, 1 or 2")
