/* line: y ~ Normal(level + slope x, 1). As for normal, everybody's posterior has a closed form; here it is correlated. */
#define PARAMETERS(parameter)            \
    parameter(level, identity, "at x = 0") \
    parameter(slope, identity, "of the line")
#define COLUMNS(column)                \
    column(x, input, number, "a number") \
    column(y, response, number, "a number")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s) { respond_normal(y, add(p->level, mul(p->slope, observe(x))), 1); }

MODEL(line, .family = "test", .about = "line with unit variance", .reference = "none", .equations = "y ~ Normal(level + slope x, 1)")
