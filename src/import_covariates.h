/* A table with one row a subject, and what becomes of it: covariates of a dataset. */
#ifndef EMLIB_IMPORT_COVARIATES_H
#define EMLIB_IMPORT_COVARIATES_H
#include "import_table.h"

/* Reads the table of subjects, of which path, options, subject_name, log and error are set. Refuses a subject that
 * stands there twice, and names that no covariate can have. em_import_covariates_clear also after a failure. */
em_code em_import_covariates_read(em_import_table *table) EM_MUST_CHECK;
/* Gives `data`, whose ids are there, its covariates; those of the table are spent. Says in the log who has no row or no
 * trials. Levels that were not asked for and that nobody with trials has are dropped. `trials`: the path of the table
 * of trials. */
em_code em_import_covariates(em_import_table *table, const char *trials, em_dataset *data) EM_MUST_CHECK;
void em_import_covariates_clear(em_import_table *table);
#endif
