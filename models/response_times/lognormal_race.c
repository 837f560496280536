/* lognormal_race: two accumulators race, each with a lognormal time to finish; the first is the response.
 * Heathcote & Love 2012; Rouder et al. 2015. */
#include "times.h"
#define PARAMETERS(parameter)                                                           \
    parameter(mu0, identity, "mean log time of response 0's accumulator, log seconds")  \
    parameter(mu1, identity, "mean log time of response 1's accumulator, log seconds")  \
    parameter(sigma, exp, "standard deviation of the log times")                        \
    NON_DECISION(parameter)
#define COLUMNS(column)                                             \
    column(rt, response, at_least(1e-9), "response time, seconds")  \
    column(choice, response, codes(2, NULL), "which accumulator is first")
#include "emlib/model.h"
#include "race.h"

NO_STATE

TRIAL(p, s)
{
    if (drawing()) {
        const double t0 = number(exp(add(p->mu0, mul(p->sigma, normal())))), t1 = number(exp(add(p->mu1, mul(p->sigma, normal()))));
        record(rt, number(p->tau) + (t0 < t1 ? t0 : t1));
        record(choice, t1 < t0);
    }
    truth too_early;
    real t = time_since(observe(rt), p->tau, &too_early), log_t = log(t);
    truth one = equals(observe(choice), 1);
    real first = div(sub(log_t, select(one, p->mu1, p->mu0)), p->sigma);
    real other = div(sub(log_t, select(one, p->mu0, p->mu1)), p->sigma);
    real log_density = sub(sub(-0x1.d67f1c864beb5p-1, mul(0.5, square(first))), add(log(p->sigma), log_t));
    score_time(add(log_density, log_normal_cdf(neg(other))), too_early);
}

MODEL(lognormal_race, .family = "response times", .task = "reaction",
      .about = "a race of two accumulators with lognormal times",
      .reference = "Heathcote & Love 2012, Front Psychol 3:292; Rouder et al. 2015, Psychometrika 80:491",
      .equations = "p(rt, choice = k) = f(t; mu_k) (1 - F(t; mu_j)),  t = rt - tau, j the other one\n"
                   "f, F: density and distribution function of exp(mu + sigma e), e standard normal")
