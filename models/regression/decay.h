/* What the regressions with fading predictors share: a predictor is this trial's value and what is left of the two before,
 * as with the weights of past events on mood. Rutledge, Skandali, Dayan & Dolan 2014, PNAS 111:12252; in three trials as in
 * the program pyEM. */
#include "regression.h"

STATE { data x1[2], x2[2]; }; /* [0] one trial ago, [1] two trials ago; 0 before the first trial */

START(p, s)
{
    fill(s->x1, 0);
    fill(s->x2, 0);
}

/* x + gamma before[0] + gamma^2 before[1]; moves on by a trial. */
EM_INLINE real faded(data x, data before[2], real gamma)
{
    real sum = add(x, mul(gamma, add(before[0], mul(gamma, before[1]))));
    before[1] = before[0];
    before[0] = x;
    return sum;
}
EM_INLINE real weighted_faded(em_run *em, const parameters *p, em_state *s)
{
    return weighted(p, faded(observe(x1), s->x1, p->gamma), faded(observe(x2), s->x2, p->gamma));
}

#define FADED                                                                         \
    "m = b0 + b1 f(x1) + b2 f(x2)\n"                                                  \
    "f(x) = x[t] + gamma x[t-1] + gamma^2 x[t-2], without those before the first trial;  trials with missing data are left out\n"
