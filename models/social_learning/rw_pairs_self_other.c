/* rw_pairs_self_other: four options, two of them shown; outcomes for oneself and for another, good and bad news of each at
 * rates of their own. As model rw4a1b of pyEM (Rhoads 2023), after Lockwood et al. 2016. */
#define PARAMETERS(parameter)                                                       \
    parameter(beta, scaled(20), "inverse temperature")                              \
    parameter(alpha_self_pos, logistic, "learning rate, own outcome, error 0 or above")         \
    parameter(alpha_self_neg, logistic, "learning rate, own outcome, error below 0")            \
    parameter(alpha_other_pos, logistic, "learning rate, another's outcome, error 0 or above")  \
    parameter(alpha_other_neg, logistic, "learning rate, another's outcome, error below 0")
#define COLUMNS(column)                                                                    \
    column(option1, input, codes(4, NULL), "one option shown, of four")                    \
    column(option2, input, codes(4, NULL), "the other option shown")                       \
    column(choice, response, codes(2, "0 = option1, 1 = option2"), "which of the two is chosen") \
    column(outcome_self, outcome, number, "outcome for oneself")                           \
    column(outcome_other, outcome, number, "outcome for another person")
#define LATENTS(latent)                                    \
    latent(value, "value of the option chosen")             \
    latent(pe_self, "prediction error, own outcome")        \
    latent(pe_other, "prediction error, another's outcome")
#include "emlib/model.h"

STATE { real q[4]; };

START(p, s) { fill(s->q, 0); }

TRIAL(p, s)
{
    data first = observe(option1), second = observe(option2);
    real q1 = pick(s->q, first), q2 = pick(s->q, second);
    truth took_second = equals(choose_binary(choice, mul(p->beta, sub(q2, q1))), 1);
    real value = select(took_second, q2, q1);
    real own = sub(observe(outcome_self), value), another = sub(observe(outcome_other), value);
    real change = add(mul(select(below(own, 0), p->alpha_self_neg, p->alpha_self_pos), own),
                      mul(select(below(another, 0), p->alpha_other_neg, p->alpha_other_pos), another));
    put(s->q, select(took_second, second, first), add(value, change));

    report(value, value);
    report(pe_self, own);
    report(pe_other, another);
}

MODEL(rw_pairs_self_other, .family = "social learning", .task = "pairs",
      .about = "choice between two of four options; outcomes for oneself and another, learned at rates by sign of the error",
      .reference = "Lockwood et al. 2016, PNAS 113:9763; Rhoads 2023, pyEM, model rw4a1b",
      .equations = "p(choice = 1) = logistic(beta (Q[option2] - Q[option1]));  c = the option chosen\n"
                   "Q[c] += alpha_self (outcome_self - Q[c]) + alpha_other (outcome_other - Q[c]);  Q starts at 0\n"
                   "alpha_self = alpha_self_pos where outcome_self >= Q[c], else alpha_self_neg;  alpha_other likewise")
