#include "task.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The cell of this column in the trial so far; NAN where the model has no such column. */
static double cell(const em_scene *scene, const char *column)
{
    for (int c = 0; c < scene->model->n_columns; c++)
        if (strcmp(scene->model->columns[c].name, column) == 0)
            return scene->row[c];
    return NAN;
}

/* The first coded response; -1 where the model has none. */
static int first_choice(const em_scene *scene)
{
    for (int c = 0; c < scene->model->n_columns; c++)
        if (scene->model->columns[c].role == EM_RESPONSE && scene->model->columns[c].codes != EM_NUMBER)
            return (int)scene->row[c];
    return -1;
}

static double between(em_random *random, double low, double high)
{
    return low + (high - low) * em_random_uniform(random);
}

static bool chance(em_scene *scene, double p) { return em_random_uniform(scene->random) < p; }

/* One option pays with probability 0.8, the others with 0.2; the good one moves on after every 50 trials. */
static double bandit_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "reward") != 0)
        return NAN;
    return chance(scene, first_choice(scene) == scene->trial / 50 % scene->options ? 0.8 : 0.2);
}

/* Cues: 0 go to win, 1 go to avoid a loss, 2 no go to win, 3 no go to avoid a loss. Each comes once in every four trials, in
 * random order: state[0 to 3] is what is left of the four. Guitart-Masip et al. 2012, NeuroImage 62:154. */
static double gonogo_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "cue") != 0)
        return NAN;
    const int left = 4 - scene->trial % 4;
    for (int i = 0; i < 4 && left == 4; i++)
        scene->state[i] = i;
    const int pick = (int)(left * em_random_uniform(scene->random));
    const double cue = scene->state[pick];
    scene->state[pick] = scene->state[left - 1];
    return cue;
}

/* What is right pays with probability 0.8, what is wrong with 0.2: one unit won, or one not lost. */
static double gonogo_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "outcome") != 0)
        return NAN;
    const int cue = (int)cell(scene, "cue"), go = first_choice(scene) == 1;
    const int good = chance(scene, go == (cue < 2) ? 0.8 : 0.2), to_win = cue % 2 == 0;
    return to_win ? good : good - 1;
}

/* Two-step task, Daw et al. 2011, Neuron 69:1204: the first choice leads to its own state with probability 0.7. The four
 * choices of stage 2 are rewarded with probabilities, state[2 * state2 + choice2], that wander between 0.25 and 0.75. */
static void twostep_start(em_scene *scene)
{
    for (int i = 0; i < 4; i++)
        scene->state[i] = between(scene->random, 0.25, 0.75);
}

static double reflected(double x, double low, double high)
{
    while (x < low || x > high)
        x = x < low ? 2 * low - x : 2 * high - x;
    return x;
}

static double twostep_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "state2") == 0) {
        const int first = (int)cell(scene, "choice1");
        return chance(scene, 0.7) ? first : 1 - first;
    }
    if (strcmp(column, "reward") != 0)
        return NAN;
    const double reward = chance(scene, scene->state[2 * (int)cell(scene, "state2") + (int)cell(scene, "choice2")]);
    for (int i = 0; i < 4; i++)
        scene->state[i] = reflected(scene->state[i] + 0.025 * em_random_normal(scene->random), 0.25, 0.75);
    return reward;
}

/* Ten units now against 10.1 to 50 units after 1 to 365 days (log-uniform), as in monetary choice questionnaires. */
static double delays_input(em_scene *scene, const char *column)
{
    em_random *random = scene->random;
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
static double gambles_input(em_scene *scene, const char *column)
{
    em_random *random = scene->random;
    const int mixed = scene->trial % 2 == 0;
    if (strcmp(column, "gain") == 0)
        return round(10 * between(random, 2, 12)) / 10;
    if (strcmp(column, "loss") == 0)
        return mixed ? round(10 * between(random, 0.5, 12)) / 10 : 0;
    if (strcmp(column, "cert") == 0)
        return mixed ? 0 : round(10 * between(random, 0.5, 6)) / 10;
    return NAN;
}

static const em_task tasks[] = {
    {"bandit", "one option pays with probability 0.8, the others with 0.2; it changes every 50 trials", 2, NULL, NULL,
     bandit_outcome},
    {"gonogo", "four cues: go or no go, to win or to avoid a loss; what is right pays with probability 0.8", 2, NULL,
     gonogo_input, gonogo_outcome},
    {"twostep", "a choice leads to one of two states with probability 0.7, where wandering probabilities reward another", 2,
     twostep_start, NULL, twostep_outcome},
    {"delays", "10 units now against 10.1 to 50 units in 1 to 365 days", 2, NULL, delays_input, NULL},
    {"gambles", "even gambles, mixed against nothing or gains-only against a sure amount", 2, NULL, gambles_input, NULL},
    {"reaction", "trials that are all alike and bring nothing: what there is to see are responses and their times", 2, NULL,
     NULL, NULL},
};

const em_task *em_task_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    return NULL;
}
