/* Who does what: subjects are put together in groups of SIMD lanes, and ranks get runs of whole groups. Depends on the
 * trial counts and the number of lanes alone, never on the number of ranks, but for where the runs are cut. */
#ifndef EMLIB_PLAN_H
#define EMLIB_PLAN_H
#include "emlib/emlib.h"

#define EM_NOBODY UINT32_MAX
/* Groups are made within windows of so many consecutive subjects: wide enough to find companions of equal length, narrow
 * enough that a rank reads little more of the file than its own rows. A multiple of any number of lanes. */
enum { EM_WINDOW = 4096 };

typedef struct em_plan {
    int lanes, ranks;
    size_t n_subjects, n_groups;
    uint32_t *member; /* [n_groups, lanes] subject in each lane, EM_NOBODY in an empty one */
    uint32_t *chosen; /* [n_subjects] the dataset's number of each subject; NULL: they are all of the dataset's */
    size_t *first;    /* [ranks+1] first group of each rank */
} em_plan;

/* offset [S+1]: first trial of each subject. */
em_code em_plan_make(const uint64_t *offset, size_t n_subjects, int lanes, int ranks, em_plan *plan, em_error *error)
    EM_MUST_CHECK;
/* The same for some of the dataset's subjects: chosen [n_subjects], ascending, is copied; NULL: all. The plan's subjects are numbered
 * without gaps. */
em_code em_plan_make_of(const uint64_t *offset, const uint32_t *chosen, size_t n_subjects, int lanes, int ranks, em_plan *plan,
                        em_error *error) EM_MUST_CHECK;
/* The dataset's number of a subject of the plan. */
static inline uint32_t em_plan_subject(const em_plan *plan, uint32_t subject)
{
    return plan->chosen ? plan->chosen[subject] : subject;
}
void em_plan_free(em_plan *plan);
/* This rank's groups of a window, first .. end-1, none where end is first; window w holds subjects w*EM_WINDOW and on. */
void em_plan_window(const em_plan *plan, int rank, size_t window, size_t *first, size_t *end);
static inline size_t em_plan_windows(const em_plan *plan) { return (plan->n_subjects + EM_WINDOW - 1) / EM_WINDOW; }
#endif
