/* peaks: the posterior of m has two maxima, one on each side of 0, and the second number tells which is the higher one. */
#define PARAMETERS(parameter) parameter(m, identity, "size")
#define COLUMNS(column)                                   \
    column(y, response, number, "a number near m squared") \
    column(z, response, number, "a number roughly near m")
#include "emlib/model.h"

NO_STATE

TRIAL(p, s)
{
    respond_normal(y, square(p->m), 1);
    respond_normal(z, p->m, 3);
}

MODEL(peaks, .family = "test", .about = "two maxima", .reference = "none", .equations = "y ~ Normal(m m, 1), z ~ Normal(m, 3)")
