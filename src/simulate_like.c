/* A dataset's design with responses drawn anew. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "group.h"
#include "repeat.h"
#include "replay.h"

em_like_options em_like_defaults(void)
{
    em_like_options o = {.seed = 1};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        o.mu[j] = o.var[j] = NAN;
    return o;
}

typedef struct {
    const em_like_options *o;
    em_replay replay;
    em_design design;                                     /* of the fit's covariates */
    double factor[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS]; /* F with F F' the group's covariance */
    int n;                                                /* parameters */
    int *column, n_columns;                               /* responses and outcomes: what is drawn */
    /* this rank's subjects that are drawn, one after the other */
    size_t n_subjects, n_rows;
    uint64_t *subject;   /* [n_subjects] in the dataset */
    double *x, *natural; /* [n_subjects, n] */
    double *drawn;       /* [n_rows, n_columns] */
    uint64_t *length;    /* rank 0: trials of each subject of the new dataset */
} job;

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static em_code check_group(const em_fit *fit, const char *path, em_error *error)
{
    for (int j = 0; j < fit->n_parameters; j++)
        if (!isfinite(fit->mu[j]) || !(fit->var[j] >= 0) || !isfinite(fit->var[j]))
            return em_fail(
                error, EM_INPUT_ERROR,
                "%s has no group (it was made with --group none): --parameters subjects draws with everybody's own "
                "estimate",
                path);
    return EM_OK;
}

/* The columns of the fit's covariates in these data, of whom is drawn. */
static em_code make_design(job *j, em_error *error)
{
    const em_replay *r = &j->replay;
    const em_fit *fit = r->fit;
    const em_fit_options *o = &r->setup.options;
    const size_t S = r->trials.data->n_subjects;
    char **id = NULL;
    bool *chosen = em_new(S, sizeof *chosen, error);
    em_code code = chosen ? em_dataset_read_ids(r->trials.data, r->dataset, 0, S, &id, error) : EM_MACHINE;
    for (size_t s = 0, next = 0; s < S && code == EM_OK; s++) {
        chosen[s] = !r->own_data || (next < fit->n_subjects && strcmp(fit->subject[next], id[s]) == 0);
        next += chosen[s];
    }
    if (code == EM_OK)
        code = em_design_make(r->trials.data, chosen, id, o->covariate, o->n_covariates, o->contrast, o->n_contrasts,
                              (const char *const *)r->setup.name, j->n, &j->design, error);
    bool same = code == EM_OK && j->design.n_columns == fit->n_coefficients;
    for (int c = 0; c < j->design.n_columns && same; c++)
        same = strcmp(j->design.name[c], fit->coefficient_name[c]) == 0;
    if (code == EM_OK && !same)
        code = em_fail(error, EM_INPUT_ERROR, "the covariates of %s have other columns than in %s: their levels differ",
                       r->dataset, r->path);
    for (size_t s = 0; id && s < S; s++)
        free(id[s]);
    free(id);
    free(chosen);
    return code;
}

static em_code prepare_group(job *j, em_error *error)
{
    const em_fit *fit = j->replay.fit;
    const int P = j->n;
    em_group_values group = {.mu = {0}};
    bool full = false;
    em_code code = check_group(fit, j->replay.path, error);
    if (code != EM_OK)
        return code;
    for (int i = 0; i < P; i++) {
        group.var[i] = fit->var[i];
        j->factor[i * P + i] = sqrt(fit->var[i]);
        for (int k = 0; k < i; k++) {
            *em_group_off(&group, i, k) = fit->cov[i * P + k];
            full = full || fit->cov[i * P + k] != 0;
        }
    }
    if (full)
        em_group_factor(&group, P, j->factor, NULL);
    return fit->n_coefficients ? make_design(j, error) : EM_OK;
}

/* The subject's mean under the fit's group: B' z. */
static double mean_of(const job *j, size_t s, int parameter)
{
    const em_fit *fit = j->replay.fit;
    if (!fit->n_coefficients)
        return fit->mu[parameter];
    double mean = 0;
    for (int c = 0; c < j->design.n_columns; c++) {
        const double raw =
            j->design.z[s * (size_t)j->design.n_columns + (size_t)c] * j->design.scale[c] + j->design.center[c];
        mean += fit->coefficient[c * j->n + parameter] * raw;
    }
    return mean;
}

/* What everybody has by --fix, at this subject's facts. */
static void put_fixed(const job *j, const double *facts, double *x)
{
    const em_setup *setup = &j->replay.setup;
    const em_model *model = setup->model;
    double zero[EM_MAX_PARAMETERS] = {0}, natural[EM_MAX_PARAMETERS], fixed[EM_MAX_PARAMETERS];
    model->natural(zero, facts, natural);
    for (int k = 0; k < model->n_parameters; k++)
        natural[k] = isnan(setup->options.fix[k]) ? natural[k] : setup->options.fix[k];
    model->unconstrained(natural, facts, fixed);
    for (int i = 0; i < j->n; i++)
        if (!isnan(setup->options.fix[setup->view.parameter[i]]))
            x[i] = fixed[setup->view.parameter[i]];
}

static void draw_parameters(const job *j, size_t s, const double *facts, em_random *random, double *x)
{
    double u[EM_MAX_PARAMETERS];
    for (int i = 0; i < j->n; i++)
        u[i] = em_random_normal(random);
    for (int i = 0; i < j->n && !j->replay.fit; i++) {
        const em_parameter *p = &j->replay.model->parameters[i];
        x[i] = (isnan(j->o->mu[i]) ? p->mu : j->o->mu[i]) + sqrt(isnan(j->o->var[i]) ? p->var : j->o->var[i]) * u[i];
    }
    if (!j->replay.fit)
        return;
    for (int i = 0; i < j->n; i++) {
        x[i] = mean_of(j, s, i);
        for (int k = 0; k < j->n; k++)
            x[i] += j->factor[i * j->n + k] * u[k];
    }
    put_fixed(j, facts, x);
}

static em_code take_estimate(const job *j, size_t s, size_t place, double *x, em_error *error)
{
    const em_replay *r = &j->replay;
    const char *id = em_trials_id(&r->trials, s);
    if (place == SIZE_MAX)
        return em_fail(error, EM_INPUT_ERROR,
                       "%s: subject %s is not in %s: --parameters group draws everybody from its group", r->dataset, id,
                       r->path);
    memcpy(x, r->fit->map + place * (size_t)j->n, (size_t)j->n * sizeof *x);
    for (int i = 0; i < j->n; i++)
        if (!isfinite(x[i]))
            return em_fail(
                error, EM_INPUT_ERROR,
                "%s: subject %s has no estimate of %s (%s): --parameters group draws everybody from the group", r->path,
                id, r->fit->parameter[i], em_subject_status_text(r->fit->subject_status[place]));
    return EM_OK;
}

/* Estimates that the fit flags are drawn with like the others; who has them is said. */
static void warn_of_flagged(const em_fit *fit, const char *path, const em_log *log)
{
    enum { NAMED = 10 };
    size_t n = 0;
    for (size_t i = 0; i < fit->n_subjects; i++)
        if (em_subject_is_flagged(fit->subject_status[i]) && n++ < NAMED)
            em_say(log, "warning: %s: the estimate of subject %s is not one to rely on (%s)", path, fit->subject[i],
                   em_subject_status_text(fit->subject_status[i]));
    if (n > NAMED)
        em_say(log, "warning: and those of %zu more subjects", n - NAMED);
}

/* What of a fit's group a mean and a variance of each of the model's parameters cannot say; NULL: nothing. */
static const char *beyond(const em_fit *fit, const em_model *model)
{
    bool same = fit->n_parameters == model->n_parameters, full = false;
    for (int j = 0; j < fit->n_parameters && same; j++) {
        same = strcmp(fit->parameter[j], model->parameters[j].name) == 0;
        for (int k = 0; k < j; k++)
            full = full || fit->cov[j * fit->n_parameters + k] != 0;
    }
    return !same                  ? "conditions (--by)"
           : fit->n_coefficients  ? "covariates"
           : full                 ? "covariances"
           : model->n_facts > 0   ? "a parameter whose bound comes from the data"
                                  : NULL;
}

em_code em_simulation_from(const char *path, const em_model *model, em_simulation *sim, em_error *error)
{
    em_fit *fit = NULL;
    em_code code = em_fit_read(path, &fit, error);
    if (code != EM_OK)
        return code;
    const char *what = beyond(fit, model);
    if (strcmp(fit->model, model->name) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s is a fit of model %s, not of %s", path, fit->model, model->name);
    else if (what)
        code = em_fail(error, EM_INPUT_ERROR, "%s has %s: new people are drawn in a design only; give it with --like in place of --subjects", path,
                       what);
    else
        code = check_group(fit, path, error);
    if (code == EM_OK && sim->options == 0 && em_repeat_has_options(model))
        sim->options = fit->n_options;
    for (int j = 0; j < model->n_parameters && code == EM_OK; j++) {
        sim->mu[j] = fit->mu[j];
        sim->var[j] = fit->var[j];
    }
    em_fit_free(fit);
    return code;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static em_code draw_subject(job *j, size_t s, size_t place, double *rows, em_error *error)
{
    em_replay *r = &j->replay;
    const size_t n = (size_t)j->n, C = (size_t)r->model->n_columns,
                 T = r->trials.data->offset[s + 1] - r->trials.data->offset[s];
    double facts[EM_MAX_PARAMETERS], *x = j->x + j->n_subjects * n;
    em_random random = em_random_start(j->o->seed, s + 1);
    bool finite = true;
    em_trials_facts(&r->trials, s, facts);
    em_code code = EM_OK;
    if (j->o->estimates)
        code = take_estimate(j, s, place, x, error);
    else
        draw_parameters(j, s, facts, &random, x);
    if (code == EM_OK)
        code = em_replay_subject(r, s, x, &random, rows, &finite, error);
    if (code == EM_OK && !finite)
        code = em_replay_not_finite(r, s, error);
    if (code != EM_OK)
        return code;
    em_view_natural(&r->setup.view, x, facts, j->natural + j->n_subjects * n);
    for (size_t t = 0; t < T; t++)
        for (int k = 0; k < j->n_columns; k++)
            j->drawn[(j->n_rows + t) * (size_t)j->n_columns + (size_t)k] = rows[t * C + (size_t)j->column[k]];
    j->subject[j->n_subjects++] = s;
    j->n_rows += T;
    return EM_OK;
}

/* Subjects and rows of the largest share: rank 0 takes each of them. */
static void largest_share(const em_replay *r, size_t *subjects, size_t *rows)
{
    const size_t S = r->trials.data->n_subjects, ranks = (size_t)em_comm_size(r->comm);
    *subjects = *rows = 0;
    for (size_t rank = 0; rank < ranks; rank++) {
        size_t first, end;
        em_replay_share(S, ranks, rank, &first, &end);
        const size_t n = r->trials.data->offset[end] - r->trials.data->offset[first];
        *subjects = end - first > *subjects ? end - first : *subjects;
        *rows = n > *rows ? n : *rows;
    }
}

static em_code draw_share(job *j, em_error *error)
{
    em_replay *r = &j->replay;
    const uint64_t *offset = r->trials.data->offset;
    const size_t C = (size_t)r->model->n_columns;
    size_t S, N;
    largest_share(r, &S, &N);
    j->subject = em_new(S, sizeof *j->subject, error);
    j->x = em_new(S * (size_t)j->n, sizeof *j->x, error);
    j->natural = em_new(S * (size_t)j->n, sizeof *j->natural, error);
    j->drawn = em_new(N * (size_t)j->n_columns, sizeof *j->drawn, error);
    size_t most = 1, hint = 0;
    for (size_t s = r->first; s < r->end; s++)
        most = offset[s + 1] - offset[s] > most ? offset[s + 1] - offset[s] : most;
    double *rows = em_new(most * C, sizeof *rows, error);
    em_code code = j->subject && j->x && j->natural && j->drawn && rows ? EM_OK : EM_MACHINE;
    for (size_t s = r->first; s < r->end && code == EM_OK; s++) {
        const size_t place = r->fit ? em_replay_place(r, s, &hint) : SIZE_MAX;
        if (!r->own_data || place != SIZE_MAX)
            code = draw_subject(j, s, place, rows, error);
    }
    free(rows);
    return code;
}

/* ---- the dataset ------------------------------------------------------------------------------------------------ */

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

static void drop_column(em_dataset *data, int c)
{
    em_dataset_column *column = &data->column[c];
    free(column->name);
    free(column->value);
    free_texts(column->level, (size_t)column->n_levels);
    memmove(column, column + 1, (size_t)(--data->n_columns - c) * sizeof *column);
}

/* Rank 0: the columns that are shown or kept, with their values; the others are named in the log. */
static em_code read_design(const job *j, const em_log *log, em_dataset **data, em_error *error)
{
    const em_replay *r = &j->replay;
    const em_trials *t = &r->trials;
    em_code code = em_dataset_read_outline(r->dataset, data, error);
    if (code == EM_OK)
        code = em_dataset_read_ids(*data, r->dataset, 0, (*data)->n_subjects, &(*data)->id, error);
    char others[600] = "";
    for (int c = 0; code == EM_OK && c < (*data)->n_columns;) {
        const char *name = (*data)->column[c].name;
        bool known = strcmp(name, "block") == 0 || em_trials_also(t, name) >= 0;
        for (int k = 0; k < r->model->n_columns; k++)
            known = known || strcmp(name, r->model->columns[k].name) == 0;
        for (int k = 0; k < t->n_by; k++)
            known = known || strcmp(name, t->by[k].name) == 0;
        for (int k = 0; k < r->n_keep; k++)
            known = known || strcmp(name, r->keep[k]) == 0;
        if (!known) {
            const size_t used = strlen(others);
            snprintf(others + used, sizeof others - used, "%s%s", used ? ", " : "", name);
            drop_column(*data, c);
        }
        c += known;
    }
    if (*others)
        em_say(log, "columns that model %s does not know are left out: %s (--keep takes them along as they are)",
               r->model->name, others);
    return code == EM_OK ? em_dataset_read_rows(*data, r->dataset, NULL, 0, 0, (*data)->n_rows, error) : code;
}

/* The task, where it draws an outcome. */
static em_code name_task(const em_replay *r, em_truth *truth, em_error *error)
{
    bool draws = false;
    for (int c = 0; c < r->model->n_columns; c++)
        draws = draws || (r->model->columns[c].role == EM_OUTCOME && (r->is_plan || r->outcome[c].source == EM_SOURCE_TASK));
    if (!draws || !r->task)
        return EM_OK;
    truth->task = em_copy(r->task->name, error);
    truth->task_settings = truth->task ? em_settings_text(r->task, &r->settings, error) : NULL;
    return truth->task_settings ? EM_OK : EM_MACHINE;
}

static em_code make_truth(const job *j, size_t S, em_truth **made, em_error *error)
{
    const em_replay *r = &j->replay;
    const size_t P = (size_t)j->n;
    em_truth *truth = *made = em_new(1, sizeof *truth, error);
    if (!truth)
        return EM_MACHINE;
    truth->seed = j->o->seed;
    truth->model = em_copy(r->model->name, error);
    truth->parameter = em_new(P, sizeof *truth->parameter, error);
    truth->mu = em_new(P, sizeof(double), error);
    truth->var = em_new(P, sizeof(double), error);
    truth->x = em_new(S * P, sizeof(double), error);
    truth->natural = em_new(S * P, sizeof(double), error);
    bool good = truth->model && truth->parameter && truth->mu && truth->var && truth->x && truth->natural;
    for (size_t i = 0; i < P && good; i++) {
        truth->parameter[i] = em_copy(r->setup.name[i], error);
        good = truth->parameter[i] != NULL;
        truth->n_parameters += good;
        const em_parameter *p = &r->model->parameters[r->setup.view.parameter[i]];
        truth->mu[i] = r->fit ? r->fit->mu[i] : isnan(j->o->mu[i]) ? p->mu : j->o->mu[i];
        truth->var[i] = r->fit ? r->fit->var[i] : isnan(j->o->var[i]) ? p->var : j->o->var[i];
    }
    return good ? name_task(r, truth, error) : EM_MACHINE;
}

/* Moves subject `from` of the dataset, with its rows, to the place `to` before it or its own. Returns the row after its
 * last one. */
static size_t move_subject(em_dataset *data, size_t from, size_t to, size_t row)
{
    const size_t first = data->offset[from], n = data->offset[from + 1] - first;
    char *id = data->id[from];
    data->id[from] = data->id[to]; /* nobody is lost before the dataset is freed */
    data->id[to] = id;
    for (int c = 0; c < data->n_covariates; c++)
        data->covariate[c].value[to] = data->covariate[c].value[from];
    for (int c = 0; c < data->n_columns; c++)
        memmove(data->column[c].value + row, data->column[c].value + first, n * sizeof(double));
    return row + n;
}

/* Rank 0: puts what a rank has drawn into the dataset, whose subjects before `done` are ready. */
static void put_share(job *j, size_t *done, size_t *row, em_dataset *data)
{
    const size_t P = (size_t)j->n, K = (size_t)j->n_columns;
    memcpy(data->truth->x + *done * P, j->x, j->n_subjects * P * sizeof(double));
    memcpy(data->truth->natural + *done * P, j->natural, j->n_subjects * P * sizeof(double));
    const double *drawn = j->drawn;
    double *to[K];
    for (size_t k = 0; k < K; k++)
        to[k] = em_dataset_find(data, j->replay.model->columns[j->column[k]].name)->value;
    for (size_t i = 0; i < j->n_subjects; i++, ++*done) {
        const size_t end = move_subject(data, j->subject[i], *done, *row);
        j->length[*done] = end - *row;
        for (size_t t = *row; t < end; t++, drawn += K)
            for (size_t k = 0; k < K; k++)
                to[k][t] = drawn[k];
        *row = end;
    }
}

/* A share moves from its rank to rank 0, in place of the share there. */
static void pass_share(job *j, int from)
{
    em_comm *comm = j->replay.comm;
    const bool to = em_comm_rank(comm) == 0;
    uint64_t size[2] = {j->n_subjects, j->n_rows};
    if (!to)
        em_comm_send(comm, 0, size, sizeof size);
    else
        em_comm_receive(comm, from, size, sizeof size);
    j->n_subjects = size[0];
    j->n_rows = size[1];
    void *const block[] = {j->subject, j->x, j->natural, j->drawn};
    const size_t P = size[0] * (size_t)j->n * sizeof(double);
    const size_t bytes[] = {size[0] * sizeof *j->subject, P, P, size[1] * (size_t)j->n_columns * sizeof(double)};
    for (int b = 0; b < 4; b++) {
        if (!to)
            em_comm_send(comm, 0, block[b], bytes[b]);
        else
            em_comm_receive(comm, from, block[b], bytes[b]);
    }
}

/* Rank 0: the shares one after the other. */
static em_code gather(job *j, em_dataset *data, em_error *error)
{
    const size_t all = data->n_subjects;
    size_t done = 0, row = 0;
    put_share(j, &done, &row, data);
    for (int rank = 1; rank < em_comm_size(j->replay.comm); rank++) {
        pass_share(j, rank);
        put_share(j, &done, &row, data);
    }
    uint64_t *offset = em_new(done + 1, sizeof *offset, error);
    if (!offset)
        return EM_MACHINE;
    for (size_t s = 0; s < done; s++)
        offset[s + 1] = offset[s] + j->length[s];
    free(data->offset);
    data->offset = offset;
    for (size_t s = done; s < all; s++)
        free(data->id[s]);
    data->n_subjects = done;
    data->n_rows = data->held = row;
    return done ? em_dataset_seal(data, error)
                : em_fail(error, EM_INPUT_ERROR, "%s has no subject that is in %s", j->replay.dataset, j->replay.path);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static em_code check(const em_like_options *o, const em_replay *r, em_error *error)
{
    if (r->fit && !r->fit->model_file && o->model_file && strcmp(o->model_file, r->model->name) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s is a fit of model %s, not of %s", r->path, r->model->name, o->model_file);
    for (int c = 0; c < r->model->n_columns; c++)
        for (int k = 0; k < o->n_keep; k++)
            if (r->model->columns[c].role == EM_RESPONSE && strcmp(r->model->columns[c].name, o->keep[k]) == 0)
                return em_fail(error, EM_INPUT_ERROR, "--keep: column '%s' is a response of model %s, which is drawn",
                               o->keep[k], r->model->name);
    for (int i = 0; i < r->model->n_parameters && !r->fit; i++)
        if (o->var[i] < 0 || isinf(o->var[i]) || isinf(o->mu[i]))
            return em_fail(error, EM_INPUT_ERROR,
                           "mean and variance of %s must be finite, and the variance not below 0",
                           r->model->parameters[i].name);
    return EM_OK;
}

static em_code prepare(job *j, em_error *error)
{
    const em_replay *r = &j->replay;
    j->n = r->setup.view.n;
    j->column = em_new((size_t)r->model->n_columns, sizeof *j->column, error);
    if (!j->column)
        return EM_MACHINE;
    for (int c = 0; c < r->model->n_columns; c++)
        if (r->model->columns[c].role != EM_INPUT)
            j->column[j->n_columns++] = c;
    em_code code = check(j->o, r, error);
    return code == EM_OK && r->fit && !j->o->estimates ? prepare_group(j, error) : code;
}

static em_code run(job *j, const em_log *log, em_dataset **data, em_error *error)
{
    em_comm *comm = j->replay.comm;
    const bool first = em_comm_rank(comm) == 0;
    em_code code = em_comm_agree(comm, prepare(j, error), error);
    if (code == EM_OK)
        code = draw_share(j, error);
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && first)
        code = read_design(j, log, data, error);
    if (code == EM_OK && first)
        code = make_truth(j, (*data)->n_subjects, &(*data)->truth, error);
    if (code == EM_OK && first && !(j->length = em_new((*data)->n_subjects, sizeof *j->length, error)))
        code = EM_MACHINE;
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && first)
        code = gather(j, *data, error);
    else if (code == EM_OK)
        pass_share(j, 0);
    return em_comm_agree(comm, code, error);
}

em_code em_simulate_like(em_comm *comm, const em_like_options *o, const em_log *log, em_dataset **data, em_error *error)
{
    job j = {.o = o};
    *data = NULL;
    j.replay = (em_replay){.comm = comm,
                           .model = o->model,
                           .path = o->fit,
                           .model_file = o->model_file,
                           .dataset = o->dataset,
                           .keep = o->keep,
                           .task_settings = o->task_settings,
                           .n_keep = o->n_keep,
                           .options = o->options,
                           .plans = true};
    const em_log *mine = em_comm_rank(comm) == 0 ? log : NULL;
    em_code code = em_replay_open(&j.replay, EM_HISTORY_OWN, mine, error);
    if (code == EM_OK)
        em_replay_say(&j.replay, mine);
    if (code == EM_OK && j.replay.fit && o->estimates)
        warn_of_flagged(j.replay.fit, o->fit, mine);
    if (code == EM_OK)
        code = run(&j, mine, data, error);
    if (code != EM_OK) {
        em_dataset_free(*data);
        *data = NULL;
    }
    em_design_free(&j.design);
    void *const array[] = {j.column, j.subject, j.x, j.natural, j.drawn, j.length};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    em_replay_close(&j.replay);
    return code;
}
