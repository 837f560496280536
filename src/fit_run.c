/* A fit from file to file: read and scatter, EM, gather and write. Every step is taken by all ranks or by none. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "em.h"
#include "error.h"
#include "gather.h"
#include "isa.h"
#include "model_file.h"
#include "output.h"
#include "scatter.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

em_fit_options em_fit_defaults(void)
{
    em_fit_options options = {.group = EM_GROUP_ESTIMATE, .tol = 1e-6, .max_iter = 500, .seed = 1, .accelerate = true};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        options.mu[j] = options.var[j] = NAN;
    return options;
}

static em_group_values start_of(const em_fit_options *options, const em_model *model)
{
    em_group_values start = {.mu = {0}};
    for (int j = 0; j < model->n_parameters; j++) {
        start.mu[j] = isnan(options->mu[j]) ? model->parameters[j].mu : options->mu[j];
        start.var[j] = isnan(options->var[j]) ? model->parameters[j].var : options->var[j];
    }
    return start;
}

/* The more parameters, the more maxima: on real data a second maximum shows in one subject of six at three
 * parameters, in none at two. */
static int starts_of(const em_fit_options *options, const em_model *model)
{
    static const int by_parameters[] = {1, 8, 12, 16};
    return options->starts ? options->starts : model->n_parameters < 4 ? by_parameters[model->n_parameters] : 32;
}

static em_code check_options(const em_fit_options *options, const em_model *model, em_error *error)
{
    const em_group_values start = start_of(options, model);
    for (int j = 0; j < model->n_parameters; j++) {
        if (!isfinite(start.mu[j]))
            return em_fail(error, EM_INPUT_ERROR, "the start of %s's mean is not a finite number", model->parameters[j].name);
        if (!(start.var[j] > 0 && isfinite(start.var[j])))
            return em_fail(error, EM_INPUT_ERROR, "the variance of %s is %g; it must be above 0", model->parameters[j].name,
                           start.var[j]);
    }
    if (!(options->tol > 0))
        return em_fail(error, EM_INPUT_ERROR, "the tolerance is %g; it must be above 0", options->tol);
    if (options->max_iter < 1 || options->starts < 0 || options->starts > 10000)
        return em_fail(error, EM_INPUT_ERROR, "EM needs at least 1 iteration, and 1 to 10000 starts (0: the default)");
    if (options->options != 0 && (options->options < 2 || options->options > EM_MAX_OPTIONS))
        return em_fail(error, EM_INPUT_ERROR, "the number of options can be 2 to %d, not %d", EM_MAX_OPTIONS, options->options);
    return EM_OK;
}

static const char *const group_name[] = {"estimate", "fixed", "none"};

char *em_fit_options_json(const em_fit_options *options, const em_model *model)
{
    const em_group_values start = start_of(options, model);
    json_t *mu = json_object(), *var = json_object();
    for (int j = 0; j < model->n_parameters; j++) {
        json_object_set_new(mu, model->parameters[j].name, json_real(start.mu[j]));
        json_object_set_new(var, model->parameters[j].name, json_real(start.var[j]));
    }
    json_t *all = json_pack("{s:s, s:o, s:o, s:f, s:i, s:i, s:i, s:I, s:b, s:s}", "group", group_name[options->group], "mu", mu, "var",
                            var, "tol", options->tol, "max_iter", options->max_iter, "starts", options->starts, "options",
                            options->options, "seed", (json_int_t)options->seed, "ignore_block", options->ignore_block, "accelerate", options->accelerate ? "auto" : "none");
    char *text = all ? json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(all);
    return text;
}

/* ---- read and scatter -------------------------------------------------------------------------------------------- */

typedef struct {
    em_comm *comm;
    const em_model *model;
    const em_fit_options *options;
    const em_log *log; /* on rank 0 */
    const em_kernel *kernel;
    em_trials trials;
    em_plan plan;
    em_group_data *groups;
    size_t n_groups;
    em_view view;
    em_group_design design;
    em_estep estep;
    em_run_result result;
    double began, read_seconds;
} fit_job;

static em_code choose_kernel(fit_job *job, em_error *error)
{
    int isa = 0;
    em_code code = em_comm_agree(job->comm, em_isa_choose(&isa, error), error);
    if (code != EM_OK)
        return code;
    double least = isa; /* all ranks use what the least of them can: other widths round differently */
    em_comm_least(job->comm, &least, 1);
    job->kernel = em_isa_kernel(job->model, (int)least);
    return EM_OK;
}

/* A fit needs at least one trial that counts. Collective. */
static em_code check_something_counts(fit_job *job, em_error *error)
{
    uint64_t observed = 0;
    for (size_t g = 0; g < job->n_groups; g++)
        for (int l = 0; l < job->plan.lanes; l++)
            observed += job->groups[g].observed[l];
    em_comm_sum_counts(job->comm, &observed, 1);
    if (observed > 0)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "%s: no trial counts for model %s: its responses, or what comes before them, are "
                   "missing everywhere ('emlib models %s' tells the columns)", job->trials.path, job->model->name,
                   job->model->name);
}

static em_code read_and_scatter(fit_job *job, const char *dataset, em_error *error)
{
    em_code code = em_trials_open(dataset, job->model, job->options->ignore_block, &job->trials, error);
    if (code == EM_OK)
        code = em_plan_make(job->trials.data->offset, job->trials.data->n_subjects, job->kernel->lanes,
                            em_comm_size(job->comm), &job->plan, error);
    code = em_comm_agree(job->comm, code, error);
    if (code == EM_OK)
        code = em_scatter(job->comm, &job->trials, &job->plan, job->options->options, job->log, &job->groups, &job->n_groups,
                          error);
    if (code == EM_OK && job->trials.has_block)
        em_say(job->log, "column 'block': values start again where it changes (--ignore block turns that off)");
    return code == EM_OK ? check_something_counts(job, error) : code;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

static em_code allocate(em_fit *fit, size_t P, em_error *error)
{
    fit->parameter = em_new(P, sizeof *fit->parameter, error);
    fit->transform = em_new(P, sizeof *fit->transform, error);
    fit->mu = em_new(P, sizeof(double), error);
    fit->var = em_new(P, sizeof(double), error);
    fit->cov = em_new(P * P, sizeof(double), error);
    fit->group_status = em_new(P, 1, error);
    fit->unbounded = em_new(P, 1, error);
    fit->natural_median = em_new(P, sizeof(double), error);
    fit->natural_mean = em_new(P, sizeof(double), error);
    const bool good = fit->parameter && fit->transform && fit->mu && fit->var && fit->cov && fit->group_status && fit->unbounded &&
                      fit->natural_median && fit->natural_mean;
    return good ? EM_OK : EM_MACHINE;
}

/* T(mu) and E[T(x)] under the group, by the trapezoidal rule, which converges faster than any power of the step for such
 * integrands. facts: means over the subjects, in which the transforms that use them are linear. */
static void natural_group(em_fit *fit, const em_model *model, const double *facts)
{
    enum { STEPS = 1000 };
    const double widest = 8.5; /* standard deviations: the rest weighs less than rounding */
    double x[EM_MAX_PARAMETERS], natural[EM_MAX_PARAMETERS];
    model->natural(fit->mu, facts, fit->natural_median);
    for (int j = 0; j < model->n_parameters; j++)
        fit->natural_mean[j] = 0;
    for (int i = -STEPS; i <= STEPS; i++) {
        const double z = widest * i / STEPS, weight = exp(-0.5 * z * z) / sqrt(2 * M_PI) * widest / STEPS;
        for (int j = 0; j < model->n_parameters; j++)
            x[j] = fit->mu[j] + sqrt(fit->var[j]) * z;
        model->natural(x, facts, natural);
        for (int j = 0; j < model->n_parameters; j++)
            fit->natural_mean[j] += weight * natural[j];
    }
}

static em_code describe(const fit_job *job, const char *dataset, em_fit *fit, em_error *error)
{
    const em_model *model = job->model;
    fit->emlib_version = em_copy(EMLIB_VERSION, error);
    fit->model = em_copy(model->name, error);
    fit->dataset = em_copy(dataset, error);
    fit->numerical = model->numerical != 0;
    const char *file = em_model_path(model);
    fit->model_file = file ? em_copy(file, error) : NULL;
    fit->options = em_fit_options_json(job->options, model);
    memcpy(fit->dataset_fingerprint, job->trials.data->fingerprint, sizeof fit->dataset_fingerprint);
    bool good = fit->emlib_version && fit->model && fit->dataset && fit->options && (fit->model_file || !file);
    for (int j = 0; j < model->n_parameters; j++) {
        fit->parameter[j] = em_copy(model->parameters[j].name, error);
        fit->transform[j] = em_copy(model->parameters[j].transform, error);
        good = good && fit->parameter[j] && fit->transform[j];
    }
    return good ? em_model_fingerprint(model, fit->model_fingerprint, error) : em_fail(error, EM_MACHINE, "out of memory");
}

static void store_group(const fit_job *job, em_fit *fit)
{
    const em_run_result *run = &job->result;
    const int P = fit->n_parameters;
    const bool estimate = job->options->group == EM_GROUP_ESTIMATE, none = job->options->group == EM_GROUP_NONE;
    for (int j = 0; j < P; j++) {
        fit->mu[j] = none ? NAN : run->group.mu[j];
        fit->var[j] = fit->cov[j * P + j] = none ? NAN : run->group.var[j];
        fit->unbounded[j] = run->unbounded[j];
        fit->group_status[j] = !estimate ? EM_GROUP_GIVEN : run->group.var[j] == 0 ? EM_GROUP_VANISHED : EM_GROUP_ESTIMATED;
    }
    fit->converged = run->converged;
    fit->iterations = run->iterations;
    fit->distance = run->distance;
    fit->n_subjects_used = (size_t)run->totals.used;
    fit->n_trials = (uint64_t)run->totals.observed;
    fit->n_group = estimate ? 2 * P : 0;
    fit->n_options = job->trials.options;
    fit->log_likelihood = run->totals.log_likelihood;
    fit->log_marginal_likelihood = none ? NAN : run->totals.log_marginal_likelihood;
    fit->bic_int = -2 * fit->log_marginal_likelihood + fit->n_group * log((double)fit->n_trials);
    fit->aic_int = -2 * fit->log_marginal_likelihood + 2 * fit->n_group;
    if (fit->n_group == 0)
        fit->bic_int = fit->aic_int = -2 * fit->log_marginal_likelihood;
}

/* Rank 0: the fit, but for its subjects. */
static em_code assemble(fit_job *job, const char *dataset, double chance, const double *facts, em_fit *fit, em_error *error)
{
    fit->n_parameters = job->model->n_parameters;
    em_code code = allocate(fit, (size_t)fit->n_parameters, error);
    if (code == EM_OK)
        code = describe(job, dataset, fit, error);
    if (code == EM_OK) {
        store_group(job, fit);
        fit->n_subjects = job->plan.n_subjects;
        fit->pseudo_r2 = chance < 0 ? 1 - fit->log_likelihood / chance : NAN;
        natural_group(fit, job->model, facts);
    }
    fit->n_trace = job->result.trace.n;
    fit->trace_mu = job->result.trace.mu;
    fit->trace_var = job->result.trace.var;
    fit->trace_log_marginal_likelihood = job->result.trace.log_marginal_likelihood;
    job->result.trace = (em_trace){0};
    return code;
}

static em_timing take_times(const fit_job *job)
{
    const double e_step = job->result.e_step_seconds;
    double t[] = {job->read_seconds, e_step, job->result.m_step_seconds, em_comm_seconds(job->comm), em_now() - job->began};
    double least = e_step, mean = e_step / em_comm_size(job->comm);
    em_comm_most(job->comm, t, 5);
    em_comm_least(job->comm, &least, 1);
    em_comm_sum(job->comm, &mean, 1);
    uint64_t evaluations = (uint64_t)job->estep.evaluations;
    em_comm_sum_counts(job->comm, &evaluations, 1);
    return (em_timing){.read_seconds = t[0], .e_step_seconds = t[1], .m_step_seconds = t[2], .communication_seconds = t[3],
                       .total_seconds = t[4], .e_step_seconds_mean = mean, .e_step_seconds_least = least,
                       .likelihood_evaluations = (double)evaluations, .ranks = em_comm_size(job->comm)};
}

/* The output of a fit: NULL where it is to stay in memory. */
typedef struct {
    const char *path;
    bool force;
} output_file;

/* Rank 0: begins the file, or makes room for everybody. */
static em_code begin_output(const fit_job *job, const output_file *output, size_t id_width, em_fit *fit, em_fit_writer **writer,
                            em_error *error)
{
    return output ? em_fit_create(fit, id_width, output->path, output->force, writer, error)
                  : em_gather_room(fit, job->plan.n_subjects, (size_t)fit->n_parameters, error);
}

/* The results to rank 0, and to the file. */
static em_code deliver(fit_job *job, const char *dataset, const output_file *output, em_fit **fit, em_error *error)
{
    const bool first = em_comm_rank(job->comm) == 0;
    const int P = job->model->n_parameters;
    double chance, facts[1 + job->model->n_facts];
    em_group_prior prior;
    em_group_make_prior(&prior, &job->result.group, P, job->options->group == EM_GROUP_NONE);
    prior.prior.n_null = 0; /* the stored Hessian has the likelihood's own derivatives where a variance is 0 */
    const em_gather gather = {job->comm, &job->view, &job->plan, &job->estep, &prior.prior};
    em_fit_writer *writer = NULL;
    em_code code = em_gather_sums(&gather, &chance, facts, error);
    const size_t id_width = em_gather_id_width(&gather);
    const em_timing timing = take_times(job);
    if (first && code == EM_OK) {
        *fit = em_new(1, sizeof **fit, error);
        code = *fit ? assemble(job, dataset, chance, facts, *fit, error) : EM_MACHINE;
    }
    if (first && code == EM_OK) {
        (*fit)->timing = timing;
        code = begin_output(job, output, id_width, *fit, &writer, error);
    }
    code = em_comm_agree(job->comm, code, error);
    if (code == EM_OK)
        code = em_gather_subjects(&gather, id_width, *fit, writer, error);
    if (writer && code == EM_OK)
        code = em_fit_finish(writer, error);
    em_fit_drop(writer);
    return em_comm_agree(job->comm, code, error);
}

/* ---- a fit ------------------------------------------------------------------------------------------------------- */

static em_code run(fit_job *job, const char *dataset, const em_progress *progress, const output_file *output, em_fit **fit,
                   em_error *error)
{
    em_code code = em_comm_agree(job->comm, check_options(job->options, job->model, error), error);
    if (code == EM_OK)
        code = choose_kernel(job, error);
    if (code == EM_OK)
        code = read_and_scatter(job, dataset, error);
    job->read_seconds = em_now() - job->began;
    if (code != EM_OK)
        return code;
    code = em_estep_new(&job->view, &job->design, job->kernel, job->trials.options, job->groups, job->n_groups,
                        starts_of(job->options, job->model),
                        job->options->seed, &job->estep, error);
    code = em_comm_agree(job->comm, code, error);
    const em_group_values start = start_of(job->options, job->model);
    if (code == EM_OK)
        code = em_run_em(job->comm, &job->plan, &job->estep, job->options, &start, progress, &job->result, error);
    if (code == EM_OK)
        code = deliver(job, dataset, output, fit, error);
    return code != EM_OK ? code : job->result.converged ? EM_OK : EM_NOT_CONVERGED;
}

static em_code run_and_clear(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                             const em_progress *progress, const em_log *log, const output_file *output, em_fit **fit,
                             em_error *error)
{
    fit_job job = {.comm = comm, .model = model, .options = options, .log = em_comm_rank(comm) == 0 ? log : NULL,
                   .began = em_now()};
    *fit = NULL;
    job.view = em_view_of(model);
    job.design.n = job.view.n;
    if (model->numerical)
        em_say(job.log, "model %s is written in plain C: its derivatives are numerical", model->name);
    em_code code = run(&job, dataset, progress, output, fit, error);
    em_trace_free(&job.result.trace);
    em_estep_free(&job.estep);
    em_batch_free(job.groups, job.n_groups);
    em_plan_free(&job.plan);
    em_trials_close(&job.trials);
    if (code != EM_OK && code != EM_NOT_CONVERGED) {
        em_fit_free(*fit);
        *fit = NULL;
    }
    return code;
}

em_code em_fit_run(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                   const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
{
    return run_and_clear(comm, dataset, model, options, progress, log, NULL, fit, error);
}

/* ---- a fit with its file ----------------------------------------------------------------------------------------- */

/* Rank 0: is the output there already (*same), and from the same? */
static em_code look_at_output(const char *dataset, const em_model *model, const em_fit_options *options, const char *output,
                              bool force, em_fit **same, em_error *error)
{
    *same = NULL;
    em_code code = check_options(options, model, error);
    if (code == EM_OK)
        code = em_output_differs(output, dataset, error);
    if (code != EM_OK || force || access(output, F_OK) != 0)
        return code;
    em_dataset *data = NULL;
    em_fit *old = NULL;
    char fingerprint[65], *json = em_fit_options_json(options, model);
    code = json ? em_dataset_read_outline(dataset, &data, error) : em_fail(error, EM_MACHINE, "out of memory");
    if (code == EM_OK)
        code = em_model_fingerprint(model, fingerprint, error);
    if (code == EM_OK && em_fit_read(output, &old, error) != EM_OK)
        code = em_fail(error, EM_INPUT_ERROR, "%s exists and is not a fit that emlib can read; --force replaces it", output);
    if (code == EM_OK) {
        const char *other = strcmp(old->dataset_fingerprint, data->fingerprint) != 0 ? "other data"
                            : strcmp(old->model, model->name) != 0                  ? "another model"
                            : strcmp(old->model_fingerprint, fingerprint) != 0      ? "another version of the model"
                            : strcmp(old->options, json) != 0                       ? "other options"
                                                                                    : NULL;
        if (other)
            code = em_fail(error, EM_INPUT_ERROR, "%s exists and was made from %s; --force replaces it", output, other);
    }
    if (code == EM_OK) {
        *same = old;
        old = NULL;
    }
    em_fit_free(old);
    em_dataset_free(data);
    free(json);
    return code;
}

/* Rank 0: can the output be written? Better known now than after the work. */
static em_code try_output(const char *output, bool force, em_error *error)
{
    em_output trial = {0};
    em_code code = em_output_open(&trial, output, force, error);
    em_output_close(&trial);
    return code;
}

em_code em_fit_file(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                    const char *output, bool force, const em_progress *progress, const em_log *log, em_fit **fit,
                    em_error *error)
{
    const bool first = em_comm_rank(comm) == 0;
    em_fit *made = NULL;
    em_code code = first ? look_at_output(dataset, model, options, output, force, &made, error) : EM_OK;
    if (first && code == EM_OK && !made)
        code = try_output(output, force, error);
    code = em_comm_agree(comm, code, error);
    int there = made != NULL, converged = made && made->converged;
    em_comm_share(comm, &there, sizeof there);
    em_comm_share(comm, &converged, sizeof converged);
    if (code == EM_OK && there) {
        em_say(first ? log : NULL, "%s exists already, made from the same data, model and options: nothing to do", output);
        code = converged ? EM_OK : EM_NOT_CONVERGED;
        em_fit_free(made);
        made = NULL;
    } else if (code == EM_OK) {
        const output_file file = {output, force};
        code = run_and_clear(comm, dataset, model, options, progress, log, &file, &made, error);
    } else {
        em_fit_free(made);
        made = NULL;
    }
    if (fit)
        *fit = made;
    else
        em_fit_free(made);
    return code;
}
