/* psychometric_weibull: Weibull psychometric function of two-alternative forced choice. Quick 1974; Wichmann & Hill 2001. */
#define PARAMETERS(parameter)                                                                              \
    parameter(threshold, exp, "intensity at which 63 percent of the way from chance to the top is made")   \
    parameter(slope, exp, "slope: 1 = exponential rise, above 1 steeper")                                  \
    parameter(lapse, scaled(0.5), "rate of wrong responses at the highest intensities", .mu = -2, .var = 1)
#define COLUMNS(column)                                                              \
    column(intensity, input, at_least(0), "intensity of the stimulus, such as contrast") \
    column(choice, response, codes(2, "0 = wrong, 1 = right"), "which of two alternatives is chosen")
#define LATENTS(latent) latent(p_right, "probability of the right response")
#include "psychometric.h"

NO_STATE

TRIAL(p, s)
{
    data x = observe(intensity);
    truth seen = above(x, 0);
    real u = mul(p->slope, sub(log(select(seen, x, 1)), log(p->threshold)));
    /* beyond exp(6) the rest of the way is below 1e-170 */
    real power = select(seen, exp(min(u, 6)), 0), fall = exp(neg(power));
    choose_rise(choice, neg(expm1(neg(power))), fall, 0.5, p->lapse);

    report(p_right, sub(sub(1, p->lapse), mul(sub(0.5, p->lapse), fall)));
}

MODEL(psychometric_weibull, .family = "perception", .task = "intensities",
      .about = "Weibull psychometric function of a choice between two, with lapses",
      .reference = "Quick 1974, Kybernetik 16:65; Wichmann & Hill 2001, Percept Psychophys 63:1293",
      .equations = "p(right) = 0.5 + (0.5 - lapse) (1 - exp(-(intensity/threshold)^slope))")
