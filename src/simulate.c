#include "simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

static double outcome(void *where, int trial, int column, const double *row)
{
    em_drawing *d = where;
    d->scene.trial = trial;
    d->scene.row = row;
    return d->task->outcome(&d->scene, d->model->columns[column].name);
}

static em_code check(const em_model *model, const em_simulation *sim, const em_task *task, em_error *error)
{
    if (!task)
        return em_fail(error, EM_INPUT_ERROR, model->task ? "model %s names the task '%s', which there is not ('emlib simulate --tasks' lists them)"
                                                          : "model %s names no task: it can be simulated in the design of a dataset only (--like)",
                       model->name, model->task);
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

/* ---- one subject ------------------------------------------------------------------------------------------------- */

/* A subject's parameters are the first that its random numbers decide. */
static em_random draw_parameters(const em_drawing *d, size_t s, double *x)
{
    em_random random = em_random_start(d->sim->seed, s + 1);
    double mean[EM_MAX_PARAMETERS];
    memcpy(mean, d->mu, sizeof mean);
    em_effects_add(&d->effects, s, mean);
    for (int j = 0; j < d->model->n_parameters; j++)
        x[j] = mean[j] + sqrt(d->var[j]) * em_random_normal(&random);
    return random;
}

/* What a fact of recorded data bounds is not bounded by data that are still to come. */
static void no_facts(double facts[EM_MAX_PARAMETERS])
{
    for (int f = 0; f < EM_MAX_PARAMETERS; f++)
        facts[f] = 1;
}

enum { ID_SIZE = 40 };
static void id_of(const em_drawing *d, size_t s, char id[ID_SIZE])
{
    const int digits = snprintf(NULL, 0, "%zu", d->sim->subjects);
    snprintf(id, ID_SIZE, "sub-%0*zu", digits, s + 1);
}

/* The task has no value for an input or an outcome of the model. */
static em_code no_value(const em_drawing *d, int c, em_error *error)
{
    const char *column = d->model->columns[c].name, *known = d->task->columns;
    static const char remedy[] = "'emlib simulate --tasks' lists the tasks with their columns";
    if (!em_task_knows(d->task, column))
        return em_fail(error, EM_INPUT_ERROR, "task %s does not know the column '%s' of model %s, only: %s; %s", d->task->name, column,
                       d->model->name, *known ? known : "none", remedy);
    return em_fail(error, EM_INPUT_ERROR,
                   "task %s has no '%s' for model %s, which lacks choices, or others of the task's columns: %s; %s", d->task->name, column,
                   d->model->name, known, remedy);
}

/* Draws one subject into d->rows: its parameters, what it is shown, then its trials by the model itself. */
static em_code draw_subject(em_drawing *d, size_t s, em_error *error)
{
    const em_model *model = d->model;
    const size_t C = (size_t)model->n_columns, T = (size_t)d->sim->trials;
    double x[EM_MAX_PARAMETERS], facts[EM_MAX_PARAMETERS];
    em_random random = draw_parameters(d, s, x);
    no_facts(facts);
    d->drawn = SIZE_MAX;
    d->scene = (em_scene){.model = model, .settings = &d->settings, .random = &random, .options = d->options};
    if (d->task->start)
        d->task->start(&d->scene);
    for (size_t i = 0; i < T * C; i++)
        d->rows[i] = NAN;
    for (size_t t = 0; t < T; t++)
        for (size_t c = 0; c < C; c++) {
            double *cell = &d->rows[t * C + c];
            if (model->columns[c].role != EM_INPUT)
                continue;
            d->scene.trial = (int)t;
            d->scene.row = d->rows + t * C;
            if (d->task->input)
                *cell = d->task->input(&d->scene, model->columns[c].name);
            if (isnan(*cell))
                return no_value(d, (int)c, error);
        }
    const em_draw draw = {em_random_uniform, &random, d->task->outcome ? outcome : NULL, d, NULL};
    const double ll = model->trace(d->sim->trials, d->options, d->rows, NULL, NULL, facts, x, &draw, NULL);
    d->scene.random = NULL;
    for (size_t i = 0; i < T * C; i++)
        if (!isfinite(d->rows[i])) {
            if (model->columns[i % C].role == EM_OUTCOME)
                return no_value(d, (int)(i % C), error);
            char id[ID_SIZE];
            id_of(d, s, id);
            return em_fail(error, EM_INPUT_ERROR,
                           "subject %s, trial %zu: model %s draws no finite value for column '%s' in task %s; parameters too "
                           "extreme? (see --mu, --var)", id, i / C + 1, model->name, model->columns[i % C].name, d->task->name);
        }
    if (isnan(ll)) {
        char id[ID_SIZE];
        id_of(d, s, id);
        return em_fail(error, EM_INPUT_ERROR, "subject %s: what model %s draws has no finite likelihood; parameters too extreme? (see --mu, --var)",
                       id, model->name);
    }
    d->drawn = s;
    return EM_OK;
}

/* ---- many subjects ----------------------------------------------------------------------------------------------- */

em_code em_drawing_start(const em_model *model, const em_simulation *sim, em_drawing *d, em_error *error)
{
    const em_task *task = em_task_find(model->task);
    *d = (em_drawing){.model = model, .sim = sim, .task = task, .drawn = SIZE_MAX};
    em_code code = check(model, sim, task, error);
    if (code == EM_OK)
        code = em_effects_start(&d->effects, model, sim, error);
    if (code != EM_OK)
        return code;
    if (__builtin_mul_overflow(sim->subjects, (size_t)sim->trials, &d->n_rows) || d->n_rows > SIZE_MAX / 64)
        return em_fail(error, EM_INPUT_ERROR, "%zu subjects of %d trials are more than a file can hold", sim->subjects,
                       sim->trials);
    d->options = sim->options ? sim->options : task->options;
    code = em_settings_read(task, d->options, sim->task_settings, &d->settings, error);
    if (code != EM_OK)
        return code;
    for (int j = 0; j < model->n_parameters; j++) {
        d->mu[j] = isnan(sim->mu[j]) ? model->parameters[j].mu : sim->mu[j];
        d->var[j] = isnan(sim->var[j]) ? model->parameters[j].var : sim->var[j];
    }
    d->rows = em_new((size_t)sim->trials * (size_t)model->n_columns, sizeof *d->rows, error);
    return d->rows ? EM_OK : EM_MACHINE;
}

void em_drawing_end(em_drawing *d)
{
    free(d->rows);
    em_effects_end(&d->effects);
    *d = (em_drawing){.drawn = SIZE_MAX};
}

static em_code make_truth(const em_drawing *d, em_truth *truth, em_error *error)
{
    const size_t P = (size_t)d->model->n_parameters;
    truth->seed = d->sim->seed;
    truth->model = em_copy(d->model->name, error);
    truth->task = em_copy(d->task->name, error);
    truth->task_settings = em_settings_text(d->task, &d->settings, error);
    truth->parameter = em_new(P, sizeof *truth->parameter, error);
    truth->mu = em_new(P, sizeof(double), error);
    truth->var = em_new(P, sizeof(double), error);
    bool good = truth->model && truth->task && truth->task_settings && truth->parameter && truth->mu && truth->var;
    for (size_t j = 0; good && j < P; j++) {
        truth->n_parameters++;
        truth->parameter[j] = em_copy(d->model->parameters[j].name, error);
        truth->mu[j] = d->mu[j];
        truth->var[j] = d->var[j];
        good = truth->parameter[j] != NULL;
    }
    return good ? EM_OK : EM_MACHINE;
}

em_code em_drawing_frame(const em_drawing *d, em_dataset **frame, em_error *error)
{
    em_dataset *f = em_new(1, sizeof *f, error);
    em_code code = f ? EM_OK : EM_MACHINE;
    if (f) {
        f->n_subjects = d->sim->subjects;
        f->n_rows = d->n_rows;
        f->column = em_new((size_t)d->model->n_columns, sizeof *f->column, error);
        f->truth = em_new(1, sizeof *f->truth, error);
        code = f->column && f->truth ? make_truth(d, f->truth, error) : EM_MACHINE;
    }
    for (int c = 0; code == EM_OK && c < d->model->n_columns; c++, f->n_columns++)
        if (!(f->column[c].name = em_copy(d->model->columns[c].name, error)))
            code = EM_MACHINE;
    if (code == EM_OK)
        *frame = f;
    else
        em_dataset_free(f);
    return code;
}

em_code em_draw_subjects(const em_drawing *d, size_t first, size_t n, em_dataset *part, em_error *error)
{
    const size_t P = (size_t)d->model->n_parameters, T = (size_t)d->sim->trials;
    em_truth *truth = part->truth;
    part->n_subjects = n;
    part->id = em_new(n, sizeof *part->id, error);
    part->offset = em_new(n + 1, sizeof *part->offset, error);
    truth->x = em_new(n * P, sizeof(double), error);
    truth->natural = em_new(n * P, sizeof(double), error);
    if (!part->id || !part->offset || !truth->x || !truth->natural)
        return EM_MACHINE;
    double facts[EM_MAX_PARAMETERS];
    no_facts(facts);
    for (size_t i = 0; i <= n; i++)
        part->offset[i] = (first + i) * T;
    for (size_t i = 0; i < n; i++) {
        char id[ID_SIZE];
        id_of(d, first + i, id);
        part->id[i] = em_copy(id, error);
        if (!part->id[i])
            return EM_MACHINE;
        (void)draw_parameters(d, first + i, truth->x + i * P);
        d->model->natural(truth->x + i * P, facts, truth->natural + i * P);
    }
    return EM_OK;
}

em_code em_draw_rows(em_drawing *d, size_t first, size_t n, double *values, em_error *error)
{
    const size_t T = (size_t)d->sim->trials, C = (size_t)d->model->n_columns;
    for (size_t i = 0; i < n;) {
        const size_t s = (first + i) / T, t = (first + i) % T, count = n - i < T - t ? n - i : T - t;
        em_code code = d->drawn == s ? EM_OK : draw_subject(d, s, error);
        if (code != EM_OK)
            return code;
        for (size_t k = 0; k < count; k++)
            for (size_t c = 0; c < C; c++)
                values[c * n + i + k] = d->rows[(t + k) * C + c];
        i += count;
    }
    return EM_OK;
}

/* ---- all in memory ----------------------------------------------------------------------------------------------- */

static em_code draw_all(em_drawing *d, em_dataset *data, em_error *error)
{
    const size_t T = (size_t)d->sim->trials, C = (size_t)data->n_columns;
    double *rows = em_new(T * C, sizeof *rows, error);
    em_code code = rows ? em_draw_subjects(d, 0, data->n_subjects, data, error) : EM_MACHINE;
    for (size_t c = 0; c < C && code == EM_OK; c++)
        if (!(data->column[c].value = em_new(data->n_rows, sizeof(double), error)))
            code = EM_MACHINE;
    for (size_t from = 0; from < data->n_rows && code == EM_OK; from += T) {
        code = em_draw_rows(d, from, T, rows, error);
        for (size_t c = 0; c < C && code == EM_OK; c++)
            memcpy(data->column[c].value + from, rows + c * T, T * sizeof *rows);
    }
    data->held = data->n_rows;
    free(rows);
    return code;
}

em_code em_simulate(const em_model *model, const em_simulation *sim, em_dataset **data, em_error *error)
{
    em_drawing d;
    *data = NULL;
    em_code code = em_drawing_start(model, sim, &d, error);
    if (code == EM_OK)
        code = em_drawing_frame(&d, data, error);
    if (code == EM_OK)
        code = em_effects_store(&d.effects, *data, error);
    if (code == EM_OK)
        code = draw_all(&d, *data, error);
    if (code == EM_OK)
        code = em_dataset_seal(*data, error);
    if (code != EM_OK) {
        em_dataset_free(*data);
        *data = NULL;
    }
    em_drawing_end(&d);
    return code;
}
