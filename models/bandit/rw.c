/* rw: Rescorla-Wagner learning with softmax choice among K options.
 * Rescorla & Wagner 1972; Sutton & Barto 2018, ch. 2; Daw 2011. */
#define PARAMETERS(parameter)                   \
    parameter(alpha, logistic, "learning rate") \
    parameter(beta, exp, "inverse temperature")
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                      \
    latent(value, "value of the option chosen") \
    latent(pe, "reward prediction error")
#include "emlib/model.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    data r = observe(reward);

    real value = pick(s->q, c);
    real pe = sub(r, value);
    put(s->q, c, add(value, mul(p->alpha, pe)));

    report(value, value);
    report(pe, pe);
}

MODEL(rw, .family = "bandit", .task = "bandit",
      .about = "Rescorla-Wagner learning, softmax choice among K options",
      .reference = "Sutton & Barto 2018, Reinforcement Learning, ch. 2; Daw 2011, Trial-by-trial data analysis using "
                   "computational models",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   "Q[choice] += alpha (reward - Q[choice]);  Q starts at 0")
