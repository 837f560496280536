/* What the go/no-go models share in which cues are valued themselves, and what they promise makes for acting whether or not that
 * helps. Guitart-Masip et al. 2012. */
#define PAVLOVIAN_PARAMETERS(parameter)                              \
    parameter(xi, logistic, "lapse rate: how often either is done at random") \
    parameter(ep, logistic, "learning rate")                         \
    parameter(b, identity, "bias towards go")                        \
    parameter(pi, identity, "Pavlovian bias: go for cues of value")
#define LATENTS(latent)                                  \
    latent(w, "weight of go against no go")              \
    latent(v, "value of the cue")                        \
    latent(pe, "prediction error of the action taken")
#include "gng.h"

STATE { action_values q; real v[4]; };

START(p, s)
{
    start_actions(&s->q);
    fill(s->v, 0);
}

/* One trial; rho_gain and rho_loss: effective size of outcomes of 0 and above, and below. */
EM_INLINE void pavlovian_trial(em_run *em, const parameters *p, em_state *s, real rho_gain, real rho_loss)
{
    data cue = observe(cue);
    real v = pick(s->v, cue), w = add(add(advantage_of_go(&s->q, cue), p->b), mul(p->pi, v));
    data action = choose_lapse(choice, w, p->xi), x = observe(outcome);
    real worth = mul(select(below(x, 0), rho_loss, rho_gain), x);
    put(s->v, cue, add(v, mul(p->ep, sub(worth, v))));
    real pe = learn_action(&s->q, cue, action, worth, p->ep);

    report(w, w);
    report(v, v);
    report(pe, pe);
}
