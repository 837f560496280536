/* logit: logistic regression on two predictors. Gelman & Hill 2007. */
#define PARAMETERS(parameter) WEIGHTS(parameter)
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(choice, response, codes(2, NULL), "what is predicted")
#define LATENTS(latent) latent(p_one, "probability of response 1")
#include "regression.h"

NO_STATE

TRIAL(p, s)
{
    real z = weighted_now(em, p);
    choose_binary(choice, z);

    report(p_one, logistic(z));
}

MODEL(logit, .family = "regression", .task = "predictors",
      .about = "logistic regression on two predictors",
      .reference = GELMAN_HILL,
      .equations = "p(choice = 1) = logistic(b0 + b1 x1 + b2 x2)")
