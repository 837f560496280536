/* probe: every feature of the model interface at once, for tests: two responses with an outcome between them, a number and
 * a code as input, a fact, every kind of transform, counts in the state, a loop over the options. */
#define PARAMETERS(parameter)                                              \
    parameter(a, logistic, "weight")                                       \
    parameter(b, exp, "temperature")                                       \
    parameter(c, scaled(3), "bounded")                                     \
    parameter(d, between(-1, 2), "bounded on both sides", .mu = 0.5)       \
    parameter(e, scaled_by(longest), "bounded by a fact", .var = 1)        \
    parameter(f, custom(softplus_of), "a transform of the file's own")     \
    parameter(g, identity, "shift")
#define COLUMNS(column)                                             \
    column(cue, input, codes(3, NULL), "which of three")            \
    column(size, input, within(0, 10), "a number")                  \
    column(first, response, option, "first choice")                 \
    column(state, outcome, codes(2, NULL), "where it led")          \
    column(second, response, codes(2, "0 = no, 1 = yes"), "second choice") \
    column(outcome, outcome, number, "reward")
#define LATENTS(latent) latent(seen, "how often this cue came before") latent(error, "prediction error")
#define FACTS(fact) fact(longest, maximum, size, "largest size")
#include "emlib/model.h"

static inline real softplus_of(real x) { return softplus(x); }
static inline real softplus_of_inverse(real y) { return log(expm1(y)); }

STATE {
    real q[OPTIONS], v[2];
    data count[3];
};

START(p, s)
{
    fill(s->q, 0);
    fill(s->v, p->d);
    fill(s->count, 0);
}

TRIAL(p, s)
{
    data cue = observe(cue), size = observe(size), seen = pick(s->count, cue);
    data one = choose(first, p->b, s->q);
    data state = observe(state);
    real z = add(mul(p->c, pick(s->v, state)), mul(p->f, sub(size, p->e)));
    data two = choose_binary(second, add(z, mul(p->g, select(above(seen, 2), 1, 0))));
    data reward = observe(outcome);

    real error = sub(reward, pick(s->q, one));
    put(s->q, one, add(pick(s->q, one), mul(p->a, error)));
    put(s->v, state, add(pick(s->v, state), mul(mul(p->a, 0.5), sub(mul(reward, two), pick(s->v, state)))));
    each(k, 3) s->count[k] = add(s->count[k], select(equals(cue, k), 1, 0));
    report(seen, seen);
    report(error, error);
}

MODEL(probe, .family = "test", .about = "all features", .reference = "none", .equations = "see the file")
