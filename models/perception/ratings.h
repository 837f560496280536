/* What the signal detection models with confidence ratings share: six ratings, and between them five criteria, which are in
 * order because the distance of each from its neighbour is above 0. Macmillan & Creelman 2005, Detection theory, ch. 3. */
#include "detection.h"
#define CRITERIA(parameter)                                                                            \
    parameter(c, identity, "criterion between ratings 2 and 3; 0 = unbiased, above 0 \"noise\" more often") \
    parameter(gap1, exp, "distance of the criterion below rating 1 to the next", .mu = -0.7, .var = 1)  \
    parameter(gap2, exp, "distance of the criterion below rating 2 to the next", .mu = -0.7, .var = 1)  \
    parameter(gap3, exp, "distance of the criterion below rating 3 to the next", .mu = -0.7, .var = 1)  \
    parameter(gap4, exp, "distance of the criterion below rating 4 to the next", .mu = -0.7, .var = 1)
#define COLUMNS(column) \
    STIMULUS(column)    \
    column(rating, response, codes(6, "0 = surely noise, 1, 2 = perhaps noise, 3 = perhaps signal, 4, 5 = surely signal"), \
           "how sure a subject is that there was a signal")
#define LATENTS(latent) latent(evidence, "mean of the evidence")
#include "emlib/model.h"
#include "probit.h"

/* The rating of evidence with this mean and standard deviation. */
EM_INLINE void rate(em_run *em, const parameters *p, real mean, real sd)
{
    const real c[5] = {sub(sub(p->c, p->gap2), p->gap1), sub(p->c, p->gap2), p->c, add(p->c, p->gap3),
                       add(add(p->c, p->gap3), p->gap4)};
    if (drawing()) {
        const double x = number(mean) + number(sd) * normal();
        int rating = 0;
        while (rating < 5 && x > number(c[rating]))
            rating++;
        record(rating, rating);
    }
    data r = observe(rating);
    /* An outer rating has one criterion: what is below the lowest, or above the highest, which is below its mirror image.
     * In place of a missing rating stands -1: the two criteria must differ there, too. */
    truth lowest = below(r, 1), highest = equals(r, 5);
    real low = div(sub(pick(c, sub(r, 1)), mean), sd), high = div(sub(pick(c, r), mean), sd);
    real outer = log_normal_cdf(select(highest, neg(low), high));
    real low_within = select(either(lowest, highest), -1, low), high_within = select(either(lowest, highest), 1, high);
    score(rating, select(either(lowest, highest), outer, log_normal_between(low_within, high_within)));
    report(evidence, mean);
}

#define RATINGS_EQUATIONS                                                                               \
    "criteria C1 to C5:  C3 = c, C2 = C3 - gap2, C1 = C2 - gap1, C4 = C3 + gap3, C5 = C4 + gap4\n"      \
    "p(rating = k) = Phi((C[k+1] - m)/s) - Phi((C[k] - m)/s),  C0 = -infinity, C6 = infinity\n"         \
    "m = d/2 with a signal, -d/2 without;  "
