/* A dataset in memory: who, how many trials each, one array a column; and its fingerprint. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fingerprint.h"

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

static void free_truth(em_truth *truth)
{
    if (!truth)
        return;
    free_texts(truth->parameter, truth->n_parameters > 0 ? (size_t)truth->n_parameters : 0);
    free(truth->model);
    free(truth->task);
    free(truth->task_settings);
    free(truth->mu);
    free(truth->var);
    free(truth->x);
    free(truth->natural);
    free_texts(truth->effect_covariate, truth->n_effects > 0 ? (size_t)truth->n_effects : 0);
    free_texts(truth->effect_parameter, truth->n_effects > 0 ? (size_t)truth->n_effects : 0);
    free(truth->effect);
    free(truth);
}

static void free_columns(em_dataset_column *column, int n)
{
    for (int i = 0; column && i < n; i++) {
        free_texts(column[i].level, column[i].n_levels > 0 ? (size_t)column[i].n_levels : 0);
        free(column[i].name);
        free(column[i].value);
    }
    free(column);
}

void em_dataset_free(em_dataset *data)
{
    if (!data)
        return;
    free_columns(data->column, data->n_columns);
    free_columns(data->covariate, data->n_covariates);
    free_texts(data->id, data->n_subjects);
    free(data->offset);
    free_truth(data->truth);
    free(data);
}

em_dataset_column *em_dataset_find(const em_dataset *data, const char *name)
{
    for (int i = 0; i < data->n_columns; i++)
        if (strcmp(data->column[i].name, name) == 0)
            return &data->column[i];
    return NULL;
}

em_covariate *em_dataset_covariate(const em_dataset *data, const char *name)
{
    for (int i = 0; i < data->n_covariates; i++)
        if (strcmp(data->covariate[i].name, name) == 0)
            return &data->covariate[i];
    return NULL;
}

/* ---- fingerprint ----------------------------------------------------------------------------------------------- */

static em_code check_whole(const em_dataset *data, em_error *error)
{
    bool whole = data->first_row == 0 && data->held == data->n_rows;
    for (int i = 0; i < data->n_columns && whole; i++)
        whole = data->column[i].value || data->n_rows == 0;
    for (int i = 0; i < data->n_covariates && whole; i++)
        whole = data->covariate[i].value != NULL;
    return whole ? EM_OK : em_fail(error, EM_INPUT_ERROR, "only a dataset that holds all its rows has a fingerprint");
}

em_code em_dataset_seal(em_dataset *data, em_error *error)
{
    const size_t S = data->n_subjects, C = (size_t)data->n_columns, blocks = em_blocks(data->n_rows);
    em_code code = check_whole(data, error);
    if (code)
        return code;
    em_hash *id = em_new(em_blocks(S), sizeof *id, error), *offset = em_new(em_blocks(S + 1), sizeof *offset, error);
    em_hash *values = em_new(C * blocks, sizeof *values, error), **column = em_new(C, sizeof *column, error);
    if (!id || !offset || !values || !column)
        code = EM_MACHINE;
    if (!code)
        code = em_hash_ids(data->id, S, id, error);
    if (!code)
        code = em_hash_offsets(data->offset, S + 1, offset, error);
    for (size_t c = 0; c < C && !code; c++) {
        column[c] = values + c * blocks;
        code = em_hash_values(data->column[c].value, data->n_rows, column[c], error);
    }
    if (!code)
        code = em_fingerprint(data, id, offset, column, error);
    free(id);
    free(offset);
    free(values);
    free(column);
    return code;
}

void em_dataset_forget(em_dataset *data)
{
    for (int i = 0; i < data->n_columns; i++) {
        free(data->column[i].value);
        data->column[i].value = NULL;
    }
    data->first_row = data->held = 0;
}
