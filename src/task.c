#include "task.h"

#include <math.h>
#include <string.h>

/* One option pays with probability 0.8, the others with 0.2; the good one moves on after every 50 trials. */
static double bandit_outcome(em_random *random, int trial, const char *column, int choice, int options)
{
    if (strcmp(column, "reward") != 0)
        return NAN;
    const double p = choice == trial / 50 % options ? 0.8 : 0.2;
    return em_random_uniform(random) < p;
}

static double between(em_random *random, double low, double high)
{
    return low + (high - low) * em_random_uniform(random);
}

/* Ten units now against 10.1 to 50 units after 1 to 365 days (log-uniform), as in monetary choice questionnaires. */
static double delays_input(em_random *random, int trial, const char *column)
{
    (void)trial;
    if (strcmp(column, "amount_sooner") == 0)
        return 10;
    if (strcmp(column, "delay_sooner") == 0)
        return 0;
    if (strcmp(column, "amount_later") == 0)
        return round(10 * between(random, 10.1, 50)) / 10;
    if (strcmp(column, "delay_later") == 0)
        return round(exp(between(random, 0, log(365))));
    return NAN;
}

/* Mixed gambles against nothing and gains-only gambles against a sure amount, half of each (Sokol-Hessner 2009). */
static double gambles_input(em_random *random, int trial, const char *column)
{
    const int mixed = trial % 2 == 0;
    if (strcmp(column, "gain") == 0)
        return round(10 * between(random, 2, 12)) / 10;
    if (strcmp(column, "loss") == 0)
        return mixed ? round(10 * between(random, 0.5, 12)) / 10 : 0;
    if (strcmp(column, "cert") == 0)
        return mixed ? 0 : round(10 * between(random, 0.5, 6)) / 10;
    return NAN;
}

static const em_task tasks[] = {
    {"bandit", "one option pays with probability 0.8, the others with 0.2; it changes every 50 trials", 2, NULL,
     bandit_outcome},
    {"delays", "10 units now against 10.1 to 50 units in 1 to 365 days", 2, delays_input, NULL},
    {"gambles", "even gambles, mixed against nothing or gains-only against a sure amount", 2, gambles_input, NULL},
};

const em_task *em_task_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    return NULL;
}
