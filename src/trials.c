#include "trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_memory.h"
#include "error.h"

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static em_code no_column(const em_trials *trials, const char *who, const char *name, em_error *error)
{
    char have[500] = "";
    for (int c = 0; c < trials->data->n_columns; c++) {
        const size_t used = strlen(have);
        snprintf(have + used, sizeof have - used, "%s%s", c ? ", " : "", trials->data->column[c].name);
    }
    return em_fail(error, EM_INPUT_ERROR,
                   "%s: %s needs a column '%s'; there is: %s (import with --rename OLD=%s to give one that name)",
                   trials->path, who, name, have, name);
}

/* How the user can give text the codes the model means. */
static em_code wants_levels(const em_trials *trials, const em_column *column, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR,
                   "%s: column '%s' is text, and model %s gives its codes a meaning (%s): import with --levels "
                   "%s=TEXT_OF_0,TEXT_OF_1,... so that the order is yours",
                   trials->path, column->name, trials->model->name, column->meaning, column->name);
}

static em_code check_kind(const em_trials *trials, const em_column *column, const em_dataset_column *have, em_error *error)
{
    if (!have->level)
        return EM_OK;
    if (column->codes == EM_NUMBER)
        return em_fail(error, EM_INPUT_ERROR,
                       "%s: column '%s' is text (%s, ...); model %s needs numbers there (%s). Mend the table and import again",
                       trials->path, column->name, have->n_levels ? have->level[0] : "no level", trials->model->name,
                       column->about);
    const int most = column->codes == EM_OPTION ? EM_MAX_OPTIONS : column->codes;
    if (have->n_levels > most)
        return em_fail(error, EM_INPUT_ERROR, "%s: column '%s' has %d different texts (%s, %s, ...); model %s can have %d",
                       trials->path, column->name, have->n_levels, have->level[0], have->level[1], trials->model->name, most);
    if (column->meaning && !have->levels_given)
        return wants_levels(trials, column, error);
    return EM_OK;
}

/* Finds the model's columns in the outline. */
static em_code find_columns(em_trials *trials, bool ignore_block, em_error *error)
{
    const em_model *model = trials->model;
    trials->column = em_new((size_t)model->n_columns, sizeof *trials->column, error);
    if (!trials->column)
        return EM_MACHINE;
    for (int c = 0; c < model->n_columns; c++) {
        const em_dataset_column *have = em_dataset_find(trials->data, model->columns[c].name);
        if (!have) {
            char who[200];
            snprintf(who, sizeof who, "model %s", model->name);
            return no_column(trials, who, model->columns[c].name, error);
        }
        em_code code = check_kind(trials, &model->columns[c], have, error);
        if (code != EM_OK)
            return code;
    }
    trials->has_block = model->has_state && !ignore_block && em_dataset_find(trials->data, "block");
    return EM_OK;
}

em_code em_trials_open(const char *path, const em_model *model, bool ignore_block, em_trials *trials, em_error *error)
{
    *trials = (em_trials){.model = model, .path = path, .conditions = 1};
    em_code code = em_dataset_read_outline(path, &trials->data, error);
    return code == EM_OK ? find_columns(trials, ignore_block, error) : code;
}

em_code em_trials_open_memory(const em_dataset *data, const char *name, const em_model *model, bool ignore_block, em_trials *trials,
                              em_error *error)
{
    *trials = (em_trials){.model = model, .path = name, .source = data, .conditions = 1};
    em_code code = em_dataset_copy_outline(data, &trials->data, error);
    return code == EM_OK ? find_columns(trials, ignore_block, error) : code;
}

em_code em_trials_read_ids(const em_trials *trials, size_t first, size_t count, char ***id, em_error *error)
{
    return trials->source ? em_dataset_copy_ids(trials->source, first, count, id, error)
                          : em_dataset_read_ids(trials->data, trials->path, first, count, id, error);
}

static em_code read_rows(em_trials *trials, const char *const *names, int n, size_t first, size_t count, em_error *error)
{
    return trials->source ? em_dataset_copy_rows(trials->source, names, n, first, count, trials->data, error)
                          : em_dataset_read_rows(trials->data, trials->path, names, n, first, count, error);
}

/* ---- conditions ---------------------------------------------------------------------------------------------------- */

static em_code too_many(const em_trials *trials, const char *name, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s: column '%s' has more than %d different values; conditions are few", trials->path, name,
                   EM_MOST_LEVELS);
}

/* Puts a value in its place in the list of those seen; false where there are too many. */
static bool note_level(em_condition_column *by, double x)
{
    int at = 0;
    while (at < by->n_levels && by->level[at] < x)
        at++;
    if (at < by->n_levels && by->level[at] == x)
        return true;
    if (by->n_levels == EM_MOST_LEVELS)
        return false;
    memmove(by->level + at + 1, by->level + at, (size_t)(by->n_levels++ - at) * sizeof *by->level);
    by->level[at] = x;
    return true;
}

static em_code find_levels(em_trials *trials, em_condition_column *by, em_error *error)
{
    enum { PIECE = 1 << 18 };
    const size_t rows = trials->data->n_rows;
    em_code code = EM_OK;
    for (size_t from = 0; from < rows && code == EM_OK; from += PIECE) {
        const size_t n = rows - from < PIECE ? rows - from : PIECE;
        code = read_rows(trials, &by->name, 1, from, n, error);
        const double *value = code == EM_OK ? em_dataset_find(trials->data, by->name)->value : NULL;
        for (size_t i = 0; i < n && code == EM_OK; i++)
            if (!isnan(value[i]) && !note_level(by, value[i]))
                code = too_many(trials, by->name, error);
    }
    em_dataset_forget(trials->data);
    return code;
}

em_code em_trials_add_by(em_trials *trials, const char *name, em_error *error)
{
    for (int i = 0; i < trials->n_by; i++)
        if (strcmp(trials->by[i].name, name) == 0)
            return EM_OK;
    const em_dataset_column *have = em_dataset_find(trials->data, name);
    if (!have)
        return no_column(trials, "--by", name, error);
    if (trials->n_by == EM_MOST_BY)
        return em_fail(error, EM_INPUT_ERROR, "conditions can come from %d columns at most", EM_MOST_BY);
    em_condition_column *by = &trials->by[trials->n_by];
    *by = (em_condition_column){.name = have->name};
    if (have->level && have->n_levels > EM_MOST_LEVELS)
        return too_many(trials, name, error);
    for (int i = 0; i < have->n_levels && have->level; i++)
        by->level[by->n_levels++] = i;
    em_code code = have->level ? EM_OK : find_levels(trials, by, error);
    if (code == EM_OK && by->n_levels < 2)
        code = em_fail(error, EM_INPUT_ERROR, "%s: column '%s' has the same value on all trials: there is nothing to tell apart",
                       trials->path, name);
    if (code == EM_OK && trials->conditions * by->n_levels > EM_MOST_LEVELS)
        code = em_fail(error, EM_INPUT_ERROR, "the columns of conditions make more than %d combinations", EM_MOST_LEVELS);
    if (code != EM_OK)
        return code;
    trials->conditions *= by->n_levels;
    trials->n_by++;
    return EM_OK;
}

int em_trials_also(const em_trials *trials, const char *name)
{
    for (int i = 0; i < trials->n_also; i++)
        if (strcmp(trials->also[i].name, name) == 0)
            return i;
    return -1;
}

int em_trials_add(em_trials *trials, const char *name)
{
    const em_dataset_column *have = em_dataset_find(trials->data, name);
    const int at = em_trials_also(trials, name);
    if (at >= 0 || !have || have->level || trials->n_also == EM_MOST_ALSO)
        return at;
    trials->also[trials->n_also] = (em_also_column){.name = have->name};
    return trials->n_also++;
}

int em_trials_condition(const em_trials *trials, size_t row)
{
    int condition = 0, weight = 1;
    for (int i = 0; i < trials->n_by; i++) {
        const em_condition_column *by = &trials->by[i];
        const double x = by->value[row - trials->data->first_row];
        int level = 0;
        while (level < by->n_levels && by->level[level] != x)
            level++;
        if (level == by->n_levels)
            return -1;
        condition += weight * level;
        weight *= by->n_levels;
    }
    return condition;
}

static void forget_ids(em_trials *trials)
{
    for (size_t i = 0; i < trials->n_ids; i++)
        free(trials->id[i]);
    free(trials->id);
    trials->id = NULL;
    trials->n_ids = 0;
}

void em_trials_close(em_trials *trials)
{
    forget_ids(trials);
    free(trials->column);
    em_dataset_free(trials->data);
    *trials = (em_trials){0};
}

/* Adds a name to a list in which each stands once. */
static void add_name(const char **name, int *n, const char *more)
{
    for (int i = 0; i < *n; i++)
        if (strcmp(name[i], more) == 0)
            return;
    name[(*n)++] = more;
}

em_code em_trials_read(em_trials *trials, size_t first, size_t end, em_error *error)
{
    const em_model *model = trials->model;
    const char **name = em_new((size_t)(model->n_columns + 1 + trials->n_by + trials->n_also), sizeof *name, error);
    if (!name)
        return EM_MACHINE;
    int n = 0;
    for (int c = 0; c < model->n_columns; c++)
        add_name(name, &n, model->columns[c].name);
    if (trials->has_block)
        add_name(name, &n, "block");
    for (int i = 0; i < trials->n_by; i++)
        add_name(name, &n, trials->by[i].name);
    for (int i = 0; i < trials->n_also; i++)
        add_name(name, &n, trials->also[i].name);
    const uint64_t *offset = trials->data->offset;
    em_code code = read_rows(trials, name, n, offset[first], offset[end] - offset[first], error);
    free(name);
    forget_ids(trials);
    if (code == EM_OK)
        code = em_trials_read_ids(trials, first, end - first, &trials->id, error);
    if (code != EM_OK)
        return code;
    trials->first_subject = first;
    trials->n_ids = end - first;
    for (int c = 0; c < model->n_columns; c++)
        trials->column[c] = em_dataset_find(trials->data, model->columns[c].name)->value;
    if (trials->has_block)
        trials->block = em_dataset_find(trials->data, "block")->value;
    for (int i = 0; i < trials->n_by; i++)
        trials->by[i].value = em_dataset_find(trials->data, trials->by[i].name)->value;
    for (int i = 0; i < trials->n_also; i++)
        trials->also[i].value = em_dataset_find(trials->data, trials->also[i].name)->value;
    return EM_OK;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static double cell(const em_trials *trials, int c, size_t row)
{
    return trials->column[c][row - trials->data->first_row];
}

static em_code bad_value(const em_trials *trials, size_t subject, size_t row, int c, const char *expected, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s: subject %s, trial %zu, column '%s': %.17g is not allowed; model %s wants %s",
                   trials->path, em_trials_id(trials, subject), row - trials->data->offset[subject] + 1,
                   trials->model->columns[c].name, cell(trials, c, row), trials->model->name, expected);
}

static em_code check_code(const em_trials *trials, size_t subject, size_t row, int c, em_options_seen *seen, em_error *error)
{
    const em_column *column = &trials->model->columns[c];
    const double x = cell(trials, c, row);
    const int most = column->codes == EM_OPTION ? EM_MAX_OPTIONS : column->codes;
    if (!(x >= 0 && x < most && x == floor(x))) {
        char expected[300], hint[120];
        if (x < 0)
            snprintf(hint, sizeof hint, "if %.17g stands for a missing value: import with --missing %.17g", x, x);
        else
            snprintf(hint, sizeof hint, "codes that start at 1: import with --base %s=1", column->name);
        snprintf(expected, sizeof expected, "a whole number from 0 to %d%s%s%s (%s)", most - 1, column->meaning ? " (" : "",
                 column->meaning ? column->meaning : "", column->meaning ? ")" : "", hint);
        return bad_value(trials, subject, row, c, expected, error);
    }
    if (column->codes == EM_OPTION)
        seen->seen[(int)x] = 1;
    if (column->role == EM_RESPONSE) {
        int response = 0;
        for (int i = 0; i < c; i++)
            response += trials->model->columns[i].role == EM_RESPONSE;
        seen->any[response] = 1;
        if (x == 0)
            seen->zero[response] = 1;
    }
    return EM_OK;
}

static em_code check_number(const em_trials *trials, size_t subject, size_t row, int c, em_error *error)
{
    const em_column *column = &trials->model->columns[c];
    const double x = cell(trials, c, row);
    if (isfinite(x) && x >= column->min && x <= column->max)
        return EM_OK;
    char expected[100];
    if (isinf(column->min) && isinf(column->max))
        snprintf(expected, sizeof expected, "a finite number");
    else if (isinf(column->max))
        snprintf(expected, sizeof expected, "a finite number of at least %g", column->min);
    else
        snprintf(expected, sizeof expected, "a number from %g to %g", column->min, column->max);
    return bad_value(trials, subject, row, c, expected, error);
}

static em_code no_condition(const em_trials *trials, size_t subject, size_t row, em_error *error)
{
    const char *name = trials->by[0].name;
    for (int i = trials->n_by - 1; i >= 0; i--)
        if (isnan(trials->by[i].value[row - trials->data->first_row]))
            name = trials->by[i].name;
    return em_fail(error, EM_INPUT_ERROR, "%s: subject %s, trial %zu, column '%s': it is missing, so it is not known which value of a "
                   "parameter counts there; give every trial a condition", trials->path, em_trials_id(trials, subject),
                   row - trials->data->offset[subject] + 1, name);
}

em_code em_trials_check(const em_trials *trials, size_t subject, em_options_seen *seen, em_error *error)
{
    const em_model *model = trials->model;
    const uint64_t *offset = trials->data->offset + subject;
    for (size_t row = offset[0]; trials->block && row < offset[1]; row++)
        if (isnan(trials->block[row - trials->data->first_row]))
            return em_fail(error, EM_INPUT_ERROR,
                           "%s: subject %s, trial %zu, column 'block': it is missing, so it is not known whether values start "
                           "again there; give every trial a block, or use --ignore block", trials->path,
                           em_trials_id(trials, subject), row - offset[0] + 1);
    for (size_t row = offset[0]; trials->n_by && row < offset[1]; row++)
        if (em_trials_condition(trials, row) < 0)
            return no_condition(trials, subject, row, error);
    for (int c = 0; c < model->n_columns; c++) {
        if (model->columns[c].codes == EM_OPTION) {
            const em_dataset_column *have = em_dataset_find(trials->data, model->columns[c].name);
            seen->levels = have->level && have->n_levels > seen->levels ? have->n_levels : seen->levels;
        }
        for (size_t row = trials->data->offset[subject]; row < trials->data->offset[subject + 1]; row++) {
            if (isnan(cell(trials, c, row)))
                continue;
            em_code code = model->columns[c].codes == EM_NUMBER ? check_number(trials, subject, row, c, error)
                                                                 : check_code(trials, subject, row, c, seen, error);
            if (code != EM_OK)
                return code;
        }
    }
    return EM_OK;
}

static const char *option_column(const em_model *model)
{
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].codes == EM_OPTION)
            return model->columns[c].name;
    return NULL;
}

/* Responses without a 0 in the whole data set were most likely counted from 1, unless a model has drawn them. */
static em_code check_zero(const em_trials *trials, const em_options_seen *seen, em_error *error)
{
    if (trials->source && trials->source->truth)
        return EM_OK;
    int response = 0;
    for (int c = 0; c < trials->model->n_columns; c++) {
        const em_column *column = &trials->model->columns[c];
        if (column->role != EM_RESPONSE)
            continue;
        const bool coded_text = em_dataset_find(trials->data, column->name)->level != NULL;
        if (column->codes != EM_NUMBER && !coded_text && seen->any[response] > 0 && seen->zero[response] == 0)
            return em_fail(error, EM_INPUT_ERROR,
                           "%s: column '%s' has no 0 in the whole data set; choices are coded 0, 1, ... If yours start at 1, "
                           "import with --base %s=1", trials->path, column->name, column->name);
        response++;
    }
    return EM_OK;
}

em_code em_trials_options(em_trials *trials, const em_options_seen *seen, int asked, const em_log *log, em_error *error)
{
    const char *name = option_column(trials->model);
    em_code code = check_zero(trials, seen, error);
    if (code != EM_OK)
        return code;
    trials->options = 2;
    if (!name)
        return asked == 0 ? EM_OK
                          : em_fail(error, EM_INPUT_ERROR, "model %s has no choice among K options: --options is not for it",
                                    trials->model->name);
    int used = 0;
    for (int k = 0; k < EM_MAX_OPTIONS; k++)
        if (seen->seen[k] > 0)
            used = k + 1;
    int K = seen->levels > 0 ? (int)seen->levels : used;
    K = K < 2 ? 2 : K;
    if (asked > 0) {
        if (asked < used)
            return em_fail(error, EM_INPUT_ERROR, "%s: column '%s' has a choice of %d; --options %d allows 0 to %d", trials->path,
                           name, used - 1, asked, asked - 1);
        K = asked;
    }
    for (int k = 0; k < K; k++)
        if (seen->seen[k] == 0 && used > 0)
            em_say(log, "warning: %s: nobody ever chose option %d of 0 to %d in column '%s'", trials->path, k, K - 1, name);
    trials->options = K;
    return EM_OK;
}

/* ---- what counts ------------------------------------------------------------------------------------------------ */

unsigned em_trials_look(const em_trials *trials, size_t row)
{
    const em_model *model = trials->model;
    bool shown = true, so_far = true;
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].role != EM_OUTCOME && isnan(cell(trials, c, row)))
            shown = false;
    unsigned bits = 0;
    int response = 0;
    for (int c = 0; c < model->n_columns; c++) {
        so_far = so_far && !isnan(cell(trials, c, row));
        if (model->columns[c].role == EM_RESPONSE)
            bits |= (unsigned)(shown && so_far) << response++;
    }
    return so_far ? bits | EM_LEARNED : bits;
}

bool em_trials_restart(const em_trials *trials, size_t subject, size_t row)
{
    if (!trials->block || row == trials->data->offset[subject])
        return false;
    const double *block = trials->block + (row - trials->data->first_row);
    return block[0] != block[-1];
}

static double fact_of(const em_trials *trials, const em_fact *fact, size_t from, size_t end)
{
    double most = -INFINITY, least = INFINITY, sum = 0, n = 0;
    for (size_t row = from; row < end; row++) {
        const double x = cell(trials, fact->column, row);
        if (isnan(x))
            continue;
        most = x > most ? x : most;
        least = x < least ? x : least;
        sum += x;
        n++;
    }
    /* A subject without any value has no trial that counts either: the fact only has to be finite. */
    if (n == 0)
        return 1;
    return fact->kind == EM_MINIMUM ? least : fact->kind == EM_MAXIMUM ? most : sum / n;
}

void em_trials_facts(const em_trials *trials, size_t subject, double *facts)
{
    for (int f = 0; f < trials->model->n_facts; f++)
        facts[f] = fact_of(trials, &trials->model->facts[f], trials->data->offset[subject], trials->data->offset[subject + 1]);
}
