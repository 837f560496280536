/* bart_par4: balloon task, with a target number of pumps that follows from the belief that a pump is safe.
 * Wallsten, Pleskac & Lejuez 2005; van Ravenzwaaij, Dutilh & Wagenmakers 2011, in four parameters. */
#define PARAMETERS(parameter)                                                                  \
    parameter(phi, logistic, "prior belief that a pump is safe", .mu = 3, .var = 2)            \
    parameter(eta, exp, "how fast experience replaces it", .mu = -4, .var = 4)                 \
    parameter(gam, exp, "risk taking: target number of pumps", .mu = 0, .var = 1)              \
    parameter(tau, exp, "inverse temperature, per pump", .mu = -1.5, .var = 1)
#include "balloon.h"

STATE { experience so_far; };

START(p, s) { s->so_far = (experience){as_data(0), as_data(0)}; }

TRIAL(p, s)
{
    data n = s->so_far.pumps, bursts = s->so_far.bursts;
    real bad = add(sub(1, p->phi), mul(p->eta, bursts)), burst = div(bad, add(1, mul(p->eta, n)));
    real target = neg(div(p->gam, log1p(neg(burst))));
    /* Pump m + 1 is made with log odds tau (target - (m + 1)). */
    data pumped = pump(em, (inclination){mul(p->tau, sub(target, 1)), neg(p->tau), as_real(0)});
    learn_balloon(em, &s->so_far, pumped);
    report(p_burst, burst);
}

MODEL(bart_par4, .family = "balloon", .task = "balloons",
      .about = "balloon task: pumps up to a target number that follows from the belief that a pump is safe",
      .reference = "Wallsten, Pleskac & Lejuez 2005, Psychol Rev 112:862; van Ravenzwaaij, Dutilh & Wagenmakers 2011, J Math "
                   "Psychol 55:94",
      .equations = "p_burst = 1 - (phi + eta (n - b)) / (1 + eta n);  target = -gam / log(1 - p_burst)\n"
                   "p(pump l) = logistic(tau (target - l))\n" BALLOON_CHOICES)
