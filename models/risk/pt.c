/* pt: prospect theory with probability weighting, for a gamble of two outcomes against a sure amount.
 * Tversky & Kahneman 1992. */
#define PARAMETERS(parameter)                                                          \
    parameter(alpha, logistic, "curvature of utility, gains")                          \
    parameter(beta, logistic, "curvature of utility, losses")                          \
    parameter(lam, scaled(20), "loss aversion, 1 = none", .mu = -2, .var = 2)          \
    parameter(gamma, logistic, "probability weighting, 1 = none")                      \
    parameter(mu, scaled(20), "inverse temperature, per unit of utility", .mu = -2, .var = 4)
#define COLUMNS(column)                                                              \
    column(x1, input, number, "first outcome of the gamble, below 0 for a loss")     \
    column(p1, input, within(0, 1), "its probability")                               \
    column(x2, input, number, "second outcome of the gamble")                        \
    column(p2, input, within(0, 1), "its probability")                               \
    column(cert, input, number, "sure amount, below 0 for a loss")                   \
    column(choice, response, codes(2, "0 = sure amount, 1 = gamble"), "option chosen")
#define LATENTS(latent)                      \
    latent(u_gamble, "utility of the gamble") \
    latent(u_sure, "utility of the sure amount")
#include "emlib/model.h"

EM_INLINE real value(const parameters *p, data x)
{
    truth loses = below(x, 0);
    real size = power(absolute(x), select(loses, p->beta, p->alpha));
    return mul(select(loses, neg(p->lam), as_real(1)), size);
}

/* Its logarithm does not overflow where gamma is close to 0. */
EM_INLINE real weight(data probability, real gamma)
{
    truth possible = above(probability, 0);
    real both_ways = add(power(probability, gamma), power(sub(1, probability), gamma));
    real log_weight = sub(mul(gamma, log(select(possible, probability, 1))), div(log(both_ways), gamma));
    return select(possible, exp(log_weight), 0);
}

NO_STATE

TRIAL(p, s)
{
    real first = mul(weight(observe(p1), p->gamma), value(p, observe(x1)));
    real second = mul(weight(observe(p2), p->gamma), value(p, observe(x2)));
    real gamble = add(first, second), sure = value(p, observe(cert));
    choose_binary(choice, mul(p->mu, sub(gamble, sure)));

    report(u_gamble, gamble);
    report(u_sure, sure);
}

MODEL(pt, .family = "risk", .task = "gambles_with_odds",
      .about = "prospect theory with probability weighting: a gamble of two outcomes against a sure amount",
      .reference = "Tversky & Kahneman 1992, J Risk Uncertain 5:297",
      .equations = "v(x) = x^alpha for x >= 0, else -lam |x|^beta\n"
                   "w(p) = p^gamma / (p^gamma + (1 - p)^gamma)^(1/gamma)\n"
                   "p(gamble) = logistic(mu (w(p1) v(x1) + w(p2) v(x2) - v(cert)))")
