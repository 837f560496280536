/* Subjects packed side by side for the kernels. */
#ifndef EMLIB_BATCH_H
#define EMLIB_BATCH_H
#include "plan.h"
#include "trials.h"

/* One group of lanes, as the plan has it. */
typedef struct em_group_data {
    em_batch batch;          /* points into `store` */
    const uint32_t *member;  /* [lanes] inside the plan */
    uint64_t observed[8];    /* observed trials of each lane */
    double chance[8];        /* log-likelihood of choosing at random */
    void *store;
} em_group_data;

/* Packs groups first .. end-1 of the plan; *groups [end-first] is to be freed with em_batch_free. */
em_code em_batch_pack(const em_plan *plan, const em_trials *trials, size_t first, size_t end, em_group_data **groups,
                      em_error *error) EM_MUST_CHECK;
void em_batch_free(em_group_data *groups, size_t n);
#endif
