#include "dataset_memory.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Name and levels; and n values, where n is not 0. */
static em_code copy_column(const em_dataset_column *from, size_t n, em_dataset_column *to, em_error *error)
{
    const size_t levels = from->level && from->n_levels > 0 ? (size_t)from->n_levels : 0;
    to->levels_given = from->levels_given;
    to->name = em_copy(from->name, error);
    if (!to->name)
        return EM_MACHINE;
    if (from->level && !(to->level = em_new(levels, sizeof *to->level, error)))
        return EM_MACHINE;
    for (size_t i = 0; i < levels; i++) {
        if (!(to->level[i] = em_copy(from->level[i], error)))
            return EM_MACHINE;
        to->n_levels++;
    }
    if (n == 0 || !from->value)
        return EM_OK;
    to->value = em_new(n, sizeof *to->value, error);
    if (!to->value)
        return EM_MACHINE;
    memcpy(to->value, from->value, n * sizeof *to->value);
    return EM_OK;
}

static em_code copy_outline(const em_dataset *from, em_dataset *to, em_error *error)
{
    const size_t S = from->n_subjects;
    em_code code = EM_OK;
    to->n_subjects = S;
    to->n_rows = from->n_rows;
    memcpy(to->fingerprint, from->fingerprint, sizeof to->fingerprint);
    to->offset = em_new(S + 1, sizeof *to->offset, error);
    to->column = em_new((size_t)from->n_columns, sizeof *to->column, error);
    to->covariate = em_new((size_t)from->n_covariates, sizeof *to->covariate, error);
    if (!to->offset || !to->column || !to->covariate)
        return EM_MACHINE;
    memcpy(to->offset, from->offset, (S + 1) * sizeof *to->offset);
    while (to->n_columns < from->n_columns && code == EM_OK) {
        code = copy_column(&from->column[to->n_columns], 0, &to->column[to->n_columns], error);
        to->n_columns++;
    }
    while (to->n_covariates < from->n_covariates && code == EM_OK) {
        code = copy_column(&from->covariate[to->n_covariates], S, &to->covariate[to->n_covariates], error);
        to->n_covariates++;
    }
    return code;
}

em_code em_dataset_copy_outline(const em_dataset *data, em_dataset **outline, em_error *error)
{
    *outline = em_new(1, sizeof **outline, error);
    em_code code = *outline ? copy_outline(data, *outline, error) : EM_MACHINE;
    if (code != EM_OK) {
        em_dataset_free(*outline);
        *outline = NULL;
    }
    return code;
}

em_code em_dataset_copy_ids(const em_dataset *data, size_t first, size_t count, char ***id, em_error *error)
{
    *id = em_new(count, sizeof **id, error);
    for (size_t i = 0; *id && i < count; i++) {
        if (((*id)[i] = em_copy(data->id[first + i], error)))
            continue;
        while (i > 0)
            free((*id)[--i]);
        free(*id);
        *id = NULL;
    }
    return *id ? EM_OK : EM_MACHINE;
}

em_code em_dataset_copy_rows(const em_dataset *data, const char *const *names, int n_names, size_t first, size_t count,
                             em_dataset *outline, em_error *error)
{
    em_dataset_forget(outline);
    for (int i = 0; i < n_names; i++) {
        em_dataset_column *to = em_dataset_find(outline, names[i]);
        to->value = em_new(count, sizeof *to->value, error);
        if (!to->value)
            return EM_MACHINE;
        memcpy(to->value, em_dataset_find(data, names[i])->value + first, count * sizeof *to->value);
    }
    outline->first_row = first;
    outline->held = count;
    return EM_OK;
}
