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

STATE { cue_and_action_values of; };

START(p, s) { start_cues_and_actions(&s->of); }

TRIAL(p, s)
{
    pavlovian_latents l = pavlovian_trial(em, &s->of, p->xi, p->ep, p->b, p->pi, p->rho, p->rho);
    report(w, l.w);
    report(v, l.v);
    report(pe, l.pe);
}

MODEL(gng_m3, .family = "go/no-go", .task = "gonogo",
      .about = "as gng_m2 with a Pavlovian bias: cues that promise something make for acting",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154",
      .equations = GNG_CHOICE(" + b + pi V[cue]") GNG_CUES("rho") GNG_LEARNING("rho") "Q and V start at 0")
