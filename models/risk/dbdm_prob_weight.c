/* dbdm_prob_weight: two described lotteries, with probabilities weighted and losses weighing more.
 * Prelec 1998; Erev et al. 2010. */
#define PARAMETERS(parameter)                                                    \
    parameter(tau, logistic, "probability weighting, 1 = none")                  \
    parameter(rho, scaled(2), "curvature of utility, 1 = linear")                \
    parameter(lambda, scaled(5), "loss aversion, 1 = none")                      \
    parameter(beta, logistic, "inverse temperature, per unit of utility")
#define COLUMNS(column)                                                              \
    column(opt1hprob, input, within(0, 1), "option 1: probability of its high outcome") \
    column(opt1hval, input, number, "option 1: high outcome")                        \
    column(opt1lval, input, number, "option 1: low outcome")                         \
    column(opt2hprob, input, within(0, 1), "option 2: probability of its high outcome") \
    column(opt2hval, input, number, "option 2: high outcome")                        \
    column(opt2lval, input, number, "option 2: low outcome")                         \
    column(choice, response, codes(2, "0 = option 1, 1 = option 2"), "option chosen")
#define LATENTS(latent)                \
    latent(u1, "utility of option 1")  \
    latent(u2, "utility of option 2")
#include "emlib/model.h"

EM_INLINE real weighted(data probability, real tau)
{
    truth possible = above(probability, 0);
    real weight = exp(neg(power(neg(log(select(possible, probability, 1))), tau)));
    return select(possible, weight, 0);
}

EM_INLINE real utility(const parameters *p, data probability, data high, data low)
{
    truth wins = above(high, 0), low_loses = either(below(low, 0), not_(wins));
    real of_high = mul(select(wins, as_real(1), neg(p->lambda)), power(absolute(high), p->rho));
    real of_low = mul(select(low_loses, neg(p->lambda), as_real(1)), power(absolute(low), p->rho));
    return add(mul(weighted(probability, p->tau), of_high), mul(weighted(sub(1, probability), p->tau), of_low));
}

NO_STATE

TRIAL(p, s)
{
    real first = utility(p, observe(opt1hprob), observe(opt1hval), observe(opt1lval));
    real second = utility(p, observe(opt2hprob), observe(opt2hval), observe(opt2lval));
    choose_binary(choice, mul(p->beta, sub(second, first)));

    report(u1, first);
    report(u2, second);
}

MODEL(dbdm_prob_weight, .family = "risk", .task = "lotteries",
      .about = "two described lotteries of two outcomes: weighted probabilities, curved utility and loss aversion",
      .reference = "Prelec 1998, Econometrica 66:497; Erev et al. 2010, J Behav Decis Mak 23:15",
      .equations = "U = w(hprob) v(hval) + w(1 - hprob) v(lval);  w(p) = exp(-(-log p)^tau)\n"
                   "v(x) = x^rho for a gain, -lambda |x|^rho for a loss;  the low outcome is a gain only where lval >= 0 and "
                   "hval > 0\n"
                   "p(option 2) = logistic(beta (U_2 - U_1))")
