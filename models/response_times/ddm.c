/* ddm: diffusion decision model. Ratcliff 1978; density as in Navarro & Fuss 2009. */
#define PARAMETERS(parameter)                                                             \
    parameter(alpha, exp, "boundary separation")                                          \
    parameter(beta, logistic, "starting point, as a part of the boundary separation; 0.5 = no bias") \
    parameter(delta, identity, "drift rate, per second; above 0 it leads to the upper boundary")     \
    parameter(tau, scaled_by(minRT), "non-decision time, seconds; never above the shortest response time")
#define COLUMNS(column)                                                                       \
    column(rt, response, at_least(1e-9), "response time, seconds")                            \
    column(choice, response, codes(2, "0 = lower boundary, 1 = upper boundary"), "boundary reached")
#define FACTS(fact) fact(minRT, minimum, rt, "the subject's shortest response time")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { respond_wiener(rt, choice, p->alpha, p->beta, p->delta, p->tau); }

MODEL(ddm, .family = "response times", .task = "reaction",
      .about = "diffusion to one of two boundaries: choice and response time at once",
      .reference = "Ratcliff 1978, Psychol Rev 85:59; Navarro & Fuss 2009, J Math Psychol 53:222",
      .equations = "p(rt, lower) = exp(-delta alpha beta - delta^2 t/2) / alpha^2 g(t/alpha^2, beta),  t = rt - tau\n"
                   "p(rt, upper) = the same with -delta for delta and 1 - beta for beta\n"
                   "g(u, w) = pi sum over k >= 1 of k sin(k pi w) exp(-k^2 pi^2 u/2), the density of a Wiener process with unit "
                   "noise that\n"
                   "          starts at w and leaves the interval from 0 to 1 at 0 and at time u")
