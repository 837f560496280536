#include "helpers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

em_dataset *blank_data(const em_model *model, size_t S, const int *trials)
{
    em_dataset *data = em_new(1, sizeof *data, NULL);
    data->n_subjects = S;
    data->id = em_new(S, sizeof *data->id, NULL);
    data->offset = em_new(S + 1, sizeof *data->offset, NULL);
    for (size_t s = 0; s < S; s++) {
        char id[32];
        snprintf(id, sizeof id, "s%zu", s + 1);
        data->id[s] = em_copy(id, NULL);
        data->offset[s + 1] = data->offset[s] + (uint64_t)trials[s];
    }
    data->n_rows = data->held = data->offset[S];
    data->n_columns = model->n_columns;
    data->column = em_new((size_t)model->n_columns, sizeof *data->column, NULL);
    for (int c = 0; c < model->n_columns; c++) {
        data->column[c].name = em_copy(model->columns[c].name, NULL);
        data->column[c].value = em_new(data->n_rows, sizeof(double), NULL);
        for (size_t i = 0; i < data->n_rows; i++)
            data->column[c].value[i] = NAN;
    }
    return data;
}

void random_cells(em_dataset *data, const em_model *model, int options, uint64_t seed)
{
    em_random random = em_random_start(seed, 0);
    for (size_t i = 0; i < data->n_rows; i++)
        for (int c = 0; c < model->n_columns; c++) {
            const em_column *column = &model->columns[c];
            const int codes = column->codes == EM_OPTION ? options : column->codes;
            const double u = em_random_uniform(&random);
            const double low = isfinite(column->min) ? column->min : -1, high = isfinite(column->max) ? column->max : low + 3;
            data->column[c].value[i] = codes ? floor(codes * u) : low + (high - low) * u;
        }
}

double *cell_of(em_dataset *data, const char *column, size_t row) { return &em_dataset_find(data, column)->value[row]; }

em_trials trials_of(em_dataset *data, const em_model *model, int options)
{
    em_trials trials = {.model = model, .path = "memory", .data = data, .options = options, .id = data->id};
    trials.column = em_new((size_t)model->n_columns, sizeof *trials.column, NULL);
    for (int c = 0; c < model->n_columns; c++)
        trials.column[c] = data->column[c].value;
    const em_dataset_column *block = model->has_state ? em_dataset_find(data, "block") : NULL;
    trials.block = block ? block->value : NULL;
    return trials;
}

em_group_data *pack_all(const em_plan *plan, const em_trials *trials)
{
    em_group_data *groups;
    em_error error;
    assert_int_equal(em_batch_new(plan, trials, 0, plan->n_groups, &groups, &error), EM_OK);
    for (size_t g = 0; g < plan->n_groups; g++)
        for (int l = 0; l < plan->lanes; l++)
            if (groups[g].member[l] != EM_NOBODY)
                assert_int_equal(em_batch_fill(&groups[g], trials, groups[g].member[l], plan->lanes, l, &error), EM_OK);
    em_batch_settle(groups, plan->n_groups, trials->model, plan->lanes, trials->options);
    return groups;
}

void score_all(em_dataset *data, const em_model *model, int isa, bool two, int options, const double *x,
               double *value, double *gradient, double *hessian)
{
    score_with_facts(data, model, isa, two, options, x, NULL, value, gradient, hessian);
}

void score_with_facts(em_dataset *data, const em_model *model, int isa, bool two, int options, const double *x,
                      const double *facts, double *value, double *gradient, double *hessian)
{
    const em_kernel *kernel = em_isa_kernel(model, isa);
    const int L = kernel->lanes, P = model->n_parameters, H = P * (P + 1) / 2;
    em_error error = {EM_OK, ""};
    em_plan plan;
    em_trials trials = trials_of(data, model, options);
    assert_int_equal(em_plan_make(data->offset, data->n_subjects, L, 1, &plan, &error), EM_OK);
    em_group_data *groups = pack_all(&plan, &trials);
    double *point = em_new_aligned((size_t)(2 * P + 1 + H) * (size_t)L, sizeof *point, NULL);
    double *v = point + P * L, *g = v + L, *h = g + P * L;
    for (int j = 0; j < P; j++)
        for (int l = 0; l < L; l++)
            point[j * L + l] = x[j];
    em_score_fn *score = two && kernel->score_two ? kernel->score_two : kernel->score;
    _Alignas(64) double given[EM_MAX_PARAMETERS * 8];
    for (int i = 0; facts && i < model->n_facts * L; i++)
        given[i] = facts[i / L];
    for (size_t i = 0; i < plan.n_groups; i++) {
        if (facts)
            groups[i].batch.facts = given;
        score(&groups[i].batch, &(em_point){.x = point}, v, g, h);
        for (int l = 0; l < L; l++) {
            const uint32_t s = groups[i].member[l];
            if (s == EM_NOBODY)
                continue;
            if (value)
                value[s] = v[l];
            for (int j = 0; j < P && gradient; j++)
                gradient[s * (size_t)P + (size_t)j] = g[j * L + l];
            for (int k = 0; k < H && hessian; k++)
                hessian[s * (size_t)H + (size_t)k] = h[k * L + l];
        }
    }
    free(point);
    em_batch_free(groups, plan.n_groups);
    em_plan_free(&plan);
    free(trials.column);
}

int widest_isa(void)
{
    int isa = 0;
    em_error error;
    assert_int_equal(em_isa_choose(&isa, &error), EM_OK);
    return isa;
}
