#include "gather.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "treesum.h"

static size_t first_group(const em_gather *g) { return g->plan->first[em_comm_rank(g->comm)]; }

size_t em_gather_id_width(const em_gather *g)
{
    double longest = 1;
    for (size_t i = 0; i < g->estep->n_groups; i++)
        for (int l = 0; l < g->plan->lanes; l++)
            if (g->estep->groups[i].id[l])
                longest = fmax(longest, (double)strlen(g->estep->groups[i].id[l]));
    em_comm_most(g->comm, &longest, 1);
    return (size_t)longest;
}

/* ---- sums ----------------------------------------------------------------------------------------------------------
 */

static void add_group(void *where, size_t group, double *sum)
{
    const em_gather *g = where;
    const int lanes = g->plan->lanes, n = g->view->model->n_facts;
    const size_t i = group - first_group(g);
    const em_group_data *data = &g->estep->groups[i];
    memset(sum, 0, (size_t)(2 + n) * sizeof *sum);
    for (int l = 0; l < lanes; l++) {
        if (data->member[l] == EM_NOBODY)
            continue;
        const bool used = g->estep->posterior[i * (size_t)lanes + (size_t)l].used;
        sum[0] += used ? data->chance[l] : 0;
        sum[1] += used ? (double)data->responses[l] : 0;
        for (int f = 0; f < n; f++)
            sum[2 + f] += data->batch.facts[f * lanes + l];
    }
}

em_code em_gather_sums(const em_gather *g, double *chance, double *responses, double *facts, em_error *error)
{
    const int n = g->view->model->n_facts;
    double sum[2 + n];
    em_gather where = *g;
    em_code code = em_treesum(g->comm, g->plan, 2 + n, add_group, &where, sum, error);
    *chance = sum[0];
    *responses = sum[1];
    for (int f = 0; f < n; f++)
        facts[f] = sum[2 + f] / (double)g->plan->n_subjects;
    return code;
}

/* ---- records -------------------------------------------------------------------------------------------------------
 */

/* What rank 0 gets of one lane: the counts and flags, then x, the Hessian of the log posterior, facts. The ids follow,
 * after all records of a message. */
enum { R_STATUS, R_MODES, R_LOGLIK, R_LML, R_OBSERVED, R_IMPORTANCE, R_IMPORTANCE_SE, R_ESS, R_QUADRATURE, R_X };

static size_t record_size(const em_view *view)
{
    const size_t P = (size_t)view->n;
    return R_X + P + P * (P + 1) / 2 + (size_t)view->model->n_facts;
}

static double of_lane(const double *array, size_t i) { return array ? array[i] : NAN; }

static void make_record(const em_gather *g, size_t i, int l, double *record)
{
    const int P = g->view->n, H = P * (P + 1) / 2, lanes = g->plan->lanes;
    const em_mode *mode = &g->estep->mode[i];
    const em_posterior *post = &g->estep->posterior[i * (size_t)lanes + (size_t)l];
    const em_group_data *data = &g->estep->groups[i];
    record[R_STATUS] = post->status;
    record[R_MODES] = post->modes;
    record[R_LOGLIK] = post->used ? post->log_likelihood : NAN;
    record[R_LML] = post->log_marginal_likelihood;
    record[R_OBSERVED] = (double)data->observed[l];
    const em_evidences none = {0}, *evidences = g->evidences ? g->evidences : &none;
    record[R_IMPORTANCE] = of_lane(evidences->importance, i * (size_t)lanes + (size_t)l);
    record[R_IMPORTANCE_SE] = of_lane(evidences->importance_se, i * (size_t)lanes + (size_t)l);
    record[R_ESS] = of_lane(evidences->ess, i * (size_t)lanes + (size_t)l);
    record[R_QUADRATURE] = of_lane(evidences->quadrature, i * (size_t)lanes + (size_t)l);
    const bool found = post->status != EM_SUBJECT_NO_VALUE;
    for (int j = 0; j < P; j++)
        record[R_X + j] = found ? mode->x[j * lanes + l] : NAN;
    em_posterior_hessian(g->prior, mode->hessian + l, lanes, record + R_X + P);
    for (int k = 0; k < H && !found; k++)
        record[R_X + P + k] = NAN;
    for (int f = 0; f < g->view->model->n_facts; f++)
        record[R_X + P + H + f] = data->batch.facts[f * lanes + l];
}

static em_code store_subject(em_fit *fit, const em_view *view, size_t s, const double *record, const char *id,
                             size_t width, em_error *error)
{
    const size_t P = (size_t)view->n;
    const double *h = record + R_X + P;
    fit->subject_status[s] = (int8_t)record[R_STATUS];
    fit->subject_modes[s] = (int32_t)record[R_MODES];
    fit->subject_n_trials[s] = (uint64_t)record[R_OBSERVED];
    fit->subject_log_likelihood[s] = record[R_LOGLIK];
    fit->subject_log_marginal_likelihood[s] = record[R_LML];
    if (fit->importance) {
        fit->subject_importance[s] = record[R_IMPORTANCE];
        fit->subject_importance_se[s] = record[R_IMPORTANCE_SE];
        fit->subject_importance_ess[s] = record[R_ESS];
    }
    if (fit->quadrature)
        fit->subject_quadrature[s] = record[R_QUADRATURE];
    memcpy(fit->map + s * P, record + R_X, P * sizeof(double));
    em_view_natural(view, record + R_X, h + P * (P + 1) / 2, fit->natural + s * P);
    for (size_t i = 0; i < P; i++)
        for (size_t j = 0; j <= i; j++)
            fit->hessian[(s * P + i) * P + j] = fit->hessian[(s * P + j) * P + i] = h[i * (i + 1) / 2 + j];
    fit->subject[s] = em_new(width + 1, 1, error);
    if (!fit->subject[s])
        return EM_MACHINE;
    memcpy(fit->subject[s], id, strnlen(id, width));
    return EM_OK;
}

/* ---- windows -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const em_gather *g;
    size_t size, width; /* numbers of a record, bytes of an id */
    char *message;      /* records of a window's lanes, then their ids */
} post;

static char *ids_of(const post *p, size_t lanes) { return p->message + lanes * p->size * sizeof(double); }

/* The records of this rank's groups first .. end-1. */
static void make_message(const post *p, size_t first, size_t end)
{
    const em_gather *g = p->g;
    const size_t lanes = (size_t)g->plan->lanes, mine = first_group(g);
    char *id = ids_of(p, (end - first) * lanes);
    for (size_t i = 0; i < (end - first) * lanes; i++) {
        const size_t group = first - mine + i / lanes;
        const char *name = g->estep->groups[group].id[i % lanes];
        make_record(g, group, (int)(i % lanes), (double *)(void *)p->message + i * p->size);
        memset(id + i * p->width, 0, p->width);
        if (name)
            memcpy(id + i * p->width, name, strlen(name));
    }
}

/* Rank 0: what a message about groups first .. end-1 says, into arrays that start with subject `base`. */
static em_code read_message(const post *p, size_t first, size_t end, size_t base, em_fit *fit, em_error *error)
{
    const size_t lanes = (size_t)p->g->plan->lanes;
    const char *id = ids_of(p, (end - first) * lanes);
    em_code code = EM_OK;
    for (size_t i = 0; i < (end - first) * lanes && code == EM_OK; i++) {
        const uint32_t s = p->g->plan->member[first * lanes + i];
        if (s != EM_NOBODY)
            code = store_subject(fit, p->g->view, s - base, (const double *)(const void *)p->message + i * p->size,
                                 id + i * p->width, p->width, error);
    }
    return code;
}

/* One window's subjects to rank 0, which takes every message, also after a failure: the others are not to wait. */
static em_code pass_window(const post *p, size_t window, size_t base, em_fit *fit, em_error *error)
{
    em_comm *comm = p->g->comm;
    em_code code = EM_OK;
    for (int r = 0; r < em_comm_size(comm); r++) {
        size_t first, end;
        em_plan_window(p->g->plan, r, window, &first, &end);
        const size_t bytes = (end - first) * (size_t)p->g->plan->lanes * (p->size * sizeof(double) + p->width);
        if (bytes == 0)
            continue;
        if (r == em_comm_rank(comm))
            make_message(p, first, end);
        if (r > 0 && r == em_comm_rank(comm))
            em_comm_send(comm, 0, p->message, bytes);
        if (r > 0 && em_comm_rank(comm) == 0)
            em_comm_receive(comm, r, p->message, bytes);
        if (em_comm_rank(comm) == 0 && code == EM_OK)
            code = read_message(p, first, end, base, fit, error);
    }
    return code;
}

static void forget_ids(em_fit *part)
{
    for (size_t i = 0; i < part->n_subjects; i++) {
        free(part->subject[i]);
        part->subject[i] = NULL;
    }
}

/* On rank 0 with a writer: window by window into `part` and from there to the file. */
static em_code pass_all(const post *p, em_fit *fit, em_fit *part, em_fit_writer *writer, em_error *error)
{
    const size_t S = p->g->plan->n_subjects;
    const bool first = em_comm_rank(p->g->comm) == 0;
    em_code code = EM_OK;
    for (size_t w = 0; w < em_plan_windows(p->g->plan); w++) {
        const size_t base = w * EM_WINDOW;
        em_error own = {EM_OK, ""};
        part->n_subjects = first && writer ? (S - base < EM_WINDOW ? S - base : EM_WINDOW) : 0;
        em_code now = pass_window(p, w, writer ? base : 0, writer ? part : fit, &own);
        if (first && writer && now == EM_OK && code == EM_OK) {
            em_fit_note(&fit->noted, part);
            now = em_fit_put(writer, part, base, &own);
        }
        forget_ids(part);
        if (code == EM_OK && now != EM_OK) {
            code = now;
            *error = own;
        }
    }
    if (first && !writer && code == EM_OK)
        em_fit_note(&fit->noted, fit);
    return code;
}

em_code em_gather_room(em_fit *fit, size_t n, size_t P, em_error *error)
{
    fit->subject = em_new(n, sizeof *fit->subject, error);
    fit->map = em_new(n * P, sizeof(double), error);
    fit->natural = em_new(n * P, sizeof(double), error);
    fit->hessian = em_new(n * P * P, sizeof(double), error);
    fit->subject_log_likelihood = em_new(n, sizeof(double), error);
    fit->subject_log_marginal_likelihood = em_new(n, sizeof(double), error);
    fit->subject_n_trials = em_new(n, sizeof *fit->subject_n_trials, error);
    fit->subject_status = em_new(n, 1, error);
    fit->subject_modes = em_new(n, sizeof *fit->subject_modes, error);
    bool good = fit->subject && fit->map && fit->natural && fit->hessian && fit->subject_log_likelihood &&
                fit->subject_log_marginal_likelihood && fit->subject_n_trials && fit->subject_status && fit->subject_modes;
    if (fit->importance) {
        fit->subject_importance = em_new(n, sizeof(double), error);
        fit->subject_importance_se = em_new(n, sizeof(double), error);
        fit->subject_importance_ess = em_new(n, sizeof(double), error);
        good = good && fit->subject_importance && fit->subject_importance_se && fit->subject_importance_ess;
    }
    if (fit->quadrature) {
        fit->subject_quadrature = em_new(n, sizeof(double), error);
        good = good && fit->subject_quadrature;
    }
    return good ? EM_OK : EM_MACHINE;
}

em_code em_gather_subjects(const em_gather *g, size_t id_width, em_fit *fit, em_fit_writer *writer, em_error *error)
{
    const size_t size = record_size(g->view), S = g->plan->n_subjects, most = S < EM_WINDOW ? S + 8 : EM_WINDOW;
    post p = {g, size, id_width, em_new(most, size * sizeof(double) + id_width, error)};
    em_fit *part = em_new(1, sizeof *part, error);
    em_code code = p.message && part ? EM_OK : EM_MACHINE;
    if (code == EM_OK && em_comm_rank(g->comm) == 0) {
        part->importance = fit->importance;
        part->quadrature = fit->quadrature;
    }
    if (code == EM_OK && em_comm_rank(g->comm) == 0 && writer)
        code = em_gather_room(part, most, (size_t)g->view->n, error);
    code = em_comm_agree(g->comm, code, error);
    if (code == EM_OK)
        code = em_comm_agree(g->comm, pass_all(&p, fit, part, writer, error), error);
    free(p.message);
    em_fit_free(part);
    return code;
}
