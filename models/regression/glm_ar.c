/* glm_ar: linear regression in which the last value has a part. Box, Jenkins & Reinsel 2008. */
#define PARAMETERS(parameter)                                              \
    WEIGHTS(parameter)                                                     \
    parameter(phi, between(-1, 1), "part of the last value in this one")   \
    parameter(sigma, exp, "standard deviation of the errors")
#define COLUMNS(column)        \
    PREDICTORS(column)         \
    column(y, response, number, "what is predicted")
#define LATENTS(latent) latent(mean, "value predicted")
#include "regression.h"

STATE { data last; };

START(p, s) { s->last = as_data(0); }

TRIAL(p, s)
{
    real mean = add(weighted_now(em, p), mul(p->phi, s->last));
    s->last = respond_normal(y, mean, p->sigma);

    report(mean, mean);
}

MODEL(glm_ar, .family = "regression", .task = "predictors",
      .about = "linear regression on two predictors and on the value of the trial before",
      .reference = "Box, Jenkins & Reinsel 2008, Time series analysis, ch. 3",
      .equations = "y[t] = b0 + b1 x1[t] + b2 x2[t] + phi y[t-1] + sigma e[t],  e standard normal;  on the first trial without y[t-1]")
