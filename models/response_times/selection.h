/* What the diffusion models of the probabilistic selection task share: three pairs of stimuli, the better one of each at the
 * upper boundary, no bias at the start. Pedersen, Frank & Biele 2017, Psychon Bull Rev 24:1234; as in the program hBayesDM. */
#include "times.h"
#define PAIR(column) column(cond, input, codes(3, NULL), "which of the three pairs is shown")
#define PAIR_CHOICE(column)                                         \
    column(rt, response, at_least(1e-9), "response time, seconds")  \
    column(choice, response, codes(2, "0 = the worse stimulus, lower boundary; 1 = the better one, upper boundary"), \
           "stimulus chosen")
#define FEEDBACK(column) column(outcome, outcome, number, "reward received, 0 or 1")
#define PEDERSEN "Pedersen, Frank & Biele 2017, Psychon Bull Rev 24:1234"
#ifdef LEARNS
#define LATENTS(latent)                                        \
    latent(q_better, "value of the pair's better stimulus")    \
    latent(q_worse, "value of the pair's worse stimulus")      \
    latent(drift, "drift rate, per second")                    \
    latent(pe, "reward prediction error")
#endif
#include "emlib/model.h"

#ifdef LEARNS
STATE { real q[6]; }; /* q[2 * cond + choice] */

START(p, s) { fill(s->q, 0.5); }

/* One trial, with this boundary separation and the learning rates for errors above 0 and not. */
EM_INLINE void learn_selection(em_run *em, const parameters *p, em_state *s, real boundary, real above_0, real below_0)
{
    data first = mul(2, observe(cond));
    real worse = pick(s->q, first), better = pick(s->q, add(first, 1)), drift = mul(p->v, sub(better, worse));
    data c = respond_wiener(rt, choice, boundary, 0.5, drift, p->tau);
    real value = select(equals(c, 1), better, worse), pe = sub(observe(outcome), value);
    put(s->q, add(first, c), add(value, mul(select(above(pe, 0), above_0, below_0), pe)));

    report(q_better, better);
    report(q_worse, worse);
    report(drift, drift);
    report(pe, pe);
}
#endif
