/* Which of two groups each subject is in, by a table or by a covariate of a dataset. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comparison.h"

typedef struct person {
    const char *id;
    size_t row; /* among the table's subjects */
} person;

/* Makes out which part of TABLE[:COLUMN] is the file: a name may have a ':' in it. */
static em_code split(comparison_groups *groups, const char *text, em_error *error)
{
    const char *colon = access(text, F_OK) == 0 ? NULL : strrchr(text, ':');
    groups->table = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
    if (colon)
        groups->column = strdup(colon + 1);
    if (!groups->table || (colon && !groups->column))
        return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

static em_code find_column(comparison_groups *groups, em_dataset *data, em_dataset_column **column, em_error *error)
{
    char list[400] = "";
    for (int i = 0; i < data->n_columns; i++) {
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", data->column[i].name);
    }
    if (groups->column)
        *column = em_dataset_find(data, groups->column);
    else
        *column = data->n_columns == 1 ? &data->column[0] : NULL;
    if (!*column && groups->column)
        return em_fail(error, EM_INPUT_ERROR, "--groups: %s has no column '%s'; it has: %s", groups->table,
                       groups->column, list);
    if (!*column)
        return em_fail(error, EM_INPUT_ERROR,
                       "--groups: which column of %s tells the groups? Add it: --groups %s:COLUMN; it has: %s",
                       groups->table, groups->table, list);
    if (!groups->column && !(groups->column = strdup((*column)->name)))
        return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

static int by_id(const void *a, const void *b) { return strcmp(((const person *)a)->id, ((const person *)b)->id); }

static void value_text(const em_dataset_column *column, double value, char text[80])
{
    if (column->level)
        snprintf(text, 80, "%s", column->level[(int)value]);
    else
        snprintf(text, 80, "%.15g", value);
}

/* The one value of a subject; NaN where it is missing. */
static em_code value_of(const comparison_groups *groups, const em_dataset *data, const em_dataset_column *column,
                        size_t row, double *value, em_error *error)
{
    *value = NAN;
    for (uint64_t i = data->offset[row]; i < data->offset[row + 1]; i++) {
        const double cell = column->value[i];
        if (!isnan(cell) && !isnan(*value) && cell != *value) {
            char first[80], second[80];
            value_text(column, *value, first);
            value_text(column, cell, second);
            return em_fail(error, EM_INPUT_ERROR,
                           "--groups: %s: subject '%s' has two values in column '%s', '%s' and '%s'; give one",
                           groups->table, data->id[row], groups->column, first, second);
        }
        if (!isnan(cell))
            *value = cell;
    }
    return EM_OK;
}

/* value [n]: that of each subject compared, NaN where the table has none. */
static em_code match(const comparison *c, const em_dataset *data, const em_dataset_column *column, double *value,
                     em_error *error)
{
    person *people = malloc((data->n_subjects + 1) * sizeof *people);
    if (!people)
        return em_fail(error, EM_MACHINE, "out of memory");
    for (size_t i = 0; i < data->n_subjects; i++)
        people[i] = (person){data->id[i], i};
    qsort(people, data->n_subjects, sizeof *people, by_id);
    em_code code = EM_OK;
    size_t matched = 0;
    for (size_t s = 0; s < c->evidence->n_subjects && !code; s++) {
        const person who = {c->fit[0]->subject[c->evidence->subject[s]], 0};
        const person *found = bsearch(&who, people, data->n_subjects, sizeof *people, by_id);
        value[s] = NAN;
        if (found)
            code = value_of(&c->groups, data, column, found->row, &value[s], error);
        matched += found != NULL;
    }
    free(people);
    if (!code && matched == 0)
        code = em_fail(
            error, EM_INPUT_ERROR,
            "--groups: no subject that is compared is in %s; its ids are like '%s', those of the fits like '%s'",
            c->groups.table, data->n_subjects ? data->id[0] : "", c->fit[0]->subject[c->evidence->subject[0]]);
    return code;
}

/* From values to groups 0 and 1. */
static em_code number(comparison *c, const em_dataset_column *column, const double *value, em_error *error)
{
    comparison_groups *groups = &c->groups;
    double low = NAN, high = NAN;
    for (size_t s = 0; s < c->evidence->n_subjects; s++) {
        low = fmin(low, value[s]);
        high = fmax(high, value[s]);
    }
    char text[3][80] = {"nothing", "", ""};
    if (!isnan(low)) {
        value_text(column, low, text[0]);
        value_text(column, high, text[1]);
    }
    if (isnan(low) || low == high)
        return em_fail(
            error, EM_INPUT_ERROR,
            "--groups: column '%s' of %s has only '%s' for the subjects that are compared; two values are needed",
            groups->column, groups->table, text[0]);
    for (size_t s = 0; s < c->evidence->n_subjects; s++) {
        if (!isnan(value[s]) && value[s] != low && value[s] != high) {
            value_text(column, value[s], text[2]);
            return em_fail(error, EM_INPUT_ERROR,
                           "--groups: column '%s' of %s has more than two values, '%s', '%s' and '%s' among them; two "
                           "groups can be "
                           "compared",
                           groups->column, groups->table, text[0], text[2], text[1]);
        }
        groups->group[s] = isnan(value[s]) ? -1 : value[s] == high;
        if (isnan(value[s]))
            groups->without[groups->n_without++] = c->evidence->subject[s];
    }
    if (!(groups->value[0] = strdup(text[0])) || !(groups->value[1] = strdup(text[1])))
        return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

/* Without the subjects that have no group. */
static em_code compare_groups(comparison *c, em_error *error)
{
    const size_t n = (size_t)c->n_compared, all = c->evidence->n_subjects;
    double *rows = malloc(all * n * sizeof *rows), *prior = malloc(n * sizeof *prior);
    int *group = malloc(all * sizeof *group);
    size_t kept = 0;
    em_code code = EM_MACHINE;
    if (!rows || !group || !prior)
        (void)em_fail(error, EM_MACHINE, "out of memory");
    else {
        for (size_t k = 0; k < n; k++)
            prior[k] = c->options->prior_count;
        for (size_t s = 0; s < all; s++)
            if (c->groups.group[s] >= 0) {
                memcpy(rows + kept * n, c->evidence->value + s * n, n * sizeof *rows);
                group[kept++] = c->groups.group[s];
            }
        code = em_select_groups(rows, kept, c->n_compared, group, prior, &c->groups.selection, error);
    }
    free(rows);
    free(prior);
    free(group);
    return code;
}

/* The covariates of a dataset as a table with one row a subject. */
static em_code covariates_as_table(const char *path, em_dataset **table, em_error *error)
{
    em_code code = em_dataset_read_frame(path, table, error);
    if (code)
        return code;
    em_dataset *data = *table;
    em_dataset_column *const columns = data->column;
    const int n = data->n_columns;
    data->column = data->covariate;
    data->n_columns = data->n_covariates;
    data->covariate = columns;
    data->n_covariates = n;
    for (size_t s = 0; s <= data->n_subjects; s++)
        data->offset[s] = s;
    if (data->n_columns == 0)
        return em_fail(error, EM_INPUT_ERROR, "--groups: %s has no covariates; import it with --covariates, or name a table", path);
    return EM_OK;
}

static bool is_dataset(const char *path)
{
    const size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".h5") == 0;
}

em_code comparison_make_groups(comparison *c, em_error *error)
{
    em_import_options options = em_import_defaults();
    em_dataset *data = NULL;
    em_dataset_column *column = NULL;
    if (c->options->subject)
        options.subject = c->options->subject;
    double *value = malloc(c->evidence->n_subjects * sizeof *value);
    em_code code = EM_OK;
    c->groups.group = malloc(c->evidence->n_subjects * sizeof *c->groups.group);
    c->groups.without = malloc(c->evidence->n_subjects * sizeof *c->groups.without);
    if (!value || !c->groups.group || !c->groups.without)
        code = em_fail(error, EM_MACHINE, "out of memory");
    if (!code)
        code = split(&c->groups, c->options->groups, error);
    if (!code)
        code = is_dataset(c->groups.table) ? covariates_as_table(c->groups.table, &data, error)
                                           : em_import(c->groups.table, &options, NULL, &data, error);
    if (!code)
        code = find_column(&c->groups, data, &column, error);
    if (!code)
        code = match(c, data, column, value, error);
    if (!code)
        code = number(c, column, value, error);
    if (!code)
        code = compare_groups(c, error);
    free(value);
    em_dataset_free(data);
    return code;
}
