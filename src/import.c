/* From a long table, one row a trial, to a dataset. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "grow.h"
#include "import.h"
#include "import_covariates.h"

/* Rows of one subject that stand together. */
typedef struct run {
    uint32_t subject, rows;
} run;

/* The table of trials. */
typedef struct import {
    em_import_table table;
    run *run;
    size_t runs, room; /* room: runs that fit */
} import;

em_import_options em_import_defaults(void) { return (em_import_options){.subject = "subject"}; }

static em_code on_row(em_import_table *table, size_t line)
{
    (void)line;
    import *im = table->owner;
    run *last = im->runs > 0 ? &im->run[im->runs - 1] : NULL;
    if (!last || last->subject != table->id || last->rows == UINT32_MAX) {
        if (im->runs == im->room) {
            run *grown = em_grow(im->run, &im->room, sizeof *grown, table->error);
            if (!grown)
                return EM_MACHINE;
            im->run = grown;
        }
        last = &im->run[im->runs++];
        *last = (run){.subject = (uint32_t)table->id};
    }
    last->rows++;
    return EM_OK;
}

/* ---- the dataset ----------------------------------------------------------------------------------------------- */

/* offset [subjects + 1] of each subject's rows once they stand together. */
static uint64_t *count_rows(const import *im)
{
    uint64_t *offset = em_new(im->table.ids.n + 1, sizeof *offset, im->table.error);
    for (size_t i = 0; i < im->runs && offset; i++)
        offset[im->run[i].subject + 1] += im->run[i].rows;
    for (size_t s = 0; s < im->table.ids.n && offset; s++)
        offset[s + 1] += offset[s];
    return offset;
}

/* Brings the rows of each subject together in the order in which they came; next [subjects] is room for work. */
static em_code gather(const import *im, em_import_column *column, const uint64_t *offset, uint64_t *next)
{
    double *value = malloc(im->table.rows * sizeof *value), *from = column->value;
    if (!value)
        return em_fail(im->table.error, EM_MACHINE, "out of memory: %zu rows", im->table.rows);
    memcpy(next, offset, im->table.ids.n * sizeof *next);
    for (size_t i = 0; i < im->runs; i++) {
        const run *each = &im->run[i];
        memcpy(value + next[each->subject], from, each->rows * sizeof *value);
        next[each->subject] += each->rows;
        from += each->rows;
    }
    free(column->value);
    column->value = value;
    return EM_OK;
}

static em_code arrange(import *im, const uint64_t *offset)
{
    uint64_t *next = em_new(im->table.ids.n, sizeof *next, im->table.error);
    em_code code = next ? EM_OK : EM_MACHINE;
    bool together = im->runs == im->table.ids.n;
    for (size_t i = 0; i < im->table.fields && !code; i++) {
        em_import_column *column = &im->table.column[i];
        if (i == im->table.subject)
            continue;
        code = em_import_column_end(column, im->table.rows, im->table.path, im->table.log, im->table.error);
        if (code || column->kind == EM_IMPORT_LEFT_OUT)
            continue;
        if (!together) {
            code = gather(im, column, offset, next);
        } else {
            double *fit = realloc(column->value, im->table.rows * sizeof *fit);
            column->value = fit ? fit : column->value;
        }
    }
    free(next);
    return code;
}

/* Hands names, values and levels over to the dataset. */
static em_code hand_over(import *im, em_dataset *data)
{
    em_import_table *table = &im->table;
    data->column = em_new(table->fields, sizeof *data->column, table->error);
    if (!data->column)
        return EM_MACHINE;
    for (size_t i = 0; i < table->fields; i++)
        if (i != table->subject && table->column[i].kind != EM_IMPORT_LEFT_OUT)
            em_import_table_hand_over(&table->column[i], &data->column[data->n_columns++]);
    data->n_rows = data->held = table->rows;
    data->n_subjects = table->ids.n;
    data->id = em_texts_take(&table->ids);
    return EM_OK;
}

static em_code make_dataset(import *im, em_import_table *subjects, em_dataset **data)
{
    em_error *error = im->table.error;
    em_dataset *made = em_new(1, sizeof *made, error);
    if (!made)
        return EM_MACHINE;
    made->offset = count_rows(im);
    em_code code = made->offset ? arrange(im, made->offset) : EM_MACHINE;
    if (!code)
        code = hand_over(im, made);
    if (!code && subjects)
        code = em_import_covariates(subjects, im->table.path, made);
    if (!code)
        code = em_dataset_seal(made, error);
    if (code)
        em_dataset_free(made);
    else
        *data = made;
    return code;
}

/* The table of subjects comes first: it is small, and what options say of its columns is then known. */
static em_code import_all(import *im, em_import_table *subjects, em_code (*read)(em_import_table *table, void *where),
                          void *where, em_dataset **data)
{
    em_code code = subjects ? em_import_covariates_read(subjects) : EM_OK;
    im->table.other = subjects;
    if (!code)
        code = read(&im->table, where);
    return code ? code : make_dataset(im, subjects, data);
}

em_code em_import_make(const em_import_table *trials, em_import_table *subjects,
                       em_code (*read)(em_import_table *table, void *where), void *where, em_dataset **data)
{
import im = {.table = * trials };
    im.table.owner = &im;
    im.table.row = on_row;
    *data = NULL;
    /* Tables have a decimal point whatever the language of the caller. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return em_fail(trials->error, EM_MACHINE, "%s: the locale \"C\" is not available", trials->path);
    locale_t before = uselocale(plain);
    em_code code = import_all(&im, subjects, read, where, data);
    if (subjects)
        em_import_covariates_clear(subjects);
    em_import_table_clear(&im.table);
    free(im.run);
    uselocale(before);
    freelocale(plain);
    return code;
}

static em_code read_one(em_import_table *table, void *where)
{
    (void)where;
    return em_import_table_read(table, "trials");
}

em_code em_import(const char *path, const em_import_options *options, const em_log *log, em_dataset **data,
                  em_error *error)
{
    em_import_options defaults = em_import_defaults();
    em_import_table table = {.path = path, .options = options ? options : &defaults, .log = log, .error = error};
    table.subject_name = table.options->subject ? table.options->subject : defaults.subject;
    em_import_table subjects = table;
    subjects.path = table.options->covariates;
    return em_import_make(&table, subjects.path ? &subjects : NULL, read_one, NULL, data);
}
