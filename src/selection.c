#include "selection.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "table.h"
#include "texts.h"

typedef struct selection {
    const char *file, *data_path;
    em_texts ids;          /* of the data, each once */
    bool *wanted;          /* [ids.n] */
    size_t fields, column; /* of the file: 0 until its first row has been read; where the ids stand */
    char *first;           /* the first cell of the file */
    bool table;            /* the first row is a header line */
    bool any;              /* the file names somebody */
    em_error *error;
} selection;

/* ---- ids ------------------------------------------------------------------------------------------------------- */

/* The part of an id that people mean: "sub-012" and "12" are alike, and so are "Ann" and "ann". */
static const char *core(const char *id, size_t *n)
{
    const char *dash = strrchr(id, '-');
    if (dash && dash[1])
        id = dash + 1;
    while (*id == '0' && id[1])
        id++;
    *n = strlen(id);
    return id;
}

static bool alike(const char *a, const char *b)
{
    size_t n, m;
    const char *p = core(a, &n), *q = core(b, &m);
    bool same = n == m;
    for (size_t i = 0; i < n && same; i++)
        same = tolower((unsigned char)p[i]) == tolower((unsigned char)q[i]);
    return same;
}

/* "; did you mean ...?" or "". */
static const char *suggest(const selection *s, const char *id, char text[EM_LISTED + 40])
{
    char list[EM_LISTED] = "";
    for (size_t i = 0; i < s->ids.n; i++)
        if (alike(id, s->ids.text[i]))
            em_text_list(list, s->ids.text[i]);
    snprintf(text, EM_LISTED + 40, *list ? "; did you mean %s?" : "%s", list);
    return text;
}

/* `where` begins the message: the option, or file and line. */
static em_code take_id(selection *s, const char *id, size_t n, bool wanted, const char *where)
{
    char shown[EM_SHOWN], close[EM_LISTED + 40];
    const size_t number = em_texts_find(&s->ids, id, n);
    if (number == EM_TEXTS_NONE)
        return em_fail(s->error, EM_INPUT_ERROR, "%s: there is no subject '%s' in %s%s", where,
                       em_text_shown(id, n, shown), s->data_path, suggest(s, id, close));
    s->wanted[number] = wanted;
    return EM_OK;
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static em_code take_line(selection *s, const char *text, size_t n, size_t line)
{
    char where[300];
    snprintf(where, sizeof where, "%.200s: line %zu", s->file, line);
    s->any = true;
    return take_id(s, text, n, true, where);
}

/* Of the first row only its end shows whether it is a header line or the first id. */
static em_code keep_first(selection *s, size_t field, const char *text)
{
    if (field == 0 && !(s->first = em_copy(text, s->error)))
        return EM_MACHINE;
    if (!s->table && strcmp(text, "subject") == 0) {
        s->table = true;
        s->column = field;
    }
    return EM_OK;
}

static em_code on_cell(void *where, size_t field, const char *text, size_t n, size_t line)
{
    selection *s = where;
    if (s->fields == 0)
        return keep_first(s, field, text);
    return field == s->column ? take_line(s, text, n, line) : EM_OK;
}

static em_code on_row(void *where, size_t fields, size_t line)
{
    selection *s = where;
    const bool first = s->fields == 0;
    if (!first && fields != s->fields)
        return em_fail(s->error, EM_INPUT_ERROR, "%s: line %zu has %zu cell%s, but the first row has %zu", s->file,
                       line, fields, fields == 1 ? "" : "s", s->fields);
    s->fields = fields;
    if (!first || s->table)
        return EM_OK;
    if (fields > 1)
        return em_fail(s->error, EM_INPUT_ERROR,
                       "%s: line %zu: a table needs a header line with a column 'subject'; a list has one id a line",
                       s->file, line);
    return take_line(s, s->first, strlen(s->first), line);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static em_code read_file(selection *s)
{
    const em_table_sink sink = {on_cell, on_row, s};
    em_code code = em_table_read(s->file, &sink, s->error);
    if (!code && !s->any)
        code = em_fail(s->error, EM_INPUT_ERROR, "%s names no subject", s->file);
    return code;
}

static em_code take_all(selection *s, const char *const *exclude, int n_exclude)
{
    em_code code = EM_OK;
    if (s->file)
        code = read_file(s);
    else
        memset(s->wanted, 1, s->ids.n * sizeof *s->wanted);
    for (int i = 0; i < n_exclude && !code; i++)
        code = take_id(s, exclude[i], strlen(exclude[i]), false, "--exclude");
    return code;
}

static em_code index_ids(selection *s, char *const *id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (em_texts_find(&s->ids, id[i], strlen(id[i])) == EM_TEXTS_NONE &&
            em_texts_add(&s->ids, id[i], strlen(id[i]), s->error) == EM_TEXTS_NONE)
            return EM_MACHINE;
    s->wanted = em_new(s->ids.n, sizeof *s->wanted, s->error);
    return s->wanted ? EM_OK : EM_MACHINE;
}

em_code em_selection_make(char *const *id, size_t n_subjects, const char *file, const char *const *exclude,
                          int n_exclude, const char *data_path, bool *chosen, em_error *error)
{
    selection s = {.file = file, .data_path = data_path, .error = error};
    em_code code = index_ids(&s, id, n_subjects);
    if (!code)
        code = take_all(&s, exclude, n_exclude);
    bool any = false;
    for (size_t i = 0; i < n_subjects && !code; i++) {
        chosen[i] = s.wanted[em_texts_find(&s.ids, id[i], strlen(id[i]))];
        any |= chosen[i];
    }
    if (!code && !any)
        code = em_fail(error, EM_INPUT_ERROR, "none of the %zu subjects of %s is left; exclude fewer", n_subjects,
                       data_path);
    free(s.first);
    free(s.wanted);
    em_texts_clear(&s.ids);
    return code;
}
