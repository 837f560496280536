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

/* Iowa gambling task, Bechara et al. 1994, Cognition 50:7, in hundreds: decks A and B win 1, C and D win 0.5; A and C often
 * lose a little, B and D seldom lose much. A and B cost 0.25 a card on the average, C and D bring as much. */
static double iowa_outcome(em_scene *scene, const char *column)
{
    static const double often[2][5] = {{1.5, 2, 2.5, 3, 3.5}, {0.25, 0.5, 0.5, 0.5, 0.75}}, seldom[2] = {12.5, 2.5};
    if (strcmp(column, "outcome") != 0)
        return NAN;
    const int deck = em_scene_choice(scene), good = deck >= 2;
    const double win = good ? 0.5 : 1;
    if (deck % 2 == 0)
        return em_scene_chance(scene, 0.5) ? win - often[good][(int)em_scene_between(scene, 0, 5)] : win;
    return em_scene_chance(scene, 0.1) ? win - seldom[good] : win;
}

/* Probabilistic selection, Frank et al. 2007, PNAS 104:16311: stimuli 0 and 1, 2 and 3, 4 and 5 come in pairs, whose better one
 * pays with probability 0.8, 0.7 and 0.6. state[0]: the better one of this trial's pair; state[1]: whether it is
 * option 2. */
static double selection_input(em_scene *scene, const char *column)
{
    const int second = strcmp(column, "option2") == 0;
    if (!second && strcmp(column, "option1") != 0)
        return NAN;
    if (!second) {
        scene->state[0] = 2 * (int)em_scene_between(scene, 0, 3);
        scene->state[1] = em_scene_chance(scene, 0.5);
    }
    return scene->state[0] + (second != (int)scene->state[1]);
}

static double selection_outcome(em_scene *scene, const char *column)
{
    static const double pays[6] = {0.8, 0.2, 0.7, 0.3, 0.6, 0.4};
    if (strcmp(column, "reward") != 0)
        return NAN;
    return em_scene_chance(scene, pays[(int)em_scene_cell(scene, em_scene_choice(scene) ? "option2" : "option1")]);
}

/* Reversal learning: the better option wins with probability 0.8, the other one with 0.2; what does not win loses. From the
 * 11th trial after a reversal on, the next one comes with probability 0.1. state[0]: the better one; state[1]: trials since. */
static double reversal_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "outcome") != 0)
        return NAN;
    if (scene->state[1]++ >= 10 && em_scene_chance(scene, 0.1)) {
        scene->state[0] = 1 - scene->state[0];
        scene->state[1] = 0;
    }
    return em_scene_chance(scene, em_scene_choice(scene) == (int)scene->state[0] ? 0.8 : 0.2) ? 1 : -1;
}

/* Aversive learning, after Browning et al. 2015, Nat Neurosci 18:590: shocks of 1 to 99, with one of the two options on each
 * trial; with option 0 at probability 0.75, and 0.8 and 0.2 in turns of 20 trials from trial 60 on. */
static double shock_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "punish0") != 0 && strcmp(column, "punish1") != 0)
        return NAN;
    return floor(em_scene_between(scene, 1, 100));
}

static bool shock_with_0(em_scene *scene)
{
    return em_scene_chance(scene, scene->trial < 60 ? 0.75 : scene->trial / 20 % 2 ? 0.2 : 0.8);
}

static double shock_outcome(em_scene *scene, const char *column)
{
    if (strcmp(column, "outcome") != 0)
        return NAN;
    return shock_with_0(scene) == (em_scene_choice(scene) == 0);
}

static double shocks_outcome(em_scene *scene, const char *column)
{
    return strcmp(column, "outcome") == 0 ? shock_with_0(scene) : NAN;
}

/* Wisconsin card sorting: cards that match any of the four decks by color, by form and by number. The rule, state[0], goes from
 * color to form to number and on when ten choices in a row, state[1], were right. */
static double cards_input(em_scene *scene, const char *column)
{
    return strncmp(column, "match_", 6) == 0 ? floor(em_scene_between(scene, 0, 4)) : NAN;
}

static double cards_outcome(em_scene *scene, const char *column)
{
    static const char *const rule[3] = {"match_color", "match_form", "match_number"};
    if (strcmp(column, "outcome") != 0)
        return NAN;
    const bool right = em_scene_choice(scene) == (int)em_scene_cell(scene, rule[(int)scene->state[0]]);
    scene->state[1] = right ? scene->state[1] + 1 : 0;
    if (scene->state[1] == 10) {
        scene->state[0] = (int)(scene->state[0] + 1) % 3;
        scene->state[1] = 0;
    }
    return right;
}

/* Fish from one of three ponds, of which half have the pond's color; another pond, state[0], after every 15 fish. */
static double ponds_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "observation") != 0)
        return NAN;
    if (scene->trial % 15 == 0)
        scene->state[0] = floor(em_scene_between(scene, 0, 3));
    const int away = em_scene_chance(scene, 0.5) ? 0 : em_scene_chance(scene, 0.5) ? 1 : 2;
    return ((int)scene->state[0] + away) % 3;
}

/* Rewards for oneself, another and nobody at once: for each of them some option, state[0 to 2], pays with probability 0.8, the
 * others with 0.2; which one, changes at probability 0.05 a trial. */
static void recipients_start(em_scene *scene)
{
    for (int i = 0; i < 3; i++)
        scene->state[i] = floor(em_scene_between(scene, 0, scene->options));
}

static double recipients_outcome(em_scene *scene, const char *column)
{
    static const char *const whose[3] = {"reward_self", "reward_other", "reward_noone"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(column, whose[i]) != 0)
            continue;
        if (em_scene_chance(scene, 0.05))
            scene->state[i] = floor(em_scene_between(scene, 0, scene->options));
        return em_scene_chance(scene, em_scene_choice(scene) == (int)scene->state[i] ? 0.8 : 0.2);
    }
    return NAN;
}

/* Two of four options are shown, with outcomes for oneself and for another: options 0 and 1 are good for oneself, 0 and 2 for the
 * other. Good ones bring 1, 0 and -1 with probability 0.75, 0.15 and 0.1, bad ones the opposite. Which options
 * are which, changes after every 30 trials. */
static double pairs_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "option1") == 0)
        return scene->state[0] = floor(em_scene_between(scene, 0, 4));
    if (strcmp(column, "option2") == 0)
        return (int)(scene->state[0] + floor(em_scene_between(scene, 1, 4))) % 4;
    return NAN;
}

static double pairs_outcome(em_scene *scene, const char *column)
{
    const int own = strcmp(column, "outcome_self") == 0;
    if (!own && strcmp(column, "outcome_other") != 0)
        return NAN;
    const int option = (int)em_scene_cell(scene, em_scene_choice(scene) ? "option2" : "option1");
    const int kind = (option + scene->trial / 30) % 4, good = own ? kind < 2 : kind % 2 == 0;
    const double u = em_scene_between(scene, 0, 1), outcome = u < 0.75 ? 1 : u < 0.9 ? 0 : -1;
    return good ? outcome : -outcome;
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
    {"iowa", "four decks: A and B win more but lose by far more than C and D; A and C lose often, B and D seldom", 2, NULL, NULL,
     iowa_outcome},
    {"selection", "three pairs of stimuli, whose better one pays with probability 0.8, 0.7 or 0.6", 2, NULL, selection_input,
     selection_outcome},
    {"reversal", "one of two options wins with probability 0.8, the other with 0.2; they reverse after 10 trials or more", 2,
     NULL, NULL, reversal_outcome},
    {"shock", "two options with shocks of sizes that are shown; the outcome is whether the option chosen shocks", 2, NULL,
     shock_input, shock_outcome},
    {"shocks", "as shock; the outcome is whether option 0 shocks or option 1, whatever is chosen", 2, NULL, shock_input,
     shocks_outcome},
    {"cards", "Wisconsin card sorting: match by color, form or number; the rule changes after ten in a row", 2, NULL,
     cards_input, cards_outcome},
    {"ponds", "fish of three colors, half of them of their pond's color; another pond after every 15 fish", 2, NULL,
     ponds_input, NULL},
    {"recipients", "options that pay oneself, another and nobody with probability 0.8 or 0.2, each changing by itself", 2,
     recipients_start, NULL, recipients_outcome},
    {"pairs", "two of four options, each good or bad for oneself and for another; they change roles every 30 trials", 2, NULL,
     pairs_input, pairs_outcome},
    {0},
};
