/* The table of trials that `emlib export` writes: the data, everybody's latent variables beside them. */
#ifndef EMLIB_CMD_EXPORT_TRIALS_H
#define EMLIB_CMD_EXPORT_TRIALS_H
#include <stdio.h>

#include "cmd.h"

typedef struct trials_table trials_table;

typedef struct trials_request {
    const char *data, *model; /* the dataset; the file of a compiled model; NULL: those that the fit names */
    bool covariates;          /* the subjects' covariates as columns */
} trials_request;

/* Reads the data and computes the latent variables; says on stderr whose are not there. */
em_code trials_table_make(const em_fit *fit, const trials_request *request, trials_table **table,
                          em_error *error) EM_MUST_CHECK;
/* All subjects. */
void trials_table_write(const trials_table *table, FILE *to);
/* A file FOLDER/SUBJECT.csv for each subject. The folder is made where it is not there. Where something fails, what was
 * new goes again; with force the files that were replaced so far stay. */
em_code trials_table_split(const trials_table *table, const char *folder, bool force, em_error *error) EM_MUST_CHECK;
void trials_table_free(trials_table *table);
#endif
