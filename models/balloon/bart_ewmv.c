/* bart_ewmv: balloon task, exponential-weight mean-variance model: each pump by the mean and the variance of what it brings.
 * Park, Yang, Vassileva & Ahn 2021. */
#define PARAMETERS(parameter)                                                                         \
    parameter(phi, logistic, "prior belief that a pump bursts the balloon", .mu = -3.5, .var = 2)     \
    parameter(eta, logistic, "how fast experience replaces it", .mu = -4, .var = 4)                   \
    parameter(rho, between(-0.5, 0.5), "risk preference, 0 = neutral, above it variance attracts", .mu = 0, .var = 0.1) \
    parameter(tau, exp, "inverse temperature", .mu = 2, .var = 1)                                     \
    parameter(lambda, exp, "loss aversion", .mu = 0.5, .var = 1)
#include "balloon.h"

STATE { experience so_far; };

START(p, s) { s->so_far = (experience){as_data(0), as_data(0)}; }

TRIAL(p, s)
{
    data n = s->so_far.pumps, often = div(s->so_far.bursts, max(n, 1));
    real burst = add(p->phi, mul(neg(expm1(neg(mul(p->eta, n)))), sub(often, p->phi)));
    /* With m pumps done one more wins 1 or loses m: mean (1 - burst) - lambda burst m, and the variance below. */
    real risk = mul(p->rho, mul(burst, sub(1, burst))); /* times (1 + lambda m)^2 */
    inclination to = {.base = mul(p->tau, add(sub(1, burst), risk)),
                      .slope = mul(p->tau, mul(p->lambda, sub(mul(2, risk), burst))),
                      .curve = mul(p->tau, mul(square(p->lambda), risk))};
    data pumped = pump(em, to);
    learn_balloon(em, &s->so_far, pumped);
    report(p_burst, burst);
}

MODEL(bart_ewmv, .family = "balloon", .task = "balloons",
      .about = "balloon task: each pump is judged by the mean and the variance of what it brings; rho above 0 seeks variance",
      .reference = "Park, Yang, Vassileva & Ahn 2021, J Math Psychol 102",
      .equations = "p = phi + (1 - exp(-eta n)) (b/n - phi), phi where n = 0\n"
                   "U(l) = (1 - p) - lambda p (l - 1) + rho p (1 - p) (1 + lambda (l - 1))^2\n"
                   "p(pump l) = logistic(tau U(l))\n" BALLOON_CHOICES)
