/* sdt_ratings: signal detection with confidence ratings, equal variances. Macmillan & Creelman 2005. */
#define PARAMETERS(parameter)                                                       \
    parameter(d, identity, "sensitivity d': distance of signal from noise, in standard deviations") \
    CRITERIA(parameter)
#include "ratings.h"

NO_STATE

TRIAL(p, s) { rate(em, p, mul(p->d, sub(observe(stimulus), 0.5)), as_real(1)); }

MODEL(sdt_ratings, .family = "perception", .task = "detection",
      .about = "signal detection with six confidence ratings, equal variances",
      .reference = "Macmillan & Creelman 2005, Detection theory, ch. 3; Dorfman & Alf 1969, J Math Psychol 6:487",
      .equations = RATINGS_EQUATIONS "s = 1;  Phi: the normal distribution function")
