#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "trials.h"

/* One subject's rows, facts and restarts as em_trace_fn takes them, then its latents. */
static em_code trace_subject(const em_trials *trials, size_t s, const double *x, double *latents, em_error *error)
{
    const em_model *model = trials->model;
    const size_t from = trials->data->offset[s], n = trials->data->offset[s + 1] - from, C = (size_t)model->n_columns;
    double *rows = em_new(n * C, sizeof *rows, error), *facts = em_new((size_t)model->n_facts, sizeof *facts, error);
    uint8_t *restart = em_new(n, 1, error);
    const bool good = rows && facts && restart;
    if (good) {
        for (size_t t = 0; t < n; t++) {
            for (size_t c = 0; c < C; c++)
                rows[t * C + c] = trials->column[c][from + t - trials->data->first_row];
            restart[t] = em_trials_restart(trials, s, from + t);
        }
        em_trials_facts(trials, s, facts);
        model->trace((int)n, trials->options, rows, restart, facts, x, NULL, latents);
    }
    free(rows);
    free(facts);
    free(restart);
    return good ? EM_OK : EM_MACHINE;
}

static em_code match(const em_fit *fit, const em_model *model, const em_trials *trials, em_error *error)
{
    if (strcmp(fit->dataset_fingerprint, trials->data->fingerprint) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s is not the data of this fit: its fingerprint is %.12s..., the fit's %.12s...",
                       trials->path, trials->data->fingerprint, fit->dataset_fingerprint);
    char fingerprint[65];
    em_code code = em_model_fingerprint(model, fingerprint, error);
    if (code != EM_OK)
        return code;
    if (strcmp(fingerprint, fit->model_fingerprint) != 0)
        return em_fail(error, EM_INPUT_ERROR, "the fit was made by another version of model %s (emlib %s): fit again", model->name,
                       fit->emlib_version);
    if (fit->n_parameters != model->n_parameters || fit->n_subjects != trials->data->n_subjects)
        return em_fail(error, EM_INPUT_ERROR, "the fit does not belong to model %s as it is now", model->name);
    return EM_OK;
}

em_code em_latents(const em_fit *fit, const em_model *model, const char *dataset, em_dataset **frame, double **latents,
                   em_error *error)
{
    em_trials trials = {0};
    em_options_seen seen = {.levels = 0};
    const size_t P = (size_t)fit->n_parameters, L = (size_t)model->n_latents;
    *frame = NULL;
    *latents = NULL;
    json_t *options = json_loads(fit->options, 0, NULL);
    const int asked = (int)json_integer_value(json_object_get(options, "options"));
    const bool ignore_block = json_is_true(json_object_get(options, "ignore_block"));
    json_decref(options);
    em_code code = em_trials_open(dataset, model, ignore_block, &trials, error);
    if (code == EM_OK)
        code = match(fit, model, &trials, error);
    if (code == EM_OK)
        code = em_trials_read(&trials, 0, trials.data->n_subjects, error);
    for (size_t s = 0; code == EM_OK && s < trials.data->n_subjects; s++)
        code = em_trials_check(&trials, s, &seen, error);
    if (code == EM_OK)
        code = em_trials_options(&trials, &seen, asked, NULL, error);
    if (code == EM_OK) {
        *latents = em_new(trials.data->n_rows * L, sizeof **latents, error);
        code = *latents ? EM_OK : EM_MACHINE;
    }
    for (size_t s = 0; code == EM_OK && s < trials.data->n_subjects; s++) {
        double *mine = *latents + trials.data->offset[s] * L;
        if (isfinite(fit->map[s * P]))
            code = trace_subject(&trials, s, fit->map + s * P, mine, error);
        else /* no point was found for this subject */
            for (size_t i = 0; i < (trials.data->offset[s + 1] - trials.data->offset[s]) * L; i++)
                mine[i] = NAN;
    }
    if (code == EM_OK) {
        *frame = trials.data;
        (*frame)->id = trials.id; /* of everybody */
        trials.data = NULL;
        trials.id = NULL;
        trials.n_ids = 0;
    } else {
        free(*latents);
        *latents = NULL;
    }
    em_trials_close(&trials);
    return code;
}
