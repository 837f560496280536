#include "fit_found.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "design.h"
#include "error.h"
#include "fit_options.h"
#include "fit_setup.h"
#include "output.h"

/* The most iterations that a fit was allowed; 0 where its options do not say. */
static int most_iterations(const em_fit *fit)
{
    json_t *all = json_loads(fit->options, 0, NULL);
    const int most = (int)json_integer_value(json_object_get(all, "max_iter"));
    json_decref(all);
    return most;
}

/* What the fit was made from that is not asked for here; NULL: nothing. `of`: what is asked for. `any_most`: however many iterations
 * the fit was allowed. A fit that has converged is the same whatever that was. */
static em_code find_other(const em_fit *fit, const em_identity *of, const em_model *model, const em_fit_options *options, bool any_most,
                          const char **what, em_error *error)
{
    em_fit_options like = *options;
    const int most = most_iterations(fit);
    if ((fit->converged || any_most) && most > 0)
        like.max_iter = most;
    char *json = em_fit_options_json(&like, model);
    if (!json)
        return em_fail(error, EM_MACHINE, "out of memory");
    *what = strcmp(fit->dataset_fingerprint, of->data) != 0  ? "other data"
            : strcmp(fit->model, of->model_name) != 0        ? "another model"
            : strcmp(fit->model_fingerprint, of->model) != 0 ? "another version of the model"
            : strcmp(fit->options, json) != 0                ? "other options"
                                                             : NULL;
    free(json);
    return EM_OK;
}

/* The output that is there already. */
static em_code look_at_output(const em_model *model, const em_fit_options *options, const em_fit_output *output, const em_identity *of,
                              em_fit_found *found, em_error *error)
{
    em_fit *old = NULL;
    if (em_fit_read(output->path, &old, error) != EM_OK)
        return em_fail(error, EM_INPUT_ERROR, "%s exists and is not a fit that emlib can read; --force replaces it", output->path);
    const bool unfinished = output->resume && !old->converged;
    const char *what = NULL;
    em_code code = find_other(old, of, model, options, unfinished, &what, error);
    if (what)
        code = em_fail(error, EM_INPUT_ERROR, "%s exists and was made from %s; --force replaces it", output->path, what);
    if (code == EM_OK) {
        found->same = old;
        found->finished = !unfinished;
        old = NULL;
    }
    em_fit_free(old);
    return code;
}

/* A state that was left when the job ended between writing the fit and removing it. */
static void remove_left(em_checkpoint *checkpoint)
{
    em_error none;
    bool there = false;
    if (em_checkpoint_look(checkpoint, &there, &none) == EM_OK && there)
        em_checkpoint_remove(checkpoint);
}

static void say(const em_fit_output *output, const em_checkpoint *checkpoint, const em_fit_found *found)
{
    const em_log *log = checkpoint->log;
    if (found->finished)
        em_say(log, "%s exists already, made from the same data, model and options: nothing to do", output->path);
    else if (found->state)
        em_say(log, "goes on from %s", checkpoint->path);
    else if (found->same)
        em_say(log, "goes on from %s, which had not converged after %d iterations", output->path, found->same->iterations);
    else if (output->resume)
        em_say(log, "there is no %s to go on from: the fit begins anew", checkpoint->path);
}

em_code em_fit_find(const char *dataset, const em_model *model, const em_fit_options *options, const em_fit_output *output,
                    em_checkpoint *checkpoint, em_fit_found *found, em_error *error)
{
    *found = (em_fit_found){0};
    em_dataset *data = NULL;
    em_code code = em_fit_options_check(options, model, error);
    if (code == EM_OK)
        code = em_output_differs(output->path, dataset, error);
    if (code == EM_OK)
        code = em_dataset_read_outline(dataset, &data, error);
    if (code == EM_OK)
        code = em_identity_make(data->fingerprint, model, options, &checkpoint->identity, error);
    em_dataset_free(data);
    if (code == EM_OK && !output->force && access(output->path, F_OK) == 0)
        code = look_at_output(model, options, output, &checkpoint->identity, found, error);
    if (code != EM_OK)
        return code;
    if (found->finished && found->same->converged)
        remove_left(checkpoint);
    else if (!found->finished && (!output->force || output->resume))
        code = em_checkpoint_look(checkpoint, &found->state, error);
    if (code == EM_OK)
        say(output, checkpoint, found);
    return code;
}

/* ---- without a fit ------------------------------------------------------------------------------------------------------------- */

static em_code see_output(const em_model *model, const em_fit_options *options, const char *output, const em_identity *of, em_fit_seen *seen,
                          em_error *error)
{
    em_fit *old = NULL;
    em_error unreadable;
    if (em_fit_read(output, &old, &unreadable) != EM_OK) {
        seen->output = EM_SEEN_FOREIGN;
        snprintf(seen->why, sizeof seen->why, "is not a fit that emlib can read");
        return EM_OK;
    }
    const char *what = NULL;
    const em_code code = find_other(old, of, model, options, false, &what, error);
    seen->output = what ? EM_SEEN_OTHER : old->converged ? EM_SEEN_CONVERGED : EM_SEEN_UNCONVERGED;
    if (what)
        snprintf(seen->why, sizeof seen->why, "was made from %s", what);
    em_fit_free(old);
    return code;
}

static em_code see_state(const char *output, em_checkpoint *checkpoint, em_fit_seen *seen, em_error *error)
{
    em_error why;
    const size_t length = strlen(output) + sizeof ".checkpoint";
    char *path = em_new(length, 1, error);
    if (!path)
        return EM_MACHINE;
    snprintf(path, length, "%s.checkpoint", output);
    checkpoint->path = path;
    const em_code code = em_checkpoint_look(checkpoint, &seen->state, &why);
    if (code == EM_INPUT_ERROR && !seen->why[0])
        snprintf(seen->why, sizeof seen->why, "has a checkpoint of another fit, or a damaged one, beside it");
    checkpoint->path = NULL;
    free(path);
    return code == EM_MACHINE ? em_fail(error, code, "%s", why.text) : EM_OK;
}

em_code em_fit_look(const char *dataset, const em_model *model, const em_fit_options *options, const char *output, em_fit_seen *seen,
                    em_error *error)
{
    *seen = (em_fit_seen){0};
    em_dataset *data = NULL;
    em_checkpoint checkpoint = {.isa = -1, .fd = -1};
    em_code code = em_dataset_read_outline(dataset, &data, error);
    if (code == EM_OK)
        code = em_identity_make(data->fingerprint, model, options, &checkpoint.identity, error);
    if (code == EM_OK && access(output, F_OK) == 0)
        code = see_output(model, options, output, &checkpoint.identity, seen, error);
    if (code == EM_OK && seen->output != EM_SEEN_CONVERGED && seen->output != EM_SEEN_UNCONVERGED)
        code = see_state(output, &checkpoint, seen, error);
    em_checkpoint_free(&checkpoint);
    em_dataset_free(data);
    return code;
}

em_code em_fit_try(const char *dataset, const em_model *model, const em_fit_options *options, em_error *error)
{
    em_trials trials = {0};
    em_setup setup = {0};
    em_comm *alone = em_comm_alone();
    em_code code = alone ? em_fit_options_check(options, model, error) : em_fail(error, EM_MACHINE, "out of memory");
    if (code == EM_OK)
        code = em_trials_open(dataset, model, options->ignore_block, &trials, error);
    if (code == EM_OK)
        code = em_setup_begin(alone, options, model, &trials, &setup, error);
    const em_fit_options *o = &setup.options; /* with what --group-from brings */
    if (code == EM_OK)
        code = em_design_make(trials.data, setup.chosen, setup.id, o->covariate, o->n_covariates, o->contrast, o->n_contrasts,
                              (const char *const *)setup.name, setup.view.n, &setup.columns, error);
    em_setup_free(&setup);
    em_trials_close(&trials);
    em_comm_stop(alone);
    return code;
}
