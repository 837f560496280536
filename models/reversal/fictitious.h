/* Reversal learning with fictitious updates: the option not chosen learns from the opposite outcome.
 * Gläscher, Hampton & O'Doherty 2009, Cereb Cortex 19:483. */
#define LATENTS(latent)                                        \
    latent(value, "value of the option chosen")                 \
    latent(value_other, "value of the other option")            \
    latent(pe, "prediction error of the option chosen")         \
    latent(pe_other, "fictitious prediction error of the other option")
#include "prl.h"

STATE { real q[2]; };

START(p, s) { fill(s->q, 0); }

/* One trial; alpha is the difference of values at which choice is undecided, and the learning rate of both options goes by
 * the sign of the prediction error of the option chosen. */
EM_INLINE void fictitious_trial(em_run *em, em_state *s, real eta_pos, real eta_neg, real alpha, real beta)
{
    data c = choose_binary(choice, mul(beta, add(sub(s->q[1], s->q[0]), alpha)));
    data r = observe(outcome), other = sub(1, c);
    real value = pick(s->q, c), value_other = pick(s->q, other);
    real pe = sub(r, value), pe_other = sub(neg(r), value_other), eta = select(below(pe, 0), eta_neg, eta_pos);
    put(s->q, c, add(value, mul(eta, pe)));
    put(s->q, other, add(value_other, mul(eta, pe_other)));

    report(value, value);
    report(value_other, value_other);
    report(pe, pe);
    report(pe_other, pe_other);
}

#define FICTITIOUS_REFERENCE \
    "Gläscher, Hampton & O'Doherty 2009, Cereb Cortex 19:483; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24"
#define FICTITIOUS_CHOICE "p(choice = 0) = logistic(beta (Q[0] - Q[1] - alpha))\n"
#define FICTITIOUS_LEARNING(eta)                                 \
    "Q[choice] += " eta " (outcome - Q[choice])\n"               \
    "Q[other] += " eta " (-outcome - Q[other]);  Q starts at 0"
#define FICTITIOUS_RATES "eta = eta_pos where outcome >= Q[choice], else eta_neg\n"
