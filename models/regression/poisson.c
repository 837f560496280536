/* poisson: Poisson regression of counts on two predictors. Gelman & Hill 2007. */
#define PARAMETERS(parameter) WEIGHTS(parameter)
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(count, response, at_least(0), "what is predicted: how many")
#define LATENTS(latent) latent(rate, "mean predicted")
#include "regression.h"

NO_STATE

TRIAL(p, s)
{
    real log_rate = weighted_now(em, p);
    respond_poisson(count, log_rate);

    report(rate, exp(log_rate));
}

MODEL(poisson, .family = "regression", .task = "predictors",
      .about = "Poisson regression of counts on two predictors",
      .reference = GELMAN_HILL,
      .equations = "p(count) = r^count exp(-r) / count!,  r = exp(b0 + b1 x1 + b2 x2)")
