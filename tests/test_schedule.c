/* The settings of tasks: the defaults are the tasks as they always were; every setting does what it says, against what
 * probability theory expects; what is not allowed is refused by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "helpers.h"

#include "number.h"
#include "task.h"

/* ---- the defaults ------------------------------------------------------------------------------------------------ */

/* FNV-1a of five people's 130 trials, in millionths: made before there were settings. */
static const struct {
    const char *task, *model;
    uint64_t hash;
} before[] = {
    {"bandit", "rw_counterfactual", 0x44b27c93d550871d},
    {"gain_loss", "banditNarm_delta", 0x460470e7f3f5109d},
    {"restless", "banditNarm_kalman_filter", 0xc604597f999d8e75},
    {"events", "vkf_binary", 0x64fea179ac50a235},
    {"gonogo", "gng_m1", 0x17ae8a7e74703f1d},
    {"twostep", "ts_mf", 0x3998ac7862421045},
    {"iowa", "igt_pvl_delta", 0xe9245bd7e6e0a555},
    {"selection", "pst_q", 0xb2621c42f29b6085},
    {"reversal", "prl_rp", 0xef91e2fe162958b5},
    {"shock", "alt_gamma", 0xe0f6ee17c6336845},
    {"shocks", "alt_delta", 0x9e475e2cabe7db85},
    {"cards", "wcs_sql", 0xae9f694219b8d56d},
    {"ponds", "bayes_fish", 0xb56ac003e7a56b75},
    {"recipients", "rw_self_other", 0x53e8a01348eea485},
    {"pairs", "rw_pairs_self_other", 0x750e100e6e3feb6d},
    {"delays", "dd_hyperbolic", 0x1d88295baba9e86d},
    {"front_end_delays", "dd_quasi_hyperbolic", 0xbae1fd89828d6ccd},
    {"gambles", "ra_prospect", 0x6c57c3cac861ca05},
    {"gambles_with_odds", "pt", 0x7bb3be33660563b5},
    {"lotteries", "dbdm_prob_weight", 0x98925aec2e10701d},
    {"ambiguity", "cra_linear", 0xd6a790f28f0f0b6d},
    {"peers", "peer_ocu", 0x5e324f3b32457a3d},
    {"cambridge", "cgt_cm", 0x5f77aa10cdcdf16d},
    {"ratings", "rdt_happiness", 0x67707e90f355bf60},
    {"balloons", "bart_par4", 0xb98213cc2243d7f5},
    {"odds", "prd_hyp_k", 0x043acc975f5ec6d5},
    {"effort", "ed_par_k", 0xe053019fdfe8522d},
    {"sharing", "sd_hyp_k", 0x8cbbe588501010d5},
    {"ultimatum", "ug_delta", 0x9d31cc144d53cdf5},
    {"divisions", "fehr_schmidt", 0x89631cbab72110ed},
    {"reaction", "ddm", 0xdb217ace5570a90a},
    {"detection", "sdt", 0x85e69d8cf3d96df5},
    {"intensities", "psychometric", 0xcc731d5e2b911516},
    {"foods", "ddm_value", 0xd10f87cecc121b10},
    {"timed_selection", "pstRT_ddm", 0x8784a4d35f5aef69},
    {"predictors", "glm", 0x28b2ca139078b077},
};

static em_dataset *simulate(const em_model *model, const char *settings, int subjects, int trials, em_error *error)
{
    em_simulation sim = {.subjects = (size_t)subjects, .trials = trials, .seed = 7, .task_settings = settings};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        sim.mu[j] = sim.var[j] = NAN;
    em_dataset *data = NULL;
    return em_simulate(model, &sim, &data, error) == EM_OK ? data : NULL;
}

static uint64_t hash_of(const em_dataset *data)
{
    uint64_t hash = 14695981039346656037u;
    for (int c = 0; c < data->n_columns; c++)
        for (size_t i = 0; i < data->n_rows; i++)
            hash = (hash ^ (uint64_t)llround(1e6 * data->column[c].value[i])) * 1099511628211u;
    return hash;
}

static void test_defaults(void **state)
{
    (void)state;
    size_t known = 0;
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t))
        known++;
    assert_int_equal(known, sizeof before / sizeof *before);
    for (size_t i = 0; i < known; i++) {
        const em_model *model = em_model_find(before[i].model);
        if (!model && SLOW_BUILD) /* with sanitizers not all models are there */
            continue;
        assert_non_null(model);
        assert_string_equal(model->task, before[i].task);
        em_error error;
        em_dataset *data = simulate(model, NULL, 5, 130, &error);
        if (!data)
            fail_msg("task %s: %s", before[i].task, error.text);
        if (hash_of(data) != before[i].hash)
            fail_msg("task %s is not what it was: hash 0x%016llx", before[i].task, (unsigned long long)hash_of(data));
        em_dataset_free(data);
    }
}

/* All settings written out as text are the same task; they stand in the truth, in memory and in the file. */
static void test_truth(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/emlib-schedule-%ld.h5", (long)getpid());
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        em_error error;
        const em_model *model = em_model_find(before[i].model);
        if (!model && SLOW_BUILD)
            continue;
        em_dataset *a = simulate(model, NULL, 5, 130, &error),
                   *b = simulate(model, a->truth->task_settings, 5, 130, &error);
        if (!b)
            fail_msg("task %s: %s", before[i].task, error.text);
        assert_string_equal(a->truth->task, before[i].task);
        assert_string_equal(a->truth->task_settings, b->truth->task_settings);
        assert_true(hash_of(b) == before[i].hash);
        em_dataset_free(a);
        em_dataset *c;
        assert_int_equal(em_dataset_write(b, path, true, &error), EM_OK);
        assert_int_equal(em_dataset_read_frame(path, &c, &error), EM_OK);
        assert_string_equal(c->truth->task, before[i].task);
        assert_string_equal(c->truth->task_settings, b->truth->task_settings);
        free(b->truth->task); /* as those of old files: nothing is written, nothing read */
        free(b->truth->task_settings);
        b->truth->task = b->truth->task_settings = NULL;
        em_dataset_free(c);
        assert_int_equal(em_dataset_write(b, path, true, &error), EM_OK);
        assert_int_equal(em_dataset_read_frame(path, &c, &error), EM_OK);
        assert_true(!c->truth->task && !c->truth->task_settings);
        em_dataset_free(b);
        em_dataset_free(c);
    }
    remove(path);
}

/* ---- every setting of every task --------------------------------------------------------------------------------- */

/* A value at, or beyond, the ends, as a user would write it; false where the kind knows no such value. */
static bool write_end(const em_setting *s, int end, bool beyond, char text[600])
{
    const double from = end == 0 ? s->low : s->high, step = s->whole ? 1 : 1e-9 * fmax(1, fabs(from));
    const double x = beyond ? from + (end == 0 ? -step : step) : from;
    const int n = s->kind == EM_SETTING_LIST || s->kind == EM_SETTING_SHARES ? s->count : 1;
    char *to = text + sprintf(text, "%s=", s->name);
    if (s->kind == EM_SETTING_RANGE || end == 2)
        return sprintf(to, "%.17g..%.17g", end == 2 ? s->low : x, x) > 0;
    const bool shares = s->kind == EM_SETTING_SHARES; /* all of it to one */
    for (int i = 0; i < n; i++)
        to += sprintf(to, "%s%.17g", i ? "/" : "", !shares ? x : i != end ? 0 : beyond ? x : 1);
    return true;
}

/* Every model that does the task, with the setting at this value; with parameters that are all alike. */
static void draw_all_models(const em_task *task, const char *settings)
{
    size_t n;
    const em_model *const *all = em_models(&n);
    for (size_t i = 0; i < n; i++) {
        em_simulation sim = {.subjects = 2, .trials = 24, .seed = 3, .task_settings = settings};
        em_dataset *data;
        em_error error;
        if (!all[i]->task || strcmp(all[i]->task, task->name) != 0)
            continue;
        for (int j = 0; j < EM_MAX_PARAMETERS; j++)
            sim.mu[j] = NAN;
        if (em_simulate(all[i], &sim, &data, &error) != EM_OK)
            fail_msg("task %s, model %s: %s: %s", task->name, all[i]->name, settings, error.text);
        em_dataset_free(data);
    }
}

static void test_ends(void **state)
{
    (void)state;
    int settings = 0;
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t)) {
        assert_in_range(em_settings_count(t), 0, EM_MAX_SETTINGS);
        for (int i = 0; i < em_settings_count(t); i++, settings++) {
            const em_setting *s = &t->settings[i];
            assert_true(s->about && s->low < s->high && s->count <= EM_SETTING_VALUES);
            for (int k = 0; k < i; k++)
                assert_string_not_equal(s->name, t->settings[k].name);
            for (int end = 0; end < (s->kind == EM_SETTING_SPREAD ? 3 : 2); end++) {
                char text[600];
                em_settings read;
                em_error error = {EM_OK, ""};
                assert_true(write_end(s, end, false, text));
                if (em_settings_read(t, t->options, text, &read, &error) != EM_OK)
                    fail_msg("task %s: %s", t->name, error.text);
                draw_all_models(t, text);
                assert_true(write_end(s, end, true, text));
                if (em_settings_read(t, t->options, text, &read, &error) != EM_INPUT_ERROR ||
                    !strstr(error.text, s->name))
                    fail_msg("task %s takes %s", t->name, text);
            }
        }
    }
    assert_true(settings > 100);
}

/* Whether some model draws other data with the setting at this end than with all defaults. */
static bool changes(const em_task *task, const em_setting *setting, int end)
{
    char text[600];
    size_t n;
    const em_model *const *all = em_models(&n);
    assert_true(write_end(setting, end, false, text));
    bool changed = false;
    for (size_t i = 0; i < n && !changed; i++) {
        em_error error;
        if (!all[i]->task || strcmp(all[i]->task, task->name) != 0)
            continue;
        em_dataset *usual = simulate(all[i], NULL, 3, 130, &error), *other = simulate(all[i], text, 3, 130, &error);
        changed = usual && other && hash_of(usual) != hash_of(other); /* parameters can be too extreme for an end */
        em_dataset_free(usual);
        em_dataset_free(other);
    }
    return changed;
}

static void test_effects(void **state)
{
    (void)state;
    if (SLOW_BUILD) /* without all models some settings have nobody to show what they do */
        skip();
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t))
        for (int k = 0; k < em_settings_count(t); k++)
            if (!changes(t, &t->settings[k], 0) && !changes(t, &t->settings[k], 1))
                fail_msg("task %s: %s changes nothing", t->name, t->settings[k].name);
}

static void refused(const char *task, int options, const char *settings, const char *why)
{
    em_settings read;
    em_error error = {EM_OK, ""};
    if (em_settings_read(em_task_find(task), options, settings, &read, &error) != EM_INPUT_ERROR)
        fail_msg("%s: '%s' is taken", task, settings);
    if (!strstr(error.text, why))
        fail_msg("%s: '%s': '%s' does not say '%s'", task, settings, error.text, why);
}

static void test_refused(void **state)
{
    (void)state;
    refused("bandit", 2, "reversl=30", "no setting 'reversl'; did you mean reversal?");
    refused("bandit", 2, "zzzzzz=30", "it has p, reversal, hazard, criterion");
    refused("bandit", 2, "P=0.5", "no setting 'P'; it has p"); /* capital letters are others */
    refused("reaction", 2, "p=0.5", "task reaction has none");
    refused("bandit", 2, "p", "wants NAME=VALUE");
    refused("bandit", 2, "=1", "wants NAME=VALUE");
    refused("bandit", 2, "p=0.5,", "wants NAME=VALUE");
    refused("bandit", 2, "p=0.5,p=0.6", "gives p twice");
    refused("bandit", 2, "p=1.01", "p=1.01 is not allowed: p can be 1 or 2 numbers with '/' between, from 0 to 1");
    refused("bandit", 4, "p=0.1/0.2/0.3", "1, 2 or 4 numbers");
    refused("bandit", 2, "p=", "p= is not allowed");
    refused("bandit", 2, "p=0.5/", "is not allowed");
    refused("bandit", 2, "p=a", "p=a is not allowed");
    refused("bandit", 2, "p=nan", "is not allowed");
    refused("bandit", 2, "p=0.1..0.5", "is not allowed");
    refused("bandit", 2, "reversal=30.5", "a whole number, from 1 to 1000000");
    refused("bandit", 2, "reversal=30/40", "is not allowed");
    refused("twostep", 2, "p=0.5", "LOW..HIGH");
    refused("twostep", 2, "p=0.7..0.3", "LOW..HIGH");
    refused("selection", 2, "p_better=0.9/0.8", "3 numbers with '/' between");
    refused("pairs", 2, "p=0.5/0.2/0.2", "whose sum is 1");
    refused("delays", 2, "delays=1..7..30", "is not allowed");
    refused("effort", 2,
            "effort_high=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33",
            "up to 32");
    refused("gonogo", 2, "cues=0/4", "1 to 16 whole numbers");
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

/* A task lists the columns of the models that name it, and no others. */
static void test_columns(void **state)
{
    (void)state;
    size_t n;
    const em_model *const *all = em_models(&n);
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t)) {
        char listed[300];
        snprintf(listed, sizeof listed, "%s", t->columns);
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < all[i]->n_columns; c++) {
                const em_column *column = &all[i]->columns[c];
                if (!all[i]->task || strcmp(all[i]->task, t->name) != 0 || column->role == EM_RESPONSE)
                    continue;
                if (!em_task_knows(t, column->name))
                    fail_msg("task %s does not list the column %s of model %s", t->name, column->name, all[i]->name);
                char *at = strstr(listed, column->name);
                for (; at && *at && *at != ' '; at++)
                    *at = '-';
            }
        for (const char *at = listed; *at && !SLOW_BUILD; at++)
            if (*at != ' ' && *at != '-')
                fail_msg("task %s lists columns that no model has: %s", t->name, listed);
        assert_false(em_task_knows(t, "rewar") || em_task_knows(t, ""));
    }
}

static void no_simulation(const char *model, const char *task, const char *why)
{
    em_model other = *em_model_find(model);
    em_error error = {EM_OK, ""};
    other.task = task;
    assert_null(simulate(&other, NULL, 3, 20, &error));
    if (error.code != EM_INPUT_ERROR || !strstr(error.text, why))
        fail_msg("model %s in task %s: '%s' does not say '%s'", model, task, error.text, why);
}

static void test_wrong_task(void **state)
{
    (void)state;
    no_simulation("rw", NULL, "names no task");
    no_simulation("rw", "bandits", "names the task 'bandits', which there is not");
    no_simulation("rw", "delays", "task delays does not know the column 'reward' of model rw, only: amount_sooner");
    no_simulation("dd_hyperbolic", "bandit", "does not know the column");
    no_simulation("rw", "reaction", "only: none");
    no_simulation(
        "rw", "selection",
        "task selection has no 'reward' for model rw, which lacks choices, or others of the task's columns: option1");
    no_simulation("rw", "twostep", "has no 'reward' for model rw");
}

/* ---- a task without a model: whoever does it chooses at random, or as told ----------------------------------------
 */

enum { COLUMNS = 6, TRIALS = 6000 };
typedef struct stage {
    const em_task *task;
    em_settings settings;
    em_random random, own; /* of the task, of who does it */
    em_column column[COLUMNS];
    em_model model;
    em_scene scene;
    int options;
} stage;
static double row[TRIALS][COLUMNS]; /* in the order of the columns' names */

/* columns: names with the first letter of their role before, "i:amount r:choice o:reward". follow: choose what won
 * last. */
static void act(stage *a, const char *task, const char *settings, int options, const char *columns, uint64_t seed)
{
    static char names[200];
    em_error error = {EM_OK, ""};
    *a = (stage){.task = em_task_find(task), .random = em_random_start(seed, 1), .own = em_random_start(seed, 2)};
    a->options = options ? options : a->task->options;
    if (em_settings_read(a->task, a->options, settings, &a->settings, &error) != EM_OK)
        fail_msg("%s", error.text);
    snprintf(names, sizeof names, "%s", columns);
    int n = 0;
    for (char *at = strtok(names, " "); at; at = strtok(NULL, " "), n++)
        a->column[n] = (em_column){.name = at + 2,
                                   .role = *at == 'i'   ? EM_INPUT
                                           : *at == 'r' ? EM_RESPONSE
                                                        : EM_OUTCOME,
                                   .codes = *at == 'r' ? EM_OPTION : EM_NUMBER};
    a->model = (em_model){.columns = a->column, .n_columns = n};
    a->scene = (em_scene){.model = &a->model, .settings = &a->settings, .random = &a->random, .options = a->options};
    if (a->task->start)
        a->task->start(&a->scene);
}

static void fill(stage *a, em_role role, int t, int choice)
{
    a->scene.trial = t;
    a->scene.row = row[t];
    for (int c = 0; c < a->model.n_columns; c++) {
        if (a->column[c].role != role)
            continue;
        row[t][c] = role == EM_INPUT     ? a->task->input(&a->scene, a->column[c].name)
                    : role == EM_OUTCOME ? a->task->outcome(&a->scene, a->column[c].name)
                                         : choice;
        assert_true(isfinite(row[t][c]));
    }
}

/* All trials: inputs first, then choices at random and what they bring. */
static void play(stage *a, int trials)
{
    assert_true(trials <= TRIALS);
    for (int t = 0; t < trials; t++) {
        for (int c = 0; c < COLUMNS; c++)
            row[t][c] = NAN;
        fill(a, EM_INPUT, t, 0);
    }
    for (int t = 0; t < trials; t++) {
        fill(a, EM_RESPONSE, t, (int)(a->options * em_random_uniform(&a->own)));
        fill(a, EM_OUTCOME, t, 0);
    }
}

/* ---- what is expected -------------------------------------------------------------------------------------------- */

/* A mean of n numbers with this standard deviation. */
static void mean_is(double sum, double n, double mean, double sd, const char *what)
{
    if (!(n > 20 && fabs(sum / n - mean) <= 4.5 * sd / sqrt(n) + 1e-12))
        fail_msg("%s: mean %.6g of %g, expected %.6g, sd %.6g", what, sum / n, n, mean, sd);
}
static void rate_is(double hits, double n, double p, const char *what) { mean_is(hits, n, p, sqrt(p * (1 - p)), what); }

/* Lengths of blocks of a state that is known on each trial, the last, unfinished one not among them. */
typedef struct blocks {
    int n, least, most;
    double sum, square;
} blocks;
static blocks measure(const int *which, int trials, bool first_counts)
{
    blocks b = {.least = TRIALS};
    for (int t = 1, from = 0; t < trials; t++) {
        if (which[t] == which[t - 1])
            continue;
        const int length = t - from;
        if (from > 0 || first_counts) {
            b.n++, b.sum += length, b.square += length * length;
            b.least = length < b.least ? length : b.least;
            b.most = length > b.most ? length : b.most;
        }
        from = t;
    }
    return b;
}

static int good[TRIALS];
/* Where the good one of two options pays for certain and the other never, every trial shows which is which. */
static void find_good(int choice, int outcome)
{
    for (int t = 0; t < TRIALS; t++)
        good[t] = row[t][outcome] > 0 ? (int)row[t][choice] : 1 - (int)row[t][choice];
}

static void test_bandit(void **state)
{
    (void)state;
    stage a;
    double n[3] = {0}, hits[3] = {0};
    act(&a, "bandit", "p=0.9/0.6/0.1,hazard=0", 3, "r:choice o:reward", 1);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        n[(int)row[t][0]]++, hits[(int)row[t][0]] += row[t][1];
    for (int k = 0; k < 3; k++)
        rate_is(hits[k], n[k], (double[]){0.9, 0.6, 0.1}[k], "bandit, rate of reward");
    act(&a, "bandit", "p=0.7,hazard=0", 2, "r:choice o:reward o:reward_other", 2); /* 0.7 and 0.3 */
    play(&a, TRIALS);
    for (int k = 0; k < 3; k++)
        n[k] = hits[k] = 0;
    for (int t = 0; t < TRIALS; t++) {
        const int c = (int)row[t][0];
        n[c]++, hits[c] += row[t][1];
        n[2]++, hits[2] += c == 0 ? 1 - row[t][2] : row[t][2];
    }
    rate_is(hits[0], n[0], 0.7, "bandit, one number");
    rate_is(hits[1], n[1], 0.3, "bandit, one number");
    rate_is(hits[2], n[2], 0.7, "bandit, the other's reward");
    act(&a, "bandit", "p=1,reversal=30", 2, "r:choice o:reward o:reward_other", 3);
    play(&a, TRIALS);
    find_good(0, 1);
    for (int t = 0; t < TRIALS; t++)
        assert_true(good[t] == t / 30 % 2 && row[t][1] + row[t][2] == 1);
    act(&a, "bandit", "p=1,reversal=30", 2, "r:choice o:reward", 3);
    for (int t = 0; t < TRIALS; t += t % 3 == 0 ? 1 : t % 5 == 0 ? 100 : 2) { /* trials that nobody did count, too */
        fill(&a, EM_RESPONSE, t, 0);
        fill(&a, EM_OUTCOME, t, 0);
        assert_true(row[t][1] == (t / 30 % 2 == 0));
    }
    /* after 5 trials at probability 0.2: 5 and a geometric number, mean 4, variance 20 */
    act(&a, "bandit", "p=1,reversal=5,hazard=0.2", 2, "r:choice o:reward", 4);
    play(&a, TRIALS);
    find_good(0, 1);
    const blocks b = measure(good, TRIALS, true);
    assert_int_equal(b.least, 5);
    mean_is(b.sum, b.n, 9, sqrt(20), "bandit, length of a block");
}

/* A reversal takes three right choices in a row, and comes at once where nothing else is asked for. The trials in a row
 * until three heads come have mean 14. */
static void test_criterion(void **state)
{
    (void)state;
    static const char *const task[] = {"bandit", "reversal"}, *const outcome[] = {"r:choice o:reward",
                                                                                  "r:choice o:outcome"};
    static const char *const settings[] = {"p=1,reversal=1,criterion=3", "p=1/0,reversal=0,hazard=1,criterion=3"};
    for (int i = 0; i < 2; i++) {
        stage a;
        int run = 0, blocks_seen = 0, from = 0;
        double sum = 0;
        act(&a, task[i], settings[i], 2, outcome[i], 5);
        play(&a, TRIALS);
        find_good(0, 1);
        for (int t = 0; t < TRIALS; t++) {
            if (t > 0 && good[t] != good[t - 1]) {
                assert_int_equal(run, 3);
                sum += t - from;
                blocks_seen++;
                from = t;
                run = 0;
            }
            run = row[t][1] > 0 ? run + 1 : 0;
            assert_true(run <= 3);
        }
        mean_is(sum, blocks_seen, 14, sqrt(142), "trials until three in a row");
    }
}

static void test_reversal(void **state)
{
    (void)state;
    stage a;
    act(&a, "reversal", "p=1/0,outcome=5/-2", 2, "r:choice o:outcome", 6);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        assert_true(row[t][1] == 5 || row[t][1] == -2);
    find_good(0, 1);
    const blocks b = measure(good, TRIALS, false);
    assert_int_equal(b.least, 11);
    mean_is(b.sum, b.n, 11 + 9, sqrt(90), "reversal, length of a block");
    act(&a, "reversal", "p=1/0,reversal=24,hazard=1", 2, "r:choice o:outcome", 7);
    play(&a, TRIALS);
    find_good(0, 1);
    const blocks fixed = measure(good, TRIALS, false);
    assert_true(fixed.least == 25 && fixed.most == 25);
}

static void test_blocks(void **state)
{
    (void)state;
    stage a;
    act(&a, "events", "p=1/0,block=5/9", 2, "r:choice o:outcome", 8);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        good[t] = (int)row[t][1];
    blocks b = measure(good, TRIALS, true);
    assert_true(b.least == 5 && b.most == 9);
    mean_is(b.sum, b.n, 7, 2, "events, length of a block");
    act(&a, "events", "p=1/0,block=5..9", 2, "r:choice o:outcome", 9);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        good[t] = (int)row[t][1];
    b = measure(good, TRIALS, true);
    assert_true(b.least == 5 && b.most == 9);
    mean_is(b.sum, b.n, 7, sqrt(2), "events, length of a block from a range");
    act(&a, "gain_loss", "p_gain=1/0/0,p_loss=0/1/1,block_gain=7,block_loss=0", 3, "r:choice o:gain o:loss", 10);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        const int c = (int)row[t][0];
        assert_true(row[t][1] == (c == t / 7 % 3) && row[t][2] == (c != 1));
    }
    act(&a, "shocks", "size=3,stable=10,p_stable=1,p_volatile=0/1,block=4", 2, "i:punish0 i:punish1 r:choice o:outcome",
        11);
    play(&a, 100);
    for (int t = 0; t < 100; t++)
        assert_true(row[t][0] == 3 && row[t][1] == 3 && row[t][3] == (t < 10 ? 1 : (t - 10) / 4 % 2));
    act(&a, "ponds", "p=1,block=6", 2, "i:observation", 12);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        assert_true(t % 6 == 0 || row[t][0] == row[t - 1][0]);
    act(&a, "cards", "criterion=1,rules=2/0", 4, "i:match_color i:match_form i:match_number r:choice o:outcome", 13);
    play(&a, TRIALS);
    for (int t = 0, rule = 0; t < TRIALS; t++) {
        assert_true(row[t][4] == (row[t][3] == row[t][rule == 0 ? 2 : 0]));
        rule = row[t][4] > 0 ? 1 - rule : rule;
    }
    act(&a, "pairs", "p=0/1/0,outcome=9/4/1,block=2", 2, "i:option1 i:option2 r:choice o:outcome_self o:outcome_other",
        14);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        const int option = (int)row[t][row[t][2] > 0 ? 1 : 0], kind = (option + t / 2) % 4;
        assert_true(row[t][3] == (kind < 2 ? 4 : -4) && row[t][4] == (kind % 2 == 0 ? 4 : -4));
    }
    act(&a, "recipients", "p=1/0,hazard=0", 2, "r:choice o:reward_self o:reward_other o:reward_noone", 15);
    play(&a, TRIALS);
    for (int t = 1; t < TRIALS; t++)
        assert_true((row[t][0] == row[t - 1][0]) == (row[t][1] == row[t - 1][1]));
}

static void test_drift(void **state)
{
    (void)state;
    stage a;
    double square = 0;
    int n = 0;
    /* a mean without steps and noise goes back as decay^t */
    act(&a, "restless", "start=1..1,center=0,decay=0.9,drift_sd=0,sd=0,points=-4..4", 2, "r:choice o:reward", 20);
    play(&a, 100);
    for (int t = 0; t < 100; t++)
        assert_true(fabs(row[t][1] - pow(0.9, t)) < 1e-12);
    /* steps of 0.01: twice the same choice shows one */
    act(&a, "restless", "start=0..0,center=0,decay=1,drift_sd=0.01,sd=0,points=-4.9..4.9", 2, "r:choice o:reward", 21);
    play(&a, TRIALS);
    for (int t = 1; t < TRIALS; t++)
        if (row[t][0] == row[t - 1][0])
            square += pow(row[t][1] - row[t - 1][1], 2), n++;
    mean_is(square, n, 1e-4, sqrt(2) * 1e-4, "restless, square of a step");
    square = 0;
    act(&a, "restless", "start=50..50,decay=1,drift_sd=0,sd=6,points=-1000..1000", 2, "r:choice o:reward", 22);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        square += pow(row[t][1] - 50, 2);
    mean_is(square, TRIALS, 36 + 1.0 / 12, sqrt(2) * 36, "restless, square of the noise, rounded");
    double common = 0, reward = 0;
    act(&a, "twostep", "common=0.9,p=0.3..0.3", 2, "r:choice1 o:state2 r:choice2 o:reward", 23);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        common += row[t][0] == row[t][1], reward += row[t][3];
    rate_is(common, TRIALS, 0.9, "two-step, common transitions");
    rate_is(reward, TRIALS, 0.3, "two-step, rewards");
    act(&a, "twostep", "p=0.2..0.4,drift_sd=0.05", 2, "r:choice1 o:state2 r:choice2 o:reward", 24);
    for (int run = 0; run < 3; run++) {
        double sum = 0, steps = 0;
        for (int t = 0; t < 2000; t++) {
            double last[4];
            memcpy(last, a.scene.state, sizeof last);
            fill(&a, EM_RESPONSE, t, t % 2);
            fill(&a, EM_OUTCOME, t, 0);
            for (int i = 0; i < 4; i++) {
                assert_true(a.scene.state[i] >= 0.2 && a.scene.state[i] <= 0.4);
                if (last[i] > 0.29 && last[i] < 0.31) /* far from both ends, for 4.5 % of all steps reach them */
                    sum += fabs(a.scene.state[i] - last[i]) < 0.05, steps++;
            }
        }
        rate_is(sum, steps, 0.682689, "two-step, steps within one standard deviation");
    }
}

static void test_learning(void **state)
{
    (void)state;
    stage a;
    act(&a, "gonogo", "p=1/0,cues=0/3,gain=2,loss=5", 2, "i:cue r:choice o:outcome", 30);
    play(&a, 200);
    for (int t = 0; t < 200; t++) {
        const int cue = (int)row[t][0], right = row[t][1] == (cue < 2);
        assert_true((cue == 0 || cue == 3) && row[t][2] == (cue == 0 ? 2 * right : 5 * (right - 1)));
        assert_true(t % 2 == 0 || row[t][0] != row[t - 1][0]);
    }
    double sum[4] = {0}, n[4] = {0};
    act(&a, "iowa", "win=1/2/3/4,p_loss=0.5/1/0.25/0,loss_a=2/4,loss_b=6,loss_c=8", 4, "r:choice o:outcome", 31);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        sum[(int)row[t][0]] += row[t][1], n[(int)row[t][0]]++;
    mean_is(sum[0], n[0], 1 - 0.5 * 3, sqrt(0.25 * 4 + 0.25 * 16 - 2.25), "iowa, deck A");
    mean_is(sum[1], n[1], 2 - 6, 0, "iowa, deck B");
    mean_is(sum[2], n[2], 3 - 2, sqrt(0.25 * 64 - 4), "iowa, deck C");
    mean_is(sum[3], n[3], 4, 0, "iowa, deck D");
    double hits[6] = {0}, seen[6] = {0};
    act(&a, "selection", "p_better=0.9/0.5/0.7,p_worse=0/0.2/1", 2, "i:option1 i:option2 r:choice o:reward", 32);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        const int stimulus = (int)row[t][row[t][2] > 0 ? 1 : 0];
        hits[stimulus] += row[t][3], seen[stimulus]++;
    }
    for (int i = 0; i < 6; i++)
        rate_is(hits[i], seen[i], (double[]){0.9, 0, 0.5, 0.2, 0.7, 1}[i], "selection, rate of reward");
    double bursts = 0, pumps = 0; /* pump k of those that are made at all bursts with probability 1/(11 - k) */
    act(&a, "balloons", "pumps=10", 2, "r:pumps o:explosion", 33);
    a.column[0].codes = EM_NUMBER;
    for (int t = 0; t < TRIALS; t++) {
        fill(&a, EM_RESPONSE, t, 1 + t % 10);
        fill(&a, EM_OUTCOME, t, 0);
        assert_true(row[t][0] < 10 || row[t][1] == 1);
        if (t % 10 == 6)
            bursts += row[t][1], pumps++;
    }
    rate_is(bursts, pumps, 1 / (11 - 7.0), "balloons, bursts at pump 7");
}

/* ---- what is shown ----------------------------------------------------------------------------------------------- */

/* Each of k values is shown as often as any other: chi-square on k-1 degrees. */
static void shows_all(int column, int n_values, const double *value, const char *what)
{
    double chi = 0;
    int total = 0, count[16] = {0}, trials = TRIALS;
    for (int t = 0; t < trials; t++)
        for (int k = 0; k < n_values; k++)
            if (row[t][column] == value[k])
                count[k]++, total++;
    for (int k = 0; k < n_values; k++)
        chi += pow(count[k] - trials / (double)n_values, 2) / (trials / (double)n_values);
    if (total != trials || chi > n_values - 1 + 4.5 * sqrt(2.0 * (n_values - 1)) + 4)
        fail_msg("%s: %d of %d trials show one of the values, chi-square %g", what, total, trials, chi);
}
#define SHOWS(column, what, ...)                                                                                       \
    shows_all(column, sizeof(double[]){__VA_ARGS__} / sizeof(double), (const double[]){__VA_ARGS__}, what)

/* Uniform between two ends. */
static void shows_range(int column, double low, double high, const char *what)
{
    double sum = 0, least = INFINITY, most = -INFINITY;
    for (int t = 0; t < TRIALS; t++) {
        sum += row[t][column];
        least = fmin(least, row[t][column]);
        most = fmax(most, row[t][column]);
    }
    const double width = high - low;
    if (least < low || most > high || least > low + 0.01 * width || most < high - 0.01 * width)
        fail_msg("%s: from %g to %g", what, least, most);
    mean_is(sum, TRIALS, (low + high) / 2, width / sqrt(12) + 0.03, what);
}

static void test_shown(void **state)
{
    (void)state;
    stage a;
    act(&a, "delays", "delays=1/7/30/180,amount_sooner=3..4,amount_later=12.34", 2,
        "i:amount_sooner i:delay_sooner i:amount_later i:delay_later", 40);
    play(&a, TRIALS);
    SHOWS(3, "delays", 1, 7, 30, 180);
    shows_range(0, 3, 4, "amount_sooner");
    for (int t = 0; t < TRIALS; t++)
        assert_true(row[t][1] == 0 && row[t][2] == 12.34 && fabs(10 * row[t][0] - round(10 * row[t][0])) < 1e-9);
    act(&a, "delays", "delays=0.5..8", 2, "i:delay_later", 41);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        row[t][0] = log(row[t][0]);
    shows_range(0, log(0.5), log(8), "logarithm of the delay");
    act(&a, "delays", "delay_sooner=2/4", 2, "i:delay_sooner", 53);
    play(&a, TRIALS);
    SHOWS(0, "delay_sooner", 2, 4);
    act(&a, "front_end_delays", "amount_sooner=10,front_end=5,ratio=2,gap=9", 2,
        "i:amount_sooner i:delay_sooner i:amount_later i:delay_later", 42);
    play(&a, 100);
    for (int t = 0; t < 100; t++)
        assert_true(row[t][0] == 10 && row[t][1] == 5 * (t % 2) && row[t][2] == 20 && row[t][3] == row[t][1] + 9);
    act(&a, "gambles", "gain=7,loss=1/3,cert=2", 2, "i:gain i:loss i:cert", 43);
    play(&a, 200);
    for (int t = 0; t < 200; t++)
        assert_true(row[t][0] == 7 &&
                    (t % 2 ? row[t][1] == 0 && row[t][2] == 2 : (row[t][1] == 1 || row[t][1] == 3) && row[t][2] == 0));
    act(&a, "gambles_with_odds", "kinds=1,x1=8,p1=0.25,spread=0", 2, "i:x1 i:p1 i:x2 i:p2 i:cert", 44);
    play(&a, 200);
    for (int t = 0; t < 200; t++)
        assert_true(row[t][0] == -8 && row[t][1] == 0.25 && (row[t][2] == 0 || row[t][2] == -4) && row[t][3] == 0.75 &&
                    fabs(row[t][4] - (row[t][2] == 0 ? -2 : -5)) < 1e-9);
    act(&a, "gambles_with_odds", "kinds=2,x1=8,x2=3/5", 2, "i:x1 i:p1 i:x2", 54);
    play(&a, TRIALS);
    SHOWS(2, "x2", -3, -5);
    act(&a, "lotteries", "kinds=0,size=100/10,hprob=0.3/0.6", 2, "i:opt1hprob i:opt1hval i:opt1lval i:opt2hval", 45);
    play(&a, TRIALS);
    SHOWS(0, "hprob", 0.3, 0.6);
    shows_range(1, 100, 200, "opt1hval");
    shows_range(2, 0, 100, "opt1lval");
    shows_range(3, 10, 20, "opt2hval");
    act(&a, "ambiguity", "prob=0.1/0.9,ambig=0.3,reward_var=6..60,reward_fix=4", 2,
        "i:prob i:ambig i:reward_var i:reward_fix", 46);
    play(&a, TRIALS);
    shows_range(2, 6, 60, "reward_var");
    for (int t = 0; t < TRIALS; t++)
        assert_true(row[t][3] == 4 && (t % 2 ? row[t][0] == 0.5 && row[t][1] == 0.3
                                             : (row[t][0] == 0.1 || row[t][0] == 0.9) && row[t][1] == 0));
    act(&a, "peers", "conditions=3/0,p_gamble=0.5,safe_Hpayoff=20,safe_Lpayoff=15,risky_Hpayoff=40..44", 2,
        "i:condition i:p_gamble i:safe_Hpayoff i:safe_Lpayoff i:risky_Hpayoff", 47);
    play(&a, TRIALS);
    shows_range(4, 40, 44, "risky_Hpayoff");
    for (int t = 0; t < TRIALS; t++)
        assert_true(row[t][0] == (t % 2 ? 0 : 3) && row[t][1] == 0.5 && row[t][2] == 20 && row[t][3] == 15);
    act(&a, "cambridge", "points=50..70,red=3..5,block=2", 2, "i:gamble_type i:trial_initial_points i:n_red_boxes", 48);
    play(&a, TRIALS);
    shows_range(1, 50, 70, "points");
    SHOWS(2, "red boxes", 3, 4, 5);
    for (int t = 0; t < TRIALS; t++)
        assert_true(row[t][0] == t / 2 % 2);
    act(&a, "odds", "amount_sure=5..9,amount_risky=10/30,prob=0.2/0.8", 2, "i:amount_sure i:amount_risky i:prob", 49);
    play(&a, TRIALS);
    shows_range(0, 5, 9, "amount_sure");
    SHOWS(1, "amount_risky", 10, 30);
    SHOWS(2, "prob", 0.2, 0.8);
    act(&a, "effort", "reward_low=2,effort_low=1,reward_high=3/9,effort_high=2/4/8", 2,
        "i:reward_low i:effort_low i:reward_high i:effort_high", 50);
    play(&a, TRIALS);
    SHOWS(0, "reward_low", 2);
    SHOWS(1, "effort_low", 1);
    SHOWS(2, "reward_high", 3, 9);
    SHOWS(3, "effort_high", 2, 4, 8);
    act(&a, "sharing", "distance=1/9,selfish_self=8..10,selfish_other=1,prosocial_self=6,prosocial_other=5", 2,
        "i:distance i:selfish_self i:selfish_other i:prosocial_self i:prosocial_other", 51);
    play(&a, TRIALS);
    SHOWS(0, "distance", 1, 9);
    shows_range(1, 8, 10, "selfish_self");
    SHOWS(2, "selfish_other", 1);
    SHOWS(3, "prosocial_self", 6);
    SHOWS(4, "prosocial_other", 5);
    act(&a, "divisions", "even=4,self_ahead=6,other_behind=1,self_behind=3,lead=2", 2,
        "i:self_a i:self_b i:other_a i:other_b", 52);
    play(&a, 10);
    for (int t = 0; t < 10; t++)
        assert_true(row[t][0] == 4 && row[t][2] == 4 && row[t][1] == (t % 2 ? 6 : 3) && row[t][3] == (t % 2 ? 1 : 5));
}

static void test_drawn(void **state)
{
    (void)state;
    stage a;
    double sum = 0, square = 0, won = 0, gambles = 0, both = 0;
    act(&a, "ultimatum", "mean=50,sd=6,offer=0..100,block=3", 2, "i:offer", 60);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        sum += row[t][0], square += pow(row[t][0] - 50, 2);
    mean_is(sum, TRIALS, 50, 6, "offers");
    mean_is(square, TRIALS, 36 + 1.0 / 12, sqrt(2) * 36, "square of the offers");
    act(&a, "ultimatum", "mean=4/12,sd=0,block=3,offer=1..10", 2, "i:offer", 61);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++)
        assert_true((row[t][0] == 4 || row[t][0] == 10) && (t % 3 == 0 || row[t][0] == row[t - 1][0]));
    act(&a, "ratings", "every=2,gain=3,loss=1,cert=2,p_choice=0.8,p_win=0.3", 2,
        "i:rated i:gain i:loss i:choice i:cert o:outcome", 62);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        assert_true(row[t][0] == (t % 2 == 0) && (row[t][1] == 0 || row[t][1] == 3) &&
                    (row[t][2] == 0 || row[t][2] == 1));
        gambles += row[t][3];
        if (row[t][3] > 0 && row[t][1] > 0)
            both++, won += row[t][5] == 3;
    }
    rate_is(gambles, TRIALS, 0.8, "gambles chosen");
    rate_is(won, both, 0.3, "gambles won");
    act(&a, "detection", "p=0.2", 2, "i:stimulus", 63);
    play(&a, TRIALS);
    sum = 0;
    for (int t = 0; t < TRIALS; t++)
        sum += row[t][0];
    rate_is(sum, TRIALS, 0.2, "signals");
    act(&a, "intensities", "intensities=1/3/9", 2, "i:intensity", 64);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t += 3)
        assert_true(row[t][0] + row[t + 1][0] + row[t + 2][0] == 13);
    act(&a, "foods", "value=-2..2", 2, "i:value_upper i:value_lower", 65);
    play(&a, TRIALS);
    SHOWS(0, "value_upper", -2, -1, 0, 1, 2);
    SHOWS(1, "value_lower", -2, -1, 0, 1, 2);
    double hits[3] = {0}, seen[3] = {0};
    act(&a, "timed_selection", "p=0.9/0.5/0.1,pairs=0/2/2/1", 2, "i:cond i:iter r:choice o:outcome", 66);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        const int pair = (int)row[t][0];
        assert_true(row[t][1] == ++seen[pair]);
        hits[pair] += row[t][2] > 0 ? row[t][3] : 1 - row[t][3];
    }
    assert_true(seen[0] == TRIALS / 4 && seen[1] == TRIALS / 4 && seen[2] == TRIALS / 2);
    for (int k = 0; k < 3; k++)
        rate_is(hits[k], seen[k], (double[]){0.9, 0.5, 0.1}[k], "timed selection, rate of reward");
    double x1 = 0, squares = 0, product = 0;
    act(&a, "predictors", "mean=10,sd=3,correlation=-0.6", 2, "i:x1 i:x2", 67);
    play(&a, TRIALS);
    for (int t = 0; t < TRIALS; t++) {
        const double u = (row[t][0] - 10) / 3, v = (row[t][1] - 10) / 3;
        x1 += u, squares += v * v, product += u * v;
    }
    mean_is(x1, TRIALS, 0, 1, "predictor");
    mean_is(squares, TRIALS, 1, sqrt(2), "square of a predictor");
    mean_is(product, TRIALS, -0.6, sqrt(1 + 0.36), "product of predictors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_truth),   cmocka_unit_test(test_ends),
        cmocka_unit_test(test_effects),  cmocka_unit_test(test_columns), cmocka_unit_test(test_wrong_task),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_bandit),  cmocka_unit_test(test_criterion),
        cmocka_unit_test(test_reversal), cmocka_unit_test(test_blocks),  cmocka_unit_test(test_drift),
        cmocka_unit_test(test_learning), cmocka_unit_test(test_shown),   cmocka_unit_test(test_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
