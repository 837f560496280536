/* The binary hierarchical Gaussian filter: beliefs about an event (level 1), its tendency (level 2, log odds), and how fast that
 * changes (level 3). Mathys, Daunizeau, Friston & Stephan 2011, Front Hum Neurosci 5:39; Mathys et al. 2014, 8:825. */
#define LATENTS(latent)                                         \
    latent(prediction, "probability of event 1 before it is seen") \
    latent(mu2, "tendency, log odds, before") latent(pe1, "prediction error about the event") \
    latent(rate, "precision-weighted learning rate of level 2")
#include "volatility.h"

#define HGF_MOST 20 /* exponents of variances are cut here, far beyond what fits data */

/* Level 2 learns from the event: prediction sigma(mu2), predicted variance var2 + change. New mean and variance in place; returns
 * the prediction error. */
EM_INLINE real hgf_level2(em_run *em, data event, real *mu2, real *var2, real change)
{
    real prediction = logistic(*mu2), pe = sub(event, prediction);
    real precision = add(inverse(add(*var2, change)), mul(prediction, sub(1, prediction)));
    report(prediction, prediction);
    report(mu2, *mu2);
    report(pe1, pe);
    *var2 = inverse(precision);
    report(rate, *var2);
    *mu2 = add(*mu2, mul(*var2, pe));
    return pe;
}

#define HGF_REFERENCE "Mathys et al. 2011, Front Hum Neurosci 5:39; Mathys et al. 2014, Front Hum Neurosci 8:825"
#define HGF_LEVEL2                                                                                              \
    "p(choice = 1) = logistic(zeta mu2)   (zeta times the log odds of the prediction)\n"                        \
    "prediction P = logistic(mu2);  S = 1/(1/(S + V) + P (1 - P));  mu2 += S (outcome - P);  mu2 starts at 0, S at 0.1\n"
