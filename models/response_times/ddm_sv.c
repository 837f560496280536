/* ddm_sv: as ddm, with a drift that differs from trial to trial, so that errors can be slower than right responses.
 * Ratcliff 1978; the integral over the drift as in Tuerlinckx 2004. */
#include "times.h"
#define PARAMETERS(parameter)                                                             \
    parameter(alpha, exp, "boundary separation")                                          \
    parameter(beta, logistic, "starting point, as a part of the boundary separation; 0.5 = no bias") \
    parameter(delta, identity, "mean drift rate, per second; above 0 it leads to the upper boundary") \
    NON_DECISION(parameter)                                                               \
    parameter(sv, exp, "standard deviation of the drift rate over trials")
#define COLUMNS(column) TIME_AND_BOUNDARY(column)
#include "emlib/model.h"
#include "varying.h"

NO_STATE

TRIAL(p, s) { respond_sv(em, EM_COL_rt, EM_COL_choice, EM_RESPONSE_OF_choice, p->alpha, p->beta, p->delta, p->sv, p->tau); }

MODEL(ddm_sv, .family = "response times", .task = "reaction",
      .about = "as ddm with a drift that differs from trial to trial",
      .reference = "Ratcliff 1978, Psychol Rev 85:59; Tuerlinckx 2004, Behav Res Methods 36:702",
      .equations = WIENER_AS_IN_DDM "with a drift from a normal distribution, mean delta and standard deviation sv, on each trial\n"
                   "p(rt, lower) = g(t/alpha^2, beta) / (alpha^2 sqrt(D)) exp((sv^2 m^2 - 2 delta m - delta^2 t) / (2 D))\n"
                   "m = alpha beta,  D = 1 + sv^2 t,  t = rt - tau;  upper: 1 - beta for beta and -delta for delta")
