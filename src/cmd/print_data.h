/* What a dataset holds, for people to read. */
#ifndef EMLIB_PRINT_DATA_H
#define EMLIB_PRINT_DATA_H
#include "emlib/emlib.h"

/* How many subjects and trials there are and what each column holds. `path`: of the file that columns are read from, one at a time;
 * NULL: their values are there. */
em_code print_data(em_dataset *data, const char *path, em_error *error) EM_MUST_CHECK;
#endif
