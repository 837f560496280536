/* What the models of effort discounting share: a smaller reward for little effort against a larger one for more. Effort costs
 * as its square: Hartmann, Hager, Tobler & Kaiser 2013, Behav Processes 100:192. A model may put columns of its own first. */
#ifndef EFFORT_FIRST
#define EFFORT_FIRST(column)
#endif
#define COLUMNS(column)                                                                      \
    EFFORT_FIRST(column)                                                                     \
    column(reward_low, input, number, "reward of the option of low effort")                  \
    column(effort_low, input, at_least(0), "its effort, 0 = rest")                           \
    column(reward_high, input, number, "reward of the option of high effort")                \
    column(effort_high, input, at_least(0), "its effort, in the same unit")                  \
    column(choice, response, codes(2, "0 = low effort, 1 = high effort"), "option chosen")
#define LATENTS(latent)                                          \
    latent(value_low, "value of the option of low effort")       \
    latent(value_high, "value of the option of high effort")
#include "emlib/model.h"

EM_INLINE void high_or_low_effort(em_run *em, real k, real beta)
{
    real low = sub(observe(reward_low), mul(k, square(observe(effort_low))));
    real high = sub(observe(reward_high), mul(k, square(observe(effort_high))));
    choose_binary(choice, mul(beta, sub(high, low)));

    report(value_low, low);
    report(value_high, high);
}

#define EFFORT_CHOICE "p(high effort) = logistic(beta (V_high - V_low))"
#define EFFORT_SCALE "beta = 1 and effort_low = 0 make it pyEM's model"
