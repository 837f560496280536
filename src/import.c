/* From a long table, one row a trial, to a dataset. */
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "grow.h"
#include "import_column.h"
#include "number.h"
#include "table.h"

/* Rows of one subject that stand together. */
typedef struct run {
    uint32_t subject, rows;
} run;

typedef struct import {
    const char *path;
    const em_import_options *options;
    const char *subject_name;
    const em_log *log;
    em_error *error;
    bool header;              /* the header line has been read */
    em_texts names;           /* as the header line has them; left to `column` when it ends */
    em_import_column *column; /* [fields] that of the subject is never filled */
    size_t fields, subject;   /* subject: the field that holds the ids */
    em_texts ids;
    size_t id;                /* number of the subject of this row */
    run *run;
    size_t runs, room;        /* room: runs that fit */
    size_t rows;
} import;

em_import_options em_import_defaults(void)
{
    return (em_import_options){.subject = "subject"};
}

/* ---- the header line ------------------------------------------------------------------------------------------- */

/* The names of the columns for a message, as many as fit. */
static const char *list_columns(const import *im, char list[EM_LISTED])
{
    *list = '\0';
    for (size_t i = 0; i < im->fields; i++)
        em_text_list(list, im->column[i].name);
    return list;
}

static em_code take_name(import *im, size_t field, const char *text, size_t n, size_t line)
{
    char shown[EM_SHOWN];
    em_import_place place = {im->path, line};
    if (!em_text_is_utf8(text, n))
        return em_fail(im->error, EM_INPUT_ERROR,
                       "%s: line %zu: the header line, '%s', is not UTF-8; a table is text, CSV or TSV in UTF-8",
                       place.path, line, em_text_shown(text, n, shown));
    if (n == 0)
        return em_fail(im->error, EM_INPUT_ERROR,
                       "%s: line %zu: column %zu has no name; give it one or remove it (row numbers: index=False in "
                       "pandas, row.names=FALSE in R)",
                       place.path, line, field + 1);
    if (em_texts_find(&im->names, text, n) != EM_TEXTS_NONE)
        return em_import_refuse(place, text, im->error, "this name stands there twice; names must differ");
    return em_texts_add(&im->names, text, n, im->error) == EM_TEXTS_NONE ? EM_MACHINE : EM_OK;
}

/* The column of this name; NULL with the error filled where there is none. */
static em_import_column *find_column(const import *im, const char *name, const char *option)
{
    char list[EM_LISTED], shown[EM_SHOWN];
    for (size_t i = 0; i < im->fields; i++)
        if (strcmp(im->column[i].name, name) == 0)
            return &im->column[i];
    (void)em_fail(im->error, EM_INPUT_ERROR, "%s: %s: there is no column '%s'; the columns are: %s", im->path, option,
                  em_text_shown(name, strlen(name), shown), list_columns(im, list));
    return NULL;
}

/* All at once, so that two columns can change names. */
static em_code rename_columns(import *im)
{
    char **name = em_new(im->fields, sizeof *name, im->error);
    em_code code = name ? EM_OK : EM_MACHINE;
    for (int i = 0; i < im->options->n_rename && !code; i++) {
        const em_rename *rename = &im->options->rename[i];
        em_import_column *column = find_column(im, rename->from, "--rename");
        char from[EM_SHOWN];
        em_text_shown(rename->from, strlen(rename->from), from);
        if (!column)
            code = EM_INPUT_ERROR;
        else if (name[column - im->column])
            code = em_fail(im->error, EM_INPUT_ERROR, "--rename: column '%s' is given two new names", from);
        else if (!*rename->to || !em_text_is_utf8(rename->to, strlen(rename->to)))
            code = em_fail(im->error, EM_INPUT_ERROR, "--rename: the new name of column '%s' is %s", from,
                           *rename->to ? "not UTF-8" : "empty");
        else if (!(name[column - im->column] = em_copy(rename->to, im->error)))
            code = EM_MACHINE;
    }
    for (size_t i = 0; i < im->fields && name; i++)
        if (name[i] && !code) {
            free(im->column[i].name);
            im->column[i].name = name[i];
        } else {
            free(name[i]);
        }
    free(name);
    return code;
}

static em_code check_renamed(const import *im)
{
    char shown[EM_SHOWN];
    em_texts seen = {0};
    em_code code = EM_OK;
    for (size_t i = 0; i < im->fields && !code; i++) {
        const char *name = im->column[i].name;
        size_t n = strlen(name);
        if (em_texts_find(&seen, name, n) != EM_TEXTS_NONE)
            code = em_fail(im->error, EM_INPUT_ERROR,
                           "%s: --rename: two columns would have the name '%s'; choose another", im->path,
                           em_text_shown(name, n, shown));
        else if (em_texts_add(&seen, name, n, im->error) == EM_TEXTS_NONE)
            code = EM_MACHINE;
    }
    em_texts_clear(&seen);
    return code;
}

static em_code find_subject(import *im, size_t line)
{
    char list[EM_LISTED], shown[EM_SHOWN];
    const char *name = im->subject_name;
    im->subject = im->fields;
    for (size_t i = 0; i < im->fields; i++)
        if (strcmp(im->column[i].name, name) == 0)
            im->subject = i;
    if (im->subject == im->fields)
        return em_fail(im->error, EM_INPUT_ERROR,
                       "%s: line %zu: no column '%s' that tells subjects apart; name it with --subject COLUMN. The "
                       "%s: %s",
                       im->path, line, em_text_shown(name, strlen(name), shown),
                       im->fields == 1 ? "only column (commas or tabs stand between columns) is" : "columns are",
                       list_columns(im, list));
    if (im->fields == 1)
        return em_fail(im->error, EM_INPUT_ERROR, "%s: line %zu: there is no column besides '%s'", im->path, line,
                       em_text_shown(name, strlen(name), shown));
    /* In a dataset the name `subject` belongs to the ids. */
    for (size_t i = 0; i < im->fields; i++)
        if (i != im->subject && strcmp(im->column[i].name, "subject") == 0) {
            im->column[i].kind = EM_IMPORT_LEFT_OUT;
            em_say(im->log, "column 'subject' is left out, as '%s' tells subjects apart",
                   em_text_shown(name, strlen(name), shown));
        }
    return EM_OK;
}

/* A column that an option speaks of; NULL with the error filled where the option cannot mean it. */
static em_import_column *option_column(const import *im, const char *name, const char *option)
{
    char shown[EM_SHOWN];
    em_import_column *column = find_column(im, name, option);
    if (!column)
        return NULL;
    em_text_shown(name, strlen(name), shown);
    if (column == &im->column[im->subject])
        (void)em_fail(im->error, EM_INPUT_ERROR, "%s: column '%s' tells subjects apart and has no codes", option,
                      shown);
    else if (column->kind == EM_IMPORT_LEFT_OUT)
        (void)em_fail(im->error, EM_INPUT_ERROR, "%s: column '%s' is left out, as another one tells subjects apart",
                      option, shown);
    else if (column->given || column->base)
        (void)em_fail(im->error, EM_INPUT_ERROR, "%s: column '%s' already has its %s; one of them is enough", option,
                      shown, column->given ? "--levels" : "--base");
    else
        return column;
    return NULL;
}

static em_code apply_options(import *im)
{
    const em_import_options *options = im->options;
    em_code code = EM_OK;
    for (int i = 0; i < options->n_levels && !code; i++) {
        em_import_column *column = option_column(im, options->levels[i].column, "--levels");
        code = column ? em_import_column_levels(column, &options->levels[i], im->error) : EM_INPUT_ERROR;
    }
    for (int i = 0; i < options->n_base && !code; i++) {
        em_import_column *column = option_column(im, options->base[i].column, "--base");
        if (column)
            column->base = &options->base[i];
        else
            code = EM_INPUT_ERROR;
    }
    return code;
}

static em_code end_header(import *im, size_t line)
{
    size_t fields = im->names.n;
    im->column = em_new(fields, sizeof *im->column, im->error);
    if (!im->column)
        return EM_MACHINE;
    im->fields = fields;
    char **name = em_texts_take(&im->names);
    for (size_t i = 0; i < fields; i++)
        im->column[i].name = name[i];
    free(name);
    im->header = true;
    em_code code = EM_OK;
    if ((code = rename_columns(im)) || (code = check_renamed(im)) || (code = find_subject(im, line)))
        return code;
    return apply_options(im);
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static bool is_id(const import *im, size_t id, const char *text, size_t n)
{
    return id < im->ids.n && strncmp(im->ids.text[id], text, n) == 0 && im->ids.text[id][n] == '\0';
}

static em_code new_subject(import *im, const char *text, size_t n, size_t line)
{
    char shown[EM_SHOWN];
    em_import_place place = {im->path, line};
    const char *name = im->column[im->subject].name;
    double x;
    if (em_number_read(text, n, &x) == EM_CELL_MISSING)
        return em_import_refuse(place, name, im->error, "there is no subject ('%s'), and every trial needs one",
                                em_text_shown(text, n, shown));
    if (!em_text_is_utf8(text, n))
        return em_import_refuse(place, name, im->error, "'%s' is not UTF-8; save the table as text in UTF-8",
                                em_text_shown(text, n, shown));
    im->id = em_texts_add(&im->ids, text, n, im->error);
    return im->id == EM_TEXTS_NONE ? EM_MACHINE : EM_OK;
}

static em_code take_subject(import *im, const char *text, size_t n, size_t line)
{
    /* Most often it is the subject of the row before or, in a table by trial, the one who came next the first time. */
    size_t next = im->id + 1 < im->ids.n ? im->id + 1 : 0;
    if (is_id(im, im->id, text, n))
        return EM_OK;
    im->id = is_id(im, next, text, n) ? next : em_texts_find(&im->ids, text, n);
    return im->id == EM_TEXTS_NONE ? new_subject(im, text, n, line) : EM_OK;
}

static em_code on_cell(void *where, size_t field, const char *text, size_t n, size_t line)
{
    import *im = where;
    if (!im->header)
        return take_name(im, field, text, n, line);
    if (field >= im->fields)
        return EM_OK; /* on_row refuses the row and says how long it is */
    if (field == im->subject)
        return take_subject(im, text, n, line);
    return em_import_column_take(&im->column[field], im->rows, text, n, (em_import_place){im->path, line}, im->error);
}

static em_code on_row(void *where, size_t fields, size_t line)
{
    import *im = where;
    if (!im->header)
        return end_header(im, line);
    if (fields != im->fields) {
        char list[EM_LISTED];
        return em_fail(im->error, EM_INPUT_ERROR, "%s: line %zu has %zu cell%s, but the header line has %zu: %s",
                       im->path, line, fields, fields == 1 ? "" : "s", im->fields, list_columns(im, list));
    }
    run *last = im->runs > 0 ? &im->run[im->runs - 1] : NULL;
    if (!last || last->subject != im->id || last->rows == UINT32_MAX) {
        if (im->runs == im->room) {
            run *grown = em_grow(im->run, &im->room, sizeof *grown, im->error);
            if (!grown)
                return EM_MACHINE;
            im->run = grown;
        }
        last = &im->run[im->runs++];
        *last = (run){.subject = (uint32_t)im->id};
    }
    last->rows++;
    im->rows++;
    return EM_OK;
}

/* ---- the dataset ----------------------------------------------------------------------------------------------- */

/* offset [subjects + 1] of each subject's rows once they stand together. */
static uint64_t *count_rows(const import *im)
{
    uint64_t *offset = em_new(im->ids.n + 1, sizeof *offset, im->error);
    for (size_t i = 0; i < im->runs && offset; i++)
        offset[im->run[i].subject + 1] += im->run[i].rows;
    for (size_t s = 0; s < im->ids.n && offset; s++)
        offset[s + 1] += offset[s];
    return offset;
}

/* Brings the rows of each subject together in the order in which they came; next [subjects] is room for work. */
static em_code gather(const import *im, em_import_column *column, const uint64_t *offset, uint64_t *next)
{
    double *value = malloc(im->rows * sizeof *value), *from = column->value;
    if (!value)
        return em_fail(im->error, EM_MACHINE, "out of memory: %zu rows", im->rows);
    memcpy(next, offset, im->ids.n * sizeof *next);
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
    uint64_t *next = em_new(im->ids.n, sizeof *next, im->error);
    em_code code = next ? EM_OK : EM_MACHINE;
    bool together = im->runs == im->ids.n;
    for (size_t i = 0; i < im->fields && !code; i++) {
        em_import_column *column = &im->column[i];
        if (i == im->subject)
            continue;
        code = em_import_column_end(column, im->rows, im->path, im->log, im->error);
        if (code || column->kind == EM_IMPORT_LEFT_OUT)
            continue;
        if (!together) {
            code = gather(im, column, offset, next);
        } else {
            double *fit = realloc(column->value, im->rows * sizeof *fit);
            column->value = fit ? fit : column->value;
        }
    }
    free(next);
    return code;
}

/* Hands names, values and levels over to the dataset. */
static em_code hand_over(import *im, em_dataset *data)
{
    data->column = em_new(im->fields, sizeof *data->column, im->error);
    if (!data->column)
        return EM_MACHINE;
    for (size_t i = 0; i < im->fields; i++) {
        em_import_column *from = &im->column[i];
        if (i == im->subject || from->kind == EM_IMPORT_LEFT_OUT)
            continue;
        em_dataset_column *to = &data->column[data->n_columns++];
        *to = (em_dataset_column){.name = from->name, .value = from->value, .levels_given = from->given};
        if (from->kind == EM_IMPORT_TEXT) {
            to->n_levels = (int)from->levels.n;
            to->level = em_texts_take(&from->levels);
        }
        from->name = NULL;
        from->value = NULL;
    }
    data->n_rows = data->held = im->rows;
    data->n_subjects = im->ids.n;
    data->id = em_texts_take(&im->ids);
    return EM_OK;
}

static em_code make_dataset(import *im, em_dataset **data)
{
    if (!im->header)
        return em_fail(im->error, EM_INPUT_ERROR, "%s has only blank lines; a table with a header line is needed",
                       im->path);
    if (im->rows == 0)
        return em_fail(im->error, EM_INPUT_ERROR, "%s: there are no trials, nothing stands below the header line",
                       im->path);
    em_dataset *made = em_new(1, sizeof *made, im->error);
    if (!made)
        return EM_MACHINE;
    made->offset = count_rows(im);
    em_code code = made->offset ? arrange(im, made->offset) : EM_MACHINE;
    if (!code)
        code = hand_over(im, made);
    if (!code)
        code = em_dataset_seal(made, im->error);
    if (code)
        em_dataset_free(made);
    else
        *data = made;
    return code;
}

static void clear(import *im)
{
    for (size_t i = 0; i < im->fields; i++)
        em_import_column_clear(&im->column[i]);
    free(im->column);
    free(im->run);
    em_texts_clear(&im->names);
    em_texts_clear(&im->ids);
}

em_code em_import(const char *path, const em_import_options *options, const em_log *log, em_dataset **data,
                  em_error *error)
{
    em_import_options defaults = em_import_defaults();
    import im = {.path = path, .options = options ? options : &defaults, .log = log, .error = error};
    im.subject_name = im.options->subject ? im.options->subject : defaults.subject;
    *data = NULL;
    /* Tables have a decimal point whatever the language of the caller. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return em_fail(error, EM_MACHINE, "%s: the locale \"C\" is not available", path);
    locale_t before = uselocale(plain);
    em_table_sink sink = {on_cell, on_row, &im};
    em_code code = em_table_read(path, &sink, error);
    if (!code)
        code = make_dataset(&im, data);
    clear(&im);
    uselocale(before);
    freelocale(plain);
    return code;
}
