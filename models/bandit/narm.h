/* What the bandits with gains and losses share: two tables of values, one for gains and one for losses, each learned by itself;
 * the tables of options not chosen go back towards 0 (a fictive outcome of 0), or decay. Seymour, Daw, Roiser, Dayan & Dolan 2012,
 * J Neurosci 32:5833; Aylward et al. 2019, Nat Hum Behav 3:1116. */
#define NARM_AREW(parameter) parameter(Arew, logistic, "learning rate, gains")
#define NARM_APUN(parameter) parameter(Apun, logistic, "learning rate, losses")
#define NARM_R(parameter) parameter(R, scaled(30), "sensitivity to gains")
#define NARM_P(parameter) parameter(P, scaled(30), "sensitivity to losses")
#define NARM_XI(parameter) parameter(xi, logistic, "lapse rate: how often any option is chosen at random", .mu = -3)
#define COLUMNS(column)                                                  \
    column(choice, response, option, "option chosen")                    \
    column(gain, outcome, at_least(0), "amount won")                     \
    column(loss, outcome, number, "amount lost; its sign does not matter")
#define LATENTS(latent)                                                  \
    latent(value_gain, "value of the option chosen in gains")            \
    latent(value_loss, "its value in losses, 0 or below")                \
    latent(pe_gain, "prediction error of the gain") latent(pe_loss, "prediction error of the loss")
#include "emlib/model.h"

STATE { real gain[OPTIONS], loss[OPTIONS]; };

START(p, s)
{
    fill(s->gain, 0);
    fill(s->loss, 0);
}

/* table[c] += rate pe; the others are multiplied by what is left of them */
EM_INLINE void learn_table(em_run *em, real *table, data c, real rate, real pe, real left)
{
    real chosen = em_pick_r(table, EM_IN_USE, c);
    each(k, OPTIONS) table[k] = mul(left, table[k]);
    em_put_r(table, EM_IN_USE, c, add(chosen, mul(rate, pe)));
}

typedef struct { real Arew, Apun, R, P, left_gain, left_loss; } narm_agent;

EM_INLINE void narm_utilities(em_run *em, const em_state *s, real *u) { each(k, OPTIONS) u[k] = add(s->gain[k], s->loss[k]); }

EM_INLINE void narm_learn(em_run *em, em_state *s, data c, const narm_agent *a)
{
    real g = pick(s->gain, c), l = pick(s->loss, c);
    real pe_gain = sub(mul(a->R, observe(gain)), g), pe_loss = sub(mul(a->P, neg(absolute(observe(loss)))), l);
    report(value_gain, g);
    report(value_loss, l);
    report(pe_gain, pe_gain);
    report(pe_loss, pe_loss);
    learn_table(em, s->gain, c, a->Arew, pe_gain, a->left_gain);
    learn_table(em, s->loss, c, a->Apun, pe_loss, a->left_loss);
}

#define NARM_REFERENCE "Seymour et al. 2012, J Neurosci 32:5833; Aylward et al. 2019, Nat Hum Behav 3:1116"
#define NARM_SOFTMAX "p = softmax(Qr + Qp)\n"
#define NARM_LAPSE "p = (1 - xi) softmax(Qr + Qp) + xi/K\n"
#define NARM_LEARNING(r, p)                                                                                    \
    "Qr[choice] += Arew (" r "gain - Qr[choice]);  Qp[choice] += Apun (-" p "|loss| - Qp[choice]);  both start at 0\n"
#define NARM_FICTIVE "of the other options Qr *= 1 - Arew and Qp *= 1 - Apun"
