/* What a table of trials and a table of subjects have in common on their way into a dataset: the header line with what
 * options say of it, the column that tells subjects apart, and columns that take cells. */
#ifndef EMLIB_IMPORT_TABLE_H
#define EMLIB_IMPORT_TABLE_H
#include "import_column.h"
#include "table.h"

typedef struct em_import_table {
    const char *path;
    const em_import_options *options;
    const char *subject_name;            /* the column of subjects */
    const struct em_import_table *other; /* read before this one: options may speak of its columns, too; NULL: none */
    bool lenient;                        /* options may speak of columns of a table that is still to be read */
    const em_log *log;
    em_error *error;
    bool header;              /* the header line has been read */
    em_texts names;           /* as the header line has them */
    em_import_column *column; /* [fields] with their new names; that of the subject is never filled */
    size_t fields, subject;   /* subject: the field that holds the ids */
    em_texts ids;
    size_t id; /* number of the subject of this row */
    size_t rows;
    /* After each row that has as many cells as the header line; rows does not count it yet. */
    em_code (*row)(struct em_import_table *table, size_t line);
    void *owner;
} em_import_table;

/* Reads the file of a table whose path, options, names, log, error and row are set. A table without a header line or
 * without rows is refused; `what`, like "trials", is for that message. */
em_code em_import_table_read(em_import_table *table, const char *what) EM_MUST_CHECK;
void em_import_table_clear(em_import_table *table);
/* Hands name, values and levels of a column over; those of the column are empty afterwards. */
void em_import_table_hand_over(em_import_column *from, em_dataset_column *to);
#endif
