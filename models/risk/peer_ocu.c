/* peer_ocu: risky choice while others' choices are seen; what all others chose has a utility of its own.
 * Chung, Christopoulos, King-Casas, Ball & Chiu 2015. */
#define PARAMETERS(parameter)                                                      \
    parameter(rho, scaled(2), "curvature of utility, 1 = linear")                  \
    parameter(tau, exp, "inverse temperature, per unit of utility")                \
    parameter(ocu, identity, "utility of choosing as all others did")
#define COLUMNS(column)                                                                                     \
    column(condition, input, codes(4, "0 = alone, 1 = others chose safe, 2 = others differed, 3 = others chose risky"), \
           "what others chose")                                                                             \
    column(p_gamble, input, within(0, 1), "probability of the high outcome, in both options")               \
    column(safe_Hpayoff, input, at_least(0), "safe option: high outcome")                                   \
    column(safe_Lpayoff, input, at_least(0), "safe option: low outcome")                                    \
    column(risky_Hpayoff, input, at_least(0), "risky option: high outcome")                                 \
    column(risky_Lpayoff, input, at_least(0), "risky option: low outcome")                                  \
    column(choice, response, codes(2, "0 = safe, 1 = risky"), "option chosen")
#define LATENTS(latent)                          \
    latent(u_safe, "utility of the safe option") \
    latent(u_risky, "utility of the risky option")
#include "emlib/model.h"

EM_INLINE real expected(data probability, data high, data low, real rho)
{
    return add(mul(probability, power(high, rho)), mul(sub(1, probability), power(low, rho)));
}

NO_STATE

TRIAL(p, s)
{
    data others = observe(condition), odds = observe(p_gamble);
    real safe = expected(odds, observe(safe_Hpayoff), observe(safe_Lpayoff), p->rho);
    real risky = expected(odds, observe(risky_Hpayoff), observe(risky_Lpayoff), p->rho);
    safe = add(safe, mul(p->ocu, select(equals(others, 1), 1, 0)));
    risky = add(risky, mul(p->ocu, select(equals(others, 3), 1, 0)));
    choose_binary(choice, mul(p->tau, sub(risky, safe)));

    report(u_safe, safe);
    report(u_risky, risky);
}

MODEL(peer_ocu, .family = "risk", .task = "peers",
      .about = "risky choice under the influence of peers: what all others chose gains utility",
      .reference = "Chung et al. 2015, Nat Neurosci 18:912",
      .equations = "U = p_gamble high^rho + (1 - p_gamble) low^rho, for either option\n"
                   "U_safe += ocu where condition = 1;  U_risky += ocu where condition = 3\n"
                   "p(risky) = logistic(tau (U_risky - U_safe))")
