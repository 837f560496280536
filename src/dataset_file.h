/* A dataset file that is written piece by piece, so that nobody needs to hold the whole. */
#ifndef EMLIB_DATASET_FILE_H
#define EMLIB_DATASET_FILE_H
#include "emlib/emlib.h"

typedef struct em_dataset_writer em_dataset_writer;

/* Starts the file. Of `frame` counts what is not an array of subjects or rows: numbers, columns with their levels, the
 * truth's model, group and effects; and the covariates, which are written whole. id_width: bytes of the longest id. whole [n_columns]: stored as int32, else as float64. */
em_code em_dataset_create(const em_dataset *frame, size_t id_width, const bool *whole, const char *path, bool force,
                          em_dataset_writer **writer, em_error *error) EM_MUST_CHECK;
/* part->n_subjects subjects from `first` on: part's id, offset (one more) and, where the frame has a truth, its x and
 * natural start with those of subject `first`. */
em_code em_dataset_put_subjects(em_dataset_writer *writer, const em_dataset *part, size_t first,
                                em_error *error) EM_MUST_CHECK;
/* Values of rows first .. first+n-1 of column c of the frame. Quick where `first` is a multiple of EM_BLOCK. */
em_code em_dataset_put_values(em_dataset_writer *writer, int c, size_t first, size_t n, const double *value,
                              em_error *error) EM_MUST_CHECK;
/* Once all is there: the fingerprint, then the file gets its name. */
em_code em_dataset_finish(em_dataset_writer *writer, const char *fingerprint, em_error *error) EM_MUST_CHECK;
/* Frees the writer (NULL allowed); a file that is not finished disappears. */
void em_dataset_drop(em_dataset_writer *writer);
#endif
