/* NAME: what the model says in one sentence. Author Year, Journal volume:page.
 *
 * This file is a complete model, Rescorla-Wagner learning with softmax choice. Change it step by step:
 *
 *   emlib model build NAME.c -o NAME.so        after each change; mistakes are shown with their line
 *   emlib model check ./NAME.so DATA.h5        tries it on your data and says what to mend
 *   emlib fit DATA.h5 --model ./NAME.so -o NAME.h5
 *
 * The words that a model can use are listed at the head of emlib/model.h, which is installed with emlib. */

/* 1. The parameters of each person: name, transform, meaning. Equations see the natural scale, e.g. a number between 0 and 1 for
 *    `logistic`; people are normally distributed on the unconstrained scale.
 *    Transforms: identity (any number), exp (above 0), logistic (0 to 1), scaled(5) (0 to 5), between(-1, 1). */
#define PARAMETERS(parameter)                    \
    parameter(alpha, logistic, "learning rate")  \
    parameter(beta, exp, "inverse temperature")

/* 2. The columns of the data, in the order in which a trial unfolds: name, role, values, meaning.
 *    Roles: input (shown to the person), response (what the person does: it has the likelihood), outcome (what follows).
 *    Values: option (a choice among K, coded 0 to K-1), codes(2, "0 = no, 1 = yes"), number, at_least(0), within(0, 1). */
#define COLUMNS(column)                                 \
    column(choice, response, option, "option chosen")   \
    column(reward, outcome, number, "reward received")

/* 3. What you want to know of each trial, for plots or as regressors: name, meaning. */
#define LATENTS(latent)                         \
    latent(value, "value of the option chosen") \
    latent(pe, "reward prediction error")

#include <emlib/model.h>

/* 4. What carries over from trial to trial, and its value at the beginning (and at each new block). `real` depends on parameters,
 *    `data` does not. A model without memory writes NO_STATE instead of STATE and START. */
STATE { real q[OPTIONS]; };

START(p, s) { fill(s->q, 0); }

/* 5. One trial. The numbers carry their derivatives, so it is add(a, b), sub(a, b), mul(a, b), div(a, b), exp(a), log(a), ...
 *    instead of a + b; select(above(a, b), x, y) instead of `if (a > b)`; pick(q, c) and put(q, c, x) instead of q[c].
 *    Missing trials, blocks and people of different length are taken care of: they never get here. */
TRIAL(p, s)
{
    data c = choose(choice, p->beta, s->q); /* the choice comes from softmax(beta q) */
    data r = observe(reward);

    real value = pick(s->q, c);
    real pe = sub(r, value);
    put(s->q, c, add(value, mul(p->alpha, pe)));

    report(value, value);
    report(pe, pe);
}

/* 6. What it is. The task is what simulated people do: "bandit", "gambles", "delays", ... 'emlib simulate --tasks' lists them,
 *    each with the columns that it fills; the model's inputs and outcomes must be among those. Leave .task out where none fits. */
MODEL(NAME, .family = "my models", .task = "bandit",
      .about = "one line for the list of models",
      .reference = "Author Year, Journal volume:page",
      .equations = "p(choice = k) = exp(beta Q[k]) / sum over j of exp(beta Q[j])\n"
                   "Q[choice] += alpha (reward - Q[choice]);  Q starts at 0")
