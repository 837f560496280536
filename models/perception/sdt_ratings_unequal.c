/* sdt_ratings_unequal: as sdt_ratings, but the evidence of a signal has a standard deviation of its own, so that the ROC need
 * not be symmetric. Dorfman & Alf 1969; usual in recognition memory: Wixted 2007. */
#define PARAMETERS(parameter)                                                       \
    parameter(d, identity, "distance of signal from noise, in standard deviations of noise") \
    parameter(sd, exp, "standard deviation of signals, that of noise being 1", .var = 1) \
    CRITERIA(parameter)
#include "ratings.h"

NO_STATE

TRIAL(p, s)
{
    data signal = observe(stimulus);
    rate(em, p, mul(p->d, sub(signal, 0.5)), select(equals(signal, 1), p->sd, 1));
}

MODEL(sdt_ratings_unequal, .family = "perception", .task = "detection",
      .about = "signal detection with six confidence ratings, signals with a variance of their own",
      .reference = "Dorfman & Alf 1969, J Math Psychol 6:487; Wixted 2007, Psychol Rev 114:152",
      .equations = RATINGS_EQUATIONS "s = sd with a signal, 1 without;  Phi: the normal distribution function")
