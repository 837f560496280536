/* Who does what: subjects are put together in groups of SIMD lanes, and ranks get runs of whole groups. Depends on the
 * trial counts and the number of lanes alone, never on the number of ranks, but for where the runs are cut. */
#ifndef EMLIB_PLAN_H
#define EMLIB_PLAN_H
#include "emlib/emlib.h"

#define EM_NOBODY UINT32_MAX

typedef struct em_plan {
    int lanes, ranks;
    size_t n_groups;
    uint32_t *member; /* [n_groups, lanes] subject in each lane, EM_NOBODY in an empty one */
    size_t *first;    /* [ranks+1] first group of each rank */
} em_plan;

/* offset [S+1]: first trial of each subject. */
em_code em_plan_make(const uint64_t *offset, size_t n_subjects, int lanes, int ranks, em_plan *plan, em_error *error)
    EM_MUST_CHECK;
void em_plan_free(em_plan *plan);
/* The rows that a rank's subjects span: first and one past the last; both 0 for a rank without groups. */
void em_plan_rows(const em_plan *plan, int rank, const uint64_t *offset, size_t *first, size_t *end);
#endif
