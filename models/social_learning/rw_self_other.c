/* rw_self_other: learning for oneself, for another and for nobody, at three rates into one value.
 * Lockwood, Apps, Valton, Viding & Roiser 2016, PNAS 113:9763; as model rw3a1b of pyEM (Rhoads 2023). */
#define PARAMETERS(parameter)                                             \
    parameter(beta, scaled(20), "inverse temperature")                    \
    parameter(alpha_self, logistic, "learning rate, own reward")          \
    parameter(alpha_other, logistic, "learning rate, another's reward")   \
    parameter(alpha_noone, logistic, "learning rate, nobody's reward")
#define COLUMNS(column)                                                   \
    column(choice, response, option, "option chosen")                     \
    column(reward_self, outcome, number, "reward for oneself")            \
    column(reward_other, outcome, number, "reward for another person")    \
    column(reward_noone, outcome, number, "reward for nobody")
#define LATENTS(latent)                                    \
    latent(value, "value of the option chosen")             \
    latent(pe_self, "prediction error, own reward")         \
    latent(pe_other, "prediction error, another's reward")  \
    latent(pe_noone, "prediction error, nobody's reward")
#include "emlib/model.h"

STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q);
    real value = pick(s->q, c);
    real own = sub(observe(reward_self), value);
    real another = sub(observe(reward_other), value);
    real nobody = sub(observe(reward_noone), value);
    real change = add(mul(p->alpha_self, own), add(mul(p->alpha_other, another), mul(p->alpha_noone, nobody)));
    put(s->q, c, add(value, change));

    report(value, value);
    report(pe_self, own);
    report(pe_other, another);
    report(pe_noone, nobody);
}

MODEL(rw_self_other, .family = "social learning", .task = "recipients",
      .about = "rewards for oneself, another and nobody learned into one value at three rates",
      .reference = "Lockwood et al. 2016, PNAS 113:9763",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   "Q[choice] += alpha_self (reward_self - Q[choice]) + alpha_other (reward_other - Q[choice])\n"
                   "             + alpha_noone (reward_noone - Q[choice]);  Q starts at 0")
