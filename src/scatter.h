/* Each rank's share of a dataset, packed. */
#ifndef EMLIB_SCATTER_H
#define EMLIB_SCATTER_H
#include "batch.h"
#include "comm.h"

/* Reads, checks and packs the groups that the plan gives this rank; settles the number of options, `options` or 0: as
 * found in the data. `trials` must be open; afterwards it holds no rows. Reads in pieces: beside what is packed, a rank
 * needs memory for a piece only. *groups [*n_groups] is to be freed with em_batch_free. Collective. */
em_code em_scatter(em_comm *comm, em_trials *trials, const em_plan *plan, int options, const em_log *log,
                   em_group_data **groups, size_t *n_groups, em_error *error) EM_MUST_CHECK;
/* EM_INPUT_ERROR where the file's name stands for other data on one rank than on another. */
em_code em_scatter_same_data(em_comm *comm, const em_trials *trials, em_error *error) EM_MUST_CHECK;
#endif
