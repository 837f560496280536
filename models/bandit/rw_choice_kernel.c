/* rw_choice_kernel: values and habit together. Wilson & Collins 2019, eLife 8:e49547, model 5. */
#define PARAMETERS(parameter)                                       \
    parameter(alpha, logistic, "learning rate")                     \
    parameter(beta, exp, "inverse temperature of values")           \
    parameter(alpha_c, logistic, "how fast the habit follows choice") \
    parameter(beta_c, exp, "inverse temperature of the habit")
#include "bandit.h"

STATE { real q[OPTIONS], habit[OPTIONS]; };

START(p, s)
{
    fill(s->q, 0);
    fill(s->habit, 0);
}

TRIAL(p, s)
{
    real u[OPTIONS];
    each(k, OPTIONS) u[k] = add(mul(p->beta, s->q[k]), mul(p->beta_c, s->habit[k]));
    data c = choose_softmax(choice, u);
    learn_value(em, s->q, c, p->alpha, observe(reward));
    each(k, OPTIONS) s->habit[k] = add(s->habit[k], mul(p->alpha_c, sub(select(equals(c, k), 1, 0), s->habit[k])));
}

MODEL(rw_choice_kernel, .family = "bandit", .task = "bandit", .about = "learned values and a habit of choosing what was chosen lately",
      .reference = "Wilson & Collins 2019, eLife 8:e49547",
      .equations = "p = softmax(beta Q + beta_c H)\n" BANDIT_RW
                   "\nH[k] += alpha_c (1[k = choice] - H[k]) for every option k;  H starts at 0")
