#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Groups are made within windows of consecutive subjects: wide enough to find companions of equal length, narrow enough
 * that a rank reads little more of the file than its own rows. */
enum { WINDOW = 4096 };
/* What a group costs beside its trials, in trials. */
enum { OVERHEAD = 20 };

typedef struct {
    uint32_t subject;
    uint64_t trials;
} length;

static int longer_first(const void *a, const void *b)
{
    const length *x = a, *y = b;
    if (x->trials != y->trials)
        return x->trials > y->trials ? -1 : 1;
    return (x->subject > y->subject) - (x->subject < y->subject);
}

static void make_groups(const uint64_t *offset, size_t n_subjects, em_plan *plan, length *window)
{
    size_t lane = 0;
    for (size_t from = 0; from < n_subjects; from += WINDOW) {
        const size_t n = n_subjects - from < WINDOW ? n_subjects - from : WINDOW;
        for (size_t i = 0; i < n; i++)
            window[i] = (length){(uint32_t)(from + i), offset[from + i + 1] - offset[from + i]};
        qsort(window, n, sizeof *window, longer_first);
        for (size_t i = 0; i < n; i++)
            plan->member[lane++] = window[i].subject;
    }
    while (lane < plan->n_groups * (size_t)plan->lanes)
        plan->member[lane++] = EM_NOBODY;
}

static double cost(const em_plan *plan, const uint64_t *offset, size_t group)
{
    uint64_t most = 0;
    for (int l = 0; l < plan->lanes; l++) {
        const uint32_t s = plan->member[group * (size_t)plan->lanes + (size_t)l];
        if (s != EM_NOBODY && offset[s + 1] - offset[s] > most)
            most = offset[s + 1] - offset[s];
    }
    return (double)(most + OVERHEAD);
}

/* A group goes to the rank in whose share of the total work its middle falls. */
static void cut(const uint64_t *offset, em_plan *plan)
{
    double total = 0, before = 0;
    for (size_t g = 0; g < plan->n_groups; g++)
        total += cost(plan, offset, g);
    int rank = 0;
    for (size_t g = 0; g < plan->n_groups; g++) {
        const double own = cost(plan, offset, g), middle = before + own / 2;
        while (rank < plan->ranks - 1 && middle * plan->ranks >= total * (rank + 1))
            plan->first[++rank] = g;
        before += own;
    }
    while (rank < plan->ranks)
        plan->first[++rank] = plan->n_groups;
}

em_code em_plan_make(const uint64_t *offset, size_t n_subjects, int lanes, int ranks, em_plan *plan, em_error *error)
{
    *plan = (em_plan){.lanes = lanes, .ranks = ranks};
    if (n_subjects >= EM_NOBODY)
        return em_fail(error, EM_INPUT_ERROR, "%zu subjects are more than one fit can hold (%u)", n_subjects, EM_NOBODY - 1);
    plan->n_groups = (n_subjects + (size_t)lanes - 1) / (size_t)lanes;
    length *window = em_new(n_subjects < WINDOW ? n_subjects : WINDOW, sizeof *window, error);
    plan->member = em_new(plan->n_groups * (size_t)lanes, sizeof *plan->member, error);
    plan->first = em_new((size_t)ranks + 1, sizeof *plan->first, error);
    const bool good = window && plan->member && plan->first;
    if (good) {
        make_groups(offset, n_subjects, plan, window);
        cut(offset, plan);
    }
    free(window);
    return good ? EM_OK : EM_MACHINE;
}

void em_plan_free(em_plan *plan)
{
    free(plan->member);
    free(plan->first);
    *plan = (em_plan){0};
}

void em_plan_rows(const em_plan *plan, int rank, const uint64_t *offset, size_t *first, size_t *end)
{
    *first = *end = 0;
    const size_t lanes = (size_t)plan->lanes;
    for (size_t i = plan->first[rank] * lanes; i < plan->first[rank + 1] * lanes; i++) {
        const uint32_t s = plan->member[i];
        if (s == EM_NOBODY)
            continue;
        if (*end == 0 || offset[s] < *first)
            *first = offset[s];
        if (offset[s + 1] > *end)
            *end = offset[s + 1];
    }
}
