/* Which subjects of a dataset are to be used. */
#ifndef EMLIB_SELECTION_H
#define EMLIB_SELECTION_H
#include "emlib/emlib.h"

/* id [n_subjects]; chosen [n_subjects] out. file: the ids to use, one a line, or a table, CSV or TSV, with a column
 * `subject` whose other columns do not matter; NULL: everybody. exclude [n_exclude]: ids to leave out, also of those in
 * the file. Naming a subject twice does no harm. EM_INPUT_ERROR: an id that the data, named data_path in the message,
 * do not have; nobody is left. */
em_code em_selection_make(char *const *id, size_t n_subjects, const char *file, const char *const *exclude,
                          int n_exclude, const char *data_path, bool *chosen, em_error *error) EM_MUST_CHECK;
#endif
