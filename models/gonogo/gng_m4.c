/* gng_m4: as gng_m3, with separate effective sizes of gains and losses. Guitart-Masip et al. 2012; Cavanagh et al. 2013. */
#define PARAMETERS(parameter)                                        \
    PAVLOVIAN_PARAMETERS(parameter)                                  \
    parameter(rhoRew, exp, "effective size of outcomes of 0 or above") \
    parameter(rhoPun, exp, "effective size of outcomes below 0")
#include "pavlovian.h"

TRIAL(p, s) { pavlovian_trial(em, p, s, p->rhoRew, p->rhoPun); }

MODEL(gng_m4, .family = "go/no-go", .task = "gonogo",
      .about = "as gng_m3, with separate effective sizes of gains and losses",
      .reference = "Guitart-Masip et al. 2012, NeuroImage 62:154; Cavanagh et al. 2013, J Neurosci 33:8541",
      .equations = GNG_CHOICE(" + b + pi V[cue]") "rho = rhoRew where outcome >= 0, else rhoPun\n"
                   GNG_CUES("rho") GNG_LEARNING("rho") "Q and V start at 0")
