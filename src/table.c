#include "table.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

enum {
    CHUNK = 256 * 1024,
    LONGEST_CELL = 1024 * 1024, /* beyond it, a quote that is never closed */
    CELL_STEP = 4096            /* by which libcsv's buffer for a cell grows */
};

typedef struct table {
    const char *path;
    const em_table_sink *sink;
    em_error *error;
    em_code code;      /* of the first failure; nothing is handed on after it */
    struct csv_parser parser;
    int fd;
    char *chunk;       /* [CHUNK] */
    size_t line;       /* the physical line that is being read, from 1 */
    size_t row_line;   /* where the row began */
    size_t fields;     /* cells of the row so far */
    bool after_return; /* the last thing read was a CR, so a LF belongs to it */
    bool quotes;       /* there may be line ends inside the cells of this chunk */
} table;

/* ---- the parser's callbacks ------------------------------------------------------------------------------------ */

static size_t line_ends(const char *text, size_t n)
{
    size_t ends = 0;
    for (size_t i = 0; i < n; i++)
        ends += text[i] == '\n' || (text[i] == '\r' && (i + 1 == n || text[i + 1] != '\n'));
    return ends;
}

static void on_cell(void *text, size_t n, void *where)
{
    table *t = where;
    if (t->code)
        return;
    size_t line = t->line;
    if (t->fields == 0)
        t->row_line = line;
    if (t->quotes)
        t->line += line_ends(text, n);
    t->after_return = false;
    t->code = t->sink->cell(t->sink->where, t->fields++, text, n, line);
}

/* Called at every end of a line outside quotes: LF, CR, each of the two in CRLF, and at the end of the file (-1). */
static void on_row(int end, void *where)
{
    table *t = where;
    if (t->code)
        return;
    bool same_end = end == '\n' && t->after_return;
    if (t->fields > 0)
        t->code = t->sink->row(t->sink->where, t->fields, t->row_line);
    t->fields = 0;
    t->line += !same_end;
    t->after_return = end == '\r';
}

/* The blanks that are dropped around cells. */
static int is_blank_in_tsv(unsigned char c)
{
    return c == ' ';
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static em_code open_file(table *t)
{
    struct stat info;
    t->fd = open(t->path, O_RDONLY | O_CLOEXEC);
    if (t->fd < 0) {
        bool machine = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
        return em_fail(t->error, machine ? EM_MACHINE : EM_INPUT_ERROR, "%s: cannot open it: %s", t->path,
                       strerror(errno));
    }
    if (fstat(t->fd, &info) == 0 && S_ISDIR(info.st_mode))
        return em_fail(t->error, EM_INPUT_ERROR, "%s is a folder; name a table, CSV or TSV", t->path);
    return EM_OK;
}

/* Bytes of value 0 are in no text, but in nearly everything else. */
static em_code check_text(table *t, size_t n)
{
    const char *zero = memchr(t->chunk, 0, n);
    if (t->line == 1 && n >= 2 && (memcmp(t->chunk, "\xFF\xFE", 2) == 0 || memcmp(t->chunk, "\xFE\xFF", 2) == 0))
        return em_fail(t->error, EM_INPUT_ERROR, "%s is written in UTF-16; save it as CSV in UTF-8", t->path);
    if (!zero)
        return EM_OK;
    return em_fail(t->error, EM_INPUT_ERROR,
                   "%s is not a text table: line %zu has a byte of value 0; a table is text, CSV or TSV in UTF-8, no "
                   "spreadsheet and not compressed",
                   t->path, t->line + line_ends(t->chunk, (size_t)(zero - t->chunk)));
}

/* Fills the chunk as far as the file goes. */
static em_code read_chunk(table *t, size_t *n)
{
    for (*n = 0; *n < CHUNK;) {
        ssize_t got = read(t->fd, t->chunk + *n, CHUNK - *n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return em_fail(t->error, EM_MACHINE, "%s: cannot read on after line %zu: %s", t->path, t->line,
                           strerror(errno));
        *n += got > 0 ? (size_t)got : 0;
    }
    return check_text(t, *n);
}

/* ---- the header line ------------------------------------------------------------------------------------------- */

/* Takes the delimiter from the first line that is not blank: tabs where there are more of them than commas, outside
 * quotes both. */
static em_code find_delimiter(table *t, const char *text, size_t n)
{
    size_t i = 0, tabs = 0, commas = 0, semicolons = 0;
    bool quoted = false;
    while (i < n && strchr(" \t\r\n", text[i]))
        i++;
    while (i > 0 && (text[i - 1] == '\t' || text[i - 1] == ' '))
        i--; /* a tab before the first name counts */
    for (; i < n && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
        quoted ^= text[i] == '"';
        tabs += !quoted && text[i] == '\t';
        commas += !quoted && text[i] == ',';
        semicolons += !quoted && text[i] == ';';
    }
    if (tabs == 0 && commas == 0 && semicolons > 0)
        return em_fail(t->error, EM_INPUT_ERROR,
                       "%s: the header line has semicolons between the columns; save the table with commas or tabs "
                       "between them and a point in decimal numbers",
                       t->path);
    if (tabs > commas) {
        csv_set_delim(&t->parser, CSV_TAB);
        csv_set_space_func(&t->parser, is_blank_in_tsv);
    }
    return EM_OK;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static em_code unclosed(table *t)
{
    return em_fail(t->error, EM_INPUT_ERROR,
                   "%s: line %zu: a quote (\") opens a cell and no quote closes it; remove it or close it", t->path,
                   t->fields > 0 ? t->row_line : t->line);
}

static em_code parse(table *t, const char *text, size_t n)
{
    t->quotes = t->parser.quoted || memchr(text, '"', n);
    size_t done = csv_parse(&t->parser, text, n, on_cell, on_row, t);
    if (!t->code && done < n)
        return em_fail(t->error, EM_MACHINE, "%s: line %zu: %s", t->path, t->line, csv_strerror(csv_error(&t->parser)));
    if (!t->code && t->parser.entry_pos > LONGEST_CELL)
        return unclosed(t);
    return t->code;
}

static em_code read_all(table *t)
{
    size_t n, skip = 0;
    em_code code = read_chunk(t, &n);
    if (code)
        return code;
    if (n >= 3 && memcmp(t->chunk, "\xEF\xBB\xBF", 3) == 0)
        skip = 3;
    if (n == skip)
        return em_fail(t->error, EM_INPUT_ERROR, "%s is empty; a table with a header line is needed", t->path);
    if ((code = find_delimiter(t, t->chunk + skip, n - skip)))
        return code;
    for (; n > 0; skip = 0)
        if ((code = parse(t, t->chunk + skip, n - skip)) || (code = read_chunk(t, &n)))
            return code;
    /* Strict only now: a quote inside a cell without quotes is text, but an open one at the end is a mistake. */
    csv_set_opts(&t->parser, CSV_APPEND_NULL | CSV_REPALL_NL | CSV_STRICT | CSV_STRICT_FINI);
    if (csv_fini(&t->parser, on_cell, on_row, t) != 0)
        return unclosed(t);
    return t->code;
}

em_code em_table_read(const char *path, const em_table_sink *sink, em_error *error)
{
    table t = {.path = path, .sink = sink, .error = error, .fd = -1, .line = 1};
    if (csv_init(&t.parser, CSV_APPEND_NULL | CSV_REPALL_NL) != 0)
        return em_fail(error, EM_MACHINE, "%s: libcsv does not start", path);
    csv_set_blk_size(&t.parser, CELL_STEP);
    em_code code = open_file(&t);
    if (!code && !(t.chunk = em_new(CHUNK, 1, error)))
        code = EM_MACHINE;
    if (!code)
        code = read_all(&t);
    free(t.chunk);
    csv_free(&t.parser);
    if (t.fd >= 0)
        close(t.fd);
    return code;
}
