#define _GNU_SOURCE
#include "manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../error.h"

/* Takes the blanks off both ends, in place. */
static char *trimmed(char *text)
{
    text += strspn(text, " ");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \r\n", text[n - 1]))
        text[--n] = '\0';
    return text;
}

static int count_cells(const char *text)
{
    int n = 1;
    for (; *text; text++)
        n += *text == '\t';
    return n;
}

/* Cuts a line at its tabs; copies into cell [n], the rest stays NULL. */
static em_code cut(char *text, int n, char **cell, bool header, em_error *error)
{
    for (int c = 0; c < n && text; c++) {
        char *part = trimmed(strsep(&text, "\t"));
        if (header)
            part += strncmp(part, "--", 2) == 0 ? 2 : 0;
        else if (!*part || strcmp(part, "-") == 0)
            continue;
        if (!(cell[c] = em_copy(part, error)))
            return EM_MACHINE;
    }
    return EM_OK;
}

static em_code add_line(manifest *m, const char *path, char *text, size_t number, em_error *error)
{
    const int n = count_cells(text);
    if (!m->column) {
        m->header = number;
        m->n_columns = n;
        m->column = em_new((size_t)n, sizeof *m->column, error);
        return m->column ? cut(text, n, m->column, true, error) : EM_MACHINE;
    }
    if (n > m->n_columns)
        return em_fail(error, EM_INPUT_ERROR, "%s: line %zu has %d cells, but the header names %d columns", path, number, n, m->n_columns);
    manifest_line *more = realloc(m->line, (size_t)(m->n_lines + 1) * sizeof *more);
    if (!more)
        return em_fail(error, EM_MACHINE, "out of memory");
    m->line = more;
    m->line[m->n_lines] = (manifest_line){number, em_new((size_t)m->n_columns, sizeof(char *), error)};
    m->n_lines++;
    return more[m->n_lines - 1].cell ? cut(text, n, more[m->n_lines - 1].cell, false, error) : EM_MACHINE;
}

static em_code read_lines(FILE *file, const char *path, manifest *m, em_error *error)
{
    char *text = NULL;
    size_t room = 0, number = 0;
    em_code code = EM_OK;
    for (ssize_t n; code == EM_OK && (n = getline(&text, &room, file)) >= 0;) {
        number++;
        if (strlen(text) != (size_t)n)
            code = em_fail(error, EM_INPUT_ERROR, "%s is not a text table: line %zu has a byte of value 0", path, number);
        char *start = text + (number == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
        start[strcspn(start, "\r\n")] = '\0';
        if (code == EM_OK && start[0] != '#' && start[strspn(start, " \t")])
            code = add_line(m, path, start, number, error);
    }
    free(text);
    if (code == EM_OK && ferror(file))
        code = em_fail(error, EM_MACHINE, "%s: cannot read on after line %zu: %s", path, number, strerror(errno));
    return code;
}

em_code manifest_read(const char *path, manifest *m, em_error *error)
{
    struct stat info;
    FILE *file = fopen(path, "re");
    if (!file)
        return em_fail(error, EM_INPUT_ERROR, "%s: cannot open the manifest: %s", path, strerror(errno));
    em_code code = EM_OK;
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode))
        code = em_fail(error, EM_INPUT_ERROR, "%s is a folder; name a manifest, a table with tabs between its cells", path);
    if (code == EM_OK)
        code = read_lines(file, path, m, error);
    fclose(file);
    if (code == EM_OK && !m->column)
        code = em_fail(error, EM_INPUT_ERROR, "%s has no header line; the first line names the columns: data, model, output", path);
    if (code == EM_OK && m->n_columns == 1)
        code = em_fail(error, EM_INPUT_ERROR, "%s: line %zu: the header has one column only; the columns data, model, output stand with tabs "
                       "between them", path, m->header);
    if (code == EM_OK && m->n_lines == 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s has a header, but no line with a fit below it", path);
    return code;
}

void manifest_free(manifest *m)
{
    for (int l = 0; l < m->n_lines; l++) {
        for (int c = 0; m->line[l].cell && c < m->n_columns; c++)
            free(m->line[l].cell[c]);
        free(m->line[l].cell);
    }
    for (int c = 0; m->column && c < m->n_columns; c++)
        free(m->column[c]);
    free(m->column);
    free(m->line);
    *m = (manifest){0};
}

int manifest_column(const manifest *m, const char *name)
{
    for (int c = 0; c < m->n_columns; c++)
        if (strcmp(m->column[c], name) == 0)
            return c;
    return -1;
}
