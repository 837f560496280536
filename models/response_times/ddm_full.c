/* ddm_full: the diffusion model with all that Ratcliff lets differ from trial to trial: drift, starting point and non-decision
 * time. Ratcliff & Tuerlinckx 2002. tau is the shortest non-decision time, as in the program rtdists, so that every tau below
 * the shortest response time leaves all responses possible. */
#include "times.h"
#define PARAMETERS(parameter)                                                             \
    parameter(alpha, exp, "boundary separation")                                          \
    parameter(beta, logistic, "mean starting point, as a part of the boundary separation; 0.5 = no bias") \
    parameter(delta, identity, "mean drift rate, per second; above 0 it leads to the upper boundary") \
    parameter(tau, scaled_by(minRT), "shortest non-decision time, seconds; never above the shortest response time") \
    parameter(sv, exp, "standard deviation of the drift rate over trials", .var = 1)      \
    parameter(sz, logistic, "range of the starting point, as a part of the widest", .var = 1) \
    parameter(st, scaled(0.5), "range of the non-decision time above tau, seconds", .mu = -1, .var = 1)
#define COLUMNS(column) TIME_AND_BOUNDARY(column)
#include "emlib/model.h"
#include "varying.h"

NO_STATE

TRIAL(p, s)
{
    /* a smooth stand-in for min(beta, 1 - beta), always below it */
    real other = sub(1, p->beta), widest = div(mul(p->beta, other), sqrt(add(square(p->beta), square(other))));
    respond_varying(em, EM_COL_rt, EM_COL_choice, EM_RESPONSE_OF_choice, p->alpha, p->beta, mul(p->sz, widest), p->delta, p->sv,
                    p->tau, p->st);
}

MODEL(ddm_full, .family = "response times", .task = "reaction",
      .about = "as ddm with a drift, a starting point and a non-decision time that differ from trial to trial",
      .reference = "Ratcliff & Tuerlinckx 2002, Psychon Bull Rev 9:438",
      .equations = "p(rt, choice) = the mean of p(rt, choice; z, t0), of the model ddm_sv, over z and t0\n"
                   "z from beta - sz h to beta + sz h, uniform, for beta;  h = beta (1 - beta) / sqrt(beta^2 + (1 - beta)^2), which "
                   "is below\n"
                   "  min(beta, 1 - beta)\n"
                   "t0 from tau to tau + st, uniform, for tau;  by Gauss-Legendre sums, 5 by 12 terms")
