#include <stdlib.h>

#include "error.h"
#include "isa.h"
#include "scatter.h"

static em_code score_all(const em_plan *plan, const em_group_data *groups, em_score_fn *score, int n_parameters,
                         const double *x, double *value, em_error *error)
{
    const int lanes = plan->lanes;
    const int P = n_parameters, H = P * (P + 1) / 2;
    double *point = em_new_aligned((size_t)(2 * P + 1 + H) * (size_t)lanes, sizeof *point, error);
    if (!point)
        return EM_MACHINE;
    double *result = point + P * lanes, *gradient = result + lanes, *hessian = gradient + P * lanes;
    for (int j = 0; j < P; j++)
        for (int l = 0; l < lanes; l++)
            point[j * lanes + l] = x[j];
    for (size_t g = 0; g < plan->n_groups; g++) {
        score(&groups[g].batch, &(em_point){.x = point}, result, gradient, hessian);
        for (int l = 0; l < lanes; l++)
            if (groups[g].member[l] != EM_NOBODY)
                value[groups[g].member[l]] = result[l];
    }
    free(point);
    return EM_OK;
}

em_code em_loglik(const char *dataset, const em_model *model, const double *x, int options, bool ignore_block,
                  const em_log *log, em_dataset **frame, double **value, em_error *error)
{
    em_trials trials = {0};
    em_plan plan = {0};
    em_group_data *groups = NULL;
    size_t n_groups = 0;
    int isa = 0;
    *frame = NULL;
    *value = NULL;
    em_comm *alone = em_comm_alone();
    em_code code = alone ? em_isa_choose(&isa, error) : em_fail(error, EM_MACHINE, "out of memory");
    const em_kernel *kernel = em_isa_kernel(model, isa);
    if (code == EM_OK)
        code = em_trials_open(dataset, model, ignore_block, &trials, error);
    if (code == EM_OK)
        code = em_plan_make(trials.data->offset, trials.data->n_subjects, kernel->lanes, 1, &plan, error);
    if (code == EM_OK)
        code = em_scatter(alone, &trials, &plan, options, log, &groups, &n_groups, error);
    if (code == EM_OK)
        code = em_dataset_read_ids(trials.data, dataset, 0, trials.data->n_subjects, &trials.data->id, error);
    if (code == EM_OK) {
        *value = em_new(trials.data->n_subjects, sizeof **value, error);
        code = *value ? score_all(&plan, groups, em_isa_score(kernel, trials.options), model->n_parameters, x, *value, error)
                      : EM_MACHINE;
    }
    if (code == EM_OK) {
        *frame = trials.data;
        trials.data = NULL;
    } else {
        free(*value);
        *value = NULL;
    }
    em_batch_free(groups, n_groups);
    em_plan_free(&plan);
    em_trials_close(&trials);
    em_comm_stop(alone);
    return code;
}
