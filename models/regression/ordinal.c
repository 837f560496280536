/* ordinal: regression of ratings from 0 to 4 with proportional odds. McCullagh 1980. */
#define PARAMETERS(parameter)                                                                          \
    parameter(b1, identity, "weight of x1")                                                            \
    parameter(c, identity, "threshold between ratings 1 and 2")                                        \
    parameter(gap1, exp, "distance of the threshold below rating 1 to the next", .mu = 0, .var = 1)    \
    parameter(gap2, exp, "distance of the threshold below rating 2 to the next", .mu = 0, .var = 1)    \
    parameter(gap3, exp, "distance of the threshold below rating 3 to the next", .mu = 0, .var = 1)
#define COLUMNS(column)                              \
    column(x1, input, number, "predictor")           \
    column(rating, response, codes(5, NULL), "what is predicted: a rating, in order")
#define LATENTS(latent) latent(mean, "where the predictor puts the subject on the scale of the thresholds")
#define WITHOUT_WEIGHTS
#include "regression.h"

NO_STATE

TRIAL(p, s)
{
    real mean = mul(p->b1, observe(x1));
    const real threshold[4] = {sub(p->c, p->gap1), p->c, add(p->c, p->gap2), add(add(p->c, p->gap2), p->gap3)};
    const real gap[3] = {p->gap1, p->gap2, p->gap3};
    if (drawing()) {
        const double u = uniform(), at = number(mean) + number(log(u / (1 - u)));
        int rating = 0;
        while (rating < 4 && at > number(threshold[rating]))
            rating++;
        record(rating, rating);
    }
    /* logistic(u) - logistic(l) = logistic(u) logistic(-l) (1 - exp(l - u)), and u - l is a gap: no difference is lost */
    data r = observe(rating);
    truth lowest = equals(r, 0), highest = equals(r, 4);
    real below_upper = select(highest, 0, log_sigmoid(sub(pick(threshold, r), mean)));
    real above_lower = select(lowest, 0, log_sigmoid(sub(mean, pick(threshold, sub(r, 1)))));
    real apart = log(neg(expm1(neg(pick(gap, sub(r, 1))))));
    score(rating, add(add(below_upper, above_lower), select(either(lowest, highest), 0, apart)));

    report(mean, mean);
}

MODEL(ordinal, .family = "regression", .task = "predictors",
      .about = "ordinal regression of ratings from 0 to 4 on a predictor, with proportional odds",
      .reference = "McCullagh 1980, J R Stat Soc B 42:109; Buerkner & Vuorre 2019, Adv Methods Pract Psychol Sci 2:77",
      .equations = "p(rating <= k) = logistic(C[k+1] - b1 x1)\n"
                   "thresholds C1 to C4:  C2 = c, C1 = c - gap1, C3 = c + gap2, C4 = C3 + gap3")
