/* Tables as text, CSV or TSV, read once from front to back without being held in memory. */
#ifndef EMLIB_TABLE_H
#define EMLIB_TABLE_H
#include "emlib/emlib.h"

/* Who gets the cells. Anything but EM_OK, with the error filled, ends the reading. */
typedef struct em_table_sink {
    /* The n bytes of `text`, followed by a NUL, without quotes and the blanks around them; field counts from 0; `line`:
     * where the cell begins, from 1. */
    em_code (*cell)(void *where, size_t field, const char *text, size_t n, size_t line);
    /* After the last of `fields` cells of a row that begins at `line`. The header line is the first row; blank lines
     * are none. */
    em_code (*row)(void *where, size_t fields, size_t line);
    void *where;
} em_table_sink;

/* Reads the whole table. Errors name the file; EM_INPUT_ERROR where it is absent, may not be read or is no text
 * table. */
em_code em_table_read(const char *path, const em_table_sink *sink, em_error *error) EM_MUST_CHECK;
#endif
