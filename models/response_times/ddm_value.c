/* ddm_value: diffusion between two options with a drift that is proportional to the difference of their values.
 * Krajbich & Rangel 2011; Milosavljevic et al. 2010. */
#include "times.h"
#define PARAMETERS(parameter)                                                             \
    parameter(v_coef, identity, "drift rate, per second and unit of value")               \
    parameter(alpha, exp, "boundary separation")                                          \
    NON_DECISION(parameter)                                                               \
    parameter(beta, logistic, "starting point, as a part of the boundary separation; 0.5 = no bias")
#define COLUMNS(column)                                                                   \
    column(value_upper, input, number, "value of the option at the upper boundary")       \
    column(value_lower, input, number, "value of the option at the lower boundary")       \
    TIME_AND_BOUNDARY(column)
#define LATENTS(latent) latent(drift, "drift rate, per second")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s)
{
    real drift = mul(p->v_coef, sub(observe(value_upper), observe(value_lower)));
    respond_wiener(rt, choice, p->alpha, p->beta, drift, p->tau);

    report(drift, drift);
}

MODEL(ddm_value, .family = "response times", .task = "foods",
      .about = "diffusion between two options, driven by the difference of their values",
      .reference = "Milosavljevic et al. 2010, Judgm Decis Mak 5:437; Krajbich & Rangel 2011, PNAS 108:13852",
      .equations = WIENER_AS_IN_DDM "with delta = v_coef (value_upper - value_lower)")
