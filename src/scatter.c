#include "scatter.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"

/* Rows that are read at a time, unless one subject alone has more. */
enum { PIECE = 1 << 18 };

typedef struct {
    em_trials *trials;
    const em_plan *plan;
    em_group_data *groups; /* this rank's, from group `first` on */
    size_t first;
    em_options_seen seen;
    uint32_t lane[EM_WINDOW]; /* of each subject of the window: group of this rank * lanes + lane, or EM_NOBODY */
} share;

/* Notes which subjects of a window are this rank's; false where none is. */
static bool look_up(share *s, int rank, size_t window)
{
    const size_t lanes = (size_t)s->plan->lanes;
    size_t first, end;
    em_plan_window(s->plan, rank, window, &first, &end);
    for (size_t i = 0; i < EM_WINDOW; i++)
        s->lane[i] = EM_NOBODY;
    for (size_t i = first * lanes; i < end * lanes; i++)
        if (s->plan->member[i] != EM_NOBODY)
            s->lane[s->plan->member[i] - window * EM_WINDOW] = (uint32_t)(i - s->first * lanes);
    return first < end;
}

/* The dataset's number of a subject of the plan. */
static size_t number_of(const share *s, size_t i) { return em_plan_subject(s->plan, (uint32_t)i); }

/* Subjects from .. end-1 of one window. */
static em_code read_piece(share *s, size_t from, size_t end, em_error *error)
{
    const uint32_t lanes = (uint32_t)s->plan->lanes;
    em_code code = em_trials_read(s->trials, number_of(s, from), number_of(s, end - 1) + 1, error);
    for (size_t i = from; i < end && code == EM_OK; i++) {
        const uint32_t lane = s->lane[i % EM_WINDOW];
        if (lane == EM_NOBODY)
            continue;
        code = em_trials_check(s->trials, number_of(s, i), &s->seen, error);
        if (code == EM_OK)
            code = em_batch_fill(&s->groups[lane / lanes], s->trials, number_of(s, i), (int)lanes, (int)(lane % lanes), error);
    }
    return code;
}

/* From one subject of this rank to another, as long as a piece takes their rows and those between. */
static em_code read_window(share *s, size_t window, em_error *error)
{
    const em_dataset *data = s->trials->data;
    const size_t begin = window * EM_WINDOW,
                 end = s->plan->n_subjects - begin < EM_WINDOW ? s->plan->n_subjects : begin + EM_WINDOW;
    em_code code = EM_OK;
    for (size_t from = begin; from < end && code == EM_OK;) {
        if (s->lane[from - begin] == EM_NOBODY) {
            from++;
            continue;
        }
        size_t to = from + 1;
        for (size_t i = to; i < end && data->offset[number_of(s, i) + 1] - data->offset[number_of(s, from)] <= PIECE; i++)
            if (s->lane[i - begin] != EM_NOBODY)
                to = i + 1;
        code = read_piece(s, from, to, error);
        from = to;
    }
    return code;
}

static em_code read_share(share *s, int rank, em_error *error)
{
    const size_t first = s->plan->first[rank], end = s->plan->first[rank + 1];
    em_code code = em_batch_new(s->plan, s->trials, first, end, &s->groups, error);
    for (size_t w = 0; w < em_plan_windows(s->plan) && code == EM_OK; w++)
        if (look_up(s, rank, w))
            code = read_window(s, w, error);
    return code;
}

em_code em_scatter(em_comm *comm, em_trials *trials, const em_plan *plan, int options, const em_log *log,
                   em_group_data **groups, size_t *n_groups, em_error *error)
{
    const int rank = em_comm_rank(comm);
    *groups = NULL;
    *n_groups = plan->first[rank + 1] - plan->first[rank];
    share *s = em_new(1, sizeof *s, error);
    em_code code = EM_MACHINE;
    if (s) {
        s->trials = trials;
        s->plan = plan;
        s->first = plan->first[rank];
        code = read_share(s, rank, error);
        *groups = s->groups;
    }
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && s) {
        em_comm_most(comm, s->seen.seen, EM_MAX_OPTIONS);
        em_comm_most(comm, &s->seen.levels, 1);
        em_comm_most(comm, s->seen.any, EM_MAX_OPTIONS);
        em_comm_most(comm, s->seen.zero, EM_MAX_OPTIONS);
        code = em_comm_agree(comm, em_trials_options(trials, &s->seen, options, log, error), error);
    }
    if (code == EM_OK)
        em_batch_settle(*groups, *n_groups, trials->model, plan->lanes, trials->options);
    em_dataset_forget(trials->data);
    free(s);
    return code;
}

em_code em_scatter_same_data(em_comm *comm, const em_trials *trials, em_error *error)
{
    char what[300];
    snprintf(what, sizeof what, "data as %.250s", trials->path);
    return em_comm_same(comm, trials->data->fingerprint, what, error);
}
