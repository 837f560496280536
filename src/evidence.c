#include "evidence.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "error.h"
#include "fit_options.h"
#include "linalg.h"
#include "random.h"
#include "treesum.h"

enum { MOST = EM_MAX_PARAMETERS, DEGREES = 5 /* of freedom of t */, MOST_POINTS = 1000000 /* of the quadrature, a subject */ };
static const double from_prior = 0.1; /* this part of the draws */

/* ---- weights ------------------------------------------------------------------------------------------------------ */

void em_weights_add(em_weights *w, double log_weight)
{
    if (w->n++ == 0)
        w->most = -INFINITY;
    if (log_weight > w->most) {
        const double shrink = exp(w->most - log_weight);
        w->sum *= shrink;
        w->squares *= shrink * shrink;
        w->most = log_weight;
    }
    if (w->most == -INFINITY)
        return;
    const double weight = exp(log_weight - w->most);
    w->sum += weight;
    w->squares += weight * weight;
}

double em_weights_log_sum(const em_weights *w) { return w->sum > 0 ? w->most + log(w->sum) : -INFINITY; }

double em_weights_ess(const em_weights *w) { return w->sum > 0 ? w->sum * w->sum / w->squares : 0; }

double em_weights_error(const em_weights *w)
{
    const double ess = em_weights_ess(w);
    return ess > 0 && w->n > 1 ? sqrt(fmax(w->n / ess - 1, 0) / (w->n - 1)) : NAN;
}

/* ---- one subject's place ------------------------------------------------------------------------------------------ */

typedef struct {
    double x[MOST];         /* the MAP */
    double to_x[MOST * MOST]; /* F [P,r] by rows */
    double l[EM_MAX_PAIRS]; /* z = L' Q' (x - MAP), Q the basis of the prior's range */
    double constant;        /* log of the prior's density in z is this minus the quadratic form of em_objective */
} frame;

typedef struct {
    const em_estep *estep;
    const em_plan *plan;
    const em_fit_options *options;
    const em_group_values *group;
    em_group_prior *prior;
    em_evidences *to;
    em_checkpoint *checkpoint;    /* NULL: none */
    size_t first;                 /* this rank's first group */
    int rank;                     /* r */
    double basis[MOST * MOST];    /* Q [P,r] by rows, orthonormal */
    frame frame[8];
    bool active[8], overflowed[8];
    double *x, *value;            /* of one evaluation, a group of lanes; 64-byte aligned */
    int n_nodes;
    double *node, *log_weight;    /* [n_nodes] of the quadrature, already for the integral over z */
} work;

/* Unit vectors, whichever is longest off the null directions and the basis so far, one after the other. */
static void find_basis(work *w)
{
    const em_prior *prior = &w->prior->prior;
    const int n = prior->n;
    double rest[MOST][MOST] = {{0}};
    for (int i = 0; i < n; i++) {
        rest[i][i] = 1;
        em_prior_project(prior, rest[i]);
    }
    for (int k = 0; k < w->rank; k++) {
        int longest = 0;
        double most = 0;
        for (int i = 0; i < n; i++) {
            double square = 0;
            for (int j = 0; j < n; j++)
                square += rest[i][j] * rest[i][j];
            if (square > most * (1 + 1e-9)) { /* the first one of equals, whatever rounding says */
                most = square;
                longest = i;
            }
        }
        for (int j = 0; j < n; j++)
            w->basis[j * w->rank + k] = rest[longest][j] / sqrt(most);
        for (int i = 0; i < n; i++) {
            double part = 0;
            for (int j = 0; j < n; j++)
                part += rest[i][j] * w->basis[j * w->rank + k];
            for (int j = 0; j < n; j++)
                rest[i][j] -= part * w->basis[j * w->rank + k];
        }
    }
}

/* Q' H Q, lower triangle. */
static void restrict_to_range(const work *w, const double *h, double *to)
{
    const int n = w->estep->n, r = w->rank;
    double column[MOST], product[MOST];
    for (int k = 0; k < r; k++) {
        for (int j = 0; j < n; j++)
            column[j] = w->basis[j * r + k];
        em_packed_product(n, h, column, product);
        for (int i = k; i < r; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += w->basis[j * r + i] * product[j];
            to[i * (i + 1) / 2 + k] = sum;
        }
    }
}

/* F = Q L^-T, row by row: L f = q. */
static void find_factor(const work *w, frame *at)
{
    const int r = w->rank;
    for (int j = 0; j < w->estep->n; j++)
        for (int i = 0; i < r; i++) {
            double sum = w->basis[j * r + i];
            for (int k = 0; k < i; k++)
                sum -= at->l[i * (i + 1) / 2 + k] * at->to_x[j * r + k];
            at->to_x[j * r + i] = sum / at->l[i * (i + 1) / 2 + i];
        }
}

/* False where the subject is not used. */
static bool place(work *w, size_t g, int l)
{
    const em_estep *e = w->estep;
    const size_t i = g * (size_t)e->lanes + (size_t)l;
    frame *at = &w->frame[l];
    double h[EM_MAX_PAIRS];
    for (int j = 0; j < e->n; j++)
        at->x[j] = 0;
    if (e->groups[g].member[l] == EM_NOBODY || !e->posterior[i].used || e->weight[i] == 0)
        return false;
    for (int j = 0; j < e->n; j++)
        at->x[j] = e->mode[g].x[j * e->lanes + l];
    em_posterior_hessian(&w->prior->prior, e->mode[g].hessian + l, e->lanes, h);
    restrict_to_range(w, h, at->l);
    if (!em_cholesky(w->rank, at->l, at->l))
        return false;
    find_factor(w, at);
    at->constant = w->prior->prior.half_log_det - 0.5 * w->rank * log(2 * M_PI) - 0.5 * em_cholesky_log_det(w->rank, at->l);
    return true;
}

/* x = MAP + F z into the lane's place; returns the log of the prior's density in z there. */
static double stand_at(work *w, int l, const double *z)
{
    const em_estep *e = w->estep;
    const frame *at = &w->frame[l];
    for (int j = 0; j < e->n; j++) {
        double x = at->x[j];
        for (int k = 0; k < w->rank; k++)
            x += at->to_x[j * w->rank + k] * z[k];
        w->x[j * e->lanes + l] = x;
    }
    return at->constant - em_objective(&w->prior->prior, l, w->x + l, e->lanes, 0);
}

/* Log-likelihoods of the active lanes where they stand. */
static void evaluate(work *w, size_t g)
{
    const em_estep *e = w->estep;
    const em_target target = em_estep_target(e, g);
    em_target_value(&target, w->x, w->value);
    w->to->evaluations += e->lanes;
    for (int l = 0; l < e->lanes; l++)
        if (w->active[l] && !(w->value[l] < INFINITY)) {
            w->overflowed[l] = true;
            w->value[l] = -INFINITY;
        }
}

/* ---- importance sampling -------------------------------------------------------------------------------------------- */

static double log_t(double square, int r)
{
    return gsl_sf_lngamma(0.5 * (DEGREES + r)) - gsl_sf_lngamma(0.5 * DEGREES) - 0.5 * r * log(DEGREES * M_PI) -
           0.5 * (DEGREES + r) * log1p(square / DEGREES);
}

/* From t: z = normal / sqrt(chi^2 / degrees). Returns z'z. */
static double draw_t(work *w, int l, em_random *random, double *log_prior)
{
    double z[MOST], chi = 0, square = 0;
    for (int k = 0; k < w->rank; k++)
        z[k] = em_random_normal(random);
    for (int k = 0; k < DEGREES; k++) {
        const double normal = em_random_normal(random);
        chi += normal * normal;
    }
    for (int k = 0; k < w->rank; k++) {
        z[k] /= sqrt(chi / DEGREES);
        square += z[k] * z[k];
    }
    *log_prior = stand_at(w, l, z);
    return square;
}

/* The same from the prior: x = mean + factor times normal numbers. */
static double draw_prior(work *w, int l, em_random *random, double *log_prior)
{
    const em_prior *prior = &w->prior->prior;
    const frame *at = &w->frame[l];
    const int n = prior->n, lanes = prior->lanes, r = w->rank;
    double normal[MOST], u[MOST] = {0}, square = 0;
    for (int k = 0; k < n; k++)
        normal[k] = em_random_normal(random);
    for (int j = 0; j < n; j++) {
        double x = prior->mean[j * lanes + l];
        for (int k = 0; k < n; k++)
            x += prior->factor[j * n + k] * normal[k];
        w->x[j * lanes + l] = x;
        for (int k = 0; k < r; k++)
            u[k] += w->basis[j * r + k] * (x - at->x[j]);
    }
    for (int k = 0; k < r; k++) {
        double z = 0;
        for (int i = k; i < r; i++)
            z += at->l[i * (i + 1) / 2 + k] * u[i];
        square += z * z;
    }
    *log_prior = at->constant - em_objective(prior, l, w->x + l, lanes, 0);
    return square;
}

/* Stands at a draw; returns log p(x) |F| / q(z). */
static double draw(work *w, int l, em_random *random)
{
    double log_prior;
    const bool prior = em_random_uniform(random) < from_prior;
    const double square = prior ? draw_prior(w, l, random, &log_prior) : draw_t(w, l, random, &log_prior);
    const double a = log1p(-from_prior) + log_t(square, w->rank), b = log(from_prior) + log_prior;
    return log_prior - (fmax(a, b) + log1p(exp(-fabs(a - b))));
}

static void sample(work *w, size_t g)
{
    enum { STREAM = 0x65766964 }; /* other random numbers than anything else draws with this seed */
    const int lanes = w->estep->lanes, samples = em_fit_options_samples(w->options);
    em_weights weights[8] = {{0}};
    em_random random[8];
    double ratio[8];
    for (int l = 0; l < lanes; l++)
        if (w->active[l])
            random[l] = em_random_start(w->options->seed ^ (uint64_t)STREAM << 32, em_plan_subject(w->plan, w->estep->groups[g].member[l]));
    for (int i = 0; i < samples; i++) {
        for (int l = 0; l < lanes; l++)
            if (w->active[l])
                ratio[l] = draw(w, l, &random[l]);
        evaluate(w, g);
        for (int l = 0; l < lanes; l++)
            if (w->active[l])
                em_weights_add(&weights[l], ratio[l] + w->value[l]);
    }
    for (int l = 0; l < lanes; l++) {
        const size_t to = g * (size_t)lanes + (size_t)l;
        w->to->importance[to] = w->active[l] ? em_weights_log_sum(&weights[l]) - log(samples) : NAN;
        w->to->importance_se[to] = w->active[l] ? em_weights_error(&weights[l]) : NAN;
        w->to->ess[to] = w->active[l] ? em_weights_ess(&weights[l]) : NAN;
    }
}

/* ---- quadrature ------------------------------------------------------------------------------------------------------ */

int em_evidences_nodes(const em_fit_options *options, int dimensions)
{
    static const int by_dimensions[EM_QUADRATURE_DIMENSIONS + 1] = {1, 31, 21, 13, 9};
    return options->nodes ? options->nodes : by_dimensions[dimensions];
}

/* The integral of exp(-t^2) f(t) is the sum of w_i f(t_i); that of h(z) over z is the sum of sqrt(2) w_i exp(t_i^2) h(sqrt(2) t_i). */
static em_code make_nodes(work *w, em_error *error)
{
    w->n_nodes = em_evidences_nodes(w->options, w->rank);
    w->node = em_new((size_t)w->n_nodes, sizeof *w->node, error);
    w->log_weight = em_new((size_t)w->n_nodes, sizeof *w->log_weight, error);
    gsl_integration_fixed_workspace *rule = gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, (size_t)w->n_nodes, 0, 1, 0, 0);
    if (!w->node || !w->log_weight || !rule) {
        gsl_integration_fixed_free(rule);
        return em_fail(error, EM_MACHINE, "out of memory");
    }
    for (int i = 0; i < w->n_nodes; i++) {
        const double t = gsl_integration_fixed_nodes(rule)[i], weight = gsl_integration_fixed_weights(rule)[i];
        w->node[i] = M_SQRT2 * t;
        w->log_weight[i] = 0.5 * M_LN2 + log(weight) + t * t;
    }
    gsl_integration_fixed_free(rule);
    return EM_OK;
}

static void integrate(work *w, size_t g)
{
    const int lanes = w->estep->lanes, r = w->rank;
    em_weights weights[8] = {{0}};
    double z[EM_QUADRATURE_DIMENSIONS], term[8];
    long points = 1;
    for (int k = 0; k < r; k++)
        points *= w->n_nodes;
    for (long i = 0; i < points; i++) {
        double log_weight = 0;
        long left = i;
        for (int k = 0; k < r; k++, left /= w->n_nodes) {
            z[k] = w->node[left % w->n_nodes];
            log_weight += w->log_weight[left % w->n_nodes];
        }
        for (int l = 0; l < lanes; l++)
            if (w->active[l])
                term[l] = log_weight + stand_at(w, l, z);
        evaluate(w, g);
        for (int l = 0; l < lanes; l++)
            if (w->active[l])
                em_weights_add(&weights[l], term[l] + w->value[l]);
    }
    for (int l = 0; l < lanes; l++)
        w->to->quadrature[g * (size_t)lanes + (size_t)l] = w->active[l] ? em_weights_log_sum(&weights[l]) : NAN;
}

em_code em_evidences_check(const em_fit_options *options, const em_group_design *design, const em_group_values *group, em_error *error)
{
    int dimensions = 0;
    double points = 1;
    for (int j = 0; j < design->n; j++)
        dimensions += design->place[j] == EM_VARIES && group->var[j] > 0;
    if (!options->quadrature)
        return EM_OK;
    if (dimensions > EM_QUADRATURE_DIMENSIONS)
        return em_fail(error, EM_INPUT_ERROR, "quadrature is for up to %d parameters that differ between subjects, and this fit has %d; use "
                       "--evidence importance", EM_QUADRATURE_DIMENSIONS, dimensions);
    const int nodes = em_evidences_nodes(options, dimensions);
    for (int k = 0; k < dimensions; k++)
        points *= nodes;
    if (points > MOST_POINTS)
        return em_fail(error, EM_INPUT_ERROR, "%d nodes in each of %d dimensions are %.0f points for each subject, more than %d; take fewer "
                       "--nodes, or --evidence importance", nodes, dimensions, points, MOST_POINTS);
    return EM_OK;
}

/* ---- everybody --------------------------------------------------------------------------------------------------------- */

enum { SUM_IMPORTANCE, SUM_SQUARES, SUM_QUADRATURE, SUM_OVERFLOWED, SUM_UNDONE, N_SUMS };

/* The evidences of group g of this rank, whose prior is set. */
static void find_group(work *w, size_t g)
{
    const em_estep *e = w->estep;
    const size_t lanes = (size_t)e->lanes;
    for (size_t l = 0; l < lanes; l++) {
        w->overflowed[l] = false;
        for (int j = 0; j < e->n; j++)
            w->x[(size_t)j * lanes + l] = w->frame[l].x[j];
    }
    if (w->options->importance)
        sample(w, g);
    if (w->options->quadrature)
        integrate(w, g);
    for (size_t l = 0; l < lanes; l++)
        w->to->overflow[g * lanes + l] = w->active[l] && w->overflowed[l];
    w->to->done[g] = true;
}

static void add_group(void *where, size_t group, double *sum)
{
    work *w = where;
    const em_estep *e = w->estep;
    const size_t g = group - w->first, lanes = (size_t)e->lanes;
    memset(sum, 0, N_SUMS * sizeof *sum);
    if (!w->to->done[g] && w->checkpoint && em_checkpoint_is_due(w->checkpoint)) {
        sum[SUM_UNDONE] = 1;
        return;
    }
    em_group_prior_at(w->prior, e->design, w->group, g, e->lanes);
    for (size_t l = 0; l < lanes; l++)
        w->active[l] = place(w, g, (int)l);
    if (!w->to->done[g])
        find_group(w, g);
    for (size_t l = 0; l < lanes; l++) {
        const double weight = e->weight[g * lanes + l];
        if (!w->active[l])
            continue;
        sum[SUM_OVERFLOWED] += w->to->overflow[g * lanes + l];
        if (w->options->importance) {
            sum[SUM_IMPORTANCE] += weight * w->to->importance[g * lanes + l];
            sum[SUM_SQUARES] += weight * weight * w->to->importance_se[g * lanes + l] * w->to->importance_se[g * lanes + l];
        }
        if (w->options->quadrature)
            sum[SUM_QUADRATURE] += weight * w->to->quadrature[g * lanes + l];
    }
}

em_code em_evidences_new(const em_estep *estep, const em_fit_options *options, em_evidences *to, em_error *error)
{
    const size_t all = estep->n_groups * (size_t)estep->lanes;
    *to = (em_evidences){.sum_importance = NAN, .sum_importance_se = NAN, .sum_quadrature = NAN};
    bool good = true;
    if (options->importance || options->quadrature) {
        to->done = em_new(estep->n_groups, sizeof *to->done, error);
        to->overflow = em_new(all, sizeof *to->overflow, error);
        good = to->done && to->overflow;
    }
    if (options->importance) {
        to->importance = em_new(all, sizeof *to->importance, error);
        to->importance_se = em_new(all, sizeof *to->importance_se, error);
        to->ess = em_new(all, sizeof *to->ess, error);
        good = good && to->importance && to->importance_se && to->ess;
    }
    if (options->quadrature) {
        to->quadrature = em_new(all, sizeof *to->quadrature, error);
        good = good && to->quadrature;
    }
    return good ? EM_OK : EM_MACHINE;
}

static em_code make_room(work *w, em_error *error)
{
    const size_t lanes = (size_t)w->estep->lanes;
    w->x = em_new_aligned((size_t)w->estep->n * lanes, sizeof *w->x, error);
    w->value = em_new_aligned(lanes, sizeof *w->value, error);
    const bool good = w->x && w->value && (!w->options->quadrature || make_nodes(w, error) == EM_OK);
    return good ? EM_OK : EM_MACHINE;
}

/* All groups, however often they pause: sum [N_SUMS] out. */
static em_code find_all(work *w, em_comm *comm, double *sum, em_error *error)
{
    em_code code = EM_OK;
    for (sum[SUM_UNDONE] = 1; sum[SUM_UNDONE] > 0 && code == EM_OK;) {
        code = em_treesum(comm, w->plan, N_SUMS, add_group, w, sum, error);
        if (code == EM_OK && sum[SUM_UNDONE] > 0)
            code = em_checkpoint_pause(w->checkpoint, error);
    }
    return code;
}

em_code em_evidences_find(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_fit_options *options,
                          const em_group_values *group, em_checkpoint *checkpoint, em_evidences *evidences, em_error *error)
{
    em_group_prior prior;
    double sum[N_SUMS] = {0};
    em_group_make_prior(&prior, group, estep->n, false);
    work *w = em_new(1, sizeof *w, error);
    em_code code = em_comm_agree(comm, w ? EM_OK : EM_MACHINE, error);
    if (code != EM_OK) {
        free(w);
        return code;
    }
    *w = (work){.estep = estep, .plan = plan, .options = options, .group = group, .prior = &prior, .to = evidences,
                .checkpoint = checkpoint,
                .first = plan->first[em_comm_rank(comm)], .rank = estep->n - prior.prior.n_null};
    find_basis(w);
    code = em_comm_agree(comm, make_room(w, error), error);
    if (code == EM_OK)
        code = find_all(w, comm, sum, error);
    if (code == EM_OK && options->importance) {
        evidences->sum_importance = sum[SUM_IMPORTANCE];
        evidences->sum_importance_se = sqrt(sum[SUM_SQUARES]);
    }
    if (code == EM_OK && options->quadrature)
        evidences->sum_quadrature = sum[SUM_QUADRATURE];
    evidences->overflowed = sum[SUM_OVERFLOWED];
    free(w->x);
    free(w->value);
    free(w->node);
    free(w->log_weight);
    free(w);
    return code;
}

void em_evidences_free(em_evidences *evidences)
{
    free(evidences->importance);
    free(evidences->importance_se);
    free(evidences->ess);
    free(evidences->quadrature);
    free(evidences->done);
    free(evidences->overflow);
    *evidences = (em_evidences){0};
}
