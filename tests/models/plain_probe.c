/* plain_probe: every feature of the plain interface: two responses with an outcome between them, an input, a fact, all kinds of
 * transform, learning, blocks. */
#define PARAMETERS(parameter)                                       \
    parameter(a, logistic, "learning rate")                         \
    parameter(b, exp, "temperature")                                \
    parameter(c, scaled(3), "bounded")                              \
    parameter(d, between(-1, 2), "bounded on both sides", .mu = 0.5) \
    parameter(e, scaled_by(longest), "bounded by a fact", .var = 1) \
    parameter(f, custom(cubic), "a transform of the file's own")
#define COLUMNS(column)                                             \
    column(size, input, within(0, 10), "a number")                  \
    column(first, response, codes(3, NULL), "first choice")         \
    column(state, outcome, codes(2, NULL), "where it led")          \
    column(second, response, codes(2, "0 = no, 1 = yes"), "second choice") \
    column(outcome, outcome, number, "reward")
#define FACTS(fact) fact(longest, maximum, size, "largest size")
#include "emlib/plain.h"

static double cubic(double x) { return x + x * x * x / 3; }
static double cubic_inverse(double y)
{
    const double w = cbrt(1.5 * y + sqrt(2.25 * y * y + 1));
    return w - 1 / w;
}

LOG_LIKELIHOOD(p, d)
{
    double q[3] = {0}, v[2] = {p->d, p->d}, total = 0;
    for (int t = 0; t < d->trials; t++) {
        const int one = (int)d->first[t], state = (int)d->state[t], two = (int)d->second[t];
        if (restarts(d, t)) {
            q[0] = q[1] = q[2] = 0;
            v[0] = v[1] = p->d;
        }
        if (scored(d, first, t))
            total += p->b * q[one] - log(exp(p->b * q[0]) + exp(p->b * q[1]) + exp(p->b * q[2]));
        if (scored(d, second, t)) {
            const double z = p->c * v[state] + 0.2 * p->f * (d->size[t] - p->e) / fact(d, longest);
            total -= log1p(exp(two ? -z : z));
        }
        if (learned(d, t)) {
            q[one] += p->a * (d->outcome[t] - q[one]);
            v[state] += 0.5 * p->a * (d->outcome[t] * two - v[state]);
        }
    }
    return total;
}

MODEL(plain_probe, .family = "test", .about = "all features", .reference = "none", .equations = "see the file")
