/* Hierarchical Bayesian inference from file to file: read and scatter for each model, the run, the run under the null
 * hypothesis, gather and write. Every step is taken by all ranks or by none. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "comparable.h"
#include "error.h"
#include "fit_options.h"
#include "gather.h"
#include "hbi.h"
#include "hbi_file.h"
#include "isa.h"
#include "output.h"
#include "scatter.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

em_hbi_options em_hbi_defaults(void)
{
    return (em_hbi_options){.tol = 1e-5, .max_iter = 2000, .seed = 1, .null = true};
}

/* As in fits. */
static int starts_of(const em_hbi_options *options, const em_model *model)
{
    const em_fit_options as_fit = {.starts = options->starts};
    return em_fit_options_starts(&as_fit, model->n_parameters);
}

static em_code check_numbers(const em_hbi_options *options, em_error *error)
{
    if (!(options->tol > 0))
        return em_fail(error, EM_INPUT_ERROR, "the tolerance is %g; it must be above 0", options->tol);
    if (options->max_iter < 1 || options->starts < 0 || options->starts > 10000)
        return em_fail(error, EM_INPUT_ERROR, "at least 1 iteration is needed, and 1 to 10000 starts (0: the default)");
    if (options->options != 0 && (options->options < 2 || options->options > EM_MAX_OPTIONS))
        return em_fail(error, EM_INPUT_ERROR, "the number of options can be 2 to %d, not %d", EM_MAX_OPTIONS, options->options);
    return EM_OK;
}

static char *options_json(const em_hbi_options *options)
{
    json_t *all = json_pack("{s:f, s:i, s:i, s:i, s:I, s:b, s:s}", "tol", options->tol, "max_iter", options->max_iter, "starts",
                            options->starts, "options", options->options, "seed", (json_int_t)options->seed,
                            "ignore_block", options->ignore_block, "null", options->null ? "run" : "none");
    char *text = all ? json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(all);
    return text;
}

/* ---- read and scatter -------------------------------------------------------------------------------------------- */

/* One model's data; what is computed with them is the part. */
typedef struct {
    em_trials trials;
    em_group_data *groups;
    size_t n_groups;
    const em_kernel *kernel;
} hbi_data;

typedef struct {
    em_comm *comm;
    const em_model *const *models;
    int K;
    const em_hbi_options *options;
    const em_log *log; /* on rank 0 */
    em_plan plan;      /* depends on the trials and the number of lanes alone: that of every model */
    hbi_data data[EM_HBI_MODELS];
    em_hbi_part part[EM_HBI_MODELS];
    em_hbi_result result, null;
    double began;
} hbi_job;

/* The widest kernels for which all models have the same number of lanes, on the least of the ranks. */
static em_code choose_kernels(hbi_job *job, em_error *error)
{
    int isa = 0;
    em_code code = em_comm_agree(job->comm, em_isa_choose(&isa, error), error);
    if (code != EM_OK)
        return code;
    double least = isa; /* other widths round differently */
    em_comm_least(job->comm, &least, 1);
    for (isa = (int)least; isa >= EM_ISA_BASELINE; isa--) {
        bool same = true;
        for (int k = 0; k < job->K; k++) {
            job->data[k].kernel = em_isa_kernel(job->models[k], isa);
            same = same && job->data[k].kernel->lanes == job->data[0].kernel->lanes;
        }
        if (same)
            return EM_OK;
    }
    return em_fail(error, EM_INPUT_ERROR, "the models were compiled for processors without a width of vectors in common: build "
                   "those from files again with 'emlib model build'");
}

static em_code something_counts(const hbi_job *job, const hbi_data *data, em_error *error)
{
    uint64_t observed = 0;
    for (size_t g = 0; g < data->n_groups; g++)
        for (int l = 0; l < job->plan.lanes; l++)
            observed += data->groups[g].observed[l];
    em_comm_sum_counts(job->comm, &observed, 1);
    const char *name = data->trials.model->name;
    return observed > 0 ? EM_OK
                        : em_fail(error, EM_INPUT_ERROR, "%s: no trial counts for model %s: its responses, or what comes before "
                                  "them, are missing everywhere ('emlib models %s' tells the columns)", data->trials.path, name,
                                  name);
}

static em_code open_data(hbi_job *job, const char *dataset, int k, em_error *error)
{
    em_trials *trials = &job->data[k].trials;
    em_code code = em_trials_open(dataset, job->models[k], job->options->ignore_block, trials, error);
    if (code == EM_OK && k == 0)
        code = em_plan_make(trials->data->offset, trials->data->n_subjects, job->data[0].kernel->lanes, em_comm_size(job->comm),
                            &job->plan, error);
    else if (code == EM_OK && strcmp(trials->data->fingerprint, job->data[0].trials.data->fingerprint) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s was replaced by other data while it was read", dataset);
    code = em_comm_agree_alike(job->comm, code, error);
    return code == EM_OK ? em_scatter_same_data(job->comm, trials, error) : code;
}

static em_code read_and_scatter(hbi_job *job, const char *dataset, int k, em_error *error)
{
    hbi_data *data = &job->data[k];
    em_code code = open_data(job, dataset, k, error);
    if (code == EM_OK)
        code = em_scatter(job->comm, &data->trials, &job->plan, job->options->options, k == 0 ? job->log : NULL, &data->groups,
                          &data->n_groups, error);
    if (code == EM_OK && data->trials.has_block && k == 0)
        em_say(job->log, "column 'block': values start again where it changes (--ignore block turns that off)");
    return code == EM_OK ? something_counts(job, data, error) : code;
}

static em_code make_part(hbi_job *job, int k, em_error *error)
{
    em_hbi_part *part = &job->part[k];
    const hbi_data *data = &job->data[k];
    const em_model *model = part->model = job->models[k];
    for (int j = 0; j < model->n_parameters; j++) {
        part->first.mu[j] = model->parameters[j].mu;
        part->first.var[j] = model->parameters[j].var;
    }
    part->view = em_view_of(model);
    part->design.n = model->n_parameters;
    em_code code = em_estep_new(&part->view, &part->design, data->kernel, data->trials.options, data->groups, data->n_groups,
                                starts_of(job->options, model), job->options->seed, &part->estep, error);
    return em_comm_agree(job->comm, code, error);
}

/* ---- results ------------------------------------------------------------------------------------------------------ */

/* Rank 0: room for the subjects of one model; `fit` holds what the gather needs. */
static em_code begin_model(const hbi_job *job, int k, em_fit **fit, em_error *error)
{
    if (!(*fit = em_new(1, sizeof **fit, error)))
        return EM_MACHINE;
    (*fit)->n_parameters = job->models[k]->n_parameters;
    (*fit)->n_subjects = job->plan.n_subjects;
    return em_gather_room(*fit, job->plan.n_subjects, (size_t)job->models[k]->n_parameters, error);
}

static em_code describe_model(const hbi_job *job, int k, const double *facts, em_hbi_model *to, em_error *error)
{
    const em_model *model = job->models[k];
    const em_hbi_group *group = &job->result.belief.group[k];
    const size_t P = (size_t)model->n_parameters;
    to->name = em_copy(model->name, error);
    to->parameter = em_new(P, sizeof *to->parameter, error);
    to->transform = em_new(P, sizeof *to->transform, error);
    to->mu = em_new(P, sizeof(double), error);
    to->var = em_new(P, sizeof(double), error);
    to->mu_se = em_new(P, sizeof(double), error);
    to->natural_median = em_new(P, sizeof(double), error);
    if (!to->name || !to->parameter || !to->transform || !to->mu || !to->var || !to->mu_se || !to->natural_median)
        return EM_MACHINE;
    to->n_parameters = model->n_parameters;
    to->df = em_hbi_group_freedom(group);
    for (int j = 0; j < model->n_parameters; j++) {
        to->parameter[j] = em_copy(model->parameters[j].name, error);
        to->transform[j] = em_copy(model->parameters[j].transform, error);
        if (!to->parameter[j] || !to->transform[j])
            return EM_MACHINE;
        to->mu[j] = group->a[j];
        to->var[j] = em_hbi_group_variance(group, j);
        to->mu_se[j] = em_hbi_group_error(group, j);
    }
    model->natural(to->mu, facts, to->natural_median);
    return em_model_fingerprint(model, to->fingerprint, error);
}

/* The gathered arrays change owner. The ids are the same for all models: the first one's stay. */
static void take_subjects(em_hbi *hbi, em_hbi_model *to, em_fit *fit)
{
    to->map = fit->map;
    to->natural = fit->natural;
    to->hessian = fit->hessian;
    to->log_likelihood = fit->subject_log_likelihood;
    to->log_marginal_likelihood = fit->subject_log_marginal_likelihood;
    to->n_trials = fit->subject_n_trials;
    to->status = fit->subject_status;
    fit->map = fit->natural = fit->hessian = fit->subject_log_likelihood = fit->subject_log_marginal_likelihood = NULL;
    fit->subject_n_trials = NULL;
    fit->subject_status = NULL;
    if (!hbi->subject) {
        hbi->subject = fit->subject;
        fit->subject = NULL;
    }
}

/* One model's results to rank 0, into hbi->model[k]. */
static em_code gather_model(hbi_job *job, int k, em_hbi *hbi, em_error *error)
{
    const bool first = em_comm_rank(job->comm) == 0;
    const em_model *model = job->models[k];
    double chance, responses, facts[1 + model->n_facts];
    em_group_prior prior;
    em_hbi_make_prior(&prior, &job->part[k]);
    const em_gather gather = {.comm = job->comm, .view = &job->part[k].view, .plan = &job->plan, .estep = &job->part[k].estep,
                              .prior = &prior.prior};
    em_fit *fit = NULL;
    em_code code = em_gather_sums(&gather, &chance, &responses, facts, error);
    const size_t width = em_gather_id_width(&gather);
    if (first && code == EM_OK)
        code = begin_model(job, k, &fit, error);
    if (first && code == EM_OK)
        code = describe_model(job, k, facts, &hbi->model[k], error);
    code = em_comm_agree(job->comm, code, error);
    if (code == EM_OK)
        code = em_gather_subjects(&gather, width, fit, NULL, error);
    if (first && code == EM_OK)
        take_subjects(hbi, &hbi->model[k], fit);
    em_fit_free(fit);
    return em_comm_agree(job->comm, code, error);
}

/* The same arithmetic as on the ranks, so the same numbers. */
static void fill_responsibilities(const hbi_job *job, em_hbi *hbi)
{
    const size_t K = (size_t)job->K;
    for (size_t s = 0; s < hbi->n_subjects; s++) {
        double evidence[EM_HBI_MODELS], sum = 0, *r = hbi->responsibility + s * K;
        for (size_t k = 0; k < K; k++)
            evidence[k] = hbi->model[k].log_marginal_likelihood[s];
        em_hbi_responsibility(&job->result.belief, job->result.lambda, job->K, false, evidence, r);
        for (size_t k = 0; k < K; k++)
            sum += r[k];
        for (size_t k = 0; k < K && sum == 0; k++)
            r[k] = NAN;
    }
}

static em_code allocate(em_hbi *hbi, int n_models, size_t n_subjects, em_error *error)
{
    const size_t K = (size_t)n_models;
    hbi->model = em_new(K, sizeof *hbi->model, error);
    hbi->alpha = em_new(K, sizeof(double), error);
    hbi->expected_frequency = em_new(K, sizeof(double), error);
    hbi->exceedance_probability = em_new(K, sizeof(double), error);
    hbi->protected_exceedance_probability = em_new(K, sizeof(double), error);
    hbi->responsibility = em_new(n_subjects * K, sizeof(double), error);
    if (!hbi->model || !hbi->alpha || !hbi->expected_frequency || !hbi->exceedance_probability ||
        !hbi->protected_exceedance_probability || !hbi->responsibility)
        return EM_MACHINE;
    hbi->n_models = n_models;
    hbi->n_subjects = n_subjects;
    return EM_OK;
}

/* Rank 0: what is known before the subjects are there. */
static em_code begin_result(hbi_job *job, const char *dataset, em_hbi **made, em_error *error)
{
    em_hbi *hbi = *made = em_new(1, sizeof **made, error);
    em_code code = hbi ? allocate(hbi, job->K, job->plan.n_subjects, error) : EM_MACHINE;
    if (code != EM_OK)
        return code;
    hbi->emlib_version = em_copy(EMLIB_VERSION, error);
    hbi->dataset = em_copy(dataset, error);
    hbi->options = options_json(job->options);
    memcpy(hbi->dataset_fingerprint, job->data[0].trials.data->fingerprint, sizeof hbi->dataset_fingerprint);
    hbi->converged = job->result.converged;
    hbi->iterations = job->result.iterations;
    hbi->distance = job->result.distance;
    hbi->bound = job->result.bound;
    hbi->null_bound = hbi->bayesian_omnibus_risk = NAN;
    hbi->n_subjects_used = (size_t)job->result.used;
    hbi->n_trace = job->result.trace.n;
    hbi->trace_alpha = job->result.trace.alpha;
    hbi->trace_bound = job->result.trace.bound;
    job->result.trace = (em_hbi_trace){0};
    return hbi->emlib_version && hbi->dataset && hbi->options
               ? EM_OK
               : em_fail(error, EM_MACHINE, "out of memory");
}

/* Rank 0: frequencies; protected exceedance probabilities as in Rigoux et al. 2014, NeuroImage 84:971, eq. 7. */
static em_code finish_result(const hbi_job *job, bool with_null, em_hbi *hbi, em_error *error)
{
    const int K = job->K;
    double sum = 0;
    for (int k = 0; k < K; k++)
        sum += hbi->alpha[k] = job->result.belief.alpha[k];
    em_code code = em_exceedance(hbi->alpha, K, hbi->exceedance_probability, error);
    if (with_null) {
        hbi->converged = hbi->converged && job->null.converged;
        hbi->null_iterations = job->null.iterations;
        hbi->null_bound = job->null.bound;
        hbi->bayesian_omnibus_risk = 1 / (1 + exp(hbi->bound - hbi->null_bound));
    }
    const double risk = hbi->bayesian_omnibus_risk;
    for (int k = 0; k < K; k++) {
        hbi->expected_frequency[k] = hbi->alpha[k] / sum;
        hbi->protected_exceedance_probability[k] = (1 - risk) * hbi->exceedance_probability[k] + risk / K;
    }
    hbi->seconds = em_now() - job->began;
    hbi->ranks = em_comm_size(job->comm);
    return code;
}

/* Models that do not score the same trials have evidence about different data. */
static void warn(const hbi_job *job, const em_hbi *hbi)
{
    for (int k = 1; k < job->K; k++) {
        size_t differ = 0, first = 0;
        for (size_t s = hbi->n_subjects; s-- > 0;)
            if (hbi->model[k].n_trials[s] != hbi->model[0].n_trials[s]) {
                differ++;
                first = s;
            }
        if (differ)
            em_say(job->log, "warning: models %s and %s do not score the same trials of %zu subject%s, first %s (%llu and %llu): "
                   "their evidence is not of the same data", hbi->model[0].name, hbi->model[k].name, differ,
                   differ == 1 ? "" : "s", hbi->subject[first], (unsigned long long)hbi->model[0].n_trials[first],
                   (unsigned long long)hbi->model[k].n_trials[first]);
    }
}

/* ---- a run -------------------------------------------------------------------------------------------------------- */

/* The run and its results on rank 0, then the run under the null hypothesis, which leaves other maxima behind. */
static em_code infer(hbi_job *job, const char *dataset, const em_hbi_progress *progress, em_hbi **hbi, em_error *error)
{
    const bool first = em_comm_rank(job->comm) == 0, with_null = job->options->null && job->K > 1;
    em_code code = em_hbi_run(job->comm, &job->plan, job->part, job->K, job->options, false, progress, &job->result, error);
    if (code == EM_OK && first)
        code = begin_result(job, dataset, hbi, error);
    code = em_comm_agree(job->comm, code, error);
    for (int k = 0; k < job->K && code == EM_OK; k++)
        code = gather_model(job, k, *hbi, error);
    if (code == EM_OK && first) {
        fill_responsibilities(job, *hbi);
        warn(job, *hbi);
    }
    if (code == EM_OK && with_null)
        code = em_hbi_run(job->comm, &job->plan, job->part, job->K, job->options, true, progress, &job->null, error);
    if (code == EM_OK && first)
        code = finish_result(job, with_null, *hbi, error);
    return em_comm_agree(job->comm, code, error);
}

static em_code run(hbi_job *job, const char *dataset, const em_hbi_progress *progress, em_output *output, em_hbi **hbi,
                   em_error *error)
{
    em_code code = choose_kernels(job, error);
    for (int k = 0; k < job->K && code == EM_OK; k++)
        code = read_and_scatter(job, dataset, k, error);
    for (int k = 0; k < job->K && code == EM_OK; k++)
        code = make_part(job, k, error);
    if (code == EM_OK)
        code = infer(job, dataset, progress, hbi, error);
    if (code == EM_OK && *hbi)
        code = em_hbi_write_in(*hbi, output, error);
    int converged = *hbi && (*hbi)->converged;
    code = em_comm_agree(job->comm, code, error);
    em_comm_share(job->comm, &converged, sizeof converged);
    return code != EM_OK ? code : converged ? EM_OK : EM_NOT_CONVERGED;
}

static void clear(hbi_job *job)
{
    em_hbi_trace_free(&job->result.trace);
    em_hbi_trace_free(&job->null.trace);
    for (int k = 0; k < job->K; k++) {
        em_estep_free(&job->part[k].estep);
        em_batch_free(job->data[k].groups, job->data[k].n_groups);
        em_trials_close(&job->data[k].trials);
    }
    em_plan_free(&job->plan);
}

static em_code run_and_clear(em_comm *comm, const char *dataset, const em_model *const *models, int K,
                             const em_hbi_options *options, em_output *output, const em_hbi_progress *progress,
                             const em_log *log, em_hbi **hbi, em_error *error)
{
    hbi_job *job = em_new(1, sizeof *job, error);
    em_code code = em_comm_agree(comm, job ? EM_OK : EM_MACHINE, error);
    if (code == EM_OK && job) {
        *job = (hbi_job){.comm = comm, .models = models, .K = K, .options = options,
                         .log = em_comm_rank(comm) == 0 ? log : NULL, .began = em_now()};
        for (int k = 0; k < K; k++)
            if (models[k]->numerical)
                em_say(job->log, "model %s is written in plain C: its derivatives are numerical", models[k]->name);
        code = run(job, dataset, progress, output, hbi, error);
        clear(job);
    }
    free(job);
    return code;
}

/* ---- the output that is there already ------------------------------------------------------------------------------ */

/* What an existing output was made from that is not what is asked now, or NULL. */
static em_code compare_with(const em_hbi *old, const char *dataset, const em_model *const *models, int K,
                            const em_hbi_options *options, const char **other, em_error *error)
{
    em_dataset *data = NULL;
    char *json = options_json(options);
    em_code code = json ? em_dataset_read_outline(dataset, &data, error) : em_fail(error, EM_MACHINE, "out of memory");
    if (code == EM_OK)
        *other = strcmp(old->dataset_fingerprint, data->fingerprint) != 0 ? "other data"
                 : strcmp(old->options, json) != 0                       ? "other options"
                 : old->n_models != K                                    ? "other models"
                                                                         : NULL;
    for (int k = 0; k < K && code == EM_OK && !*other; k++) {
        char fingerprint[65];
        code = em_model_fingerprint(models[k], fingerprint, error);
        if (code == EM_OK)
            *other = strcmp(old->model[k].name, models[k]->name) != 0      ? "other models, or in another order"
                     : strcmp(old->model[k].fingerprint, fingerprint) != 0 ? "another version of a model"
                                                                           : NULL;
    }
    em_dataset_free(data);
    free(json);
    return code;
}

/* Rank 0: is the output there already (*same), and from the same? Else it is taken, from now until it is written. */
static em_code look_at_output(const char *dataset, const em_model *const *models, int K, const em_hbi_options *options,
                              const char *output, bool force, em_output *file, em_hbi **same, em_error *error)
{
    em_hbi *old = NULL;
    const char *other = NULL;
    em_code code = check_numbers(options, error);
    if (code == EM_OK)
        code = em_comparable(models, K, error);
    if (code == EM_OK)
        code = em_output_differs(output, dataset, error);
    if (code != EM_OK)
        return code;
    if (force || access(output, F_OK) != 0) {
        code = em_output_open(file, output, force, error);
        if (code == EM_OK)
            em_output_sign(file);
        return code;
    }
    if (em_hbi_read(output, &old, error) != EM_OK)
        return em_fail(error, EM_INPUT_ERROR, "%s exists and is not an HBI file that emlib can read; --force replaces it", output);
    code = compare_with(old, dataset, models, K, options, &other, error);
    if (code == EM_OK && other)
        code = em_fail(error, EM_INPUT_ERROR, "%s exists and was made from %s; --force replaces it", output, other);
    if (code == EM_OK)
        *same = old;
    else
        em_hbi_free(old);
    return code;
}

em_code em_hbi_file(em_comm *comm, const char *dataset, const em_model *const *models, int n_models,
                    const em_hbi_options *options, const char *output, bool force, const em_hbi_progress *progress,
                    const em_log *log, em_hbi **hbi, em_error *error)
{
    const bool first = em_comm_rank(comm) == 0;
    em_hbi *made = NULL;
    em_output file = {.fd = -1}; /* of rank 0 */
    em_code code = first ? look_at_output(dataset, models, n_models, options, output, force, &file, &made, error) : EM_OK;
    code = em_comm_agree(comm, code, error);
    int there = made != NULL, converged = made && made->converged;
    em_comm_share(comm, &there, sizeof there);
    em_comm_share(comm, &converged, sizeof converged);
    if (code == EM_OK && there) {
        em_say(first ? log : NULL, "%s exists already, made from the same data, models and options: nothing to do", output);
        code = converged ? EM_OK : EM_NOT_CONVERGED;
        em_hbi_free(made);
        made = NULL;
    } else if (code == EM_OK) {
        code = run_and_clear(comm, dataset, models, n_models, options, &file, progress, log, &made, error);
    }
    em_output_close(&file);
    if (!hbi || (code != EM_OK && code != EM_NOT_CONVERGED)) {
        em_hbi_free(made);
        made = NULL;
    }
    if (hbi)
        *hbi = made;
    return code;
}
