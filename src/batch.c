#include "batch.h"

#include <math.h>
#include <stdlib.h>

#include "error.h"

/* The memory of one group while it is filled; em_batch then shows it read-only. */
typedef struct {
    double *rows, *facts;
    uint8_t *scored, *learned, *restart;
} room;

/* One allocation a group: the rows first, 64-byte aligned as kernels want them, then facts, then the bits. */
static em_code make_room(em_group_data *group, const em_model *model, int lanes, size_t trials, room *to, em_error *error)
{
    const size_t row = (size_t)model->n_columns * (size_t)lanes * sizeof(double);
    const size_t bits = (size_t)model->n_responses + 2;
    const size_t facts = ((size_t)model->n_facts * (size_t)lanes * sizeof(double) + 63) / 64 * 64;
    if (trials > INT32_MAX || trials > (SIZE_MAX - facts - 64) / (row + bits))
        return em_fail(error, EM_MACHINE, "a subject with %zu trials does not fit in memory", trials);
    const size_t rows = (trials * row + 63) / 64 * 64;
    char *store = em_new_aligned(rows + facts + trials * bits, 1, error);
    if (!store)
        return EM_MACHINE;
    to->rows = (double *)(void *)store;
    to->facts = (double *)(void *)(store + rows);
    to->scored = (uint8_t *)store + rows + facts;
    to->learned = to->scored + trials * (size_t)model->n_responses;
    to->restart = to->learned + trials;
    group->store = store;
    group->batch = (em_batch){.trials = (int)trials, .rows = to->rows, .facts = to->facts, .scored = to->scored,
                              .learned = to->learned, .restart = to->restart};
    return EM_OK;
}

/* What stands where a value is missing and after a shorter lane's last trial. It counts for nothing, but the model computes
 * with it, and must not meet anything that it need not expect: for a number the lane's own first value, or one in its range;
 * for a code -1, which picks nothing. */
static double stand_in(const em_trials *trials, uint32_t subject, int c)
{
    const em_column *column = &trials->model->columns[c];
    if (column->codes != EM_NUMBER)
        return -1;
    if (subject != EM_NOBODY)
        for (uint64_t row = trials->data->offset[subject]; row < trials->data->offset[subject + 1]; row++)
            if (!isnan(trials->column[c][row - trials->data->first_row]))
                return trials->column[c][row - trials->data->first_row];
    return fmin(fmax(1, column->min), column->max);
}

static double *cell_in(const em_trials *trials, size_t t, int c, int lanes, int lane, const room *to)
{
    return &to->rows[(t * (size_t)trials->model->n_columns + (size_t)c) * (size_t)lanes + (size_t)lane];
}

static void fill_row(const em_trials *trials, size_t row, size_t t, int lanes, int lane, const room *to)
{
    const em_model *model = trials->model;
    const uint8_t bit = (uint8_t)(1u << lane);
    for (int c = 0; c < model->n_columns; c++) {
        const double x = trials->column[c][row - trials->data->first_row];
        if (!isnan(x))
            *cell_in(trials, t, c, lanes, lane, to) = x;
    }
    const unsigned bits = em_trials_look(trials, row);
    for (int r = 0; r < model->n_responses; r++)
        if (bits >> r & 1)
            to->scored[t * (size_t)model->n_responses + (size_t)r] |= bit;
    if (bits & EM_LEARNED)
        to->learned[t] |= bit;
}

static em_code fill_lane(em_group_data *group, const em_trials *trials, int lanes, int lane, const room *to,
                         em_error *error)
{
    const uint32_t subject = group->member[lane];
    const int n_facts = trials->model->n_facts;
    double *facts = em_new((size_t)n_facts, sizeof *facts, error);
    if (!facts)
        return EM_MACHINE;
    for (int c = 0; c < trials->model->n_columns; c++) {
        const double x = stand_in(trials, subject, c);
        for (size_t t = 0; t < (size_t)group->batch.trials; t++)
            *cell_in(trials, t, c, lanes, lane, to) = x;
    }
    if (subject == EM_NOBODY) { /* like all that enters a kernel, an empty lane's facts must be finite */
        for (int f = 0; f < n_facts; f++)
            facts[f] = 1;
    } else {
        const uint64_t *offset = trials->data->offset + subject;
        for (size_t row = offset[0], t = 0; row < offset[1]; row++, t++) {
            fill_row(trials, row, t, lanes, lane, to);
            if (em_trials_restart(trials, subject, row))
                to->restart[t] |= (uint8_t)(1u << lane);
        }
        em_trials_subject(trials, subject, facts, &group->observed[lane], &group->chance[lane]);
    }
    for (int f = 0; f < n_facts; f++)
        to->facts[f * lanes + lane] = facts[f];
    free(facts);
    return EM_OK;
}

static em_code pack(const em_plan *plan, const em_trials *trials, size_t g, em_group_data *group, em_error *error)
{
    const int lanes = plan->lanes;
    size_t longest = 0;
    group->member = plan->member + g * (size_t)lanes;
    for (int l = 0; l < lanes; l++)
        if (group->member[l] != EM_NOBODY) {
            const uint64_t *offset = trials->data->offset + group->member[l];
            longest = offset[1] - offset[0] > longest ? offset[1] - offset[0] : longest;
        }
    room to = {NULL, NULL, NULL, NULL, NULL};
    em_code code = make_room(group, trials->model, lanes, longest, &to, error);
    group->batch.options = trials->options;
    for (int l = 0; l < lanes && code == EM_OK; l++)
        code = fill_lane(group, trials, lanes, l, &to, error);
    return code;
}

em_code em_batch_pack(const em_plan *plan, const em_trials *trials, size_t first, size_t end, em_group_data **groups,
                      em_error *error)
{
    *groups = em_new(end - first, sizeof **groups, error);
    if (!*groups)
        return EM_MACHINE;
    for (size_t g = first; g < end; g++) {
        em_code code = pack(plan, trials, g, *groups + (g - first), error);
        if (code != EM_OK) {
            em_batch_free(*groups, end - first);
            *groups = NULL;
            return code;
        }
    }
    return EM_OK;
}

void em_batch_free(em_group_data *groups, size_t n)
{
    for (size_t g = 0; groups && g < n; g++)
        free(groups[g].store);
    free(groups);
}
