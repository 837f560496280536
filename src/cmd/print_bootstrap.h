/* What the bootstrap of a fit says, for people, as JSON and as CSV. */
#ifndef EMLIB_PRINT_BOOTSTRAP_H
#define EMLIB_PRINT_BOOTSTRAP_H
#include "print.h"

/* Each of these does nothing, or gives NULL, where the fit has no bootstrap. */
void print_bootstrap(const em_fit *fit);
json_t *print_bootstrap_json(const em_fit *fit);
/* A row a repetition, NA where it had no result. */
void print_bootstrap_csv(const em_fit *fit, FILE *to);
#endif
