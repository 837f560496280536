#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fit_file.h"
#include "fit_setup.h"

/* One subject's rows, facts, restarts and conditions as em_trace_fn takes them, then its latents and the log-likelihood of its
 * trials. x: the fit's parameters. */
static em_code trace_subject(const em_trials *trials, const em_view *view, size_t s, const double *x, double *latents,
                             double *log_likelihood, em_error *error)
{
    const em_model *model = trials->model;
    const size_t from = trials->data->offset[s], n = trials->data->offset[s + 1] - from, C = (size_t)model->n_columns;
    const size_t P = (size_t)model->n_parameters;
    double *rows = em_new(n * C, sizeof *rows, error), *facts = em_new((size_t)model->n_facts, sizeof *facts, error);
    double *own = em_new((size_t)view->conditions * P, sizeof *own, error);
    uint8_t *restart = em_new(n, 1, error), *condition = em_new(n, 1, error);
    const bool good = rows && facts && own && restart && condition;
    for (int c = 0; c < view->conditions && good; c++)
        em_view_parameters(view, c, x, 1, own + (size_t)c * P);
    if (good) {
        for (size_t t = 0; t < n; t++) {
            for (size_t c = 0; c < C; c++)
                rows[t * C + c] = trials->column[c][from + t - trials->data->first_row];
            restart[t] = em_trials_restart(trials, s, from + t);
            condition[t] = (uint8_t)em_trials_condition(trials, from + t);
        }
        em_trials_facts(trials, s, facts);
        const em_draw wanted = {.log_likelihood = log_likelihood};
        model->trace((int)n, trials->options, rows, restart, view->conditions > 1 ? condition : NULL, facts, own, &wanted, latents);
    }
    free(rows);
    free(facts);
    free(own);
    free(restart);
    free(condition);
    return good ? EM_OK : EM_MACHINE;
}

/* The fit's parameters as the model's. */
static em_code take_view(const em_fit *fit, em_trials *trials, em_setup *setup, em_fit_shape *shape, em_error *error)
{
    *setup = (em_setup){.model = trials->model, .options = em_fit_defaults()};
    em_code code = em_fit_shape_take(fit->options, trials->model, &setup->options, shape, error);
    if (code == EM_OK)
        code = em_setup_parameters(setup, trials, error);
    bool same = code == EM_OK && setup->view.n == fit->n_parameters;
    for (int j = 0; j < fit->n_parameters && same; j++)
        same = strcmp(setup->name[j], fit->parameter[j]) == 0;
    if (code == EM_OK && !same)
        code = em_fail(error, EM_INPUT_ERROR, "the fit does not belong to model %s as it is now", trials->model->name);
    return code;
}

/* Whether subject s of the dataset is the fit's subject *next, which is then stepped over: both stand in the dataset's
 * order. */
static bool is_next(const em_fit *fit, const em_trials *trials, size_t s, size_t *next)
{
    const bool in = *next < fit->n_subjects && strcmp(fit->subject[*next], em_trials_id(trials, s)) == 0;
    *next += in;
    return in;
}

/* The number of options that the fit had: who was left out of it has no say. */
static em_code count_options(const em_fit *fit, em_trials *trials, int asked, em_error *error)
{
    em_options_seen seen = {.levels = 0};
    size_t next = 0;
    em_code code = EM_OK;
    for (size_t s = 0; s < trials->data->n_subjects && code == EM_OK; s++)
        if (is_next(fit, trials, s, &next))
            code = em_trials_check(trials, s, &seen, error);
    return code == EM_OK ? em_trials_options(trials, &seen, asked, NULL, error) : code;
}

static void no_numbers(double *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value[i] = NAN;
}

/* Traces the fit's subjects, which stand in the dataset's order; who was left out of it, or not used by it, has NaN. */
static em_code trace_all(const em_fit *fit, const em_trials *trials, const em_view *view, double *latents, double *log_likelihood,
                         em_error *error)
{
    const size_t P = (size_t)fit->n_parameters, L = (size_t)trials->model->n_latents;
    size_t next = 0;
    em_code code = EM_OK;
    for (size_t s = 0; code == EM_OK && s < trials->data->n_subjects; s++) {
        const size_t from = trials->data->offset[s], n = trials->data->offset[s + 1] - from;
        const size_t i = next;
        if (is_next(fit, trials, s, &next) && em_subject_is_used(fit->subject_status[i]) && isfinite(fit->map[i * P])) {
            code = trace_subject(trials, view, s, fit->map + i * P, latents + from * L, log_likelihood + from, error);
        } else {
            no_numbers(latents + from * L, n * L);
            no_numbers(log_likelihood + from, n);
        }
    }
    if (code == EM_OK && next != fit->n_subjects)
        code = em_fail(error, EM_INPUT_ERROR, "%s: the fit's subject %s is not there", trials->path, fit->subject[next]);
    return code;
}

em_code em_latents(const em_fit *fit, const em_model *model, const char *dataset, em_dataset **frame, double **latents,
                   em_error *error)
{
    double *log_likelihood = NULL;
    em_code code = em_trial_values(fit, model, dataset, frame, latents, &log_likelihood, error);
    free(log_likelihood);
    return code;
}

em_code em_trial_values(const em_fit *fit, const em_model *model, const char *dataset, em_dataset **frame, double **latents,
                        double **log_likelihood, em_error *error)
{
    em_trials trials = {0};
    em_setup setup = {0};
    em_fit_shape shape = {0};
    *frame = NULL;
    *latents = *log_likelihood = NULL;
    json_t *options = json_loads(fit->options, 0, NULL);
    const int asked = (int)json_integer_value(json_object_get(options, "options"));
    const bool ignore_block = json_is_true(json_object_get(options, "ignore_block"));
    json_decref(options);
    em_code code = em_trials_open(dataset, model, ignore_block, &trials, error);
    if (code == EM_OK)
        code = em_fit_check_data(fit, dataset, trials.data->fingerprint, error);
    if (code == EM_OK)
        code = em_fit_check_model(fit, model, error);
    if (code == EM_OK)
        code = take_view(fit, &trials, &setup, &shape, error);
    if (code == EM_OK)
        code = em_trials_read(&trials, 0, trials.data->n_subjects, error);
    if (code == EM_OK)
        code = count_options(fit, &trials, asked, error);
    if (code == EM_OK) {
        *latents = em_new(trials.data->n_rows * (size_t)model->n_latents, sizeof **latents, error);
        *log_likelihood = *latents ? em_new(trials.data->n_rows, sizeof **log_likelihood, error) : NULL;
        code = *log_likelihood ? EM_OK : EM_MACHINE;
    }
    if (code == EM_OK)
        code = trace_all(fit, &trials, &setup.view, *latents, *log_likelihood, error);
    if (code == EM_OK) {
        *frame = trials.data;
        (*frame)->id = trials.id; /* of everybody */
        trials.data = NULL;
        trials.id = NULL;
        trials.n_ids = 0;
    } else {
        free(*latents);
        free(*log_likelihood);
        *latents = *log_likelihood = NULL;
    }
    em_setup_free(&setup);
    em_fit_shape_free(&shape);
    em_trials_close(&trials);
    return code;
}
