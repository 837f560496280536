/* choice_kernel: choices repeat what was chosen lately, whatever it brought: the rival that every learning model should
 * beat. Wilson & Collins 2019, eLife 8:e49547, model 4. */
#define PARAMETERS(parameter)                                       \
    parameter(alpha_c, logistic, "how fast the habit follows choice") \
    parameter(beta_c, exp, "inverse temperature of the habit")
#define COLUMNS(column) column(choice, response, option, "option chosen")
#define LATENTS(latent) latent(habit, "strength of the habit for the option chosen")
#include "emlib/model.h"

STATE { real habit[OPTIONS]; };

START(p, s) { fill(s->habit, 0); }

TRIAL(p, s)
{
    data c = choose(choice, p->beta_c, s->habit);
    report(habit, pick(s->habit, c));

    each(k, OPTIONS) {
        data chosen = select(equals(c, k), 1, 0);
        s->habit[k] = add(s->habit[k], mul(p->alpha_c, sub(chosen, s->habit[k])));
    }
}

MODEL(choice_kernel, .family = "bandit", .task = "bandit",
      .about = "habit alone: what was chosen lately is chosen again, outcomes do not matter",
      .reference = "Wilson & Collins 2019, eLife 8:e49547",
      .equations = "p(choice = k) = exp(beta_c H[k]) / sum over j of exp(beta_c H[j])\n"
                   "H[k] += alpha_c (1[k = choice] - H[k]) for every option k;  H starts at 0")
