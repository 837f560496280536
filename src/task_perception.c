/* Tasks of seeing, timing and rating. */
#include "task.h"

#include <math.h>
#include <string.h>

static bool is(const char *column, const char *name) { return strcmp(column, name) == 0; }

/* ---- detection ---- */

enum { DETECTION_P };
static const em_setting detection_settings[] = {
    [DETECTION_P] = {"p", "0.5", EM_SETTING_ONE, 0, 1, .about = "probability of a signal"}, {0}};

/* A signal on half of the trials, at random. */
static double detection_input(em_scene *scene, const char *column)
{
    return is(column, "stimulus") ? em_scene_chance(scene, em_scene_setting(scene, DETECTION_P)) : NAN;
}

/* ---- intensities ---- */

enum { INTENSITIES };
static const em_setting intensities_settings[] = {
    [INTENSITIES] = {"intensities", "0.25/0.3535533905932738/0.5/0.7071067811865476/1/1.4142135623730951/2",
                     EM_SETTING_SOME, 0, 1000, .about = "the intensities that are shown, in equal numbers",
                     .count = 16},
    {0}};

/* Method of constant stimuli: seven intensities, each the last one times the square root of two, each once in every
 * seven trials; state[0 to 6] is what is left of them. */
static double intensities_input(em_scene *scene, const char *column)
{
    return is(column, "intensity") ? em_scene_shuffled(scene, INTENSITIES) : NAN;
}

/* ---- foods ---- */

enum { FOODS_VALUE };
static const em_setting foods_settings[] = {
    [FOODS_VALUE] = {"value", "1..5", EM_SETTING_SPREAD, -1000, 1000, .about = "value of each food", .whole = true},
    {0}};

/* Two foods, each rated before from 1 to 5 (Krajbich, Armel & Rangel 2010, Nat Neurosci 13:1292, in simpler form). */
static double foods_input(em_scene *scene, const char *column)
{
    return is(column, "value_upper") || is(column, "value_lower") ? em_scene_whole(scene, FOODS_VALUE) : NAN;
}

/* ---- probabilistic selection ---- */

enum { SELECTION_P, SELECTION_PAIRS };
static const em_setting selection_settings[] = {
    [SELECTION_P] =
        {"p", "0.8/0.7/0.6", EM_SETTING_LIST, 0, 1,
         .about =
             "probability that the better stimulus of pair 0, 1 and 2 is rewarded; the other one is when it is not",
         .count = 3},
    [SELECTION_PAIRS] = {"pairs", "0/1/2", EM_SETTING_SOME, 0, 2, .about = "the pairs that are shown, in equal numbers",
                         .count = 13, .whole = true},
    {0}};

/* Probabilistic selection, Frank, Seeberger & O'Reilly 2004, Science 306:1940: three pairs of stimuli, each once in
 * every three trials. state[0 to 12] is what is left of them, state[13 to 15] how often each pair was shown. */
static double selection_input(em_scene *scene, const char *column)
{
    const int pair = em_scene_code(scene, "cond", 3);
    if (is(column, "iter"))
        return pair < 0 ? NAN : ++scene->state[13 + pair];
    return is(column, "cond") ? em_scene_shuffled(scene, SELECTION_PAIRS) : NAN;
}

/* The better stimulus of a pair, choice 1, is rewarded with probability 0.8, 0.7 or 0.6, the other when this one is
 * not. */
static double selection_outcome(em_scene *scene, const char *column)
{
    const int pair = em_scene_code(scene, "cond", 3);
    if (!is(column, "outcome") || pair < 0)
        return NAN;
    const double better = em_scene_nth(scene, SELECTION_P, pair);
    return em_scene_chance(scene, em_scene_choice(scene) == 1 ? better : 1 - better);
}

/* ---- predictors ---- */

enum { PREDICTORS_MEAN, PREDICTORS_SD, PREDICTORS_CORRELATION };
static const em_setting predictors_settings[] = {
    [PREDICTORS_MEAN] = {"mean", "0", EM_SETTING_ONE, -1000, 1000, .about = "mean of either predictor"},
    [PREDICTORS_SD] = {"sd", "1", EM_SETTING_ONE, 0, 1000, .about = "its standard deviation"},
    [PREDICTORS_CORRELATION] = {"correlation", "0", EM_SETTING_ONE, -1, 1, .about = "correlation of x1 and x2"},
    {0}};

/* state[0]: x1 as a standard normal number. */
static double predictors_input(em_scene *scene, const char *column)
{
    const double r = em_scene_setting(scene, PREDICTORS_CORRELATION);
    double z;
    if (is(column, "x1"))
        z = scene->state[0] = em_random_normal(scene->random);
    else if (is(column, "x2"))
        z = r * scene->state[0] + sqrt(1 - r * r) * em_random_normal(scene->random);
    else
        return NAN;
    return em_scene_setting(scene, PREDICTORS_MEAN) + em_scene_setting(scene, PREDICTORS_SD) * z;
}

const em_task em_tasks_perception[] = {
    {"reaction", "trials that are all alike and bring nothing: what there is to see are responses and their times", "",
     2, NULL, NULL, NULL, NULL},
    {"detection", "noise or signal, each with probability 0.5", "stimulus", 2, NULL, detection_input, NULL,
     detection_settings},
    {"intensities", "stimuli of seven intensities from 0.25 to 2, in equal numbers", "intensity", 2, NULL,
     intensities_input, NULL, intensities_settings},
    {"foods", "two foods, each of a value from 1 to 5", "value_upper value_lower", 2, NULL, foods_input, NULL,
     foods_settings},
    {"timed_selection", "three pairs of stimuli, the better one rewarded with probability 0.8, 0.7 or 0.6",
     "cond iter outcome", 2, NULL, selection_input, selection_outcome, selection_settings},
    {"predictors", "predictors from a standard normal distribution", "x1 x2", 2, NULL, predictors_input, NULL,
     predictors_settings},
    {0},
};
