/* NAME: what the model says in one sentence. Author Year, Journal volume:page.
 *
 * A likelihood in plain C with doubles, for models that do not fit the style of emlib/model.h (planning by search, other
 * libraries, loops whose length depends on parameters). Derivatives are then numerical: slower, and a little less precise.
 * This one is Rescorla-Wagner learning with softmax choice. emlib/plain.h tells all that there is.
 *
 *   emlib model build NAME.c -o NAME.so
 *   emlib model check ./NAME.so DATA.h5
 *   emlib fit DATA.h5 --model ./NAME.so -o NAME.h5 */

/* 1. The parameters of each person: name, transform, meaning. The function below sees the natural scale.
 *    Transforms: identity (any number), exp (above 0), logistic (0 to 1), scaled(5) (0 to 5), between(-1, 1). */
#define PARAMETERS(parameter)                    \
    parameter(alpha, logistic, "learning rate")  \
    parameter(beta, exp, "inverse temperature")

/* 2. The columns of the data, in the order in which a trial unfolds: name, role (input, response, outcome), values (option,
 *    codes(2, "0 = no, 1 = yes"), number, at_least(0), within(0, 1)), meaning. */
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")

#include <emlib/plain.h>

/* 3. The log-likelihood of one person, all trials. */
LOG_LIKELIHOOD(p, d)
{
    double q[EM_MAX_OPTIONS] = {0}, total = 0;
    for (int t = 0; t < d->trials; t++) {
        int c = (int)d->choice[t];
        for (int k = 0; k < d->options && restarts(d, t); k++) /* a new block */
            q[k] = 0;
        if (scored(d, choice, t)) { /* the choice is there, and counts */
            double sum = 0;
            for (int k = 0; k < d->options; k++)
                sum += exp(p->beta * (q[k] - q[c]));
            total -= log(sum);
        }
        if (learned(d, t)) /* nothing is missing on this trial */
            q[c] += p->alpha * (d->reward[t] - q[c]);
    }
    return total;
}

/* 4. What it is. The task is what simulated people do; 'emlib simulate --tasks' lists all, with the columns that they fill. Leave .task
 *    out where none fits. */
MODEL(NAME, .family = "my models", .task = "bandit",
      .about = "one line for the list of models",
      .reference = "Author Year, Journal volume:page",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   "Q[choice] += alpha (reward - Q[choice]);  Q starts at 0")
