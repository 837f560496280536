/* Tasks of seeing, timing and rating. */
#include "task.h"

#include <math.h>
#include <string.h>

/* A signal on half of the trials, at random. */
static double detection_input(em_scene *scene, const char *column)
{
    return strcmp(column, "stimulus") == 0 ? em_scene_chance(scene, 0.5) : NAN;
}

/* Method of constant stimuli: seven intensities, each the last one times the square root of two, each once in every seven
 * trials; state[0 to 6] is what is left of them. */
static double intensities_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "intensity") != 0)
        return NAN;
    const int left = 7 - scene->trial % 7;
    for (int i = 0; i < 7 && left == 7; i++)
        scene->state[i] = 0.25 * pow(2, 0.5 * i);
    const int pick = (int)(left * em_random_uniform(scene->random));
    const double intensity = scene->state[pick];
    scene->state[pick] = scene->state[left - 1];
    return intensity;
}

/* Two foods, each rated before from 1 to 5 (Krajbich, Armel & Rangel 2010, Nat Neurosci 13:1292, in simpler form). */
static double foods_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "value_upper") == 0 || strcmp(column, "value_lower") == 0)
        return floor(em_scene_between(scene, 1, 6));
    return NAN;
}

/* Probabilistic selection, Frank, Seeberger & O'Reilly 2004, Science 306:1940: three pairs of stimuli, each once in every three
 * trials. state[0 to 2] is what is left of the three, state[3 to 5] how often each pair was shown. */
static double selection_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "iter") == 0)
        return ++scene->state[3 + (int)em_scene_cell(scene, "cond")];
    if (strcmp(column, "cond") != 0)
        return NAN;
    const int left = 3 - scene->trial % 3;
    for (int i = 0; i < 3 && left == 3; i++)
        scene->state[i] = i;
    const int pick = (int)(left * em_random_uniform(scene->random));
    const double cond = scene->state[pick];
    scene->state[pick] = scene->state[left - 1];
    return cond;
}

/* The better stimulus of a pair, choice 1, is rewarded with probability 0.8, 0.7 or 0.6, the other when this one is not. */
static double selection_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "outcome") != 0)
        return NAN;
    const double better = 0.8 - 0.1 * em_scene_cell(scene, "cond");
    return em_scene_chance(scene, em_scene_choice(scene) == 1 ? better : 1 - better);
}

static double predictors_input(em_scene *scene, const char *column)
{
    return strcmp(column, "x1") == 0 || strcmp(column, "x2") == 0 ? em_random_normal(scene->random) : NAN;
}

const em_task em_tasks_perception[] = {
    {"reaction", "trials that are all alike and bring nothing: what there is to see are responses and their times", 2, NULL,
     NULL, NULL},
    {"detection", "noise or signal, each with probability 0.5", 2, NULL, detection_input, NULL},
    {"intensities", "stimuli of seven intensities from 0.25 to 2, in equal numbers", 2, NULL, intensities_input, NULL},
    {"foods", "two foods, each of a value from 1 to 5", 2, NULL, foods_input, NULL},
    {"timed_selection", "three pairs of stimuli, the better one rewarded with probability 0.8, 0.7 or 0.6", 2, NULL, selection_input,
     selection_outcome},
    {"predictors", "predictors from a standard normal distribution", 2, NULL, predictors_input, NULL},
    {0},
};
