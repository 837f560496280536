/* logit_decay: logistic regression on two predictors that fade over trials. See decay.h. */
#define PARAMETERS(parameter)  \
    WEIGHTS(parameter)         \
    parameter(gamma, logistic, "what is left of a predictor one trial later")
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(choice, response, codes(2, NULL), "what is predicted")
#define LATENTS(latent) latent(p_one, "probability of response 1")
#include "decay.h"

TRIAL(p, s)
{
    real z = weighted_faded(em, p, s);
    choose_binary(choice, z);

    report(p_one, logistic(z));
}

MODEL(logit_decay, .family = "regression", .task = "predictors",
      .about = "logistic regression on two predictors that fade over three trials",
      .reference = "Rutledge et al. 2014, PNAS 111:12252",
      .equations = "p(choice = 1) = logistic(m)\n" FADED)
