/* alt_delta: aversive learning, one probability: the shock is with option 0 or else with option 1.
 * Browning et al. 2015, as in hBayesDM, where each outcome moves the probability whatever was chosen. */
#define LATENTS(latent)                                      \
    latent(p_shock, "learned probability that option 0 shocks") \
    latent(pe, "prediction error")
#define OUTCOME(column) \
    column(outcome, outcome, codes(2, "0 = option 1 shocks, 1 = option 0 shocks"), "which option the shock is with")
#include "alt.h"

STATE { real p; };

START(p, s) { s->p = as_real(0.5); }

TRIAL(p, s)
{
    real threat0 = threat(s->p, p->gamma, observe(punish0)), threat1 = threat(sub(1, s->p), p->gamma, observe(punish1));
    choose_binary(choice, mul(p->beta, sub(threat0, threat1)));
    real pe = sub(observe(outcome), s->p);
    report(p_shock, s->p);
    report(pe, pe);

    s->p = add(s->p, mul(p->A, pe));
}

MODEL(alt_delta, .family = "aversive learning", .task = "shocks",
      .about = "where the shock is, learned as one probability and weighed with the sizes shown",
      .reference = "Browning et al. 2015, Nat Neurosci 18:590; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24",
      .equations = ALT_CHOICE("p", "1 - p") "p += A (outcome - p);  p starts at .5")
