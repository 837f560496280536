/* What the models of the aversive learning task share: two options, each with a shock of known size and a probability that is
 * learned. Browning, Behrens, Jocham, O'Reilly & Bishop 2015, Nat Neurosci 18:590; the models follow hBayesDM
 * (Ahn, Haines & Zhang 2017). A model defines OUTCOME, its last column. */
#define COLUMNS(column)                                                     \
    column(punish0, input, at_least(0), "size of the shock of option 0")    \
    column(punish1, input, at_least(0), "size of the shock of option 1")    \
    column(choice, response, codes(2, NULL), "option chosen")               \
    OUTCOME(column)
/* Sizes run to about 100: an inverse temperature per unit of size is small. */
#define PARAMETERS(parameter)                                                                    \
    parameter(A, logistic, "learning rate")                                                     \
    parameter(beta, scaled(20), "inverse temperature, per unit of size", .mu = -4, .var = 4)     \
    parameter(gamma, scaled(10), "how steeply the weight of a shock grows with its probability, 1 = linear", \
              .mu = -2, .var = 4)
#include "emlib/model.h"

/* What an option threatens: the size of its shock, weighted by its probability; weights end at 0 and 1. */
EM_INLINE real threat(real probability, real gamma, data size)
{
    real weight = add(mul(gamma, sub(probability, 0.5)), 0.5);
    return mul(min(max(weight, 0), 1), size);
}

#define ALT_CHOICE(p0, p1)                                                      \
    "f(p) = gamma (p - .5) + .5, no less than 0 and no more than 1\n"           \
    "p(choice = 1) = logistic(beta (f(" p0 ") punish0 - f(" p1 ") punish1))\n"
