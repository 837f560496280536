/* Which rows of a table are trials, as options say (em_keep), and the cells of a row until that is known. */
#ifndef EMLIB_IMPORT_KEEP_H
#define EMLIB_IMPORT_KEEP_H
#include "texts.h"

/* The n bytes of `text`, followed by a NUL, from line `line`. */
typedef struct em_held_cell {
    const char *text;
    size_t n, line;
} em_held_cell;

/* Starts zeroed. */
typedef struct em_import_keep {
    const em_keep *rule; /* [n] borrowed */
    int n;
    size_t *field;  /* [n] the field of a row that each rule looks at; to be set for each file */
    em_texts *seen; /* [n] values that the column has, as many as a message wants */
    char *text;     /* cells of the row one after the other, each with its NUL */
    size_t used, room;
    struct em_held *cell; /* [cells] */
    size_t cells, cell_room;
    size_t left_out; /* rows so far */
} em_import_keep;

/* Whether a cell, n bytes and a NUL, is this value; 1.0 and 1 are the same. */
bool em_import_is_value(const char *text, size_t n, const char *value);
/* Refuses values that stand for a missing one, and columns that are asked for twice. */
em_code em_import_keep_start(em_import_keep *keep, const em_keep *rule, int n, em_error *error) EM_MUST_CHECK;
/* Holds the next cell of the row. */
em_code em_import_keep_hold(em_import_keep *keep, const char *text, size_t n, size_t line,
                            em_error *error) EM_MUST_CHECK;
/* After the last cell of the row: *wanted tells whether it is a trial. */
em_code em_import_keep_decide(em_import_keep *keep, bool *wanted, em_error *error) EM_MUST_CHECK;
em_held_cell em_import_keep_cell(const em_import_keep *keep, size_t field);
/* Forgets the cells of this row. */
void em_import_keep_next(em_import_keep *keep);
/* After the last row: says how many of them were left out, and which values no row had. Refuses that none of them was
 * kept (rows 0). `path` is for messages. */
em_code em_import_keep_end(const em_import_keep *keep, size_t rows, const char *path, const em_log *log,
                           em_error *error) EM_MUST_CHECK;
void em_import_keep_clear(em_import_keep *keep);
#endif
