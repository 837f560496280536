/* banditNarm_delta: Rescorla-Wagner learning from gains less losses, inverse temperature below 5, as in hBayesDM (Ahn et al. 2017). */
#define PARAMETERS(parameter)                 \
    parameter(A, logistic, "learning rate")   \
    parameter(tau, scaled(5), "inverse temperature")
#define COLUMNS(column)                                                  \
    column(choice, response, option, "option chosen")                    \
    column(gain, outcome, at_least(0), "amount won")                     \
    column(loss, outcome, number, "amount lost; its sign does not matter")
#define LATENTS(latent) latent(value, "value of the option chosen") latent(pe, "prediction error")
#include "emlib/model.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->tau, s->q);
    real value = pick(s->q, c), pe = sub(sub(observe(gain), absolute(observe(loss))), value);
    put(s->q, c, add(value, mul(p->A, pe)));

    report(value, value);
    report(pe, pe);
}

MODEL(banditNarm_delta, .family = "bandit", .task = "gain_loss", .about = "Rescorla-Wagner learning from gains less losses",
      .reference = "Erev et al. 2010, J Behav Decis Making 23:15; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24",
      .equations = "p = softmax(tau Q)\nQ[choice] += A (gain - |loss| - Q[choice]);  Q starts at 0")
