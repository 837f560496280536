/* What models share in which the last choice tends to be repeated. Lau & Glimcher 2005; Schoenberg et al. 2007. */
#define STICKY_STAY(parameter) \
    parameter(stay, identity, "perseveration: what the last choice gains, in units of beta Q; below 0 it is avoided")
#include "bandit.h"

STATE {
    real q[OPTIONS];
    data last; /* -1: none */
};

START(p, s)
{
    fill(s->q, 0);
    s->last = as_data(-1);
}

EM_INLINE data choose_sticky(em_run *em, em_state *s, real beta, real stay)
{
    real u[OPTIONS];
    each(k, OPTIONS) u[k] = add(mul(beta, s->q[k]), mul(stay, select(equals(s->last, k), 1, 0)));
    return s->last = choose_softmax(choice, u);
}

#define STICKY_CHOICE "p = softmax(beta Q + stay L);  L[k] = 1 for the last choice, else 0\n"
