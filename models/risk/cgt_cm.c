/* cgt_cm: Cambridge Gambling Task, cumulative model: which colour, then how much to stake on it, where stakes that are offered
 * later cost the wait. Romeu et al. 2020; task: Rogers et al. 1999. */
#define PARAMETERS(parameter)                                                                   \
    parameter(alpha, scaled(5), "probability distortion: how much the odds count, 1 = as they are") \
    parameter(c, logistic, "colour bias, 0.5 = none, above it for red")                         \
    parameter(rho, exp, "what is left after a loss, relative to what is there after a gain")    \
    parameter(beta, exp, "cost of waiting for the last stake offered")                          \
    parameter(gamma, exp, "inverse temperature of stakes")
#define COLUMNS(column)                                                                                     \
    column(gamble_type, input, codes(2, "0 = stakes descend, 1 = stakes ascend"), "order in which stakes are offered") \
    column(trial_initial_points, input, at_least(0), "points before the trial")                            \
    column(n_red_boxes, input, within(1, 9), "red boxes, of ten")                                           \
    column(choice, response, codes(2, "0 = blue, 1 = red"), "colour chosen")                                \
    column(stake, response, codes(5, "0 = 5%, 1 = 25%, 2 = 50%, 3 = 75%, 4 = 95% of the points"), "stake chosen")
#define LATENTS(latent)                                             \
    latent(p_red, "probability of choosing red")                    \
    latent(u_stake, "utility of the stake chosen")                  \
    latent(u_best, "utility of the best stake")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s)
{
    data ascending = observe(gamble_type), points = div(observe(trial_initial_points), 100);
    data red = div(observe(n_red_boxes), 10);
    real bias = sub(log(p->c), log(sub(1, p->c)));
    real odds = add(bias, mul(p->alpha, log(div(red, sub(1, red)))));
    data colour = choose_binary(choice, odds);
    data right = select(equals(colour, 1), red, sub(1, red));

    static const double part[5] = {0.05, 0.25, 0.5, 0.75, 0.95};
    real u[5], scaled_u[5];
    each(b, 5) {
        data wait = select(equals(ascending, 1), b / 4.0, (4 - b) / 4.0);
        data gain = log1p(mul(points, 1 + part[b])), left = mul(points, 1 - part[b]);
        real after = add(mul(right, gain), mul(sub(1, right), log1p(mul(p->rho, left))));
        u[b] = sub(after, mul(p->beta, wait));
        scaled_u[b] = mul(p->gamma, u[b]);
    }
    data staked = choose_softmax(stake, scaled_u);

    report(p_red, logistic(odds));
    report(u_stake, pick(u, staked));
    report(u_best, max(max(max(u[0], u[1]), max(u[2], u[3])), u[4]));
}

MODEL(cgt_cm, .family = "risk", .task = "cambridge",
      .about = "Cambridge Gambling Task: colour by distorted odds, stake by expected utility less the cost of waiting for it",
      .reference = "Romeu et al. 2020, Drug Alcohol Depend 206:107711; Rogers et al. 1999, Neuropsychopharmacology 20:322",
      .equations = "x = n_red_boxes/10;  p(red) = c x^alpha / (c x^alpha + (1 - c) (1 - x)^alpha)\n"
                   "P = x where red was chosen, else 1 - x;  m = trial_initial_points/100;  s = 0.05, 0.25, 0.5, 0.75, 0.95\n"
                   "U(stake) = P log(1 + m (1 + s)) + (1 - P) log(1 + rho m (1 - s)) - beta delay\n"
                   "delay = 0, 1/4, ..., 1 in the order in which the stakes are offered\n"
                   "p(stake) = exp(gamma U(stake)) / sum over stakes of exp(gamma U)")
