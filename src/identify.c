/* Model recovery: which model is found best on data of which. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "comparable.h"
#include "error.h"
#include "feedback.h"
#include "fit_job.h"
#include "repeat.h"

void em_identification_free(em_identification *id)
{
    if (!id)
        return;
    for (int k = 0; id->model && k < id->n_models; k++)
        free(id->model[k]);
    void *const array[] = {id->model,
                           id->seed,
                           id->fit,
                           id->confusion,
                           id->inversion,
                           id->difference,
                           id->expected_frequency,
                           id->protected_exceedance};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(id);
}

typedef struct {
    const em_model *const *models;
    em_simulation simulation[EM_HBI_MODELS];
    int n_models, n_repetitions;
    const em_model *widest; /* whose task gives feedback to the data of models that have nothing but responses; NULL: no
                               model needs any */
    em_fit_options options;
    int isa;
    int drawn[EM_HBI_MODELS]; /* K of the data of each model */
} study;

/* ---- before it runs -------------------------------------------------------------------------------------------- */

/* Codes 0 to what the simulated column can hold; 0: any number. */
static int codes_of(const em_column *column, int drawn) { return column->codes == EM_OPTION ? drawn : column->codes; }

static const em_column *column_named(const em_model *model, const char *name)
{
    for (int c = 0; c < model->n_columns; c++)
        if (strcmp(model->columns[c].name, name) == 0)
            return &model->columns[c];
    return NULL;
}

/* Can model `to` be fitted to data of model i? */
static em_code check_columns(const study *st, int i, const em_model *to, em_error *error)
{
    const em_model *from = em_has_responses_only(st->models[i]) && st->widest ? st->widest : st->models[i];
    for (int c = 0; c < to->n_columns; c++) {
        const em_column *want = &to->columns[c], *have = column_named(st->models[i], want->name);
        have = have ? have : column_named(from, want->name);
        if (!have)
            return em_fail(error, EM_INPUT_ERROR,
                           "model %s needs a column '%s', which data simulated from %s do not have: they cannot be "
                           "told apart by simulation ('emlib models' tells the columns)",
                           to->name, want->name, st->models[i]->name);
        const int codes = codes_of(have, st->drawn[i]), most = want->codes == EM_OPTION ? EM_MAX_OPTIONS : want->codes;
        if (want->codes != EM_NUMBER && (codes == 0 || codes > most))
            return em_fail(error, EM_INPUT_ERROR,
                           "model %s wants codes from 0 to %d in column '%s', and data simulated from %s can have "
                           "others there",
                           to->name, most - 1, want->name, st->models[i]->name);
    }
    return EM_OK;
}

/* The models' simulations: each as asked, but that those with nothing but responses have the options of the task that
 * gives feedback. */
static em_code check_simulations(study *st, em_error *error)
{
    int options = 0;
    em_code code = st->widest && em_repeat_has_options(st->widest)
                       ? em_repeat_drawn_options(st->widest, st->simulation, &options, error)
                       : EM_OK;
    bool choice = false; /* K is of use for some of the models */
    for (int i = 0; i < st->n_models; i++)
        choice = choice || em_repeat_has_options(st->models[i]);
    for (int i = 0; i < st->n_models && code == EM_OK; i++) {
        em_simulation *simulation = &st->simulation[i];
        if (choice && !em_repeat_has_options(st->models[i]))
            simulation->options = 0;
        else if (simulation->options == 0 && em_has_responses_only(st->models[i]))
            simulation->options = options;
        if (simulation->subjects != st->simulation->subjects || simulation->seed != st->simulation->seed ||
            simulation->trials != st->simulation->trials)
            return em_fail(
                error, EM_INPUT_ERROR,
                "the simulations of all models need the same numbers of subjects and trials, and the same seed");
        code = em_repeat_check(st->models[i], simulation, &st->options, st->n_repetitions, error);
        if (code == EM_OK)
            code = em_repeat_drawn_options(st->models[i], simulation, &st->drawn[i], error);
    }
    return code;
}

static em_code check(study *st, const em_simulation *simulation, em_error *error)
{
    const int M = st->n_models;
    if (M < 2)
        return em_fail(error, EM_INPUT_ERROR, "it takes at least 2 models to tell them apart, not %d", M);
    em_code code = em_comparable(st->models, M, error);
    if (code != EM_OK)
        return code;
    for (int i = M - 1; i >= 0; i--) {
        st->simulation[i] = simulation[i];
        if (!em_has_responses_only(st->models[i]))
            st->widest = st->models[i];
    }
    code = check_simulations(st, error);
    for (int i = 0; i < M && code == EM_OK; i++)
        for (int j = 0; j < M && code == EM_OK; j++)
            code = check_columns(st, i, st->models[j], error);
    return code;
}

/* ---- one data set ---------------------------------------------------------------------------------------------- */

/* What a data set leaves: this, then a fit of each model. */
typedef struct {
    int uneven, padding;
} head;

static size_t size_of(int M) { return sizeof(head) + (size_t)M * sizeof(em_identified); }

/* Do all fits use the same subjects? */
static bool is_uneven(em_fit *const *fits, int M)
{
    for (int k = 1; k < M; k++)
        for (size_t s = 0; s < fits[0]->n_subjects; s++)
            if (isnan(fits[k]->subject_log_marginal_likelihood[s]) !=
                isnan(fits[0]->subject_log_marginal_likelihood[s]))
                return true;
    return false;
}

/* Frequencies of the models among the subjects of this data set. */
static em_code select_models(em_fit *const *fits, int M, em_identified *to, em_error *error)
{
    em_evidence_table *evidence = NULL;
    em_selection *selection = NULL;
    em_code code = em_gather_evidence((const em_fit *const *)fits, M, &evidence, error);
    if (code == EM_OK && evidence->n_subjects > 0)
        code = em_select_models(evidence->value, evidence->n_subjects, M, NULL, &selection, error);
    for (int k = 0; k < M; k++) {
        to[k].expected_frequency = selection ? selection->expected_frequency[k] : NAN;
        to[k].protected_exceedance = selection ? selection->protected_exceedance[k] : NAN;
    }
    em_selection_free(selection);
    em_evidence_table_free(evidence);
    return code;
}

static em_code judge(em_fit *const *fits, int M, void *result, em_error *error)
{
    head *h = result;
    em_identified *to = (em_identified *)(h + 1);
    h->uneven = is_uneven(fits, M);
    for (int k = 0; k < M; k++)
        to[k] = (em_identified){.converged = fits[k]->converged,
                                .n_used = fits[k]->n_subjects_used,
                                .n_flagged = fits[k]->noted.flagged,
                                .log_marginal_likelihood = fits[k]->log_marginal_likelihood,
                                .bic_int = fits[k]->bic_int};
    return select_models(fits, M, to, error);
}

/* Data set r of model m: piece m * R + r. */
static em_code identify_one(void *where, em_comm *comm, int i, void *result, em_error *error)
{
    const study *st = where;
    const int M = st->n_models, m = i / st->n_repetitions, r = i % st->n_repetitions;
    em_simulation simulation = st->simulation[m];
    em_dataset *data = NULL;
    em_fit *fit[EM_HBI_MODELS] = {NULL};
    char name[160];
    simulation.seed = em_repeat_seed(simulation.seed, r);
    snprintf(name, sizeof name, "data of model %.60s, repetition %d (seed %llu)", st->models[m]->name, r + 1,
             (unsigned long long)simulation.seed);
    em_code code = em_simulate(st->models[m], &simulation, &data, error);
    if (code == EM_OK && st->widest && em_has_responses_only(st->models[m]))
        code = em_feedback_add(st->widest, &simulation, data, error);
    code = em_comm_agree_alike(comm, code, error);
    for (int k = 0; k < M && code == EM_OK; k++) {
        em_fit_options options = st->options;
        options.options = em_repeat_has_options(st->models[k]) ? st->drawn[m] : 0;
        code = em_fit_data_alike(comm, data, name, st->models[k], &options, &st->isa, NULL, &fit[k], error);
        code = code == EM_NOT_CONVERGED ? EM_OK : code;
    }
    if (code == EM_OK && fit[0])
        code = judge(fit, M, result, error);
    for (int k = 0; k < M; k++)
        em_fit_free(fit[k]);
    em_dataset_free(data);
    return em_repeat_name(code, name, error);
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static em_identified *fits_of(const em_identification *id, int simulated, int repetition)
{
    return id->fit + ((size_t)simulated * (size_t)id->n_repetitions + (size_t)repetition) * (size_t)id->n_models;
}

/* Marks the best fits of a data set; returns how many. */
static int find_best(em_identified *fit, int M)
{
    const double same = 1e-6;
    double least = INFINITY;
    int n = 0;
    for (int k = 0; k < M; k++)
        if (fit[k].bic_int < least)
            least = fit[k].bic_int;
    for (int k = 0; k < M; k++) {
        fit[k].best = fit[k].bic_int <= least + same;
        n += fit[k].best;
    }
    return n;
}

/* Row i of the matrices: data of model i. */
static void sum_row_up(em_identification *id, int i)
{
    const size_t M = (size_t)id->n_models;
    double *confusion = id->confusion + (size_t)i * M, *difference = id->difference + (size_t)i * M,
           *frequency = id->expected_frequency + (size_t)i * M, *exceedance = id->protected_exceedance + (size_t)i * M;
    const double R = id->n_repetitions;
    int judged = 0;
    for (int r = 0; r < id->n_repetitions; r++) {
        em_identified *fit = fits_of(id, i, r);
        const int best = find_best(fit, id->n_models);
        judged += best > 0;
        id->n_ties += best > 1;
        for (size_t k = 0; k < M; k++) {
            confusion[k] += fit[k].best ? 1.0 / best : 0;
            difference[k] += (fit[k].bic_int - fit[i].bic_int) / R;
            frequency[k] += fit[k].expected_frequency / R;
            exceedance[k] += fit[k].protected_exceedance / R;
            id->n_moving += !fit[k].converged;
            id->n_flagged += fit[k].n_flagged;
        }
    }
    for (size_t k = 0; k < M; k++)
        confusion[k] /= judged;
}

static void sum_up(em_identification *id)
{
    const size_t M = (size_t)id->n_models;
    for (int i = 0; i < id->n_models; i++)
        sum_row_up(id, i);
    for (size_t k = 0; k < M; k++) {
        double sum = 0;
        for (size_t i = 0; i < M; i++)
            sum += id->confusion[i * M + k];
        for (size_t i = 0; i < M; i++)
            id->inversion[i * M + k] = sum > 0 ? id->confusion[i * M + k] / sum : NAN;
    }
}

/* Rank 0. */
static em_code make_room(const study *st, em_identification **out, em_error *error)
{
    const size_t M = (size_t)st->n_models, R = (size_t)st->n_repetitions;
    em_identification *id = *out = em_new(1, sizeof *id, error);
    if (!id)
        return EM_MACHINE;
    *id = (em_identification){.n_models = st->n_models,
                              .n_repetitions = st->n_repetitions,
                              .trials = st->simulation->trials,
                              .n_subjects = st->simulation->subjects};
    id->model = em_new(M, sizeof *id->model, error);
    id->seed = em_new(R, sizeof *id->seed, error);
    id->fit = em_new(M * R * M, sizeof *id->fit, error);
    double **const matrix[] = {&id->confusion, &id->inversion, &id->difference, &id->expected_frequency,
                               &id->protected_exceedance};
    bool good = id->model && id->seed && id->fit;
    for (int i = 0; i < 5 && good; i++)
        good = (*matrix[i] = em_new(M * M, sizeof(double), error)) != NULL;
    for (size_t k = 0; k < M && good; k++)
        good = (id->model[k] = em_copy(st->models[k]->name, error)) != NULL;
    for (size_t r = 0; r < R && good; r++)
        id->seed[r] = em_repeat_seed(st->simulation->seed, (int)r);
    return good ? EM_OK : EM_MACHINE;
}

static void finish(em_identification *id, const char *results)
{
    const size_t M = (size_t)id->n_models, pieces = M * (size_t)id->n_repetitions;
    for (size_t i = 0; i < pieces; i++) {
        const head *h = (const head *)(results + i * size_of(id->n_models));
        id->n_uneven += h->uneven;
        memcpy(id->fit + i * M, h + 1, M * sizeof *id->fit);
    }
    sum_up(id);
}

em_code em_identify(em_comm *comm, const em_model *const *models, int n_models, const em_simulation *simulation,
                    const em_fit_options *options, int repetitions, const em_progress *progress,
                    em_identification **identification, em_error *error)
{
    const double began = em_now();
    const bool first = em_comm_rank(comm) == 0;
    study st = {.models = models, .n_models = n_models, .n_repetitions = repetitions, .options = *options};
    char *results = NULL;
    *identification = NULL;
    em_code code = em_comm_agree(comm, check(&st, simulation, error), error);
    if (code == EM_OK)
        code = em_repeat_isa(comm, &st.isa, error);
    if (code == EM_OK && first) {
        results = em_new((size_t)n_models * (size_t)repetitions, size_of(n_models), error);
        code = results ? make_room(&st, identification, error) : EM_MACHINE;
    }
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK)
        code = em_repeat(comm, n_models * repetitions, size_of(n_models), identify_one, &st, progress, results, error);
    int moving = 0;
    if (code == EM_OK && first) {
        finish(*identification, results);
        (*identification)->seconds = em_now() - began;
        moving = (*identification)->n_moving;
    }
    em_comm_share(comm, &moving, sizeof moving);
    free(results);
    if (code != EM_OK) {
        em_identification_free(*identification);
        *identification = NULL;
    }
    return code == EM_OK && moving ? EM_NOT_CONVERGED : code;
}
