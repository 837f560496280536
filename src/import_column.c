#include "import_column.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "grow.h"
#include "number.h"

enum { MOST_LEVELS = 65536 }; /* beyond them a column is remarks, not a condition */

em_code em_import_refuse(em_import_place place, const char *column, em_error *error, const char *format, ...)
{
    char text[600], name[EM_SHOWN];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return em_fail(error, EM_INPUT_ERROR, "%s: line %zu, column '%s': %s", place.path, place.line,
                   em_text_shown(column, strlen(column), name), text);
}

void em_import_column_clear(em_import_column *column)
{
    free(column->name);
    free(column->value);
    em_texts_clear(&column->levels);
    em_texts_clear(&column->order);
    free(column->lacking);
    *column = (em_import_column){0};
}

static void leave_out(em_import_column *column)
{
    free(column->value);
    column->value = NULL;
    em_texts_clear(&column->levels);
    column->kind = EM_IMPORT_LEFT_OUT;
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

/* The text that stands for a cell, so that 1.0 and 1 are one level: the cell itself, or its number written into
 * `number`. */
static const char *canonical(const char *text, size_t *n, em_cell cell, double x, char number[EM_NUMBER_TEXT])
{
    if (cell != EM_CELL_NUMBER)
        return text;
    *n = em_number_write(x, number);
    return number;
}

/* Gives the row the code of this text, a new one where there is none yet; beyond the most levels there may be, the
 * column is left out. */
static em_code code_text(em_import_column *column, size_t row, const char *text, size_t n, em_error *error)
{
    size_t code = em_texts_find(&column->levels, text, n);
    if (code == EM_TEXTS_NONE) {
        if (column->levels.n == MOST_LEVELS) {
            leave_out(column);
            return EM_OK;
        }
        code = em_texts_add(&column->levels, text, n, error);
        if (code == EM_TEXTS_NONE)
            return EM_MACHINE;
    }
    column->value[row] = (double)code;
    return EM_OK;
}

static em_code not_a_level(const em_import_column *column, const char *text, size_t n, em_import_place place,
                           em_error *error)
{
    char levels[EM_LISTED] = "", cell[EM_SHOWN];
    for (size_t i = 0; i < column->levels.n; i++)
        em_text_list(levels, column->levels.text[i]);
    return em_import_refuse(place, column->name, error, "'%s' is not one of the levels given for this column: %s",
                            em_text_shown(text, n, cell), levels);
}

static em_code take_text(em_import_column *column, size_t row, const char *text, size_t n, em_import_place place,
                         em_error *error)
{
    char cell[EM_SHOWN];
    if (em_texts_find(&column->levels, text, n) == EM_TEXTS_NONE) {
        if (column->given)
            return not_a_level(column, text, n, place, error);
        if (!em_text_is_utf8(text, n))
            return em_import_refuse(place, column->name, error,
                                    "'%s' is not UTF-8, or has a control character; save the table as text in UTF-8",
                                    em_text_shown(text, n, cell));
    }
    return code_text(column, row, text, n, error);
}

/* Turns the numbers taken so far into codes of their texts. */
static em_code become_text(em_import_column *column, size_t rows, em_error *error)
{
    char number[EM_NUMBER_TEXT];
    em_code code = EM_OK;
    bool numbers = column->kind == EM_IMPORT_NUMBERS;
    column->kind = EM_IMPORT_TEXT;
    for (size_t i = 0; i < rows && numbers && !code && column->kind == EM_IMPORT_TEXT; i++)
        if (!isnan(column->value[i]))
            code = code_text(column, i, number, em_number_write(column->value[i], number), error);
    return code;
}

em_code em_import_column_levels(em_import_column *column, const em_levels *given, em_error *error)
{
    char name[EM_SHOWN], shown[EM_SHOWN], number[EM_NUMBER_TEXT];
    em_text_shown(column->name, strlen(column->name), name);
    for (int i = 0; i < given->n; i++) {
        double x = 0;
        size_t n = strlen(given->level[i]);
        em_cell cell = em_number_read(given->level[i], n, &x);
        const char *text = canonical(given->level[i], &n, cell, x, number);
        em_text_shown(text, n, shown);
        if (cell == EM_CELL_MISSING || !em_text_is_utf8(text, n))
            return em_fail(error, EM_INPUT_ERROR, "levels of column '%s': '%s' %s", name, shown,
                           cell == EM_CELL_MISSING ? "stands for a missing value, which is no level" : "is not UTF-8");
        if (em_texts_find(&column->levels, text, n) != EM_TEXTS_NONE)
            return em_fail(error, EM_INPUT_ERROR, "levels of column '%s': '%s' is there twice", name, shown);
        if (em_texts_add(&column->levels, text, n, error) == EM_TEXTS_NONE)
            return EM_MACHINE;
    }
    if (given->n < 1)
        return em_fail(error, EM_INPUT_ERROR, "levels of column '%s': there are none", name);
    column->given = given;
    column->kind = EM_IMPORT_TEXT;
    return EM_OK;
}

/* ---- cells ----------------------------------------------------------------------------------------------------- */

static em_code take_based(em_import_column *column, size_t row, double x, bool number, const char *text, size_t n,
                          em_import_place place, em_error *error)
{
    char cell[EM_SHOWN];
    if (!number || x < column->base->base || x != trunc(x))
        return em_import_refuse(place, column->name, error,
                                "'%s' is not a whole number from %d on, as a base of %d asks",
                                em_text_shown(text, n, cell), column->base->base, column->base->base);
    column->kind = EM_IMPORT_NUMBERS;
    column->value[row] = x - column->base->base;
    return EM_OK;
}

static em_code not_finite(const em_import_column *column, em_error *error)
{
    return em_import_refuse((em_import_place){column->odd_path, column->odd_line}, column->name, error,
                            "'%s' is not a finite decimal number; write one, or NA where the value is missing",
                            column->odd);
}

/* The first cell that is no number in a column of numbers, or a number after cells like inf. */
static em_code take_odd(em_import_column *column, size_t row, em_cell cell, const char *text, size_t n,
                        em_import_place place, em_error *error)
{
    if (cell != EM_CELL_NUMBER && (column->kind != EM_IMPORT_BEYOND || cell == EM_CELL_TEXT)) {
        em_text_shown(text, n, column->odd);
        column->odd_path = place.path;
        column->odd_line = place.line;
    }
    if (cell == EM_CELL_TEXT) {
        em_code code = become_text(column, row, error);
        return code || column->kind == EM_IMPORT_LEFT_OUT ? code : take_text(column, row, text, n, place, error);
    }
    if (cell == EM_CELL_NUMBER || column->kind == EM_IMPORT_NUMBERS)
        return not_finite(column, error);
    column->kind = EM_IMPORT_BEYOND;
    return take_text(column, row, text, n, place, error);
}

em_code em_import_column_take(em_import_column *column, size_t row, const char *text, size_t n, em_import_place place,
                              em_error *error)
{
    if (column->kind == EM_IMPORT_LEFT_OUT)
        return EM_OK;
    if (row == column->capacity) {
        double *grown = em_grow(column->value, &column->capacity, sizeof *grown, error);
        if (!grown)
            return EM_MACHINE;
        column->value = grown;
    }
    double x = NAN;
    em_cell cell = em_number_read(text, n, &x);
    if (cell == EM_CELL_MISSING) {
        column->value[row] = NAN;
        return EM_OK;
    }
    column->any = true;
    column->any_number |= cell == EM_CELL_NUMBER;
    if (column->base)
        return take_based(column, row, x, cell == EM_CELL_NUMBER, text, n, place, error);
    if (column->kind == EM_IMPORT_TEXT) {
        char number[EM_NUMBER_TEXT];
        text = canonical(text, &n, cell, x, number);
        return take_text(column, row, text, n, place, error);
    }
    if (cell != EM_CELL_NUMBER || column->kind == EM_IMPORT_BEYOND)
        return take_odd(column, row, cell, text, n, place, error);
    column->kind = EM_IMPORT_NUMBERS;
    column->value[row] = x;
    return EM_OK;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

typedef struct level {
    char *text;
    size_t code, place; /* place: among those known beforehand, EM_TEXTS_NONE for the others */
} level;

static int by_place(const void *a, const void *b)
{
    const level *first = a, *second = b;
    if (first->place != second->place)
        return first->place < second->place ? -1 : 1;
    return strcmp(first->text, second->text);
}

static size_t place_of(const em_import_column *column, size_t i)
{
    const char *text = column->levels.text[i];
    return em_texts_find(&column->order, text, strlen(text));
}

static void say_unknown(const em_import_column *column, const char *name, const em_log *log)
{
    char list[EM_LISTED] = "";
    for (size_t i = 0; i < column->levels.n; i++)
        if (place_of(column, i) == EM_TEXTS_NONE)
            em_text_list(list, column->levels.text[i]);
    if (*list)
        em_say(
            log,
            "column '%s' has texts that its description (Levels) does not have; their codes come after the others: %s",
            name, list);
}

/* Texts with which many programs write that there is nothing. */
static bool looks_missing(const char *text)
{
    static const char *const usual[] = {"null", "none", "missing", "N/A", "#N/A", "#NULL!", ".", "-"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (strcasecmp(text, usual[i]) == 0)
            return true;
    return false;
}

static void say_odd_levels(const em_import_column *column, const char *name, const em_log *log)
{
    char shown[EM_SHOWN];
    for (size_t i = 0; i < column->levels.n; i++) {
        const char *text = column->levels.text[i];
        if (looks_missing(text) && !(column->any_number && strcmp(text, column->odd) == 0)) /* which is said already */
            em_say(log, "column '%s' has a text '%s'; if that is a missing value, import with --missing %s", name,
                   em_text_shown(text, strlen(text), shown), shown);
    }
}

static em_code sort_levels(em_import_column *column, size_t rows, em_error *error)
{
    size_t n = column->levels.n;
    em_code code = EM_MACHINE;
    level *order = em_new(n, sizeof *order, error);
    double *code_of = em_new(n, sizeof *code_of, error);
    if (!order || !code_of)
        goto done;
    for (size_t i = 0; i < n; i++)
        order[i] = (level){column->levels.text[i], i, place_of(column, i)};
    qsort(order, n, sizeof *order, by_place);
    char **text = em_texts_take(&column->levels);
    for (size_t i = 0; i < n; i++) {
        text[i] = order[i].text;
        code_of[order[i].code] = (double)i;
    }
    column->levels.text = text;
    column->levels.n = n;
    for (size_t i = 0; i < rows; i++)
        if (!isnan(column->value[i]))
            column->value[i] = code_of[(size_t)column->value[i]];
    code = EM_OK;
done:
    free(order);
    free(code_of);
    return code;
}

em_code em_import_column_end(em_import_column *column, size_t rows, const char *path, const em_log *log,
                             em_error *error)
{
    char name[EM_SHOWN];
    em_text_shown(column->name, strlen(column->name), name);
    if (column->kind == EM_IMPORT_BEYOND)
        return not_finite(column, error);
    if (column->kind == EM_IMPORT_LEFT_OUT) {
        if (column->any)
            em_say(log, "column '%s' is left out, it has more than %d different texts", name, MOST_LEVELS);
        return EM_OK;
    }
    if (column->worded > 0)
        em_say(log, "column '%s': %zu cell%s missing as --missing says", name, column->worded, column->worded == 1 ? " is" : "s are");
    if (!column->any)
        em_say(log, "column '%s' has no values, every one is missing", name);
    if (column->kind == EM_IMPORT_TEXT && column->any_number && !column->given)
        em_say(log, "column '%s' is text because of '%s' (%s%sline %zu); if that is a missing value, write NA or import with --missing",
               name,
               column->odd, column->odd_path == path ? "" : column->odd_path, column->odd_path == path ? "" : ", ",
               column->odd_line);
    if (column->kind == EM_IMPORT_TEXT && !column->given)
        say_odd_levels(column, name, log);
    if (column->kind == EM_IMPORT_TEXT && !column->given && column->order.n > 0)
        say_unknown(column, name, log);
    return column->kind == EM_IMPORT_TEXT && !column->given ? sort_levels(column, rows, error) : EM_OK;
}
