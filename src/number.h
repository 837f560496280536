/* Numbers as tables write them. */
#ifndef EMLIB_NUMBER_H
#define EMLIB_NUMBER_H
#include <stddef.h>

typedef enum em_cell {
    EM_CELL_NUMBER,  /* decimal, finite */
    EM_CELL_MISSING, /* empty, NA, NaN, n/a */
    EM_CELL_BEYOND,  /* infinite, too large for a double, or hexadecimal */
    EM_CELL_TEXT     /* anything else */
} em_cell;

/* What the n bytes of `text`, followed by a NUL, stand for; *x is set for EM_CELL_NUMBER alone, to the nearest double,
 * 0 for -0. The thread's locale must have the decimal point of "C". */
em_cell em_number_read(const char *text, size_t n, double *x);

enum { EM_NUMBER_TEXT = 32 };
/* The one text of a finite number, whatever way it was written: whole numbers below 1e15 as digits alone, others with
 * as few digits as give back the same double. Returns its length; `text` ends with a NUL. Same locale. */
size_t em_number_write(double x, char text[EM_NUMBER_TEXT]);
#endif
