/* What the models of delay discounting share: an amount sooner against an amount later, and choice by the difference of their
 * discounted values. */
#define COLUMNS(column)                                                        \
    column(amount_sooner, input, number, "amount of the sooner option")        \
    column(delay_sooner, input, at_least(0), "delay of the sooner option")     \
    column(amount_later, input, number, "amount of the later option")          \
    column(delay_later, input, at_least(0), "delay of the later option")       \
    column(choice, response, codes(2, "0 = sooner, 1 = later"), "option chosen")
#define LATENTS(latent)                                \
    latent(value_sooner, "discounted value, sooner option") \
    latent(value_later, "discounted value, later option")
#include "emlib/model.h"

/* Each model says what it makes of an amount that comes after a delay. */
EM_INLINE real discounted(const parameters *p, data amount, data delay);

EM_INLINE void sooner_or_later(em_run *em, const parameters *p, real inverse_temperature)
{
    real sooner = discounted(p, observe(amount_sooner), observe(delay_sooner));
    real later = discounted(p, observe(amount_later), observe(delay_later));
    choose_binary(choice, mul(inverse_temperature, sub(later, sooner)));

    report(value_sooner, sooner);
    report(value_later, later);
}

#define DELAY_CHOICE "p(later) = logistic(beta (V_later - V_sooner))"
