/* Subjects packed side by side for the kernels. */
#ifndef EMLIB_BATCH_H
#define EMLIB_BATCH_H
#include "plan.h"
#include "trials.h"

/* One group of lanes, as the plan has it. */
typedef struct em_group_data {
    em_batch batch;          /* points into `store` */
    const uint32_t *member;  /* [lanes] inside the plan */
    char *id[8];             /* of each lane's subject; owned; NULL in an empty lane */
    uint64_t observed[8];    /* observed trials of each lane */
    double chance[8];        /* log-likelihood of choosing at random; NaN where a response is not a code */
    uint64_t responses[8];   /* scored responses of each lane */
    uint8_t *condition;      /* [trials][lanes] which of the fit's conditions a trial belongs to; NULL: there is one */
    void *store;
} em_group_data;

/* Groups first .. end-1 of the plan, still without subjects; *groups [end-first] is to be freed with em_batch_free. Of `trials`
 * only the model and the offsets are used. */
em_code em_batch_new(const em_plan *plan, const em_trials *trials, size_t first, size_t end, em_group_data **groups,
                     em_error *error) EM_MUST_CHECK;
/* Puts a subject of the dataset, whose rows `trials` holds, into its lane. */
em_code em_batch_fill(em_group_data *group, const em_trials *trials, size_t subject, int lanes, int lane, em_error *error)
    EM_MUST_CHECK;
/* Once all lanes are filled: the number of options of the choice, which only all subjects together tell. */
void em_batch_settle(em_group_data *groups, size_t n, const em_model *model, int lanes, int options);
void em_batch_free(em_group_data *groups, size_t n);
#endif
