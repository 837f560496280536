#include "import_table.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "number.h"

/* ---- the header line ------------------------------------------------------------------------------------------- */

/* The names of the columns for a message, as many as fit. */
static const char *list_columns(const em_import_table *t, char list[EM_LISTED])
{
    *list = '\0';
    for (size_t i = 0; i < t->fields; i++)
        em_text_list(list, t->column[i].name);
    return list;
}

static em_code take_name(em_import_table *t, size_t field, const char *text, size_t n, size_t line)
{
    char shown[EM_SHOWN];
    em_import_place place = {t->path, line};
    if (!em_text_is_utf8(text, n))
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: line %zu: the header line, '%s', is not UTF-8, or has a control character; a table is text, CSV or TSV in UTF-8",
                       place.path, line, em_text_shown(text, n, shown));
    if (n == 0)
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: line %zu: column %zu has no name; give it one or remove it (row numbers: index=False in "
                       "pandas, row.names=FALSE in R)",
                       place.path, line, field + 1);
    if (em_texts_find(&t->names, text, n) != EM_TEXTS_NONE)
        return em_import_refuse(place, text, t->error, "this name stands there twice; names must differ");
    return em_texts_add(&t->names, text, n, t->error) == EM_TEXTS_NONE ? EM_MACHINE : EM_OK;
}

static em_import_column *find(const em_import_table *t, const char *name)
{
    for (size_t i = 0; i < t->fields; i++)
        if (strcmp(t->column[i].name, name) == 0)
            return &t->column[i];
    return NULL;
}

static em_code no_column(const em_import_table *t, const char *name, const char *option)
{
    char list[EM_LISTED], others[EM_LISTED], shown[EM_SHOWN];
    em_text_shown(name, strlen(name), shown);
    if (t->other)
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: %s: there is no column '%s'; the columns are: %s; those of %s: %s", t->path, option, shown,
                       list_columns(t, list), t->other->path, list_columns(t->other, others));
    return em_fail(t->error, EM_INPUT_ERROR, "%s: %s: there is no column '%s'; the columns are: %s", t->path, option,
                   shown, list_columns(t, list));
}

/* What an option means here. An option may mean a column of the other table alone: *column is then NULL. `there`: the
 * other table has this column. */
static em_code find_column(const em_import_table *t, const char *name, bool there, const char *option,
                           em_import_column **column)
{
    char shown[EM_SHOWN];
    *column = find(t, name);
    if (!*column)
        return there || t->lenient ? EM_OK : no_column(t, name, option);
    if (there)
        em_say(t->log, "%s: a column '%s' is in %s and in %s; both are meant", option,
               em_text_shown(name, strlen(name), shown), t->path, t->other->path);
    return EM_OK;
}

/* All at once, so that two columns can change names. */
static em_code rename_columns(em_import_table *t)
{
    char **name = em_new(t->fields, sizeof *name, t->error);
    em_code code = name ? EM_OK : EM_MACHINE;
    for (int i = 0; i < t->options->n_rename && !code; i++) {
        const em_rename *rename = &t->options->rename[i];
        const bool there =
            t->other && em_texts_find(&t->other->names, rename->from, strlen(rename->from)) != EM_TEXTS_NONE;
        em_import_column *column = NULL;
        char from[EM_SHOWN];
        em_text_shown(rename->from, strlen(rename->from), from);
        if ((code = find_column(t, rename->from, there, "--rename", &column)) || !column)
            continue;
        if (name[column - t->column])
            code = em_fail(t->error, EM_INPUT_ERROR, "--rename: column '%s' is given two new names", from);
        else if (!*rename->to || !em_text_is_utf8(rename->to, strlen(rename->to)))
            code = em_fail(t->error, EM_INPUT_ERROR, "--rename: the new name of column '%s' is %s", from,
                           *rename->to ? "not UTF-8" : "empty");
        else if (!(name[column - t->column] = em_copy(rename->to, t->error)))
            code = EM_MACHINE;
    }
    for (size_t i = 0; i < t->fields && name; i++)
        if (name[i] && !code) {
            free(t->column[i].name);
            t->column[i].name = name[i];
        } else {
            free(name[i]);
        }
    free(name);
    return code;
}

static em_code check_renamed(const em_import_table *t)
{
    char shown[EM_SHOWN];
    em_texts seen = {0};
    em_code code = EM_OK;
    for (size_t i = 0; i < t->fields && !code; i++) {
        const char *name = t->column[i].name;
        size_t n = strlen(name);
        if (em_texts_find(&seen, name, n) != EM_TEXTS_NONE)
            code =
                em_fail(t->error, EM_INPUT_ERROR, "%s: --rename: two columns would have the name '%s'; choose another",
                        t->path, em_text_shown(name, n, shown));
        else if (em_texts_add(&seen, name, n, t->error) == EM_TEXTS_NONE)
            code = EM_MACHINE;
    }
    em_texts_clear(&seen);
    return code;
}

/* Ids have the column that the user named; in a table of subjects it may as well be called `subject`. */
static em_code find_subject(em_import_table *t, size_t line)
{
    char list[EM_LISTED], shown[EM_SHOWN];
    const char *name = t->subject_name;
    const em_import_column *column = find(t, name);
    if (!column && t->lenient)
        column = find(t, "subject");
    if (!column)
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: line %zu: no column '%s' that tells subjects apart; name it with --subject COLUMN. The "
                       "%s: %s",
                       t->path, line, em_text_shown(name, strlen(name), shown),
                       t->fields == 1 ? "only column (commas or tabs stand between columns) is" : "columns are",
                       list_columns(t, list));
    t->subject = (size_t)(column - t->column);
    name = column->name;
    if (t->fields == 1)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: line %zu: there is no column besides '%s'", t->path, line,
                       em_text_shown(name, strlen(name), shown));
    /* In a dataset the name `subject` belongs to the ids. */
    for (size_t i = 0; i < t->fields; i++)
        if (i != t->subject && strcmp(t->column[i].name, "subject") == 0) {
            t->column[i].kind = EM_IMPORT_LEFT_OUT;
            em_say(t->log, "column 'subject' is left out, as '%s' tells subjects apart",
                   em_text_shown(name, strlen(name), shown));
        }
    return EM_OK;
}

/* The column that --levels or --base speaks of; NULL where it is one of the other table. */
static em_code option_column(const em_import_table *t, const char *name, const char *option, em_import_column **column)
{
    char shown[EM_SHOWN];
    const em_import_column *others = t->other ? find(t->other, name) : NULL;
    em_code code = find_column(t, name, others && others != &t->other->column[t->other->subject], option, column);
    if (code || !*column)
        return code;
    em_text_shown(name, strlen(name), shown);
    if (*column == &t->column[t->subject])
        return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' tells subjects apart and has no codes", option,
                       shown);
    if ((*column)->kind == EM_IMPORT_LEFT_OUT)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' is left out, as another one tells subjects apart",
                       option, shown);
    if ((*column)->given || (*column)->base)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' already has its %s; one of them is enough", option,
                       shown, (*column)->given ? "--levels" : "--base");
    return EM_OK;
}

static em_code apply_options(em_import_table *t)
{
    const em_import_options *options = t->options;
    em_import_column *column = NULL;
    em_code code = EM_OK;
    for (int i = 0; i < options->n_levels && !code; i++) {
        code = option_column(t, options->levels[i].column, "--levels", &column);
        if (!code && column)
            code = em_import_column_levels(column, &options->levels[i], t->error);
    }
    for (int i = 0; i < options->n_base && !code; i++) {
        code = option_column(t, options->base[i].column, "--base", &column);
        if (!code && column)
            column->base = &options->base[i];
    }
    return code;
}

static em_code end_header(em_import_table *t, size_t line)
{
    t->header = true;
    t->column = em_new(t->names.n, sizeof *t->column, t->error);
    if (!t->column)
        return EM_MACHINE;
    for (; t->fields < t->names.n; t->fields++)
        if (!(t->column[t->fields].name = em_copy(t->names.text[t->fields], t->error)))
            return EM_MACHINE;
    em_code code = EM_OK;
    if ((code = rename_columns(t)) || (code = check_renamed(t)) || (code = find_subject(t, line)))
        return code;
    return apply_options(t);
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static bool is_id(const em_import_table *t, size_t id, const char *text, size_t n)
{
    return id < t->ids.n && strncmp(t->ids.text[id], text, n) == 0 && t->ids.text[id][n] == '\0';
}

static em_code new_subject(em_import_table *t, const char *text, size_t n, size_t line)
{
    char shown[EM_SHOWN];
    em_import_place place = {t->path, line};
    const char *name = t->column[t->subject].name;
    double x;
    if (em_number_read(text, n, &x) == EM_CELL_MISSING)
        return em_import_refuse(place, name, t->error, "there is no subject ('%s'), and every row needs one",
                                em_text_shown(text, n, shown));
    if (!em_text_is_utf8(text, n))
        return em_import_refuse(place, name, t->error, "'%s' is not UTF-8, or has a control character; save the table as text in UTF-8",
                                em_text_shown(text, n, shown));
    t->id = em_texts_add(&t->ids, text, n, t->error);
    return t->id == EM_TEXTS_NONE ? EM_MACHINE : EM_OK;
}

static em_code take_subject(em_import_table *t, const char *text, size_t n, size_t line)
{
    /* Most often it is the subject of the row before or, in a table by trial, the one who came next the first time. */
    size_t next = t->id + 1 < t->ids.n ? t->id + 1 : 0;
    if (is_id(t, t->id, text, n))
        return EM_OK;
    t->id = is_id(t, next, text, n) ? next : em_texts_find(&t->ids, text, n);
    return t->id == EM_TEXTS_NONE ? new_subject(t, text, n, line) : EM_OK;
}

static em_code on_cell(void *where, size_t field, const char *text, size_t n, size_t line)
{
    em_import_table *t = where;
    if (!t->header)
        return take_name(t, field, text, n, line);
    if (field >= t->fields)
        return EM_OK; /* on_row refuses the row and says how long it is */
    if (field == t->subject)
        return take_subject(t, text, n, line);
    return em_import_column_take(&t->column[field], t->rows, text, n, (em_import_place){t->path, line}, t->error);
}

static em_code on_row(void *where, size_t fields, size_t line)
{
    em_import_table *t = where;
    if (!t->header)
        return end_header(t, line);
    if (fields != t->fields) {
        char list[EM_LISTED];
        return em_fail(t->error, EM_INPUT_ERROR, "%s: line %zu has %zu cell%s, but the header line has %zu: %s",
                       t->path, line, fields, fields == 1 ? "" : "s", t->fields, list_columns(t, list));
    }
    em_code code = t->row(t, line);
    t->rows++;
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

em_code em_import_table_read(em_import_table *t, const char *what)
{
    em_table_sink sink = {on_cell, on_row, t};
    em_code code = em_table_read(t->path, &sink, t->error);
    if (!code && !t->header)
        code =
            em_fail(t->error, EM_INPUT_ERROR, "%s has only blank lines; a table with a header line is needed", t->path);
    if (!code && t->rows == 0)
        code = em_fail(t->error, EM_INPUT_ERROR, "%s: there are no %s, nothing stands below the header line", t->path,
                       what);
    return code;
}

void em_import_table_clear(em_import_table *t)
{
    for (size_t i = 0; i < t->fields; i++)
        em_import_column_clear(&t->column[i]);
    free(t->column);
    em_texts_clear(&t->names);
    em_texts_clear(&t->ids);
}

void em_import_table_hand_over(em_import_column *from, em_dataset_column *to)
{
    *to = (em_dataset_column){.name = from->name, .value = from->value, .levels_given = from->given};
    if (from->kind == EM_IMPORT_TEXT) {
        to->n_levels = (int)from->levels.n;
        to->level = em_texts_take(&from->levels);
    }
    from->name = NULL;
    from->value = NULL;
}
