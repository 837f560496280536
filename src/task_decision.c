/* Tasks in which options are described: delays, gambles, efforts, shares, offers; and balloons to pump. */
#include "task.h"

#include <math.h>
#include <string.h>

#define IN_TENTHS "; in tenths from a range of 0.5 or more"

static bool is(const char *column, const char *name) { return strcmp(column, name) == 0; }

/* What is shown in turn, a number of a setting on each trial. */
static double in_turn(const em_scene *scene, int setting)
{
    return em_scene_nth(scene, setting, scene->trial % em_scene_count(scene, setting));
}
#define KINDS(what)                                                                                                    \
    {                                                                                                                  \
        "kinds", "0/1/2", EM_SETTING_SOME, 0, 2, .about = what, .count = 16, .whole = true                             \
    }

static bool coin(em_scene *scene) { return em_scene_chance(scene, 0.5); }

/* ---- delays ---- */

enum { DELAYS_SOONER, DELAYS_SOONER_AFTER, DELAYS_LATER, DELAYS_LATER_AFTER };
static const em_setting delays_settings[] = {
    [DELAYS_SOONER] = {"amount_sooner", "10", EM_SETTING_SPREAD, 0, 1000, .about = "the sooner amount" IN_TENTHS},
    [DELAYS_SOONER_AFTER] = {"delay_sooner", "0", EM_SETTING_SPREAD, 0, 36500,
                             .about = "days until it comes; whole ones from a range"},
    [DELAYS_LATER] = {"amount_later", "10.1..50", EM_SETTING_SPREAD, 0, 1000, .about = "the later amount" IN_TENTHS},
    [DELAYS_LATER_AFTER] =
        {"delays", "1..365", EM_SETTING_SPREAD, 0.001, 36500,
         .about =
             "days until the later amount comes; from a range their logarithm is uniform, and from one that begins "
             "at 1 or later they are whole"},
    {0}};

/* The logarithm is uniform. */
static double days(em_scene *scene, int setting)
{
    const em_setting_value *v = &scene->settings->of[setting];
    if (!v->range)
        return em_scene_one_of(scene, setting);
    const double x = exp(em_scene_between(scene, log(v->value[0]), log(v->value[1])));
    return v->value[0] < 1 ? x : round(x);
}

/* Ten units now against 10.1 to 50 units after 1 to 365 days (log-uniform), as in monetary choice questionnaires. */
static double delays_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sooner"))
        return em_scene_tenths(scene, DELAYS_SOONER);
    if (is(column, "delay_sooner"))
        return em_scene_rounded(scene, DELAYS_SOONER_AFTER);
    if (is(column, "amount_later"))
        return em_scene_tenths(scene, DELAYS_LATER);
    if (is(column, "delay_later"))
        return days(scene, DELAYS_LATER_AFTER);
    return NAN;
}

/* ---- delays with a front end ---- */

enum { FRONT_SOONER, FRONT_END, FRONT_RATIO, FRONT_GAP };
static const em_setting front_end_settings[] = {
    [FRONT_SOONER] = {"amount_sooner", "5..20", EM_SETTING_SPREAD, 0, 1000, .about = "the sooner amount" IN_TENTHS},
    [FRONT_END] =
        {"front_end", "7..60", EM_SETTING_SPREAD, 0, 36500,
         .about =
             "days until it comes on every other trial, whole ones from a range; on those between it comes at once"},
    [FRONT_RATIO] = {"ratio", "1.05..3.5", EM_SETTING_SPREAD, 1, 1000,
                     .about = "how many times as much the later amount is"},
    [FRONT_GAP] = {"gap", "7..120", EM_SETTING_SPREAD, 0, 36500,
                   .about = "days from the sooner to the later amount, whole ones from a range"},
    {0}};

/* The sooner amount comes at once or in 7 to 60 days, the later one 7 to 120 days after it (McClure et al. 2004,
 * Science 306:503): only so a bias for what is immediate shows. */
static double front_end_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sooner"))
        return em_scene_tenths(scene, FRONT_SOONER);
    if (is(column, "delay_sooner"))
        return scene->trial % 2 ? em_scene_rounded(scene, FRONT_END) : 0;
    if (is(column, "amount_later"))
        return round(10 * em_scene_cell(scene, "amount_sooner") * em_scene_draw(scene, FRONT_RATIO)) / 10;
    if (is(column, "delay_later"))
        return em_scene_cell(scene, "delay_sooner") + em_scene_rounded(scene, FRONT_GAP);
    return NAN;
}

/* ---- gambles ---- */

enum { GAMBLES_GAIN, GAMBLES_LOSS, GAMBLES_CERT };
static const em_setting gambles_settings[] = {
    [GAMBLES_GAIN] = {"gain", "2..12", EM_SETTING_SPREAD, 0, 1000, .about = "what a gamble can win" IN_TENTHS},
    [GAMBLES_LOSS] = {"loss", "0.5..12", EM_SETTING_SPREAD, 0, 1000, .about = "what a mixed gamble can lose" IN_TENTHS},
    [GAMBLES_CERT] = {"cert", "0.5..6", EM_SETTING_SPREAD, 0, 1000,
                      .about = "the sure amount beside a gamble that can only win" IN_TENTHS},
    {0}};

/* Mixed gambles against nothing and gains-only gambles against a sure amount, half of each (Sokol-Hessner 2009). */
static double gambles_input(em_scene *scene, const char *column)
{
    const int mixed = scene->trial % 2 == 0;
    if (is(column, "gain"))
        return em_scene_tenths(scene, GAMBLES_GAIN);
    if (is(column, "loss"))
        return mixed ? em_scene_tenths(scene, GAMBLES_LOSS) : 0;
    if (is(column, "cert"))
        return mixed ? 0 : em_scene_tenths(scene, GAMBLES_CERT);
    return NAN;
}

/* ---- gambles with odds ---- */

enum { PROSPECT_KINDS, PROSPECT_X1, PROSPECT_P1, PROSPECT_X2, PROSPECT_SPREAD };
static const em_setting prospect_settings[] = {
    [PROSPECT_KINDS] = KINDS("the kinds of gamble that come in turn: 0 gains, 1 losses, 2 mixed"),
    [PROSPECT_X1] = {"x1", "5..40", EM_SETTING_SPREAD, 0, 1000, .about = "size of the first outcome" IN_TENTHS},
    [PROSPECT_P1] = {"p1", "0.05/0.1/0.25/0.5/0.75/0.9/0.95", EM_SETTING_SPREAD, 0, 1, .about = "its probability"},
    [PROSPECT_X2] = {"x2", "2..30", EM_SETTING_SPREAD, 0, 1000,
                     .about = "size of what a mixed gamble can lose" IN_TENTHS
                              "; the second outcome of others is half of the first one, or nothing"},
    [PROSPECT_SPREAD] =
        {"spread", "0.5", EM_SETTING_ONE, 0, 1,
         .about =
             "how far from the expected value the sure amount can be, as a share of the difference of the outcomes"},
    {0}};

/* A gamble of two outcomes with stated odds, won or lost alone or mixed in turn, and a sure amount about its expected
 * value. */
static double gambles_with_odds_input(em_scene *scene, const char *column)
{
    const int kind = (int)in_turn(scene, PROSPECT_KINDS);
    if (is(column, "x1"))
        return em_scene_tenths(scene, PROSPECT_X1) * (kind == 1 ? -1 : 1);
    if (is(column, "p1"))
        return em_scene_draw(scene, PROSPECT_P1);
    const double x1 = em_scene_cell(scene, "x1"), p1 = em_scene_cell(scene, "p1");
    if (is(column, "x2"))
        return kind == 2 ? -em_scene_tenths(scene, PROSPECT_X2) : coin(scene) ? 0 : round(5 * x1) / 10;
    if (is(column, "p2"))
        return 1 - p1;
    if (is(column, "cert")) {
        const double x2 = em_scene_cell(scene, "x2"), ev = p1 * x1 + (1 - p1) * x2;
        const double spread = em_scene_setting(scene, PROSPECT_SPREAD) * fabs(x1 - x2);
        const double low = fmin(x1, x2), high = fmax(x1, x2);
        return round(10 * fmin(fmax(ev + em_scene_between(scene, -spread, spread), low), high)) / 10;
    }
    return NAN;
}

/* ---- lotteries ---- */

enum { LOTTERIES_KINDS, LOTTERIES_SIZE, LOTTERIES_P };
static const em_setting lotteries_settings[] = {
    [LOTTERIES_KINDS] = KINDS("the kinds of lotteries that come in turn: 0 gains, 1 losses, 2 mixed"),
    [LOTTERIES_SIZE] = {"size", "30/15", EM_SETTING_LIST, 1, 1000,
                        .about = "about how large the outcomes of option 1 and of option 2 are", .count = 2},
    [LOTTERIES_P] = {"hprob", "0.05/0.1/0.25/0.4/0.6/0.75/0.9/0.95", EM_SETTING_SPREAD, 0, 1,
                     .about = "probability of the higher outcome"},
    {0}};

/* Two lotteries of about the same expected value, one of large and one of small outcomes; gains, losses or mixed in
 * turn. */
static double lotteries_input(em_scene *scene, const char *column)
{
    const int kind = (int)in_turn(scene, LOTTERIES_KINDS);
    const double size = em_scene_nth(scene, LOTTERIES_SIZE, strncmp(column, "opt1", 4) == 0 ? 0 : 1);
    const double shift = kind == 0 ? size : kind == 1 ? -size : 0;
    if (is(column, "opt1hprob") || is(column, "opt2hprob"))
        return em_scene_draw(scene, LOTTERIES_P);
    if (is(column, "opt1hval") || is(column, "opt2hval"))
        return round(shift + em_scene_between(scene, 0, size));
    if (is(column, "opt1lval") || is(column, "opt2lval"))
        return round(shift - em_scene_between(scene, 0, size));
    return NAN;
}

/* ---- ambiguity ---- */

enum { AMBIGUITY_P, AMBIGUITY_HIDDEN, AMBIGUITY_REWARD, AMBIGUITY_FIX };
static const em_setting ambiguity_settings[] = {
    [AMBIGUITY_P] = {"prob", "0.13/0.25/0.38/0.5/0.75", EM_SETTING_SPREAD, 0, 1,
                     .about = "probability of the lottery on risky trials"},
    [AMBIGUITY_HIDDEN] = {"ambig", "0.24/0.5/0.74", EM_SETTING_SPREAD, 0, 1,
                          .about = "how much of it is hidden on ambiguous trials"},
    [AMBIGUITY_REWARD] = {"reward_var", "2/4/5/7/9.5/14/18/34", EM_SETTING_SPREAD, 0, 1000,
                          .about = "what the lottery can win" IN_TENTHS},
    [AMBIGUITY_FIX] = {"reward_fix", "5", EM_SETTING_SPREAD, 0, 1000,
                       .about = "what the even chance beside it can win" IN_TENTHS},
    {0}};

/* Risky trials and ambiguous ones, half of each, against an even chance of 5 (after Levy et al. 2010, J Neurophysiol
 * 103:1036). */
static double ambiguity_input(em_scene *scene, const char *column)
{
    const int hidden = scene->trial % 2;
    if (is(column, "prob"))
        return hidden ? 0.5 : em_scene_draw(scene, AMBIGUITY_P);
    if (is(column, "ambig"))
        return hidden ? em_scene_draw(scene, AMBIGUITY_HIDDEN) : 0;
    if (is(column, "reward_var"))
        return em_scene_tenths(scene, AMBIGUITY_REWARD);
    if (is(column, "reward_fix"))
        return em_scene_tenths(scene, AMBIGUITY_FIX);
    return NAN;
}

/* ---- peers ---- */

enum { PEERS_CONDITIONS, PEERS_P, PEERS_SAFE_HIGH, PEERS_SAFE_LOW, PEERS_RISKY_HIGH, PEERS_RISKY_LOW };
static const em_setting peers_settings[] = {
    [PEERS_CONDITIONS] = {"conditions", "0/1/2/3", EM_SETTING_SOME, 0, 3,
                          .about = "the conditions that come in turn, see the column 'condition'", .count = 16,
                          .whole = true},
    [PEERS_P] = {"p_gamble", "0.2/0.3/0.4/0.5/0.6/0.7/0.8/0.9", EM_SETTING_SPREAD, 0, 1,
                 .about = "probability of the higher payoffs"},
    [PEERS_SAFE_HIGH] = {"safe_Hpayoff", "18..26", EM_SETTING_SPREAD, 0, 1000,
                         .about = "higher payoff of the safe lottery" IN_TENTHS},
    [PEERS_SAFE_LOW] = {"safe_Lpayoff", "12..18", EM_SETTING_SPREAD, 0, 1000, .about = "its lower payoff" IN_TENTHS},
    [PEERS_RISKY_HIGH] = {"risky_Hpayoff", "30..48", EM_SETTING_SPREAD, 0, 1000,
                          .about = "higher payoff of the risky lottery" IN_TENTHS},
    [PEERS_RISKY_LOW] = {"risky_Lpayoff", "0.5..3", EM_SETTING_SPREAD, 0, 1000, .about = "its lower payoff" IN_TENTHS},
    {0}};

/* Pairs of lotteries after Holt & Laury 2002, Am Econ Rev 92:1644, alone and with others' choices in view. */
static double peers_input(em_scene *scene, const char *column)
{
    if (is(column, "condition"))
        return in_turn(scene, PEERS_CONDITIONS);
    if (is(column, "p_gamble"))
        return em_scene_draw(scene, PEERS_P);
    if (is(column, "safe_Hpayoff"))
        return em_scene_tenths(scene, PEERS_SAFE_HIGH);
    if (is(column, "safe_Lpayoff"))
        return em_scene_tenths(scene, PEERS_SAFE_LOW);
    if (is(column, "risky_Hpayoff"))
        return em_scene_tenths(scene, PEERS_RISKY_HIGH);
    if (is(column, "risky_Lpayoff"))
        return em_scene_tenths(scene, PEERS_RISKY_LOW);
    return NAN;
}

/* ---- Cambridge gambling ---- */

enum { CAMBRIDGE_POINTS, CAMBRIDGE_BOXES, CAMBRIDGE_BLOCK };
static const em_setting cambridge_settings[] = {
    [CAMBRIDGE_POINTS] = {"points", "20..300", EM_SETTING_SPREAD, 0, 1e5,
                          .about = "points before a trial; whole ones from a range"},
    [CAMBRIDGE_BOXES] = {"red", "1/2/3/4/6/7/8/9", EM_SETTING_SPREAD, 1, 9,
                         .about = "how many of the ten boxes are red", .whole = true},
    [CAMBRIDGE_BLOCK] = {"block", "5", EM_SETTING_ONE, 1, 1e6,
                         .about = "trials with descending stakes, then as many with ascending ones, and so on",
                         .whole = true},
    {0}};

/* Ten boxes, 1 to 9 of them red; stakes descend in one half of each ten trials and ascend in the other. */
static double cambridge_input(em_scene *scene, const char *column)
{
    if (is(column, "gamble_type"))
        return scene->trial / (int)em_scene_setting(scene, CAMBRIDGE_BLOCK) % 2;
    if (is(column, "trial_initial_points"))
        return em_scene_rounded(scene, CAMBRIDGE_POINTS);
    if (is(column, "n_red_boxes"))
        return em_scene_whole(scene, CAMBRIDGE_BOXES);
    return NAN;
}

/* ---- ratings ---- */

enum { RATINGS_EVERY, RATINGS_GAIN, RATINGS_LOSS, RATINGS_CERT, RATINGS_CHOICE, RATINGS_WIN };
static const em_setting ratings_settings[] = {
    [RATINGS_EVERY] = {"every", "3", EM_SETTING_ONE, 1, 1e6,
                       .about = "a rating before the first of so many trials, again and again", .whole = true},
    [RATINGS_GAIN] = {"gain", "0.5..2", EM_SETTING_SPREAD, 0, 1000, .about = "what a gamble can win" IN_TENTHS},
    [RATINGS_LOSS] = {"loss", "0.5..2", EM_SETTING_SPREAD, 0, 1000, .about = "what a gamble can lose" IN_TENTHS},
    [RATINGS_CERT] = {"cert", "0.2..0.8", EM_SETTING_SPREAD, 0, 1000,
                      .about = "size of the sure amount beside gambles that only win or only lose" IN_TENTHS},
    [RATINGS_CHOICE] = {"p_choice", "0.5", EM_SETTING_ONE, 0, 1, .about = "probability that the gamble is chosen"},
    [RATINGS_WIN] = {"p_win", "0.5", EM_SETTING_ONE, 0, 1, .about = "probability that a gamble that was chosen wins"},
    {0}};

/* Gambles after Rutledge et al. 2014, PNAS 111:12252: gains-only, losses-only and mixed ones against a sure amount,
 * chosen by a coin; a rating before every third trial. */
static double ratings_input(em_scene *scene, const char *column)
{
    const int kind = (int)scene->state[0];
    if (is(column, "rated")) {
        scene->state[0] = floor(3 * em_random_uniform(scene->random));
        return scene->trial % (int)em_scene_setting(scene, RATINGS_EVERY) == 0;
    }
    if (is(column, "gain"))
        return kind == 1 ? 0 : em_scene_tenths(scene, RATINGS_GAIN);
    if (is(column, "loss"))
        return kind == 0 ? 0 : em_scene_tenths(scene, RATINGS_LOSS);
    if (is(column, "cert"))
        return kind == 0 ? em_scene_tenths(scene, RATINGS_CERT) : kind == 1 ? -em_scene_tenths(scene, RATINGS_CERT) : 0;
    if (is(column, "choice"))
        return em_scene_chance(scene, em_scene_setting(scene, RATINGS_CHOICE));
    return NAN;
}

static double ratings_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    if (em_scene_cell(scene, "choice") == 0)
        return em_scene_cell(scene, "cert");
    const bool won = em_scene_chance(scene, em_scene_setting(scene, RATINGS_WIN));
    return won ? em_scene_cell(scene, "gain") : 0 - em_scene_cell(scene, "loss");
}

/* ---- balloons ---- */

enum { BALLOONS_PUMPS };
static const em_setting balloons_settings[] = {
    [BALLOONS_PUMPS] = {"pumps", "128", EM_SETTING_ONE, 1, 1000,
                        .about = "most pumps: one of so many bursts the balloon", .whole = true},
    {0}};

/* Lejuez et al. 2002, J Exp Psychol Appl 8:75: of 128 pumps one bursts the balloon, any of them as likely as any other.
 */
static double balloons_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "explosion"))
        return NAN;
    const double pumps = em_scene_cell(scene, "pumps"), most = em_scene_setting(scene, BALLOONS_PUMPS);
    return pumps > 0 && em_scene_chance(scene, pumps < most ? 1 / (most + 1 - pumps) : 1);
}

/* ---- odds ---- */

enum { ODDS_SURE, ODDS_RISKY, ODDS_P };
static const em_setting odds_settings[] = {
    [ODDS_SURE] = {"amount_sure", "0.5..18", EM_SETTING_SPREAD, 0, 1000, .about = "the sure amount" IN_TENTHS},
    [ODDS_RISKY] = {"amount_risky", "20", EM_SETTING_SPREAD, 0, 1000, .about = "the amount that may come" IN_TENTHS},
    [ODDS_P] = {"prob", "0.05/0.1/0.25/0.4/0.55/0.7/0.8/0.9/0.95", EM_SETTING_SPREAD, 0.001, 1,
                .about = "its probability"},
    {0}};

/* A sure amount against 20 units that come with some probability. */
static double odds_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sure"))
        return em_scene_tenths(scene, ODDS_SURE);
    if (is(column, "amount_risky"))
        return em_scene_tenths(scene, ODDS_RISKY);
    if (is(column, "prob"))
        return em_scene_draw(scene, ODDS_P);
    return NAN;
}

/* ---- effort ---- */

enum { EFFORT_REWARD_LOW, EFFORT_LOW, EFFORT_REWARD_HIGH, EFFORT_HIGH };
static const em_setting effort_settings[] = {
    [EFFORT_REWARD_LOW] = {"reward_low", "1", EM_SETTING_SPREAD, 0, 1000, .about = "credits for rest" IN_TENTHS},
    [EFFORT_LOW] = {"effort_low", "0", EM_SETTING_SPREAD, 0, 100, .about = "effort of rest" IN_TENTHS},
    [EFFORT_REWARD_HIGH] = {"reward_high", "2/4/6/8/10", EM_SETTING_SPREAD, 0, 1000,
                            .about = "credits for effort" IN_TENTHS},
    [EFFORT_HIGH] = {"effort_high", "1/2/3/4/5", EM_SETTING_SPREAD, 0, 100, .about = "levels of effort" IN_TENTHS},
    {0}};

/* One credit for rest against 2 to 10 credits for one of five levels of effort, for oneself and for another in turn
 * (Lockwood et al. 2017, Nat Hum Behav 1:0131). */
static double effort_input(em_scene *scene, const char *column)
{
    if (is(column, "beneficiary"))
        return scene->trial % 2;
    if (is(column, "reward_low"))
        return em_scene_tenths(scene, EFFORT_REWARD_LOW);
    if (is(column, "effort_low"))
        return em_scene_tenths(scene, EFFORT_LOW);
    if (is(column, "reward_high"))
        return em_scene_tenths(scene, EFFORT_REWARD_HIGH);
    if (is(column, "effort_high"))
        return em_scene_tenths(scene, EFFORT_HIGH);
    return NAN;
}

/* ---- sharing ---- */

enum { SHARING_DISTANCE, SHARING_SELFISH, SHARING_SELFISH_OTHER, SHARING_PROSOCIAL, SHARING_PROSOCIAL_OTHER };
static const em_setting sharing_settings[] = {
    [SHARING_DISTANCE] = {"distance", "1/2/5/10/20/50/100", EM_SETTING_SPREAD, 0, 1000,
                          .about = "social distance of the other" IN_TENTHS},
    [SHARING_SELFISH] = {"selfish_self", "7.5/8.5/9.5/10.5/11.5/12.5/13.5/14.5/15.5", EM_SETTING_SPREAD, 0, 1000,
                         .about = "what the selfish option brings oneself" IN_TENTHS},
    [SHARING_SELFISH_OTHER] = {"selfish_other", "0", EM_SETTING_SPREAD, 0, 1000,
                               .about = "what it brings the other" IN_TENTHS},
    [SHARING_PROSOCIAL] = {"prosocial_self", "7.5", EM_SETTING_SPREAD, 0, 1000,
                           .about = "what the prosocial option brings oneself" IN_TENTHS},
    [SHARING_PROSOCIAL_OTHER] = {"prosocial_other", "7.5", EM_SETTING_SPREAD, 0, 1000,
                                 .about = "what it brings the other" IN_TENTHS},
    {0}};

/* More for oneself alone, against the same for oneself and another at some social distance (Jones & Rachlin 2006,
 * Psychol Sci 17:283, with a tenth of the amounts). */
static double sharing_input(em_scene *scene, const char *column)
{
    if (is(column, "distance"))
        return em_scene_tenths(scene, SHARING_DISTANCE);
    if (is(column, "selfish_self"))
        return em_scene_tenths(scene, SHARING_SELFISH);
    if (is(column, "selfish_other"))
        return em_scene_tenths(scene, SHARING_SELFISH_OTHER);
    if (is(column, "prosocial_self"))
        return em_scene_tenths(scene, SHARING_PROSOCIAL);
    if (is(column, "prosocial_other"))
        return em_scene_tenths(scene, SHARING_PROSOCIAL_OTHER);
    return NAN;
}

/* ---- ultimatum ---- */

enum { ULTIMATUM_MEAN, ULTIMATUM_SD, ULTIMATUM_BLOCK, ULTIMATUM_OFFER };
static const em_setting ultimatum_settings[] = {
    [ULTIMATUM_MEAN] = {"mean", "4/8/12", EM_SETTING_SPREAD, 0, 100,
                        .about = "mean of the offers in a block" IN_TENTHS},
    [ULTIMATUM_SD] = {"sd", "1.5", EM_SETTING_ONE, 0, 100, .about = "their standard deviation"},
    [ULTIMATUM_BLOCK] = {"block", "20", EM_SETTING_ONE, 1, 1e6, .about = "trials in a block", .whole = true},
    [ULTIMATUM_OFFER] = {"offer", "1..20", EM_SETTING_RANGE, 0, 100, .about = "least and most that is offered",
                         .whole = true},
    {0}};

/* Offers of 20 about a mean that is 4, 8 or 12 and changes every 20 trials (after Xiang et al. 2013, J Neurosci
 * 33:1099). */
static double ultimatum_input(em_scene *scene, const char *column)
{
    if (!is(column, "offer"))
        return NAN;
    if (scene->trial % (int)em_scene_setting(scene, ULTIMATUM_BLOCK) == 0)
        scene->state[0] = em_scene_tenths(scene, ULTIMATUM_MEAN);
    const double offer =
        round(scene->state[0] + em_scene_setting(scene, ULTIMATUM_SD) * em_random_normal(scene->random));
    return fmin(fmax(offer, em_scene_nth(scene, ULTIMATUM_OFFER, 0)), em_scene_nth(scene, ULTIMATUM_OFFER, 1));
}

/* ---- divisions ---- */

enum { DIVISIONS_EVEN, DIVISIONS_SELF_AHEAD, DIVISIONS_OTHER_BEHIND, DIVISIONS_SELF_BEHIND, DIVISIONS_LEAD };
static const em_setting divisions_settings[] = {
    [DIVISIONS_EVEN] = {"even", "5", EM_SETTING_ONE, 0, 1000, .about = "what the even division brings either"},
    [DIVISIONS_SELF_AHEAD] = {"self_ahead", "5..15", EM_SETTING_SPREAD, 0, 1000,
                              .about = "own share where the other division favours oneself" IN_TENTHS},
    [DIVISIONS_OTHER_BEHIND] = {"other_behind", "0..5", EM_SETTING_SPREAD, 0, 1000,
                                .about = "the other's share there" IN_TENTHS},
    [DIVISIONS_SELF_BEHIND] = {"self_behind", "2..8", EM_SETTING_SPREAD, 0, 1000,
                               .about = "own share where it favours the other" IN_TENTHS},
    [DIVISIONS_LEAD] = {"lead", "0..8", EM_SETTING_SPREAD, 0, 1000,
                        .about = "how much more the other has there" IN_TENTHS},
    {0}};

/* An even division against one that favours one side or the other. */
static double divisions_input(em_scene *scene, const char *column)
{
    const int favoured = scene->trial % 2;
    if (is(column, "self_a") || is(column, "other_a"))
        return em_scene_setting(scene, DIVISIONS_EVEN);
    if (is(column, "self_b"))
        return em_scene_tenths(scene, favoured ? DIVISIONS_SELF_AHEAD : DIVISIONS_SELF_BEHIND);
    if (is(column, "other_b"))
        return favoured ? em_scene_tenths(scene, DIVISIONS_OTHER_BEHIND)
                        : em_scene_cell(scene, "self_b") + em_scene_tenths(scene, DIVISIONS_LEAD);
    return NAN;
}

const em_task em_tasks_decision[] = {
    {"delays", "10 units now against 10.1 to 50 units in 1 to 365 days",
     "amount_sooner delay_sooner amount_later delay_later", 2, NULL, delays_input, NULL, delays_settings},
    {"front_end_delays", "an amount now or later against 1.05 to 3.5 times as much 7 to 120 days after it",
     "amount_sooner delay_sooner amount_later delay_later", 2, NULL, front_end_input, NULL, front_end_settings},
    {"gambles", "even gambles, mixed against nothing or gains-only against a sure amount", "gain loss cert", 2, NULL,
     gambles_input, NULL, gambles_settings},
    {"gambles_with_odds", "gambles of two outcomes and stated odds against a sure amount", "x1 p1 x2 p2 cert", 2, NULL,
     gambles_with_odds_input, NULL, prospect_settings},
    {"lotteries", "two lotteries of two outcomes, of gains, of losses or mixed",
     "opt1hprob opt1hval opt1lval opt2hprob opt2hval opt2lval", 2, NULL, lotteries_input, NULL, lotteries_settings},
    {"ambiguity", "lotteries of stated or partly hidden probability against an even chance of 5 units",
     "prob ambig reward_var reward_fix", 2, NULL, ambiguity_input, NULL, ambiguity_settings},
    {"peers", "a safe and a risky lottery, alone or with others' choices in view",
     "condition p_gamble safe_Hpayoff safe_Lpayoff risky_Hpayoff risky_Lpayoff", 2, NULL, peers_input, NULL,
     peers_settings},
    {"cambridge", "Cambridge Gambling Task: guess a colour from the boxes, then stake points on it",
     "gamble_type trial_initial_points n_red_boxes", 2, NULL, cambridge_input, NULL, cambridge_settings},
    {"ratings", "gambles or sure amounts, taken by a coin; happiness is rated before every third",
     "rated gain loss cert choice outcome", 2, NULL, ratings_input, ratings_outcome, ratings_settings},
    {"balloons", "balloons that burst at one of 128 pumps", "explosion", 2, NULL, NULL, balloons_outcome,
     balloons_settings},
    {"odds", "a sure amount against 20 units with probability 0.05 to 0.95", "amount_sure amount_risky prob", 2, NULL,
     odds_input, NULL, odds_settings},
    {"effort", "1 credit for rest against 2 to 10 for effort, for oneself and another in turn",
     "beneficiary reward_low effort_low reward_high effort_high", 2, NULL, effort_input, NULL, effort_settings},
    {"sharing", "more for oneself against a share for another at social distance 1 to 100",
     "distance selfish_self selfish_other prosocial_self prosocial_other", 2, NULL, sharing_input, NULL,
     sharing_settings},
    {"ultimatum", "offers of 20 units about a mean of 4, 8 or 12 that changes every 20 trials", "offer", 2, NULL,
     ultimatum_input, NULL, ultimatum_settings},
    {"divisions", "an even division against one that favours one side", "self_a other_a self_b other_b", 2, NULL,
     divisions_input, NULL, divisions_settings},
    {0},
};
