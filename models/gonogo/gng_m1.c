/* gng_m1: go/no-go learning with lapses. Guitart-Masip et al. 2012. */
#define PARAMETERS(parameter)                                        \
    parameter(xi, logistic, "lapse rate: how often either is done at random") \
    parameter(ep, logistic, "learning rate")                         \
    parameter(rho, exp, "effective size of outcomes")
#define LATENTS(latent)                                  \
    latent(w, "weight of go against no go")              \
    latent(pe, "prediction error of the action taken")
#include "gng.h"

STATE { action_values q; };

START(p, s) { start_actions(&s->q); }

TRIAL(p, s)
{
    data cue = observe(cue);
    real w = advantage_of_go(&s->q, cue);
    data action = choose_lapse(choice, w, p->xi);
    real pe = learn_action(&s->q, cue, action, mul(p->rho, observe(outcome)), p->ep);

    report(w, w);
    report(pe, pe);
}

MODEL(gng_m1, .family = "go/no-go", .task = "gonogo",
      .about = "learning whether to act, with lapses",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154",
      .equations = GNG_CHOICE("") GNG_LEARNING("rho") "Q starts at 0")
