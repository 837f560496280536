/* sparse: many parameters, each quantity depending on few of them, as in two-step models: how fast this is shows whether the
 * compiler still drops the derivatives that are zero by structure. */
#define PARAMETERS(parameter)                 \
    parameter(a1, logistic, "learning rate")  \
    parameter(a2, logistic, "learning rate")  \
    parameter(b1, exp, "inverse temperature") \
    parameter(b2, exp, "inverse temperature") \
    parameter(w, logistic, "weight")          \
    parameter(f, logistic, "forgetting")      \
    parameter(p, identity, "perseveration")
#define COLUMNS(column)                                  \
    column(one, response, codes(2, NULL), "choice")      \
    column(state, outcome, codes(2, NULL), "where to")   \
    column(two, response, codes(2, NULL), "next choice") \
    column(reward, outcome, number, "reward")
#include "emlib/model.h"

STATE {
    real first[2], second[4];
    data last;
};

START(p, s)
{
    fill(s->first, 0);
    fill(s->second, 0);
    s->last = as_data(0);
}

TRIAL(p, s)
{
    real net = add(sub(s->first[1], s->first[0]), mul(p->w, sub(s->second[3], s->second[0])));
    data c1 = choose_binary(one, add(mul(p->b1, net), mul(p->p, s->last)));
    data state = observe(state);
    real second = select(equals(state, 1), sub(s->second[3], s->second[2]), sub(s->second[1], s->second[0]));
    data c2 = choose_binary(two, mul(p->b2, second));
    data r = observe(reward), cell = add(mul(2, state), c2);
    real q1 = pick(s->first, c1), q2 = pick(s->second, cell);
    put(s->first, c1, add(q1, mul(p->a1, sub(q2, q1))));
    put(s->second, cell, add(q2, mul(p->a2, sub(r, mul(p->f, q2)))));
    s->last = sub(mul(2, c1), 1);
}

MODEL(sparse, .family = "test", .about = "sparse derivatives", .reference = "none", .equations = "see the file")
