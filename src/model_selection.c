/* Which model do how many people follow? Random-effects model selection from everybody's evidence. */
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum {
    PLAIN = 20, /* iterations before Newton's steps are tried */
    MOST = 10000
};
static const double tolerance = 1e-11; /* of the distance to the fixed point, in units of sum(alpha) */
static const double least_prior = 1e-4, most_prior = 1e6;

/* The iteration alpha -> next(alpha), whose free energy never falls. With models that are hardly told apart and many
 * subjects it needs thousands of steps, and Newton's method for its fixed point a few; a step of Newton's is taken only
 * where it raises the free energy at least as much. */
typedef struct search {
    em_selection *to;
    const double *evidence;       /* [S,K] */
    double *log_weight;           /* [K] psi(alpha_k) - psi(sum(alpha)) */
    double *next, *after, *trial; /* [K] */
    gsl_matrix *matrix;           /* [K,K] derivative of alpha - next(alpha) */
    gsl_vector *step;             /* [K] */
    gsl_permutation *order;
} search;

/* ---- free energies --------------------------------------------------------------------------------------------- */

/* Kullback-Leibler divergence of the Dirichlet distribution `alpha` from `prior`. */
static double divergence(const double *alpha, const double *prior, const double *log_weight, int n)
{
    double sum = 0, prior_sum = 0, total = 0;
    for (int k = 0; k < n; k++) {
        sum += alpha[k];
        prior_sum += prior[k];
        total += gsl_sf_lngamma(prior[k]) - gsl_sf_lngamma(alpha[k]) + (alpha[k] - prior[k]) * log_weight[k];
    }
    return total + gsl_sf_lngamma(sum) - gsl_sf_lngamma(prior_sum);
}

static double highest(const double *value, int n)
{
    double most = value[0];
    for (int k = 1; k < n; k++)
        most = fmax(most, value[k]);
    return most;
}

/* One subject's share: g [n] out, the posterior of the models; returns log sum(exp(evidence + log_weight)), less the
 * subject's highest evidence. */
static double share(const double *evidence, const double *log_weight, int n, double *g)
{
    const double best = highest(evidence, n);
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < n; k++)
        most = fmax(most, g[k] = evidence[k] - best + log_weight[k]);
    for (int k = 0; k < n; k++)
        sum += g[k] = exp(g[k] - most);
    for (int k = 0; k < n; k++)
        g[k] /= sum;
    return most + log(sum);
}

/* Adds one subject's part of the derivative of -next: -(g_i [i = j] - g_i g_j) psi'(alpha_j), the last factor still
 * missing. */
static void add_derivative(gsl_matrix *matrix, const double *g, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            *gsl_matrix_ptr(matrix, (size_t)i, (size_t)j) -= g[i] * ((i == j) - g[j]);
}

/* next [K] out and, where wanted, the matrix, at alpha. Returns the free energy less the sum of everybody's highest
 * evidence, so that it is as exact for large evidences as for small ones. Leaves the posterior in the selection. */
static double sweep(const search *s, const double *alpha, double *next, bool derivative)
{
    const int n = s->to->n_models;
    double sum = 0, energy = 0;
    for (int k = 0; k < n; k++)
        sum += alpha[k];
    for (int k = 0; k < n; k++)
        s->log_weight[k] = gsl_sf_psi(alpha[k]) - gsl_sf_psi(sum);
    if (derivative)
        gsl_matrix_set_zero(s->matrix);
    memcpy(next, s->to->prior, (size_t)n * sizeof *next);
    for (size_t i = 0; i < s->to->n_subjects; i++) {
        double *g = s->to->posterior + i * (size_t)n;
        energy += share(s->evidence + i * (size_t)n, s->log_weight, n, g);
        for (int k = 0; k < n; k++)
            next[k] += g[k];
        if (derivative)
            add_derivative(s->matrix, g, n);
    }
    for (int j = 0; j < n && derivative; j++) {
        for (int i = 0; i < n; i++)
            *gsl_matrix_ptr(s->matrix, (size_t)i, (size_t)j) *= gsl_sf_psi_1(alpha[j]);
        *gsl_matrix_ptr(s->matrix, (size_t)j, (size_t)j) += 1;
    }
    return energy - divergence(alpha, s->to->prior, s->log_weight, n);
}

/* The same with every frequency at its prior mean. */
static double null_energy(const search *s)
{
    const int n = s->to->n_models;
    double sum = 0, energy = 0;
    for (int k = 0; k < n; k++)
        sum += s->to->prior[k];
    for (int k = 0; k < n; k++)
        s->log_weight[k] = log(s->to->prior[k] / sum);
    for (size_t i = 0; i < s->to->n_subjects; i++)
        energy += share(s->evidence + i * (size_t)n, s->log_weight, n, s->trial);
    return energy;
}

/* ---- the search ------------------------------------------------------------------------------------------------ */

/* Newton's step from alpha, by the matrix of the last sweep, into s->trial; its longest part, or that of the plain step
 * where there is no such step. */
static double newton(const search *s, const double *alpha, bool *usable)
{
    const int n = s->to->n_models;
    int sign;
    double plain = 0, longest = 0;
    for (int k = 0; k < n; k++) {
        gsl_vector_set(s->step, (size_t)k, s->next[k] - alpha[k]);
        plain = fmax(plain, fabs(s->next[k] - alpha[k]));
    }
    gsl_linalg_LU_decomp(s->matrix, s->order, &sign);
    *usable = true;
    for (int k = 0; k < n; k++)
        *usable = *usable && fabs(gsl_matrix_get(s->matrix, (size_t)k, (size_t)k)) > 1e-12;
    if (*usable)
        gsl_linalg_LU_svx(s->matrix, s->order, s->step);
    for (int k = 0; k < n && *usable; k++) {
        const double step = gsl_vector_get(s->step, (size_t)k);
        longest = fmax(longest, fabs(step));
        s->trial[k] = alpha[k] + step;
    }
    for (int k = 0; k < n && *usable; k++)
        *usable = s->trial[k] >= s->to->prior[k];
    return fmax(plain, longest);
}

/* From alpha = prior to the fixed point; false where that is not reached. */
static bool run(search *s, double *energy)
{
    em_selection *to = s->to;
    const size_t size = (size_t)to->n_models * sizeof *to->alpha;
    double sum = 0;
    for (int k = 0; k < to->n_models; k++)
        sum += to->prior[k];
    memcpy(to->alpha, to->prior, size);
    for (to->iterations = 1; to->iterations <= MOST; to->iterations++) {
        bool usable;
        sweep(s, to->alpha, s->next, true);
        double distance = newton(s, to->alpha, &usable);
        if (distance <= tolerance * (sum + (double)to->n_subjects)) {
            memcpy(to->alpha, s->next, size);
            *energy = sweep(s, to->alpha, s->next, false);
            return true;
        }
        if (to->iterations > PLAIN && usable &&
            sweep(s, s->trial, s->after, false) >= sweep(s, s->next, s->after, false))
            memcpy(to->alpha, s->trial, size);
        else
            memcpy(to->alpha, s->next, size);
    }
    return false;
}

/* ---- a selection ----------------------------------------------------------------------------------------------- */

void em_selection_free(em_selection *selection)
{
    if (!selection)
        return;
    free(selection->prior);
    free(selection->alpha);
    free(selection->expected_frequency);
    free(selection->exceedance);
    free(selection->protected_exceedance);
    free(selection->posterior);
    free(selection);
}

static em_selection *new_selection(size_t n_subjects, int n_models, em_error *error)
{
    const size_t n = (size_t)n_models;
    em_selection *to = em_new(1, sizeof *to, error);
    if (!to)
        return NULL;
    to->n_subjects = n_subjects;
    to->n_models = n_models;
    if ((to->prior = em_new(n, sizeof(double), error)) && (to->alpha = em_new(n, sizeof(double), error)) &&
        (to->expected_frequency = em_new(n, sizeof(double), error)) &&
        (to->exceedance = em_new(n, sizeof(double), error)) &&
        (to->protected_exceedance = em_new(n, sizeof(double), error)) &&
        (to->posterior = em_new(n_subjects * n, sizeof(double), error)))
        return to;
    em_selection_free(to);
    return NULL;
}

static em_code check(const double *evidence, size_t n_subjects, int n_models, const double *prior, em_error *error)
{
    if (n_models < 1 || n_subjects < 1)
        return em_fail(error, EM_INPUT_ERROR,
                       "a comparison needs a model and a subject, not %d models and %zu subjects", n_models,
                       n_subjects);
    for (int k = 0; k < n_models && prior; k++)
        if (!(prior[k] >= least_prior && prior[k] <= most_prior))
            return em_fail(error, EM_INPUT_ERROR, "the prior count of model %d of %d is %g; give one from %g to %g",
                           k + 1, n_models, prior[k], least_prior, most_prior);
    for (size_t i = 0; i < n_subjects * (size_t)n_models; i++)
        if (!isfinite(evidence[i]))
            return em_fail(
                error, EM_INPUT_ERROR,
                "the log evidence of model %zu for subject %zu is %g; leave out subjects without finite evidence",
                i % (size_t)n_models + 1, i / (size_t)n_models + 1, evidence[i]);
    return EM_OK;
}

/* What follows from alpha and the omnibus risk. */
static em_code conclude(em_selection *to, em_error *error)
{
    double sum = 0;
    for (int k = 0; k < to->n_models; k++)
        sum += to->alpha[k];
    em_code code = em_exceedance(to->alpha, to->n_models, to->exceedance, error);
    for (int k = 0; k < to->n_models; k++) {
        to->expected_frequency[k] = to->alpha[k] / sum;
        to->protected_exceedance[k] = (1 - to->omnibus_risk) * to->exceedance[k] + to->omnibus_risk / to->n_models;
    }
    return code;
}

/* The risk before everybody's highest evidence is added, which may be large. */
static void end_energies(const search *s)
{
    em_selection *to = s->to;
    to->free_energy_null = null_energy(s);
    to->omnibus_risk = 1 / (1 + exp(to->free_energy - to->free_energy_null));
    for (size_t i = 0; i < to->n_subjects; i++) {
        const double best = highest(s->evidence + i * (size_t)to->n_models, to->n_models);
        to->free_energy += best;
        to->free_energy_null += best;
    }
}

/* alpha, posterior and free energies. */
static em_code find(search *s, em_error *error)
{
    em_selection *to = s->to;
    const size_t n = (size_t)to->n_models;
    double *memory = em_new(4 * n, sizeof *memory, error);
    em_code code = memory ? EM_OK : EM_MACHINE;
    s->matrix = gsl_matrix_alloc(n, n);
    s->step = gsl_vector_alloc(n);
    s->order = gsl_permutation_alloc(n);
    if (!code && (!s->matrix || !s->step || !s->order))
        code = em_fail(error, EM_MACHINE, "out of memory");
    if (!code) {
        s->log_weight = memory, s->next = memory + n, s->after = memory + 2 * n, s->trial = memory + 3 * n;
        if (!run(s, &to->free_energy))
            code = em_fail(error, EM_MACHINE,
                           "the frequencies of %d models did not converge in %d iterations; please report this",
                           to->n_models, MOST);
    }
    if (!code)
        end_energies(s);
    if (s->matrix)
        gsl_matrix_free(s->matrix);
    if (s->step)
        gsl_vector_free(s->step);
    if (s->order)
        gsl_permutation_free(s->order);
    free(memory);
    return code;
}

em_code em_select_models(const double *evidence, size_t n_subjects, int n_models, const double *prior,
                         em_selection **selection, em_error *error)
{
    *selection = NULL;
    em_code code = check(evidence, n_subjects, n_models, prior, error);
    if (code)
        return code;
    em_selection *to = new_selection(n_subjects, n_models, error);
    if (!to)
        return EM_MACHINE;
    for (int k = 0; k < n_models; k++)
        to->prior[k] = prior ? prior[k] : 1;
    search s = {.to = to, .evidence = evidence};
    code = find(&s, error);
    if (!code)
        code = conclude(to, error);
    if (code)
        em_selection_free(to);
    else
        *selection = to;
    return code;
}

/* ---- families -------------------------------------------------------------------------------------------------- */

/* The prior count of each model [K]. */
static em_code divide_counts(const int *family, int n_models, int n_families, double count, double *prior,
                             em_error *error)
{
    for (int k = 0; k < n_models; k++)
        if (family[k] < 0 || family[k] >= n_families)
            return em_fail(error, EM_INPUT_ERROR, "model %d of %d is in family %d, but families go from 0 to %d", k + 1,
                           n_models, family[k], n_families - 1);
    for (int f = 0; f < n_families; f++) {
        int members = 0;
        for (int k = 0; k < n_models; k++)
            members += family[k] == f;
        if (members == 0)
            return em_fail(error, EM_INPUT_ERROR, "family %d has no model; give it one or leave it out", f);
        for (int k = 0; k < n_models; k++)
            if (family[k] == f)
                prior[k] = count / members;
    }
    return EM_OK;
}

static void add_up(const em_selection *models, const int *family, em_selection *to)
{
    for (int k = 0; k < models->n_models; k++) {
        to->prior[family[k]] += models->prior[k];
        to->alpha[family[k]] += models->alpha[k];
    }
    for (size_t i = 0; i < models->n_subjects; i++)
        for (int k = 0; k < models->n_models; k++)
            to->posterior[i * (size_t)to->n_models + (size_t)family[k]] +=
                models->posterior[i * (size_t)models->n_models + (size_t)k];
    to->free_energy = models->free_energy;
    to->free_energy_null = models->free_energy_null;
    to->omnibus_risk = models->omnibus_risk;
    to->iterations = models->iterations;
}

em_code em_select_families(const double *evidence, size_t n_subjects, int n_models, const int *family, int n_families,
                           double count, em_selection **selection, em_error *error)
{
    em_selection *models = NULL, *to = NULL;
    *selection = NULL;
    if (n_models < 1 || n_families < 1)
        return em_fail(error, EM_INPUT_ERROR, "a comparison of families needs a model and a family, not %d and %d",
                       n_models, n_families);
    double *prior = em_new((size_t)n_models, sizeof *prior, error);
    em_code code = prior ? divide_counts(family, n_models, n_families, count, prior, error) : EM_MACHINE;
    if (!code)
        code = em_select_models(evidence, n_subjects, n_models, prior, &models, error);
    if (!code && !(to = new_selection(n_subjects, n_families, error)))
        code = EM_MACHINE;
    if (!code) {
        add_up(models, family, to);
        code = conclude(to, error);
    }
    if (code)
        em_selection_free(to);
    else
        *selection = to;
    em_selection_free(models);
    free(prior);
    return code;
}

/* ---- two groups ------------------------------------------------------------------------------------------------ */

void em_group_selection_free(em_group_selection *selection)
{
    if (!selection)
        return;
    em_selection_free(selection->same);
    em_selection_free(selection->group[0]);
    em_selection_free(selection->group[1]);
    free(selection);
}

/* The rows of one group's subjects, to the front of `rows` [S,K]; their number. */
static size_t pick(const double *evidence, size_t n_subjects, int n_models, const int *group, int which, double *rows)
{
    const size_t n = (size_t)n_models;
    size_t picked = 0;
    for (size_t i = 0; i < n_subjects; i++)
        if (group[i] == which)
            memcpy(rows + n * picked++, evidence + n * i, n * sizeof *rows);
    return picked;
}

/* The part of a free energy beyond everybody's highest evidence, in which groups and everybody agree. */
static double excess(const em_selection *selection, const double *evidence)
{
    double energy = selection->free_energy;
    for (size_t i = 0; i < selection->n_subjects; i++)
        energy -= highest(evidence + i * (size_t)selection->n_models, selection->n_models);
    return energy;
}

em_code em_select_groups(const double *evidence, size_t n_subjects, int n_models, const int *group, const double *prior,
                         em_group_selection **selection, em_error *error)
{
    *selection = NULL;
    em_code code = check(evidence, n_subjects, n_models, prior, error);
    for (size_t i = 0; i < n_subjects && !code; i++)
        if (group[i] != 0 && group[i] != 1)
            code = em_fail(error, EM_INPUT_ERROR, "subject %zu of %zu is in group %d; there are groups 0 and 1", i + 1,
                           n_subjects, group[i]);
    if (code)
        return code;
    em_group_selection *to = em_new(1, sizeof *to, error);
    double *rows = em_new(n_subjects * (size_t)n_models, sizeof *rows, error);
    code = to && rows ? em_select_models(evidence, n_subjects, n_models, prior, &to->same, error) : EM_MACHINE;
    double apart = 0;
    for (int which = 0; which < 2 && !code; which++) {
        size_t n = pick(evidence, n_subjects, n_models, group, which, rows);
        code = n ? em_select_models(rows, n, n_models, prior, &to->group[which], error)
                 : em_fail(error, EM_INPUT_ERROR, "nobody is in group %d; two groups are compared", which);
        if (!code)
            apart += excess(to->group[which], rows);
    }
    if (!code)
        to->probability_different = 1 / (1 + exp(excess(to->same, evidence) - apart));
    free(rows);
    if (code)
        em_group_selection_free(to);
    else
        *selection = to;
    return code;
}
