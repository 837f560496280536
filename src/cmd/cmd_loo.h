/* What emlib loo prints. */
#ifndef EMLIB_CMD_LOO_H
#define EMLIB_CMD_LOO_H
#include "cmd.h"

/* Fits with their results, [n]; differences to the best one, which has the highest elpd_loo. */
typedef struct loo_table {
    int n, best;
    const char **file;
    em_loo_result **result;
    em_loo_difference *difference; /* of the best one - this one; of the best one 0 */
} loo_table;

/* The best one and the differences to it. */
em_code loo_compare(loo_table *table, em_error *error) EM_MUST_CHECK;
/* A few lines on stderr: sums, differences, who could not be predicted. */
void loo_summary(const loo_table *table);
/* A row a subject, or everything as JSON, to a new file or, with path NULL, to the standard output. */
em_code loo_write(const loo_table *table, bool json, const char *path, bool force, em_error *error) EM_MUST_CHECK;
#endif
