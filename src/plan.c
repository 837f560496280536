#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

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

static size_t common_divisor(size_t a, size_t b)
{
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Sorted things taken in steps of this many, round and round, are all taken once, and any run of them is an even sample of
 * all: steps of the golden section leave the evenest gaps (three-distance theorem; Knuth, TAOCP 6.4). */
static size_t golden_step(size_t n)
{
    size_t step = (size_t)(0.6180339887498949 * (double)n);
    while (step > 1 && common_divisor(step, n) > 1)
        step--;
    return step > 0 ? step : 1;
}

/* The groups of a window of n subjects, sorted. A run of groups, whatever its place, has long and short ones in the same
 * mixture, because long subjects differ from short ones in more than their number of trials. */
static void mix_groups(const length *window, size_t n, size_t lanes, uint32_t *member)
{
    const size_t n_groups = (n + lanes - 1) / lanes, step = golden_step(n_groups);
    for (size_t g = 0, from = 0; g < n_groups; g++, from = (from + step) % n_groups)
        for (size_t l = 0; l < lanes; l++) {
            const size_t i = from * lanes + l;
            member[g * lanes + l] = i < n ? window[i].subject : EM_NOBODY;
        }
}

static uint64_t trials_of(const em_plan *plan, const uint64_t *offset, size_t subject)
{
    const uint32_t s = em_plan_subject(plan, (uint32_t)subject);
    return offset[s + 1] - offset[s];
}

static void make_groups(const uint64_t *offset, size_t n_subjects, em_plan *plan, length *window)
{
    for (size_t from = 0; from < n_subjects; from += EM_WINDOW) {
        const size_t n = n_subjects - from < EM_WINDOW ? n_subjects - from : EM_WINDOW;
        for (size_t i = 0; i < n; i++)
            window[i] = (length){(uint32_t)(from + i), trials_of(plan, offset, from + i)};
        qsort(window, n, sizeof *window, longer_first);
        mix_groups(window, n, (size_t)plan->lanes, plan->member + from);
    }
}

static double cost(const em_plan *plan, const uint64_t *offset, size_t group)
{
    uint64_t most = 0;
    for (int l = 0; l < plan->lanes; l++) {
        const uint32_t s = plan->member[group * (size_t)plan->lanes + (size_t)l];
        if (s != EM_NOBODY && trials_of(plan, offset, s) > most)
            most = trials_of(plan, offset, s);
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
    return em_plan_make_of(offset, NULL, n_subjects, lanes, ranks, plan, error);
}

em_code em_plan_make_of(const uint64_t *offset, const uint32_t *chosen, size_t n_subjects, int lanes, int ranks, em_plan *plan,
                        em_error *error)
{
    *plan = (em_plan){.lanes = lanes, .ranks = ranks, .n_subjects = n_subjects};
    if (n_subjects >= EM_NOBODY)
        return em_fail(error, EM_INPUT_ERROR, "%zu subjects are more than one fit can hold (%u)", n_subjects, EM_NOBODY - 1);
    plan->n_groups = (n_subjects + (size_t)lanes - 1) / (size_t)lanes;
    length *window = em_new(n_subjects < EM_WINDOW ? n_subjects : EM_WINDOW, sizeof *window, error);
    plan->member = em_new(plan->n_groups * (size_t)lanes, sizeof *plan->member, error);
    plan->first = em_new((size_t)ranks + 1, sizeof *plan->first, error);
    if (chosen)
        plan->chosen = em_new(n_subjects, sizeof *plan->chosen, error);
    const bool good = window && plan->member && plan->first && (plan->chosen || !chosen);
    if (good && chosen)
        memcpy(plan->chosen, chosen, n_subjects * sizeof *chosen);
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
    free(plan->chosen);
    *plan = (em_plan){0};
}

void em_plan_window(const em_plan *plan, int rank, size_t window, size_t *first, size_t *end)
{
    const size_t groups = EM_WINDOW / (size_t)plan->lanes, from = window * groups, to = from + groups;
    *first = plan->first[rank] > from ? plan->first[rank] : from;
    *end = plan->first[rank + 1] < to ? plan->first[rank + 1] : to;
    if (*end < *first)
        *end = *first;
}
