#include "model_check.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "isa.h"
#include "linalg.h"
#include "random.h"
#include "scatter.h"

enum { POINTS = 12, WIDE_POINTS = 6, SOME_GROUPS = 3, STEPS = 3 };

/* The data as a kernel sees them, and room for what it returns. */
typedef struct check {
    const em_model *model;
    const char *path;
    em_report *report;
    em_trials trials;
    em_plan plan;
    em_group_data *groups;
    size_t n_groups;
    const em_kernel *kernel;
    int P, H, lanes;
    double *at, *value, *gradient, *hessian; /* [P, lanes], [lanes], [P, lanes], [H, lanes] */
} check;

static void say(check *c, em_verdict verdict, const char *format, ...) EM_PRINTF(3, 4);
static void say(check *c, em_verdict verdict, const char *format, ...)
{
    char text[1200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    c->report->to_mend += verdict == EM_MEND;
    c->report->line(c->report->where, verdict, text);
}

/* ---- points and evaluations -------------------------------------------------------------------------------------- */

/* Point k: the default group's mean, then people of that group (their sd at most 2, so that what is far from all data stays away), then,
 * from POINTS on, points three sd away. */
static void point(const check *c, int k, double *x)
{
    em_random random = em_random_start(7, (uint64_t)k);
    for (int j = 0; j < c->P; j++) {
        const em_parameter *p = &c->model->parameters[j];
        const double sd = fmin(2, sqrt(p->var));
        x[j] = p->mu + (k == 0 ? 0 : k < POINTS ? sd * em_random_normal(&random) : em_random_uniform(&random) < 0.5 ? -3 * sd : 3 * sd);
    }
}

static void evaluate(check *c, const em_kernel *kernel, size_t group, const double *x)
{
    for (int j = 0; j < c->P; j++)
        for (int l = 0; l < c->lanes; l++)
            c->at[j * c->lanes + l] = x[j];
    em_isa_score(kernel, c->trials.options)(&c->groups[group].batch, &(em_point){.x = c->at}, c->value, c->gradient, c->hessian);
}

/* "alpha = 0.5, beta = 3" on the natural scale for this subject. */
static const char *in_words(const check *c, size_t subject, const double *x, char *text, size_t size)
{
    double facts[EM_MAX_PARAMETERS] = {0}, natural[EM_MAX_PARAMETERS];
    em_trials_facts(&c->trials, subject, facts);
    c->model->natural(x, facts, natural);
    text[0] = '\0';
    for (int j = 0; j < c->P; j++) {
        const size_t n = strlen(text);
        snprintf(text + n, size - n, "%s%s = %.4g", j ? ", " : "", c->model->parameters[j].name, natural[j]);
    }
    return text;
}

/* One subject's rows as the model's own code reads them; [T, C], to be freed. */
static double *rows_of(const check *c, size_t subject, int *trials, uint8_t **restart)
{
    const uint64_t from = c->trials.data->offset[subject];
    const size_t n = (size_t)(c->trials.data->offset[subject + 1] - from), C = (size_t)c->model->n_columns;
    double *rows = malloc((n * C + 1) * sizeof *rows);
    *restart = calloc(n + 1, 1);
    for (size_t t = 0; t < n && rows && *restart; t++) {
        for (size_t k = 0; k < C; k++)
            rows[t * C + k] = c->trials.column[k][from + t - c->trials.data->first_row];
        (*restart)[t] = em_trials_restart(&c->trials, subject, from + t);
    }
    *trials = (int)n;
    return rows;
}

static double traced(const check *c, size_t subject, double *rows, const uint8_t *restart, int trials, const double *x)
{
    double facts[EM_MAX_PARAMETERS] = {0};
    em_trials_facts(&c->trials, subject, facts);
    return c->model->trace(trials, c->trials.options, rows, restart, NULL, facts, x, NULL, NULL);
}

/* ---- transforms -------------------------------------------------------------------------------------------------- */

static void check_transforms(check *c)
{
    double facts[EM_MAX_PARAMETERS], x[EM_MAX_PARAMETERS], y[EM_MAX_PARAMETERS], back[EM_MAX_PARAMETERS], last[EM_MAX_PARAMETERS];
    bool bad[EM_MAX_PARAMETERS] = {false};
    int wrong = 0;
    for (int f = 0; f < EM_MAX_PARAMETERS; f++)
        facts[f] = 1;
    for (int half = -10; half <= 10; half++) {
        const double at = half / 2.0;
        for (int j = 0; j < c->P; j++)
            x[j] = at;
        c->model->natural(x, facts, y);
        c->model->unconstrained(y, facts, back);
        for (int j = 0; j < c->P; j++) {
            const char *name = c->model->parameters[j].name;
            if (bad[j])
                continue;
            if (!isfinite(y[j]) || (at > -5 && !(y[j] > last[j])))
                bad[j] = true, say(c, EM_MEND, "the transform of %s (%s) is %g at %g: it must be finite and grow everywhere", name,
                                   c->model->parameters[j].transform, y[j], at);
            else if (!(fabs(back[j] - at) < 1e-6 * (1 + fabs(at))))
                bad[j] = true, say(c, EM_MEND, "the inverse of %s's transform (%s) takes %g back to %g, not to %g", name,
                                   c->model->parameters[j].transform, y[j], back[j], at);
            last[j] = y[j];
        }
    }
    for (int j = 0; j < c->P; j++)
        wrong += bad[j];
    if (!wrong)
        say(c, EM_FINE, "transforms grow, and their inverses are right");
}

/* ---- finite values ----------------------------------------------------------------------------------------------- */

/* The first trial from which on this subject's log-likelihood is not finite; 0 where the trace finds none. */
static int first_trial(const check *c, size_t subject, const double *x)
{
    int n = 0;
    uint8_t *restart = NULL;
    double *rows = rows_of(c, subject, &n, &restart);
    int t = 1;
    while (rows && restart && t <= n && isfinite(traced(c, subject, rows, restart, t, x)))
        t++;
    free(rows);
    free(restart);
    return rows && restart && t <= n ? t : 0;
}

static bool all_finite(const check *c, int lane)
{
    bool finite = isfinite(c->value[lane]);
    for (int j = 0; j < c->P; j++)
        finite = finite && isfinite(c->gradient[j * c->lanes + lane]);
    for (int k = 0; k < c->H; k++)
        finite = finite && isfinite(c->hessian[k * c->lanes + lane]);
    return finite;
}

static void tell_not_finite(check *c, em_verdict verdict, size_t subject, int lane, const double *x, size_t times)
{
    char where[600], on[80] = "";
    const int t = isfinite(c->value[lane]) ? 0 : first_trial(c, subject, x);
    if (t)
        snprintf(on, sizeof on, ", from trial %d on", t);
    say(c, verdict, "%s not finite for subject %s%s at %s%s (%zu such cases%s). Look for a logarithm of 0, an exponential that overflows, a "
        "division by 0; both sides of select are computed, and both must be finite",
        isfinite(c->value[lane]) ? "a derivative is" : "the log-likelihood is", em_trials_id(&c->trials, subject), on,
        in_words(c, subject, x, where, sizeof where), "", times, verdict == EM_NOTE ? ", all at points far from the default group" : "");
}

static void check_finite(check *c)
{
    double x[EM_MAX_PARAMETERS], first[EM_MAX_PARAMETERS];
    for (int wide = 0; wide < 2; wide++) {
        size_t times = 0, subject = 0, group = 0;
        int lane = 0;
        for (int k = wide ? POINTS : 0; k < (wide ? POINTS + WIDE_POINTS : POINTS); k++) {
            point(c, k, x);
            for (size_t g = 0; g < c->n_groups; g++) {
                evaluate(c, c->kernel, g, x);
                for (int l = 0; l < c->lanes; l++)
                    if (c->groups[g].member[l] != EM_NOBODY && !all_finite(c, l) && times++ == 0) {
                        memcpy(first, x, sizeof first);
                        subject = c->groups[g].member[l];
                        group = g;
                        lane = l;
                    }
            }
        }
        if (times) {
            evaluate(c, c->kernel, group, first);
            tell_not_finite(c, wide ? EM_NOTE : EM_MEND, subject, lane, first, times);
        } else
            say(c, EM_FINE, wide ? "finite at points far from it, too" : "finite for everybody at %d points of the default group", POINTS);
    }
}

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

/* Worst disagreement of exact derivatives with differences where these can tell, and how often they cannot: at a kink. */
typedef struct worst {
    double error, got, want;
    int i, j; /* j -1: gradient */
    size_t subject;
    int compared, kinks;
} worst;

static void compare(worst *w, const double slope[STEPS], double got, int i, int j, size_t subject)
{
    const double coarse = (4 * slope[1] - slope[0]) / 3, want = (4 * slope[2] - slope[1]) / 3, size = 1 + fabs(want);
    if (!isfinite(got) || !isfinite(want))
        return;
    if (fabs(coarse - want) > 1e-6 * size) {
        w->kinks++;
        return;
    }
    w->compared++;
    if (fabs(got - want) / size > w->error)
        *w = (worst){fabs(got - want) / size, got, want, i, j, subject, w->compared, w->kinks};
}

static void against_differences(check *c, size_t g, const double *x, worst *w)
{
    const int L = c->lanes, P = c->P;
    double *store = malloc((size_t)(P + c->H + 2 * STEPS * (P + 1)) * (size_t)L * sizeof *store), y[EM_MAX_PARAMETERS];
    if (!store)
        return;
    double *gradient = store, *hessian = gradient + P * L, *side = hessian + c->H * L; /* side [STEPS][2][P+1][L] */
    evaluate(c, c->kernel, g, x);
    memcpy(gradient, c->gradient, (size_t)(P * L) * sizeof *gradient);
    memcpy(hessian, c->hessian, (size_t)(c->H * L) * sizeof *hessian);
    for (int j = 0; j < P; j++) {
        for (int a = 0; a < 2 * STEPS; a++) {
            memcpy(y, x, (size_t)P * sizeof *y);
            y[j] += (a % 2 ? 1 : -1) * 4e-3 / (1 << a / 2);
            evaluate(c, c->kernel, g, y);
            memcpy(side + a * (P + 1) * L, c->value, (size_t)L * sizeof *side);
            memcpy(side + (a * (P + 1) + 1) * L, c->gradient, (size_t)(P * L) * sizeof *side);
        }
        for (int l = 0; l < L; l++)
            for (int i = -1; i < P && c->groups[g].member[l] != EM_NOBODY; i++) {
                double slope[STEPS];
                for (int a = 0; a < STEPS; a++)
                    slope[a] = (side[((2 * a + 1) * (P + 1) + i + 1) * L + l] - side[(2 * a * (P + 1) + i + 1) * L + l]) /
                               (2 * 4e-3 / (1 << a));
                const int k = i < 0 ? 0 : i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
                compare(w, slope, i < 0 ? gradient[j * L + l] : hessian[k * L + l], j, i, c->groups[g].member[l]);
            }
    }
    free(store);
}

static void check_derivatives(check *c)
{
    worst w = {.error = 0};
    double x[EM_MAX_PARAMETERS];
    const size_t groups = c->n_groups < SOME_GROUPS ? c->n_groups : SOME_GROUPS;
    for (int k = 0; k < 4; k++) {
        point(c, k, x);
        for (size_t g = 0; g < groups; g++)
            against_differences(c, g, x, &w);
    }
    if (w.compared == 0) {
        say(c, EM_MEND, "no derivative could be compared with differences: the log-likelihood jumps, or is nowhere finite");
        return;
    }
    if (w.error > 1e-5)
        say(c, EM_MEND, "the %s of %s%s%s for subject %s is %.8g, by differences %.8g. Plain C numbers that hide a parameter do this (number(a), a "
            "static variable, a cast)", w.j < 0 ? "derivative" : "second derivative", c->model->parameters[w.i].name, w.j < 0 ? "" : " and ",
            w.j < 0 ? "" : c->model->parameters[w.j].name, em_trials_id(&c->trials, w.subject), w.got, w.want);
    else
        say(c, EM_FINE, "%s derivatives agree with differences to %.1e (%d compared)", c->model->numerical ? "numerical" : "exact", w.error,
            w.compared);
    if (w.kinks > 0.2 * (w.compared + w.kinks))
        say(c, EM_NOTE, "%d of %d derivatives could not be compared: the likelihood has kinks or jumps (max, min, select on what depends on "
            "parameters). A fit copes with kinks; where it jumps no maximum can be found", w.kinks, w.compared + w.kinks);
}

/* ---- kernels against each other ---------------------------------------------------------------------------------- */

/* The code that draws and reports is compiled without vectors: the same lines, so the same number. */
static void check_widths(check *c)
{
    double x[EM_MAX_PARAMETERS], error = 0;
    size_t subject = 0;
    for (int k = 0; k < 3; k++) {
        point(c, k, x);
        for (size_t g = 0; g < c->n_groups && g < SOME_GROUPS; g++) {
            evaluate(c, c->kernel, g, x);
            for (int l = 0; l < c->lanes; l++) {
                const uint32_t s = c->groups[g].member[l];
                int n;
                uint8_t *restart = NULL;
                double *rows = s == EM_NOBODY ? NULL : rows_of(c, s, &n, &restart);
                const double ll = rows && restart ? traced(c, s, rows, restart, n, x) : c->value[l];
                const double e = fabs(ll - c->value[l]) / (1 + fabs(ll));
                if (e > error)
                    error = e, subject = s;
                free(rows);
                free(restart);
            }
        }
    }
    if (error > 1e-8)
        say(c, EM_MEND, "the log-likelihood depends on who is computed beside whom (subject %s, by %.1e): TRIAL must use only p, s and what it "
            "observes, and no variable of its own that lives on", em_trials_id(&c->trials, subject), error);
    else
        say(c, EM_FINE, "the same value alone and side by side, to %.1e", error);
}

/* ---- probabilities ----------------------------------------------------------------------------------------------- */

/* On trial t (the last of n) of these rows: the sum over all codes of all responses of p(response). NaN where something is missing. */
static double sum_of_probabilities(const check *c, size_t subject, double *rows, const uint8_t *restart, int n, const double *x)
{
    const em_model *m = c->model;
    double *last = rows + (size_t)(n - 1) * (size_t)m->n_columns, kept[64], total = 0;
    int response[EM_MAX_OPTIONS] = {0}, codes[EM_MAX_OPTIONS] = {0}, R = 0, ways = 1;
    for (int k = 0; k < m->n_columns; k++) {
        if (isnan(last[k]))
            return NAN;
        if (m->columns[k].role != EM_RESPONSE)
            continue;
        response[R] = k;
        codes[R] = m->columns[k].codes == EM_OPTION ? c->trials.options : m->columns[k].codes;
        kept[R] = last[k];
        ways *= codes[R++];
    }
    last[response[0]] = NAN;
    const double without = traced(c, subject, rows, restart, n, x);
    for (int way = 0; way < ways; way++) {
        for (int r = 0, rest = way; r < R; rest /= codes[r++])
            last[response[r]] = rest % codes[r];
        total += exp(traced(c, subject, rows, restart, n, x) - without);
    }
    for (int r = 0; r < R; r++)
        last[response[r]] = kept[r];
    return total;
}

static void check_probabilities(check *c)
{
    for (int k = 0; k < c->model->n_columns; k++)
        if (c->model->columns[k].role == EM_RESPONSE && c->model->columns[k].codes == EM_NUMBER) {
            say(c, EM_NOTE, "a response is a number (%s): that its density integrates to one is not checked", c->model->columns[k].name);
            return;
        }
    double x[EM_MAX_PARAMETERS];
    char where[600];
    for (int k = 0; k < 3; k++) {
        point(c, k, x);
        for (size_t s = 0; s < c->trials.data->n_subjects && s < 4; s++) {
            int n = 0;
            uint8_t *restart = NULL;
            double *rows = rows_of(c, s, &n, &restart), sum = NAN;
            int t = 1;
            for (; rows && restart && t <= n; t += 1 + n / 5)
                if (isfinite(sum = sum_of_probabilities(c, s, rows, restart, t, x)) && fabs(sum - 1) > 1e-8)
                    break;
            const bool bad = rows && restart && t <= n;
            free(rows);
            free(restart);
            if (bad) {
                say(c, EM_MEND, "the probabilities of all there is to do on trial %d of subject %s sum to %.8g, not 1, at %s", t,
                    em_trials_id(&c->trials, s), sum, in_words(c, s, x, where, sizeof where));
                return;
            }
        }
    }
    say(c, EM_FINE, "probabilities of responses sum to one");
}

/* ---- what the data tell ------------------------------------------------------------------------------------------ */

/* The direction in which the mean Hessian is least above the prior, in units of the prior's sd: vector [P] out, returns the
 * eigenvalue; 1 is what the prior alone gives. */
static double least_informed(const em_fit *fit, double *vector)
{
    const size_t P = (size_t)fit->n_parameters;
    gsl_matrix *a = gsl_matrix_calloc(P, P), *vectors = gsl_matrix_alloc(P, P);
    gsl_vector *values = gsl_vector_alloc(P);
    gsl_eigen_symmv_workspace *w = gsl_eigen_symmv_alloc(P);
    double least = INFINITY, n = 0;
    for (size_t s = 0; s < fit->n_subjects; s++) {
        if (!isfinite(fit->subject_log_marginal_likelihood[s]))
            continue;
        n++;
        for (size_t i = 0; i < P; i++)
            for (size_t j = 0; j < P; j++)
                *gsl_matrix_ptr(a, i, j) += sqrt(fit->var[i] * fit->var[j]) * fit->hessian[(s * P + i) * P + j];
    }
    if (n > 0 && gsl_matrix_scale(a, 1 / n) == 0 && gsl_eigen_symmv(a, values, vectors, w) == 0)
        for (size_t k = 0; k < P; k++)
            if (gsl_vector_get(values, k) < least) {
                least = gsl_vector_get(values, k);
                for (size_t j = 0; j < P; j++)
                    vector[j] = gsl_matrix_get(vectors, j, k);
            }
    gsl_matrix_free(a);
    gsl_matrix_free(vectors);
    gsl_vector_free(values);
    gsl_eigen_symmv_free(w);
    return least;
}

/* For how many subjects the posterior of parameter j is as wide as the prior: more than 0.95 of its variance. */
static size_t uninformed(const em_fit *fit, int j, size_t *used)
{
    const int P = fit->n_parameters;
    size_t count = 0;
    *used = 0;
    for (size_t s = 0; s < fit->n_subjects; s++) {
        double h[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2], diagonal[EM_MAX_PARAMETERS], work[EM_MAX_PARAMETERS];
        for (int a = 0; a < P; a++)
            for (int b = 0; b <= a; b++)
                h[a * (a + 1) / 2 + b] = fit->hessian[(s * (size_t)P + (size_t)a) * (size_t)P + (size_t)b];
        if (!isfinite(fit->subject_log_marginal_likelihood[s]) || !em_cholesky(P, h, h))
            continue;
        em_cholesky_inverse_diagonal(P, h, diagonal, work);
        ++*used;
        count += diagonal[j] > 0.95 * fit->var[j];
    }
    return count;
}

static void tell_information(check *c, const em_fit *fit)
{
    double vector[EM_MAX_PARAMETERS] = {0};
    bool told = false;
    for (int j = 0; j < c->P; j++) {
        size_t used, count = uninformed(fit, j, &used);
        if (count > used / 2)
            told = true, say(c, (double)count > 0.9 * (double)used ? EM_MEND : EM_NOTE,
                             "the data tell nothing of %s for %zu of %zu subjects: its posterior is as wide as the prior. Does it occur in the "
                             "likelihood? Does the task have trials on which it matters?", c->model->parameters[j].name, count, used);
    }
    const double least = least_informed(fit, vector);
    char names[400] = "";
    int several = 0;
    for (int j = 0; j < c->P; j++)
        if (fabs(vector[j]) > 0.35) {
            const size_t n = strlen(names);
            snprintf(names + n, sizeof names - n, "%s%s", several++ ? " and " : "", c->model->parameters[j].name);
        }
    if (several > 1 && least < 1.5)
        told = true, say(c, EM_NOTE, "%s trade off: the data tell little of one combination of them (%.2f times what the prior does)", names,
                         least - 1);
    if (!told)
        say(c, EM_FINE, "the data tell of every parameter");
}

static em_code check_information(check *c, em_fit **fit, em_error *error)
{
    em_fit_options options = em_fit_defaults();
    options.group = EM_GROUP_FIXED;
    em_comm *alone = em_comm_alone();
    em_code code = alone ? em_fit_run(alone, c->path, c->model, &options, NULL, NULL, fit, error) : EM_MACHINE;
    em_comm_stop(alone);
    if (code != EM_OK)
        return code;
    const em_noted *noted = &(*fit)->noted;
    if (noted->flagged)
        say(c, noted->flagged == (*fit)->n_subjects ? EM_MEND : EM_NOTE, "%zu of %zu subjects could not be fitted under the default group, first %s: %s",
            noted->flagged, (*fit)->n_subjects, noted->flagged_id[0] ? noted->flagged_id[0] : "?",
            em_subject_status_text(noted->flagged_status[0]));
    tell_information(c, *fit);
    return EM_OK;
}

/* ---- draw and find again ----------------------------------------------------------------------------------------- */

static double correlation(const double *a, const double *b, size_t n, size_t stride, double *shift)
{
    double ma = 0, mb = 0, saa = 0, sbb = 0, sab = 0;
    for (size_t s = 0; s < n; s++)
        ma += a[s * stride] / (double)n, mb += b[s * stride] / (double)n;
    for (size_t s = 0; s < n; s++) {
        const double da = a[s * stride] - ma, db = b[s * stride] - mb;
        saa += da * da, sbb += db * db, sab += da * db;
    }
    *shift = saa > 0 ? (mb - ma) / sqrt(saa / (double)n) : 0;
    return saa > 0 && sbb > 0 ? sab / sqrt(saa * sbb) : 0;
}

/* People to draw: from the mean of the maxima found in the data, with variances between 0.1 and 1. */
static em_simulation people(const check *c, const em_fit *fit)
{
    const size_t S = fit->n_subjects, P = (size_t)c->P;
    em_simulation sim = {.subjects = S < 20 ? 20 : S > 60 ? 60 : S, .options = c->trials.options, .seed = 5};
    sim.trials = (int)(c->trials.data->n_rows / S);
    sim.trials = sim.trials < 10 ? 10 : sim.trials > 300 ? 300 : sim.trials;
    for (size_t j = 0; j < P; j++) {
        double sum = 0, square = 0, n = 0;
        for (size_t s = 0; s < S; s++)
            if (isfinite(fit->map[s * P + j]))
                sum += fit->map[s * P + j], square += fit->map[s * P + j] * fit->map[s * P + j], n++;
        sim.mu[j] = n > 0 ? sum / n : c->model->parameters[j].mu;
        sim.var[j] = n > 1 ? fmin(1, fmax(0.1, square / n - sim.mu[j] * sim.mu[j])) : 0.5;
    }
    return sim;
}

static void tell_recovery(check *c, const em_dataset *drawn, const em_fit *fit)
{
    const size_t P = (size_t)c->P;
    const bool natural = c->model->n_facts > 0; /* facts of drawn data are not what they were drawn with */
    char text[900] = "", weak[400] = "";
    for (size_t j = 0; j < P; j++) {
        double shift;
        const double r = correlation((natural ? drawn->truth->natural : drawn->truth->x) + j, (natural ? fit->natural : fit->map) + j,
                                     fit->n_subjects, P, &shift);
        const size_t n = strlen(text), w = strlen(weak);
        snprintf(text + n, sizeof text - n, "%s%s r = %.2f, shift %+.1f sd", j ? "; " : "", c->model->parameters[j].name, r, shift);
        if (r < 0.4 || fabs(shift) > 1)
            snprintf(weak + w, sizeof weak - w, "%s%s", w ? ", " : "", c->model->parameters[j].name);
    }
    say(c, EM_FINE, "%zu people drawn like these in the task '%s', %d trials each, and found again: %s", fit->n_subjects, c->model->task,
        (int)(drawn->n_rows / drawn->n_subjects), text);
    if (*weak)
        say(c, EM_NOTE, "weakly recovered: %s. More trials, or a design in which people differ more; else do not interpret single people's values",
            weak);
    if (fit->noted.flagged > 0)
        say(c, EM_NOTE, "%zu of the people drawn could not be fitted", fit->noted.flagged);
}

static em_code check_recovery(check *c, const em_fit *found, em_error *error)
{
    em_dataset *drawn = NULL;
    em_fit *fit = NULL;
    if (!c->model->task) {
        say(c, EM_NOTE, "the model names no task, so nobody can be drawn and found again (.task in MODEL; 'emlib simulate --tasks' lists the tasks)");
        return EM_OK;
    }
    const em_simulation sim = people(c, found);
    if (em_simulate(c->model, &sim, &drawn, error) != EM_OK) {
        say(c, EM_MEND, "people cannot be drawn: %s", error->text);
        return error->code == EM_MACHINE ? EM_MACHINE : EM_OK;
    }
    char path[64];
    snprintf(path, sizeof path, "/tmp/emlib-check-%ld.h5", (long)getpid());
    em_code code = em_dataset_write(drawn, path, true, error);
    const em_fit_options options = em_fit_defaults();
    em_comm *alone = em_comm_alone();
    if (code == EM_OK)
        code = alone ? em_fit_run(alone, path, c->model, &options, NULL, NULL, &fit, error) : EM_MACHINE;
    em_comm_stop(alone);
    remove(path);
    if (code == EM_NOT_CONVERGED)
        say(c, EM_NOTE, "the fit to the people drawn did not converge");
    if (code == EM_OK || code == EM_NOT_CONVERGED)
        tell_recovery(c, drawn, fit);
    else if (code == EM_INPUT_ERROR)
        say(c, EM_MEND, "what was drawn cannot be fitted: %s", error->text);
    em_fit_free(fit);
    em_dataset_free(drawn);
    return code == EM_MACHINE ? code : EM_OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static em_code open_data(check *c, em_error *error)
{
    int isa = 0;
    em_comm *alone = em_comm_alone();
    em_code code = alone ? em_isa_choose(&isa, error) : em_fail(error, EM_MACHINE, "out of memory");
    c->kernel = em_isa_kernel(c->model, isa);
    c->lanes = c->kernel->lanes;
    c->P = c->model->n_parameters;
    c->H = c->P * (c->P + 1) / 2;
    if (code == EM_OK)
        code = em_trials_open(c->path, c->model, false, &c->trials, error);
    if (code == EM_OK)
        code = em_plan_make(c->trials.data->offset, c->trials.data->n_subjects, c->lanes, 1, &c->plan, error);
    if (code == EM_OK)
        code = em_scatter(alone, &c->trials, &c->plan, 0, NULL, &c->groups, &c->n_groups, error);
    if (code == EM_OK) /* the groups hold their rows; the code that draws wants them by subject */
        code = em_trials_read(&c->trials, 0, c->trials.data->n_subjects, error);
    if (code == EM_OK) {
        c->at = em_new_aligned((size_t)(2 * c->P + c->H + 2) * 8, sizeof *c->at, error);
        code = c->at ? EM_OK : EM_MACHINE;
    }
    em_comm_stop(alone);
    if (code != EM_OK)
        return code;
    /* every array of kernels begins at a multiple of 64 bytes */
    c->value = c->at + c->P * c->lanes;
    c->gradient = c->value + c->lanes;
    c->hessian = c->gradient + c->P * c->lanes;
    return EM_OK;
}

em_code em_model_check(const em_model *model, const char *dataset, em_report *report, em_error *error)
{
    check c = {.model = model, .path = dataset, .report = report};
    em_fit *fit = NULL;
    em_code code = open_data(&c, error);
    if (code == EM_INPUT_ERROR)
        say(&c, EM_MEND, "%s", error->text);
    if (code == EM_OK) {
        say(&c, EM_FINE, "the data have what the model needs: %zu subjects, %zu trials", c.trials.data->n_subjects, c.trials.data->n_rows);
        check_transforms(&c);
        check_finite(&c);
        check_derivatives(&c);
        check_widths(&c);
        check_probabilities(&c);
        code = check_information(&c, &fit, error);
        if (code == EM_INPUT_ERROR)
            say(&c, EM_MEND, "%s", error->text);
    }
    if (code == EM_OK)
        code = check_recovery(&c, fit, error);
    em_fit_free(fit);
    free(c.at);
    em_batch_free(c.groups, c.n_groups);
    em_plan_free(&c.plan);
    em_trials_close(&c.trials);
    return code == EM_INPUT_ERROR ? EM_OK : code;
}
