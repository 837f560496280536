/* Tasks in which options are described: delays, gambles, efforts, shares, offers; and balloons to pump. */
#include "task.h"

#include <math.h>
#include <string.h>

static bool is(const char *column, const char *name) { return strcmp(column, name) == 0; }

static double tenths(em_scene *scene, double low, double high) { return round(10 * em_scene_between(scene, low, high)) / 10; }

/* One of these numbers. */
static double one_of(em_scene *scene, const double *x, size_t n)
{
    return x[(size_t)((double)n * em_random_uniform(scene->random))];
}
#define ONE_OF(scene, ...) \
    one_of(scene, (const double[]){__VA_ARGS__}, sizeof(double[]){__VA_ARGS__} / sizeof(double))

static bool coin(em_scene *scene) { return em_scene_chance(scene, 0.5); }

/* Ten units now against 10.1 to 50 units after 1 to 365 days (log-uniform), as in monetary choice questionnaires. */
static double delays_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sooner"))
        return 10;
    if (is(column, "delay_sooner"))
        return 0;
    if (is(column, "amount_later"))
        return tenths(scene, 10.1, 50);
    if (is(column, "delay_later"))
        return round(exp(em_scene_between(scene, 0, log(365))));
    return NAN;
}

/* The sooner amount comes at once or in 7 to 60 days, the later one 7 to 120 days after it (McClure et al. 2004, Science
 * 306:503): only so a bias for what is immediate shows. */
static double front_end_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sooner"))
        return tenths(scene, 5, 20);
    if (is(column, "delay_sooner"))
        return scene->trial % 2 ? round(em_scene_between(scene, 7, 60)) : 0;
    if (is(column, "amount_later"))
        return round(10 * em_scene_cell(scene, "amount_sooner") * em_scene_between(scene, 1.05, 3.5)) / 10;
    if (is(column, "delay_later"))
        return em_scene_cell(scene, "delay_sooner") + round(em_scene_between(scene, 7, 120));
    return NAN;
}

/* Mixed gambles against nothing and gains-only gambles against a sure amount, half of each (Sokol-Hessner 2009). */
static double gambles_input(em_scene *scene, const char *column)
{
    const int mixed = scene->trial % 2 == 0;
    if (is(column, "gain"))
        return tenths(scene, 2, 12);
    if (is(column, "loss"))
        return mixed ? tenths(scene, 0.5, 12) : 0;
    if (is(column, "cert"))
        return mixed ? 0 : tenths(scene, 0.5, 6);
    return NAN;
}

/* A gamble of two outcomes with stated odds, won or lost alone or mixed in turn, and a sure amount about its expected value. */
static double gambles_with_odds_input(em_scene *scene, const char *column)
{
    const int kind = scene->trial % 3; /* 0 gains, 1 losses, 2 mixed */
    if (is(column, "x1"))
        return tenths(scene, 5, 40) * (kind == 1 ? -1 : 1);
    if (is(column, "p1"))
        return ONE_OF(scene, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95);
    const double x1 = em_scene_cell(scene, "x1"), p1 = em_scene_cell(scene, "p1");
    if (is(column, "x2"))
        return kind == 2 ? -tenths(scene, 2, 30) : coin(scene) ? 0 : round(5 * x1) / 10;
    if (is(column, "p2"))
        return 1 - p1;
    if (is(column, "cert")) {
        const double x2 = em_scene_cell(scene, "x2"), ev = p1 * x1 + (1 - p1) * x2, spread = 0.5 * fabs(x1 - x2);
        const double low = fmin(x1, x2), high = fmax(x1, x2);
        return round(10 * fmin(fmax(ev + em_scene_between(scene, -spread, spread), low), high)) / 10;
    }
    return NAN;
}

/* Two lotteries of about the same expected value, one of large and one of small outcomes; gains, losses or mixed in turn. */
static double lotteries_input(em_scene *scene, const char *column)
{
    const int kind = scene->trial % 3; /* 0 gains, 1 losses, 2 mixed */
    const double size = column[3] == '1' ? 30 : 15, shift = kind == 0 ? size : kind == 1 ? -size : 0;
    if (is(column, "opt1hprob") || is(column, "opt2hprob"))
        return ONE_OF(scene, 0.05, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.95);
    if (is(column, "opt1hval") || is(column, "opt2hval"))
        return round(shift + em_scene_between(scene, 0, size));
    if (is(column, "opt1lval") || is(column, "opt2lval"))
        return round(shift - em_scene_between(scene, 0, size));
    return NAN;
}

/* Risky trials and ambiguous ones, half of each, against an even chance of 5 (after Levy et al. 2010, J Neurophysiol
 * 103:1036). */
static double ambiguity_input(em_scene *scene, const char *column)
{
    const int hidden = scene->trial % 2;
    if (is(column, "prob"))
        return hidden ? 0.5 : ONE_OF(scene, 0.13, 0.25, 0.38, 0.5, 0.75);
    if (is(column, "ambig"))
        return hidden ? ONE_OF(scene, 0.24, 0.5, 0.74) : 0;
    if (is(column, "reward_var"))
        return ONE_OF(scene, 2, 4, 5, 7, 9.5, 14, 18, 34);
    if (is(column, "reward_fix"))
        return 5;
    return NAN;
}

/* Pairs of lotteries after Holt & Laury 2002, Am Econ Rev 92:1644, alone and with others' choices in view. */
static double peers_input(em_scene *scene, const char *column)
{
    if (is(column, "condition"))
        return scene->trial % 4;
    if (is(column, "p_gamble"))
        return ONE_OF(scene, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);
    if (is(column, "safe_Hpayoff"))
        return tenths(scene, 18, 26);
    if (is(column, "safe_Lpayoff"))
        return tenths(scene, 12, 18);
    if (is(column, "risky_Hpayoff"))
        return tenths(scene, 30, 48);
    if (is(column, "risky_Lpayoff"))
        return tenths(scene, 0.5, 3);
    return NAN;
}

/* Ten boxes, 1 to 9 of them red; stakes descend in one half of each ten trials and ascend in the other. */
static double cambridge_input(em_scene *scene, const char *column)
{
    if (is(column, "gamble_type"))
        return scene->trial / 5 % 2;
    if (is(column, "trial_initial_points"))
        return round(em_scene_between(scene, 20, 300));
    if (is(column, "n_red_boxes"))
        return ONE_OF(scene, 1, 2, 3, 4, 6, 7, 8, 9);
    return NAN;
}

/* Gambles after Rutledge et al. 2014, PNAS 111:12252: gains-only, losses-only and mixed ones against a sure amount, chosen by
 * a coin; a rating before every third trial. */
static double ratings_input(em_scene *scene, const char *column)
{
    const int kind = (int)scene->state[0];
    if (is(column, "rated")) {
        scene->state[0] = floor(3 * em_random_uniform(scene->random));
        return scene->trial % 3 == 0;
    }
    if (is(column, "gain"))
        return kind == 1 ? 0 : tenths(scene, 0.5, 2);
    if (is(column, "loss"))
        return kind == 0 ? 0 : tenths(scene, 0.5, 2);
    if (is(column, "cert"))
        return kind == 0 ? tenths(scene, 0.2, 0.8) : kind == 1 ? -tenths(scene, 0.2, 0.8) : 0;
    if (is(column, "choice"))
        return coin(scene);
    return NAN;
}

static double ratings_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "outcome"))
        return NAN;
    if (em_scene_cell(scene, "choice") == 0)
        return em_scene_cell(scene, "cert");
    return coin(scene) ? em_scene_cell(scene, "gain") : 0 - em_scene_cell(scene, "loss");
}

/* Lejuez et al. 2002, J Exp Psychol Appl 8:75: of 128 pumps one bursts the balloon, any of them as likely as any other. */
static double balloons_outcome(em_scene *scene, const char *column)
{
    if (!is(column, "explosion"))
        return NAN;
    const double pumps = em_scene_cell(scene, "pumps");
    return pumps > 0 && em_scene_chance(scene, pumps < 128 ? 1 / (129 - pumps) : 1);
}

/* A sure amount against 20 units that come with some probability. */
static double odds_input(em_scene *scene, const char *column)
{
    if (is(column, "amount_sure"))
        return tenths(scene, 0.5, 18);
    if (is(column, "amount_risky"))
        return 20;
    if (is(column, "prob"))
        return ONE_OF(scene, 0.05, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.95);
    return NAN;
}

/* One credit for rest against 2 to 10 credits for one of five levels of effort, for oneself and for another in turn (Lockwood et
 * al. 2017, Nat Hum Behav 1:0131). */
static double effort_input(em_scene *scene, const char *column)
{
    if (is(column, "beneficiary"))
        return scene->trial % 2;
    if (is(column, "reward_low"))
        return 1;
    if (is(column, "effort_low"))
        return 0;
    if (is(column, "reward_high"))
        return ONE_OF(scene, 2, 4, 6, 8, 10);
    if (is(column, "effort_high"))
        return ONE_OF(scene, 1, 2, 3, 4, 5);
    return NAN;
}

/* More for oneself alone, against the same for oneself and another at some social distance (Jones & Rachlin 2006, Psychol Sci
 * 17:283, with a tenth of the amounts). */
static double sharing_input(em_scene *scene, const char *column)
{
    if (is(column, "distance"))
        return ONE_OF(scene, 1, 2, 5, 10, 20, 50, 100);
    if (is(column, "selfish_self"))
        return ONE_OF(scene, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5);
    if (is(column, "selfish_other"))
        return 0;
    if (is(column, "prosocial_self") || is(column, "prosocial_other"))
        return 7.5;
    return NAN;
}

/* Offers of 20 about a mean that is 4, 8 or 12 and changes every 20 trials (after Xiang et al. 2013, J Neurosci 33:1099). */
static double ultimatum_input(em_scene *scene, const char *column)
{
    if (!is(column, "offer"))
        return NAN;
    if (scene->trial % 20 == 0)
        scene->state[0] = ONE_OF(scene, 4, 8, 12);
    return fmin(fmax(round(scene->state[0] + 1.5 * em_random_normal(scene->random)), 1), 20);
}

/* An even division against one that favours one side or the other. */
static double divisions_input(em_scene *scene, const char *column)
{
    const int favoured = scene->trial % 2;
    if (is(column, "self_a") || is(column, "other_a"))
        return 5;
    if (is(column, "self_b"))
        return favoured ? tenths(scene, 5, 15) : tenths(scene, 2, 8);
    if (is(column, "other_b"))
        return favoured ? tenths(scene, 0, 5) : em_scene_cell(scene, "self_b") + tenths(scene, 0, 8);
    return NAN;
}

const em_task em_tasks_decision[] = {
    {"delays", "10 units now against 10.1 to 50 units in 1 to 365 days", 2, NULL, delays_input, NULL},
    {"front_end_delays", "an amount now or later against 1.05 to 3.5 times as much 7 to 120 days after it", 2, NULL,
     front_end_input, NULL},
    {"gambles", "even gambles, mixed against nothing or gains-only against a sure amount", 2, NULL, gambles_input, NULL},
    {"gambles_with_odds", "gambles of two outcomes and stated odds against a sure amount", 2, NULL, gambles_with_odds_input,
     NULL},
    {"lotteries", "two lotteries of two outcomes, of gains, of losses or mixed", 2, NULL, lotteries_input, NULL},
    {"ambiguity", "lotteries of stated or partly hidden probability against an even chance of 5 units", 2, NULL,
     ambiguity_input, NULL},
    {"peers", "a safe and a risky lottery, alone or with others' choices in view", 2, NULL, peers_input, NULL},
    {"cambridge", "Cambridge Gambling Task: guess a colour from the boxes, then stake points on it", 2, NULL, cambridge_input,
     NULL},
    {"ratings", "gambles or sure amounts, taken by a coin; happiness is rated before every third", 2, NULL, ratings_input,
     ratings_outcome},
    {"balloons", "balloons that burst at one of 128 pumps", 2, NULL, NULL, balloons_outcome},
    {"odds", "a sure amount against 20 units with probability 0.05 to 0.95", 2, NULL, odds_input, NULL},
    {"effort", "1 credit for rest against 2 to 10 for effort, for oneself and another in turn", 2, NULL, effort_input, NULL},
    {"sharing", "more for oneself against a share for another at social distance 1 to 100", 2, NULL, sharing_input, NULL},
    {"ultimatum", "offers of 20 units about a mean of 4, 8 or 12 that changes every 20 trials", 2, NULL, ultimatum_input, NULL},
    {"divisions", "an even division against one that favours one side", 2, NULL, divisions_input, NULL},
    {0},
};
