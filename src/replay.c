#include "replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "error.h"
#include "fit_file.h"
#include "repeat.h"
#include "scatter.h"

/* ---- the fit ---------------------------------------------------------------------------------------------------- */

/* The fit, its model and its data, on every rank for itself. */
static em_code read_fit(em_replay *r, em_error *error)
{
    const char *name = NULL;
    em_code code = em_fit_read(r->path, &r->fit, error);
    if (code == EM_OK)
        code = em_fit_model_name(r->fit, r->model ? r->model->name : r->model_file, &name, error);
    if (code == EM_OK && !r->model)
        code = em_model_get(name, &r->model, error);
    if (code == EM_OK && strcmp(r->fit->model, r->model->name) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s is a fit of model %s, not of %s", r->path, r->fit->model,
                       r->model->name);
    if (code == EM_OK)
        code = em_fit_check_model(r->fit, r->model, error);
    if (code == EM_OK && !r->dataset) {
        r->dataset = r->fit->dataset;
        if (access(r->dataset, F_OK) != 0)
            code = em_fail(error, EM_INPUT_ERROR, "%s, the data of the fit, is not there; --data tells where it is now",
                           r->dataset);
    }
    return code;
}

/* Of the fit's options: conditions, fixed and shared parameters, covariates, and how its data were read. */
static em_code take_options(em_replay *r, int *options, bool *ignore_block, em_error *error)
{
    r->setup = (em_setup){.model = r->model, .options = em_fit_defaults()};
    if (!r->fit)
        return EM_OK;
    json_t *all = json_loads(r->fit->options, 0, NULL);
    *options = (int)json_integer_value(json_object_get(all, "options"));
    *ignore_block = json_is_true(json_object_get(all, "ignore_block"));
    json_decref(all);
    return em_fit_shape_take(r->fit->options, r->model, &r->setup.options, &r->shape, error);
}

static em_code check_parameters(const em_replay *r, em_error *error)
{
    bool same = r->setup.view.n == r->fit->n_parameters;
    for (int j = 0; j < r->fit->n_parameters && same; j++)
        same = strcmp(r->setup.name[j], r->fit->parameter[j]) == 0;
    return same ? EM_OK
                : em_fail(
                      error, EM_INPUT_ERROR,
                      "%s: the parameters of %s are not those that model %s has in these data: the conditions differ",
                      r->dataset, r->path, r->model->name);
}

size_t em_replay_place(const em_replay *r, size_t subject, size_t *hint)
{
    const char *id = em_trials_id(&r->trials, subject);
    for (size_t i = 0; i < r->fit->n_subjects; i++) {
        const size_t at = (*hint + i) % r->fit->n_subjects;
        if (strcmp(r->fit->subject[at], id) == 0) {
            *hint = at + 1;
            return at;
        }
    }
    return SIZE_MAX;
}

/* ---- where outcomes come from ----------------------------------------------------------------------------------- */

int em_replay_codes(const em_replay *r, int column)
{
    const int codes = r->model->columns[column].codes;
    return codes == EM_OPTION ? r->trials.options : codes;
}

static bool is_kept(const em_replay *r, const char *name)
{
    for (int i = 0; i < r->n_keep; i++)
        if (strcmp(r->keep[i], name) == 0)
            return true;
    return false;
}

/* Tasks that give an outcome whatever is done. */
static bool is_free(const em_model *model, const char *name)
{
    static const char *const free_of[][2] = {{"events", "outcome"}, {"shocks", "outcome"}, {"ratings", "outcome"}};
    for (size_t i = 0; i < sizeof free_of / sizeof *free_of; i++)
        if (model->task && strcmp(model->task, free_of[i][0]) == 0 && strcmp(name, free_of[i][1]) == 0)
            return true;
    return false;
}

/* The column of what the other one of two options would have brought: NAME for NAME_other, and the reverse; -1. */
static int other_of(const em_replay *r, int column)
{
    const char *name = r->model->columns[column].name;
    if (!r->model->task || strcmp(r->model->task, "bandit") != 0 || r->choice < 0 ||
        r->model->columns[r->choice].codes != 2)
        return -1;
    const char *want = strcmp(name, "reward") == 0 ? "reward_other" : strcmp(name, "reward_other") == 0 ? "reward" : "";
    for (int c = 0; c < r->model->n_columns; c++)
        if (strcmp(r->model->columns[c].name, want) == 0)
            return c;
    return -1;
}

/* Before the data are read: NAME_0, NAME_1, ... of this outcome, as many as there are. */
static void add_options(em_replay *r, int column)
{
    char name[300];
    for (int k = 0; k < EM_MAX_OPTIONS; k++) {
        snprintf(name, sizeof name, "%s_%d", r->model->columns[column].name, k);
        if (em_trials_add(&r->trials, name) < 0)
            return;
    }
}

static int place_of_option(const em_replay *r, int column, int option)
{
    char name[300];
    snprintf(name, sizeof name, "%s_%d", r->model->columns[column].name, option);
    return em_trials_also(&r->trials, name);
}

/* The choice that an outcome follows: the last coded response before it; -1. */
static int choice_before(const em_replay *r, int column)
{
    int choice = -1;
    for (int c = 0; c < column; c++)
        if (r->model->columns[c].role == EM_RESPONSE && r->model->columns[c].codes != EM_NUMBER)
            choice = c;
    return choice;
}

static em_outcome_rule rule_of(const em_replay *r, int column)
{
    const char *name = r->model->columns[column].name;
    em_outcome_rule rule = {.choice = choice_before(r, column), .other = other_of(r, column)};
    const int options = rule.choice < 0 ? 0 : em_replay_codes(r, rule.choice);
    for (int k = 0; k < options; k++)
        rule.option[k] = place_of_option(r, column, k);
    rule.source = is_kept(r, name) || is_free(r->model, name)    ? EM_SOURCE_RECORDED
                  : options > 0 && rule.option[options - 1] >= 0 ? EM_SOURCE_OF_OPTION
                  : rule.other >= 0 && !r->is_plan               ? EM_SOURCE_OTHER
                  : r->task && r->task->outcome                  ? EM_SOURCE_TASK
                                                                 : EM_SOURCE_NONE;
    return rule;
}

/* Could the model's data have this value in this column? */
static bool is_allowed(const em_replay *r, int column, double x)
{
    const em_column *c = &r->model->columns[column];
    if (c->codes == EM_NUMBER)
        return isfinite(x) && x >= c->min && x <= c->max;
    return x >= 0 && x < em_replay_codes(r, column) && x == floor(x);
}

/* What columns NAME_0, NAME_1, ... bring comes to stand in the model's column, so it has to be of its kind. */
static em_code check_option(const em_replay *r, int column, const em_also_column *also, em_error *error)
{
    const em_dataset *data = r->trials.data;
    for (size_t s = r->first; s < r->end; s++)
        for (size_t row = data->offset[s]; row < data->offset[s + 1]; row++) {
            const double x = also->value[row - data->first_row];
            if (!isnan(x) && !is_allowed(r, column, x))
                return em_fail(error, EM_INPUT_ERROR,
                               "%s: subject %s, trial %zu, column '%s': %.17g is not allowed; it is the outcome of an "
                               "option, and model %s does not take it in column '%s'",
                               r->dataset, em_trials_id(&r->trials, s), row - data->offset[s] + 1, also->name, x,
                               r->model->name, r->model->columns[column].name);
        }
    return EM_OK;
}

static em_code check_options(const em_replay *r, em_error *error)
{
    em_code code = EM_OK;
    for (int c = 0; c < r->model->n_columns && r->history == EM_HISTORY_OWN; c++) {
        const em_outcome_rule *rule = &r->outcome[c];
        if (r->model->columns[c].role != EM_OUTCOME || rule->source != EM_SOURCE_OF_OPTION)
            continue;
        for (int k = 0; k < em_replay_codes(r, rule->choice) && code == EM_OK; k++)
            code = check_option(r, c, &r->trials.also[rule->option[k]], error);
    }
    return code;
}

/* Settings of a task are for where it draws. */
static em_code check_task(const em_replay *r, em_error *error)
{
    bool draws = false;
    for (int c = 0; c < r->model->n_columns && r->history == EM_HISTORY_OWN; c++)
        draws = draws || (r->model->columns[c].role == EM_OUTCOME &&
                          (r->is_plan || r->outcome[c].source == EM_SOURCE_TASK));
    if (!r->task_settings || !*r->task_settings || draws)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "--task: task %s draws nothing here: %s", r->task->name,
                   r->history == EM_HISTORY_OWN ? "it is known what every choice brings, so leave it out"
                                                : "outcomes are those recorded; it is for --history own");
}

static em_code settle_sources(em_replay *r, em_history history, em_error *error)
{
    int none = -1;
    r->exact = true;
    for (int c = 0; c < r->model->n_columns; c++) {
        if (r->model->columns[c].role != EM_OUTCOME)
            continue;
        r->outcome[c] = rule_of(r, c);
        r->exact = r->exact && r->outcome[c].source < EM_SOURCE_TASK;
        none = none < 0 && r->outcome[c].source == EM_SOURCE_NONE ? c : none;
    }
    r->history = history != EM_HISTORY_AUTO ? history : r->exact ? EM_HISTORY_OWN : EM_HISTORY_OBSERVED;
    if (r->history == EM_HISTORY_OWN && none >= 0)
        return em_fail(error, EM_INPUT_ERROR,
                       "%s: column '%s' is an outcome: it is not known what another choice would have brought, and "
                       "model %s has no task that draws it. Give each option's outcome in columns %s_0, %s_1, ..., "
                       "or, where it does not depend on the choice, --keep %s",
                       r->dataset, r->model->columns[none].name, r->model->name, r->model->columns[none].name,
                       r->model->columns[none].name, r->model->columns[none].name);
    const em_code code = check_options(r, error);
    return code == EM_OK ? check_task(r, error) : code;
}

void em_replay_say(const em_replay *r, const em_log *log)
{
    for (int c = 0; c < r->model->n_columns && r->history == EM_HISTORY_OWN; c++) {
        const char *name = r->model->columns[c].name;
        if (r->model->columns[c].role != EM_OUTCOME)
            continue;
        if (r->outcome[c].source == EM_SOURCE_RECORDED)
            em_say(log, "outcome %s stays as recorded, whatever is chosen", name);
        else if (r->outcome[c].source == EM_SOURCE_OF_OPTION)
            em_say(log, "outcome %s is that of the option chosen, from columns %s_0 to %s_%d", name, name, name,
                   em_replay_codes(r, r->outcome[c].choice) - 1);
        else if (r->outcome[c].source == EM_SOURCE_OTHER)
            em_say(log, "outcome %s is as recorded, or changes places with %s where the other option is chosen", name,
                   r->model->columns[r->outcome[c].other].name);
        else
            em_say(log,
                   "outcome %s is drawn by task '%s' (emlib simulate --tasks; --task sets its numbers), because the data do "
                   "not tell what other choices bring; columns %s_0, %s_1, ... would, and --keep %s where it does not depend on "
                   "the choice",
                   name, r->model->task, name, name, name);
    }
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static em_code open_data(em_replay *r, int *options, em_error *error)
{
    bool ignore_block = false;
    em_code code = r->path ? read_fit(r, error) : EM_OK;
    if (code == EM_OK)
        code = take_options(r, options, &ignore_block, error);
    if (code == EM_OK)
        code = em_trials_open(r->dataset, r->model, ignore_block, &r->trials, error);
    if (code == EM_OK)
        code = em_setup_parameters(&r->setup, &r->trials, error);
    if (code == EM_OK && r->fit)
        code = check_parameters(r, error);
    if (code == EM_OK && r->by)
        code = em_trials_add_by(&r->trials, r->by, error);
    for (int i = 0; i < r->n_keep && code == EM_OK; i++)
        if (!em_dataset_find(r->trials.data, r->keep[i]))
            code = em_fail(error, EM_INPUT_ERROR, "--keep: %s has no column '%s'", r->dataset, r->keep[i]);
    r->outcome = em_new((size_t)(r->model ? r->model->n_columns : 0), sizeof *r->outcome, error);
    if (code != EM_OK || !r->outcome)
        return code == EM_OK ? EM_MACHINE : code;
    r->own_data = r->fit && strcmp(r->fit->dataset_fingerprint, r->trials.data->fingerprint) == 0;
    r->task = em_task_find(r->model->task);
    r->balloons = r->model->task && strcmp(r->model->task, "balloons") == 0;
    r->subject = SIZE_MAX;
    r->choice = r->unknown = -1;
    for (int c = r->model->n_columns - 1; c >= 0; c--) {
        if (r->model->columns[c].role == EM_RESPONSE && r->model->columns[c].codes != EM_NUMBER)
            r->choice = c;
        if (r->model->columns[c].role == EM_OUTCOME)
            add_options(r, c);
    }
    return EM_OK;
}

static em_code make_room(em_replay *r, em_error *error)
{
    const uint64_t *offset = r->trials.data->offset;
    size_t most = 1;
    for (size_t s = r->first; s < r->end; s++)
        most = offset[s + 1] - offset[s] > most ? offset[s + 1] - offset[s] : most;
    r->begin = em_new(most * (size_t)r->model->n_columns, sizeof *r->begin, error);
    r->rows = em_new(most * (size_t)r->model->n_columns, sizeof *r->rows, error);
    r->scored = em_new(most, sizeof *r->scored, error);
    r->restart = em_new(most, 1, error);
    r->condition = em_new(most, 1, error);
    r->row = em_new(most, sizeof *r->row, error);
    return r->begin && r->rows && r->scored && r->restart && r->condition && r->row ? EM_OK : EM_MACHINE;
}

size_t em_replay_block(size_t S) { return S > EM_BLOCKS ? (S + EM_BLOCKS - 1) / EM_BLOCKS : 1; }

void em_replay_share(size_t S, size_t ranks, size_t rank, size_t *first, size_t *end)
{
    const size_t size = em_replay_block(S), blocks = (S + size - 1) / size;
    *first = size * (blocks * rank / ranks);
    *end = size * (blocks * (rank + 1) / ranks);
    *first = *first < S ? *first : S;
    *end = *end < S ? *end : S;
}

/* Whether any response is there. */
static bool any_response(const em_replay *r)
{
    const em_dataset *data = r->trials.data;
    for (int c = 0; c < r->model->n_columns; c++)
        for (size_t i = 0; r->model->columns[c].role == EM_RESPONSE && i < data->held; i++)
            if (!isnan(r->trials.column[c][i]))
                return true;
    return false;
}

static em_code read_share(em_replay *r, em_options_seen *seen, double *any, em_error *error)
{
    const size_t S = r->trials.data->n_subjects, ranks = (size_t)em_comm_size(r->comm),
                 rank = (size_t)em_comm_rank(r->comm);
    em_replay_share(S, ranks, rank, &r->first, &r->end);
    em_code code = em_trials_read(&r->trials, r->first, r->end, error);
    /* In the fit's own data the number of options is the fit's: who was left out of it has no say and is not drawn. */
    size_t hint = 0;
    for (size_t s = r->first; s < r->end && code == EM_OK; s++)
        if (!r->own_data || em_replay_place(r, s, &hint) != SIZE_MAX)
            code = em_trials_check(&r->trials, s, seen, error);
    if (code == EM_OK)
        *any = any_response(r);
    return code == EM_OK ? make_room(r, error) : code;
}

static em_code read_settings(em_replay *r, em_error *error)
{
    if (r->task)
        return em_settings_read(r->task, r->trials.options, r->task_settings, &r->settings, error);
    if (r->task_settings)
        return em_fail(error, EM_INPUT_ERROR, "--task: model %s names no task that there is", r->model->name);
    return EM_OK;
}

/* A fit knows how many options there are, also where nobody in these data chose the last ones. */
static em_code take_number_of_options(em_replay *r, em_error *error)
{
    if (!r->fit || !em_repeat_has_options(r->model))
        return EM_OK;
    const int K = r->fit->n_options;
    if (K < 2 || K > EM_MAX_OPTIONS)
        return em_fail(error, EM_INPUT_ERROR, "%s: the number of options can be 2 to %d, not %d", r->path,
                       EM_MAX_OPTIONS, K);
    if (r->own_data || r->trials.options < K)
        r->trials.options = K;
    return EM_OK;
}

em_code em_replay_open(em_replay *r, em_history history, const em_log *log, em_error *error)
{
    em_options_seen seen = {.levels = 0};
    int options = r->options;
    double any = 0;
    em_code code = em_comm_agree(r->comm, open_data(r, &options, error), error);
    if (code == EM_OK)
        code = em_scatter_same_data(r->comm, &r->trials, error);
    if (code == EM_OK)
        code = em_comm_agree(r->comm, read_share(r, &seen, &any, error), error);
    if (code != EM_OK)
        return code;
    em_comm_most(r->comm, seen.seen, EM_MAX_OPTIONS);
    em_comm_most(r->comm, &seen.levels, 1);
    em_comm_most(r->comm, seen.any, EM_MAX_OPTIONS);
    em_comm_most(r->comm, seen.zero, EM_MAX_OPTIONS);
    em_comm_most(r->comm, &any, 1);
    r->is_plan = r->plans && any == 0;
    code = em_trials_options(&r->trials, &seen, options, log, error);
    if (code == EM_OK)
        code = take_number_of_options(r, error);
    if (code == EM_OK)
        code = read_settings(r, error);
    if (code == EM_OK)
        code = settle_sources(r, history, error);
    return em_comm_agree(r->comm, code, error);
}

void em_replay_close(em_replay *r)
{
    free(r->outcome);
    free(r->begin);
    free(r->rows);
    free(r->scored);
    free(r->restart);
    free(r->condition);
    free(r->row);
    em_setup_free(&r->setup);
    em_fit_shape_free(&r->shape);
    em_trials_close(&r->trials);
    em_fit_free(r->fit);
    *r = (em_replay){0};
}

/* ---- one subject ------------------------------------------------------------------------------------------------ */

/* As em_trials_look; of a plan every response counts whose inputs are there. */
static unsigned look(const em_replay *r, size_t row)
{
    if (!r->is_plan)
        return em_trials_look(&r->trials, row);
    for (int c = 0; c < r->model->n_columns; c++)
        if (r->model->columns[c].role == EM_INPUT && isnan(r->trials.column[c][row - r->trials.data->first_row]))
            return 0;
    return ~0u;
}

static double recorded(const em_replay *r, int column, size_t row)
{
    return r->trials.column[column][row - r->trials.data->first_row];
}

/* A balloon that burst bursts again at that pump. */
static double burst_again(const em_replay *r, int column, size_t row, const double *so_far)
{
    for (int c = 0; c < r->model->n_columns; c++)
        if (strcmp(r->model->columns[c].name, "pumps") == 0)
            return recorded(r, column, row) == 1 && so_far[c] >= recorded(r, c, row);
    return recorded(r, column, row);
}

static double by_task(em_replay *r, int trial, int column, const double *so_far)
{
    r->scene.trial = (int)(r->row[trial] - r->trials.data->offset[r->subject]);
    r->scene.row = so_far;
    const double drawn = r->task->outcome(&r->scene, r->model->columns[column].name);
    if (isnan(drawn))
        r->unknown = column;
    return drawn;
}

/* What em_draw.outcome asks for. What is missing in the data stays so, but for a plan. */
static double outcome(void *where, int trial, int column, const double *so_far)
{
    em_replay *r = where;
    const em_outcome_rule *rule = &r->outcome[column];
    const size_t row = r->row[trial];
    const double was = recorded(r, column, row), choice = rule->choice < 0 ? -1 : so_far[rule->choice];
    if (isnan(was) && !r->is_plan)
        return was;
    if (r->history == EM_HISTORY_OBSERVED)
        return r->balloons ? burst_again(r, column, row, so_far) : was;
    switch (rule->source) {
    case EM_SOURCE_OF_OPTION:
        return choice >= 0 ? r->trials.also[rule->option[(int)choice]].value[row - r->trials.data->first_row] : NAN;
    case EM_SOURCE_OTHER: return choice == recorded(r, rule->choice, row) ? was : recorded(r, rule->other, row);
    case EM_SOURCE_TASK: return by_task(r, trial, column, so_far);
    default: return isnan(was) && r->task && r->task->outcome ? by_task(r, trial, column, so_far) : was;
    }
}

/* The rows that count, one after the other. A trial that does not changes nothing and is left out; where a block starts
 * with it, the block starts on the next one. */
static void gather_rows(em_replay *r, size_t subject)
{
    const size_t C = (size_t)r->model->n_columns, from = r->trials.data->offset[subject];
    uint8_t restart = 0;
    r->subject = subject;
    r->n = 0;
    em_trials_facts(&r->trials, subject, r->facts);
    for (size_t row = from; row < r->trials.data->offset[subject + 1]; row++) {
        restart |= em_trials_restart(&r->trials, subject, row);
        r->scored[row - from] = look(r, row);
        if (!r->scored[row - from])
            continue;
        for (size_t c = 0; c < C; c++) {
            const bool drawn = r->model->columns[c].role == EM_RESPONSE && r->history == EM_HISTORY_OWN;
            r->begin[(size_t)r->n * C + c] = drawn ? NAN : recorded(r, (int)c, row);
        }
        /* the fit's columns of conditions count fastest */
        r->condition[r->n] = (uint8_t)(em_trials_condition(&r->trials, row) % r->setup.view.conditions);
        r->restart[r->n] = restart;
        r->row[r->n++] = row;
        restart = 0;
    }
}

/* Rows as recorded, with what was drawn in its places. */
static bool put_rows(const em_replay *r, double *to)
{
    const size_t C = (size_t)r->model->n_columns, from = r->trials.data->offset[r->subject];
    const size_t T = r->trials.data->offset[r->subject + 1] - from;
    const double *drawn = r->rows;
    bool finite = true;
    for (size_t t = 0; t < T; t++, to += C) {
        const unsigned scored = r->scored[t];
        int response = 0;
        for (size_t c = 0; c < C; c++) {
            const em_role role = r->model->columns[c].role;
            const bool counts = role == EM_RESPONSE ? scored >> response++ & 1 : role == EM_OUTCOME && scored;
            to[c] = counts ? drawn[c] : role == EM_RESPONSE && !scored ? NAN : recorded(r, (int)c, from + t);
            finite = finite && (role != EM_RESPONSE || !counts || isfinite(to[c]));
        }
        drawn += scored ? C : 0;
    }
    return finite;
}

em_code em_replay_subject(em_replay *r, size_t subject, const double *x, em_random *random, double *rows, bool *finite,
                          em_error *error)
{
    const em_view *view = &r->setup.view;
    double own[view->conditions * r->model->n_parameters];
    for (int c = 0; c < view->conditions; c++)
        em_view_parameters(view, c, x, 1, own + c * r->model->n_parameters);
    if (r->subject != subject)
        gather_rows(r, subject);
    memcpy(r->rows, r->begin, (size_t)(r->n * r->model->n_columns) * sizeof *r->rows);
    r->scene = (em_scene){.model = r->model, .settings = &r->settings, .random = random, .options = r->trials.options};
    if (r->task && r->task->start && r->history == EM_HISTORY_OWN && (r->is_plan || !r->exact))
        r->task->start(&r->scene);
    const em_draw draw = {em_random_uniform, random, outcome, r, NULL};
    r->model->trace(r->n, r->trials.options, r->rows, r->restart, view->conditions > 1 ? r->condition : NULL, r->facts,
                    own, &draw, NULL);
    if (r->unknown >= 0)
        return em_fail(error, EM_INPUT_ERROR,
                       "%s: column '%s' is an outcome: it is not known what another choice would have brought, and "
                       "task %s does not know it",
                       r->dataset, r->model->columns[r->unknown].name, r->model->task);
    *finite = put_rows(r, rows);
    return EM_OK;
}

em_code em_replay_not_finite(const em_replay *r, size_t subject, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR,
                   "subject %s: model %s draws a response that is not finite; parameters too extreme?",
                   em_trials_id(&r->trials, subject), r->model->name);
}
