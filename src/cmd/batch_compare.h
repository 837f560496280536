/* The comparisons of what a batch has made: one for each dataset that several of its fits share. */
#ifndef EMLIB_CMD_BATCH_COMPARE_H
#define EMLIB_CMD_BATCH_COMPARE_H
#include "batch_plan.h"

/* The name that comparisons have without another: MANIFEST.compare.csv, without the manifest's ending; to be freed. */
char *batch_compare_name(const char *path);
/* EM_INPUT_ERROR where one of the files that would be written is there and is no comparison. */
em_code batch_compare_check(const batch_plan *plan, const char *file, em_error *error) EM_MUST_CHECK;
/* Writes the comparisons as CSV: `file`, or with several datasets one with the dataset's name before the ending for each. Fits that are
 * not done are left out, and said. Returns an exit status. */
int batch_compare(const batch_plan *plan, const char *file);
#endif
