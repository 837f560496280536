/* Tasks in which outcomes follow choices: bandits, go/no-go, two-step. */
#include "task.h"

#include <math.h>
#include <string.h>

static bool is(const char *column, const char *name) { return strcmp(column, name) == 0; }

/* After every so many trials (0: never): how often that has been. */
static int blocks_so_far(const em_scene *scene, int setting)
{
    const int block = (int)em_scene_setting(scene, setting);
    return block > 0 ? scene->trial / block : 0;
}

/* How far an option is from the first one, from 0 on; after the last option comes option 0. */
static int place_of(int option, int first, int options) { return ((option - first) % options + options) % options; }

/* ---- when something reverses: three settings in a row ---- */

#define REVERSAL_SETTING(trials, least)                                                                                \
    {                                                                                                                  \
        "reversal", trials, EM_SETTING_ONE, least, 1e6, .about = "trials in a row without a reversal, at least",       \
                                                        .whole = true                                                  \
    }
#define HAZARD_SETTING(p)                                                                                              \
    {                                                                                                                  \
        "hazard", p, EM_SETTING_ONE, 0, 1,                                                                             \
            .about = "probability of a reversal on each trial after those; 0: no reversals"                            \
    }
#define CRITERION_SETTING                                                                                              \
    {                                                                                                                  \
        "criterion", "0", EM_SETTING_ONE, 0, 1e6,                                                                      \
            .about = "right choices in a row, just before, that a reversal takes", .whole = true                       \
    }
enum { REVERSAL, HAZARD, CRITERION }; /* counted from the first of the three */

/* What such a task keeps: whose turn it is, trials since the last reversal, right choices in a row, the next trial to
 * look at. */
enum { TURN, SINCE, RUN, NEXT };

/* Goes on to this trial, also over trials that nobody did. At each reversal it is the turn of the next of so many
 * options, and `skip` trials more are needed for another one. */
static void take_turns(em_scene *scene, int first, int options, int skip)
{
    const double hazard = em_scene_setting(scene, first + HAZARD), least = em_scene_setting(scene, first + REVERSAL);
    double *state = scene->state;
    int trial = (int)state[NEXT];
    for (; trial <= scene->trial; trial++) {
        state[SINCE] += trial > 0;
        if (state[SINCE] < least || state[RUN] < em_scene_setting(scene, first + CRITERION) ||
            (hazard < 1 && !em_scene_chance(scene, hazard)))
            continue;
        state[TURN] = (int)(state[TURN] + 1) % options;
        state[SINCE] = -skip;
        state[RUN] = 0;
    }
    state[NEXT] = trial;
}

/* ---- bandit ---- */

enum { BANDIT_P, BANDIT_TURNS };
static const em_setting bandit_settings[] = {
    [BANDIT_P] =
        {"p", "0.8/0.2", EM_SETTING_OPTIONS, 0, 1,
         .about = "probability that the good option pays, and that each of the others does; P alone: P/1-P; or one for "
                  "each option, which move on by one option at a reversal"},
    [BANDIT_TURNS] = REVERSAL_SETTING("50", 1),
    HAZARD_SETTING("1"),
    CRITERION_SETTING,
    {0}};

/* One option pays with probability 0.8, the others with 0.2; the good one moves on after every 50 trials. */
static double bandit_outcome(em_scene *scene, const char *column)
{
    const int other = is(column, "reward_other"), chosen = em_scene_choice(scene), options = scene->options;
    if (!other && !is(column, "reward"))
        return NAN;
    double *state = scene->state;
    const bool new = state[NEXT] <= scene->trial; /* the first of two columns */
    take_turns(scene, BANDIT_TURNS, options, 0);
    const int turn = (int)state[TURN];
    if (new)
        state[RUN] = chosen == (turn + em_scene_best(scene, BANDIT_P)) % options ? state[RUN] + 1 : 0;
    const int place = place_of(other ? 1 - chosen : chosen, turn, options);
    return em_scene_chance(scene, em_scene_option(scene, BANDIT_P, place));
}

/* ---- gain and loss ---- */

enum { GAIN_P, LOSS_P, GAIN_BLOCK, LOSS_BLOCK };
static const em_setting gain_loss_settings[] = {
    [GAIN_P] =
        {"p_gain", "0.8/0.3", EM_SETTING_OPTIONS, 0, 1,
         .about =
             "probability that the good option gains, and that each of the others does; P alone: P/1-P; or one for "
             "each option"},
    [LOSS_P] = {"p_loss", "0.7/0.2", EM_SETTING_OPTIONS, 0, 1,
                .about = "the same for losses, beginning with the bad option, which is the second one at first"},
    [GAIN_BLOCK] = {"block_gain", "40", EM_SETTING_ONE, 0, 1e6,
                    .about = "trials after which the probabilities of gains move on by one option; 0: they stay",
                    .whole = true},
    [LOSS_BLOCK] = {"block_loss", "60", EM_SETTING_ONE, 0, 1e6, .about = "the same for losses", .whole = true},
    {0}};

/* One option gains 1 with probability 0.8, the others with 0.3; another one loses 1 with probability 0.7, the others
 * with 0.2. Both move on, after every 40 and 60 trials. */
static double gain_loss_outcome(em_scene *scene, const char *column)
{
    const int gain = is(column, "gain");
    if (!gain && !is(column, "loss"))
        return NAN;
    const int first = gain ? blocks_so_far(scene, GAIN_BLOCK) : blocks_so_far(scene, LOSS_BLOCK) + 1;
    const int place = place_of(em_scene_choice(scene), first, scene->options);
    return em_scene_chance(scene, em_scene_option(scene, gain ? GAIN_P : LOSS_P, place));
}

/* ---- restless bandit ---- */

enum { RESTLESS_START, RESTLESS_CENTER, RESTLESS_DECAY, RESTLESS_DRIFT, RESTLESS_NOISE, RESTLESS_LIMITS };
static const em_setting restless_settings[] = {
    [RESTLESS_START] = {"start", "20..80", EM_SETTING_RANGE, -1000, 1000,
                        .about = "where the options' means start, at random"},
    [RESTLESS_CENTER] = {"center", "50", EM_SETTING_ONE, -1000, 1000, .about = "what the means go back to"},
    [RESTLESS_DECAY] = {"decay", "0.9836", EM_SETTING_ONE, 0, 1,
                        .about = "how much of its distance from the center a mean keeps from trial to trial"},
    [RESTLESS_DRIFT] = {"drift_sd", "2.8", EM_SETTING_ONE, 0, 1000,
                        .about = "standard deviation of the step that a mean takes on each trial"},
    [RESTLESS_NOISE] = {"sd", "4", EM_SETTING_ONE, 0, 1000,
                        .about = "standard deviation of the points about the option's mean"},
    [RESTLESS_LIMITS] = {"points", "1..100", EM_SETTING_RANGE, -1000, 1000,
                         .about = "least and most points; whole ones, but for a range narrower than 10"},
    {0}};

/* Points between 1 and 100 about means, state[k], that drift and go back to 50: Daw et al. 2006. */
static void restless_start(em_scene *scene)
{
    for (int k = 0; k < scene->options; k++)
        scene->state[k] = em_scene_draw(scene, RESTLESS_START);
}

static double restless_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "reward") || em_scene_choice(scene) < 0)
        return NAN;
    const double decay = em_scene_setting(scene, RESTLESS_DECAY), center = em_scene_setting(scene, RESTLESS_CENTER);
    const double low = em_scene_nth(scene, RESTLESS_LIMITS, 0), high = em_scene_nth(scene, RESTLESS_LIMITS, 1);
    const double points = scene->state[em_scene_choice(scene)] +
                          em_scene_setting(scene, RESTLESS_NOISE) * em_random_normal(scene->random);
    for (int k = 0; k < scene->options; k++)
        scene->state[k] = decay * scene->state[k] + (1 - decay) * center +
                          em_scene_setting(scene, RESTLESS_DRIFT) * em_random_normal(scene->random);
    const double paid = fmin(fmax(points, low), high);
    return high - low < 10 ? paid : round(paid);
}

/* ---- events ---- */

enum { EVENTS_P, EVENTS_BLOCK };
static const em_setting events_settings[] = {
    [EVENTS_P] = {"p", "0.8/0.2", EM_SETTING_LIST, 0, 1,
                  .about = "probability of event 1 in every other block, and in those between", .count = 2},
    [EVENTS_BLOCK] = {"block", "20..60", EM_SETTING_SPREAD, 1, 1e6, .about = "trials in a block", .whole = true},
    {0}};

/* An event that comes with probability 0.8, later 0.2, and so on; changes after 20 to 60 trials, at trial state[1]. */
static double events_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    if (scene->trial >= scene->state[1]) {
        scene->state[0] = scene->trial == 0 ? 1 : 1 - scene->state[0];
        scene->state[1] = scene->trial + em_scene_whole(scene, EVENTS_BLOCK);
    }
    return em_scene_chance(scene, em_scene_nth(scene, EVENTS_P, scene->state[0] != 0 ? 0 : 1));
}

/* ---- go/no-go ---- */

enum { GONOGO_P, GONOGO_CUES, GONOGO_GAIN, GONOGO_LOSS };
static const em_setting gonogo_settings[] = {
    [GONOGO_P] = {"p", "0.8/0.2", EM_SETTING_LIST, 0, 1,
                  .about = "probability that what is right pays, and that what is wrong does", .count = 2},
    [GONOGO_CUES] =
        {"cues", "0/1/2/3", EM_SETTING_SOME, 0, 3,
         .about = "the cues that come, in equal numbers: 0 go to win, 1 go to avoid, 2 no go to win, 3 no go to avoid",
         .count = 16, .whole = true},
    [GONOGO_GAIN] = {"gain", "1", EM_SETTING_ONE, 0, 1000, .about = "what there is to win"},
    [GONOGO_LOSS] = {"loss", "1", EM_SETTING_ONE, 0, 1000, .about = "what there is to lose"},
    {0}};

/* Each cue comes once in every four trials, in random order: state[0 to 3] is what is left of the four. Guitart-Masip
 * et al. 2012, NeuroImage 62:154. */
static double gonogo_input(em_scene *scene, const char *column)
{
    return is(column, "cue") ? em_scene_shuffled(scene, GONOGO_CUES) : NAN;
}

/* What is right pays with probability 0.8, what is wrong with 0.2: one unit won, or one not lost. */
static double gonogo_outcome(em_scene *scene, const char *column)
{
    const int cue = em_scene_code(scene, "cue", 4);
    if (!is(column, "outcome") || cue < 0)
        return NAN;
    const int go = em_scene_choice(scene) == 1, to_win = cue % 2 == 0;
    const bool good = em_scene_chance(scene, em_scene_nth(scene, GONOGO_P, go == (cue < 2) ? 0 : 1));
    if (to_win)
        return good ? em_scene_setting(scene, GONOGO_GAIN) : 0;
    return good ? 0 : 0 - em_scene_setting(scene, GONOGO_LOSS);
}

/* ---- two-step ---- */

enum { TWOSTEP_COMMON, TWOSTEP_P, TWOSTEP_DRIFT };
static const em_setting twostep_settings[] = {
    [TWOSTEP_COMMON] = {"common", "0.7", EM_SETTING_ONE, 0, 1,
                        .about = "probability that a first choice leads to its own state"},
    [TWOSTEP_P] = {"p", "0.25..0.75", EM_SETTING_RANGE, 0, 1,
                   .about =
                       "where the probabilities of reward start, at random, and stay; they are reflected at both ends"},
    [TWOSTEP_DRIFT] = {"drift_sd", "0.025", EM_SETTING_ONE, 0, 1,
                       .about = "standard deviation of the step that each probability takes on each trial"},
    {0}};

/* Two-step task, Daw et al. 2011, Neuron 69:1204: the first choice leads to its own state with probability 0.7. The
 * four choices of stage 2 are rewarded with probabilities, state[2 * state2 + choice2], that wander between 0.25 and
 * 0.75. */
static void twostep_start(em_scene *scene)
{
    for (int i = 0; i < 4; i++)
        scene->state[i] = em_scene_draw(scene, TWOSTEP_P);
}

/* Steps that are longer than the range are rare: what two reflections do not bring back stops at the end. */
static double reflected(double x, double low, double high)
{
    for (int i = 0; i < 2 && (x < low || x > high); i++)
        x = x < low ? 2 * low - x : 2 * high - x;
    return fmin(fmax(x, low), high);
}

static double twostep_outcome(em_scene *scene, const char *column)
{
    if (is(column, "state2")) {
        const int first = em_scene_code(scene, "choice1", 2);
        if (first < 0)
            return NAN;
        return em_scene_chance(scene, em_scene_setting(scene, TWOSTEP_COMMON)) ? first : 1 - first;
    }
    const int state2 = em_scene_code(scene, "state2", 2), choice2 = em_scene_code(scene, "choice2", 2);
    if (!is(column, "reward") || state2 < 0 || choice2 < 0)
        return NAN;
    const double reward = em_scene_chance(scene, scene->state[2 * state2 + choice2]);
    const double low = em_scene_nth(scene, TWOSTEP_P, 0), high = em_scene_nth(scene, TWOSTEP_P, 1);
    const double sd = em_scene_setting(scene, TWOSTEP_DRIFT);
    for (int i = 0; i < 4; i++)
        scene->state[i] = reflected(scene->state[i] + sd * em_random_normal(scene->random), low, high);
    return reward;
}

/* ---- Iowa gambling ---- */

enum { IOWA_WIN, IOWA_P, IOWA_LOSS }; /* and one for each further deck */
#define DECK(letter, value)                                                                                            \
    {                                                                                                                  \
        "loss_" letter, value, EM_SETTING_SOME, 0, 1000,                                                               \
            .about = "what a loss of deck " letter " can be, each as likely as any other", .count = 16                 \
    }
static const em_setting iowa_settings[] = {
    [IOWA_WIN] = {"win", "1/1/0.5/0.5", EM_SETTING_LIST, 0, 1000,
                  .about = "what a card of deck a, b, c and d wins, in hundreds", .count = 4},
    [IOWA_P] = {"p_loss", "0.5/0.1/0.5/0.1", EM_SETTING_LIST, 0, 1,
                .about = "probability that a card of each deck costs something, too", .count = 4},
    [IOWA_LOSS] = DECK("a", "1.5/2/2.5/3/3.5"),
    DECK("b", "12.5"),
    DECK("c", "0.25/0.5/0.5/0.5/0.75"),
    DECK("d", "2.5"),
    {0}};

/* Iowa gambling task, Bechara et al. 1994, Cognition 50:7, in hundreds: decks A and B win 1, C and D win 0.5; A and C
 * often lose a little, B and D seldom lose much. A and B cost 0.25 a card on the average, C and D bring as much. */
static double iowa_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    const int chosen = em_scene_choice(scene), deck = chosen < 2 ? chosen != 0 : 2 + chosen % 2;
    const double win = em_scene_nth(scene, IOWA_WIN, deck);
    return em_scene_chance(scene, em_scene_nth(scene, IOWA_P, deck)) ? win - em_scene_one_of(scene, IOWA_LOSS + deck)
                                                                     : win;
}

/* ---- probabilistic selection ---- */

enum { SELECTION_BETTER, SELECTION_WORSE };
static const em_setting selection_settings[] = {
    [SELECTION_BETTER] = {"p_better", "0.8/0.7/0.6", EM_SETTING_LIST, 0, 1,
                          .about = "probability that stimulus 0, 2 and 4 pays", .count = 3},
    [SELECTION_WORSE] = {"p_worse", "0.2/0.3/0.4", EM_SETTING_LIST, 0, 1,
                         .about = "probability that stimulus 1, 3 and 5 pays", .count = 3},
    {0}};

/* Probabilistic selection, Frank et al. 2007, PNAS 104:16311: stimuli 0 and 1, 2 and 3, 4 and 5 come in pairs, whose
 * better one pays with probability 0.8, 0.7 and 0.6. state[0]: the better one of this trial's pair; state[1]: whether
 * it is option 2. */
static double selection_input(em_scene *scene, const char *column)
{
    const int second = is(column, "option2");
    if (!second && !is(column, "option1"))
        return NAN;
    if (!second) {
        scene->state[0] = 2 * (int)em_scene_between(scene, 0, 3);
        scene->state[1] = em_scene_chance(scene, 0.5);
    }
    return scene->state[0] + (second != (int)scene->state[1]);
}

static double selection_outcome(em_scene *scene, const char *column)
{
    const int stimulus = em_scene_code(scene, em_scene_choice(scene) ? "option2" : "option1", 6);
    if (!is(column, "reward") || stimulus < 0)
        return NAN;
    return em_scene_chance(scene, em_scene_nth(scene, stimulus % 2 ? SELECTION_WORSE : SELECTION_BETTER, stimulus / 2));
}

/* ---- reversal learning ---- */

enum { REVERSAL_P, REVERSAL_OUTCOME, REVERSAL_TURNS };
static const em_setting reversal_settings[] = {
    [REVERSAL_P] = {"p", "0.8/0.2", EM_SETTING_LIST, 0, 1,
                    .about = "probability that the better option wins, and that the other one does", .count = 2},
    [REVERSAL_OUTCOME] = {"outcome", "1/-1", EM_SETTING_LIST, -1000, 1000,
                          .about = "what is won, and what is lost otherwise", .count = 2},
    [REVERSAL_TURNS] = REVERSAL_SETTING("10", 0),
    HAZARD_SETTING("0.1"),
    CRITERION_SETTING,
    {0}};

/* Reversal learning: the better option wins with probability 0.8, the other one with 0.2; what does not win loses. From
 * the 11th trial after a reversal on, the next one comes with probability 0.1; the trial of the reversal itself is not
 * counted. */
static double reversal_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    take_turns(scene, REVERSAL_TURNS, 2, 1);
    const bool right = em_scene_choice(scene) == (int)scene->state[TURN];
    scene->state[RUN] = right ? scene->state[RUN] + 1 : 0;
    const bool won = em_scene_chance(scene, em_scene_nth(scene, REVERSAL_P, right ? 0 : 1));
    return em_scene_nth(scene, REVERSAL_OUTCOME, won ? 0 : 1);
}

/* ---- shocks ---- */

enum { SHOCK_SIZE, SHOCK_STABLE, SHOCK_STABLE_P, SHOCK_VOLATILE_P, SHOCK_BLOCK };
static const em_setting shock_settings[] = {
    [SHOCK_SIZE] = {"size", "1..99", EM_SETTING_SPREAD, 0, 1000, .about = "size of each shock that is shown",
                    .whole = true},
    [SHOCK_STABLE] = {"stable", "60", EM_SETTING_ONE, 0, 1e6, .about = "trials of the stable phase, which comes first",
                      .whole = true},
    [SHOCK_STABLE_P] = {"p_stable", "0.75", EM_SETTING_ONE, 0, 1,
                        .about = "probability that the shock comes with option 0 there"},
    [SHOCK_VOLATILE_P] = {"p_volatile", "0.2/0.8", EM_SETTING_LIST, 0, 1, .about = "the same afterwards, in turns",
                          .count = 2},
    [SHOCK_BLOCK] = {"block", "20", EM_SETTING_ONE, 1, 1e6, .about = "trials of a turn", .whole = true},
    {0}};

/* Aversive learning, after Browning et al. 2015, Nat Neurosci 18:590: shocks of 1 to 99, with one of the two options on
 * each trial; with option 0 at probability 0.75, and 0.2 and 0.8 in turns of 20 trials from trial 60 on. */
static double shock_input(em_scene *scene, const char *column)
{
    return is(column, "punish0") || is(column, "punish1") ? em_scene_whole(scene, SHOCK_SIZE) : NAN;
}

static bool shock_with_0(em_scene *scene)
{
    const int later = scene->trial - (int)em_scene_setting(scene, SHOCK_STABLE);
    const int turn = later / (int)em_scene_setting(scene, SHOCK_BLOCK) % 2;
    return em_scene_chance(scene, later < 0 ? em_scene_setting(scene, SHOCK_STABLE_P)
                                            : em_scene_nth(scene, SHOCK_VOLATILE_P, turn));
}

static double shock_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    return shock_with_0(scene) == (em_scene_choice(scene) == 0);
}

static double shocks_outcome(em_scene *scene, const char *column)
{
    return is(column, "outcome") ? shock_with_0(scene) : NAN;
}

/* ---- card sorting ---- */

enum { CARDS_CRITERION, CARDS_RULES };
static const em_setting cards_settings[] = {
    [CARDS_CRITERION] = {"criterion", "10", EM_SETTING_ONE, 1, 1e6,
                         .about = "right choices in a row after which the rule changes", .whole = true},
    [CARDS_RULES] = {"rules", "0/1/2", EM_SETTING_SOME, 0, 2,
                     .about = "the rules in their order, again and again: 0 color, 1 form, 2 number", .count = 16,
                     .whole = true},
    {0}};

/* Wisconsin card sorting: cards that match any of the four decks by color, by form and by number. The rule, state[0],
 * goes from color to form to number and on when ten choices in a row, state[1], were right. */
static double cards_input(em_scene *scene, const char *column)
{
    return strncmp(column, "match_", 6) == 0 ? floor(em_scene_between(scene, 0, 4)) : NAN;
}

static double cards_outcome(em_scene *scene, const char *column)
{
    static const char *const match[3] = {"match_color", "match_form", "match_number"};
    if (!is(column, "outcome"))
        return NAN;
    const int rule = (int)em_scene_nth(scene, CARDS_RULES, (int)scene->state[0]);
    const bool right = em_scene_choice(scene) == em_scene_code(scene, match[rule], 4);
    scene->state[1] = right ? scene->state[1] + 1 : 0;
    if (scene->state[1] == em_scene_setting(scene, CARDS_CRITERION)) {
        scene->state[0] = (int)(scene->state[0] + 1) % em_scene_count(scene, CARDS_RULES);
        scene->state[1] = 0;
    }
    return right;
}

/* ---- ponds ---- */

enum { PONDS_P, PONDS_BLOCK };
static const em_setting ponds_settings[] = {
    [PONDS_P] = {"p", "0.5", EM_SETTING_ONE, 0, 1,
                 .about = "share of a pond's fish that have its color; the other colors share the rest"},
    [PONDS_BLOCK] = {"block", "15", EM_SETTING_ONE, 1, 1e6, .about = "fish from a pond, before another one is drawn",
                     .whole = true},
    {0}};

/* Fish from one of three ponds, of which half have the pond's color; another pond, state[0], after every 15 fish. */
static double ponds_input(em_scene *scene, const char *column)
{
    if (!is(column, "observation"))
        return NAN;
    if (scene->trial % (int)em_scene_setting(scene, PONDS_BLOCK) == 0)
        scene->state[0] = floor(em_scene_between(scene, 0, 3));
    const bool own = em_scene_chance(scene, em_scene_setting(scene, PONDS_P));
    const int away = own ? 0 : em_scene_chance(scene, 0.5) ? 1 : 2;
    return ((int)scene->state[0] + away) % 3;
}

/* ---- rewards for oneself and others ---- */

enum { RECIPIENTS_P, RECIPIENTS_HAZARD };
static const em_setting recipients_settings[] = {
    [RECIPIENTS_P] = {"p", "0.8/0.2", EM_SETTING_LIST, 0, 1,
                      .about = "probability that the good option pays somebody, and that each of the others does",
                      .count = 2},
    [RECIPIENTS_HAZARD] =
        {"hazard", "0.05", EM_SETTING_ONE, 0, 1,
         .about = "probability, on each trial, that somebody's good option is drawn anew from all of them"},
    {0}};

/* Rewards for oneself, another and nobody at once: for each of them some option, state[0 to 2], pays with probability
 * 0.8, the others with 0.2; which one, changes at probability 0.05 a trial. */
static void recipients_start(em_scene *scene)
{
    for (int i = 0; i < 3; i++)
        scene->state[i] = floor(em_scene_between(scene, 0, scene->options));
}

static double recipients_outcome(em_scene *scene, const char *column)
{
    static const char *const whose[3] = {"reward_self", "reward_other", "reward_noone"};
    for (int i = 0; i < 3; i++) {
        if (!is(column, whose[i]))
            continue;
        if (em_scene_chance(scene, em_scene_setting(scene, RECIPIENTS_HAZARD)))
            scene->state[i] = floor(em_scene_between(scene, 0, scene->options));
        const bool good = em_scene_choice(scene) == (int)scene->state[i];
        return em_scene_chance(scene, em_scene_nth(scene, RECIPIENTS_P, good ? 0 : 1));
    }
    return NAN;
}

/* ---- pairs of options for oneself and another ---- */

enum { PAIRS_P, PAIRS_OUTCOME, PAIRS_BLOCK };
static const em_setting pairs_settings[] = {
    [PAIRS_P] =
        {"p", "0.75/0.15/0.1", EM_SETTING_SHARES, 0, 1,
         .about = "probability that a good option brings its best, its middle and its worst outcome; bad options bring "
                  "the opposite",
         .count = 3},
    [PAIRS_OUTCOME] = {"outcome", "1/0/-1", EM_SETTING_LIST, -1000, 1000, .about = "those outcomes", .count = 3},
    [PAIRS_BLOCK] = {"block", "30", EM_SETTING_ONE, 0, 1e6,
                     .about = "trials after which the options change roles; 0: they never do", .whole = true},
    {0}};

/* Two of four options are shown, with outcomes for oneself and for another: options 0 and 1 are good for oneself, 0 and
 * 2 for the other. Good ones bring 1, 0 and -1 with probability 0.75, 0.15 and 0.1, bad ones the opposite. Which
 * options are which, changes after every 30 trials. */
static double pairs_input(em_scene *scene, const char *column)
{
    if (is(column, "option1"))
        return scene->state[0] = floor(em_scene_between(scene, 0, 4));
    if (is(column, "option2"))
        return (int)(scene->state[0] + floor(em_scene_between(scene, 1, 4))) % 4;
    return NAN;
}

static double pairs_outcome(em_scene *scene, const char *column)
{
    const int own = is(column, "outcome_self");
    const int option = em_scene_code(scene, em_scene_choice(scene) ? "option2" : "option1", 4);
    if ((!own && !is(column, "outcome_other")) || option < 0)
        return NAN;
    const int kind = (option + blocks_so_far(scene, PAIRS_BLOCK)) % 4, good = own ? kind < 2 : kind % 2 == 0;
    const double best = em_scene_nth(scene, PAIRS_P, 0), middle = em_scene_nth(scene, PAIRS_P, 1),
                 u = em_scene_between(scene, 0, 1);
    const double outcome = em_scene_nth(scene, PAIRS_OUTCOME, u < best ? 0 : u < best + middle ? 1 : 2);
    return good ? outcome : -outcome;
}

const em_task em_tasks_learning[] = {
    {"bandit", "one option pays with probability 0.8, the others with 0.2; it changes every 50 trials",
     "reward reward_other", 2, NULL, NULL, bandit_outcome, bandit_settings},
    {"gain_loss", "one option gains with probability 0.8, another one loses with 0.7; both move on", "gain loss", 4,
     NULL, NULL, gain_loss_outcome, gain_loss_settings},
    {"restless", "points from 1 to 100 about means that drift (Daw et al. 2006)", "reward", 4, restless_start, NULL,
     restless_outcome, restless_settings},
    {"events",
     "one of two events comes with probability 0.8, the other with 0.2; they change places all 20 to 60 trials",
     "outcome", 2, NULL, NULL, events_outcome, events_settings},
    {"gonogo", "four cues: go or no go, to win or to avoid a loss; what is right pays with probability 0.8",
     "cue outcome", 2, NULL, gonogo_input, gonogo_outcome, gonogo_settings},
    {"twostep",
     "a choice leads to one of two states with probability 0.7, where wandering probabilities reward another",
     "state2 reward", 2, twostep_start, NULL, twostep_outcome, twostep_settings},
    {"iowa", "four decks: A and B win more but lose by far more than C and D; A and C lose often, B and D seldom",
     "outcome", 2, NULL, NULL, iowa_outcome, iowa_settings},
    {"selection", "three pairs of stimuli, whose better one pays with probability 0.8, 0.7 or 0.6",
     "option1 option2 reward", 2, NULL, selection_input, selection_outcome, selection_settings},
    {"reversal",
     "one of two options wins with probability 0.8, the other with 0.2; they reverse after 10 trials or more",
     "outcome", 2, NULL, NULL, reversal_outcome, reversal_settings},
    {"shock", "two options with shocks of sizes that are shown; the outcome is whether the option chosen shocks",
     "punish0 punish1 outcome", 2, NULL, shock_input, shock_outcome, shock_settings},
    {"shocks", "as shock; the outcome is whether option 0 shocks or option 1, whatever is chosen",
     "punish0 punish1 outcome", 2, NULL, shock_input, shocks_outcome, shock_settings},
    {"cards", "Wisconsin card sorting: match by color, form or number; the rule changes after ten in a row",
     "match_color match_form match_number outcome", 2, NULL, cards_input, cards_outcome, cards_settings},
    {"ponds", "fish of three colors, half of them of their pond's color; another pond after every 15 fish",
     "observation", 2, NULL, ponds_input, NULL, ponds_settings},
    {"recipients", "options that pay oneself, another and nobody with probability 0.8 or 0.2, each changing by itself",
     "reward_self reward_other reward_noone", 2, recipients_start, NULL, recipients_outcome, recipients_settings},
    {"pairs", "two of four options, each good or bad for oneself and for another; they change roles every 30 trials",
     "option1 option2 outcome_self outcome_other", 2, NULL, pairs_input, pairs_outcome, pairs_settings},
    {0},
};
