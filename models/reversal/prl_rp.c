/* prl_rp: reversal learning with one learning rate after rewards and one after punishments. den Ouden et al. 2013. */
#define PARAMETERS(parameter)                                                \
    parameter(Apun, logistic, "learning rate, outcome 0 or below")           \
    parameter(Arew, logistic, "learning rate, outcome above 0")              \
    parameter(beta, scaled(10), "inverse temperature")
#define LATENTS(latent)                         \
    latent(value, "value of the option chosen")  \
    latent(value_other, "value of the other option") \
    latent(pe, "prediction error")
#include "prl.h"

STATE { real q[2]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose_binary(choice, mul(p->beta, sub(s->q[1], s->q[0])));
    data r = observe(outcome);
    real value = pick(s->q, c), pe = sub(r, value);
    report(value, value);
    report(value_other, pick(s->q, sub(1, c)));
    report(pe, pe);

    put(s->q, c, add(value, mul(select(above(r, 0), p->Arew, p->Apun), pe)));
}

MODEL(prl_rp, .family = "reversal learning", .task = "reversal",
      .about = "separate learning rates after rewards and punishments" PRL_BLOCKS,
      .reference = "den Ouden et al. 2013, Neuron 80:1090",
      .equations = PRL_CHOICE
                   "Q[choice] += Arew (outcome - Q[choice]) where outcome > 0, else with Apun;  Q starts at 0")
