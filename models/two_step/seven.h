/* Two-step models with the seven parameters of Daw et al. 2011, in this order. */
#define PARAMETERS(parameter)                                           \
    parameter(alpha1, logistic, "learning rate, stage 1")               \
    parameter(alpha2, logistic, "learning rate, stage 2")               \
    parameter(lambda, logistic, "eligibility trace")                    \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(beta2, exp, "inverse temperature, stage 2")               \
    parameter(w, logistic, "weight of model-based values")              \
    parameter(p, identity, "perseveration: the last stage-1 choice again")
#include "two_step.h"

EM_INLINE two_step seven(const parameters *p)
{
    return (two_step){.alpha1 = p->alpha1, .alpha2 = p->alpha2, .lambda = p->lambda, .beta1 = p->beta1,
                      .beta2 = p->beta2, .w = p->w, .stay = p->p};
}
