/* habit: learning with forgetting and a bonus for the last choice, kept in an array: the first thing that users add, and a
 * form on which compilers have failed. */
#define PARAMETERS(parameter)                     \
    parameter(alpha, logistic, "learning rate")   \
    parameter(forget, logistic, "forgetting")     \
    parameter(beta, exp, "inverse temperature")   \
    parameter(again, identity, "bonus of the last choice")
#define COLUMNS(column)                               \
    column(choice, response, option, "option chosen") \
    column(reward, outcome, number, "reward")
#include "emlib/model.h"

STATE { real q[OPTIONS], last[OPTIONS]; };

START(p, s)
{
    fill(s->q, 0);
    fill(s->last, 0);
}

TRIAL(p, s)
{
    real u[OPTIONS];
    each(k, OPTIONS) u[k] = add(mul(p->beta, s->q[k]), mul(p->again, s->last[k]));
    data c = choose_softmax(choice, u);
    data r = observe(reward);
    real value = pick(s->q, c);
    each(k, OPTIONS) s->q[k] = mul(s->q[k], sub(1, p->forget));
    put(s->q, c, add(value, mul(p->alpha, sub(r, value))));
    fill(s->last, 0);
    put(s->last, c, 1);
}

MODEL(habit, .family = "test", .about = "forgetting and perseveration", .reference = "none", .equations = "see the file")
