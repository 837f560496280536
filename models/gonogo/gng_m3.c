/* gng_m3: as gng_m2, and what a cue promises makes for acting whether or not that helps. Guitart-Masip et al. 2012. */
#define PARAMETERS(parameter)                                        \
    parameter(xi, logistic, "lapse rate: how often either is done at random") \
    parameter(ep, logistic, "learning rate")                         \
    parameter(b, identity, "bias towards go")                        \
    parameter(pi, identity, "Pavlovian bias: go for cues of value")  \
    parameter(rho, exp, "effective size of outcomes")
#define LATENTS(latent)                                  \
    latent(w, "weight of go against no go")              \
    latent(v, "value of the cue")                        \
    latent(pe, "prediction error of the action taken")
#include "gng.h"

STATE {
    action_values q;
    real v[4];
};

START(p, s)
{
    start_actions(&s->q);
    fill(s->v, 0);
}

TRIAL(p, s)
{
    data cue = observe(cue);
    real v = pick(s->v, cue);
    real w = add(add(advantage_of_go(&s->q, cue), p->b), mul(p->pi, v));
    data action = choose_lapse(choice, w, p->xi);
    real worth = mul(p->rho, observe(outcome));
    put(s->v, cue, add(v, mul(p->ep, sub(worth, v))));
    real pe = learn_action(&s->q, cue, action, worth, p->ep);

    report(w, w);
    report(v, v);
    report(pe, pe);
}

MODEL(gng_m3, .family = "go/no-go", .task = "gonogo",
      .about = "as gng_m2 with a Pavlovian bias: cues that promise something make for acting",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154",
      .equations = "w = Q[cue, go] - Q[cue, no go] + b + pi V[cue]\n"
                   "p(go) = (1 - xi) logistic(w) + xi/2\n"
                   "V[cue] += ep (rho outcome - V[cue]), whatever was done\n"
                   "Q[cue, choice] += ep (rho outcome - Q[cue, choice]);  Q and V start at 0")
