#include "feedback.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "simulate.h"

bool em_has_responses_only(const em_model *model)
{
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].role != EM_RESPONSE)
            return false;
    return true;
}

/* A subject's columns as they are drawn: value of column c on trial t is value[c][t]; row is the trial that the task
 * sees. */
typedef struct {
    const em_drawing *drawing;
    em_scene scene;
    double **value; /* [C] */
    double *row;    /* [C] */
} feedback;

static em_code draw_cell(feedback *f, int c, int trial, em_error *error)
{
    const em_task *task = f->drawing->task;
    const em_column *column = &f->drawing->model->columns[c];
    double (*const draw)(em_scene *, const char *) = column->role == EM_INPUT ? task->input : task->outcome;
    f->scene.trial = trial;
    f->row[c] = f->value[c][trial] = draw ? draw(&f->scene, column->name) : NAN;
    if (isfinite(f->row[c]))
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "task %s draws no finite value for column '%s' of model %s", task->name,
                   column->name, f->drawing->model->name);
}

/* As a simulation draws: all inputs, then trial by trial what follows the responses. */
static em_code draw_subject(feedback *f, em_error *error)
{
    const em_model *model = f->drawing->model;
    const int T = f->drawing->sim->trials, C = model->n_columns;
    em_code code = EM_OK;
    if (f->drawing->task->start)
        f->drawing->task->start(&f->scene);
    for (int pass = 0; pass < 2; pass++)
        for (int t = 0; t < T && code == EM_OK; t++) {
            for (int c = 0; c < C; c++)
                f->row[c] = pass && model->columns[c].role != EM_OUTCOME ? f->value[c][t] : NAN;
            for (int c = 0; c < C && code == EM_OK; c++) {
                if (model->columns[c].role == (pass ? EM_OUTCOME : EM_INPUT))
                    code = draw_cell(f, c, t, error);
            }
        }
    return code;
}

/* Columns for `data`, empty so far. */
static em_code add_columns(const em_model *model, em_dataset *data, em_error *error)
{
    em_dataset_column *more = em_new((size_t)(data->n_columns + model->n_columns), sizeof *more, error);
    if (!more)
        return EM_MACHINE;
    memcpy(more, data->column, (size_t)data->n_columns * sizeof *more);
    free(data->column);
    data->column = more;
    for (int c = 0; c < model->n_columns; c++) {
        if (model->columns[c].role == EM_RESPONSE)
            continue;
        em_dataset_column *to = &data->column[data->n_columns++];
        to->name = em_copy(model->columns[c].name, error);
        to->value = em_new(data->n_rows, sizeof *to->value, error);
        if (!to->name || !to->value)
            return EM_MACHINE;
    }
    return EM_OK;
}

static em_code draw_all(const em_drawing *drawing, em_dataset *data, feedback *f, em_error *error)
{
    const em_model *model = drawing->model;
    em_code code = EM_OK;
    for (size_t s = 0; s < data->n_subjects && code == EM_OK; s++) {
        em_random random =
            em_random_start(drawing->sim->seed, ((uint64_t)1 << 62) + s); /* far from the streams of subjects */
        for (int c = 0; c < model->n_columns; c++)
            f->value[c] = em_dataset_find(data, model->columns[c].name)->value + data->offset[s];
        f->scene = (em_scene){.model = model, .settings = &drawing->settings, .random = &random, .options = drawing->options,
                              .row = f->row};
        code = draw_subject(f, error);
    }
    return code;
}

em_code em_feedback_add(const em_model *model, const em_simulation *simulation, em_dataset *data, em_error *error)
{
    em_drawing drawing;
    const size_t C = (size_t)model->n_columns;
    feedback f = {
        .drawing = &drawing, .value = em_new(C, sizeof *f.value, error), .row = em_new(C, sizeof *f.row, error)};
    em_code code = em_drawing_start(model, simulation, &drawing, error);
    if (!f.value || !f.row)
        code = EM_MACHINE;
    if (code == EM_OK)
        code = add_columns(model, data, error);
    if (code == EM_OK)
        code = draw_all(&drawing, data, &f, error);
    if (code == EM_OK)
        code = em_dataset_seal(data, error);
    em_drawing_end(&drawing);
    free(f.value);
    free(f.row);
    return code;
}
