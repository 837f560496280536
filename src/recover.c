/* Parameter recovery: what a fit finds of people who were drawn from a known group. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "fit_job.h"
#include "repeat.h"
#include "trials.h"

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

void em_recovery_free(em_recovery *r)
{
    if (!r)
        return;
    free_texts(r->parameter, (size_t)r->n_parameters);
    free_texts(r->transform, (size_t)r->n_parameters);
    free_texts(r->subject, r->n_subjects);
    void *const array[] = {r->model, r->bounded, r->run, r->value, r->natural, r->mu, r->var, r->store};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(r);
}

/* ---- one data set ---------------------------------------------------------------------------------------------- */

/* What a repetition leaves: this, then the values of `parts`, then the status of the subjects and of the parameters. */
typedef struct {
    int converged, iterations;
    size_t n_used, n_flagged;
} head;

typedef struct {
    head *head;
    em_recovered_value *mu, *var, *value, *natural;
    int8_t *status, *group_status;
} parts;

static size_t n_values(size_t S, size_t P) { return 2 * P + 2 * S * P; }

static size_t size_of(size_t S, size_t P)
{
    const size_t bytes = sizeof(head) + n_values(S, P) * sizeof(em_recovered_value) + S + P;
    return (bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double); /* the next one is aligned, too */
}

static parts parts_of(void *memory, size_t S, size_t P)
{
    em_recovered_value *value = (em_recovered_value *)((head *)memory + 1);
    int8_t *status = (int8_t *)(value + n_values(S, P));
    return (parts){memory, value, value + P, value + 2 * P, value + 2 * P + S * P, status, status + S};
}

typedef struct {
    const em_model *model;
    const em_simulation *simulation;
    em_fit_options options;
    int isa;
    bool bounded[EM_MAX_PARAMETERS];
    char **id; /* [S] rank 0: of the subjects, from the first data set that it fits */
} study;

/* The transforms depend on facts where another fact makes another natural value of the same x. */
static void find_bounded(const em_model *model, bool *bounded)
{
    double x[EM_MAX_PARAMETERS] = {0}, one[EM_MAX_PARAMETERS], two[EM_MAX_PARAMETERS], at_one[EM_MAX_PARAMETERS],
           at_two[EM_MAX_PARAMETERS];
    for (int f = 0; f < EM_MAX_PARAMETERS; f++) {
        one[f] = 1;
        two[f] = 2;
    }
    model->natural(x, one, at_one);
    model->natural(x, two, at_two);
    for (int j = 0; j < model->n_parameters; j++)
        bounded[j] = at_one[j] != at_two[j];
}

static void compare_group(const study *s, const em_truth *truth, const em_fit *fit, const parts *to)
{
    for (int j = 0; j < fit->n_parameters; j++) {
        const double mu_se = fit->mu_se ? fit->mu_se[j] : NAN, var_se = fit->var_se ? fit->var_se[j] : NAN;
        const em_interval mu = em_fit_interval(fit, j, fit->mu[j], mu_se);
        const em_interval var = em_variance_interval(fit->var[j], var_se);
        to->mu[j] = (em_recovered_value){s->bounded[j] ? NAN : truth->mu[j], fit->mu[j], mu_se, mu.lower, mu.upper};
        to->var[j] =
            (em_recovered_value){s->bounded[j] ? NAN : truth->var[j], fit->var[j], var_se, var.lower, var.upper};
        to->group_status[j] = fit->group_status[j];
    }
}

/* Subject s with its facts: truth and estimate on both scales. */
static void compare_subject(const study *st, const em_truth *truth, const em_fit *fit, const double *facts, size_t s,
                            const parts *to)
{
    const size_t P = (size_t)fit->n_parameters, at = s * P;
    const bool used = !isnan(fit->subject_log_marginal_likelihood[s]);
    double cov[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS], x[EM_MAX_PARAMETERS], lower[EM_MAX_PARAMETERS],
        upper[EM_MAX_PARAMETERS], low[EM_MAX_PARAMETERS], high[EM_MAX_PARAMETERS];
    const bool known = used && em_fit_posterior(fit, s, cov);
    st->model->unconstrained(truth->natural + at, facts, x);
    for (size_t j = 0; j < P; j++) {
        const double sd = known && cov[j * P + j] > 0 ? sqrt(cov[j * P + j]) : NAN, map = used ? fit->map[at + j] : NAN;
        const double value = st->bounded[j] ? x[j] : truth->x[at + j];
        lower[j] = map - 1.959963984540054 * sd;
        upper[j] = map + 1.959963984540054 * sd;
        to->value[at + j] = (em_recovered_value){isfinite(value) ? value : NAN, map, sd, lower[j], upper[j]};
    }
    st->model->natural(lower, facts, low);
    st->model->natural(upper, facts, high);
    for (size_t j = 0; j < P; j++) {
        const double natural = used ? fit->natural[at + j] : NAN;
        const bool interval = !isnan(to->value[at + j].se); /* transforms rise or fall throughout */
        to->natural[at + j] =
            (em_recovered_value){truth->natural[at + j], natural, NAN, interval ? fmin(low[j], high[j]) : NAN,
                                 interval ? fmax(low[j], high[j]) : NAN};
    }
    to->status[s] = fit->subject_status[s];
}

/* Rank 0 of those who fit it. */
static em_code compare(study *st, em_dataset *data, const char *name, const em_fit *fit, const parts *to,
                       em_error *error)
{
    em_trials trials;
    const size_t S = data->n_subjects;
    double facts[EM_MAX_PARAMETERS];
    *to->head = (head){fit->converged, fit->iterations, fit->n_subjects_used, fit->noted.flagged};
    compare_group(st, data->truth, fit, to);
    em_code code = em_trials_open_memory(data, name, st->model, false, &trials, error);
    if (code == EM_OK)
        code = em_trials_read(&trials, 0, S, error);
    for (size_t s = 0; s < S && code == EM_OK; s++) {
        em_trials_facts(&trials, s, facts);
        compare_subject(st, data->truth, fit, facts, s, to);
    }
    em_trials_close(&trials);
    if (!st->id) {
        st->id = data->id;
        data->id = NULL;
    }
    return code;
}

static em_code recover_one(void *where, em_comm *comm, int i, void *result, em_error *error)
{
    study *st = where;
    em_simulation simulation = *st->simulation;
    em_dataset *data = NULL;
    em_fit *fit = NULL;
    char name[80];
    simulation.seed = em_repeat_seed(simulation.seed, i);
    snprintf(name, sizeof name, "repetition %d (seed %llu)", i + 1, (unsigned long long)simulation.seed);
    em_code code = em_comm_agree_alike(comm, em_simulate(st->model, &simulation, &data, error), error);
    if (code == EM_OK)
        code = em_fit_data_alike(comm, data, name, st->model, &st->options, &st->isa, NULL, &fit, error);
    if (code == EM_NOT_CONVERGED)
        code = EM_OK;
    if (code == EM_OK && fit) {
        const parts to = parts_of(result, data->n_subjects, (size_t)st->model->n_parameters);
        code = compare(st, data, name, fit, &to, error);
    }
    em_fit_free(fit);
    em_dataset_free(data);
    return em_repeat_name(code, name, error);
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

/* One parameter's values in all repetitions, value i of repetition r being value[r][i * stride]. */
typedef struct {
    const em_recovered_value **value; /* [R] */
    int n_repetitions;
    size_t n, stride;
} series;

/* Correlation of truths and estimates in one data set; NaN where one of them does not vary. */
static double correlate(const em_recovered_value *v, size_t n, size_t stride)
{
    double m = 0, mt = 0, me = 0, tt = 0, ee = 0, te = 0, least[2] = {INFINITY, INFINITY},
           most[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++, v += stride) {
        if (isnan(v->truth) || isnan(v->estimate))
            continue;
        const double dt = v->truth - mt, de = v->estimate - me;
        m++;
        mt += dt / m;
        me += de / m;
        tt += dt * (v->truth - mt);
        ee += de * (v->estimate - me);
        te += dt * (v->estimate - me);
        least[0] = fmin(least[0], v->truth);
        most[0] = fmax(most[0], v->truth);
        least[1] = fmin(least[1], v->estimate);
        most[1] = fmax(most[1], v->estimate);
    }
    return m > 1 && least[0] < most[0] && least[1] < most[1] ? te / sqrt(tt * ee) : NAN;
}

static em_recovered sum_up(const series *s, bool correlation)
{
    em_recovered sum = {.truth = 0};
    double correlations = 0, estimates = 0;
    for (int r = 0; r < s->n_repetitions; r++) {
        for (size_t i = 0; i < s->n; i++) {
            const em_recovered_value *v = &s->value[r][i * s->stride];
            const double error = v->estimate - v->truth;
            if (!isnan(v->estimate)) {
                estimates++;
                sum.estimate += v->estimate;
            }
            if (isnan(error))
                continue;
            sum.n++;
            sum.truth += v->truth;
            sum.bias += error;
            sum.rmse += error * error;
            sum.n_intervals += isnan(v->lower) ? 0 : 1;
            sum.n_held += v->lower <= v->truth && v->truth <= v->upper;
        }
        const double one = correlation ? correlate(s->value[r], s->n, s->stride) : NAN;
        if (!isnan(one)) {
            correlations += one;
            sum.n_correlations++;
        }
    }
    const double n = (double)sum.n;
    sum.truth /= n;
    sum.estimate /= estimates;
    sum.bias /= n;
    sum.rmse = sqrt(sum.rmse / n);
    sum.correlation = sum.n_correlations ? correlations / sum.n_correlations : NAN;
    sum.coverage = (double)sum.n_held / (double)sum.n_intervals;
    return sum;
}

static em_code sum_all_up(em_recovery *r, em_error *error)
{
    const size_t P = (size_t)r->n_parameters;
    const em_recovered_value **value = em_new((size_t)r->n_repetitions, sizeof *value, error);
    if (!value)
        return EM_MACHINE;
    const series subjects = {value, r->n_repetitions, r->n_subjects, P}, group = {value, r->n_repetitions, 1, 1};
    for (size_t j = 0; j < P; j++) {
        for (int i = 0; i < r->n_repetitions; i++)
            value[i] = r->run[i].value + j;
        r->value[j] = sum_up(&subjects, true);
        for (int i = 0; i < r->n_repetitions; i++)
            value[i] = r->run[i].natural + j;
        r->natural[j] = sum_up(&subjects, true);
        for (int i = 0; i < r->n_repetitions; i++)
            value[i] = r->run[i].mu + j;
        r->mu[j] = sum_up(&group, false);
        for (int i = 0; i < r->n_repetitions; i++)
            value[i] = r->run[i].var + j;
        r->var[j] = sum_up(&group, false);
    }
    free(value);
    return EM_OK;
}

static em_code name_all(const study *st, em_recovery *r, em_error *error)
{
    const em_model *model = st->model;
    r->model = em_copy(model->name, error);
    bool good = r->model != NULL;
    for (int j = 0; j < model->n_parameters && good; j++) {
        r->parameter[j] = em_copy(model->parameters[j].name, error);
        r->transform[j] = em_copy(model->parameters[j].transform, error);
        good = r->parameter[j] && r->transform[j];
        r->bounded[j] = st->bounded[j];
    }
    return good ? EM_OK : EM_MACHINE;
}

/* Rank 0: room for the result. */
static em_code make_room(const study *st, int repetitions, em_recovery **out, em_error *error)
{
    const size_t S = st->simulation->subjects, P = (size_t)st->model->n_parameters, R = (size_t)repetitions;
    em_recovery *r = *out = em_new(1, sizeof *r, error);
    if (!r)
        return EM_MACHINE;
    r->parameter = em_new(P, sizeof *r->parameter, error);
    r->transform = em_new(P, sizeof *r->transform, error);
    r->bounded = em_new(P, sizeof *r->bounded, error);
    r->run = em_new(R, sizeof *r->run, error);
    r->value = em_new(P, sizeof *r->value, error);
    r->natural = em_new(P, sizeof *r->natural, error);
    r->mu = em_new(P, sizeof *r->mu, error);
    r->var = em_new(P, sizeof *r->var, error);
    r->store = em_new(R, size_of(S, P), error);
    r->n_parameters = r->parameter && r->transform ? (int)P : 0;
    r->n_repetitions = repetitions;
    r->trials = st->simulation->trials;
    const bool good = r->n_parameters && r->bounded && r->run && r->value && r->natural && r->mu && r->var && r->store;
    return good ? name_all(st, r, error) : EM_MACHINE;
}

/* Rank 0: the runs, from what the repetitions have left. */
static em_code finish(study *st, em_recovery *r, em_error *error)
{
    const size_t S = st->simulation->subjects, P = (size_t)r->n_parameters;
    r->n_subjects = S;
    r->subject = st->id;
    st->id = NULL;
    for (int i = 0; i < r->n_repetitions; i++) {
        const parts p = parts_of((char *)r->store + (size_t)i * size_of(S, P), S, P);
        r->run[i] = (em_recovery_run){em_repeat_seed(st->simulation->seed, i),
                                      p.head->converged,
                                      p.head->iterations,
                                      p.head->n_used,
                                      p.head->n_flagged,
                                      p.mu,
                                      p.var,
                                      p.value,
                                      p.natural,
                                      p.status,
                                      p.group_status};
        r->n_moving += !r->run[i].converged;
        r->n_flagged += r->run[i].n_flagged;
        r->n_unused += S - r->run[i].n_used;
    }
    return sum_all_up(r, error);
}

em_code em_recover(em_comm *comm, const em_model *model, const em_simulation *simulation, const em_fit_options *options,
                   int repetitions, const em_progress *progress, em_recovery **recovery, em_error *error)
{
    const double began = em_now();
    const bool first = em_comm_rank(comm) == 0;
    study st = {.model = model, .simulation = simulation, .options = *options};
    *recovery = NULL;
    em_code code = em_comm_agree(comm, em_repeat_check(model, simulation, options, repetitions, error), error);
    if (code != EM_OK)
        return code;
    code = em_repeat_isa(comm, &st.isa, error);
    find_bounded(model, st.bounded);
    if (code == EM_OK && em_repeat_has_options(model)) /* all that could be chosen count, chosen or not */
        code = em_comm_agree(comm, em_repeat_drawn_options(model, simulation, &st.options.options, error), error);
    if (code == EM_OK)
        code = em_comm_agree(comm, first ? make_room(&st, repetitions, recovery, error) : EM_OK, error);
    const size_t size = size_of(simulation->subjects, (size_t)model->n_parameters);
    if (code == EM_OK)
        code = em_repeat(comm, repetitions, size, recover_one, &st, progress, first ? (*recovery)->store : NULL, error);
    if (code == EM_OK)
        code = em_comm_agree(comm, first ? finish(&st, *recovery, error) : EM_OK, error);
    int moving = code == EM_OK && first ? (*recovery)->n_moving : 0;
    em_comm_share(comm, &moving, sizeof moving);
    free_texts(st.id, simulation->subjects);
    if (code == EM_OK && first)
        (*recovery)->seconds = em_now() - began;
    if (code != EM_OK) {
        em_recovery_free(*recovery);
        *recovery = NULL;
    }
    return code == EM_OK && moving ? EM_NOT_CONVERGED : code;
}
