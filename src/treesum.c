#include "treesum.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { DEPTH = 64 }; /* of the tree over group numbers, and so the subtrees on one side of a run */

typedef struct {
    const em_plan *plan;
    int n;
    em_leaf_fn *leaf;
    void *where;
    double *out;   /* [.., n] sums of this rank's subtrees, in order */
    size_t n_out;
    double *scratch; /* [DEPTH, n] */
} walk;

static size_t last_of(const em_plan *plan, size_t low, size_t size)
{
    return plan->n_groups - low < size ? plan->n_groups : low + size;
}
static bool inside(const em_plan *plan, int rank, size_t low, size_t end)
{
    return plan->first[rank] <= low && end <= plan->first[rank + 1];
}

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

/* Sum of a subtree that is wholly this rank's. */
static void add_up(const walk *w, size_t low, size_t size, int depth, double *sum)
{
    if (size == 1) {
        w->leaf(w->where, low, sum);
        return;
    }
    add_up(w, low, size / 2, depth + 1, sum);
    if (low + size / 2 < w->plan->n_groups) {
        double *right = w->scratch + depth * w->n;
        add_up(w, low + size / 2, size / 2, depth + 1, right);
        for (int i = 0; i < w->n; i++)
            sum[i] += right[i];
    }
}

/* The subtrees that are wholly rank's, largest first, left to right; counted only, where `make` is false. */
static void collect(walk *w, int rank, size_t low, size_t size, bool make)
{
    if (low >= w->plan->n_groups)
        return;
    const size_t end = last_of(w->plan, low, size);
    if (end <= w->plan->first[rank] || low >= w->plan->first[rank + 1])
        return;
    if (inside(w->plan, rank, low, end)) {
        if (make)
            add_up(w, low, size, 0, w->out + w->n_out * (size_t)w->n);
        w->n_out++;
        return;
    }
    collect(w, rank, low, size / 2, make);
    collect(w, rank, low + size / 2, size / 2, make);
}

/* The whole tree from the ranks' subtrees, which come in the order in which this walk meets them. */
static void put_together(const walk *w, size_t low, size_t size, int depth, const double **next, double *sum)
{
    if (inside(w->plan, rank_of(w->plan, low), low, last_of(w->plan, low, size))) {
        memcpy(sum, *next, (size_t)w->n * sizeof *sum);
        *next += w->n;
        return;
    }
    put_together(w, low, size / 2, depth + 1, next, sum);
    if (low + size / 2 < w->plan->n_groups) {
        double *right = w->scratch + depth * w->n;
        put_together(w, low + size / 2, size / 2, depth + 1, next, right);
        for (int i = 0; i < w->n; i++)
            sum[i] += right[i];
    }
}

em_code em_treesum(em_comm *comm, const em_plan *plan, int n, em_leaf_fn *leaf, void *where, double *total,
                   em_error *error)
{
    memset(total, 0, (size_t)n * sizeof *total);
    if (plan->n_groups == 0)
        return EM_OK;
    walk w = {.plan = plan, .n = n, .leaf = leaf, .where = where};
    size_t top = 1;
    while (top < plan->n_groups)
        top *= 2;
    int *count = em_new((size_t)plan->ranks, sizeof *count, error);
    size_t room = 0;
    for (int r = 0; count && r < plan->ranks; r++) {
        w.n_out = 0;
        collect(&w, r, 0, top, false);
        count[r] = (int)w.n_out * n;
        room += w.n_out * (size_t)n;
    }
    double *all = em_new(em_comm_rank(comm) == 0 ? room : 0, sizeof *all, error);
    w.out = em_new(2 * DEPTH * (size_t)n, sizeof *w.out, error);
    w.scratch = em_new(DEPTH * (size_t)n, sizeof *w.scratch, error);
    const bool good = count && all && w.out && w.scratch;
    em_code code = em_comm_agree(comm, good ? EM_OK : EM_MACHINE, error);
    if (code == EM_OK && good) {
        w.n_out = 0;
        collect(&w, em_comm_rank(comm), 0, top, true);
        em_comm_gather(comm, w.out, count, all);
        const double *next = all;
        if (em_comm_rank(comm) == 0)
            put_together(&w, 0, top, 0, &next, total);
        em_comm_share(comm, total, (size_t)n * sizeof *total);
    }
    free(count);
    free(all);
    free(w.out);
    free(w.scratch);
    return code;
}
