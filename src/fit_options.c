#include "fit_options.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fingerprint.h"

em_fit_options em_fit_defaults(void)
{
    em_fit_options options = {.group = EM_GROUP_ESTIMATE, .tol = 1e-6, .max_iter = 500, .seed = 1, .accelerate = true};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        options.mu[j] = options.var[j] = options.fix[j] = NAN;
    return options;
}

double em_fit_options_mu(const em_fit_options *options, const em_model *model, int j)
{
    return isnan(options->mu[j]) ? model->parameters[j].mu : options->mu[j];
}

double em_fit_options_var(const em_fit_options *options, const em_model *model, int j)
{
    return isnan(options->var[j]) ? model->parameters[j].var : options->var[j];
}

/* The more parameters, the more maxima: on real data a second maximum shows in one subject of six at three
 * parameters, in none at two. */
int em_fit_options_starts(const em_fit_options *options, int n)
{
    static const int by_parameters[] = {1, 8, 12, 16};
    return options->starts ? options->starts : n < 4 ? by_parameters[n] : 32;
}

int em_fit_options_samples(const em_fit_options *options) { return options->samples ? options->samples : 2000; }

/* ---- checks ------------------------------------------------------------------------------------------------------- */

static em_code check_start(const em_fit_options *options, const em_model *model, em_error *error)
{
    for (int j = 0; j < model->n_parameters; j++) {
        const double mu = em_fit_options_mu(options, model, j), var = em_fit_options_var(options, model, j);
        if (!isfinite(mu))
            return em_fail(error, EM_INPUT_ERROR, "the start of %s's mean is not a finite number", model->parameters[j].name);
        if (!(var > 0 && isfinite(var)))
            return em_fail(error, EM_INPUT_ERROR, "the variance of %s is %g; it must be above 0", model->parameters[j].name, var);
    }
    return EM_OK;
}

static em_code check_places(const em_fit_options *options, const em_model *model, em_error *error)
{
    int free = 0;
    for (int j = 0; j < model->n_parameters; j++) {
        const char *name = model->parameters[j].name;
        if (!isnan(options->fix[j]) && options->shared[j])
            return em_fail(error, EM_INPUT_ERROR, "%s can be fixed or shared, not both", name);
        if (options->shared[j] && options->group != EM_GROUP_ESTIMATE)
            return em_fail(error, EM_INPUT_ERROR, "%s is to be shared by all subjects, which is estimated with the group; "
                           "use --group estimate, or --fix to give it a value", name);
        if (options->shared[j] && !options->accelerate)
            return em_fail(error, EM_INPUT_ERROR, "plain EM leaves a parameter without variance where it starts: --shared %s does not go "
                           "with --accelerate none", name);
        free += isnan(options->fix[j]);
    }
    if (free == 0)
        return em_fail(error, EM_INPUT_ERROR, "all parameters are fixed: nothing is left to fit ('emlib loglik' tells the likelihood)");
    return EM_OK;
}

static em_code check_group(const em_fit_options *o, const em_model *model, em_error *error)
{
    if (o->group_from && o->group == EM_GROUP_NONE)
        return em_fail(error, EM_INPUT_ERROR, "--group none uses no group: it does not go with --group-from");
    if (o->group_from && (o->n_covariates || o->n_contrasts || o->n_by || o->full))
        return em_fail(error, EM_INPUT_ERROR, "--group-from takes covariates, conditions and covariances from that fit; leave out "
                       "--covariate, --contrast, --by and --covariance");
    for (int j = 0; j < model->n_parameters && o->group_from; j++)
        if (!isnan(o->mu[j]) || !isnan(o->var[j]) || !isnan(o->fix[j]) || o->shared[j])
            return em_fail(error, EM_INPUT_ERROR, "--group-from takes the whole group from that fit; leave out --mu, --var, --fix and "
                           "--shared");
    if (o->group != EM_GROUP_ESTIMATE && (o->n_covariates || o->full))
        return em_fail(error, EM_INPUT_ERROR, "%s estimated with the group; --group %s estimates none", o->full ? "covariances are" :
                       "effects of covariates are", o->group == EM_GROUP_FIXED ? "fixed" : "none");
    if (o->group != EM_GROUP_ESTIMATE && o->bootstrap)
        return em_fail(error, EM_INPUT_ERROR, "the bootstrap repeats the group's estimation; --group %s estimates none",
                       o->group == EM_GROUP_FIXED ? "fixed" : "none");
    if (o->group == EM_GROUP_NONE && (o->importance || o->quadrature))
        return em_fail(error, EM_INPUT_ERROR, "without a group there is no evidence: --group none does not go with --evidence");
    return EM_OK;
}

static em_code check_evidence(const em_fit_options *o, em_error *error)
{
    if (o->samples && !o->importance)
        return em_fail(error, EM_INPUT_ERROR, "--samples is for importance sampling; add --evidence importance");
    if (o->nodes && !o->quadrature)
        return em_fail(error, EM_INPUT_ERROR, "--nodes is for the quadrature; add --evidence quadrature");
    if (o->samples != 0 && o->samples < 100)
        return em_fail(error, EM_INPUT_ERROR, "importance sampling needs 100 samples or more, not %d (0: the default)", o->samples);
    if (o->nodes < 0 || o->nodes > 200)
        return em_fail(error, EM_INPUT_ERROR, "the quadrature takes 1 to 200 nodes in each dimension, not %d (0: the default)", o->nodes);
    return EM_OK;
}

em_code em_fit_options_check(const em_fit_options *options, const em_model *model, em_error *error)
{
    em_code code = options->group_from ? EM_OK : check_start(options, model, error);
    if (code == EM_OK)
        code = check_places(options, model, error);
    if (code == EM_OK)
        code = check_group(options, model, error);
    if (code != EM_OK)
        return code;
    if (!(options->tol > 0))
        return em_fail(error, EM_INPUT_ERROR, "the tolerance is %g; it must be above 0", options->tol);
    if (options->max_iter < 1 || options->starts < 0 || options->starts > 10000)
        return em_fail(error, EM_INPUT_ERROR, "EM needs at least 1 iteration, and 1 to 10000 starts (0: the default)");
    if (options->options != 0 && (options->options < 2 || options->options > EM_MAX_OPTIONS))
        return em_fail(error, EM_INPUT_ERROR, "the number of options can be 2 to %d, not %d", EM_MAX_OPTIONS, options->options);
    if (options->bootstrap < 0)
        return em_fail(error, EM_INPUT_ERROR, "the number of bootstrap repetitions must not be negative");
    return check_evidence(options, error);
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

static const char *const group_name[] = {"estimate", "fixed", "none"};

/* SHA-256 (hex) of a file's content, "" where it cannot be read: the fit will say so. */
static void hash_of(const char *path, char text[65])
{
    em_hash hash;
    text[0] = '\0';
    if (em_hash_file(path, &hash, NULL) != EM_OK)
        return;
    for (int i = 0; i < 32; i++)
        sprintf(text + 2 * i, "%02x", hash.byte[i]);
}

static json_t *pair_text(const char *first, const char *second, char between)
{
    return second ? json_sprintf("%s%c%s", first, between, second) : json_string(first);
}

/* What is used rarely stands in the text only where it is used. */
static void add_shape(json_t *all, const em_fit_options *o, const em_model *model)
{
    static const char *const contrast_name[] = {"treatment", "sum", "helmert"};
    json_t *list;
    if (o->full)
        json_object_set_new(all, "covariance", json_string("full"));
    if (o->n_covariates) {
        json_object_set_new(all, "covariate", list = json_array());
        for (int i = 0; i < o->n_covariates; i++)
            json_array_append_new(list, pair_text(o->covariate[i].covariate, o->covariate[i].parameter, ':'));
    }
    if (o->n_contrasts) {
        json_object_set_new(all, "contrast", list = json_array());
        for (int i = 0; i < o->n_contrasts; i++) {
            json_t *what = pair_text(contrast_name[o->contrast[i].contrast], o->contrast[i].reference, ':');
            json_array_append_new(list, pair_text(o->contrast[i].covariate, json_string_value(what), '='));
            json_decref(what);
        }
    }
    if (o->n_by) {
        json_object_set_new(all, "by", list = json_array());
        for (int i = 0; i < o->n_by; i++)
            json_array_append_new(list, pair_text(o->by[i].column, o->by[i].parameter, ':'));
    }
    json_t *fix = json_object(), *shared = json_array();
    for (int j = 0; j < model->n_parameters; j++) {
        if (!isnan(o->fix[j]))
            json_object_set_new(fix, model->parameters[j].name, json_real(o->fix[j]));
        if (o->shared[j])
            json_array_append_new(shared, json_string(model->parameters[j].name));
    }
    if (json_object_size(fix))
        json_object_set(all, "fix", fix);
    if (json_array_size(shared))
        json_object_set(all, "shared", shared);
    json_decref(fix);
    json_decref(shared);
}

static void add_rest(json_t *all, const em_fit_options *o)
{
    char hash[65];
    if (o->group_from) {
        hash_of(o->group_from, hash);
        json_object_set_new(all, "group_from", json_pack("{s:s, s:s}", "file", o->group_from, "sha256", hash));
    }
    if (o->subjects) {
        hash_of(o->subjects, hash);
        json_object_set_new(all, "subjects", json_pack("{s:s, s:s}", "file", o->subjects, "sha256", hash));
    }
    if (o->n_exclude) {
        json_t *list = json_array();
        json_object_set_new(all, "exclude", list);
        for (int i = 0; i < o->n_exclude; i++)
            json_array_append_new(list, json_string(o->exclude[i]));
    }
    if (o->importance)
        json_object_set_new(all, "importance_samples", json_integer(em_fit_options_samples(o)));
    if (o->quadrature)
        json_object_set_new(all, "quadrature_nodes", json_integer(o->nodes));
    if (o->bootstrap)
        json_object_set_new(all, "bootstrap", json_integer(o->bootstrap));
}

char *em_fit_options_json(const em_fit_options *options, const em_model *model)
{
    json_t *mu = json_object(), *var = json_object();
    for (int j = 0; j < model->n_parameters; j++) {
        json_object_set_new(mu, model->parameters[j].name, json_real(em_fit_options_mu(options, model, j)));
        json_object_set_new(var, model->parameters[j].name, json_real(em_fit_options_var(options, model, j)));
    }
    json_t *all = json_pack("{s:s, s:o, s:o, s:f, s:i, s:i, s:i, s:I, s:b, s:s}", "group", group_name[options->group], "mu", mu, "var",
                            var, "tol", options->tol, "max_iter", options->max_iter, "starts", options->starts, "options",
                            options->options, "seed", (json_int_t)options->seed, "ignore_block", options->ignore_block, "accelerate", options->accelerate ? "auto" : "none");
    if (!all)
        return NULL;
    add_shape(all, options, model);
    add_rest(all, options);
    char *text = json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(all);
    return text;
}

/* ---- and back ----------------------------------------------------------------------------------------------------- */

/* The texts of a list with commas between; NULL without memory. */
static char *joined(const json_t *list)
{
    size_t i, length = 1;
    json_t *item;
    json_array_foreach(list, i, item)
        length += strlen(json_string_value(item) ? json_string_value(item) : "") + 1;
    char *text = calloc(length, 1);
    json_array_foreach(list, i, item)
        if (text)
            strcat(strcat(text, i ? "," : ""), json_string_value(item) ? json_string_value(item) : "");
    return text;
}

static em_code take_contrasts(const json_t *list, em_fit_options *options, em_fit_shape *store, em_error *error)
{
    const size_t n = json_array_size(list);
    const char **text = em_new(n, sizeof *text, error);
    for (size_t i = 0; text && i < n; i++)
        text[i] = json_string_value(json_array_get(list, i)) ? json_string_value(json_array_get(list, i)) : "";
    em_code code = text ? em_contrast_choices_read(text, (int)n, &store->contrast, error) : EM_MACHINE;
    free(text);
    options->contrast = store->contrast;
    options->n_contrasts = code == EM_OK ? (int)n : 0;
    return code;
}

em_code em_fit_shape_take(const char *json, const em_model *model, em_fit_options *options, em_fit_shape *store, em_error *error)
{
    *store = (em_fit_shape){0};
    json_t *all = json_loads(json, 0, NULL);
    char *covariates = joined(json_object_get(all, "covariate")), *by = joined(json_object_get(all, "by"));
    em_code code = covariates && by ? EM_OK : em_fail(error, EM_MACHINE, "out of memory");
    const char *covariance = json_string_value(json_object_get(all, "covariance"));
    options->full = covariance && strcmp(covariance, "full") == 0;
    for (int j = 0; j < model->n_parameters; j++) {
        const json_t *fix = json_object_get(json_object_get(all, "fix"), model->parameters[j].name);
        options->fix[j] = fix ? json_number_value(fix) : NAN;
        options->shared[j] = false;
    }
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(all, "shared"), i, item) {
        const int j = json_string_value(item) ? em_parameter_index(model, json_string_value(item)) : -1;
        if (j >= 0)
            options->shared[j] = true;
    }
    if (code == EM_OK)
        code = em_covariate_terms_read(covariates, &store->covariate, &options->n_covariates, error);
    if (code == EM_OK)
        code = em_by_read(by, &store->by, &options->n_by, error);
    if (code == EM_OK)
        code = take_contrasts(json_object_get(all, "contrast"), options, store, error);
    options->covariate = store->covariate;
    options->by = store->by;
    free(covariates);
    free(by);
    json_decref(all);
    return code;
}

static void take_start(const json_t *all, const char *key, const em_model *model, double *value)
{
    for (int j = 0; j < model->n_parameters; j++) {
        const json_t *number = json_object_get(json_object_get(all, key), model->parameters[j].name);
        if (json_is_number(number))
            value[j] = json_number_value(number);
    }
}

static int take_int(const json_t *all, const char *key, int otherwise)
{
    const json_t *number = json_object_get(all, key);
    return json_is_integer(number) ? (int)json_integer_value(number) : otherwise;
}

em_code em_fit_options_take(const char *json, const em_model *model, em_fit_options *o, em_fit_shape *store, em_error *error)
{
    *store = (em_fit_shape){0};
    *o = em_fit_defaults();
    json_t *all = json_loads(json, 0, NULL);
    if (!json_is_object(all)) {
        json_decref(all);
        return em_fail(error, EM_INPUT_ERROR, "the options that the fit was made with cannot be read: they are no JSON object");
    }
    const char *group = json_string_value(json_object_get(all, "group"));
    for (int g = 0; g < 3; g++)
        if (group && strcmp(group, group_name[g]) == 0)
            o->group = (em_group)g;
    take_start(all, "mu", model, o->mu);
    take_start(all, "var", model, o->var);
    if (json_is_number(json_object_get(all, "tol")))
        o->tol = json_number_value(json_object_get(all, "tol"));
    if (json_is_integer(json_object_get(all, "seed")))
        o->seed = (uint64_t)json_integer_value(json_object_get(all, "seed"));
    o->max_iter = take_int(all, "max_iter", o->max_iter);
    o->starts = take_int(all, "starts", o->starts);
    o->options = take_int(all, "options", o->options);
    const char *accelerate = json_string_value(json_object_get(all, "accelerate"));
    o->accelerate = !accelerate || strcmp(accelerate, "none") != 0;
    o->ignore_block = json_is_true(json_object_get(all, "ignore_block"));
    o->importance = json_object_get(all, "importance_samples") != NULL;
    o->samples = take_int(all, "importance_samples", 0);
    o->quadrature = json_object_get(all, "quadrature_nodes") != NULL;
    o->nodes = take_int(all, "quadrature_nodes", 0);
    o->bootstrap = take_int(all, "bootstrap", 0);
    json_decref(all);
    return em_fit_shape_take(json, model, o, store, error);
}

void em_fit_shape_free(em_fit_shape *store)
{
    free(store->covariate);
    free(store->contrast);
    free(store->by);
    *store = (em_fit_shape){0};
}

em_code em_by_read(const char *text, em_by **by, int *n, em_error *error)
{
    em_covariate_term *term;
    *by = NULL;
    em_code code = em_covariate_terms_read(text, &term, n, error);
    if (code != EM_OK || *n == 0)
        return code;
    for (int i = 0; i < *n && code == EM_OK; i++)
        if (!term[i].parameter)
            code = em_fail(error, EM_INPUT_ERROR, "'%s' does not say which parameter: write COLUMN:PARAMETER, with commas between several",
                           term[i].covariate);
    em_by *made = (em_by *)(void *)term; /* as large, and the texts stand behind them */
    for (int i = 0; i < *n && code == EM_OK; i++) {
        const em_covariate_term one = term[i];
        made[i] = (em_by){one.covariate, one.parameter};
    }
    *by = made;
    if (code == EM_OK)
        return EM_OK;
    free(term);
    *by = NULL;
    *n = 0;
    return code;
}
