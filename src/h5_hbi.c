/* The HBI file. Its tables name everything that is stored and where it stands in em_hbi and em_hbi_model. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "h5.h"
#include "hbi_file.h"

#define LENGTH(table) ((int)(sizeof(table) / sizeof *(table)))
#define MEMBER(name) offsetof(em_hbi, name)
#define OF_MODEL(name) offsetof(em_hbi_model, name)
#define FREE_SCALE "unconstrained scale"

static const em_h5_scalar root_scalars[] = {
    {"emlib_version", EM_H5_A_TEXT, true, MEMBER(emlib_version)},
    {"dataset_fingerprint", EM_H5_A_HASH, true, MEMBER(dataset_fingerprint)},
    {"options", EM_H5_A_TEXT, true, MEMBER(options)},
    {"converged", EM_H5_A_FLAG, true, MEMBER(converged)},
    {"iterations", EM_H5_A_INT, true, MEMBER(iterations)},
    {"null_iterations", EM_H5_A_INT, false, MEMBER(null_iterations)},
    {"distance", EM_H5_A_NUMBER, false, MEMBER(distance)},
    {"bound", EM_H5_A_NUMBER, true, MEMBER(bound)},
    {"null_bound", EM_H5_A_NUMBER, true, MEMBER(null_bound)},
    {"bayesian_omnibus_risk", EM_H5_A_NUMBER, true, MEMBER(bayesian_omnibus_risk)},
    {"n_subjects", EM_H5_A_UINT64, true, MEMBER(n_subjects)},
    {"n_subjects_used", EM_H5_A_UINT64, true, MEMBER(n_subjects_used)},
};
static const em_h5_scalar timing_scalars[] = {
    {"total_seconds", EM_H5_A_NUMBER, false, MEMBER(seconds)},
    {"ranks", EM_H5_A_INT, false, MEMBER(ranks)},
};

static const char *const groups[] = {"/models", "/subjects", "/trace", "/timing", "/fits"};

/* K models, S subjects, I rows of the trace. The first array of each sets these. Names, fingerprints and numbers of parameters
 * of the models are stored as arrays of their own, see model_list. */
static const em_h5_array arrays[] = {
    {"/models/alpha", "K", EM_H5_DOUBLE, true, MEMBER(alpha), NULL,
     "Dirichlet posterior of the models' frequencies: 1 + the sum of responsibilities"},
    {"/subjects/id", "S", EM_H5_TEXT, true, MEMBER(subject), NULL, "who, in the dataset's order"},
    {"/trace/bound", "I", EM_H5_DOUBLE, true, MEMBER(trace_bound), "log units", "bound of the evidence that E-step i found"},
    {"/trace/alpha", "IK", EM_H5_DOUBLE, true, MEMBER(trace_alpha), NULL, "alpha under which E-step i ran"},
    {"/models/expected_frequency", "K", EM_H5_DOUBLE, true, MEMBER(expected_frequency), NULL, "alpha / sum(alpha)"},
    {"/models/exceedance_probability", "K", EM_H5_DOUBLE, true, MEMBER(exceedance_probability), NULL,
     "probability that no other model is more frequent"},
    {"/models/protected_exceedance_probability", "K", EM_H5_DOUBLE, true, MEMBER(protected_exceedance_probability), NULL,
     "the same, where the models may also be equally frequent; NaN without the run under that hypothesis"},
    {"/subjects/responsibility", "SK", EM_H5_DOUBLE, true, MEMBER(responsibility), NULL,
     "probability that a model is the subject's; 0 where it does not fit the subject, NaN where no model does"},
};
enum { N_EXTENT_ARRAYS = 3 };

/* Below /fits/NAME; P parameters. */
static const em_h5_array model_arrays[] = {
    {"parameter", "P", EM_H5_TEXT, true, OF_MODEL(parameter), NULL, "names of the parameters"},
    {"transform", "P", EM_H5_TEXT, true, OF_MODEL(transform), NULL, "natural = transform(unconstrained)"},
    {"mu", "P", EM_H5_DOUBLE, true, OF_MODEL(mu), FREE_SCALE, "mean of the group"},
    {"var", "P", EM_H5_DOUBLE, true, OF_MODEL(var), FREE_SCALE ", squared", "variance of the group"},
    {"mu_se", "P", EM_H5_DOUBLE, true, OF_MODEL(mu_se), FREE_SCALE,
     "hierarchical error bar of mu, which is Student t distributed with df degrees of freedom"},
    {"natural_median", "P", EM_H5_DOUBLE, true, OF_MODEL(natural_median), "natural scale", "transform(mu)"},
    {"map", "SP", EM_H5_DOUBLE, true, OF_MODEL(map), FREE_SCALE, "maximum a posteriori under the group"},
    {"natural", "SP", EM_H5_DOUBLE, true, OF_MODEL(natural), "natural scale", "transform(map)"},
    {"hessian", "SPP", EM_H5_DOUBLE, true, OF_MODEL(hessian), "1 / (" FREE_SCALE ", squared)",
     "second derivatives of the negative log posterior at the map"},
    {"log_likelihood", "S", EM_H5_DOUBLE, true, OF_MODEL(log_likelihood), "log units", "log-likelihood at the map"},
    {"log_marginal_likelihood", "S", EM_H5_DOUBLE, true, OF_MODEL(log_marginal_likelihood), "log units",
     "log evidence by Laplace's approximation; NaN where the subject was not used"},
    {"n_trials", "S", EM_H5_UINT64, true, OF_MODEL(n_trials), "trials", "observed trials"},
    {"status", "S", EM_H5_INT8, true, OF_MODEL(status), NULL, "how the search for the map ended"},
};
enum { FOLDER = EM_H5_MAX_NAME + 8, PATH = FOLDER + 48, N_MODEL_ARRAYS = LENGTH(model_arrays) };

/* The table of one model's arrays with their whole paths. */
typedef struct {
    em_h5_array array[N_MODEL_ARRAYS];
    char path[N_MODEL_ARRAYS][PATH];
    char folder[FOLDER];
} model_table;

/* Names of models are those of C: they need no more care here than that they are not too long. */
static void make_table(model_table *table, const char *name)
{
    snprintf(table->folder, FOLDER, "/fits/%.*s", EM_H5_MAX_NAME, name);
    for (int i = 0; i < N_MODEL_ARRAYS; i++) {
        table->array[i] = model_arrays[i];
        snprintf(table->path[i], PATH, "%s/%.40s", table->folder, model_arrays[i].path);
        table->array[i].path = table->path[i];
    }
}

/* What of the models stands in arrays over all of them. */
typedef struct {
    char **name, **fingerprint; /* [K] */
    int32_t *n_parameters;      /* [K] */
} model_list;
static const em_h5_array list_arrays[] = {
    {"/models/name", "K", EM_H5_TEXT, true, offsetof(model_list, name), NULL, "the models; their fits are below /fits"},
    {"/models/fingerprint", "K", EM_H5_TEXT, true, offsetof(model_list, fingerprint), NULL, "what identifies their likelihoods"},
    {"/models/n_parameters", "K", EM_H5_INT32, true, offsetof(model_list, n_parameters), NULL, "how many parameters they have"},
};

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static em_code write_list(const em_h5 *h5, const em_hbi *hbi, const em_h5_extents *extents, em_error *error)
{
    char *name[EM_HBI_MODELS], *fingerprint[EM_HBI_MODELS];
    int32_t n_parameters[EM_HBI_MODELS];
    const model_list list = {name, fingerprint, n_parameters};
    for (int k = 0; k < hbi->n_models; k++) {
        name[k] = hbi->model[k].name;
        fingerprint[k] = hbi->model[k].fingerprint;
        n_parameters[k] = hbi->model[k].n_parameters;
    }
    return em_h5_write_arrays(h5, list_arrays, LENGTH(list_arrays), extents, &list, error);
}

static em_code write_model(const em_h5 *h5, const em_hbi_model *model, em_h5_extents *extents, em_error *error)
{
#define STATUS_MEANING(name, value, text) #value " " text "; "
    static const char states[] = EM_SUBJECT_STATES(STATUS_MEANING);
    char meaning[sizeof states];
    memcpy(meaning, states, sizeof meaning);
    meaning[strlen(meaning) - 2] = '\0';
    model_table table;
    make_table(&table, model->name);
    *em_h5_extent(extents, 'P') = (uint64_t)model->n_parameters;
    em_code code = em_h5_make_group(h5, table.folder, error);
    if (!code)
        code = em_h5_write_arrays(h5, table.array, N_MODEL_ARRAYS, extents, model, error);
    if (!code)
        code = em_h5_put_number(h5, table.folder, "df", model->df, error);
    if (!code)
        code = em_h5_put_text(h5, table.path[N_MODEL_ARRAYS - 1], "meaning", meaning, error);
    return code;
}

static em_code write_all(const em_h5 *h5, const em_hbi *hbi, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    *em_h5_extent(&extents, 'K') = (uint64_t)hbi->n_models;
    *em_h5_extent(&extents, 'S') = hbi->n_subjects;
    *em_h5_extent(&extents, 'I') = (uint64_t)hbi->n_trace;
    em_code code = em_h5_write_scalars(h5, "/", root_scalars, LENGTH(root_scalars), hbi, error);
    if (!code)
        code = em_h5_put_path(h5, "dataset", hbi->dataset, error);
    for (int i = 0; i < LENGTH(groups) && !code; i++)
        code = em_h5_make_group(h5, groups[i], error);
    if (!code)
        code = em_h5_write_scalars(h5, "/timing", timing_scalars, LENGTH(timing_scalars), hbi, error);
    if (!code)
        code = write_list(h5, hbi, &extents, error);
    if (!code)
        code = em_h5_write_arrays(h5, arrays, LENGTH(arrays), &extents, hbi, error);
    for (int k = 0; k < hbi->n_models && !code; k++)
        code = write_model(h5, &hbi->model[k], &extents, error);
    return code;
}

em_code em_hbi_write_in(const em_hbi *hbi, em_output *output, em_error *error)
{
    em_h5 h5 = {0};
    if (hbi->n_models > EM_HBI_MODELS)
        return em_fail(error, EM_INPUT_ERROR, "%s: %d models are more than an HBI file can hold (%d)", output->path, hbi->n_models,
                       EM_HBI_MODELS);
    em_code code = em_h5_create_in(&h5, output, "hbi", error);
    if (!code)
        code = write_all(&h5, hbi, error);
    if (!code)
        code = em_h5_publish(&h5, error);
    em_h5_close(&h5);
    return code;
}

em_code em_hbi_write(const em_hbi *hbi, const char *path, bool force, em_error *error)
{
    em_output output;
    em_code code = em_output_open(&output, path, force, error);
    if (!code)
        code = em_hbi_write_in(hbi, &output, error);
    em_output_close(&output);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static bool good_name(const char *name)
{
    return *name && strlen(name) <= EM_H5_MAX_NAME - 16 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strchr(name, '/');
}

/* The models' names move from the list into the models. */
static em_code take_list(const em_h5 *h5, em_hbi *hbi, model_list *list, em_error *error)
{
    for (int k = 0; k < hbi->n_models; k++) {
        em_hbi_model *model = &hbi->model[k];
        if (!good_name(list->name[k]) || strlen(list->fingerprint[k]) != sizeof model->fingerprint - 1)
            return em_h5_damaged(h5, error, "'%.100s' is not the name of a model, or has no good fingerprint", list->name[k]);
        if (list->n_parameters[k] < 1 || list->n_parameters[k] > EM_MAX_PARAMETERS)
            return em_h5_damaged(h5, error, "model %s does not have 1 to %d parameters", list->name[k], EM_MAX_PARAMETERS);
        model->n_parameters = list->n_parameters[k];
        memcpy(model->fingerprint, list->fingerprint[k], sizeof model->fingerprint);
        model->name = list->name[k];
        list->name[k] = NULL;
    }
    return EM_OK;
}

static em_code read_list(const em_h5 *h5, em_hbi *hbi, em_h5_extents *extents, em_error *error)
{
    model_list list = {0};
    em_code code = em_h5_read_arrays(h5, list_arrays, LENGTH(list_arrays), extents, &list, error);
    const uint64_t K = *em_h5_extent(extents, 'K');
    if (!code && (K < 1 || K > EM_HBI_MODELS))
        code = em_h5_damaged(h5, error, "it does not have 1 to %d models", EM_HBI_MODELS);
    if (!code && !(hbi->model = em_new(K, sizeof *hbi->model, error)))
        code = EM_MACHINE;
    hbi->n_models = !code ? (int)K : 0;
    if (!code)
        code = take_list(h5, hbi, &list, error);
    if (list.name)
        em_h5_free_texts(list.name, K);
    if (list.fingerprint)
        em_h5_free_texts(list.fingerprint, K);
    free(list.n_parameters);
    return code;
}

static em_code read_model(const em_h5 *h5, em_hbi_model *model, em_h5_extents *extents, em_error *error)
{
    model_table table;
    make_table(&table, model->name);
    *em_h5_extent(extents, 'P') = (uint64_t)model->n_parameters;
    em_code code = em_h5_read_arrays(h5, table.array, N_MODEL_ARRAYS, extents, model, error);
    return code ? code : em_h5_get_number(h5, table.folder, "df", &model->df, error);
}

/* What the attributes claim about sizes does not count until the arrays agree, so that the result can be freed whatever
 * happens. */
static em_code read_extents(const em_h5 *h5, em_hbi *hbi, em_h5_extents *extents, em_error *error)
{
    const size_t claimed = hbi->n_subjects;
    hbi->n_subjects = 0;
    em_code code = em_h5_read_arrays(h5, arrays, N_EXTENT_ARRAYS, extents, hbi, error);
    const uint64_t S = *em_h5_extent(extents, 'S'), I = *em_h5_extent(extents, 'I');
    hbi->n_subjects = hbi->subject ? S : 0;
    if (code)
        return code;
    if (claimed != S || hbi->n_subjects_used > S || I > INT_MAX)
        return em_h5_damaged(h5, error, "n_subjects is %zu and n_subjects_used %zu, but there are %llu", claimed,
                             hbi->n_subjects_used, (unsigned long long)S);
    hbi->n_trace = (int)I;
    return EM_OK;
}

static em_code read_all(const em_h5 *h5, em_hbi *hbi, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    em_code code = em_h5_read_scalars(h5, "/", root_scalars, LENGTH(root_scalars), hbi, error);
    if (!code)
        code = em_h5_get_path(h5, "dataset", &hbi->dataset, error);
    if (!code && em_h5_exists(h5, "/timing") == 1)
        code = em_h5_read_scalars(h5, "/timing", timing_scalars, LENGTH(timing_scalars), hbi, error);
    if (!code)
        code = read_list(h5, hbi, &extents, error);
    if (!code)
        code = read_extents(h5, hbi, &extents, error);
    if (!code)
        code = em_h5_read_arrays(h5, arrays + N_EXTENT_ARRAYS, LENGTH(arrays) - N_EXTENT_ARRAYS, &extents, hbi, error);
    for (int k = 0; k < hbi->n_models && !code; k++)
        code = read_model(h5, &hbi->model[k], &extents, error);
    return code;
}

em_code em_hbi_read(const char *path, em_hbi **hbi, em_error *error)
{
    em_h5 h5 = {0};
    em_hbi *made = em_new(1, sizeof *made, error);
    if (!made)
        return EM_MACHINE;
    made->distance = NAN;
    em_code code = em_h5_open(&h5, path, "hbi", error);
    if (!code)
        code = read_all(&h5, made, error);
    em_h5_close(&h5);
    if (code)
        em_hbi_free(made);
    else
        *hbi = made;
    return code;
}

bool em_hbi_is_file(const char *path)
{
    em_h5 h5 = {0};
    em_error error;
    const bool is = em_h5_open(&h5, path, "hbi", &error) == EM_OK;
    em_h5_close(&h5);
    return is;
}
