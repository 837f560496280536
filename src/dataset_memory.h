/* A dataset in memory, read as if it were a file: what em_dataset_read_outline, _ids and _rows do with a path. */
#ifndef EMLIB_DATASET_MEMORY_H
#define EMLIB_DATASET_MEMORY_H
#include "emlib/emlib.h"

/* A copy of everything but ids, truth and the values of the columns. */
em_code em_dataset_copy_outline(const em_dataset *data, em_dataset **outline, em_error *error) EM_MUST_CHECK;
/* Ids of subjects first .. first+count-1, as em_dataset_read_ids. */
em_code em_dataset_copy_ids(const em_dataset *data, size_t first, size_t count, char ***id,
                            em_error *error) EM_MUST_CHECK;
/* Rows first .. first+count-1 of the named columns of `data`, which holds all of them, to its outline; frees values
 * that this held. */
em_code em_dataset_copy_rows(const em_dataset *data, const char *const *names, int n_names, size_t first, size_t count,
                             em_dataset *outline, em_error *error) EM_MUST_CHECK;
#endif
