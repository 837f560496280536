/* logs: the logarithm of an input that is never 0: what stands in for missing cells must not be 0 either. */
#define PARAMETERS(parameter) parameter(slope, identity, "slope")
#define COLUMNS(column)                              \
    column(x, input, at_least(0.1), "a positive number") \
    column(y, response, number, "a number")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { respond_normal(y, mul(p->slope, log(observe(x))), 1); }

MODEL(logs, .family = "test", .about = "logarithm", .reference = "none", .equations = "y ~ Normal(slope log x, 1)")
