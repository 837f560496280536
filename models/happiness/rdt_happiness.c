/* rdt_happiness: momentary happiness between risky decisions, from sure rewards, expectations and surprises that fade.
 * Rutledge, Skandali, Dayan & Dolan 2014.
 * Ratings are rare, and a trial on which nothing is missing is one from which the state learns: `rated` says where `happy` is a
 * rating, and elsewhere `happy` holds any number (the last rating, 0), which counts for nothing. */
#define PARAMETERS(parameter)                                                          \
    parameter(w0, identity, "baseline of happiness")                                   \
    parameter(w1, identity, "weight of sure rewards")                                  \
    parameter(w2, identity, "weight of expected values of gambles taken")              \
    parameter(w3, identity, "weight of reward prediction errors")                      \
    parameter(gam, logistic, "forgetting factor: what one trial leaves of the past")   \
    parameter(sig, exp, "standard deviation of ratings about what is expected")
#define COLUMNS(column)                                                                                \
    column(rated, input, codes(2, "0 = no rating, 1 = rating"), "whether happiness is rated before this trial") \
    column(happy, response, number, "the rating; where there is none, any number")                    \
    column(gain, input, number, "amount won if the gamble goes well")                                  \
    column(loss, input, at_least(0), "amount lost if it goes badly, as a positive number")            \
    column(cert, input, number, "sure amount, below 0 for a loss (type times cert in hBayesDM's tables)") \
    column(choice, input, codes(2, "0 = sure amount, 1 = gamble"), "what was chosen, which this model does not explain") \
    column(outcome, outcome, number, "amount that it brought, below 0 for a loss")
#define LATENTS(latent)                                         \
    latent(happiness, "happiness expected before the trial")    \
    latent(sure, "faded sum of sure rewards")                   \
    latent(expected, "faded sum of expected values")            \
    latent(surprise, "faded sum of reward prediction errors")
#include "emlib/model.h"

STATE { real sure, expected, surprise; };

START(p, s) { s->sure = s->expected = s->surprise = as_real(0); }

/* One more, and a step away from all of them. */
EM_INLINE real faded(real sum, data more, real gam) { return mul(gam, add(sum, more)); }

TRIAL(p, s)
{
    real mean = add(add(p->w0, mul(p->w1, s->sure)), add(mul(p->w2, s->expected), mul(p->w3, s->surprise)));
    data asked = observe(rated);
    if (drawing())
        record(happy, number(asked) == 1 ? number(mean) + number(p->sig) * normal() : 0);
    real z = div(sub(observe(happy), mean), p->sig);
    real log_density = neg(add(add(0.5 * 1.8378770664093454836, log(p->sig)), mul(0.5, square(z))));
    score(happy, select(equals(asked, 1), log_density, 0));

    report(happiness, mean);
    report(sure, s->sure);
    report(expected, s->expected);
    report(surprise, s->surprise);

    data gambled = observe(choice), value = mul(0.5, sub(observe(gain), observe(loss)));
    s->sure = faded(s->sure, mul(sub(1, gambled), observe(cert)), p->gam);
    s->expected = faded(s->expected, mul(gambled, value), p->gam);
    s->surprise = faded(s->surprise, mul(gambled, sub(observe(outcome), value)), p->gam);
}

MODEL(rdt_happiness, .family = "happiness", .task = "ratings",
      .about = "momentary happiness between risky decisions: sure rewards, expected values and prediction errors that fade; "
               "choices are given, ratings are explained",
      .reference = "Rutledge et al. 2014, PNAS 111:12252; in the form of hBayesDM, Ahn, Haines & Zhang 2017, Comput Psychiatr "
                   "1:24",
      .equations = "happy ~ Normal(w0 + w1 CR + w2 EV + w3 RPE, sig), on trials with rated = 1\n"
                   "then, CR = gam (CR + cert) where the sure amount was chosen, else gam CR\n"
                   "EV = gam (EV + v) and RPE = gam (RPE + outcome - v), v = (gain - loss)/2, where the gamble was, else gam EV, "
                   "gam RPE\n"
                   "All sums start at 0. A rating stands on the row of the trial that follows it; the last trial weighs gam, so "
                   "Rutledge's weights are gam times these")
