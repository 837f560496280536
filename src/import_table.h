/* What a table of trials and a table of subjects have in common on their way into a dataset: the header line with what
 * options say of it, the column that tells subjects apart, and columns that take cells. A table may come in several
 * files, each with a header line of its own. */
#ifndef EMLIB_IMPORT_TABLE_H
#define EMLIB_IMPORT_TABLE_H
#include "import_column.h"
#include "import_keep.h"
#include "table.h"

/* One cell of a row, as the header line of this file has them. */
typedef struct em_import_field {
    char *name;    /* owned; the new one */
    size_t column; /* where its cells go */
} em_import_field;

/* A column that stands in no file: all rows of a file have the same text. A column of this name in a file takes its
 * place. */
typedef struct em_import_extra {
    const char *name, *text;
    bool replaced; /* out: by a column of some file */
} em_import_extra;

typedef struct em_import_table {
    const char *path; /* of the file that is read; those of all files live as long as the table */
    const em_import_options *options;
    const char *subject_name; /* the column of subjects; NULL: files are of one subject each, subject_text */
    const char *subject_text;
    const char *prefix; /* what ids may begin with and is left out; NULL: nothing */
    const char *suffix; /* of a table of subjects: from here on ids of trials have what its own do not; NULL: nothing */
    em_import_extra *extra; /* [n_extra] */
    size_t n_extra;
    const struct em_import_table *other; /* read before this one: options may speak of its columns, too; NULL: none */
    bool lenient; /* a table of subjects: options may speak of columns of a table that is still to be read */
    bool unasked; /* nobody has named this table: nothing need be in it */
    /* Texts of a column that are known beforehand, in `order`, which is empty; `name` is the one in the file. NULL:
     * none are. */
    em_code (*order)(struct em_import_table *table, const char *name, em_texts *order);
    void *order_owner;
    const em_log *log;
    em_error *error;
    bool header;            /* the header line of this file has been read */
    em_texts names;         /* as the header line has them */
    em_import_field *field; /* [n_fields] of this file; extra ones follow those of the header line */
    size_t n_fields;
    em_import_column *column;     /* [fields] of all files, with their new names; that of the subject is never filled */
    size_t fields, room, subject; /* subject: the column that holds the ids, or SIZE_MAX */
    size_t *absent, n_absent;     /* columns that this file does not have */
    size_t files;                 /* so far */
    bool *renamed;                /* [options->n_rename] some file had the old name */
    em_import_keep keep;
    em_texts ids;
    size_t id; /* number of the subject of this row */
    size_t rows;
    /* After each row that has as many cells as the header line and is a trial; rows does not count it yet. */
    em_code (*row)(struct em_import_table *table, size_t line);
    void *owner;
} em_import_table;

/* Reads the file of a table whose path, options, names, log, error and row are set. A table without a header line or
 * without rows is refused; `what`, like "trials", is for that message. */
em_code em_import_table_read(em_import_table *table, const char *what) EM_MUST_CHECK;
/* The same in parts: em_import_table_add for each file, with path, subject_text and the texts of the extra columns set
 * anew; then em_import_table_end, where path is that of the whole. A column that options speak of must be in every
 * file. */
em_code em_import_table_add(em_import_table *table) EM_MUST_CHECK;
em_code em_import_table_end(em_import_table *table, const char *what) EM_MUST_CHECK;
void em_import_table_clear(em_import_table *table);
/* Hands name, values and levels of a column over; those of the column are empty afterwards. */
void em_import_table_hand_over(em_import_column *from, em_dataset_column *to);
#endif
