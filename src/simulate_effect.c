#include "simulate_effect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "covariate.h"
#include "error.h"
#include "random.h"
#include "texts.h"

/* ---- what is asked --------------------------------------------------------------------------------------------- */

static int find(const em_effects *e, const char *name)
{
    for (int c = 0; c < e->n_covariates; c++)
        if (strcmp(e->name[c], name) == 0)
            return c;
    return -1;
}

static em_code take_split(em_effects *e, const em_split *split, em_error *error)
{
    char name[EM_SHOWN];
    em_code code = em_covariate_check_name(split->covariate, "--split", error);
    if (code)
        return code;
    em_text_shown(split->covariate, strlen(split->covariate), name);
    if (find(e, split->covariate) >= 0)
        return em_fail(error, EM_INPUT_ERROR, "--split gives %s twice", name);
    if (!*split->level[0] || !*split->level[1] || strcmp(split->level[0], split->level[1]) == 0)
        return em_fail(error, EM_INPUT_ERROR, "--split: the two levels of %s must be two different texts", name);
    e->split[e->n_covariates] = split;
    e->name[e->n_covariates++] = split->covariate;
    return EM_OK;
}

static em_code take_effect(em_effects *e, int i, const em_model *model, em_error *error)
{
    const em_effect *effect = &e->effect[i];
    em_code code = em_covariate_check_name(effect->covariate, "--effect", error);
    if (code)
        return code;
    e->parameter[i] = em_parameter_index(model, effect->parameter);
    if (e->parameter[i] < 0)
        return em_fail(error, EM_INPUT_ERROR, "--effect: model %s has no parameter '%s'; 'emlib models %s' lists them",
                       model->name, effect->parameter, model->name);
    if (!isfinite(effect->size))
        return em_fail(error, EM_INPUT_ERROR, "--effect: the effect of %s on %s must be a finite number",
                       effect->covariate, effect->parameter);
    e->covariate[i] = find(e, effect->covariate);
    for (int k = 0; k < i; k++)
        if (e->covariate[k] == e->covariate[i] && e->parameter[k] == e->parameter[i])
            return em_fail(error, EM_INPUT_ERROR, "--effect gives %s:%s twice", effect->covariate, effect->parameter);
    if (e->covariate[i] < 0) {
        e->covariate[i] = e->n_covariates;
        e->name[e->n_covariates++] = effect->covariate;
    }
    return EM_OK;
}

em_code em_effects_start(em_effects *e, const em_model *model, const em_simulation *sim, em_error *error)
{
    const size_t n = (size_t)sim->n_effects, most = n + (size_t)sim->n_splits;
    *e = (em_effects){.seed = sim->seed, .effect = sim->effect, .n = sim->n_effects};
    e->covariate = em_new(n, sizeof *e->covariate, error);
    e->parameter = em_new(n, sizeof *e->parameter, error);
    e->name = em_new(most, sizeof *e->name, error);
    e->split = em_new(most, sizeof *e->split, error);
    em_code code = e->covariate && e->parameter && e->name && e->split ? EM_OK : EM_MACHINE;
    for (int i = 0; i < sim->n_splits && !code; i++)
        code = take_split(e, &sim->split[i], error);
    for (int i = 0; i < sim->n_effects && !code; i++)
        code = take_effect(e, i, model, error);
    return code;
}

void em_effects_end(em_effects *e)
{
    free(e->covariate);
    free(e->parameter);
    free(e->name);
    free(e->split);
    *e = (em_effects){0};
}

/* ---- drawing --------------------------------------------------------------------------------------------------- */

/* A covariate of a subject has a stream of random numbers of its own. Subjects' own streams are 1 to S, S below 2^40.
 */
static double value_of(const em_effects *e, int c, size_t s)
{
    if (e->split[c])
        return (double)(s % 2);
    em_random random = em_random_start(e->seed, ((uint64_t)c + 1) << 40 | s);
    return em_random_normal(&random);
}

void em_effects_add(const em_effects *e, size_t s, double *mean)
{
    for (int i = 0; i < e->n; i++)
        mean[e->parameter[i]] += e->effect[i].size * value_of(e, e->covariate[i], s);
}

/* ---- storing --------------------------------------------------------------------------------------------------- */

static em_code store_covariate(const em_effects *e, int c, size_t n_subjects, em_covariate *to, em_error *error)
{
    const em_split *split = e->split[c];
    to->name = em_copy(e->name[c], error);
    to->value = em_new(n_subjects, sizeof *to->value, error);
    if (!to->name || !to->value)
        return EM_MACHINE;
    for (size_t s = 0; s < n_subjects; s++)
        to->value[s] = value_of(e, c, s);
    if (!split)
        return EM_OK;
    to->levels_given = true;
    if (!(to->level = em_new(2, sizeof *to->level, error)))
        return EM_MACHINE;
    for (; to->n_levels < 2; to->n_levels++)
        if (!(to->level[to->n_levels] = em_copy(split->level[to->n_levels], error)))
            return EM_MACHINE;
    return EM_OK;
}

static em_code store_truth(const em_effects *e, em_truth *truth, em_error *error)
{
    truth->effect_covariate = em_new((size_t)e->n, sizeof *truth->effect_covariate, error);
    truth->effect_parameter = em_new((size_t)e->n, sizeof *truth->effect_parameter, error);
    truth->effect = em_new((size_t)e->n, sizeof *truth->effect, error);
    if (!truth->effect_covariate || !truth->effect_parameter || !truth->effect)
        return EM_MACHINE;
    for (int i = 0; i < e->n; i++) {
        truth->n_effects++;
        truth->effect[i] = e->effect[i].size;
        truth->effect_covariate[i] = em_copy(e->effect[i].covariate, error);
        truth->effect_parameter[i] = em_copy(e->effect[i].parameter, error);
        if (!truth->effect_covariate[i] || !truth->effect_parameter[i])
            return EM_MACHINE;
    }
    return EM_OK;
}

em_code em_effects_store(const em_effects *e, em_dataset *data, em_error *error)
{
    em_code code = EM_OK;
    if (e->n_covariates == 0)
        return EM_OK;
    if (!(data->covariate = em_new((size_t)e->n_covariates, sizeof *data->covariate, error)))
        return EM_MACHINE;
    for (int c = 0; c < e->n_covariates && !code; c++)
        code = store_covariate(e, c, data->n_subjects, &data->covariate[data->n_covariates++], error);
    return code ? code : store_truth(e, data->truth, error);
}
