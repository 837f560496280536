/* pearce_hall: surprise makes the learning rate. Pearce & Hall 1980, Psychol Rev 87:532; Li, Schiller, Schoenbaum, Phelps & Daw
 * 2011, Nat Neurosci 14:1250. */
#define PARAMETERS(parameter)                                               \
    parameter(kappa, logistic, "scale of the learning rate")                \
    parameter(eta, logistic, "how fast associability follows surprise")     \
    parameter(beta, exp, "inverse temperature")
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                                                     \
    latent(value, "value of the option chosen") latent(pe, "reward prediction error") \
    latent(associability, "associability of the option chosen, before the outcome")
#include "emlib/model.h"

STATE { real q[OPTIONS], a[OPTIONS]; };

START(p, s)
{
    fill(s->q, 0);
    fill(s->a, 1);
}

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    real value = pick(s->q, c), a = pick(s->a, c), pe = sub(observe(reward), value);
    put(s->q, c, add(value, mul(mul(p->kappa, a), pe)));
    /* surprise counts up to 1: with larger rewards the learning rate would pass 1, and values run off */
    put(s->a, c, add(a, mul(p->eta, sub(min(1, absolute(pe)), a))));

    report(value, value);
    report(pe, pe);
    report(associability, a);
}

MODEL(pearce_hall, .family = "bandit", .task = "bandit", .about = "the learning rate follows the size of past errors",
      .reference = "Pearce & Hall 1980, Psychol Rev 87:532; Li et al. 2011, Nat Neurosci 14:1250",
      .equations = "p = softmax(beta Q);  d = reward - Q[choice]\n"
                   "Q[choice] += kappa a[choice] d;  then a[choice] += eta (min(|d|, 1) - a[choice]);  Q starts at 0, a at 1")
