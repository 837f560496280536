/* What the regressions share: two predictors and their weights. A regression is a model of its own for ratings or counts, and
 * the baseline that a model with a mechanism should beat. Gelman & Hill 2007. */
#define WEIGHTS(parameter)                        \
    parameter(b0, identity, "intercept")          \
    parameter(b1, identity, "weight of x1")       \
    parameter(b2, identity, "weight of x2")
#define PREDICTORS(column)                        \
    column(x1, input, number, "first predictor")  \
    column(x2, input, number, "second predictor; zeros where there is none")
#define GELMAN_HILL "Gelman & Hill 2007, Data analysis using regression and multilevel/hierarchical models"
#include "emlib/model.h"

#ifndef WITHOUT_WEIGHTS
EM_INLINE real weighted(const parameters *p, real x1, real x2)
{
    return add(p->b0, add(mul(p->b1, x1), mul(p->b2, x2)));
}
EM_INLINE real weighted_now(em_run *em, const parameters *p)
{
    return add(p->b0, add(mul(p->b1, observe(x1)), mul(p->b2, observe(x2))));
}
#endif
