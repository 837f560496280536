#include "treesum.h"

#include <string.h>

typedef struct {
    em_comm *comm;
    const em_plan *plan;
    size_t first, end; /* this rank's groups */
    int n;
    em_leaf_fn *leaf;
    void *where;
} walk;

/* The rank that has this group. */
static int rank_of(const em_plan *plan, size_t group)
{
    int low = 0, high = plan->ranks;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (plan->first[middle] <= group)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The sum of a node, size a power of 2: its left half and, where there are groups, its right half. It is made by the rank
 * that has its first group, its owner; `sum` holds it there afterwards, and nothing elsewhere. All ranks meet the nodes in
 * the same order, left, right, then the node itself, so whoever is next can go on: nobody waits for ever. */
static void visit(const walk *w, size_t low, size_t size, double *sum)
{
    const size_t middle = low + size / 2;
    const bool mine = low >= w->first;
    if (low >= w->end || low + size <= w->first)
        return;
    if (size == 1) {
        w->leaf(w->where, low, sum);
        return;
    }
    visit(w, low, size / 2, sum);
    if (middle >= w->plan->n_groups)
        return;
    double right[w->n];
    visit(w, middle, size / 2, right);
    const bool right_mine = w->first <= middle && middle < w->end;
    if (mine && !right_mine)
        em_comm_receive(w->comm, rank_of(w->plan, middle), right, sizeof right);
    if (!mine && right_mine)
        em_comm_send(w->comm, rank_of(w->plan, low), right, sizeof right);
    for (int i = 0; i < w->n && mine; i++)
        sum[i] += right[i];
}

em_code em_treesum(em_comm *comm, const em_plan *plan, int n, em_leaf_fn *leaf, void *where, double *total,
                   em_error *error)
{
    (void)error;
    const size_t *first = plan->first + em_comm_rank(comm);
    const walk w = {comm, plan, first[0], first[1], n, leaf, where};
    size_t top = 1;
    while (top < plan->n_groups)
        top *= 2;
    memset(total, 0, (size_t)n * sizeof *total);
    if (plan->n_groups == 0)
        return EM_OK;
    if (w.first < w.end)
        visit(&w, 0, top, total);
    em_comm_share_from(comm, rank_of(plan, 0), total, (size_t)n * sizeof *total);
    return EM_OK;
}
