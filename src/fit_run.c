/* A fit from file to result: read, scatter, EM, gather. Every step is taken by all ranks or by none. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "em.h"
#include "error.h"
#include "isa.h"
#include "output.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

em_fit_options em_fit_defaults(void)
{
    em_fit_options options = {.group = EM_GROUP_ESTIMATE, .tol = 1e-6, .max_iter = 500, .seed = 1};
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
    static const int by_parameters[] = {1, 8, 5, 16};
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
    json_t *all = json_pack("{s:s, s:o, s:o, s:f, s:i, s:i, s:i, s:I, s:b}", "group", group_name[options->group], "mu", mu, "var",
                            var, "tol", options->tol, "max_iter", options->max_iter, "starts", starts_of(options, model), "options",
                            options->options, "seed", (json_int_t)options->seed, "ignore_block", options->ignore_block);
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

/* Every value of this rank's subjects, and which options they use. */
static em_code check_values(fit_job *job, em_options_seen *seen, em_error *error)
{
    const size_t lanes = (size_t)job->plan.lanes;
    const size_t *first = job->plan.first + em_comm_rank(job->comm);
    for (size_t i = first[0] * lanes; i < first[1] * lanes; i++) {
        if (job->plan.member[i] == EM_NOBODY)
            continue;
        em_code code = em_trials_check(&job->trials, job->plan.member[i], seen, error);
        if (code != EM_OK)
            return code;
    }
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
    const int rank = em_comm_rank(job->comm);
    em_code code = em_trials_open(dataset, job->model, job->options->ignore_block, &job->trials, error);
    if (code == EM_OK && job->trials.data->n_subjects == 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s holds no subjects", dataset);
    if (code == EM_OK)
        code = em_plan_make(job->trials.data->offset, job->trials.data->n_subjects, job->kernel->lanes,
                            em_comm_size(job->comm), &job->plan, error);
    if (code == EM_OK) {
        size_t first, end;
        em_plan_rows(&job->plan, rank, job->trials.data->offset, &first, &end);
        code = em_trials_read(&job->trials, first, end, error);
    }
    em_options_seen seen = {.levels = 0};
    if (code == EM_OK)
        code = check_values(job, &seen, error);
    code = em_comm_agree(job->comm, code, error);
    if (code != EM_OK)
        return code;
    em_comm_most(job->comm, seen.seen, EM_MAX_OPTIONS);
    em_comm_most(job->comm, &seen.levels, 1);
    em_comm_most(job->comm, seen.any, EM_MAX_OPTIONS);
    em_comm_most(job->comm, seen.zero, EM_MAX_OPTIONS);
    code = em_trials_options(&job->trials, &seen, job->options->options, job->log, error);
    if (code == EM_OK) {
        const size_t *first = job->plan.first + rank;
        job->n_groups = first[1] - first[0];
        code = em_batch_pack(&job->plan, &job->trials, first[0], first[1], &job->groups, error);
    }
    code = em_comm_agree(job->comm, code, error);
    if (code == EM_OK && job->trials.has_block)
        em_say(job->log, "column 'block': values start again where it changes (--ignore block turns that off)");
    if (code == EM_OK)
        code = check_something_counts(job, error);
    em_dataset_forget(job->trials.data); /* the values are packed now */
    return em_comm_agree(job->comm, code, error);
}

/* ---- gather ------------------------------------------------------------------------------------------------------ */

/* What rank 0 gets of one lane: the counts and flags, then x, the Hessian of the log posterior, facts. */
enum { R_STATUS, R_USED, R_MODES, R_LOGLIK, R_LML, R_OBSERVED, R_CHANCE, R_X };

static size_t record_size(const em_model *model)
{
    const size_t P = (size_t)model->n_parameters;
    return R_X + P + P * (P + 1) / 2 + (size_t)model->n_facts;
}

static void make_record(const fit_job *job, const em_prior *prior, size_t g, int l, double *record)
{
    const int P = job->model->n_parameters, H = P * (P + 1) / 2, lanes = job->plan.lanes;
    const em_mode *mode = &job->estep.mode[g];
    const em_posterior *post = &job->estep.posterior[g * (size_t)lanes + (size_t)l];
    record[R_STATUS] = post->status;
    record[R_USED] = post->used;
    record[R_MODES] = post->modes;
    record[R_LOGLIK] = post->log_likelihood;
    record[R_LML] = post->log_marginal_likelihood;
    record[R_OBSERVED] = (double)job->groups[g].observed[l];
    record[R_CHANCE] = job->groups[g].chance[l];
    const bool found = post->status != EM_SUBJECT_NO_VALUE;
    for (int j = 0; j < P; j++)
        record[R_X + j] = found ? mode->x[j * lanes + l] : NAN;
    em_posterior_hessian(prior, mode->hessian + l, lanes, record + R_X + P);
    for (int k = 0; k < H && !found; k++)
        record[R_X + P + k] = NAN;
    for (int f = 0; f < job->model->n_facts; f++)
        record[R_X + P + H + f] = job->groups[g].batch.facts[f * lanes + l];
}

/* All subjects' records, in the plan's order of lanes, on rank 0; NULL elsewhere. */
static em_code gather(fit_job *job, double **all, em_error *error)
{
    const size_t size = record_size(job->model), lanes = (size_t)job->plan.lanes;
    const int rank = em_comm_rank(job->comm), P = job->model->n_parameters;
    double precision[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2] = {0};
    for (int j = 0; j < P && job->options->group != EM_GROUP_NONE; j++)
        precision[j * (j + 1) / 2 + j] = 1 / job->result.group.var[j];
    const em_prior prior = {.n = P, .mean = job->result.group.mu, .precision = precision};
    *all = em_new((rank == 0 ? job->plan.n_groups : job->n_groups) * lanes * size, sizeof(double), error);
    em_code code = em_comm_agree(job->comm, *all ? EM_OK : EM_MACHINE, error);
    if (code != EM_OK)
        return code;
    for (size_t g = 0; g < job->n_groups; g++)
        for (size_t l = 0; l < lanes; l++)
            make_record(job, &prior, g, (int)l, *all + (g * lanes + l) * size);
    const size_t *first = job->plan.first;
    if (rank > 0) {
        em_comm_send(job->comm, 0, *all, job->n_groups * lanes * size * sizeof(double));
        free(*all);
        *all = NULL;
        return EM_OK;
    }
    for (int r = 1; r < em_comm_size(job->comm); r++)
        em_comm_receive(job->comm, r, *all + first[r] * lanes * size, (first[r + 1] - first[r]) * lanes * size * sizeof(double));
    return EM_OK;
}

static em_code allocate(em_fit *fit, size_t S, size_t P, em_error *error)
{
    fit->parameter = em_new(P, sizeof *fit->parameter, error);
    fit->transform = em_new(P, sizeof *fit->transform, error);
    fit->mu = em_new(P, sizeof(double), error);
    fit->var = em_new(P, sizeof(double), error);
    fit->cov = em_new(P * P, sizeof(double), error);
    fit->group_status = em_new(P, 1, error);
    fit->natural_median = em_new(P, sizeof(double), error);
    fit->natural_mean = em_new(P, sizeof(double), error);
    fit->map = em_new(S * P, sizeof(double), error);
    fit->natural = em_new(S * P, sizeof(double), error);
    fit->hessian = em_new(S * P * P, sizeof(double), error);
    fit->subject_log_likelihood = em_new(S, sizeof(double), error);
    fit->subject_log_marginal_likelihood = em_new(S, sizeof(double), error);
    fit->subject_n_trials = em_new(S, sizeof *fit->subject_n_trials, error);
    fit->subject_status = em_new(S, 1, error);
    fit->subject_modes = em_new(S, sizeof *fit->subject_modes, error);
    const bool good = fit->parameter && fit->transform && fit->mu && fit->var && fit->cov && fit->group_status &&
                      fit->natural_median && fit->natural_mean && fit->map && fit->natural && fit->hessian &&
                      fit->subject_log_likelihood && fit->subject_log_marginal_likelihood && fit->subject_n_trials &&
                      fit->subject_status && fit->subject_modes;
    return good ? EM_OK : EM_MACHINE;
}

static void store_subject(em_fit *fit, const em_model *model, size_t s, const double *record)
{
    const size_t P = (size_t)model->n_parameters;
    const double *h = record + R_X + P;
    fit->subject_status[s] = (int8_t)record[R_STATUS];
    fit->subject_modes[s] = (int32_t)record[R_MODES];
    fit->subject_n_trials[s] = (uint64_t)record[R_OBSERVED];
    fit->subject_log_likelihood[s] = record[R_USED] > 0 ? record[R_LOGLIK] : NAN;
    fit->subject_log_marginal_likelihood[s] = record[R_LML];
    memcpy(fit->map + s * P, record + R_X, P * sizeof(double));
    model->natural(record + R_X, h + P * (P + 1) / 2, fit->natural + s * P);
    for (size_t i = 0; i < P; i++)
        for (size_t j = 0; j <= i; j++)
            fit->hessian[(s * P + i) * P + j] = fit->hessian[(s * P + j) * P + i] = h[i * (i + 1) / 2 + j];
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
    fit->options = em_fit_options_json(job->options, model);
    memcpy(fit->dataset_fingerprint, job->trials.data->fingerprint, sizeof fit->dataset_fingerprint);
    bool good = fit->emlib_version && fit->model && fit->dataset && fit->options;
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
        fit->group_status[j] = estimate ? EM_GROUP_ESTIMATED : EM_GROUP_GIVEN;
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

/* Rank 0 makes the fit from the records. */
static em_code assemble(fit_job *job, const char *dataset, const double *records, em_fit *fit, em_error *error)
{
    em_dataset *data = job->trials.data;
    const size_t S = data->n_subjects, size = record_size(job->model);
    const int P = fit->n_parameters = job->model->n_parameters;
    double *facts = em_new((size_t)job->model->n_facts, sizeof *facts, error);
    em_code code = facts ? allocate(fit, S, (size_t)P, error) : EM_MACHINE;
    if (code == EM_OK)
        code = describe(job, dataset, fit, error);
    if (code == EM_OK) {
        store_group(job, fit);
        fit->n_subjects = S;
        fit->subject = data->id; /* handed over */
        data->id = NULL;
        double chance = 0;
        for (size_t i = 0; i < job->plan.n_groups * (size_t)job->plan.lanes; i++) {
            const uint32_t s = job->plan.member[i];
            const double *record = records + i * size;
            if (s == EM_NOBODY)
                continue;
            store_subject(fit, job->model, s, record);
            chance += record[R_USED] > 0 ? record[R_CHANCE] : 0;
            for (int f = 0; f < job->model->n_facts; f++)
                facts[f] += record[(int)size - job->model->n_facts + f] / (double)S;
        }
        fit->pseudo_r2 = chance < 0 ? 1 - fit->log_likelihood / chance : NAN;
        natural_group(fit, job->model, facts);
    }
    fit->n_trace = job->result.trace.n;
    fit->trace_mu = job->result.trace.mu;
    fit->trace_var = job->result.trace.var;
    fit->trace_log_marginal_likelihood = job->result.trace.log_marginal_likelihood;
    job->result.trace = (em_trace){0};
    free(facts);
    return code;
}

static em_timing take_times(const fit_job *job)
{
    double t[] = {job->read_seconds, job->result.e_step_seconds, job->result.m_step_seconds, em_comm_seconds(job->comm),
                  em_now() - job->began};
    em_comm_most(job->comm, t, 5);
    uint64_t evaluations = (uint64_t)job->estep.evaluations;
    em_comm_sum_counts(job->comm, &evaluations, 1);
    return (em_timing){.read_seconds = t[0], .e_step_seconds = t[1], .m_step_seconds = t[2], .communication_seconds = t[3],
                       .total_seconds = t[4], .likelihood_evaluations = (double)evaluations,
                       .ranks = em_comm_size(job->comm)};
}

/* ---- a fit ------------------------------------------------------------------------------------------------------- */

static em_code run(fit_job *job, const char *dataset, const em_progress *progress, em_fit **fit, em_error *error)
{
    em_code code = em_comm_agree(job->comm, check_options(job->options, job->model, error), error);
    if (code == EM_OK)
        code = choose_kernel(job, error);
    if (code == EM_OK)
        code = read_and_scatter(job, dataset, error);
    job->read_seconds = em_now() - job->began;
    if (code != EM_OK)
        return code;
    code = em_estep_new(job->model, job->kernel, job->trials.options, job->groups, job->n_groups,
                        starts_of(job->options, job->model),
                        job->options->seed, &job->estep, error);
    code = em_comm_agree(job->comm, code, error);
    const em_group_values start = start_of(job->options, job->model);
    if (code == EM_OK)
        code = em_run_em(job->comm, &job->plan, &job->estep, job->options, &start, progress, &job->result, error);
    double *records = NULL;
    if (code == EM_OK)
        code = gather(job, &records, error);
    if (code == EM_OK && em_comm_rank(job->comm) == 0) {
        *fit = em_new(1, sizeof **fit, error);
        code = *fit ? assemble(job, dataset, records, *fit, error) : EM_MACHINE;
    }
    free(records);
    code = em_comm_agree(job->comm, code, error);
    if (code != EM_OK)
        return code;
    const em_timing timing = take_times(job);
    if (*fit)
        (*fit)->timing = timing;
    return job->result.converged ? EM_OK : EM_NOT_CONVERGED;
}

em_code em_fit_run(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                   const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
{
    fit_job job = {.comm = comm, .model = model, .options = options, .log = em_comm_rank(comm) == 0 ? log : NULL,
                   .began = em_now()};
    *fit = NULL;
    em_code code = run(&job, dataset, progress, fit, error);
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
    code = json ? em_dataset_read_frame(dataset, &data, error) : em_fail(error, EM_MACHINE, "out of memory");
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
        code = em_fit_run(comm, dataset, model, options, progress, log, &made, error);
        if (code == EM_OK || code == EM_NOT_CONVERGED) {
            const em_code status = code;
            code = em_comm_agree(comm, first ? em_fit_write(made, output, force, error) : EM_OK, error);
            code = code == EM_OK ? status : code;
        }
    }
    if (code != EM_OK && code != EM_NOT_CONVERGED) {
        em_fit_free(made);
        made = NULL;
    }
    if (fit)
        *fit = made;
    else
        em_fit_free(made);
    return code;
}
