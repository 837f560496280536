/* psychometric: logistic psychometric function with guesses and lapses. Wichmann & Hill 2001. */
#define PARAMETERS(parameter)                                                                        \
    parameter(threshold, identity, "intensity halfway between guesses and lapses")                   \
    parameter(slope, exp, "slope, per unit of intensity")                                            \
    parameter(guess, scaled(0.5), "rate of response 1 at the lowest intensities", .mu = -2, .var = 1) \
    parameter(lapse, scaled(0.5), "rate of response 0 at the highest intensities", .mu = -2, .var = 1)
#define COLUMNS(column)                                                                  \
    column(intensity, input, number, "intensity of the stimulus, or a signed difference") \
    column(choice, response, codes(2, "0 = not seen, or left; 1 = seen, or right"), "response")
#define LATENTS(latent) latent(p_seen, "probability of response 1")
#include "psychometric.h"

NO_STATE

TRIAL(p, s)
{
    real z = mul(p->slope, sub(observe(intensity), p->threshold)), rise = logistic(z);
    choose_rise(choice, rise, logistic(neg(z)), p->guess, p->lapse);

    report(p_seen, add(p->guess, mul(sub(sub(1, p->guess), p->lapse), rise)));
}

MODEL(psychometric, .family = "perception", .task = "intensities",
      .about = "logistic psychometric function of intensity with guesses and lapses",
      .reference = "Wichmann & Hill 2001, Percept Psychophys 63:1293",
      .equations = "p(choice = 1) = guess + (1 - guess - lapse) logistic(slope (intensity - threshold))")
