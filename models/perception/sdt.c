/* sdt: signal detection with equal variances. Green & Swets 1966. */
#define PARAMETERS(parameter)                                                       \
    parameter(d, identity, "sensitivity d': distance of signal from noise, in standard deviations") \
    parameter(c, identity, "criterion; 0 = unbiased, above 0 \"noise\" is said more often")
#define COLUMNS(column)     \
    STIMULUS(column)        \
    column(choice, response, codes(2, "0 = \"noise\", 1 = \"signal\""), "what is said")
#define LATENTS(latent) latent(p_signal, "probability of saying \"signal\"")
#include "detection.h"
#include "emlib/model.h"
#include "probit.h"

NO_STATE

TRIAL(p, s)
{
    real z = sub(mul(p->d, sub(observe(stimulus), 0.5)), p->c);
    choose_probit(choice, z);

    report(p_signal, normal_cdf(z));
}

MODEL(sdt, .family = "perception", .task = "detection",
      .about = "signal detection: sensitivity and criterion, equal variances",
      .reference = "Green & Swets 1966, Signal detection theory and psychophysics; Macmillan & Creelman 2005, Detection theory",
      .equations = "p(\"signal\") = Phi( d/2 - c) where there is a signal\n"
                   "            = Phi(-d/2 - c) where there is none;  Phi: the normal distribution function")
