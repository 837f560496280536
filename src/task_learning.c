/* Tasks in which outcomes follow choices: bandits, go/no-go, two-step. */
#include "task.h"

#include <math.h>
#include <string.h>

/* One option pays with probability 0.8, the others with 0.2; the good one moves on after every 50 trials. */
static double bandit_outcome(em_scene *scene, const char *column)
{
    const int other = strcmp(column, "reward_other") == 0, chosen = em_scene_choice(scene);
    if (!other && strcmp(column, "reward") != 0)
        return NAN;
    return em_scene_chance(scene, (other ? 1 - chosen : chosen) == scene->trial / 50 % scene->options ? 0.8 : 0.2);
}

/* One option gains 1 with probability 0.8, the others with 0.3; another one loses 1 with probability 0.7, the others with 0.2. Both
 * move on, after every 40 and 60 trials. */
static double gain_loss_outcome(em_scene *scene, const char *column)
{
    const int chosen = em_scene_choice(scene);
    if (strcmp(column, "gain") == 0)
        return em_scene_chance(scene, chosen == scene->trial / 40 % scene->options ? 0.8 : 0.3);
    if (strcmp(column, "loss") == 0)
        return em_scene_chance(scene, chosen == (scene->trial / 60 + 1) % scene->options ? 0.7 : 0.2);
    return NAN;
}

/* Points between 0 and 100 about means, state[k], that drift and go back to 50: Daw et al. 2006. */
static void restless_start(em_scene *scene)
{
    for (int k = 0; k < scene->options; k++)
        scene->state[k] = em_scene_between(scene, 20, 80);
}

static double restless_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "reward") != 0)
        return NAN;
    const double points = scene->state[em_scene_choice(scene)] + 4 * em_random_normal(scene->random);
    for (int k = 0; k < scene->options; k++)
        scene->state[k] = 0.9836 * scene->state[k] + (1 - 0.9836) * 50 + 2.8 * em_random_normal(scene->random);
    return round(fmin(fmax(points, 1), 100));
}

/* An event that comes with probability 0.8, later 0.2, and so on; changes after 20 to 60 trials, at trial state[1]. */
static double events_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "outcome") != 0)
        return NAN;
    if (scene->trial >= scene->state[1]) {
        scene->state[0] = scene->trial == 0 ? 1 : 1 - scene->state[0];
        scene->state[1] = scene->trial + floor(em_scene_between(scene, 20, 61));
    }
    return em_scene_chance(scene, scene->state[0] != 0 ? 0.8 : 0.2);
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
    const int cue = (int)em_scene_cell(scene, "cue"), go = em_scene_choice(scene) == 1;
    const int good = em_scene_chance(scene, go == (cue < 2) ? 0.8 : 0.2), to_win = cue % 2 == 0;
    return to_win ? good : good - 1;
}

/* Two-step task, Daw et al. 2011, Neuron 69:1204: the first choice leads to its own state with probability 0.7. The four
 * choices of stage 2 are rewarded with probabilities, state[2 * state2 + choice2], that wander between 0.25 and 0.75. */
static void twostep_start(em_scene *scene)
{
    for (int i = 0; i < 4; i++)
        scene->state[i] = em_scene_between(scene, 0.25, 0.75);
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
        const int first = (int)em_scene_cell(scene, "choice1");
        return em_scene_chance(scene, 0.7) ? first : 1 - first;
    }
    if (strcmp(column, "reward") != 0)
        return NAN;
    const double reward = em_scene_chance(scene, scene->state[2 * (int)em_scene_cell(scene, "state2") + (int)em_scene_cell(scene, "choice2")]);
    for (int i = 0; i < 4; i++)
        scene->state[i] = reflected(scene->state[i] + 0.025 * em_random_normal(scene->random), 0.25, 0.75);
    return reward;
}

const em_task em_tasks_learning[] = {
    {"bandit", "one option pays with probability 0.8, the others with 0.2; it changes every 50 trials", 2, NULL, NULL,
     bandit_outcome},
    {"gain_loss", "one option gains with probability 0.8, another one loses with 0.7; both move on", 4, NULL, NULL, gain_loss_outcome},
    {"restless", "points from 0 to 100 about means that drift (Daw et al. 2006)", 4, restless_start, NULL, restless_outcome},
    {"events", "one of two events comes with probability 0.8, the other with 0.2; they change places all 20 to 60 trials", 2, NULL,
     NULL, events_outcome},
    {"gonogo", "four cues: go or no go, to win or to avoid a loss; what is right pays with probability 0.8", 2, NULL,
     gonogo_input, gonogo_outcome},
    {"twostep", "a choice leads to one of two states with probability 0.7, where wandering probabilities reward another", 2,
     twostep_start, NULL, twostep_outcome},
    {0},
};
