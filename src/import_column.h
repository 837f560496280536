/* One column of a table on its way into a dataset: numbers or texts, found out as its cells come. */
#ifndef EMLIB_IMPORT_COLUMN_H
#define EMLIB_IMPORT_COLUMN_H
#include "emlib/emlib.h"
#include "texts.h"

/* What a column is, as far as has been seen. */
typedef enum em_import_kind {
    EM_IMPORT_MISSING, /* nothing but missing values */
    EM_IMPORT_NUMBERS,
    EM_IMPORT_BEYOND, /* only cells like inf: levels, should a text come, and mistakes if none does */
    EM_IMPORT_TEXT,
    EM_IMPORT_LEFT_OUT /* not wanted in the dataset */
} em_import_kind;

/* Starts zeroed but for the name. */
typedef struct em_import_column {
    char *name;    /* owned */
    double *value; /* [rows so far, with room for one more] owned; numbers, or codes of levels */
    size_t capacity;
    em_import_kind kind;
    em_texts levels;
    em_texts order;         /* texts known beforehand come first, in this order; the others in bytewise order */
    const em_levels *given; /* NULL: levels as they come */
    const em_base *base;    /* NULL: values as they are */
    size_t worded;          /* cells that are missing because options say so */
    bool any, any_number;   /* some cell was not missing, was a number */
    char odd[EM_SHOWN];     /* the cell that made it what it is, where that is not NUMBERS, as messages show it */
    const char *odd_path;   /* borrowed, as the path of its place */
    size_t odd_line;
    /* Where a table comes in several files: */
    size_t files;  /* that have this column */
    bool late;     /* not the first one */
    char *lacking; /* [EM_LISTED] names of files without it, after the first one that has it; NULL: none */
} em_import_column;

/* Where a cell stands. */
typedef struct em_import_place {
    const char *path;
    size_t line;
} em_import_place;

/* Makes a column with these levels. */
em_code em_import_column_levels(em_import_column *column, const em_levels *given, em_error *error) EM_MUST_CHECK;
/* Takes the cell of one row; the rows before must have been taken. `text` ends with a NUL. */
em_code em_import_column_take(em_import_column *column, size_t row, const char *text, size_t n, em_import_place place,
                              em_error *error) EM_MUST_CHECK;
/* After the last row: refuses what is no column, says in the log what may surprise, puts levels in order. */
em_code em_import_column_end(em_import_column *column, size_t rows, const char *path, const em_log *log,
                             em_error *error) EM_MUST_CHECK;
void em_import_column_clear(em_import_column *column);

/* "FILE: line 14, column 'reward': ...", EM_INPUT_ERROR. */
em_code em_import_refuse(em_import_place place, const char *column, em_error *error, const char *format, ...)
    EM_PRINTF(4, 5);
#endif
