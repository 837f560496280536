/* plane: y ~ Normal(a + b x, 1). With a Gaussian group EM's fixed point has a closed form where everybody has the same x. */
#define PARAMETERS(parameter)                  \
    parameter(a, identity, "height at x = 0") \
    parameter(b, identity, "slope")
#define COLUMNS(column)                    \
    column(x, input, number, "a number")   \
    column(y, response, number, "a number")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { respond_normal(y, add(p->a, mul(p->b, observe(x))), 1); }

MODEL(plane, .family = "test", .about = "Gaussian with unit variance about a line", .reference = "none",
      .equations = "y ~ Normal(a + b x, 1)")
