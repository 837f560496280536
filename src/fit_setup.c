#include "fit_setup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "linalg.h"
#include "selection.h"
#include "treesum.h"

/* ---- subjects ------------------------------------------------------------------------------------------------------- */

/* Rank 0: everybody's id. */
static em_code read_ids(const em_trials *trials, em_setup *s, em_error *error)
{
    s->n_ids = trials->data->n_subjects;
    return em_trials_read_ids(trials, 0, s->n_ids, &s->id, error);
}

static em_code choose_subjects(em_comm *comm, const em_trials *trials, em_setup *s, em_error *error)
{
    const size_t S = trials->data->n_subjects;
    const em_fit_options *o = &s->options;
    const bool some = o->subjects || o->n_exclude, first = em_comm_rank(comm) == 0;
    em_code code = EM_OK;
    s->n_subjects = S;
    if (first && (some || o->n_covariates)) /* covariates that are missing are told by the subject's id */
        code = read_ids(trials, s, error);
    if (some && code == EM_OK) {
        s->chosen = em_new(S, sizeof *s->chosen, error);
        s->subject = em_new(S, sizeof *s->subject, error);
        code = s->chosen && s->subject ? EM_OK : EM_MACHINE;
    }
    if (some && first && code == EM_OK)
        code = em_selection_make(s->id, S, o->subjects, o->exclude, o->n_exclude, trials->path, s->chosen, error);
    code = em_comm_agree(comm, code, error);
    if (code != EM_OK || !some)
        return code;
    em_comm_share(comm, s->chosen, S * sizeof *s->chosen);
    s->n_subjects = 0;
    for (size_t i = 0; i < S; i++)
        if (s->chosen[i])
            s->subject[s->n_subjects++] = (uint32_t)i;
    return EM_OK;
}

/* ---- parameters ----------------------------------------------------------------------------------------------------- */

static int by_of(const em_setup *s, int parameter)
{
    for (int i = 0; i < s->options.n_by; i++)
        if (strcmp(s->options.by[i].parameter, s->model->parameters[parameter].name) == 0)
            return i;
    return -1;
}

static em_code check_by(const em_setup *s, em_error *error)
{
    const em_fit_options *o = &s->options;
    for (int i = 0; i < o->n_by; i++) {
        if (em_parameter_index(s->model, o->by[i].parameter) < 0)
            return em_fail(error, EM_INPUT_ERROR, "--by %s:%s: model %s has no parameter '%s' ('emlib models %s' tells them)", o->by[i].column,
                           o->by[i].parameter, s->model->name, o->by[i].parameter, s->model->name);
        for (int k = 0; k < i; k++)
            if (strcmp(o->by[i].parameter, o->by[k].parameter) == 0)
                return em_fail(error, EM_INPUT_ERROR, "--by names %s twice; a parameter can depend on one column (make one of both)",
                               o->by[i].parameter);
    }
    if (o->n_by && s->model->numerical)
        return em_fail(error, EM_INPUT_ERROR, "model %s is written in plain C, which has one value a parameter: --by is not for it",
                       s->model->name);
    return EM_OK;
}

static em_code add_parameter(em_setup *s, int parameter, const char *level, uint32_t where, em_error *error)
{
    const char *name = s->model->parameters[parameter].name;
    if (s->view.n == EM_MAX_PARAMETERS)
        return em_fail(error, EM_INPUT_ERROR, "with a value for each condition there are more than %d parameters", EM_MAX_PARAMETERS);
    const size_t length = strlen(name) + (level ? strlen(level) : 0) + 3;
    char *text = em_new(length, 1, error);
    if (!text)
        return EM_MACHINE;
    snprintf(text, length, level ? "%s[%s]" : "%s", name, level);
    s->name[s->view.n] = text;
    s->view.parameter[s->view.n] = parameter;
    s->view.where[s->view.n++] = where;
    return EM_OK;
}

/* A parameter for each level of its column. */
static em_code split_parameter(em_setup *s, int parameter, const em_trials *trials, const char *column, em_error *error)
{
    int weight = 1, c = 0;
    while (strcmp(trials->by[c].name, column) != 0)
        weight *= trials->by[c++].n_levels;
    const em_condition_column *by = &trials->by[c];
    const em_dataset_column *have = em_dataset_find(trials->data, by->name);
    em_code code = EM_OK;
    for (int level = 0; level < by->n_levels && code == EM_OK; level++) {
        char number[40];
        uint32_t where = 0;
        for (int condition = 0; condition < trials->conditions; condition++)
            if (condition / weight % by->n_levels == level)
                where |= (uint32_t)1 << condition;
        snprintf(number, sizeof number, "%.10g", by->level[level]);
        code = add_parameter(s, parameter, have->level ? have->level[level] : number, where, error);
    }
    return code;
}

em_code em_setup_parameters(em_setup *s, em_trials *trials, em_error *error)
{
    em_code code = check_by(s, error);
    for (int i = 0; i < s->options.n_by && code == EM_OK; i++)
        code = em_trials_add_by(trials, s->options.by[i].column, error);
    s->view = (em_view){.model = s->model, .conditions = trials->conditions};
    for (int j = 0; j < s->model->n_parameters && code == EM_OK; j++) {
        const int by = by_of(s, j);
        code = by < 0 ? add_parameter(s, j, NULL, EM_EVERYWHERE, error)
                      : split_parameter(s, j, trials, s->options.by[by].column, error);
    }
    return code;
}

/* ---- the group of another fit ------------------------------------------------------------------------------------------ */

static em_code names_of(const em_fit *fit, char **names, em_error *error)
{
    size_t length = 1;
    for (int j = 0; j < fit->n_parameters; j++)
        length += strlen(fit->parameter[j]) + 1;
    *names = em_new(length, 1, error);
    for (int j = 0; *names && j < fit->n_parameters; j++)
        strcat(strcat(*names, j ? "," : ""), fit->parameter[j]);
    return *names ? EM_OK : EM_MACHINE;
}

/* The file may come from anywhere: no negative variance, and no eigenvalue below 0 but for rounding. */
static bool is_covariance(const em_fit *fit)
{
    const int n = fit->n_parameters;
    double a[EM_MAX_PAIRS];
    for (int i = 0, k = 0; i < n; i++)
        for (int j = 0; j <= i; j++, k++) {
            const double v = fit->var[i], w = fit->var[j], cov = fit->cov[i * n + j];
            if (!(v >= 0) || !isfinite(cov) || (i == j && cov != v) || ((v == 0 || w == 0) && i != j && cov != 0))
                return false;
            a[k] = i == j ? 1 + 1e-9 : v > 0 && w > 0 ? cov / sqrt(v * w) : 0;
        }
    return em_cholesky(n, a, a);
}

/* Rank 0. */
static em_code read_group(em_setup *s, char **json, int size[2], em_error *error)
{
    em_fit *fit = NULL;
    const char *path = s->options.group_from;
    em_code code = em_fit_read(path, &fit, error);
    if (code != EM_OK)
        return code;
    const size_t P = (size_t)fit->n_parameters, C = fit->n_coefficients ? (size_t)fit->n_coefficients : 1;
    if (strcmp(fit->model, s->model->name) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s is a fit of model %s: its group is not one for %s", path, fit->model, s->model->name);
    for (size_t j = 0; j < P && code == EM_OK; j++)
        if (!isfinite(fit->mu[j]) || !isfinite(fit->var[j]))
            code = em_fail(error, EM_INPUT_ERROR, "%s has no group: it was made with --group none", path);
    if (code == EM_OK && !is_covariance(fit))
        code = em_fail(error, EM_INPUT_ERROR, "%s: /group/cov is not a covariance; it is not a sound emlib fit file", path);
    if (code == EM_OK)
        code = names_of(fit, &s->given_names, error);
    if (code == EM_OK) {
        s->given_coefficient = em_new(C * P, sizeof(double), error);
        s->given_cov = em_new(P * P, sizeof(double), error);
        *json = em_copy(fit->options, error);
        code = s->given_coefficient && s->given_cov && *json ? EM_OK : EM_MACHINE;
    }
    if (code == EM_OK) {
        memcpy(s->given_coefficient, fit->n_coefficients ? fit->coefficient : fit->mu, C * P * sizeof(double));
        memcpy(s->given_cov, fit->cov, P * P * sizeof(double));
        size[0] = (int)C;
        size[1] = (int)P;
    }
    em_fit_free(fit);
    return code;
}

/* A block of memory of rank 0 on all ranks. */
static em_code share_block(em_comm *comm, void **block, size_t bytes, em_error *error)
{
    if (em_comm_rank(comm) != 0)
        *block = em_new(bytes, 1, error);
    em_code code = em_comm_agree(comm, *block ? EM_OK : EM_MACHINE, error);
    if (code == EM_OK)
        em_comm_share(comm, *block, bytes);
    return code;
}

static em_code take_group(em_comm *comm, em_setup *s, em_error *error)
{
    char *json = NULL;
    int size[2] = {0, 0};
    const bool first = em_comm_rank(comm) == 0;
    em_code code = em_comm_agree(comm, first ? read_group(s, &json, size, error) : EM_OK, error);
    size_t length[2] = {json ? strlen(json) + 1 : 0, s->given_names ? strlen(s->given_names) + 1 : 0};
    em_comm_share(comm, size, sizeof size);
    em_comm_share(comm, length, sizeof length);
    const size_t C = (size_t)size[0], P = (size_t)size[1];
    if (code == EM_OK)
        code = share_block(comm, (void **)&json, length[0], error);
    if (code == EM_OK)
        code = share_block(comm, (void **)&s->given_names, length[1], error);
    if (code == EM_OK)
        code = share_block(comm, (void **)&s->given_coefficient, C * P * sizeof(double), error);
    if (code == EM_OK)
        code = share_block(comm, (void **)&s->given_cov, P * P * sizeof(double), error);
    if (code == EM_OK)
        code = em_comm_agree(comm, em_fit_shape_take(json, s->model, &s->options, &s->shape, error), error);
    s->given = true;
    s->given_columns = size[0];
    s->options.group = EM_GROUP_FIXED;
    free(json);
    return code;
}

/* The same parameters in the same order? */
static em_code check_given(const em_setup *s, em_error *error)
{
    char names[2000] = "";
    for (int j = 0; j < s->view.n; j++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", j ? "," : "", s->name[j]);
    }
    if (strcmp(names, s->given_names) == 0)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "%s has parameters %s, but for these data they are %s: the conditions differ",
                   s->options.group_from, s->given_names, names);
}

em_code em_setup_begin(em_comm *comm, const em_fit_options *options, const em_model *model, em_trials *trials, em_setup *s,
                       em_error *error)
{
    *s = (em_setup){.model = model, .options = *options};
    em_code code = options->group_from ? take_group(comm, s, error) : EM_OK;
    if (code == EM_OK)
        code = choose_subjects(comm, trials, s, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, em_setup_parameters(s, trials, error), error);
    if (code == EM_OK && s->given)
        code = em_comm_agree(comm, check_given(s, error), error);
    return code;
}

/* ---- the design of the means ------------------------------------------------------------------------------------------- */

/* The columns of parameter j beside the intercept. */
static int columns_of(const em_setup *s, int j, int *column)
{
    int n = 0;
    for (int c = 1; c < s->columns.n_columns; c++)
        if (s->columns.enters[c * s->view.n + j])
            column[n++] = c;
    return n;
}

/* Z'Z/S of a parameter's columns, and its triangle. */
static em_code make_triangle(em_setup *s, int j, const int *column, int n, em_error *error)
{
    const em_design *d = &s->columns;
    double *a = s->triangle[j] = em_new((size_t)(n * (n + 1) / 2), sizeof *a, error);
    if (!a)
        return EM_MACHINE;
    for (size_t i = 0; i < d->n_subjects; i++)
        for (int c = 0, k = 0; c < n; c++)
            for (int o = 0; o <= c; o++, k++)
                a[k] += d->z[i * (size_t)d->n_columns + (size_t)column[c]] * d->z[i * (size_t)d->n_columns + (size_t)column[o]] /
                        (double)s->n_subjects;
    if (!em_cholesky(n, a, a))
        return em_fail(error, EM_INPUT_ERROR, "the covariates of %s cannot be told apart", s->name[j]);
    return EM_OK;
}

static em_code make_slopes(em_comm *comm, em_setup *s, const em_trials *trials, em_error *error)
{
    const em_fit_options *o = &s->options;
    em_code code = em_design_make(trials->data, s->chosen, s->id, o->covariate, o->n_covariates, o->contrast, o->n_contrasts,
                                  (const char *const *)s->name, s->view.n, &s->columns, error);
    for (int j = 0; j < s->view.n && code == EM_OK; j++) {
        int column[EM_MAX_SLOPES + 1];
        s->first_slope[j] = s->design.n_slopes;
        if (s->columns.n_columns > EM_MAX_SLOPES)
            code = em_fail(error, EM_INPUT_ERROR, "the covariates make %d columns; %d is the most", s->columns.n_columns - 1, EM_MAX_SLOPES);
        if (code != EM_OK || s->design.place[j] == EM_FIXED)
            continue;
        const int n = columns_of(s, j, column);
        if (s->design.n_slopes + n > EM_MAX_SLOPES)
            code = em_fail(error, EM_INPUT_ERROR, "the covariates have more than %d effects in all", EM_MAX_SLOPES);
        for (int k = 0; k < n && code == EM_OK; k++)
            s->design.parameter[s->design.n_slopes++] = j;
        if (n > 0 && code == EM_OK)
            code = make_triangle(s, j, column, n, error);
    }
    s->first_slope[s->view.n] = s->design.n_slopes;
    code = em_comm_agree(comm, code, error);
    for (int j = 0; j < s->view.n && code == EM_OK; j++) { /* rank 0's word */
        const size_t n = (size_t)(s->first_slope[j + 1] - s->first_slope[j]);
        if (n)
            em_comm_share(comm, s->triangle[j], n * (n + 1) / 2 * sizeof(double));
    }
    return code;
}

/* L^-1 z of one subject: the values of the slopes' columns. */
static void put_columns(const em_setup *s, size_t subject, double *to, int stride)
{
    const double *z = s->columns.z + subject * (size_t)s->columns.n_columns;
    for (int j = 0; j < s->view.n; j++) {
        int column[EM_MAX_SLOPES + 1];
        const int first = s->first_slope[j], n = s->first_slope[j + 1] - first;
        if (n == 0)
            continue;
        columns_of(s, j, column);
        for (int c = 0; c < n; c++) {
            const double *row = s->triangle[j] + c * (c + 1) / 2;
            double sum = z[column[c]];
            for (int o = 0; o < c; o++)
                sum -= row[o] * to[(first + o) * stride];
            to[(first + c) * stride] = sum / row[c];
        }
    }
}

static em_code pack_slopes(em_setup *s, const em_plan *plan, const em_group_data *groups, size_t n_groups, em_error *error)
{
    const size_t L = (size_t)plan->lanes, n = (size_t)s->design.n_slopes;
    s->design.column = em_new(n_groups * n * L, sizeof(double), error);
    if (!s->design.column)
        return EM_MACHINE;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t l = 0; l < L; l++)
            if (groups[g].member[l] != EM_NOBODY)
                put_columns(s, em_plan_subject(plan, groups[g].member[l]), s->design.column + g * n * L + l, (int)L);
    return EM_OK;
}

/* ---- fixed parameters --------------------------------------------------------------------------------------------------- */

static em_code fix_lane(const em_setup *s, const em_group_data *group, int l, int lanes, double *to, em_error *error)
{
    const em_model *model = s->model;
    double zero[EM_MAX_PARAMETERS] = {0}, natural[EM_MAX_PARAMETERS], x[EM_MAX_PARAMETERS];
    double facts[1 + model->n_facts];
    for (int f = 0; f < model->n_facts; f++)
        facts[f] = group->batch.facts[f * lanes + l];
    model->natural(zero, facts, natural);
    for (int j = 0; j < model->n_parameters; j++)
        natural[j] = isnan(s->options.fix[j]) ? natural[j] : s->options.fix[j];
    model->unconstrained(natural, facts, x);
    for (int i = 0; i < s->view.n; i++) {
        const int j = s->view.parameter[i];
        if (isnan(s->options.fix[j]))
            continue;
        if (!isfinite(x[j]))
            return em_fail(error, EM_INPUT_ERROR, "subject %s: %s cannot be %g: that is outside what its transform, %s, reaches",
                           group->id[l] ? group->id[l] : "?", model->parameters[j].name, s->options.fix[j], model->parameters[j].transform);
        to[i * lanes + l] = x[j];
    }
    return EM_OK;
}

static em_code pack_fixed(em_setup *s, const em_plan *plan, const em_group_data *groups, size_t n_groups, em_error *error)
{
    const size_t L = (size_t)plan->lanes, P = (size_t)s->view.n;
    s->design.fixed = em_new(n_groups * P * L, sizeof(double), error);
    em_code code = s->design.fixed ? EM_OK : EM_MACHINE;
    for (size_t g = 0; g < n_groups && code == EM_OK; g++)
        for (int l = 0; l < plan->lanes && code == EM_OK; l++)
            if (groups[g].member[l] != EM_NOBODY)
                code = fix_lane(s, &groups[g], l, plan->lanes, s->design.fixed + g * P * L, error);
    return code;
}

typedef struct {
    const em_setup *setup;
    const em_group_data *groups;
    size_t first;
    int lanes;
} leaf_of;

static void add_fixed(void *where, size_t group, double *sum)
{
    const leaf_of *w = where;
    const int n = w->setup->view.n;
    const double *fixed = w->setup->design.fixed + (group - w->first) * (size_t)(n * w->lanes);
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int j = 0; j < n; j++)
        for (int l = 0; l < w->lanes; l++)
            if (w->groups[group - w->first].member[l] != EM_NOBODY)
                sum[j] += fixed[j * w->lanes + l];
}

/* The mean over subjects of what is fixed, for which a fact of each subject may matter. */
static em_code mean_of_fixed(em_comm *comm, em_setup *s, const em_plan *plan, const em_group_data *groups, em_error *error)
{
    double sum[EM_MAX_PARAMETERS];
    leaf_of leaf = {s, groups, plan->first[em_comm_rank(comm)], plan->lanes};
    em_code code = em_treesum(comm, plan, s->view.n, add_fixed, &leaf, sum, error);
    for (int j = 0; j < s->view.n; j++)
        if (s->design.place[j] == EM_FIXED)
            s->start.mu[j] = sum[j] / (double)plan->n_subjects;
    return code;
}

/* ---- the start ----------------------------------------------------------------------------------------------------------- */

static void usual_start(em_setup *s)
{
    for (int i = 0; i < s->view.n; i++) {
        const int j = s->view.parameter[i];
        s->start.mu[i] = em_fit_options_mu(&s->options, s->model, j);
        s->start.var[i] = s->design.place[i] == EM_VARIES ? em_fit_options_var(&s->options, s->model, j) : 0;
    }
}

/* The other fit's group in this one's terms: coefficients on raw columns become means and slopes. */
static em_code given_start(em_setup *s, em_error *error)
{
    const int P = s->view.n, C = s->columns.n_columns;
    if (C != s->given_columns)
        return em_fail(error, EM_INPUT_ERROR, "%s has %d coefficients a parameter, but the covariates of these data make %d: their levels "
                       "differ", s->options.group_from, s->given_columns, C);
    for (int j = 0; j < P; j++) {
        int column[EM_MAX_SLOPES + 1];
        double standard[EM_MAX_SLOPES + 1];
        const int first = s->first_slope[j], n = s->first_slope[j + 1] - first;
        columns_of(s, j, column);
        s->start.mu[j] = s->given_coefficient[j];
        for (int c = 0; c < n; c++) {
            const double raw = s->given_coefficient[column[c] * P + j];
            s->start.mu[j] += raw * s->columns.center[column[c]];
            standard[c] = raw * s->columns.scale[column[c]];
        }
        for (int k = 0; k < n; k++) { /* slopes are L' times the coefficients of z */
            s->start.slope[first + k] = 0;
            for (int c = k; c < n; c++)
                s->start.slope[first + k] += s->triangle[j][c * (c + 1) / 2 + k] * standard[c];
        }
        s->start.var[j] = s->given_cov[j * P + j];
        for (int i = 0; i < j; i++)
            *em_group_off(&s->start, j, i) = s->given_cov[j * P + i];
    }
    return EM_OK;
}

em_code em_setup_design(em_comm *comm, const em_trials *trials, const em_plan *plan, const em_group_data *groups, size_t n_groups,
                        em_setup *s, em_error *error)
{
    s->design.n = s->view.n;
    s->design.full = s->options.full;
    bool fixed = false;
    for (int i = 0; i < s->view.n; i++) {
        const int j = s->view.parameter[i];
        s->design.place[i] = !isnan(s->options.fix[j]) ? EM_FIXED : s->options.shared[j] ? EM_SHARED : EM_VARIES;
        fixed = fixed || s->design.place[i] == EM_FIXED;
    }
    em_code code = make_slopes(comm, s, trials, error);
    if (code == EM_OK && s->design.n_slopes)
        code = em_comm_agree(comm, pack_slopes(s, plan, groups, n_groups, error), error);
    if (code == EM_OK && fixed)
        code = em_comm_agree(comm, pack_fixed(s, plan, groups, n_groups, error), error);
    if (code == EM_OK && s->given)
        code = em_comm_agree(comm, given_start(s, error), error);
    else if (code == EM_OK)
        usual_start(s);
    if (code == EM_OK && fixed)
        code = mean_of_fixed(comm, s, plan, groups, error);
    if (code == EM_OK)
        em_comm_share(comm, &s->start, sizeof s->start);
    return code;
}

void em_setup_free(em_setup *s)
{
    for (int j = 0; j < EM_MAX_PARAMETERS; j++) {
        free(s->name[j]);
        free(s->triangle[j]);
    }
    for (size_t i = 0; s->id && i < s->n_ids; i++)
        free(s->id[i]);
    free(s->id);
    free(s->chosen);
    free(s->subject);
    free(s->given_coefficient);
    free(s->given_cov);
    free(s->given_names);
    em_design_free(&s->columns);
    em_group_design_free(&s->design);
    em_fit_shape_free(&s->shape);
    *s = (em_setup){0};
}

/* ---- coefficients ---------------------------------------------------------------------------------------------------------- */

int em_setup_coefficients(const em_setup *s, int j, bool standard, double *t, int *column)
{
    const int n = s->first_slope[j + 1] - s->first_slope[j], C = n + 1;
    const double *l = s->triangle[j];
    column[0] = 0;
    columns_of(s, j, column + 1);
    memset(t, 0, (size_t)(C * C) * sizeof *t);
    t[0] = 1;
    for (int k = 0; k < n; k++) /* column k of L'^-1: back substitution */
        for (int c = k; c >= 0; c--) {
            double sum = c == k;
            for (int o = c + 1; o <= k; o++)
                sum -= l[o * (o + 1) / 2 + c] * t[(o + 1) * C + k + 1];
            t[(c + 1) * C + k + 1] = sum / l[c * (c + 1) / 2 + c];
        }
    for (int c = 1; c < C && !standard; c++)
        for (int k = 1; k < C; k++) {
            t[c * C + k] /= s->columns.scale[column[c]];
            t[k] -= t[c * C + k] * s->columns.center[column[c]];
        }
    return C;
}

void em_setup_raw_coefficients(const em_setup *s, const em_group_values *group, double *to)
{
    const int P = s->view.n;
    memset(to, 0, (size_t)(s->columns.n_columns * P) * sizeof *to);
    for (int j = 0; j < P; j++) {
        const int first = s->first_slope[j], n = s->first_slope[j + 1] - first + 1;
        double t[n * n];
        int column[EM_MAX_SLOPES + 1];
        em_setup_coefficients(s, j, false, t, column);
        for (int c = 0; c < n; c++) {
            double *sum = to + column[c] * P + j;
            *sum = t[c * n] * group->mu[j];
            for (int k = 1; k < n; k++)
                *sum += t[c * n + k] * group->slope[first + k - 1];
        }
    }
}
