/* What models of bandits with one reward share. Sutton & Barto 2018, ch. 2; Daw 2011. */
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                         \
    latent(value, "value of the option chosen") \
    latent(pe, "reward prediction error")
#include "emlib/model.h"

/* q[c] += rate (r - q[c]), reported; returns r - q[c]. */
EM_INLINE real learn_value(em_run *em, real *q, data c, real rate, data r)
{
    real value = em_pick_r(q, EM_IN_USE, c), pe = sub(r, value);
    em_put_r(q, EM_IN_USE, c, add(value, mul(rate, pe)));
    report(value, value);
    report(pe, pe);
    return pe;
}

#define BANDIT_RW "Q[choice] += alpha (reward - Q[choice]);  Q starts at 0"
