/* glm_decay: linear regression on two predictors that fade over trials. See decay.h. */
#define PARAMETERS(parameter)                                      \
    WEIGHTS(parameter)                                             \
    parameter(gamma, logistic, "what is left of a predictor one trial later") \
    parameter(sigma, exp, "standard deviation of the errors")
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(y, response, number, "what is predicted")
#define LATENTS(latent) latent(mean, "value predicted")
#include "decay.h"

TRIAL(p, s)
{
    real mean = weighted_faded(em, p, s);
    respond_normal(y, mean, p->sigma);

    report(mean, mean);
}

MODEL(glm_decay, .family = "regression", .task = "predictors",
      .about = "linear regression on two predictors that fade over three trials",
      .reference = "Rutledge et al. 2014, PNAS 111:12252",
      .equations = "y = m + sigma e,  e standard normal\n" FADED)
