/* What a dataset holds, as `emlib import` and `emlib show` print it. */
#include "print_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "print.h"

enum { MOST_LISTED = 6 };

/* ---- columns --------------------------------------------------------------------------------------------------- */

typedef struct content {
    double least, most;
    size_t missing;
    bool whole;
    double value[MOST_LISTED]; /* sorted */
    int n_values;              /* more than MOST_LISTED: not all are there */
} content;

static void note_value(content *c, double value)
{
    int i = 0;
    while (i < c->n_values && c->value[i] < value)
        i++;
    if (i < c->n_values && c->value[i] == value)
        return;
    if (c->n_values++ >= MOST_LISTED) /* one more than can be listed, so none will be */
        return;
    memmove(c->value + i + 1, c->value + i, (size_t)(c->n_values - 1 - i) * sizeof *c->value);
    c->value[i] = value;
}

static content look(const double *value, size_t n)
{
    content c = {.least = INFINITY, .most = -INFINITY, .whole = true};
    for (size_t i = 0; i < n; i++) {
        if (isnan(value[i])) {
            c.missing++;
            continue;
        }
        c.least = value[i] < c.least ? value[i] : c.least;
        c.most = value[i] > c.most ? value[i] : c.most;
        c.whole = c.whole && value[i] == trunc(value[i]);
        if (c.n_values <= MOST_LISTED)
            note_value(&c, value[i]);
    }
    return c;
}

/* Of each column, then of each covariate; NULL where that fails. To be freed. */
static content *look_at_all(em_dataset *data, const char *path, em_error *error)
{
    const size_t n = (size_t)data->n_columns + (size_t)data->n_covariates;
    content *all = calloc(n + 1, sizeof *all);
    em_code code = EM_OK;
    if (!all) {
        *error = (em_error){EM_MACHINE, "out of memory"};
        return NULL;
    }
    for (int i = 0; i < data->n_columns && !code; i++) {
        const em_dataset_column *column = &data->column[i];
        const char *name = column->name;
        if (path)
            code = em_dataset_read_rows(data, path, &name, 1, 0, data->n_rows, error);
        if (!code)
            all[i] = look(column->value, data->n_rows);
    }
    for (int i = 0; i < data->n_covariates && !code; i++)
        all[data->n_columns + i] = look(data->covariate[i].value, data->n_subjects);
    if (!code)
        return all;
    free(all);
    return NULL;
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

/* Names and texts may hold line ends, which would break the lines of the summary. */
static void print_text(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void print_column(const em_dataset_column *column, const content *c, size_t n)
{
    print_text(column->name);
    printf(" (");
    if (column->level) {
        for (int i = 0; i < column->n_levels && i < MOST_LISTED; i++) {
            printf("%s", i ? ", " : "text: ");
            print_text(column->level[i]);
        }
        if (column->n_levels > MOST_LISTED)
            printf(", ... %d in all", column->n_levels);
    } else if (c->missing == n) {
        printf("no values");
    } else if (c->whole && c->n_values <= MOST_LISTED) {
        for (int i = 0; i < c->n_values; i++)
            printf("%s%.15g", i ? ", " : "", c->value[i]);
    } else {
        printf("%s, %.6g to %.6g", c->whole ? "whole numbers" : "numbers", c->least, c->most);
    }
    if (c->missing)
        printf("; %zu missing", c->missing);
    printf(")");
}

static void print_columns(const char *title, const em_dataset_column *column, const content *c, int n, size_t values)
{
    for (int i = 0; i < n; i++) {
        printf("%s", i ? ", " : title);
        print_column(&column[i], &c[i], values);
    }
    printf("\n");
}

static void count_trials(const em_dataset *data, uint64_t *least, uint64_t *most)
{
    *least = UINT64_MAX;
    *most = 0;
    for (size_t s = 0; s < data->n_subjects; s++) {
        const uint64_t n = data->offset[s + 1] - data->offset[s];
        *least = n < *least ? n : *least;
        *most = n > *most ? n : *most;
    }
}

static void print_all(const em_dataset *data, const content *all)
{
    uint64_t least, most;
    count_trials(data, &least, &most);
    printf("subjects  %zu\ntrials    %zu (", data->n_subjects, data->n_rows);
    if (least < most)
        printf("%llu to ", (unsigned long long)least);
    printf("%llu per subject)\n", (unsigned long long)most);
    print_columns("columns   ", data->column, all, data->n_columns, data->n_rows);
    if (data->n_covariates > 0)
        print_columns("covariates  ", data->covariate, all + data->n_columns, data->n_covariates, data->n_subjects);
}

em_code print_data(em_dataset *data, const char *path, em_error *error)
{
    content *all = look_at_all(data, path, error);
    if (!all)
        return error->code;
    print_all(data, all);
    free(all);
    return EM_OK;
}

static void print_truth(const em_truth *truth)
{
    printf("simulated with model %s", truth->model);
    if (truth->task)
        printf(", task %s%s%s", truth->task, truth->task_settings && *truth->task_settings ? " with " : "",
               truth->task_settings ? truth->task_settings : "");
    printf(", seed %llu\n", (unsigned long long)truth->seed);
    for (int p = 0; p < truth->n_parameters; p++)
        printf("%s%s ~ N(%s, %s)", p ? ", " : "          ", truth->parameter[p], print_short(truth->mu[p]).text,
               print_short(truth->var[p]).text);
    printf("  (mean and variance, unconstrained)\n");
    for (int e = 0; e < truth->n_effects; e++)
        printf("%s%s:%s %s", e ? ", " : "effects   ", truth->effect_covariate[e], truth->effect_parameter[e],
               print_short(truth->effect[e]).text);
    if (truth->n_effects > 0)
        printf("\n");
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *columns_json(const em_dataset_column *column, const content *c, int n, size_t values)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++) {
        const bool any = c[i].missing < values;
        json_array_append_new(
            all, json_pack("{so so sI so so sb}", "name", print_json_text(column[i].name), "levels",
                           column[i].level ? print_json_texts(column[i].level, column[i].n_levels) : json_null(), "n_missing",
                           (json_int_t)c[i].missing, "least", print_json_number(any ? c[i].least : NAN), "most",
                           print_json_number(any ? c[i].most : NAN), "whole", any && c[i].whole));
    }
    return all;
}

static json_t *truth_json(const em_truth *truth)
{
    if (!truth)
        return json_null();
    json_t *effects = json_array();
    for (int e = 0; e < truth->n_effects; e++)
        json_array_append_new(effects, json_pack("{so so so}", "covariate", print_json_text(truth->effect_covariate[e]), "parameter",
                                                 print_json_text(truth->effect_parameter[e]), "effect",
                                                 print_json_number(truth->effect[e])));
    return json_pack("{so so so sI so so so so}", "model", print_json_text(truth->model), "task",
                     truth->task ? print_json_text(truth->task) : json_null(), "task_settings",
                     truth->task ? print_json_text(truth->task_settings ? truth->task_settings : "") : json_null(), "seed",
                     (json_int_t)truth->seed, "parameters", print_json_texts(truth->parameter, truth->n_parameters), "mu",
                     print_json_numbers(truth->mu, truth->n_parameters), "var", print_json_numbers(truth->var, truth->n_parameters),
                     "effects", effects);
}

static json_t *data_json(const char *path, const em_dataset *data, const content *all)
{
    uint64_t least, most;
    count_trials(data, &least, &most);
    return json_pack("{so ss sI sI sI sI so so so}", "file", print_json_text(path), "dataset_fingerprint", data->fingerprint, "n_subjects",
                     (json_int_t)data->n_subjects, "n_trials", (json_int_t)data->n_rows, "trials_per_subject_least", (json_int_t)least,
                     "trials_per_subject_most", (json_int_t)most, "columns",
                     columns_json(data->column, all, data->n_columns, data->n_rows), "covariates",
                     columns_json(data->covariate, all + data->n_columns, data->n_covariates, data->n_subjects), "simulated",
                     truth_json(data->truth));
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

int show_data(const char *path, bool json)
{
    em_dataset *data = NULL;
    em_error error;
    int status = em_dataset_read_frame(path, &data, &error) ? cmd_fail("show", &error) : 0;
    content *all = status ? NULL : look_at_all(data, path, &error);
    if (!status && !all)
        status = cmd_fail("show", &error);
    if (all && json) {
        status = print_json("show", data_json(path, data, all));
    } else if (all) {
        printf("Dataset %s (fingerprint %.12s)\n", path, data->fingerprint);
        print_all(data, all);
        if (data->truth)
            print_truth(data->truth);
        status = cmd_finish("show", 0);
    }
    free(all);
    em_dataset_free(data);
    return status;
}
