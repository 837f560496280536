/* Names of covariates, and the texts in which users speak of them. */
#ifndef EMLIB_COVARIATE_H
#define EMLIB_COVARIATE_H
#include "emlib/emlib.h"

/* Refuses a name that could not be stored or not be named in an option; `where` begins the message. */
em_code em_covariate_check_name(const char *name, const char *where, em_error *error) EM_MUST_CHECK;

/* The names of the dataset's covariates for a message, as many as fit in EM_LISTED bytes; returns `list`. */
const char *em_covariate_list(const em_dataset *data, char *list);
#endif
