#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "random.h"
#include "task.h"

/* What happens to one subject while the model draws its trials. */
typedef struct {
    const em_task *task;
    em_scene seen;
} scene;

static double outcome(void *where, int trial, int column, const double *row)
{
    scene *s = where;
    s->seen.trial = trial;
    s->seen.row = row;
    return s->task->outcome(&s->seen, s->seen.model->columns[column].name);
}

static em_code check(const em_model *model, const em_simulation *sim, const em_task *task, em_error *error)
{
    if (!task)
        return em_fail(error, EM_INPUT_ERROR, "model %s names no task to simulate", model->name);
    if (sim->subjects < 1 || sim->trials < 1)
        return em_fail(error, EM_INPUT_ERROR, "a simulation needs at least 1 subject and 1 trial");
    if (sim->options != 0 && (sim->options < 2 || sim->options > EM_MAX_OPTIONS))
        return em_fail(error, EM_INPUT_ERROR, "the number of options can be 2 to %d, not %d", EM_MAX_OPTIONS, sim->options);
    for (int j = 0; j < model->n_parameters; j++)
        if (sim->var[j] < 0 || isinf(sim->var[j]) || isinf(sim->mu[j]))
            return em_fail(error, EM_INPUT_ERROR, "mean and variance of %s must be finite, and the variance not below 0",
                           model->parameters[j].name);
    return EM_OK;
}

static em_code make_frame(const em_model *model, const em_simulation *sim, em_dataset *data, em_error *error)
{
    const size_t S = sim->subjects, T = (size_t)sim->trials, P = (size_t)model->n_parameters;
    size_t rows;
    if (__builtin_mul_overflow(S, T, &rows) || rows > SIZE_MAX / 64)
        return em_fail(error, EM_INPUT_ERROR, "%zu subjects of %zu trials are more than memory can hold", S, T);
    data->n_subjects = S;
    data->n_rows = data->held = rows;
    data->offset = em_new(S + 1, sizeof *data->offset, error);
    data->id = em_new(S, sizeof *data->id, error);
    data->column = em_new((size_t)model->n_columns, sizeof *data->column, error);
    em_truth *truth = data->truth = em_new(1, sizeof *truth, error);
    if (!data->offset || !data->id || !data->column || !truth)
        return EM_MACHINE;
    truth->seed = sim->seed;
    truth->model = em_copy(model->name, error);
    truth->parameter = em_new(P, sizeof *truth->parameter, error);
    truth->mu = em_new(P, sizeof(double), error);
    truth->var = em_new(P, sizeof(double), error);
    truth->x = em_new(S * P, sizeof(double), error);
    truth->natural = em_new(S * P, sizeof(double), error);
    bool good = truth->model && truth->parameter && truth->mu && truth->var && truth->x && truth->natural;
    const int digits = snprintf(NULL, 0, "%zu", S);
    for (size_t s = 0; good && s < S; s++) {
        char id[40];
        snprintf(id, sizeof id, "sub-%0*zu", digits, s + 1);
        data->offset[s + 1] = (s + 1) * T;
        good = (data->id[s] = em_copy(id, error)) != NULL;
    }
    for (int c = 0; good && c < model->n_columns; c++, data->n_columns++) {
        data->column[c].name = em_copy(model->columns[c].name, error);
        data->column[c].value = em_new(rows, sizeof(double), error);
        good = data->column[c].name && data->column[c].value;
    }
    for (size_t j = 0; good && j < P; j++) {
        truth->n_parameters++;
        truth->parameter[j] = em_copy(model->parameters[j].name, error);
        truth->mu[j] = isnan(sim->mu[j]) ? model->parameters[j].mu : sim->mu[j];
        truth->var[j] = isnan(sim->var[j]) ? model->parameters[j].var : sim->var[j];
        good = truth->parameter[j] != NULL;
    }
    return good ? EM_OK : EM_MACHINE;
}

/* Draws one subject: its parameters, what it is shown, then its trials by the model itself. rows [T, C] is scratch. */
static em_code draw_subject(const em_model *model, const em_simulation *sim, scene *set, size_t s, double *rows,
                            em_dataset *data, em_error *error)
{
    const size_t C = (size_t)model->n_columns, P = (size_t)model->n_parameters;
    em_random random = em_random_start(sim->seed, s + 1);
    double *x = data->truth->x + s * P;
    /* What a fact of recorded data bounds is not bounded by data that are still to come. */
    double facts[EM_MAX_PARAMETERS];
    for (int f = 0; f < model->n_facts && f < EM_MAX_PARAMETERS; f++)
        facts[f] = 1;
    for (size_t j = 0; j < P; j++)
        x[j] = data->truth->mu[j] + sqrt(data->truth->var[j]) * em_random_normal(&random);
    model->natural(x, facts, data->truth->natural + s * P);
    set->seen = (em_scene){.model = model, .random = &random, .options = set->seen.options};
    if (set->task->start)
        set->task->start(&set->seen);
    for (size_t i = 0; i < (size_t)sim->trials * C; i++)
        rows[i] = NAN;
    for (int t = 0; t < sim->trials; t++)
        for (size_t c = 0; c < C; c++) {
            double *cell = &rows[(size_t)t * C + c];
            if (model->columns[c].role != EM_INPUT)
                continue;
            set->seen.trial = t;
            set->seen.row = rows + (size_t)t * C;
            if (set->task->input)
                *cell = set->task->input(&set->seen, model->columns[c].name);
            if (isnan(*cell))
                return em_fail(error, EM_INPUT_ERROR, "task %s does not know the column '%s' of model %s", set->task->name,
                               model->columns[c].name, model->name);
        }
    const em_draw draw = {em_random_uniform, &random, set->task->outcome ? outcome : NULL, set};
    const double ll = model->trace(sim->trials, set->seen.options, rows, NULL, facts, x, &draw, NULL);
    for (size_t i = 0; i < (size_t)sim->trials; i++)
        for (size_t c = 0; c < C; c++) {
            if (!isfinite(rows[i * C + c]) || isnan(ll))
                return em_fail(error, EM_INPUT_ERROR,
                               "subject %s, trial %zu: model %s draws no finite value for column '%s' in task %s; parameters too "
                               "extreme? (see --mu, --var)", data->id[s], i + 1, model->name, model->columns[c].name,
                               set->task->name);
            data->column[c].value[s * (size_t)sim->trials + i] = rows[i * C + c];
        }
    return EM_OK;
}

em_code em_simulate(const em_model *model, const em_simulation *sim, em_dataset **data, em_error *error)
{
    const em_task *task = em_task_find(model->task);
    *data = NULL;
    em_code code = check(model, sim, task, error);
    if (code != EM_OK)
        return code;
    scene set = {.task = task, .seen.options = sim->options ? sim->options : task->options};
    *data = em_new(1, sizeof **data, error);
    double *rows = em_new((size_t)sim->trials * (size_t)model->n_columns, sizeof *rows, error);
    code = *data && rows ? make_frame(model, sim, *data, error) : EM_MACHINE;
    for (size_t s = 0; code == EM_OK && s < sim->subjects; s++)
        code = draw_subject(model, sim, &set, s, rows, *data, error);
    if (code == EM_OK)
        code = em_dataset_seal(*data, error);
    free(rows);
    if (code != EM_OK) {
        em_dataset_free(*data);
        *data = NULL;
    }
    return code;
}
