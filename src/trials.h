/* A dataset as a model sees it: the columns it needs, found and checked, and what counts on each trial. */
#ifndef EMLIB_TRIALS_H
#define EMLIB_TRIALS_H
#include "emlib/emlib.h"

/* A column whose values are conditions of the trials: some parameters have a value for each. */
enum { EM_MOST_BY = 4, EM_MOST_LEVELS = 32 };
typedef struct em_condition_column {
    const char *name;              /* inside the dataset */
    int n_levels;
    double level[EM_MOST_LEVELS];  /* its values, ascending */
    const double *value;           /* like em_trials.column, once it is read */
} em_condition_column;

/* A column that the model does not have and somebody else wants. */
enum { EM_MOST_ALSO = 64 };
typedef struct em_also_column {
    const char *name;    /* inside the dataset */
    const double *value; /* like em_trials.column, once it is read */
} em_also_column;

typedef struct em_trials {
    const em_model *model;
    const char *path;      /* of the dataset, for messages; borrowed */
    const em_dataset *source; /* the dataset where it is in memory, whole; borrowed; NULL: it is a file */
    em_dataset *data;      /* owned; an outline that holds the rows of the subjects that were asked for */
    char **id;             /* ids of these subjects; owned */
    size_t first_subject, n_ids;
    const double **column; /* [n_columns] value of row r is column[c][r - data->first_row]; inside data */
    bool has_block;        /* the column `block` is there, and counts */
    const double *block;   /* its values, like column[c], once they are read; else NULL */
    int options;           /* K, once em_trials_options has found it */
    int n_by, conditions;  /* columns of conditions; all combinations of their levels, 1 without any */
    em_condition_column by[EM_MOST_BY];
    int n_also;
    em_also_column also[EM_MOST_ALSO];
} em_trials;

/* What the options of the choices look like in some rows; joined over the ranks by the largest of each number. */
typedef struct em_options_seen {
    double seen[EM_MAX_OPTIONS]; /* 1 where this code occurs */
    double levels;               /* of the option column with most levels, 0 where none is text */
    double any[EM_MAX_OPTIONS], zero[EM_MAX_OPTIONS]; /* by response: 1 where it has a code, where it has the code 0 */
} em_options_seen;

/* Reads the outline of the dataset and finds the model's columns in it: their presence, their kind, their levels. */
em_code em_trials_open(const char *path, const em_model *model, bool ignore_block, em_trials *trials, em_error *error)
    EM_MUST_CHECK;
/* The same of a sealed dataset that is in memory; name: what messages call it. Both are borrowed. */
em_code em_trials_open_memory(const em_dataset *data, const char *name, const em_model *model, bool ignore_block, em_trials *trials,
                              em_error *error) EM_MUST_CHECK;
/* Adds a column of conditions, before anything is read: its levels are those of its texts, or the numbers that occur in the dataset, for
 * which it is looked through. */
em_code em_trials_add_by(em_trials *trials, const char *name, em_error *error) EM_MUST_CHECK;
/* Adds a column of numbers, before anything is read; returns its place in `also`, -1 where the dataset has no such numbers or there
 * are too many. */
int em_trials_add(em_trials *trials, const char *name);
/* The place of a column that was added; -1. */
int em_trials_also(const em_trials *trials, const char *name);
/* The condition of a row: the place of its combination of levels, the first column's level counting fastest; -1: missing. */
int em_trials_condition(const em_trials *trials, size_t row);
void em_trials_close(em_trials *trials);
/* Reads the ids of subjects first .. end-1 and their rows of the columns, in place of what was read before. */
em_code em_trials_read(em_trials *trials, size_t first, size_t end, em_error *error) EM_MUST_CHECK;
/* The ids of subjects first .. first+count-1, which are the caller's to free. */
em_code em_trials_read_ids(const em_trials *trials, size_t first, size_t count, char ***id, em_error *error) EM_MUST_CHECK;
/* The id of a subject that was read. */
static inline char *em_trials_id(const em_trials *trials, size_t subject)
{
    return trials->id[subject - trials->first_subject];
}
/* Checks every value of one subject against the model and notes the options it uses. */
em_code em_trials_check(const em_trials *trials, size_t subject, em_options_seen *seen, em_error *error) EM_MUST_CHECK;
/* Settles K from what all subjects use (asked 0) or as asked; refuses choices without a 0. Notes go to the log. */
em_code em_trials_options(em_trials *trials, const em_options_seen *seen, int asked, const em_log *log, em_error *error)
    EM_MUST_CHECK;
/* What counts on a row: bit r where response r is scored, EM_LEARNED where the state learns from it. */
#define EM_LEARNED (1u << 31)
unsigned em_trials_look(const em_trials *trials, size_t row);
/* Whether a new block starts on this row (never on a subject's first). */
bool em_trials_restart(const em_trials *trials, size_t subject, size_t row);
/* The model's numbers about one subject: facts [n_facts] out. */
void em_trials_facts(const em_trials *trials, size_t subject, double *facts);
#endif
