#include "import_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "grow.h"
#include "number.h"

/* ---- the header line ------------------------------------------------------------------------------------------- */

/* The names of the columns of this file for a message, as many as fit. */
static const char *list_columns(const em_import_table *t, char list[EM_LISTED])
{
    *list = '\0';
    for (size_t i = 0; i < t->n_fields; i++)
        if (*t->field[i].name)
            em_text_list(list, t->field[i].name);
    return list;
}

static em_code take_name(em_import_table *t, size_t field, const char *text, size_t n, size_t line)
{
    char shown[EM_SHOWN];
    em_import_place place = {t->path, line};
    if (!em_text_is_utf8(text, n))
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: line %zu: the header line, '%s', is not UTF-8, or has a control character; a table is "
                       "text, CSV or TSV in UTF-8",
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

/* The field of this file, or NULL. */
static em_import_field *find(const em_import_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (strcmp(t->field[i].name, name) == 0)
            return &t->field[i];
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

/* What an option means here. An option may mean a column of the other table alone: *field is then NULL. `there`: the
 * other table has this column. */
static em_code find_column(const em_import_table *t, const char *name, bool there, const char *option,
                           em_import_field **field)
{
    char shown[EM_SHOWN];
    *field = find(t, name);
    if (!*field)
        return there || t->lenient ? EM_OK : no_column(t, name, option);
    if (there && t->files == 0)
        em_say(t->log, "%s: a column '%s' is in %s and in %s; both are meant", option,
               em_text_shown(name, strlen(name), shown), t->path, t->other->path);
    return EM_OK;
}

static em_code rename_column(em_import_table *t, const em_rename *rename, char **name)
{
    const bool there = t->other && em_texts_find(&t->other->names, rename->from, strlen(rename->from)) != EM_TEXTS_NONE;
    em_import_field *field = NULL;
    char from[EM_SHOWN];
    /* One of several files may have the new name already. */
    if (!t->subject_name && !find(t, rename->from) && find(t, rename->to))
        return EM_OK;
    em_code code = find_column(t, rename->from, there, "--rename", &field);
    if (code || !field)
        return code;
    em_text_shown(rename->from, strlen(rename->from), from);
    t->renamed[rename - t->options->rename] = true;
    char **new_name = &name[field - t->field];
    if (*new_name)
        return em_fail(t->error, EM_INPUT_ERROR, "--rename: column '%s' is given two new names", from);
    if (!*rename->to || !em_text_is_utf8(rename->to, strlen(rename->to)))
        return em_fail(t->error, EM_INPUT_ERROR, "--rename: the new name of column '%s' is %s", from,
                       *rename->to ? "not UTF-8" : "empty");
    *new_name = em_copy(rename->to, t->error);
    return *new_name ? EM_OK : EM_MACHINE;
}

/* All at once, so that two columns can change names. */
static em_code rename_columns(em_import_table *t)
{
    char **name = em_new(t->n_fields, sizeof *name, t->error);
    em_code code = name ? EM_OK : EM_MACHINE;
    for (int i = 0; i < t->options->n_rename && !code; i++)
        code = rename_column(t, &t->options->rename[i], name);
    for (size_t i = 0; i < t->n_fields && name; i++)
        if (name[i] && !code) {
            free(t->field[i].name);
            t->field[i].name = name[i];
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
    for (size_t i = 0; i < t->n_fields && !code; i++) {
        const char *name = t->field[i].name;
        size_t n = strlen(name);
        if (n == 0)
            continue;
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

/* In a dataset the name `subject` belongs to the ids. */
static void leave_out_subject(em_import_table *t, const char *teller)
{
    for (size_t i = 0; i < t->fields; i++)
        if (i != t->subject && t->column[i].kind != EM_IMPORT_LEFT_OUT && strcmp(t->column[i].name, "subject") == 0) {
            t->column[i].kind = EM_IMPORT_LEFT_OUT;
            em_say(t->log, "column 'subject' is left out, as %s tell%s subjects apart", teller,
                   t->subject_name ? "s" : "");
        }
}

/* Ids have the column that the user named; in a table of subjects it may as well be called `subject`. */
static em_code find_subject(em_import_table *t, size_t line)
{
    char list[EM_LISTED], shown[EM_SHOWN], teller[EM_SHOWN + 2];
    const char *name = t->subject_name;
    const em_import_field *field = find(t, name);
    if (!field && t->lenient)
        field = find(t, "subject");
    if (!field)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: line %zu: no column '%s' that tells subjects apart%s. The %s: %s",
                       t->path, line, em_text_shown(name, strlen(name), shown),
                       t->prefix ? "" : "; name it with --subject COLUMN",
                       t->n_fields == 1 ? "only column (commas or tabs stand between columns) is" : "columns are",
                       list_columns(t, list));
    t->subject = field->column;
    em_text_shown(field->name, strlen(field->name), shown);
    if (t->n_fields == 1 && !t->unasked)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: line %zu: there is no column besides '%s'", t->path, line, shown);
    snprintf(teller, sizeof teller, "'%s'", shown);
    leave_out_subject(t, teller);
    return EM_OK;
}

/* The column that --levels or --base speaks of; NULL where it is one of the other table. */
static em_code option_column(const em_import_table *t, const char *name, const char *option, em_import_column **column)
{
    char shown[EM_SHOWN];
    const em_import_field *others = t->other ? find(t->other, name) : NULL;
    em_import_field *field = NULL;
    em_code code = find_column(t, name, others && others->column != t->other->subject, option, &field);
    *column = field ? &t->column[field->column] : NULL;
    if (code || !*column)
        return code;
    em_text_shown(name, strlen(name), shown);
    if (field->column == t->subject)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' tells subjects apart and has no codes", option,
                       shown);
    if ((*column)->kind == EM_IMPORT_LEFT_OUT && strcmp(name, "subject") == 0)
        return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' is left out, as another one tells subjects apart",
                       option, shown);
    return EM_OK;
}

static em_code both_options(const em_import_table *t, const em_import_column *column, const char *option)
{
    char shown[EM_SHOWN];
    return em_fail(t->error, EM_INPUT_ERROR, "%s: column '%s' already has its %s; one of them is enough", option,
                   em_text_shown(column->name, strlen(column->name), shown), column->given ? "--levels" : "--base");
}

static bool is_missing(const em_import_options *options, const char *text, size_t n)
{
    for (int i = 0; i < options->n_missing; i++)
        if (em_import_is_value(text, n, options->missing[i]))
            return true;
    return false;
}

static em_code apply_levels(em_import_table *t, const em_levels *levels)
{
    em_import_column *column = NULL;
    em_code code = option_column(t, levels->column, "--levels", &column);
    if (code || !column || column->given == levels) /* done with a file before */
        return code;
    if (column->given || column->base)
        return both_options(t, column, "--levels");
    for (int i = 0; i < levels->n; i++)
        if (is_missing(t->options, levels->level[i], strlen(levels->level[i])))
            return em_fail(t->error, EM_INPUT_ERROR, "levels of column '%s': '%s' stands for a missing value (--missing), which is no level",
                           levels->column, levels->level[i]);
    return em_import_column_levels(column, levels, t->error);
}

static em_code apply_base(em_import_table *t, const em_base *base)
{
    em_import_column *column = NULL;
    em_code code = option_column(t, base->column, "--base", &column);
    if (code || !column || column->base == base)
        return code;
    if (column->given || column->base)
        return both_options(t, column, "--base");
    column->base = base;
    return EM_OK;
}

/* Which fields tell whether a row is a trial. */
static em_code apply_keep(em_import_table *t)
{
    for (int i = 0; i < t->keep.n; i++) {
        const em_import_field *field = find(t, t->keep.rule[i].column);
        if (!field)
            return no_column(t, t->keep.rule[i].column, "--trials");
        t->keep.field[i] = (size_t)(field - t->field);
    }
    return EM_OK;
}

static em_code apply_options(em_import_table *t)
{
    const em_import_options *options = t->options;
    em_code code = EM_OK;
    for (int i = 0; i < options->n_levels && !code; i++)
        code = apply_levels(t, &options->levels[i]);
    for (int i = 0; i < options->n_base && !code; i++)
        code = apply_base(t, &options->base[i]);
    return code ? code : apply_keep(t);
}

static void clear_fields(em_import_table *t)
{
    for (size_t i = 0; i < t->n_fields; i++)
        free(t->field[i].name);
    free(t->field);
    free(t->absent);
    t->field = NULL;
    t->absent = NULL;
    t->n_fields = t->n_absent = 0;
}

/* The fields of this file, with the names that they have there. */
static em_code make_fields(em_import_table *t)
{
    t->field = em_new(t->names.n + t->n_extra, sizeof *t->field, t->error);
    if (!t->field)
        return EM_MACHINE;
    for (; t->n_fields < t->names.n + t->n_extra; t->n_fields++) {
        const size_t i = t->n_fields;
        const char *name = i < t->names.n ? t->names.text[i] : t->extra[i - t->names.n].name;
        if (!(t->field[i].name = em_copy(name, t->error)))
            return EM_MACHINE;
    }
    return EM_OK;
}

/* Extra columns make way for a column of the file that has their name. From here on the names of an extra column that
 * is left out is empty, which is no name. */
static void make_way(em_import_table *t)
{
    for (size_t i = 0; i < t->n_extra; i++) {
        em_import_field *extra = &t->field[t->names.n + i];
        if (find(t, extra->name) != extra) {
            *extra->name = '\0';
            t->extra[i].replaced = true;
        }
    }
}

/* Adds a column whose rows so far are missing; `name`: as the file has it. */
static em_code add_column(em_import_table *t, em_import_field *field, const char *name)
{
    if (t->fields == t->room) {
        em_import_column *grown = em_grow(t->column, &t->room, sizeof *grown, t->error);
        if (!grown)
            return EM_MACHINE;
        t->column = grown;
    }
    em_import_column *column = &t->column[t->fields];
    *column = (em_import_column){.late = t->files > 0, .capacity = t->rows};
    column->name = em_copy(field->name, t->error);
    column->value = em_new(column->capacity, sizeof *column->value, t->error);
    field->column = t->fields++;
    if (!column->name || !column->value)
        return EM_MACHINE;
    for (size_t i = 0; i < t->rows; i++)
        column->value[i] = NAN;
    return t->order ? t->order(t, name, &column->order) : EM_OK;
}

static size_t column_of(const em_import_table *t, const char *name)
{
    size_t i = 0;
    while (i < t->fields && strcmp(t->column[i].name, name) != 0)
        i++;
    return i;
}

static em_code place_fields(em_import_table *t)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        em_import_field *field = &t->field[i];
        if (!*field->name) { /* it made way */
            field->column = SIZE_MAX;
            continue;
        }
        field->column = column_of(t, field->name);
        em_code code = EM_OK;
        if (field->column == t->fields)
            code = add_column(t, field, i < t->names.n ? t->names.text[i] : field->name);
        if (code)
            return code;
        t->column[field->column].files++;
    }
    return EM_OK;
}

/* The last part of the path. */
static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static em_code note_absent(em_import_table *t)
{
    t->absent = em_new(t->fields, sizeof *t->absent, t->error);
    if (!t->absent)
        return EM_MACHINE;
    for (size_t i = 0; i < t->fields; i++) {
        em_import_column *column = &t->column[i];
        if (find(t, column->name))
            continue;
        t->absent[t->n_absent++] = i;
        if (!column->lacking && !(column->lacking = em_new(EM_LISTED, 1, t->error)))
            return EM_MACHINE;
        em_text_list(column->lacking, file_name(t->path));
    }
    return EM_OK;
}

static em_code end_header(em_import_table *t, size_t line)
{
    t->header = true;
    em_code code = EM_OK;
    if ((code = make_fields(t)) || (code = rename_columns(t)))
        return code;
    make_way(t);
    if ((code = check_renamed(t)) || (code = place_fields(t)) || (code = note_absent(t)))
        return code;
    if (t->subject_name)
        code = find_subject(t, line);
    else
        leave_out_subject(t, "the names of files");
    return code ? code : apply_options(t);
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
    const char *name = t->subject_name ? t->column[t->subject].name : "subject";
    double x;
    if (em_number_read(text, n, &x) == EM_CELL_MISSING)
        return em_import_refuse(place, name, t->error, "there is no subject ('%s'), and every row needs one",
                                em_text_shown(text, n, shown));
    if (!em_text_is_utf8(text, n))
        return em_import_refuse(place, name, t->error,
                                "'%s' is not UTF-8, or has a control character; save the table as text in UTF-8",
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

static em_code take_cell(em_import_table *t, size_t column, const char *text, size_t n, size_t line)
{
    if (column == t->subject) {
        const size_t skip = t->prefix && strncmp(text, t->prefix, strlen(t->prefix)) == 0 ? strlen(t->prefix) : 0;
        return take_subject(t, text + skip, n - skip, line);
    }
    if (is_missing(t->options, text, n)) {
        t->column[column].worded++;
        text = "";
        n = 0;
    }
    return em_import_column_take(&t->column[column], t->rows, text, n, (em_import_place){t->path, line}, t->error);
}

static em_code on_cell(void *where, size_t field, const char *text, size_t n, size_t line)
{
    em_import_table *t = where;
    if (!t->header)
        return take_name(t, field, text, n, line);
    if (field >= t->names.n)
        return EM_OK; /* on_row refuses the row and says how long it is */
    if (t->keep.n > 0)
        return em_import_keep_hold(&t->keep, text, n, line, t->error);
    return take_cell(t, t->field[field].column, text, n, line);
}

/* A row whose cells are held: they are taken if it is a trial. */
static em_code take_held(em_import_table *t, size_t line, bool *wanted)
{
    em_code code = EM_OK;
    for (size_t i = 0; i < t->n_extra && !code; i++)
        code = em_import_keep_hold(&t->keep, t->extra[i].text, strlen(t->extra[i].text), line, t->error);
    if (!code)
        code = em_import_keep_decide(&t->keep, wanted, t->error);
    for (size_t i = 0; i < t->names.n && !code && *wanted; i++) {
        em_held_cell cell = em_import_keep_cell(&t->keep, i);
        code = take_cell(t, t->field[i].column, cell.text, cell.n, cell.line);
    }
    em_import_keep_next(&t->keep);
    return code;
}

/* What the row has from elsewhere than its cells. */
static em_code take_extra(em_import_table *t, size_t line)
{
    em_code code = EM_OK;
    if (!t->subject_name)
        code = take_subject(t, t->subject_text, strlen(t->subject_text), line);
    for (size_t i = 0; i < t->n_extra && !code; i++) {
        const size_t column = t->field[t->names.n + i].column;
        if (column != SIZE_MAX)
            code = take_cell(t, column, t->extra[i].text, strlen(t->extra[i].text), line);
    }
    for (size_t i = 0; i < t->n_absent && !code; i++)
        code = take_cell(t, t->absent[i], "", 0, line);
    return code;
}

static em_code on_row(void *where, size_t fields, size_t line)
{
    em_import_table *t = where;
    if (!t->header)
        return end_header(t, line);
    if (fields != t->names.n) {
        char list[EM_LISTED] = "";
        for (size_t i = 0; i < t->names.n; i++)
            em_text_list(list, t->field[i].name);
        return em_fail(t->error, EM_INPUT_ERROR, "%s: line %zu has %zu cell%s, but the header line has %zu: %s",
                       t->path, line, fields, fields == 1 ? "" : "s", t->names.n, list);
    }
    bool wanted = true;
    em_code code = t->keep.n > 0 ? take_held(t, line, &wanted) : EM_OK;
    if (code || !wanted)
        return code;
    if ((code = take_extra(t, line)) || (code = t->row(t, line)))
        return code;
    t->rows++;
    return EM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

em_code em_import_table_add(em_import_table *t)
{
    const em_import_options *options = t->options;
    em_table_sink sink = {on_cell, on_row, t};
    em_code code = EM_OK;
    clear_fields(t);
    em_texts_clear(&t->names);
    t->header = false;
    t->subject = SIZE_MAX;
    if (t->files == 0 && !(t->renamed = em_new((size_t)options->n_rename, sizeof *t->renamed, t->error)))
        return EM_MACHINE;
    if (t->files == 0 && !t->lenient)
        code = em_import_keep_start(&t->keep, options->keep, options->n_keep, t->error);
    if (!code)
        code = em_table_read(t->path, &sink, t->error);
    if (!code && !t->header)
        code =
            em_fail(t->error, EM_INPUT_ERROR, "%s has only blank lines; a table with a header line is needed", t->path);
    t->files++;
    return code;
}

static void say_absent(const em_import_table *t)
{
    char name[EM_SHOWN];
    for (size_t i = 0; i < t->fields; i++) {
        const em_import_column *column = &t->column[i];
        const size_t without = t->files - column->files;
        em_text_shown(column->name, strlen(column->name), name);
        if (without == 0 || column->kind == EM_IMPORT_LEFT_OUT)
            continue;
        if (column->late)
            em_say(t->log, "column '%s' is in only %zu of %zu files; in the others its values are missing", name,
                   column->files, t->files);
        else
            em_say(t->log, "column '%s' is not in %zu of %zu files; there its values are missing: %s", name, without,
                   t->files, column->lacking);
    }
}

/* A new name that every file has already is a mistake, unless the old one is in the other table. */
static em_code check_rename(const em_import_table *t)
{
    for (int i = 0; i < t->options->n_rename; i++) {
        const char *from = t->options->rename[i].from;
        char shown[EM_SHOWN];
        if (!t->renamed[i] && !t->lenient &&
            !(t->other && em_texts_find(&t->other->names, from, strlen(from)) != EM_TEXTS_NONE))
            return em_fail(t->error, EM_INPUT_ERROR, "%s: --rename: there is no column '%s' in any file", t->path,
                           em_text_shown(from, strlen(from), shown));
    }
    return EM_OK;
}

em_code em_import_table_end(em_import_table *t, const char *what)
{
    em_code code = check_rename(t);
    if (!code)
        code = em_import_keep_end(&t->keep, t->rows, t->path, t->log, t->error);
    if (!code && t->rows == 0)
        code = em_fail(t->error, EM_INPUT_ERROR, "%s: there are no %s, nothing stands below the header line", t->path,
                       what);
    if (!code)
        say_absent(t);
    return code;
}

em_code em_import_table_read(em_import_table *t, const char *what)
{
    em_code code = em_import_table_add(t);
    return code ? code : em_import_table_end(t, what);
}

void em_import_table_clear(em_import_table *t)
{
    for (size_t i = 0; i < t->fields; i++)
        em_import_column_clear(&t->column[i]);
    free(t->column);
    clear_fields(t);
    free(t->renamed);
    em_import_keep_clear(&t->keep);
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
