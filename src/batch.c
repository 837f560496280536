#include "batch.h"

#include <math.h>
#include <stdlib.h>

#include "error.h"

/* The memory of a group, which em_batch shows read-only to everybody else. */
typedef struct {
    double *rows, *facts;
    uint8_t *scored, *learned, *restart;
} room;

/* Where the parts of one allocation are: the rows first, 64-byte aligned as kernels want them, then facts, then the bits. */
static size_t lay_out(const em_model *model, int lanes, size_t trials, char *store, room *to)
{
    const size_t row = (size_t)model->n_columns * (size_t)lanes * sizeof(double);
    const size_t rows = (trials * row + 63) / 64 * 64;
    const size_t facts = ((size_t)model->n_facts * (size_t)lanes * sizeof(double) + 63) / 64 * 64;
    if (store)
        *to = (room){.rows = (double *)(void *)store, .facts = (double *)(void *)(store + rows),
                     .scored = (uint8_t *)store + rows + facts,
                     .learned = (uint8_t *)store + rows + facts + trials * (size_t)model->n_responses,
                     .restart = (uint8_t *)store + rows + facts + trials * ((size_t)model->n_responses + 1)};
    return rows + facts + trials * ((size_t)model->n_responses + 2);
}

static em_code make_room(em_group_data *group, const em_model *model, int lanes, size_t trials, em_error *error)
{
    const size_t row = (size_t)model->n_columns * (size_t)lanes * sizeof(double) + (size_t)model->n_responses + 2;
    if (trials > INT32_MAX || trials > SIZE_MAX / 2 / row)
        return em_fail(error, EM_MACHINE, "a subject with %zu trials does not fit in memory", trials);
    room to;
    group->store = em_new_aligned(lay_out(model, lanes, trials, NULL, NULL), 1, error);
    if (!group->store)
        return EM_MACHINE;
    lay_out(model, lanes, trials, group->store, &to);
    group->batch = (em_batch){.trials = (int)trials, .rows = to.rows, .facts = to.facts, .scored = to.scored,
                              .learned = to.learned, .restart = to.restart};
    return EM_OK;
}

static const size_t nobody = SIZE_MAX;

/* What stands where a value is missing and after a shorter lane's last trial. It counts for nothing, but the model computes
 * with it, and must not meet anything that it need not expect: for a number the lane's own first value, or one in its range;
 * for a code -1, which picks nothing. */
static double stand_in(const em_trials *trials, size_t subject, int c)
{
    const em_column *column = &trials->model->columns[c];
    if (column->codes != EM_NUMBER)
        return -1;
    if (subject != nobody)
        for (uint64_t row = trials->data->offset[subject]; row < trials->data->offset[subject + 1]; row++)
            if (!isnan(trials->column[c][row - trials->data->first_row]))
                return trials->column[c][row - trials->data->first_row];
    return fmin(fmax(1, column->min), column->max);
}

static double *cell_in(const em_trials *trials, size_t t, int c, int lanes, int lane, const room *to)
{
    return &to->rows[(t * (size_t)trials->model->n_columns + (size_t)c) * (size_t)lanes + (size_t)lane];
}

/* Whether anything is scored. */
static bool fill_row(const em_trials *trials, size_t row, size_t t, int lanes, int lane, const room *to)
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
    return (bits & ~EM_LEARNED) != 0;
}

static void stand_ins(const em_group_data *group, const em_trials *trials, size_t subject, int lanes, int lane, const room *to)
{
    for (int c = 0; c < trials->model->n_columns; c++) {
        const double x = stand_in(trials, subject, c);
        for (size_t t = 0; t < (size_t)group->batch.trials; t++)
            *cell_in(trials, t, c, lanes, lane, to) = x;
    }
}

/* The condition of each trial, and of the last one ever after. */
static void fill_conditions(em_group_data *group, const em_trials *trials, size_t subject, int lanes, int lane)
{
    const uint64_t *offset = trials->data->offset + subject;
    uint8_t now = 0;
    for (size_t t = 0; t < (size_t)group->batch.trials; t++) {
        if (t < offset[1] - offset[0])
            now = (uint8_t)em_trials_condition(trials, offset[0] + t);
        group->condition[t * (size_t)lanes + (size_t)lane] = now;
    }
}

em_code em_batch_fill(em_group_data *group, const em_trials *trials, size_t subject, int lanes, int lane, em_error *error)
{
    const uint64_t *offset = trials->data->offset + subject;
    const int n_facts = trials->model->n_facts;
    room to;
    lay_out(trials->model, lanes, (size_t)group->batch.trials, group->store, &to);
    double *facts = em_new((size_t)n_facts, sizeof *facts, error);
    group->id[lane] = facts ? em_copy(em_trials_id(trials, subject), error) : NULL;
    if (!group->id[lane]) {
        free(facts);
        return EM_MACHINE;
    }
    stand_ins(group, trials, subject, lanes, lane, &to);
    if (group->condition)
        fill_conditions(group, trials, subject, lanes, lane);
    for (size_t row = offset[0], t = 0; row < offset[1]; row++, t++) {
        group->observed[lane] += fill_row(trials, row, t, lanes, lane, &to);
        if (em_trials_restart(trials, subject, row))
            to.restart[t] |= (uint8_t)(1u << lane);
    }
    em_trials_facts(trials, subject, facts);
    for (int f = 0; f < n_facts; f++)
        to.facts[f * lanes + lane] = facts[f];
    free(facts);
    return EM_OK;
}

/* Like all that enters a kernel, an empty lane's cells and facts must be finite. */
static void fill_empty_lane(em_group_data *group, const em_trials *trials, int lanes, int lane)
{
    room to;
    lay_out(trials->model, lanes, (size_t)group->batch.trials, group->store, &to);
    stand_ins(group, trials, nobody, lanes, lane, &to);
    for (int f = 0; f < trials->model->n_facts; f++)
        to.facts[f * lanes + lane] = 1;
}

static em_code make_group(const em_plan *plan, const em_trials *trials, size_t g, em_group_data *group, em_error *error)
{
    const int lanes = plan->lanes;
    size_t longest = 0;
    group->member = plan->member + g * (size_t)lanes;
    for (int l = 0; l < lanes; l++)
        if (group->member[l] != EM_NOBODY) {
            const uint64_t *offset = trials->data->offset + em_plan_subject(plan, group->member[l]);
            longest = offset[1] - offset[0] > longest ? offset[1] - offset[0] : longest;
        }
    em_code code = make_room(group, trials->model, lanes, longest, error);
    if (code == EM_OK && trials->conditions > 1) {
        group->condition = em_new(longest * (size_t)lanes, 1, error);
        code = group->condition ? EM_OK : EM_MACHINE;
    }
    for (int l = 0; l < lanes && code == EM_OK; l++)
        if (group->member[l] == EM_NOBODY)
            fill_empty_lane(group, trials, lanes, l);
    return code;
}

em_code em_batch_new(const em_plan *plan, const em_trials *trials, size_t first, size_t end, em_group_data **groups,
                     em_error *error)
{
    *groups = em_new(end - first, sizeof **groups, error);
    if (!*groups)
        return EM_MACHINE;
    for (size_t g = first; g < end; g++) {
        em_code code = make_group(plan, trials, g, *groups + (g - first), error);
        if (code != EM_OK) {
            em_batch_free(*groups, end - first);
            *groups = NULL;
            return code;
        }
    }
    return EM_OK;
}

/* Log-likelihood of choosing at random on all trials that are scored; counts the responses. */
static double chance_of(em_group_data *group, const em_model *model, int lane, int options)
{
    double log_chance = 0;
    for (int c = 0, r = 0; c < model->n_columns; c++) {
        const int codes = model->columns[c].codes;
        if (model->columns[c].role != EM_RESPONSE)
            continue;
        const uint8_t *scored = group->batch.scored + r++;
        double n = 0;
        for (size_t t = 0; t < (size_t)group->batch.trials; t++)
            n += scored[t * (size_t)model->n_responses] >> lane & 1;
        group->responses[lane] += (uint64_t)n;
        if (n > 0)
            log_chance -= codes == EM_NUMBER ? NAN : n * log(codes == EM_OPTION ? options : codes);
    }
    return log_chance;
}

void em_batch_settle(em_group_data *groups, size_t n, const em_model *model, int lanes, int options)
{
    for (size_t g = 0; g < n; g++) {
        groups[g].batch.options = options;
        for (int l = 0; l < lanes; l++)
            groups[g].chance[l] = chance_of(&groups[g], model, l, options);
    }
}

void em_batch_free(em_group_data *groups, size_t n)
{
    for (size_t g = 0; groups && g < n; g++) {
        for (int l = 0; l < 8; l++)
            free(groups[g].id[l]);
        free(groups[g].condition);
        free(groups[g].store);
    }
    free(groups);
}
