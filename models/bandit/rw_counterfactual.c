/* rw_counterfactual: both outcomes are shown, that of the option chosen and that of the other. Palminteri, Khamassi, Joffily &
 * Coricelli 2015, Nat Commun 6:8096. */
#define PARAMETERS(parameter)                                      \
    parameter(alpha_c, logistic, "learning rate, option chosen")   \
    parameter(alpha_u, logistic, "learning rate, the other option") \
    parameter(beta, exp, "inverse temperature")
#define COLUMNS(column)                                                   \
    column(choice, response, codes(2, NULL), "option chosen")             \
    column(reward, outcome, number, "reward received")                    \
    column(reward_other, outcome, number, "what the other option would have brought")
#define LATENTS(latent)                                                   \
    latent(value, "value of the option chosen") latent(pe, "prediction error of the option chosen") \
    latent(pe_other, "prediction error of the other option")
#include "emlib/model.h"

STATE { real q[2]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q), o = sub(1, c);
    real value = pick(s->q, c), pe = sub(observe(reward), value);
    real other = pick(s->q, o), pe_other = sub(observe(reward_other), other);
    put(s->q, c, add(value, mul(p->alpha_c, pe)));
    put(s->q, o, add(other, mul(p->alpha_u, pe_other)));

    report(value, value);
    report(pe, pe);
    report(pe_other, pe_other);
}

MODEL(rw_counterfactual, .family = "bandit", .task = "bandit", .about = "learning from what was received and from what was missed",
      .reference = "Palminteri et al. 2015, Nat Commun 6:8096",
      .equations = "p = softmax(beta Q)\n"
                   "Q[choice] += alpha_c (reward - Q[choice]);  Q[other] += alpha_u (reward_other - Q[other]);  Q starts at 0")
