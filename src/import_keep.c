#include "import_keep.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "grow.h"
#include "number.h"

enum { MOST_SEEN = 64 }; /* values of a column that are kept for messages */

/* A cell of the row: n bytes of the text from `start` on. */
typedef struct em_held {
    size_t start, n, line;
} held;

/* ---- rules ----------------------------------------------------------------------------------------------------- */

static em_code check_rule(const em_import_keep *keep, int i, em_error *error)
{
    const em_keep *rule = &keep->rule[i];
    char name[EM_SHOWN], shown[EM_SHOWN];
    double x;
    em_text_shown(rule->column, strlen(rule->column), name);
    if (rule->n < 1)
        return em_fail(error, EM_INPUT_ERROR, "--trials: column '%s' has no values to choose by", name);
    for (int j = 0; j < rule->n; j++)
        if (em_number_read(rule->value[j], strlen(rule->value[j]), &x) == EM_CELL_MISSING)
            return em_fail(error, EM_INPUT_ERROR,
                           "--trials: '%s' stands for a missing value, and rows are chosen by values that are there",
                           em_text_shown(rule->value[j], strlen(rule->value[j]), shown));
    for (int j = 0; j < i; j++)
        if (strcmp(keep->rule[j].column, rule->column) == 0)
            return em_fail(
                error, EM_INPUT_ERROR,
                "--trials: column '%s' is named twice; give all its values at once, with commas between them", name);
    return EM_OK;
}

em_code em_import_keep_start(em_import_keep *keep, const em_keep *rule, int n, em_error *error)
{
    keep->rule = rule;
    keep->n = n;
    keep->field = em_new((size_t)n, sizeof *keep->field, error);
    keep->seen = em_new((size_t)n, sizeof *keep->seen, error);
    em_code code = keep->field && keep->seen ? EM_OK : EM_MACHINE;
    for (int i = 0; i < n && !code; i++)
        code = check_rule(keep, i, error);
    return code;
}

bool em_import_is_value(const char *text, size_t n, const char *value)
{
    const size_t length = strlen(value);
    double a, b;
    if (em_number_read(text, n, &a) == EM_CELL_NUMBER && em_number_read(value, length, &b) == EM_CELL_NUMBER)
        return a == b;
    return n == length && memcmp(text, value, n) == 0;
}

static bool agrees(const em_keep *rule, em_held_cell cell)
{
    for (int i = 0; i < rule->n; i++)
        if (em_import_is_value(cell.text, cell.n, rule->value[i]))
            return true;
    return false;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

em_code em_import_keep_hold(em_import_keep *keep, const char *text, size_t n, size_t line, em_error *error)
{
    if (keep->cells == keep->cell_room) {
        held *grown = em_grow(keep->cell, &keep->cell_room, sizeof *grown, error);
        if (!grown)
            return EM_MACHINE;
        keep->cell = grown;
    }
    while (keep->room - keep->used <= n) {
        char *grown = em_grow(keep->text, &keep->room, 1, error);
        if (!grown)
            return EM_MACHINE;
        keep->text = grown;
    }
    memcpy(keep->text + keep->used, text, n);
    keep->text[keep->used + n] = '\0';
    keep->cell[keep->cells++] = (held){keep->used, n, line};
    keep->used += n + 1;
    return EM_OK;
}

em_held_cell em_import_keep_cell(const em_import_keep *keep, size_t field)
{
    const held *cell = &keep->cell[field];
    return (em_held_cell){keep->text + cell->start, cell->n, cell->line};
}

void em_import_keep_next(em_import_keep *keep) { keep->used = keep->cells = 0; }

em_code em_import_keep_decide(em_import_keep *keep, bool *wanted, em_error *error)
{
    *wanted = true;
    for (int i = 0; i < keep->n; i++) {
        em_held_cell cell = em_import_keep_cell(keep, keep->field[i]);
        em_texts *seen = &keep->seen[i];
        double x;
        *wanted = *wanted && agrees(&keep->rule[i], cell);
        if (seen->n < MOST_SEEN && em_number_read(cell.text, cell.n, &x) != EM_CELL_MISSING &&
            em_texts_find(seen, cell.text, cell.n) == EM_TEXTS_NONE &&
            em_texts_add(seen, cell.text, cell.n, error) == EM_TEXTS_NONE)
            return EM_MACHINE;
    }
    keep->left_out += !*wanted;
    return EM_OK;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static bool was_seen(const em_texts *seen, const char *value)
{
    for (size_t i = 0; i < seen->n; i++)
        if (em_import_is_value(seen->text[i], strlen(seen->text[i]), value))
            return true;
    return seen->n >= MOST_SEEN; /* not known */
}

/* The values that the column of a rule has, for a message. */
static const char *list_seen(const em_texts *seen, char list[EM_LISTED])
{
    *list = '\0';
    for (size_t i = 0; i < seen->n; i++)
        em_text_list(list, seen->text[i]);
    return *list ? list : "none";
}

em_code em_import_keep_end(const em_import_keep *keep, size_t rows, const char *path, const em_log *log,
                           em_error *error)
{
    char name[EM_SHOWN], value[EM_SHOWN], list[EM_LISTED];
    for (int i = 0; i < keep->n; i++) {
        const em_keep *rule = &keep->rule[i];
        em_text_shown(rule->column, strlen(rule->column), name);
        for (int j = 0; j < rule->n; j++)
            if (!was_seen(&keep->seen[i], rule->value[j])) {
                em_text_shown(rule->value[j], strlen(rule->value[j]), value);
                if (rows == 0)
                    return em_fail(error, EM_INPUT_ERROR,
                                   "%s: --trials: no row has '%s' in column '%s'; its values are: %s", path, value,
                                   name, list_seen(&keep->seen[i], list));
                em_say(log, "--trials: no row has '%s' in column '%s'; its values are: %s", value, name,
                       list_seen(&keep->seen[i], list));
            }
    }
    if (keep->n > 0 && rows == 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: --trials: no row has all that is asked for", path);
    if (keep->left_out > 0)
        em_say(log, "--trials: %zu row%s left out as no trial%s, %zu kept", keep->left_out,
               keep->left_out == 1 ? "" : "s", keep->left_out == 1 ? "" : "s", rows);
    return EM_OK;
}

void em_import_keep_clear(em_import_keep *keep)
{
    for (int i = 0; i < keep->n && keep->seen; i++)
        em_texts_clear(&keep->seen[i]);
    free(keep->field);
    free(keep->seen);
    free(keep->text);
    free(keep->cell);
    *keep = (em_import_keep){0};
}
