#include "design.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "covariate.h"
#include "error.h"
#include "texts.h"

/* A covariate that is used, and its columns in the design. */
typedef struct source {
    const em_covariate *covariate;
    em_contrast contrast;
    int reference;   /* level without a column of its own; of treatment and sum */
    int first, n;    /* columns */
    uint8_t *enters; /* [P] */
} source;

/* The design while it is made. */
typedef struct making {
    const em_dataset *data;
    const bool *chosen;
    char *const *id;
    const char *const *parameter;
    source *source; /* [n_sources] in the order in which terms name them */
    int n_sources;
    size_t n_chosen;
    em_design *design;
    em_error *error;
} making;

static bool is_chosen(const making *m, size_t s) { return !m->chosen || m->chosen[s]; }

/* A subject for a message. */
static const char *who(const making *m, size_t s, char text[EM_SHOWN])
{
    if (m->id)
        return em_text_shown(m->id[s], strlen(m->id[s]), text);
    snprintf(text, EM_SHOWN, "number %zu", s + 1);
    return text;
}

static const char *shown(const char *text, char out[EM_SHOWN]) { return em_text_shown(text, strlen(text), out); }

/* ---- terms ----------------------------------------------------------------------------------------------------- */

static em_code no_covariate(const making *m, const char *name)
{
    char list[EM_LISTED], text[EM_SHOWN];
    if (m->data->n_covariates == 0)
        return em_fail(m->error, EM_INPUT_ERROR,
                       "there is no covariate '%s': the dataset has none; make it again with 'emlib import TRIALS.csv "
                       "--covariates SUBJECTS.csv'",
                       shown(name, text));
    return em_fail(m->error, EM_INPUT_ERROR, "there is no covariate '%s'; the dataset has: %s", shown(name, text),
                   em_covariate_list(m->data, list));
}

/* Whether a term means this parameter: its name, or what stands before its condition. */
static bool means(const char *term, const char *parameter)
{
    const size_t n = strlen(term);
    return n > 0 && strncmp(term, parameter, n) == 0 && (parameter[n] == '\0' || parameter[n] == '[');
}

static em_code mark_parameters(const making *m, const char *name, uint8_t *enters)
{
    bool any = false;
    for (int j = 0; j < m->design->n_parameters; j++)
        if (!name || means(name, m->parameter[j])) {
            enters[j] = 1;
            any = true;
        }
    if (any)
        return EM_OK;
    char list[EM_LISTED] = "", text[EM_SHOWN];
    for (int j = 0; j < m->design->n_parameters; j++)
        em_text_list(list, m->parameter[j]);
    return em_fail(m->error, EM_INPUT_ERROR,
                   "a covariate is given for the parameter '%s', which there is not; the parameters are: %s",
                   shown(name, text), list);
}

static source *find_source(const making *m, const char *name)
{
    for (int i = 0; i < m->n_sources; i++)
        if (strcmp(m->source[i].covariate->name, name) == 0)
            return &m->source[i];
    return NULL;
}

static em_code take_term(making *m, const em_covariate_term *term)
{
    source *s = find_source(m, term->covariate);
    if (!s) {
        const em_covariate *covariate = em_dataset_covariate(m->data, term->covariate);
        if (!covariate)
            return no_covariate(m, term->covariate);
        s = &m->source[m->n_sources++];
        *s = (source){.covariate = covariate};
        if (!(s->enters = em_new((size_t)m->design->n_parameters, sizeof *s->enters, m->error)))
            return EM_MACHINE;
    }
    return mark_parameters(m, term->parameter, s->enters);
}

static em_code find_reference(const making *m, source *s, const char *level)
{
    const em_covariate *covariate = s->covariate;
    char list[EM_LISTED] = "", name[EM_SHOWN], text[EM_SHOWN];
    for (int i = 0; i < covariate->n_levels; i++) {
        if (strcmp(covariate->level[i], level) == 0) {
            s->reference = i;
            return EM_OK;
        }
        em_text_list(list, covariate->level[i]);
    }
    return em_fail(m->error, EM_INPUT_ERROR, "contrast of covariate '%s': there is no level '%s'; its levels are: %s",
                   shown(covariate->name, name), shown(level, text), list);
}

/* given [n_sources]: this covariate has its contrast already. */
static em_code take_contrast(const making *m, const em_contrast_choice *choice, bool *given)
{
    char name[EM_SHOWN];
    source *s = find_source(m, choice->covariate);
    shown(choice->covariate, name);
    if (!s && !em_dataset_covariate(m->data, choice->covariate))
        return no_covariate(m, choice->covariate);
    if (!s)
        return em_fail(
            m->error, EM_INPUT_ERROR,
            "a contrast is given for '%s', which is not among the covariates of this fit; name it there, too", name);
    if (!s->covariate->level)
        return em_fail(m->error, EM_INPUT_ERROR,
                       "a contrast is given for covariate '%s', which holds numbers; to have it as levels, import it "
                       "with --levels %s=...",
                       name, name);
    if (given[s - m->source])
        return em_fail(m->error, EM_INPUT_ERROR, "covariate '%s' is given two contrasts", name);
    given[s - m->source] = true;
    s->contrast = choice->contrast;
    s->reference = choice->contrast == EM_SUM ? s->covariate->n_levels - 1 : 0;
    if (!choice->reference)
        return EM_OK;
    if (choice->contrast == EM_HELMERT)
        return em_fail(m->error, EM_INPUT_ERROR, "the Helmert contrast of covariate '%s' has no reference level", name);
    return find_reference(m, s, choice->reference);
}

/* ---- what the chosen subjects have ----------------------------------------------------------------------------- */

static em_code check_values(const making *m, const source *s)
{
    char list[EM_LISTED] = "", name[EM_SHOWN], text[EM_SHOWN];
    size_t missing = 0;
    shown(s->covariate->name, name);
    for (size_t i = 0; i < m->data->n_subjects; i++) {
        const double value = s->covariate->value[i];
        if (!is_chosen(m, i) || isfinite(value))
            continue;
        if (!isnan(value))
            return em_fail(m->error, EM_INPUT_ERROR, "covariate '%s' of subject %s is not finite", name,
                           who(m, i, text));
        missing++;
        em_text_list(list, who(m, i, text));
    }
    if (missing == 0)
        return EM_OK;
    return em_fail(m->error, EM_INPUT_ERROR,
                   "covariate '%s' has no value for %zu of the %zu subjects: %s; leave them out (--exclude) or import "
                   "their values",
                   name, missing, m->n_chosen, list);
}

/* All levels of a text must be there, and more than one. */
static em_code check_levels(const making *m, const source *s)
{
    const em_covariate *covariate = s->covariate;
    char list[EM_LISTED] = "", name[EM_SHOWN], text[EM_SHOWN];
    int seen = 0, last = 0, absent = 0;
    bool *there = em_new((size_t)covariate->n_levels, sizeof *there, m->error);
    if (!there)
        return EM_MACHINE;
    for (size_t i = 0; i < m->data->n_subjects; i++)
        if (is_chosen(m, i))
            there[(int)covariate->value[i]] = true;
    for (int l = 0; l < covariate->n_levels; l++) {
        seen += there[l];
        last = there[l] ? l : last;
        if (!there[l]) {
            absent++;
            em_text_list(list, covariate->level[l]);
        }
    }
    free(there);
    shown(covariate->name, name);
    if (seen == 1)
        return em_fail(m->error, EM_INPUT_ERROR,
                       "covariate '%s' is '%s' for all %zu subjects, so it has no effect to estimate; leave it out or "
                       "choose other subjects",
                       name, shown(covariate->level[last], text), m->n_chosen);
    if (absent > 0)
        return em_fail(
            m->error, EM_INPUT_ERROR,
            "covariate '%s': none of the %zu subjects has the level%s %s; import the data with --levels that name "
            "only what is there, or choose other subjects",
            name, m->n_chosen, absent == 1 ? "" : "s", list);
    return EM_OK;
}

static em_code check_source(const making *m, const source *s)
{
    em_code code = check_values(m, s);
    return code || !s->covariate->level ? code : check_levels(m, s);
}

/* ---- columns --------------------------------------------------------------------------------------------------- */

/* The level that column k of a covariate of texts stands for. */
static int level_of(const source *s, int k) { return s->contrast == EM_HELMERT ? k + 1 : k < s->reference ? k : k + 1; }

/* What a subject with this value has in column k before it is standardised. A Helmert coefficient is the level's
 * difference to the mean of the l levels before it: l/(l+1) against -1/(l+1), contr.helmert of R divided by l + 1. */
static double raw_value(const source *s, int k, double value)
{
    if (!s->covariate->level)
        return value;
    const int code = (int)value, level = level_of(s, k);
    switch (s->contrast) {
    case EM_TREATMENT: return code == level;
    case EM_SUM: return code == level ? 1 : code == s->reference ? -1 : 0;
    case EM_HELMERT: return code == level ? level / (level + 1.0) : code < level ? -1 / (level + 1.0) : 0;
    }
    return NAN;
}

static char *column_name(const making *m, const source *s, int k)
{
    static const char *const kind[] = {[EM_TREATMENT] = "", [EM_SUM] = "sum:", [EM_HELMERT] = "helmert:"};
    const char *name = s->covariate->name;
    if (!s->covariate->level)
        return em_copy(name, m->error);
    const char *level = s->covariate->level[level_of(s, k)];
    const size_t size = strlen(name) + strlen(level) + sizeof "[helmert:]";
    char *made = em_new(size, 1, m->error);
    if (made)
        snprintf(made, size, "%s[%s%s]", name, kind[s->contrast], level);
    return made;
}

/* Center and scale of column k from the chosen subjects' numbers x [n_chosen]. Numbers that differ by less than
 * rounding are one number. */
static em_code measure(const making *m, const double *x, int k)
{
    em_design *d = m->design;
    char name[EM_SHOWN];
    double least, most;
    gsl_stats_minmax(&least, &most, x, 1, m->n_chosen);
    d->center[k] = d->raw_mean[k] = gsl_stats_mean(x, 1, m->n_chosen);
    d->scale[k] = gsl_stats_sd_m(x, 1, m->n_chosen, d->center[k]);
    shown(d->name[k], name);
    if (most - least <= 1e-12 * fmax(fabs(least), fabs(most)))
        return em_fail(m->error, EM_INPUT_ERROR,
                       "covariate '%s' is %.10g for all %zu subjects, so it has no effect to estimate; leave it out or "
                       "choose other subjects",
                       name, least, m->n_chosen);
    if (!isfinite(d->center[k]) || !isnormal(d->scale[k]))
        return em_fail(
            m->error, EM_INPUT_ERROR,
            "covariate '%s' goes from %g to %g, too far or not far enough to compute with; give it another unit", name,
            least, most);
    return EM_OK;
}

/* Fills column k of the design with column k - first of its covariate, standardised. x [n_chosen] is room for work. */
static em_code make_column(const making *m, const source *s, int k, double *x)
{
    const em_design *d = m->design;
    const size_t C = (size_t)d->n_columns;
    size_t n = 0;
    for (size_t i = 0; i < d->n_subjects; i++)
        if (is_chosen(m, i))
            x[n++] = raw_value(s, k - s->first, s->covariate->value[i]);
    em_code code = measure(m, x, k);
    n = 0;
    for (size_t i = 0; i < d->n_subjects && !code; i++)
        if (is_chosen(m, i))
            d->z[i * C + (size_t)k] = (x[n++] - d->center[k]) / d->scale[k];
    return code;
}

static em_code make_columns(const making *m, const source *s)
{
    em_design *d = m->design;
    const size_t P = (size_t)d->n_parameters;
    double *x = em_new(m->n_chosen, sizeof *x, m->error);
    em_code code = x ? EM_OK : EM_MACHINE;
    for (int k = s->first; k < s->first + s->n && !code; k++) {
        memcpy(d->enters + (size_t)k * P, s->enters, P);
        d->name[k] = column_name(m, s, k - s->first);
        code = d->name[k] ? make_column(m, s, k, x) : EM_MACHINE;
    }
    free(x);
    return code;
}

static em_code make_intercept(const making *m)
{
    em_design *d = m->design;
    d->scale[0] = d->raw_mean[0] = 1;
    memset(d->enters, 1, (size_t)d->n_parameters);
    for (size_t i = 0; i < d->n_subjects; i++)
        d->z[i * (size_t)d->n_columns] = is_chosen(m, i);
    d->name[0] = em_copy("(Intercept)", m->error);
    return d->name[0] ? EM_OK : EM_MACHINE;
}

/* ---- collinearity ---------------------------------------------------------------------------------------------- */

/* Column `rank` of the triangle R follows from those before it: says from which. */
static em_code collinear(const making *m, int j, const gsl_matrix *r, const gsl_permutation *order, const int *column,
                         size_t rank)
{
    char list[EM_LISTED] = "", parameter[EM_SHOWN], name[EM_SHOWN];
    double *weight = em_new(rank, sizeof *weight, m->error);
    if (!weight)
        return EM_MACHINE;
    for (size_t i = rank; i-- > 0;) {
        double sum = gsl_matrix_get(r, i, rank);
        for (size_t l = i + 1; l < rank; l++)
            sum -= gsl_matrix_get(r, i, l) * weight[l];
        weight[i] = sum / gsl_matrix_get(r, i, i);
    }
    for (size_t i = 0; i < rank; i++)
        if (fabs(weight[i]) > 1e-6)
            em_text_list(list, m->design->name[column[gsl_permutation_get(order, i)]]);
    free(weight);
    return em_fail(m->error, EM_INPUT_ERROR,
                   "parameter %s: among these %zu subjects the covariate '%s' follows from: %s; their effects cannot "
                   "be told apart, so leave one of them out",
                   shown(m->parameter[j], parameter), m->n_chosen,
                   shown(m->design->name[column[gsl_permutation_get(order, rank)]], name), list);
}

/* Standardised columns are orthogonal to the intercept, which needs no place here. */
static em_code check_columns(const making *m, int j, const int *column, size_t n)
{
    const em_design *d = m->design;
    const double tolerance = 1e-8;
    gsl_matrix *a = gsl_matrix_alloc(m->n_chosen, n);
    gsl_vector *tau = gsl_vector_alloc(n), *norm = gsl_vector_alloc(n);
    gsl_permutation *order = gsl_permutation_alloc(n);
    int sign;
    em_code code = EM_OK;
    if (!a || !tau || !norm || !order)
        code = em_fail(m->error, EM_MACHINE, "out of memory: %zu subjects and %zu columns of a design matrix",
                       m->n_chosen, n);
    for (size_t i = 0, row = 0; i < d->n_subjects && !code; i++)
        if (is_chosen(m, i)) {
            for (size_t k = 0; k < n; k++)
                gsl_matrix_set(a, row, k, d->z[i * (size_t)d->n_columns + (size_t)column[k]]);
            row++;
        }
    if (!code && gsl_linalg_QRPT_decomp(a, tau, order, &sign, norm) != 0)
        code = em_fail(m->error, EM_MACHINE, "the QR decomposition of the design matrix failed");
    for (size_t k = 0; k < n && !code; k++)
        if (fabs(gsl_matrix_get(a, k, k)) <= tolerance * fabs(gsl_matrix_get(a, 0, 0)))
            code = collinear(m, j, a, order, column, k);
    gsl_matrix_free(a);
    gsl_vector_free(tau);
    gsl_vector_free(norm);
    gsl_permutation_free(order);
    return code;
}

static bool enter_alike(const em_design *d, int j, int other)
{
    const size_t P = (size_t)d->n_parameters;
    bool alike = true;
    for (size_t k = 0; k < (size_t)d->n_columns; k++)
        alike = alike && d->enters[k * P + (size_t)j] == d->enters[k * P + (size_t)other];
    return alike;
}

static em_code check_parameter(const making *m, int j)
{
    const em_design *d = m->design;
    for (int other = 0; other < j; other++)
        if (enter_alike(d, j, other))
            return EM_OK;
    int *column = em_new((size_t)d->n_columns, sizeof *column, m->error), n = 0;
    if (!column)
        return EM_MACHINE;
    for (int k = 1; k < d->n_columns; k++)
        if (d->enters[k * d->n_parameters + j])
            column[n++] = k;
    em_code code = n > 0 ? check_columns(m, j, column, (size_t)n) : EM_OK;
    free(column);
    return code;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static em_code make_room(em_design *d, em_error *error)
{
    const size_t S = d->n_subjects, C = (size_t)d->n_columns, P = (size_t)d->n_parameters;
    size_t cells;
    if (__builtin_mul_overflow(S, C, &cells))
        return em_fail(error, EM_MACHINE, "out of memory: a design matrix of %zu subjects and %zu columns", S, C);
    d->name = em_new(C, sizeof *d->name, error);
    d->center = em_new(C, sizeof *d->center, error);
    d->scale = em_new(C, sizeof *d->scale, error);
    d->raw_mean = em_new(C, sizeof *d->raw_mean, error);
    d->enters = em_new(C * P, sizeof *d->enters, error);
    d->z = em_new(cells, sizeof *d->z, error);
    return d->name && d->center && d->scale && d->raw_mean && d->enters && d->z ? EM_OK : EM_MACHINE;
}

static em_code read_request(making *m, const em_covariate_term *terms, int n_terms, const em_contrast_choice *contrasts,
                            int n_contrasts)
{
    em_code code = EM_OK;
    for (int i = 0; i < n_terms && !code; i++)
        code = take_term(m, &terms[i]);
    bool *given = em_new((size_t)m->n_sources, sizeof *given, m->error);
    if (!given)
        return EM_MACHINE;
    for (int i = 0; i < n_contrasts && !code; i++)
        code = take_contrast(m, &contrasts[i], given);
    free(given);
    return code;
}

static em_code too_few(const making *m, int j, int columns)
{
    char name[EM_SHOWN];
    return em_fail(
        m->error, EM_INPUT_ERROR,
        "parameter %s has %d coefficients with its covariates, which takes at least %d subjects, but there are %zu; "
        "use fewer covariates or more subjects",
        shown(m->parameter[j], name), columns, columns + 1, m->n_chosen);
}

/* Also keeps a text with a level for every subject from becoming a huge matrix. */
static em_code check_numbers(const making *m)
{
    for (int j = 0; j < m->design->n_parameters; j++) {
        int n = 1;
        for (int i = 0; i < m->n_sources; i++)
            n += m->source[i].enters[j] ? m->source[i].n : 0;
        if (n > 1 && m->n_chosen < (size_t)n + 1)
            return too_few(m, j, n);
    }
    return EM_OK;
}

/* Numbers the columns and makes them. */
static em_code make(making *m)
{
    em_design *d = m->design;
    em_code code = EM_OK;
    d->n_columns = 1;
    for (int i = 0; i < m->n_sources && !code; i++) {
        source *s = &m->source[i];
        code = check_source(m, s);
        s->first = d->n_columns;
        s->n = s->covariate->level ? s->covariate->n_levels - 1 : 1;
        d->n_columns += s->n;
    }
    if (!code)
        code = check_numbers(m);
    if (!code)
        code = make_room(d, m->error);
    if (!code)
        code = make_intercept(m);
    for (int i = 0; i < m->n_sources && !code; i++)
        code = make_columns(m, &m->source[i]);
    for (int j = 0; j < d->n_parameters && !code; j++)
        code = check_parameter(m, j);
    return code;
}

em_code em_design_make(const em_dataset *data, const bool *chosen, char *const *id, const em_covariate_term *terms,
                       int n_terms, const em_contrast_choice *contrasts, int n_contrasts, const char *const *parameter,
                       int n_parameters, em_design *design, em_error *error)
{
    *design = (em_design){.n_subjects = data->n_subjects, .n_parameters = n_parameters};
    making m = {.data = data, .chosen = chosen, .id = id, .parameter = parameter, .design = design, .error = error};
    for (size_t s = 0; s < data->n_subjects; s++)
        m.n_chosen += is_chosen(&m, s);
    m.source = em_new((size_t)n_terms, sizeof *m.source, error);
    em_code code = m.source ? read_request(&m, terms, n_terms, contrasts, n_contrasts) : EM_MACHINE;
    if (!code)
        code = make(&m);
    for (int i = 0; m.source && i < m.n_sources; i++)
        free(m.source[i].enters);
    free(m.source);
    if (code)
        em_design_free(design);
    return code;
}

void em_design_free(em_design *d)
{
    if (!d)
        return;
    for (int k = 0; d->name && k < d->n_columns; k++)
        free(d->name[k]);
    free(d->name);
    free(d->center);
    free(d->scale);
    free(d->raw_mean);
    free(d->enters);
    free(d->z);
    *d = (em_design){0};
}

/* ---- raw coefficients ------------------------------------------------------------------------------------------ */

void em_design_to_raw(const em_design *d, const double *beta_standard, double *beta_raw)
{
    const size_t C = (size_t)d->n_columns, P = (size_t)d->n_parameters;
    for (size_t j = 0; j < P; j++) {
        double intercept = beta_standard[j];
        for (size_t k = 1; k < C; k++) {
            const double slope = d->enters[k * P + j] ? beta_standard[k * P + j] / d->scale[k] : 0;
            intercept -= slope * d->center[k];
            beta_raw[k * P + j] = slope;
        }
        beta_raw[j] = intercept;
    }
}

void em_design_raw_matrix(const em_design *d, double *t)
{
    const size_t C = (size_t)d->n_columns;
    memset(t, 0, C * C * sizeof *t);
    t[0] = 1;
    for (size_t k = 1; k < C; k++) {
        t[k] = -d->center[k] / d->scale[k];
        t[k * C + k] = 1 / d->scale[k];
    }
}
