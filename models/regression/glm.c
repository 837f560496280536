/* glm: linear regression on two predictors, with normal errors. Gelman & Hill 2007. */
#define PARAMETERS(parameter)  \
    WEIGHTS(parameter)         \
    parameter(sigma, exp, "standard deviation of the errors")
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(y, response, number, "what is predicted")
#define LATENTS(latent) latent(mean, "value predicted")
#include "regression.h"

NO_STATE

TRIAL(p, s)
{
    real mean = weighted_now(em, p);
    respond_normal(y, mean, p->sigma);

    report(mean, mean);
}

MODEL(glm, .family = "regression", .task = "predictors",
      .about = "linear regression on two predictors",
      .reference = GELMAN_HILL,
      .equations = "y = b0 + b1 x1 + b2 x2 + sigma e,  e standard normal")
