/* prd_hyp_k: hyperbolic probability discounting, by the odds against winning. Rachlin, Raineri & Cross 1991. */
#define PARAMETERS(parameter)                                                                    \
    parameter(k, scaled(20), "discount rate, per unit of the odds against", .mu = -3, .var = 4)  \
    parameter(beta, exp, "inverse temperature, per unit of amount")
#define COLUMNS(column)                                                                \
    column(amount_sure, input, number, "amount of the sure option")                    \
    column(amount_risky, input, number, "amount of the risky option")                  \
    column(prob, input, within(0, 1), "its probability")                               \
    column(choice, response, codes(2, "0 = sure, 1 = risky"), "option chosen")
#define LATENTS(latent) latent(value_risky, "discounted value of the risky option")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s)
{
    data sure = observe(amount_sure), amount = observe(amount_risky), odds_for = observe(prob);
    /* 1/(1 + k (1 - prob)/prob), which is 0 where prob is */
    real left = div(odds_for, add(odds_for, mul(p->k, sub(1, odds_for))));
    real risky = mul(amount, left);
    choose_binary(choice, mul(p->beta, sub(risky, sure)));

    report(value_risky, risky);
}

MODEL(prd_hyp_k, .family = "probability discounting", .task = "odds",
      .about = "hyperbolic discounting of an amount by the odds against it; beta = 1 makes it pyEM's model",
      .reference = "Rachlin, Raineri & Cross 1991, J Exp Anal Behav 55:233",
      .equations = "V_risky = amount_risky / (1 + k theta);  theta = (1 - prob)/prob\n"
                   "p(risky) = logistic(beta (V_risky - amount_sure))")
