/* alt_gamma: aversive learning, a probability of its own for each option, learned when it is chosen.
 * Browning et al. 2015. In hBayesDM an option keeps the size that it had when it was last chosen; here choices go by the
 * sizes that are shown. */
#define LATENTS(latent)                                            \
    latent(p_shock0, "learned probability of a shock, option 0")   \
    latent(p_shock1, "learned probability of a shock, option 1")   \
    latent(pe, "prediction error of the option chosen")
#define OUTCOME(column) \
    column(outcome, outcome, codes(2, "0 = no shock, 1 = shock"), "what the option chosen brings")
#include "alt.h"

STATE { real p[2]; };

START(p, s) { fill(s->p, 0.5); }

TRIAL(p, s)
{
    real threat0 = threat(s->p[0], p->gamma, observe(punish0)), threat1 = threat(s->p[1], p->gamma, observe(punish1));
    data c = choose_binary(choice, mul(p->beta, sub(threat0, threat1)));
    real expected = pick(s->p, c), pe = sub(observe(outcome), expected);
    report(p_shock0, s->p[0]);
    report(p_shock1, s->p[1]);
    report(pe, pe);

    put(s->p, c, add(expected, mul(p->A, pe)));
}

MODEL(alt_gamma, .family = "aversive learning", .task = "shock",
      .about = "probability of a shock learned for each option by itself and weighed with the sizes shown",
      .reference = "Browning et al. 2015, Nat Neurosci 18:590; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24",
      .equations = ALT_CHOICE("p[0]", "p[1]") "p[choice] += A (outcome - p[choice]);  p starts at .5")
