/* From tables to a dataset, whatever files they stand in. */
#ifndef EMLIB_IMPORT_H
#define EMLIB_IMPORT_H
#include "import_table.h"

/* Makes the dataset. `read` reads all of the table of trials, with em_import_table_read or _add and _end. Both tables
 * are as em_import_table_read wants them, but for `row`. subjects NULL: no covariates. What tables hold is freed here.
 */
em_code em_import_make(const em_import_table *trials, em_import_table *subjects,
                       em_code (*read)(em_import_table *table, void *where), void *where,
                       em_dataset **data) EM_MUST_CHECK;
#endif
