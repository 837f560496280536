/* Sums over groups of lanes that are bit-identical for any number of ranks. */
#ifndef EMLIB_TREESUM_H
#define EMLIB_TREESUM_H
#include "comm.h"
#include "plan.h"

/* Writes one group's n terms; called for this rank's groups only, in ascending order. */
typedef void em_leaf_fn(void *where, size_t group, double *terms);

/* total [n], n > 0, on every rank: the sum over all groups, added up in a binary tree over the group numbers. A part of the
 * tree that lies wholly in a rank's run of groups is added up there; elsewhere the rank with the first group of a node gets
 * the right half's sum from whoever made it, and adds. So the additions are the same, whoever makes them, and a rank sends
 * and receives at most 2 log2(groups) times n numbers. Keeps n numbers a level of the tree on the stack. Collective. */
em_code em_treesum(em_comm *comm, const em_plan *plan, int n, em_leaf_fn *leaf, void *where, double *total,
                   em_error *error) EM_MUST_CHECK;
#endif
