/* gng_m4: as gng_m3, with separate effective sizes of gains and losses. Guitart-Masip et al. 2012; Cavanagh et al. 2013. */
#define PARAMETERS(parameter)                                        \
    parameter(xi, logistic, "lapse rate: how often either is done at random") \
    parameter(ep, logistic, "learning rate")                         \
    parameter(b, identity, "bias towards go")                        \
    parameter(pi, identity, "Pavlovian bias: go for cues of value")  \
    parameter(rhoRew, exp, "effective size of outcomes of 0 or above") \
    parameter(rhoPun, exp, "effective size of outcomes below 0")
#define LATENTS(latent)                                  \
    latent(w, "weight of go against no go")              \
    latent(v, "value of the cue")                        \
    latent(pe, "prediction error of the action taken")
#include "gng.h"

STATE { cue_and_action_values of; };

START(p, s) { start_cues_and_actions(&s->of); }

TRIAL(p, s)
{
    pavlovian_latents l = pavlovian_trial(em, &s->of, p->xi, p->ep, p->b, p->pi, p->rhoRew, p->rhoPun);
    report(w, l.w);
    report(v, l.v);
    report(pe, l.pe);
}

MODEL(gng_m4, .family = "go/no-go", .task = "gonogo",
      .about = "as gng_m3, with separate effective sizes of gains and losses",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154; Cavanagh et al. 2013, J Neurosci 33:8541",
      .equations = GNG_CHOICE(" + b + pi V[cue]") "rho = rhoRew where outcome >= 0, else rhoPun\n"
                   GNG_CUES("rho") GNG_LEARNING("rho") "Q and V start at 0")
