/* A fit from file to file: read and scatter, EM, gather and write. Every step is taken by all ranks or by none. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "em.h"
#include "error.h"
#include "fit_found.h"
#include "fit_job.h"
#include "gather.h"
#include "isa.h"
#include "output.h"
#include "scatter.h"
#include "uncertainty.h"

/* ---- read and scatter -------------------------------------------------------------------------------------------- */

static em_code choose_kernel(em_fit_job *job, em_error *error)
{
    int isa = 0;
    em_code code = em_comm_agree(job->comm, em_isa_choose(&isa, error), error);
    if (code != EM_OK)
        return code;
    if (job->isa && *job->isa < isa)
        isa = *job->isa;
    if (job->checkpoint && job->checkpoint->isa >= 0 && job->checkpoint->isa < isa)
        isa = job->checkpoint->isa; /* as it began, to the last bit */
    double least = isa; /* all ranks use what the least of them can: other widths round differently */
    em_comm_least(job->comm, &least, 1);
    if (job->checkpoint && job->checkpoint->isa > (int)least)
        em_say(job->log, "warning: the fit was begun with wider kernels (%s) than this machine has; the last digits may differ from those of "
               "a fit that was never interrupted", em_isa_name(job->checkpoint->isa));
    if (job->checkpoint)
        job->checkpoint->isa = (int)least;
    job->kernel = em_isa_kernel(job->model, (int)least);
    return EM_OK;
}

/* A fit needs at least one trial that counts. Collective. */
static em_code check_something_counts(em_fit_job *job, em_error *error)
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

static em_code read_and_scatter(em_fit_job *job, const char *dataset, em_error *error)
{
    em_setup *setup = &job->setup;
    em_fit_options options = *job->options;
    if (job->earlier) /* its group, in this design's terms */
        options.group_from = job->output;
    const bool ignore_block = job->options->ignore_block;
    em_code code = job->data ? em_trials_open_memory(job->data, dataset, job->model, ignore_block, &job->trials, error)
                             : em_trials_open(dataset, job->model, ignore_block, &job->trials, error);
    code = em_comm_agree_alike(job->comm, code, error);
    if (code == EM_OK)
        code = em_scatter_same_data(job->comm, &job->trials, error);
    if (code == EM_OK)
        code = em_setup_begin(job->comm, &options, job->model, &job->trials, setup, error);
    if (code == EM_OK)
        code = em_comm_agree(job->comm, em_plan_make_of(job->trials.data->offset, setup->subject, setup->n_subjects, job->kernel->lanes,
                                                        em_comm_size(job->comm), &job->plan, error), error);
    if (code == EM_OK)
        code = em_scatter(job->comm, &job->trials, &job->plan, job->options->options, job->log, &job->groups, &job->n_groups,
                          error);
    if (code == EM_OK && job->trials.has_block)
        em_say(job->log, "column 'block': values start again where it changes (--ignore block turns that off)");
    if (code == EM_OK)
        code = check_something_counts(job, error);
    if (code == EM_OK)
        code = em_setup_design(job->comm, &job->trials, &job->plan, job->groups, job->n_groups, setup, error);
    if (job->earlier) { /* but it is only where EM begins */
        setup->options.group_from = NULL;
        setup->options.group = EM_GROUP_ESTIMATE;
    }
    return code;
}

em_code em_fit_job_open(em_fit_job *job, const char *dataset, em_error *error)
{
    em_code code = choose_kernel(job, error);
    return code == EM_OK ? read_and_scatter(job, dataset, error) : code;
}

void em_fit_job_close(em_fit_job *job)
{
    em_trace_free(&job->result.trace);
    em_evidences_free(&job->evidences);
    em_estep_free(&job->estep);
    em_batch_free(job->groups, job->n_groups);
    em_plan_free(&job->plan);
    em_trials_close(&job->trials);
    em_setup_free(&job->setup);
    em_bootstrap_free(&job->bootstrap);
    free(job->covariance);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

static em_timing take_times(const em_fit_job *job)
{
    const double e_step = job->result.e_step_seconds;
    double t[] = {job->read_seconds, e_step, job->result.m_step_seconds, em_comm_seconds(job->comm),
                  em_now() - job->began + (job->checkpoint ? job->checkpoint->seconds_before : 0),
                  job->uncertainty_seconds, job->evidence_seconds, job->bootstrap_seconds};
    double least = e_step, mean = e_step / em_comm_size(job->comm);
    em_comm_most(job->comm, t, 8);
    em_comm_least(job->comm, &least, 1);
    em_comm_sum(job->comm, &mean, 1);
    uint64_t evaluations[4] = {(uint64_t)job->estep.evaluations, (uint64_t)job->uncertainty_evaluations,
                               (uint64_t)job->evidences.evaluations, (uint64_t)job->bootstrap.evaluations};
    em_comm_sum_counts(job->comm, evaluations, 4);
    return (em_timing){.read_seconds = t[0], .e_step_seconds = t[1], .m_step_seconds = t[2], .communication_seconds = t[3],
                       .total_seconds = t[4], .e_step_seconds_mean = mean, .e_step_seconds_least = least,
                       .likelihood_evaluations = (double)evaluations[0],
                       .uncertainty_seconds = t[5], .uncertainty_evaluations = (double)evaluations[1],
                       .evidence_seconds = t[6], .evidence_evaluations = (double)evaluations[2],
                       .bootstrap_seconds = t[7], .bootstrap_evaluations = (double)evaluations[3], .ranks = em_comm_size(job->comm)};
}

/* Standard errors, where the group was estimated and EM has converged. */
static em_code find_uncertainty(em_fit_job *job, em_error *error)
{
    if (job->setup.options.group != EM_GROUP_ESTIMATE || !job->result.converged)
        return EM_OK;
    const double from = em_now();
    const em_coordinates at = em_coordinates_of(&job->setup.design);
    const size_t D = (size_t)(at.n_means + at.n_covs);
    job->covariance = em_new(D * D, sizeof *job->covariance, error);
    em_code code = em_comm_agree(job->comm, job->covariance ? EM_OK : EM_MACHINE, error);
    if (job->checkpoint)
        job->estep.pause = em_checkpoint_is_stopped; /* it is made again from what EM has found */
    if (code == EM_OK)
        code = em_uncertainty(job->comm, &job->plan, &job->estep, &job->result.group, job->result.unbounded, job->covariance,
                              &job->uncertainty_evaluations, error);
    if (code == EM_STOPPED)
        code = em_checkpoint_pause(job->checkpoint, error);
    job->uncertainty_seconds = em_now() - from;
    return code;
}

/* The evidences beside Laplace's that were asked for. */
static em_code find_evidences(em_fit_job *job, em_error *error)
{
    const em_fit_options *options = &job->setup.options;
    if (!options->importance && !options->quadrature)
        return EM_OK;
    const double from = em_now();
    em_code code = em_evidences_find(job->comm, &job->plan, &job->estep, options, &job->result.group, job->checkpoint, &job->evidences,
                                     error);
    job->evidence_seconds = em_now() - from;
    if (code == EM_OK && job->evidences.overflowed > 0)
        em_say(job->log, "the likelihood of %.0f subject%s is no number at some of the points where it was integrated, because the model "
               "overflows there; it counts as 0 there", job->evidences.overflowed, job->evidences.overflowed == 1 ? "" : "s");
    return code;
}

/* The bootstrap, where it was asked for and EM has converged: other groups begin at this one. */
static em_code bootstrap(em_fit_job *job, const em_progress *progress, em_error *error)
{
    if (job->setup.options.bootstrap == 0)
        return EM_OK;
    if (!job->result.converged) {
        em_say(job->log, "no bootstrap, because EM has not converged");
        return EM_OK;
    }
    const double from = em_now();
    em_bootstrap *b = &job->bootstrap;
    em_code code = em_bootstrap_run(job->comm, &job->setup, &job->plan, &job->estep, &job->result.group, job->checkpoint, progress, b,
                                    error);
    job->bootstrap_seconds = em_now() - from;
    if (code == EM_OK && b->moving)
        em_say(job->log, "warning: bootstrap: EM had not converged in %d of %d repetitions; they do not count", b->moving, b->n);
    if (code == EM_OK && b->alike)
        em_say(job->log, "warning: bootstrap: in %d of %d repetitions the subjects drawn were too much alike to tell the effects of "
               "covariates apart; they do not count", b->alike, b->n);
    if (code == EM_OK && b->nobody)
        em_say(job->log, "warning: bootstrap: in %d of %d repetitions none of the subjects drawn could be fitted; they do not count",
               b->nobody, b->n);
    return code;
}

/* Rank 0: begins the file, or makes room for everybody. */
static em_code begin_output(const em_fit_job *job, em_output *output, size_t id_width, em_fit *fit, em_fit_writer **writer,
                            em_error *error)
{
    return output ? em_fit_create(fit, id_width, output, writer, error)
                  : em_gather_room(fit, job->plan.n_subjects, (size_t)fit->n_parameters, error);
}

/* The results to rank 0, and to the file. */
static em_code deliver(em_fit_job *job, const char *dataset, em_output *output, em_fit **fit, em_error *error)
{
    const bool first = em_comm_rank(job->comm) == 0;
    double chance, responses, facts[1 + job->model->n_facts];
    em_group_prior prior;
    em_group_make_prior(&prior, &job->result.group, job->setup.view.n, job->setup.options.group == EM_GROUP_NONE);
    prior.prior.n_null = 0; /* the stored Hessian has the likelihood's own derivatives where a variance is 0 */
    const em_gather gather = {job->comm, &job->setup.view, &job->plan, &job->estep, &prior.prior, &job->evidences};
    em_fit_writer *writer = NULL;
    em_code code = em_gather_sums(&gather, &chance, &responses, facts, error);
    const size_t id_width = em_gather_id_width(&gather);
    const em_timing timing = take_times(job);
    if (first && code == EM_OK) {
        *fit = em_new(1, sizeof **fit, error);
        code = *fit ? em_fit_assemble(job, dataset, chance, responses, facts, *fit, error) : EM_MACHINE;
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

/* Rank 0: is there room for the file? Its largest part are the subjects' results. */
static em_code reserve(const em_fit_job *job, em_output *output, em_error *error)
{
    if (!output || em_comm_rank(job->comm) != 0)
        return EM_OK;
    const uint64_t P = (uint64_t)job->setup.view.n, numbers = P * P + 2 * P + 8, id = 32, rest = 1 << 16;
    return em_output_reserve(output, job->plan.n_subjects * (numbers * sizeof(double) + id) + rest, error);
}

/* ---- a fit ------------------------------------------------------------------------------------------------------- */

/* What the fit that goes on has: everybody's MAP, and the trace so far. */
static em_code take_earlier(em_fit_job *job, em_error *error)
{
    const em_earlier *from = job->earlier;
    const size_t P = (size_t)job->setup.view.n, rows = (size_t)from->n_trace;
    em_trace *trace = &job->result.trace;
    em_code code = EM_OK;
    if (from->n_subjects != job->plan.n_subjects || from->n_parameters != P)
        code = em_fail(error, EM_INPUT_ERROR, "%s is not a fit of these subjects and parameters; --force begins anew", job->output);
    if (code == EM_OK) {
        em_estep_give(&job->estep, &job->setup.start, from->map, from->modes);
        *trace = (em_trace){from->n_trace, from->n_trace, em_new(rows * P, sizeof(double), error), em_new(rows * P, sizeof(double), error),
                            em_new(rows, sizeof(double), error)};
        code = trace->mu && trace->var && trace->log_marginal_likelihood ? EM_OK : EM_MACHINE;
    }
    if (code == EM_OK) {
        memcpy(trace->mu, from->trace, rows * P * sizeof(double));
        memcpy(trace->var, from->trace + rows * P, rows * P * sizeof(double));
        memcpy(trace->log_marginal_likelihood, from->trace + 2 * rows * P, rows * sizeof(double));
        job->result.iterations = from->iterations;
    }
    return em_comm_agree(job->comm, code, error);
}

/* Memory for everybody's modes and evidences, and what a checkpoint has found of them. */
static em_code prepare(em_fit_job *job, em_error *error)
{
    em_code code = em_estep_new(&job->setup.view, &job->setup.design, job->kernel, job->trials.options, job->groups, job->n_groups,
                                em_fit_options_starts(job->options, job->setup.view.n), job->options->seed, &job->estep, error);
    if (code == EM_OK)
        code = em_evidences_new(&job->estep, &job->setup.options, &job->evidences, error);
    code = em_comm_agree(job->comm, code, error);
    if (code == EM_OK && job->earlier)
        code = take_earlier(job, error);
    if (code == EM_OK && job->checkpoint)
        code = em_checkpoint_begin(job->checkpoint, job->comm, &job->plan, &job->estep, &job->evidences, &job->result, job->began, error);
    return code;
}

static em_code run(em_fit_job *job, const char *dataset, const em_progress *progress, em_output *output, em_fit **fit,
                   em_error *error)
{
    em_code code = em_comm_agree(job->comm, em_fit_options_check(job->options, job->model, error), error);
    if (code == EM_OK)
        code = em_fit_job_open(job, dataset, error);
    if (code == EM_OK)
        code = em_comm_agree(job->comm, reserve(job, output, error), error);
    job->read_seconds = em_now() - job->began;
    if (code == EM_OK)
        code = em_comm_agree(job->comm, em_evidences_check(&job->setup.options, &job->setup.design, &job->setup.start, error), error);
    if (code != EM_OK)
        return code;
    code = prepare(job, error);
    const em_beginning beginning = {&job->setup.start, job->earlier != NULL};
    em_checkpoint *checkpoint = job->checkpoint;
    if (code == EM_OK && (!checkpoint || checkpoint->stage == EM_STAGE_EM))
        code = em_run_em(job->comm, &job->plan, &job->estep, &job->setup.options, &beginning, checkpoint, progress, &job->result, error);
    if (code == EM_OK && checkpoint && checkpoint->stage == EM_STAGE_EM)
        checkpoint->stage = EM_STAGE_EVIDENCE;
    if (code == EM_OK)
        code = find_uncertainty(job, error);
    if (code == EM_OK)
        code = find_evidences(job, error);
    if (code == EM_OK)
        code = bootstrap(job, progress, error);
    job->estep.pause = NULL;
    if (code == EM_OK)
        code = deliver(job, dataset, output, fit, error);
    return code != EM_OK ? code : job->result.converged ? EM_OK : EM_NOT_CONVERGED;
}

static em_code run_and_clear(em_fit_job *job, const char *dataset, const em_progress *progress, em_output *output, em_fit **fit,
                             em_error *error)
{
    *fit = NULL;
    if (job->model->numerical)
        em_say(job->log, "model %s is written in plain C: its derivatives are numerical", job->model->name);
    em_code code = run(job, dataset, progress, output, fit, error);
    em_fit_job_close(job);
    if (code != EM_OK && code != EM_NOT_CONVERGED) {
        em_fit_free(*fit);
        *fit = NULL;
    }
    return code;
}

em_code em_fit_run(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                   const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
{
    em_fit_job job = {.comm = comm, .model = model, .options = options, .log = em_comm_rank(comm) == 0 ? log : NULL, .began = em_now()};
    return run_and_clear(&job, dataset, progress, NULL, fit, error);
}

em_code em_fit_data_alike(em_comm *comm, const em_dataset *data, const char *name, const em_model *model, const em_fit_options *options,
                          const int *isa, const em_log *log, em_fit **fit, em_error *error)
{
    em_fit_job job = {.comm = comm, .model = model, .options = options, .log = em_comm_rank(comm) == 0 ? log : NULL, .data = data,
                      .isa = isa, .began = em_now()};
    return run_and_clear(&job, name, NULL, NULL, fit, error);
}

em_code em_fit_data(em_comm *comm, const em_dataset *data, const char *name, const em_model *model, const em_fit_options *options,
                    const em_log *log, em_fit **fit, em_error *error)
{
    return em_fit_data_alike(comm, data, name, model, options, NULL, log, fit, error);
}

/* ---- a fit with its file ----------------------------------------------------------------------------------------- */

/* Rank 0: takes the output, from now until the fit is written. That it cannot be written is better known now than after the work. */
static em_code take_output(em_output *output, const char *path, bool force, em_error *error)
{
    em_code code = em_output_open(output, path, force, error);
    if (code == EM_OK)
        em_output_sign(output);
    return code;
}

/* The fit that had not converged, as far as all ranks need it: rank 0 has `fit`. */
static em_code share_earlier(em_comm *comm, em_fit *fit, em_earlier *e, em_error *error)
{
    size_t size[2] = {fit ? fit->n_subjects : 0, fit ? (size_t)fit->n_parameters : 0};
    int count[2] = {fit ? fit->n_trace : 0, fit ? fit->iterations : 0};
    em_comm_share(comm, size, sizeof size);
    em_comm_share(comm, count, sizeof count);
    *e = (em_earlier){.n_subjects = size[0], .n_parameters = size[1], .n_trace = count[0], .iterations = count[1]};
    e->map = em_new(size[0] * size[1], sizeof *e->map, error);
    e->modes = em_new(size[0], sizeof *e->modes, error);
    e->trace = em_new((size_t)count[0] * (2 * size[1] + 1), sizeof *e->trace, error);
    em_code code = em_comm_agree(comm, e->map && e->modes && e->trace ? EM_OK : EM_MACHINE, error);
    if (code != EM_OK)
        return code;
    const size_t rows = (size_t)count[0];
    if (fit) {
        memcpy(e->map, fit->map, size[0] * size[1] * sizeof *e->map);
        memcpy(e->modes, fit->subject_modes, size[0] * sizeof *e->modes);
        memcpy(e->trace, fit->trace_mu, rows * size[1] * sizeof *e->trace);
        memcpy(e->trace + rows * size[1], fit->trace_var, rows * size[1] * sizeof *e->trace);
        memcpy(e->trace + 2 * rows * size[1], fit->trace_log_marginal_likelihood, rows * sizeof *e->trace);
    }
    em_comm_share(comm, e->map, size[0] * size[1] * sizeof *e->map);
    em_comm_share(comm, e->modes, size[0] * sizeof *e->modes);
    em_comm_share(comm, e->trace, rows * (2 * size[1] + 1) * sizeof *e->trace);
    return EM_OK;
}

static void free_earlier(em_earlier *e)
{
    free(e->map);
    free(e->modes);
    free(e->trace);
}

/* What rank 0 has found, on all ranks. */
typedef struct {
    int finished, converged, state, earlier, isa;
} outlook;

/* Where the machine failed, what a checkpoint has kept is not lost. */
static void tell_of_checkpoint(const char *path, em_error *error)
{
    const size_t length = strlen(error->text);
    if (access(path, F_OK) == 0 && !strstr(error->text, path))
        snprintf(error->text + length, sizeof error->text - length, "; the state of the fit is in %s: --resume goes on from it", path);
}

em_code em_fit_file(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                    const em_fit_output *output, const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
{
    const bool first = em_comm_rank(comm) == 0;
    const size_t length = strlen(output->path) + sizeof ".checkpoint";
    char *path = em_new(length, 1, error);
    em_fit *made = NULL;
    em_output file = {.fd = -1}; /* of rank 0 */
    em_fit_found found = {0};
    em_checkpoint checkpoint = {.path = path, .every = output->checkpoint_every, .stopped = output->stopped, .log = first ? log : NULL,
                                .isa = -1, .fd = -1};
    em_code code = path ? EM_OK : EM_MACHINE;
    if (path)
        snprintf(path, length, "%s.checkpoint", output->path);
    if (first && code == EM_OK)
        code = em_fit_find(dataset, model, options, output, &checkpoint, &found, error);
    if (first && code == EM_OK && !found.finished)
        code = take_output(&file, output->path, output->force || found.same, error);
    code = em_comm_agree(comm, code, error);
    outlook all = {found.finished, found.same && found.same->converged, found.state, found.same && !found.finished && !found.state,
                   checkpoint.isa};
    em_comm_share(comm, &all, sizeof all);
    checkpoint.isa = all.isa;
    checkpoint.found = all.state;
    em_earlier earlier = {0};
    if (code == EM_OK && all.earlier)
        code = share_earlier(comm, found.same, &earlier, error);
    if (code == EM_OK && all.finished) {
        code = all.converged ? EM_OK : EM_NOT_CONVERGED;
    } else if (code == EM_OK) {
        em_fit_job job = {.comm = comm, .model = model, .options = options, .log = first ? log : NULL, .checkpoint = &checkpoint,
                          .earlier = all.earlier ? &earlier : NULL, .output = output->path, .began = em_now()};
        code = run_and_clear(&job, dataset, progress, &file, &made, error);
        if (code == EM_MACHINE && first)
            tell_of_checkpoint(path, error);
        if (first && (code == EM_OK || code == EM_NOT_CONVERGED))
            em_checkpoint_remove(&checkpoint);
    }
    em_output_close(&file);
    free_earlier(&earlier);
    em_fit_free(found.same);
    em_checkpoint_free(&checkpoint);
    free(path);
    if (fit)
        *fit = made;
    else
        em_fit_free(made);
    return code;
}
