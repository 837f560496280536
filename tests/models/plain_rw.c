/* plain_rw: the equations of rw in the plain interface, to compare numerical derivatives with exact ones. */
#define PARAMETERS(parameter)                    \
    parameter(alpha, logistic, "learning rate")  \
    parameter(beta, exp, "inverse temperature")
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")
#include "emlib/plain.h"

LOG_LIKELIHOOD(p, d)
{
    double q[EM_MAX_OPTIONS] = {0}, total = 0;
    for (int t = 0; t < d->trials; t++) {
        const int c = (int)d->choice[t];
        for (int k = 0; k < d->options && restarts(d, t); k++)
            q[k] = 0;
        if (scored(d, choice, t)) {
            double sum = 0;
            for (int k = 0; k < d->options; k++)
                sum += exp(p->beta * (q[k] - q[c]));
            total -= log(sum);
        }
        if (learned(d, t))
            q[c] += p->alpha * (d->reward[t] - q[c]);
    }
    return total;
}

MODEL(plain_rw, .family = "test", .task = "bandit", .about = "rw in plain C", .reference = "none",
      .equations = "as rw")
