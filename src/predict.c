/* Posterior predictive checks. */
#include "predict.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fit_file.h"
#include "group.h"

em_predict_options em_predict_defaults(void) { return (em_predict_options){.draws = 200, .bins = 10, .seed = 1}; }

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

void em_prediction_free(em_prediction *p)
{
    if (!p)
        return;
    for (int i = 0; p->cell && i < p->n_cells; i++)
        free(p->cell[i].response);
    free_texts(p->subject, p->n_subjects);
    free_texts(p->left_out, p->n_left_out);
    void *const array[] = {p->model, p->cell, p->group, p->inside, p->one, p->left_out_status};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(p);
}

/* Numbers of one cell of one subject, as they are summed over the ranks: one rank has them, the others zeros. */
enum { N, OBSERVED, MEDIAN, LOWER, UPPER, NUMBERS };

typedef struct {
    const em_predict_options *o;
    em_replay replay;
    em_cells cells;
    double *rows;   /* [trials, columns] scratch */
    double *sorted; /* [draws] scratch */
    size_t *good;   /* [S of the fit] the number of a subject among those that are predicted; SIZE_MAX: flagged */
    size_t n_good, n_blocks;
    double *one;     /* [n_good, M, NUMBERS] */
    double *value;   /* [M, draws] of one subject */
    double *once;    /* [M] of one replicate */
    uint64_t *count; /* [M] */
    double *sum;     /* [blocks, M, draws] over the subjects that have an observed value and one in this replicate */
    double *used;    /* [blocks, M, draws] how many these are */
    double lost;     /* replicates that are not finite */
} job;

/* ---- one subject ------------------------------------------------------------------------------------------------ */

/* Median and interval of what is finite. */
static void summarise(const double *value, int draws, double *sorted, double *median, double *lower, double *upper)
{
    size_t n = 0;
    for (int d = 0; d < draws; d++)
        if (!isnan(value[d]))
            sorted[n++] = value[d];
    *median = *lower = *upper = NAN;
    if (n == 0)
        return;
    gsl_sort(sorted, 1, n);
    *median = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.5);
    *lower = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.025);
    *upper = gsl_stats_quantile_from_sorted_data(sorted, 1, n, 0.975);
}

/* F with F F' = cov [n,n]; a parameter without variance has a row of zeros. */
static void factor_of(const double *cov, int n, double *factor)
{
    em_group_values group = {.mu = {0}};
    for (int i = 0; i < n; i++) {
        group.var[i] = cov[i * n + i];
        for (int k = 0; k < i; k++)
            *em_group_off(&group, i, k) = cov[i * n + k];
    }
    em_group_factor(&group, n, factor, NULL);
}

/* A replicate has random numbers of its own. */
static em_random stream(const job *j, size_t subject, int draw)
{
    return em_random_start(j->o->seed, (uint64_t)(draw + 1) << 40 | (uint64_t)(subject + 1));
}

static em_code replicate(job *j, size_t s, size_t place, const double *factor, int d, em_error *error)
{
    em_replay *r = &j->replay;
    const int P = r->fit->n_parameters;
    double x[EM_MAX_PARAMETERS], u[EM_MAX_PARAMETERS];
    em_random random = stream(j, s, d);
    bool finite = true;
    for (int i = 0; i < P; i++)
        u[i] = em_random_normal(&random);
    for (int i = 0; i < P; i++) {
        x[i] = r->fit->map[place * (size_t)P + (size_t)i];
        for (int k = 0; k < P; k++)
            x[i] += factor[i * P + k] * u[k];
    }
    em_code code = em_replay_subject(r, s, x, &random, j->rows, &finite, error);
    em_cells_compute(&j->cells, r, j->rows, j->once, NULL);
    for (int i = 0; i < j->cells.n && !finite; i++)
        j->once[i] = NAN;
    j->lost += !finite;
    return code;
}

static void observe(job *j, size_t s, double *one)
{
    const em_replay *r = &j->replay;
    const int M = j->cells.n, C = r->model->n_columns;
    const size_t from = r->trials.data->offset[s];
    for (size_t t = 0; t < j->cells.trials; t++)
        for (int c = 0; c < C; c++)
            j->rows[t * (size_t)C + (size_t)c] = r->trials.column[c][from + t - r->trials.data->first_row];
    em_cells_compute(&j->cells, r, j->rows, j->once, j->count);
    for (int i = 0; i < M; i++) {
        one[i * NUMBERS + N] = (double)j->count[i];
        one[i * NUMBERS + OBSERVED] = j->once[i];
    }
}

/* Adds a subject's replicates to its block's sums. */
static void add_to_block(job *j, size_t s, const double *one)
{
    const size_t M = (size_t)j->cells.n, D = (size_t)j->o->draws,
                 block = s / em_replay_block(j->replay.trials.data->n_subjects);
    for (size_t i = 0; i < M; i++)
        for (size_t d = 0; d < D && one[i * NUMBERS + N] > 0; d++)
            if (!isnan(j->value[i * D + d])) {
                j->sum[(block * M + i) * D + d] += j->value[i * D + d];
                j->used[(block * M + i) * D + d]++;
            }
}

static em_code predict_subject(job *j, size_t s, size_t place, em_error *error)
{
    const int P = j->replay.fit->n_parameters, M = j->cells.n, D = j->o->draws;
    double cov[P * P], factor[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    double *one = j->one + j->good[place] * (size_t)(M * NUMBERS);
    if (!em_fit_posterior(j->replay.fit, place, cov))
        return em_fail(error, EM_INPUT_ERROR, "%s: subject %s has no posterior: its Hessian is not positive definite",
                       j->replay.path, j->replay.fit->subject[place]);
    factor_of(cov, P, factor);
    em_cells_look(&j->cells, &j->replay, s);
    observe(j, s, one);
    for (int d = 0; d < D; d++) {
        const em_code code = replicate(j, s, place, factor, d, error);
        if (code != EM_OK)
            return code;
        for (int i = 0; i < M; i++)
            j->value[(size_t)i * (size_t)D + (size_t)d] = j->once[i];
    }
    for (int i = 0; i < M; i++, one += NUMBERS)
        summarise(j->value + (size_t)i * (size_t)D, D, j->sorted, &one[MEDIAN], &one[LOWER], &one[UPPER]);
    add_to_block(j, s, j->one + j->good[place] * (size_t)(M * NUMBERS));
    return EM_OK;
}

/* ---- all ranks -------------------------------------------------------------------------------------------------- */

static em_code make_room(job *j, em_error *error)
{
    const em_fit *fit = j->replay.fit;
    const size_t M = (size_t)j->cells.n, D = (size_t)j->o->draws, S = j->replay.trials.data->n_subjects,
                 size = em_replay_block(S);
    j->n_blocks = (S + size - 1) / size;
    j->good = em_new(fit->n_subjects, sizeof *j->good, error);
    for (size_t i = 0; j->good && i < fit->n_subjects; i++)
        j->good[i] = em_subject_is_flagged(fit->subject_status[i]) ? SIZE_MAX : j->n_good++;
    j->rows = em_new((size_t)j->cells.longest[0] * (size_t)j->replay.model->n_columns, sizeof *j->rows, error);
    j->sorted = em_new(D, sizeof *j->sorted, error);
    j->one = em_new(j->n_good * M * NUMBERS, sizeof *j->one, error);
    j->value = em_new(M * D, sizeof *j->value, error);
    j->once = em_new(M, sizeof *j->once, error);
    j->count = em_new(M, sizeof *j->count, error);
    j->sum = em_new(j->n_blocks * M * D, sizeof *j->sum, error);
    j->used = em_new(j->n_blocks * M * D, sizeof *j->used, error);
    if (!j->good || !j->rows || !j->sorted || !j->one || !j->value || !j->once || !j->count || !j->sum || !j->used)
        return EM_MACHINE;
    return j->n_good ? EM_OK
                     : em_fail(error, EM_INPUT_ERROR, "%s has no subject whose estimate is good", j->replay.path);
}

static em_code predict_share(job *j, em_error *error)
{
    size_t hint = 0;
    em_code code = EM_OK;
    for (size_t s = j->replay.first; s < j->replay.end && code == EM_OK; s++) {
        const size_t place = em_replay_place(&j->replay, s, &hint);
        if (place != SIZE_MAX && j->good[place] != SIZE_MAX)
            code = predict_subject(j, s, place, error);
    }
    return code;
}

static void sum_all(em_comm *comm, double *x, size_t n)
{
    enum { PIECE = 1 << 20 };
    for (size_t from = 0; from < n; from += PIECE)
        em_comm_sum(comm, x + from, (int)(n - from < PIECE ? n - from : PIECE));
}

/* ---- rank 0 ----------------------------------------------------------------------------------------------------- */

static void finish_cell(job *j, size_t i, em_prediction *p)
{
    const size_t M = (size_t)j->cells.n, D = (size_t)j->o->draws;
    double *mean = j->value; /* no longer needed */
    for (size_t d = 0; d < D; d++) {
        double sum = 0, n = 0;
        for (size_t b = 0; b < j->n_blocks; b++) {
            sum += j->sum[(b * M + i) * D + d];
            n += j->used[(b * M + i) * D + d];
        }
        mean[d] = n > 0 ? sum / n : NAN;
    }
    em_predicted *group = &p->group[i];
    for (size_t s = 0; s < j->n_good; s++) {
        const double *one = j->one + (s * M + i) * NUMBERS;
        em_predicted *to = &p->one[s * M + i];
        *to = (em_predicted){(uint64_t)one[N], one[OBSERVED], one[MEDIAN], one[LOWER], one[UPPER]};
        if (to->n == 0)
            continue;
        group->n++;
        group->observed += to->observed;
        p->inside[i] += to->observed >= to->lower && to->observed <= to->upper;
    }
    group->observed = group->n ? group->observed / (double)group->n : NAN;
    p->inside[i] = group->n ? p->inside[i] / (double)group->n : NAN;
    summarise(mean, (int)D, j->sorted, &group->median, &group->lower, &group->upper);
}

static em_code take_subjects(const job *j, em_prediction *p, em_error *error)
{
    const em_fit *fit = j->replay.fit;
    p->subject = em_new(fit->n_subjects, sizeof *p->subject, error);
    p->left_out = em_new(fit->n_subjects, sizeof *p->left_out, error);
    p->left_out_status = em_new(fit->n_subjects, sizeof *p->left_out_status, error);
    if (!p->subject || !p->left_out || !p->left_out_status)
        return EM_MACHINE;
    for (size_t i = 0; i < fit->n_subjects; i++) {
        char *id = em_copy(fit->subject[i], error);
        if (!id)
            return EM_MACHINE;
        if (j->good[i] != SIZE_MAX) {
            p->subject[p->n_subjects++] = id;
            continue;
        }
        p->left_out_status[p->n_left_out] = fit->subject_status[i];
        p->left_out[p->n_left_out++] = id;
    }
    return EM_OK;
}

static em_code make_result(job *j, em_prediction **made, em_error *error)
{
    const size_t M = (size_t)j->cells.n;
    em_prediction *p = *made = em_new(1, sizeof *p, error);
    if (!p)
        return EM_MACHINE;
    p->history = j->replay.history;
    p->exact = j->replay.exact;
    p->draws = j->o->draws;
    p->n_lost = (uint64_t)j->lost;
    p->model = em_copy(j->replay.model->name, error);
    p->group = em_new(M, sizeof *p->group, error);
    p->inside = em_new(M, sizeof *p->inside, error);
    p->one = em_new(j->n_good * M, sizeof *p->one, error);
    em_code code = p->model && p->group && p->inside && p->one ? take_subjects(j, p, error) : EM_MACHINE;
    for (size_t i = 0; i < M && code == EM_OK; i++)
        finish_cell(j, i, p);
    p->n_cells = j->cells.n;
    p->cell = j->cells.cell;
    j->cells.cell = NULL;
    j->cells.n = 0;
    return code;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static em_code check(const em_predict_options *o, em_error *error)
{
    if (o->draws < 2)
        return em_fail(error, EM_INPUT_ERROR, "a prediction needs at least 2 draws, not %d", o->draws);
    if (o->history == EM_HISTORY_OBSERVED && (o->n_keep || (o->task_settings && *o->task_settings)))
        return em_fail(error, EM_INPUT_ERROR, "--history observed takes all outcomes as recorded: %s is for own",
                       o->n_keep ? "--keep" : "--task");
    return o->bins >= 1 ? EM_OK
                        : em_fail(error, EM_INPUT_ERROR, "a learning curve needs at least 1 bin, not %d", o->bins);
}

/* A replicate has other responses and outcomes than the data. */
static em_code check_by(const em_replay *r, em_error *error)
{
    for (int c = 0; c < r->model->n_columns && r->by; c++)
        if (r->model->columns[c].role != EM_INPUT && strcmp(r->model->columns[c].name, r->by) == 0)
            return em_fail(error, EM_INPUT_ERROR,
                           "--by: column '%s' is %s of model %s, which replicates have of their own; conditions are what "
                           "is shown",
                           r->by, r->model->columns[c].role == EM_RESPONSE ? "a response" : "an outcome", r->model->name);
    return EM_OK;
}

/* Nothing else than outcomes could change. */
static em_code check_keep(const em_replay *r, em_error *error)
{
    for (int k = 0; k < r->n_keep; k++) {
        bool outcome = false;
        for (int c = 0; c < r->model->n_columns; c++)
            outcome = outcome || (r->model->columns[c].role == EM_OUTCOME &&
                                  strcmp(r->model->columns[c].name, r->keep[k]) == 0);
        if (!outcome)
            return em_fail(error, EM_INPUT_ERROR, "--keep: column '%s' is no outcome of model %s", r->keep[k],
                           r->model->name);
    }
    return EM_OK;
}

static em_code run(job *j, em_prediction **prediction, em_error *error)
{
    em_comm *comm = j->replay.comm;
    em_code code = em_cells_make(&j->replay, j->o->bins, &j->cells, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, make_room(j, error), error);
    if (code == EM_OK)
        code = em_comm_agree(comm, predict_share(j, error), error);
    if (code != EM_OK)
        return code;
    const size_t M = (size_t)j->cells.n, D = (size_t)j->o->draws;
    sum_all(comm, j->one, j->n_good * M * NUMBERS); /* one rank's number and zeros: exact */
    sum_all(comm, j->sum, j->n_blocks * M * D);
    sum_all(comm, j->used, j->n_blocks * M * D);
    sum_all(comm, &j->lost, 1);
    return em_comm_agree(comm, em_comm_rank(comm) == 0 ? make_result(j, prediction, error) : EM_OK, error);
}

em_code em_predict(em_comm *comm, const char *fit, const em_predict_options *o, const em_log *log,
                   em_prediction **prediction, em_error *error)
{
    job j = {.o = o};
    *prediction = NULL;
    j.replay = (em_replay){.comm = comm,
                           .model = o->model,
                           .path = fit,
                           .model_file = o->model_file,
                           .dataset = o->dataset,
                           .by = o->by,
                           .keep = o->keep,
                           .task_settings = o->task_settings,
                           .n_keep = o->n_keep};
    em_code code = check(o, error);
    if (code == EM_OK)
        code = em_replay_open(&j.replay, o->history, em_comm_rank(comm) == 0 ? log : NULL, error);
    if (code == EM_OK && !j.replay.own_data)
        code = em_fit_check_data(j.replay.fit, j.replay.dataset, j.replay.trials.data->fingerprint, error);
    if (code == EM_OK)
        code = check_by(&j.replay, error);
    if (code == EM_OK)
        code = check_keep(&j.replay, error);
    if (code == EM_OK)
        em_replay_say(&j.replay, em_comm_rank(comm) == 0 ? log : NULL);
    if (code == EM_OK)
        code = run(&j, prediction, error);
    if (code != EM_OK) {
        em_prediction_free(*prediction);
        *prediction = NULL;
    }
    void *const array[] = {j.rows, j.sorted, j.good, j.one, j.value, j.once, j.count, j.sum, j.used};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    em_cells_free(&j.cells);
    em_replay_close(&j.replay);
    return code;
}
