#include "resample.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "treesum.h"

/* ---- what is kept -------------------------------------------------------------------------------------------------- */

static size_t store_size(const em_estep *e) { return e->n_groups * em_mode_size(e->n, e->lanes); }
static size_t lanes_of(const em_estep *e) { return e->n_groups * (size_t)e->lanes; }

em_code em_resample_begin(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options, double tol,
                          const em_group_values *group, em_resample *r, em_error *error)
{
    *r = (em_resample){.comm = comm, .plan = plan, .estep = estep, .options = *options, .group = *group,
                       .used = estep->used, .evaluations = estep->evaluations};
    r->options.tol = tol;
    r->store = em_new_aligned(store_size(estep), sizeof *r->store, error);
    r->variance = em_new(lanes_of(estep) * (size_t)estep->n, sizeof *r->variance, error);
    r->posterior = em_new(lanes_of(estep), sizeof *r->posterior, error);
    const bool good = r->store && r->variance && r->posterior;
    if (good) {
        memcpy(r->store, estep->store, store_size(estep) * sizeof *r->store);
        memcpy(r->variance, estep->variance, lanes_of(estep) * (size_t)estep->n * sizeof *r->variance);
        memcpy(r->posterior, estep->posterior, lanes_of(estep) * sizeof *r->posterior);
    }
    return em_comm_agree(comm, good ? EM_OK : EM_MACHINE, error);
}

void em_resample_restore(em_resample *r, const double *weight)
{
    em_estep *e = r->estep;
    memcpy(e->store, r->store, store_size(e) * sizeof *r->store);
    memcpy(e->variance, r->variance, lanes_of(e) * (size_t)e->n * sizeof *r->variance);
    memcpy(e->posterior, r->posterior, lanes_of(e) * sizeof *r->posterior);
    e->used = r->used;
    memset(e->done, 0, e->n_groups * sizeof *e->done); /* one may have been abandoned */
    for (size_t i = 0; i < lanes_of(e); i++) {
        const uint32_t subject = e->groups[i / (size_t)e->lanes].member[i % (size_t)e->lanes];
        e->mode[i / (size_t)e->lanes].status[i % (size_t)e->lanes] = e->posterior[i].status;
        e->weight[i] = !weight ? 1 : subject == EM_NOBODY ? 0 : weight[subject];
    }
}

double em_resample_evaluations(const em_resample *r) { return r->estep->evaluations - r->evaluations; }

void em_resample_end(em_resample *r)
{
    if (r->store && r->variance && r->posterior) {
        em_resample_restore(r, NULL);
        r->estep->evaluations = r->evaluations;
    }
    free(r->store);
    free(r->variance);
    free(r->posterior);
    *r = (em_resample){0};
}

/* ---- are all slopes known? ------------------------------------------------------------------------------------------ */

/* One parameter with its columns, 1 and those of its slopes. */
typedef struct {
    const em_estep *estep;
    size_t first; /* this rank's first group */
    int slope, n; /* its first slope, columns */
} columns;

/* Sums of products of the columns, lower triangle by rows. */
static void add_products(void *where, size_t group, double *sum)
{
    const columns *c = where;
    const em_estep *e = c->estep;
    const size_t g = group - c->first, lanes = (size_t)e->lanes;
    const double *q = e->design->column + g * (size_t)e->design->n_slopes * lanes;
    memset(sum, 0, (size_t)(c->n * (c->n + 1) / 2) * sizeof *sum);
    for (size_t l = 0; l < lanes; l++) {
        if (e->groups[g].member[l] == EM_NOBODY || !e->posterior[g * lanes + l].used)
            continue;
        for (int i = 0, k = 0; i < c->n; i++)
            for (int j = 0; j <= i; j++, k++)
                sum[k] += e->weight[g * lanes + l] * (i ? q[(size_t)(c->slope + i - 1) * lanes + l] : 1) *
                          (j ? q[(size_t)(c->slope + j - 1) * lanes + l] : 1);
    }
}

/* Smallest eigenvalue of the matrix divided by its first element, the number of subjects; of all subjects it is 1 (fit_setup.h). */
static em_code least_eigenvalue(const double *triangle, int n, double *least, em_error *error)
{
    gsl_matrix *matrix = gsl_matrix_alloc((size_t)n, (size_t)n);
    gsl_vector *values = gsl_vector_alloc((size_t)n);
    gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc((size_t)n);
    em_code code = matrix && values && work ? EM_OK : em_fail(error, EM_MACHINE, "out of memory");
    *least = 0;
    if (code == EM_OK && triangle[0] > 0) {
        for (int i = 0, k = 0; i < n; i++)
            for (int j = 0; j <= i; j++, k++)
                gsl_matrix_set(matrix, (size_t)i, (size_t)j, triangle[k] / triangle[0]);
        for (int i = 0; i < n; i++)
            for (int j = i + 1; j < n; j++)
                gsl_matrix_set(matrix, (size_t)i, (size_t)j, gsl_matrix_get(matrix, (size_t)j, (size_t)i));
        gsl_eigen_symm(matrix, values, work);
        *least = gsl_vector_min(values);
    }
    gsl_matrix_free(matrix);
    gsl_vector_free(values);
    gsl_eigen_symm_free(work);
    return code;
}

/* Can the slopes of every parameter be told from those who have weight? In a resample all may be of one sex. */
static em_code know_slopes(em_resample *r, bool *known, em_error *error)
{
    const double rounding = 1e-8;
    const em_group_design *d = r->estep->design;
    em_code code = EM_OK;
    *known = true;
    for (int first = 0, end; first < d->n_slopes && *known && code == EM_OK; first = end) {
        for (end = first; end < d->n_slopes && d->parameter[end] == d->parameter[first];)
            end++;
        columns c = {r->estep, r->plan->first[em_comm_rank(r->comm)], first, end - first + 1};
        double least = 0, *sum = em_new((size_t)(c.n * (c.n + 1) / 2), sizeof *sum, error);
        code = em_comm_agree(r->comm, sum ? EM_OK : EM_MACHINE, error);
        if (code == EM_OK)
            code = em_treesum(r->comm, r->plan, c.n * (c.n + 1) / 2, add_products, &c, sum, error);
        if (code == EM_OK)
            code = em_comm_agree(r->comm, least_eigenvalue(sum, c.n, &least, error), error);
        em_comm_share(r->comm, &least, sizeof least);
        *known = least > rounding;
        free(sum);
    }
    return code;
}

/* ---- again ----------------------------------------------------------------------------------------------------------- */

em_code em_resample_run(em_resample *r, const double *weight, em_run_result *result, em_resample_outcome *outcome, em_error *error)
{
    bool known;
    em_resample_restore(r, weight);
    *result = (em_run_result){.distance = NAN};
    em_code code = know_slopes(r, &known, error);
    if (code != EM_OK)
        return code;
    *outcome = EM_RESAMPLE_ALIKE;
    if (!known)
        return EM_OK;
    code = em_run_em_warm(r->comm, r->plan, r->estep, &r->options, &r->group, result, error);
    em_trace_free(&result->trace);
    if (code == EM_STOPPED)
        return code;
    *outcome = code == EM_INPUT_ERROR ? EM_RESAMPLE_NOBODY : result->converged ? EM_RESAMPLE_GOOD : EM_RESAMPLE_MOVING;
    return code == EM_INPUT_ERROR ? EM_OK : code; /* that nobody could be fitted is its only input error */
}
