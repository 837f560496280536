/* gng_m3: as gng_m2, and what a cue promises makes for acting whether or not that helps. Guitart-Masip et al. 2012. */
#define PARAMETERS(parameter)                                        \
    PAVLOVIAN_PARAMETERS(parameter)                                  \
    parameter(rho, exp, "effective size of outcomes")
#include "pavlovian.h"

TRIAL(p, s) { pavlovian_trial(em, p, s, p->rho, p->rho); }

MODEL(gng_m3, .family = "go/no-go", .task = "gonogo",
      .about = "as gng_m2 with a Pavlovian bias: cues that promise something make for acting",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154",
      .equations = GNG_CHOICE(" + b + pi V[cue]") GNG_CUES("rho") GNG_LEARNING("rho") "Q and V start at 0")
