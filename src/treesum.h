/* Sums over groups of lanes that are bit-identical for any number of ranks. */
#ifndef EMLIB_TREESUM_H
#define EMLIB_TREESUM_H
#include "comm.h"
#include "plan.h"

/* Writes one group's n terms; called for this rank's groups only, in ascending order. */
typedef void em_leaf_fn(void *where, size_t group, double *terms);

/* total [n] on every rank: the sum over all groups, added up in a binary tree over the group numbers. A rank sends rank 0
 * the sums of the largest subtrees that lie wholly in its run of groups (at most 2 log2(groups) of them), and rank 0 puts
 * the tree together: the additions are the same, whoever makes them. Collective. */
em_code em_treesum(em_comm *comm, const em_plan *plan, int n, em_leaf_fn *leaf, void *where, double *total,
                   em_error *error) EM_MUST_CHECK;
#endif
