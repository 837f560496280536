/* lba: linear ballistic accumulators, one for each of two responses; the first at the threshold is the response.
 * Brown & Heathcote 2008. */
#include "times.h"
#define PARAMETERS(parameter)                                                                     \
    parameter(gap, exp, "distance of the threshold from the highest starting point, b - A")       \
    parameter(A, exp, "range of the starting points, from 0")                                     \
    parameter(v0, identity, "mean drift rate of response 0's accumulator, per second")            \
    parameter(v1, identity, "mean drift rate of response 1's accumulator, per second")            \
    NON_DECISION(parameter)
#define COLUMNS(column)                                             \
    column(rt, response, at_least(1e-9), "response time, seconds")  \
    column(choice, response, codes(2, NULL), "which accumulator is first")
#include "emlib/model.h"
#include "race.h"
#include "accumulator.h"

NO_STATE

/* Time of an accumulator with this mean drift; infinite where it never gets there. */
EM_INLINE double arrival(em_run *em, const parameters *p, real v)
{
    const double distance = number(p->gap) + number(p->A) * uniform(), slope = number(v) + normal();
    return slope > 0 ? distance / slope : HUGE_VAL;
}

TRIAL(p, s)
{
    if (drawing()) {
        double t0, t1;
        do {
            t0 = arrival(em, p, p->v0);
            t1 = arrival(em, p, p->v1);
        } while (t0 == HUGE_VAL && t1 == HUGE_VAL);
        record(rt, number(p->tau) + (t0 < t1 ? t0 : t1));
        record(choice, t1 < t0);
    }
    truth too_early;
    real t = time_since(observe(rt), p->tau, &too_early), d1 = div(p->gap, t), width = div(p->A, t);
    truth one = equals(observe(choice), 1);
    real first = select(one, p->v1, p->v0), other = select(one, p->v0, p->v1);
    real density = sub(log_finishing(d1, width, first), log(p->A)), not_yet = log_not_finished(sub(d1, other), width);
    /* at least one of the two drifts is above 0: 1 - Phi(-v0) Phi(-v1) */
    const real some[2] = {log_normal_cdf(p->v0), add(log_normal_cdf(neg(p->v0)), log_normal_cdf(p->v1))};
    score_time(sub(add(density, not_yet), log_sum_exp(some)), too_early);
}

MODEL(lba, .family = "response times", .task = "reaction",
      .about = "a race of two linear ballistic accumulators",
      .reference = "Brown & Heathcote 2008, Cogn Psychol 57:153",
      .equations = "p(rt, choice = k) = f(t; v_k) (1 - F(t; v_j)) / (1 - Phi(-v0) Phi(-v1)),  t = rt - tau, j the other one\n"
                   "f, F: density and distribution function of (b - U) / D,  b = A + gap, U uniform from 0 to A, D normal with mean v\n"
                   "      and standard deviation 1, where a D below 0 never arrives;  at least one of the two does")
