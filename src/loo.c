/* Leave-one-subject-out: what a group tells of somebody whom it has not seen. */
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "fit_file.h"
#include "fit_job.h"

em_loo_options em_loo_defaults(void) { return (em_loo_options){0}; }

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

void em_loo_free(em_loo_result *r)
{
    if (!r)
        return;
    free_texts(r->parameter, (size_t)r->n_parameters);
    free_texts(r->subject, r->n_subjects);
    void *const array[] = {r->model, r->elpd, r->log_marginal_likelihood, r->status, r->shift, r->shift_parameter, r->iterations,
                           r->converged};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(r);
}

/* ---- the fit, on all ranks --------------------------------------------------------------------------------------------- */

/* What every rank needs to know of the fit. */
typedef struct {
    em_fit *fit;           /* rank 0 */
    size_t n_subjects;
    int n_parameters;
    double *map, *lml;     /* [S,P]; [S] NaN: not used */
    double *mu_se;         /* [P] NaN: none */
    int32_t *modes;        /* [S] */
    char *json, *model, *dataset;
    int n_excluded;
    em_fit_options options;
    em_fit_shape shape;
} known;

static void forget(known *k)
{
    em_fit_free(k->fit);
    em_fit_shape_free(&k->shape);
    void *const array[] = {k->map, k->lml, k->mu_se, k->modes, k->json, k->model, k->dataset};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
}

/* Rank 0: is it a fit with a group to be estimated again? */
static em_code check_fit(const em_fit *fit, const char *path, em_error *error)
{
    bool estimated = false;
    for (int j = 0; j < fit->n_parameters; j++)
        estimated = estimated || fit->group_status[j] != EM_GROUP_GIVEN;
    if (!estimated)
        return em_fail(error, EM_INPUT_ERROR, "%s has no group that was estimated (it was made with --group fixed, --group none or "
                       "--group-from): leaving somebody out changes nothing there", path);
    if (fit->n_subjects_used < 2)
        return em_fail(error, EM_INPUT_ERROR, "%s uses one subject only: without it nobody is left", path);
    return EM_OK;
}

/* Rank 0: are these the data of the fit? */
static em_code check_data(const em_fit *fit, const char *dataset, bool given, em_error *error)
{
    em_dataset *data = NULL;
    if (!given && access(dataset, F_OK) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s, the data of the fit, is not there; --data tells where it is now", dataset);
    em_code code = em_dataset_read_outline(dataset, &data, error);
    if (code == EM_OK)
        code = em_fit_check_data(fit, dataset, data->fingerprint, error);
    em_dataset_free(data);
    return code;
}

/* Rank 0. */
static em_code read_fit(const char *path, const em_loo_options *o, known *k, em_error *error)
{
    const char *name = NULL;
    em_code code = em_fit_read(path, &k->fit, error);
    if (code == EM_OK)
        code = check_fit(k->fit, path, error);
    if (code == EM_OK)
        code = em_fit_model_name(k->fit, o->model ? o->model->name : o->model_file, &name, error);
    if (code != EM_OK)
        return code;
    k->n_subjects = k->fit->n_subjects;
    k->n_parameters = k->fit->n_parameters;
    k->n_excluded = (int)k->fit->n_excluded;
    k->json = em_copy(k->fit->options, error);
    k->model = em_copy(name, error);
    k->dataset = em_copy(o->dataset ? o->dataset : k->fit->dataset, error);
    code = k->json && k->model && k->dataset ? check_data(k->fit, k->dataset, o->dataset != NULL, error) : EM_MACHINE;
    return code;
}

/* A text of rank 0 on all ranks. */
static em_code share_text(em_comm *comm, char **text, em_error *error)
{
    size_t length = *text ? strlen(*text) + 1 : 0;
    em_comm_share(comm, &length, sizeof length);
    if (em_comm_rank(comm) != 0)
        *text = em_new(length, 1, error);
    em_code code = em_comm_agree(comm, *text ? EM_OK : EM_MACHINE, error);
    if (code == EM_OK)
        em_comm_share(comm, *text, length);
    return code;
}

/* The fit's numbers of every subject. */
static em_code share_numbers(em_comm *comm, known *k, em_error *error)
{
    const size_t S = k->n_subjects, P = (size_t)k->n_parameters;
    k->map = em_new(S * P, sizeof *k->map, error);
    k->lml = em_new(S, sizeof *k->lml, error);
    k->modes = em_new(S, sizeof *k->modes, error);
    k->mu_se = em_new(P, sizeof *k->mu_se, error);
    em_code code = em_comm_agree(comm, k->map && k->lml && k->modes && k->mu_se ? EM_OK : EM_MACHINE, error);
    if (code != EM_OK)
        return code;
    if (k->fit) {
        memcpy(k->map, k->fit->map, S * P * sizeof *k->map);
        memcpy(k->lml, k->fit->subject_log_marginal_likelihood, S * sizeof *k->lml);
        memcpy(k->modes, k->fit->subject_modes, S * sizeof *k->modes);
        for (size_t j = 0; j < P; j++)
            k->mu_se[j] = k->fit->mu_se ? k->fit->mu_se[j] : NAN;
    }
    em_comm_share(comm, k->map, S * P * sizeof *k->map);
    em_comm_share(comm, k->lml, S * sizeof *k->lml);
    em_comm_share(comm, k->modes, S * sizeof *k->modes);
    em_comm_share(comm, k->mu_se, P * sizeof *k->mu_se);
    return EM_OK;
}

static em_code check_model(const em_fit *fit, const em_model *model, em_error *error)
{
    if (strcmp(fit->model, model->name) != 0)
        return em_fail(error, EM_INPUT_ERROR, "the fit is one of model %s, not of %s", fit->model, model->name);
    return em_fit_check_model(fit, model, error);
}

/* The fit, its model and its options on all ranks. */
static em_code know(em_comm *comm, const char *path, const em_loo_options *o, known *k, const em_model **model, em_error *error)
{
    em_code code = em_comm_agree(comm, em_comm_rank(comm) == 0 ? read_fit(path, o, k, error) : EM_OK, error);
    if (code != EM_OK)
        return code;
    em_comm_share(comm, &k->n_subjects, sizeof k->n_subjects);
    em_comm_share(comm, &k->n_parameters, sizeof k->n_parameters);
    em_comm_share(comm, &k->n_excluded, sizeof k->n_excluded);
    char **const text[] = {&k->json, &k->model, &k->dataset};
    for (int i = 0; i < 3 && code == EM_OK; i++)
        code = share_text(comm, text[i], error);
    if (code == EM_OK)
        code = share_numbers(comm, k, error);
    *model = o->model;
    if (code == EM_OK && !*model)
        code = em_comm_model(comm, k->model, model, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, k->fit ? check_model(k->fit, *model, error) : EM_OK, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, em_fit_options_take(k->json, *model, &k->options, &k->shape, error), error);
    if (code == EM_OK) /* the fit may come from anybody */
        code = em_comm_agree(comm, em_fit_options_check(&k->options, *model, error), error);
    k->options.group_from = path; /* its group, in this design's terms */
    k->options.exclude = k->fit ? (const char *const *)k->fit->excluded : NULL; /* ids count on rank 0 alone */
    k->options.n_exclude = k->n_excluded;
    return code;
}

/* ---- everybody's modes again --------------------------------------------------------------------------------------------- */

/* One E-step from the fit's MAPs under the fit's group. */
static em_code find_modes(em_fit_job *job, const known *k, em_error *error)
{
    em_estep *e = &job->estep;
    em_code code = em_estep_new(&job->setup.view, &job->setup.design, job->kernel, job->trials.options, job->groups, job->n_groups,
                                em_fit_options_starts(&job->setup.options, job->setup.view.n), job->setup.options.seed, e, error);
    if (code == EM_OK && (job->plan.n_subjects != k->n_subjects || e->n != k->n_parameters))
        code = em_fail(error, EM_INPUT_ERROR, "the fit does not belong to model %s as it is now", job->model->name);
    code = em_comm_agree(job->comm, code, error);
    if (code != EM_OK)
        return code;
    em_estep_give(e, &job->setup.start, k->map, k->modes);
    em_estep_run(e, &job->setup.start, false, EM_GIVEN, 0, 1e-11);
    double apart = 0;
    for (size_t i = 0; i < e->n_groups * (size_t)e->lanes; i++) {
        const uint32_t s = e->groups[i / (size_t)e->lanes].member[i % (size_t)e->lanes];
        if (s == EM_NOBODY)
            continue;
        if (!isnan(k->lml[s])) {
            const double by = fabs(e->posterior[i].log_marginal_likelihood - k->lml[s]);
            apart = fmax(apart, isnan(by) ? INFINITY : by);
        }
    }
    em_comm_most(job->comm, &apart, 1);
    if (apart > 1e-3)
        em_say(job->log, "warning: the evidence of a subject differs by %.2g from what the fit says; was it made by another version?",
               apart);
    return EM_OK;
}

/* ---- one after the other --------------------------------------------------------------------------------------------------- */

/* Results, on all ranks; elpd and status of one's own subjects, 0 elsewhere, until they are summed. */
typedef struct {
    double *elpd, *status, *weight;
    double *shift;
    int32_t *iterations, *shift_parameter;
    bool *converged;
} course;

static void free_course(course *c)
{
    void *const array[] = {c->elpd, c->status, c->weight, c->shift, c->iterations, c->shift_parameter, c->converged};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
}

static em_code make_course(course *c, size_t S, em_error *error)
{
    c->elpd = em_new(S, sizeof *c->elpd, error);
    c->status = em_new(S, sizeof *c->status, error);
    c->weight = em_new(S, sizeof *c->weight, error);
    c->shift = em_new(S, sizeof *c->shift, error);
    c->iterations = em_new(S, sizeof *c->iterations, error);
    c->shift_parameter = em_new(S, sizeof *c->shift_parameter, error);
    c->converged = em_new(S, sizeof *c->converged, error);
    return c->elpd && c->status && c->weight && c->shift && c->iterations && c->shift_parameter && c->converged ? EM_OK : EM_MACHINE;
}

/* The evidence of subject s alone under a group, if it is this rank's: searched from where it was, and from all starts. */
static void predict(em_estep *e, uint32_t s, const em_group_values *group, bool there, course *c)
{
    const size_t lanes = e->n_groups * (size_t)e->lanes;
    size_t own = lanes;
    for (size_t i = 0; i < lanes; i++) {
        const bool is = e->groups[i / (size_t)e->lanes].member[i % (size_t)e->lanes] == s;
        e->weight[i] = is;
        own = is ? i : own;
    }
    if (own == lanes)
        return;
    if (there)
        em_estep_run(e, group, false, EM_LOOK, e->n_points, 1e-11);
    c->elpd[s] = there ? e->posterior[own].log_marginal_likelihood : NAN;
    c->status[s] = e->posterior[own].status;
}

/* How far the mean has moved, in standard errors. */
static void note_shift(const known *k, const em_group_values *from, const em_group_values *to, size_t s, course *c)
{
    c->shift[s] = NAN;
    c->shift_parameter[s] = -1;
    for (int j = 0; j < k->n_parameters; j++) {
        const double shift = fabs(to->mu[j] - from->mu[j]) / k->mu_se[j];
        if (isfinite(shift) && !(shift <= c->shift[s])) {
            c->shift[s] = shift;
            c->shift_parameter[s] = j;
        }
    }
}

static em_code leave_out(em_resample *r, const known *k, uint32_t s, course *c, em_error *error)
{
    em_run_result result = {.group = r->group};
    em_resample_outcome outcome = EM_RESAMPLE_GOOD;
    em_code code = EM_OK;
    if (!isnan(k->lml[s])) { /* else it had no part in the group */
        c->weight[s] = 0;
        code = em_resample_run(r, c->weight, &result, &outcome, error);
        c->weight[s] = 1;
    } else {
        em_resample_restore(r, NULL);
    }
    const bool there = outcome == EM_RESAMPLE_GOOD || outcome == EM_RESAMPLE_MOVING;
    c->converged[s] = outcome != EM_RESAMPLE_MOVING;
    c->iterations[s] = result.iterations;
    c->shift[s] = NAN;
    c->shift_parameter[s] = -1;
    if (there && result.iterations)
        note_shift(k, &r->group, &result.group, s, c);
    if (code == EM_OK)
        predict(r->estep, s, &result.group, there, c);
    return code;
}

static em_code leave_all_out(em_fit_job *job, const known *k, double tol, const em_progress *progress, course *c, em_error *error)
{
    em_resample resample;
    const double began = em_now();
    const size_t S = k->n_subjects;
    for (size_t s = 0; s < S; s++)
        c->weight[s] = 1;
    em_code code = em_resample_begin(job->comm, &job->plan, &job->estep, &job->setup.options, tol, &job->setup.start, &resample, error);
    for (size_t s = 0; s < S && code == EM_OK; s++) {
        code = leave_out(&resample, k, (uint32_t)s, c, error);
        if (progress && progress->repetition && em_comm_rank(job->comm) == 0)
            progress->repetition(progress->where, (int)s + 1, (int)S, em_now() - began);
    }
    em_resample_end(&resample);
    em_comm_sum(job->comm, c->elpd, (int)S); /* one rank's number and zeros: exact */
    em_comm_sum(job->comm, c->status, (int)S);
    return code;
}

/* ---- the result -------------------------------------------------------------------------------------------------------------- */

static void sum_up(em_loo_result *r)
{
    double *used = r->shift ? malloc(sizeof *used * (r->n_subjects + 1)) : NULL;
    r->elpd_loo_se = NAN;
    for (size_t s = 0; s < r->n_subjects; s++) {
        r->n_moving += !r->converged[s];
        if (isnan(r->elpd[s]) || isnan(r->log_marginal_likelihood[s]))
            continue;
        r->elpd_loo += r->elpd[s];
        r->evidence += r->log_marginal_likelihood[s];
        if (used)
            used[r->n_used] = r->elpd[s];
        r->n_used++;
    }
    if (used && r->n_used > 1)
        r->elpd_loo_se = sqrt((double)r->n_used * gsl_stats_variance(used, 1, r->n_used));
    r->p_loo = r->evidence - r->elpd_loo;
    free(used);
}

/* Rank 0: the result takes the arrays of the course and of the fit. */
static em_code make_result(known *k, course *c, em_loo_result *r, em_error *error)
{
    const size_t S = k->n_subjects;
    em_fit *fit = k->fit;
    r->status = em_new(S, sizeof *r->status, error);
    r->log_marginal_likelihood = em_new(S, sizeof(double), error);
    if (!r->status || !r->log_marginal_likelihood)
        return EM_MACHINE;
    r->n_subjects = S;
    r->n_parameters = k->n_parameters;
    memcpy(r->dataset_fingerprint, fit->dataset_fingerprint, sizeof r->dataset_fingerprint);
    memcpy(r->log_marginal_likelihood, k->lml, S * sizeof(double));
    for (size_t s = 0; s < S; s++)
        r->status[s] = (int8_t)c->status[s];
    r->model = fit->model;
    r->subject = fit->subject;
    r->parameter = fit->parameter;
    r->elpd = c->elpd;
    r->shift = c->shift;
    r->shift_parameter = c->shift_parameter;
    r->iterations = c->iterations;
    r->converged = c->converged;
    fit->model = NULL;
    fit->subject = fit->parameter = NULL;
    c->elpd = c->shift = NULL;
    c->shift_parameter = c->iterations = NULL;
    c->converged = NULL;
    sum_up(r);
    return EM_OK;
}

static em_code run(em_comm *comm, em_fit_job *job, known *k, double tol, const em_progress *progress, em_loo_result **result,
                   em_error *error)
{
    course c = {0};
    const double began = em_now();
    em_code code = em_fit_job_open(job, k->dataset, error);
    job->setup.options.group = EM_GROUP_ESTIMATE; /* with the fit's group it was fixed */
    if (code == EM_OK)
        code = find_modes(job, k, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, make_course(&c, k->n_subjects, error), error);
    if (code == EM_OK)
        code = leave_all_out(job, k, tol > 0 ? tol : k->options.tol, progress, &c, error);
    if (code == EM_OK && k->fit) {
        *result = em_new(1, sizeof **result, error);
        code = *result ? make_result(k, &c, *result, error) : EM_MACHINE;
        if (*result)
            (*result)->seconds = em_now() - began;
    }
    code = em_comm_agree(comm, code, error);
    int moving = *result && (*result)->n_moving;
    em_comm_share(comm, &moving, sizeof moving);
    free_course(&c);
    return code == EM_OK && moving ? EM_NOT_CONVERGED : code;
}

em_code em_loo(em_comm *comm, const char *fit, const em_loo_options *options, const em_progress *progress, const em_log *log,
               em_loo_result **result, em_error *error)
{
    known k = {0};
    const em_model *model;
    *result = NULL;
    em_code code = know(comm, fit, options, &k, &model, error);
    if (code == EM_OK) {
        em_fit_job job = {.comm = comm, .model = model, .options = &k.options, .log = em_comm_rank(comm) == 0 ? log : NULL,
                          .began = em_now()};
        if (k.fit && !k.fit->converged)
            em_say(job.log, "warning: %s had not converged; its evidence is that of a group on the way", fit);
        code = run(comm, &job, &k, options->tol, progress, result, error);
        em_fit_job_close(&job);
    }
    forget(&k);
    if (code != EM_OK && code != EM_NOT_CONVERGED) {
        em_loo_free(*result);
        *result = NULL;
    }
    return code;
}

em_code em_loo_compare(const em_loo_result *a, const em_loo_result *b, em_loo_difference *d, em_error *error)
{
    *d = (em_loo_difference){.se = NAN};
    bool same = strcmp(a->dataset_fingerprint, b->dataset_fingerprint) == 0;
    if (!same)
        return em_fail(error, EM_INPUT_ERROR, "only fits of the same data can be compared by those left out; these are of other data");
    same = a->n_subjects == b->n_subjects;
    for (size_t s = 0; s < a->n_subjects && same; s++)
        same = strcmp(a->subject[s], b->subject[s]) == 0;
    if (!same)
        return em_fail(error, EM_INPUT_ERROR, "the fits are not of the same subjects (--subjects, --exclude): make them so to compare them");
    double *each = em_new(a->n_subjects, sizeof *each, error);
    if (!each)
        return EM_MACHINE;
    for (size_t s = 0; s < a->n_subjects; s++)
        if (!isnan(a->elpd[s]) && !isnan(b->elpd[s])) {
            each[d->n++] = a->elpd[s] - b->elpd[s];
            d->difference += each[d->n - 1];
        }
    if (d->n > 1)
        d->se = sqrt((double)d->n * gsl_stats_variance(each, 1, d->n));
    free(each);
    return EM_OK;
}
