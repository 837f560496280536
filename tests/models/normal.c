/* normal: y ~ Normal(m, 1). With a Gaussian group EM's fixed point has a closed form, and Laplace is exact. */
#define PARAMETERS(parameter) parameter(m, identity, "mean")
#define COLUMNS(column) column(y, response, number, "a number")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { respond_normal(y, p->m, 1); }

MODEL(normal, .family = "test", .about = "Gaussian with unit variance", .reference = "none", .equations = "y ~ Normal(m, 1)")
