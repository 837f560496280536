/* What the models of choice under risk and ambiguity share: a lottery whose probability may be partly hidden, against an
 * even chance of a fixed amount. Levy, Snell, Nelson, Rustichini & Glimcher 2010, J Neurophysiol 103:1036. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha, scaled(2), "risk attitude: curvature of utility, 1 = neutral") \
    parameter(beta, identity, "ambiguity attitude, above 0 = averse")            \
    parameter(gamma, exp, "inverse temperature, per unit of subjective value")
#define COLUMNS(column)                                                                             \
    column(prob, input, within(0, 1), "probability of the variable lottery, the middle where it is hidden") \
    column(ambig, input, within(0, 1), "ambiguity: the part of the probability that is hidden, 0 = none") \
    column(reward_var, input, at_least(0), "amount of the variable lottery")                        \
    column(reward_fix, input, at_least(0), "amount of the fixed lottery, which has probability 0.5") \
    column(choice, response, codes(2, "0 = fixed lottery, 1 = variable lottery"), "option chosen")
#define LATENTS(latent)                                      \
    latent(sv_var, "subjective value of the variable lottery") \
    latent(sv_fix, "subjective value of the fixed lottery")
#include "emlib/model.h"

/* Choice, when this is what the variable lottery's probability counts for. */
EM_INLINE void variable_or_fixed(em_run *em, const parameters *p, real weight)
{
    real variable = mul(weight, power(observe(reward_var), p->alpha));
    real fixed = mul(0.5, power(observe(reward_fix), p->alpha));
    choose_binary(choice, mul(p->gamma, sub(variable, fixed)));

    report(sv_var, variable);
    report(sv_fix, fixed);
}

#define AMBIGUITY_CHOICE "SV_fix = 0.5 reward_fix^alpha\np(variable) = logistic(gamma (SV_var - SV_fix))"
