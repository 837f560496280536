/* A manifest: a table of fits to make, one line a fit, with tabs between the cells. */
#ifndef EMLIB_CMD_MANIFEST_H
#define EMLIB_CMD_MANIFEST_H
#include "emlib/emlib.h"

typedef struct manifest_line {
    size_t number; /* in the file, from 1 */
    char **cell;   /* [n_columns] NULL: the cell is empty or '-' */
} manifest_line;

/* Starts zeroed. */
typedef struct manifest {
    size_t header; /* the header's line */
    int n_columns, n_lines;
    char **column; /* [n_columns] their names, without the leading dashes that they may have */
    manifest_line *line;
} manifest;

/* Empty lines and lines that begin with '#' are none. Only what keeps the rest from being understood ends the reading: the file
 * cannot be read, has no header, or a line has more cells than columns. */
em_code manifest_read(const char *path, manifest *m, em_error *error) EM_MUST_CHECK;
void manifest_free(manifest *m);
/* The column of this name, or -1. */
int manifest_column(const manifest *m, const char *name);
#endif
