#include "import_covariates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "covariate.h"
#include "error.h"
#include "grow.h"

/* The line of each subject's row. */
typedef struct lines {
    size_t *line; /* [rows so far] */
    size_t room;
} lines;

/* ---- reading --------------------------------------------------------------------------------------------------- */

static em_code on_row(em_import_table *t, size_t line)
{
    lines *known = t->owner;
    char shown[EM_SHOWN];
    if (t->id < t->rows)
        return em_import_refuse((em_import_place){t->path, line}, t->column[t->subject].name, t->error,
                                "subject '%s' stands there twice, first in line %zu; a table of covariates has one row "
                                "a subject",
                                em_text_shown(t->ids.text[t->id], strlen(t->ids.text[t->id]), shown),
                                known->line[t->id]);
    if (t->rows == known->room) {
        size_t *grown = em_grow(known->line, &known->room, sizeof *grown, t->error);
        if (!grown)
            return EM_MACHINE;
        known->line = grown;
    }
    known->line[t->rows] = line;
    return EM_OK;
}

static em_code end_columns(em_import_table *t)
{
    em_code code = EM_OK;
    size_t left = 0;
    for (size_t i = 0; i < t->fields && !code; i++) {
        em_import_column *column = &t->column[i];
        if (i == t->subject || column->kind == EM_IMPORT_LEFT_OUT)
            continue;
        code = em_covariate_check_name(column->name, t->path, t->error);
        if (!code)
            code = em_import_column_end(column, t->rows, t->path, t->log, t->error);
        left += column->kind != EM_IMPORT_LEFT_OUT;
    }
    if (!code && left == 0 && !t->unasked)
        code = em_fail(t->error, EM_INPUT_ERROR, "%s: there is no covariate in this table", t->path);
    return code;
}

em_code em_import_covariates_read(em_import_table *t)
{
    lines *known = em_new(1, sizeof *known, t->error);
    t->owner = known;
    t->row = on_row;
    t->lenient = true;
    em_code code = known ? em_import_table_read(t, "subjects") : EM_MACHINE;
    return code ? code : end_columns(t);
}

void em_import_covariates_clear(em_import_table *t)
{
    lines *known = t->owner;
    if (known)
        free(known->line);
    free(known);
    em_import_table_clear(t);
}

/* ---- subjects of both tables ----------------------------------------------------------------------------------- */

/* The length of the part of a subject's id that the table has. */
static size_t key_length(const em_import_table *t, const char *id)
{
    const char *end = t->suffix ? strstr(id, t->suffix) : NULL;
    return end ? (size_t)(end - id) : strlen(id);
}

/* The row of each subject of the dataset, EM_TEXTS_NONE where there is none; row [S] to be freed. *found: how many have
 * one. */
static size_t *match(const em_import_table *t, const em_dataset *data, size_t *found)
{
    size_t *row = em_new(data->n_subjects, sizeof *row, t->error);
    *found = 0;
    for (size_t s = 0; row && s < data->n_subjects; s++) {
        row[s] = em_texts_find(&t->ids, data->id[s], key_length(t, data->id[s]));
        *found += row[s] != EM_TEXTS_NONE;
    }
    return row;
}

static em_code nobody(const em_import_table *t, const char *trials, const em_dataset *data)
{
    char here[EM_SHOWN], there[EM_SHOWN];
    return em_fail(t->error, EM_INPUT_ERROR,
                   "%s: none of its subjects has trials in %s; ids must be written alike ('%s' here, '%s' there)",
                   t->path, trials, em_text_shown(t->ids.text[0], strlen(t->ids.text[0]), here),
                   em_text_shown(data->id[0], strlen(data->id[0]), there));
}

static em_code say_without_trials(const em_import_table *t, const char *trials, const size_t *row,
                                  const em_dataset *data)
{
    char list[EM_LISTED] = "";
    size_t n = 0;
    bool *used = em_new(t->ids.n, sizeof *used, t->error);
    if (!used)
        return EM_MACHINE;
    for (size_t s = 0; s < data->n_subjects; s++)
        if (row[s] != EM_TEXTS_NONE)
            used[row[s]] = true;
    for (size_t i = 0; i < t->ids.n; i++)
        if (!used[i]) {
            n++;
            em_text_list(list, t->ids.text[i]);
        }
    if (n > 0)
        em_say(t->log, "%s: %zu subject%s without trials in %s, left out: %s", t->path, n, n == 1 ? "" : "s", trials,
               list);
    free(used);
    return EM_OK;
}

static void say_without_row(const em_import_table *t, const size_t *row, const em_dataset *data)
{
    char list[EM_LISTED] = "";
    size_t n = 0;
    for (size_t s = 0; s < data->n_subjects; s++)
        if (row[s] == EM_TEXTS_NONE) {
            n++;
            em_text_list(list, data->id[s]);
        }
    if (n > 0)
        em_say(t->log, "%s: %zu subject%s with trials but no row here; covariates are missing: %s", t->path, n,
               n == 1 ? "" : "s", list);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

/* Puts the values in the order of the dataset's subjects. */
static em_code arrange(em_covariate *covariate, const size_t *row, size_t n_subjects, em_error *error)
{
    double *value = em_new(n_subjects, sizeof *value, error);
    if (!value)
        return EM_MACHINE;
    for (size_t s = 0; s < n_subjects; s++)
        value[s] = row[s] == EM_TEXTS_NONE ? NAN : covariate->value[row[s]];
    free(covariate->value);
    covariate->value = value;
    return EM_OK;
}

/* The order of those that stay is kept. */
static em_code drop_unused_levels(em_covariate *covariate, size_t n_subjects, em_error *error)
{
    const size_t n = (size_t)covariate->n_levels;
    bool *used = em_new(n, sizeof *used, error);
    double *code = em_new(n, sizeof *code, error);
    if (used && code) {
        for (size_t s = 0; s < n_subjects; s++)
            if (!isnan(covariate->value[s]))
                used[(size_t)covariate->value[s]] = true;
        covariate->n_levels = 0;
        for (size_t i = 0; i < n; i++) {
            code[i] = covariate->n_levels;
            if (used[i])
                covariate->level[covariate->n_levels++] = covariate->level[i];
            else
                free(covariate->level[i]);
        }
        for (size_t s = 0; s < n_subjects; s++)
            if (!isnan(covariate->value[s]))
                covariate->value[s] = code[(size_t)covariate->value[s]];
    }
    em_code done = used && code ? EM_OK : EM_MACHINE;
    free(used);
    free(code);
    return done;
}

static em_code hand_over(em_import_table *t, const size_t *row, em_dataset *data)
{
    em_code code = EM_OK;
    data->covariate = em_new(t->fields, sizeof *data->covariate, t->error);
    if (!data->covariate)
        return EM_MACHINE;
    for (size_t i = 0; i < t->fields && !code; i++) {
        if (i == t->subject || t->column[i].kind == EM_IMPORT_LEFT_OUT)
            continue;
        em_covariate *covariate = &data->covariate[data->n_covariates++];
        em_import_table_hand_over(&t->column[i], covariate);
        code = arrange(covariate, row, data->n_subjects, t->error);
        if (!code && covariate->level && !covariate->levels_given)
            code = drop_unused_levels(covariate, data->n_subjects, t->error);
    }
    return code;
}

em_code em_import_covariates(em_import_table *t, const char *trials, em_dataset *data)
{
    size_t found = 0, *row = match(t, data, &found);
    em_code code = !row ? EM_MACHINE : found == 0 ? nobody(t, trials, data) : say_without_trials(t, trials, row, data);
    if (!code) {
        say_without_row(t, row, data);
        code = hand_over(t, row, data);
    }
    free(row);
    return code;
}
