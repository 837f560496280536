/* Every model, every kernel: derivatives against finite differences, widths and kernels against each other, masks against
 * data with the masked trials cut out, drawing against the likelihood. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helpers.h"
#include "model_cases.h"
#include "task.h"

enum { S = 11, MOST_P = 10, MOST_H = 55 };
static const int lengths[S] = {40, 1, 17, 0, 40, 33, 2, 25, 40, 8, 60}; /* ragged, one subject without trials */

static const em_model *all_models[160];
static int n_models;

static void collect_models(void)
{
    size_t n;
    const em_model *const *built_in = em_models(&n);
    for (size_t i = 0; i < n; i++)
        all_models[n_models++] = built_in[i];
    all_models[n_models++] = &em_model_normal;
    all_models[n_models++] = &em_model_peaks;
    all_models[n_models++] = &em_model_logs;
    all_models[n_models++] = &em_model_probe;
    all_models[n_models++] = &em_model_plain_probe;
    all_models[n_models++] = &em_model_plain_rw;
    all_models[n_models++] = &em_model_sparse;
    all_models[n_models++] = &em_model_habit;
}

static bool has_options(const em_model *m)
{
    for (int c = 0; c < m->n_columns; c++)
        if (m->columns[c].codes == EM_OPTION)
            return true;
    return false;
}

static void near(double got, double want, double tolerance, const char *what, const em_model *m, int isa)
{
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("model %s, instruction set %d: %s is %.17g, expected %.17g", m->name, isa, what, got, want);
}

/* Some points, with one that is extreme. */
static void point(int which, const em_model *m, double *x)
{
    em_random random = em_random_start(99, (uint64_t)which);
    for (int j = 0; j < m->n_parameters; j++)
        x[j] = (which == 3 ? 4 : 0.7) * em_random_normal(&random);
}

/* Central differences of the value and of the gradient with three steps, each half of the one before, in each coordinate. */
enum { STEPS = 3 };
typedef struct differences {
    double value[STEPS][2][S], gradient[STEPS][2][S * MOST_P];
    double step[STEPS];
} differences;

static void step_aside(em_dataset *data, const em_model *m, int isa, int options, const double *x, int j, differences *d)
{
    double y[MOST_P];
    for (int a = 0; a < STEPS; a++)
        for (int up = 0; up < 2; up++) {
            d->step[a] = 2e-3 / (1 << a);
            memcpy(y, x, sizeof y);
            y[j] += up ? d->step[a] : -d->step[a];
            score_all(data, m, isa, false, options, y, d->value[a][up], d->gradient[a][up], NULL);
        }
}

/* Richardson's extrapolation: error of order h^4. Its two values, from the first two and the last two steps, agree where the
 * function is smooth; where they do not, a kink lies between the points, and nothing can be said. */
static bool extrapolate(const differences *d, const double *up[STEPS], const double *down[STEPS], int at, double *derivative)
{
    double slope[STEPS];
    for (int a = 0; a < STEPS; a++)
        slope[a] = (up[a][at] - down[a][at]) / (2 * d->step[a]);
    const double coarse = (4 * slope[1] - slope[0]) / 3;
    *derivative = (4 * slope[2] - slope[1]) / 3;
    return fabs(coarse - *derivative) <= 1e-8 * (1 + fabs(*derivative));
}

/* Parts of the derivatives that were looked at, and those where differences had something to say. */
typedef struct looked { int at, smooth; } looked;

static void compare_with_difference(const differences *d, const double *up[STEPS], const double *down[STEPS], int at, double got,
                                    const char *what, const em_model *m, int isa, looked *n)
{
    double want;
    n->at++;
    if (!extrapolate(d, up, down, at, &want))
        return;
    n->smooth++;
    near(got, want, 3e-8, what, m, isa);
}

static void against_differences(em_dataset *data, const em_model *m, int isa, int options, const double *x, looked *n)
{
    const int P = m->n_parameters, H = P * (P + 1) / 2;
    static double g[S * MOST_P], h[S * MOST_H];
    static differences d;
    score_all(data, m, isa, false, options, x, NULL, g, h);
    for (int j = 0; j < P; j++) {
        step_aside(data, m, isa, options, x, j, &d);
        const double *value[2][STEPS], *gradient[2][STEPS];
        for (int a = 0; a < STEPS; a++)
            for (int up = 0; up < 2; up++)
                value[up][a] = d.value[a][up], gradient[up][a] = d.gradient[a][up];
        for (int s = 0; s < S; s++) {
            compare_with_difference(&d, value[1], value[0], s, g[s * P + j], "gradient", m, isa, n);
            for (int i = 0; i < P; i++) {
                const int k = i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
                compare_with_difference(&d, gradient[1], gradient[0], s * P + i, h[s * H + k], "Hessian", m, isa, n);
            }
        }
    }
}

static void test_derivatives(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++)
        for (int isa = 0; isa <= widest_isa(); isa++)
            for (int K = 2; K <= (has_options(all_models[i]) ? 4 : 2); K += 2) {
                const em_model *m = all_models[i];
                double x[MOST_P];
                em_dataset *data = blank_data(m, S, lengths);
                random_cells(data, m, K, 5);
                for (int p = 0; p < 3; p++) {
                    looked n = {0, 0};
                    point(p, m, x);
                    against_differences(data, m, isa, K, x, &n);
                    if (n.smooth < 0.6 * n.at)
                        fail_msg("model %s: only %d of %d derivatives could be compared with differences", m->name, n.smooth, n.at);
                }
                em_dataset_free(data);
            }
}

static void compare_arrays(const double *a, const double *b, int n, double tolerance, const char *what, const em_model *m, int isa)
{
    for (int i = 0; i < n; i++)
        near(a[i], b[i], tolerance, what, m, isa);
}

/* All widths and option kernels give the same numbers; and so does the code that draws and reports. */
static void test_kernels_agree(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        const int P = m->n_parameters, H = P * (P + 1) / 2, top = widest_isa();
        double x[MOST_P], v[S], g[S * MOST_P], h[S * MOST_H], v2[S], g2[S * MOST_P], h2[S * MOST_H];
        em_dataset *data = blank_data(m, S, lengths);
        random_cells(data, m, 2, 6);
        for (int p = 0; p < 4; p++) {
            point(p, m, x);
            score_all(data, m, top, false, 2, x, v, g, h);
            for (int isa = 0; isa <= top; isa++)
                for (int two = 0; two <= has_options(m); two++) {
                    score_all(data, m, isa, two, 2, x, v2, g2, h2);
                    compare_arrays(v2, v, S, 1e-11, "value", m, isa);
                    compare_arrays(g2, g, S * P, 1e-10, "gradient", m, isa);
                    compare_arrays(h2, h, S * H, 1e-9, "Hessian", m, isa);
                }
        }
        em_dataset_free(data);
    }
}

/* One subject's log-likelihood by the code that draws and reports; restart as the column block has it. */
static double traced(em_dataset *data, const em_model *m, int options, size_t s, const double *x, double *latents)
{
    em_trials trials = trials_of(data, m, options);
    const size_t from = data->offset[s], n = data->offset[s + 1] - from, C = (size_t)m->n_columns;
    double *rows = malloc((n * C + 1) * sizeof *rows), facts[4] = {1, 1, 1, 1};
    uint8_t *restart = calloc(n + 1, 1);
    em_trials_facts(&trials, s, facts);
    for (size_t t = 0; t < n; t++) {
        restart[t] = em_trials_restart(&trials, s, from + t);
        for (size_t c = 0; c < C; c++)
            rows[t * C + c] = data->column[c].value[from + t];
    }
    double *each = malloc((n + 1) * sizeof *each), sum = 0;
    const em_draw wanted = {.log_likelihood = each};
    const double ll = m->trace((int)n, options, rows, restart, NULL, facts, x, &wanted, latents);
    for (size_t t = 0; t < n; t++) { /* of each trial, where a response is scored */
        const bool scored = (em_trials_look(&trials, from + t) & ~EM_LEARNED) != 0;
        assert_int_equal(isnan(each[t]), !scored);
        sum += scored ? each[t] : 0;
    }
    near(sum, ll, 1e-11, "sum over the trials", m, 0);
    near(m->trace((int)n, options, rows, restart, NULL, facts, x, NULL, latents), ll, 1e-12, "value without the trials", m, 0);
    free(trials.column);
    free(each);
    free(rows);
    free(restart);
    return ll;
}

/* Cells go missing at random; every kernel agrees with the trace, which deals with them by other code. */
static void test_missing_cells(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        double x[MOST_P], v[S], latents[60 * 4];
        em_dataset *data = blank_data(m, S, lengths);
        random_cells(data, m, 3 - !has_options(m), 7);
        em_random random = em_random_start(8, 0);
        for (size_t r = 0; r < data->n_rows; r++)
            for (int c = 0; c < m->n_columns; c++)
                if (em_random_uniform(&random) < 0.1)
                    data->column[c].value[r] = NAN;
        point(1, m, x);
        for (int isa = 0; isa <= widest_isa(); isa++) {
            score_all(data, m, isa, false, 3 - !has_options(m), x, v, NULL, NULL);
            for (size_t s = 0; s < S; s++)
                near(v[s], traced(data, m, 3 - !has_options(m), s, x, latents), 1e-11, "value with missing cells", m, isa);
        }
        em_dataset_free(data);
    }
}

/* A trial without its responses is as good as not there. */
static void test_missing_trials_are_cut_out(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        const int P = m->n_parameters, H = P * (P + 1) / 2, options = 2;
        int shorter[S];
        double x[MOST_P], v[2][S], g[2][S * MOST_P], h[2][S * MOST_H];
        em_dataset *data = blank_data(m, S, lengths);
        random_cells(data, m, options, 9);
        for (int s = 0; s < S; s++) {
            shorter[s] = 0;
            for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
                shorter[s] += r % 3 != 1;
        }
        em_dataset *cut = blank_data(m, S, shorter);
        for (size_t s = 0, to = 0; s < S; s++)
            for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
                for (int c = 0; c < m->n_columns; c++) {
                    if (r % 3 != 1) {
                        cut->column[c].value[to] = data->column[c].value[r];
                        to += c == m->n_columns - 1;
                    } else if (m->columns[c].role == EM_RESPONSE) {
                        data->column[c].value[r] = NAN;
                    }
                }
        for (int f = 0; f < m->n_facts; f++) /* the first row that stays has the extreme value: the fact stays the same */
            for (size_t s = 0, to = 0; s < S; to += (size_t)shorter[s++])
                for (uint64_t r = data->offset[s]; r < data->offset[s + 1]; r++)
                    if (r % 3 != 1) {
                        const em_column *of = &m->columns[m->facts[f].column];
                        *cell_of(data, of->name, r) = *cell_of(cut, of->name, to) =
                            m->facts[f].kind == EM_MAXIMUM ? of->max : fmax(of->min, 0.01);
                        break;
                    }
        point(2, m, x);
        for (int isa = 0; isa <= widest_isa(); isa++) {
            score_all(data, m, isa, false, options, x, v[0], g[0], h[0]);
            score_all(cut, m, isa, false, options, x, v[1], g[1], h[1]);
            compare_arrays(v[0], v[1], S, 1e-12, "value without the trials", m, isa);
            compare_arrays(g[0], g[1], S * P, 1e-12, "gradient without the trials", m, isa);
            compare_arrays(h[0], h[1], S * H, 1e-12, "Hessian without the trials", m, isa);
        }
        em_dataset_free(data);
        em_dataset_free(cut);
    }
}

/* The rule of model.h, cell by cell, in the model with two responses and an outcome between them. */
static void test_what_counts(void **state)
{
    (void)state;
    const em_model *m = &em_model_probe;
    static const struct { const char *gone; unsigned scored; bool learned; } rule[] = {
        {"cue", 0, false}, {"size", 0, false}, {"first", 0, false}, {"state", 1, false}, {"second", 0, false},
        {"outcome", 3, false}, {NULL, 3, true}};
    const int one = 1;
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        em_dataset *data = blank_data(m, 1, &one);
        random_cells(data, m, 2, 3);
        if (rule[i].gone)
            *cell_of(data, rule[i].gone, 0) = NAN;
        em_trials trials = trials_of(data, m, 2);
        const unsigned bits = em_trials_look(&trials, 0);
        em_error error;
        em_plan plan;
        assert_int_equal(em_plan_make(data->offset, 1, 2, 1, &plan, &error), EM_OK);
        em_group_data *group = pack_all(&plan, &trials);
        assert_int_equal(bits & 3, rule[i].scored);
        assert_int_equal((bits & EM_LEARNED) != 0, rule[i].learned);
        assert_int_equal(group->observed[0], rule[i].scored != 0);
        em_batch_free(group, 1);
        em_plan_free(&plan);
        free(trials.column);
        em_dataset_free(data);
    }
}

/* A new block is as good as a new subject: with `block`, one subject's value is the sum of its blocks' values. */
static void test_blocks_restart(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        if (!m->has_state || m->n_facts)
            continue;
        const int whole = 30, parts[3] = {10, 12, 8};
        double x[MOST_P], one, three[3];
        em_dataset *a = blank_data(m, 1, &whole), *b = blank_data(m, 3, parts);
        random_cells(a, m, 2, 4);
        random_cells(b, m, 2, 4);
        a->column = realloc(a->column, (size_t)(m->n_columns + 1) * sizeof *a->column);
        a->column[m->n_columns] = (em_dataset_column){.name = strdup("block"), .value = malloc(30 * sizeof(double))};
        a->n_columns++;
        for (int r = 0; r < 30; r++)
            a->column[m->n_columns].value[r] = r < 10 ? 1 : r < 22 ? 2 : 1;
        point(0, m, x);
        for (int isa = 0; isa <= widest_isa(); isa++) {
            score_all(a, m, isa, false, 2, x, &one, NULL, NULL);
            score_all(b, m, isa, false, 2, x, three, NULL, NULL);
            near(one, three[0] + three[1] + three[2], 1e-12, "value in blocks", m, isa);
            near(traced(a, m, 2, 0, x, NULL), one, 1e-12, "trace in blocks", m, isa);
        }
        em_dataset_free(a);
        em_dataset_free(b);
    }
}

/* All there is to do on the last trial, every response in every combination, has probabilities that sum to one. */
static void test_likelihood_sums_to_one(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        double *last[EM_MAX_OPTIONS];
        int codes[EM_MAX_OPTIONS], responses = 0, ways = 1;
        const int n = 25;
        em_dataset *data = blank_data(m, 1, &n);
        random_cells(data, m, 5, 12);
        for (int c = 0; c < m->n_columns; c++) {
            if (m->columns[c].role != EM_RESPONSE)
                continue;
            codes[responses] = m->columns[c].codes == EM_OPTION ? 5 : m->columns[c].codes;
            last[responses] = &data->column[c].value[n - 1];
            ways *= codes[responses++];
        }
        double x[MOST_P], with, without, total = 0;
        point(2, m, x);
        *last[0] = NAN;
        score_all(data, m, widest_isa(), false, 5, x, &without, NULL, NULL);
        for (int way = 0; way < ways; way++) {
            for (int r = 0, rest = way; r < responses; rest /= codes[r++])
                *last[r] = rest % codes[r];
            score_all(data, m, widest_isa(), false, 5, x, &with, NULL, NULL);
            total += exp(with - without);
        }
        if (ways > 0) /* no number among the responses */
            near(total, 1, 1e-12, "sum of the probabilities", m, widest_isa());
        em_dataset_free(data);
    }
}

/* log density of one time and boundary by the code that draws and reports */
static double ddm_density(const em_model *m, const double *x, double shortest, double rt, int upper)
{
    double row[2] = {rt, upper};
    return m->trace(1, 2, row, NULL, NULL, &shortest, x, NULL, NULL);
}

/* Over all times, each boundary is reached with the probability that theory has for it, so both together with 1. */
static void test_density_integrates_to_one(void **state)
{
    (void)state;
    const em_model *m = em_model_find("ddm");
    const double shortest = 0.3, separation[] = {0.4, 1, 1.9, 4}, start[] = {0.04, 0.3, 0.5, 0.85}, drift[] = {-2.5, 0, 0.01, 1.3, 4};
    for (int i = 0; i < 4 * 4 * 5; i++) {
        const double a = separation[i % 4], w = start[i / 4 % 4], v = drift[i / 16];
        const double x[4] = {log(a), log(w / (1 - w)), v, 0.5}, tau = shortest / (1 + exp(-0.5));
        double reached[2] = {0, 0};
        for (int upper = 0; upper < 2; upper++)
            for (double log_t = -18; log_t < 6.5; log_t += 0.02) /* trapezoids: of such an integrand, exact */
                reached[upper] += 0.02 * exp(log_t + ddm_density(m, x, shortest, tau + exp(log_t), upper));
        near(reached[1], v == 0 ? w : expm1(-2 * v * a * w) / expm1(-2 * v * a), 1e-9, "probability of the upper boundary", m, 0);
        near(reached[0] + reached[1], 1, 1e-9, "integral of the density", m, 0);
    }
}

/* A response as early as the non-decision time is impossible: no NaN, and not a word about subjects with other data. */
static void test_impossible_time(void **state)
{
    (void)state;
    const em_model *m = em_model_find("ddm");
    const int lengths_of[2] = {30, 30};
    em_dataset *data = blank_data(m, 2, lengths_of);
    random_cells(data, m, 2, 3);
    for (int r = 30; r < 60; r++)
        *cell_of(data, "rt", (size_t)r) = NAN;
    const double x[4] = {0.2, 0.1, 0.5, 50}; /* logistic(50) is 1 */
    for (int isa = 0; isa <= widest_isa(); isa++) {
        double v[2], g[8] = {0}, h[20] = {0};
        score_all(data, m, isa, false, 2, x, v, g, h);
        assert_true(v[0] == -INFINITY && v[1] == 0);
        for (int j = 0; j < 4; j++)
            assert_true(isfinite(g[j]) && g[4 + j] == 0);
        for (int k = 0; k < 10; k++)
            assert_true(isfinite(h[k]) && h[10 + k] == 0);
    }
    em_dataset_free(data);
}

/* Drawn data come from the likelihood that scores them: the score has mean 0, and its square the information's mean. */
static void test_draws_come_from_the_likelihood(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        if (!m->task || (SLOW_BUILD && i % 8 != 0))
            continue;
        enum { PEOPLE = 2000 };
        const int P = m->n_parameters, H = P * (P + 1) / 2;
        em_simulation sim = {.subjects = PEOPLE, .trials = 60, .seed = 17, .options = has_options(m) ? 3 : 0};
        const model_case *known = model_case_of(m);
        for (int j = 0; j < P; j++) {
            sim.mu[j] = known ? known->mu[j] : j % 2 ? 0.4 : -0.4;
            sim.var[j] = 0;
        }
        em_dataset *data;
        em_error error;
        if (em_simulate(m, &sim, &data, &error) != EM_OK)
            fail_msg("model %s: %s", m->name, error.text);
        double *g = malloc(PEOPLE * (size_t)P * sizeof *g), *h = malloc(PEOPLE * (size_t)H * sizeof *h);
        const double facts[] = {1, 1, 1, 1}; /* what they are while data are drawn */
        score_with_facts(data, m, widest_isa(), false, has_options(m) ? 3 : 2, sim.mu, facts, NULL, g, h);
        for (int j = 0; j < P; j++) {
            double sum = 0, square = 0, information = 0, spread = 0;
            for (int s = 0; s < PEOPLE; s++) {
                const double score = g[s * P + j], bend = h[s * H + j * (j + 1) / 2 + j];
                sum += score;
                square += score * score;
                information -= bend;
                spread += (score * score + bend) * (score * score + bend);
            }
            if (fabs(sum / sqrt(square)) > 4.5)
                fail_msg("model %s: the score of %s has mean %g standard errors", m->name, m->parameters[j].name, sum / sqrt(square));
            if (fabs(square / information - 1) > 0.2 && fabs(square - information) > 4.5 * sqrt(spread))
                fail_msg("model %s: squared score over information of %s is %g, %g standard errors from 1", m->name, m->parameters[j].name,
                         square / information, (square - information) / sqrt(spread));
        }
        free(g);
        free(h);
        em_dataset_free(data);
    }
}

/* A parameter with a value per condition, as em_point has it: the value is right, a direction switched on in one
 * condition gives that condition's derivative, and the cross term between conditions follows from three passes. */
static void test_conditions(void **state)
{
    (void)state;
    const em_model *m = em_model_find("rw");
    const int n = 40;
    em_dataset *data = blank_data(m, 1, &n);
    random_cells(data, m, 2, 21);
    for (int isa = 0; isa <= widest_isa(); isa++) {
        const em_kernel *kernel = em_isa_kernel(m, isa);
        const int L = kernel->lanes;
        em_error error;
        em_plan plan;
        em_trials trials = trials_of(data, m, 2);
        assert_int_equal(em_plan_make(data->offset, 1, L, 1, &plan, &error), EM_OK);
        em_group_data *groups = pack_all(&plan, &trials);
        _Alignas(64) double x[4 * 8], seed[4 * 8], v[8], g[2 * 8], h[3 * 8];
        uint8_t condition[40 * 8];
        for (int t = 0; t < n; t++)
            memset(condition + t * L, t / 7 % 2, (size_t)L);
        const em_point at = {.x = x, .seed = seed, .condition = condition};
        /* free coordinates: alpha in condition 0, alpha in 1, beta in both */
        double free_x[3] = {-0.3, 0.8, 0.2}, value[27], gradient[3], H00, H11, H01, both;
        for (int shift = 0; shift < 27; shift++) {
            const double y[3] = {free_x[0] + 1e-4 * (shift % 3 - 1), free_x[1] + 1e-4 * (shift / 3 % 3 - 1),
                                 free_x[2] + 1e-4 * (shift / 9 - 1)};
            for (int l = 0; l < L; l++) {
                x[l] = y[0], x[L + l] = y[2], x[2 * L + l] = y[1], x[3 * L + l] = y[2];
                seed[l] = seed[L + l] = seed[2 * L + l] = seed[3 * L + l] = 1;
            }
            em_isa_score(kernel, 3)(&groups[0].batch, &at, v, g, h);
            value[shift] = v[0];
        }
        for (int l = 0; l < L; l++)
            x[l] = free_x[0], x[L + l] = free_x[2], x[2 * L + l] = free_x[1], x[3 * L + l] = free_x[2];
        for (int l = 0; l < L; l++)
            seed[l] = 1, seed[2 * L + l] = 0;
        kernel->score(&groups[0].batch, &at, v, g, h);
        near(v[0], value[13], 1e-12, "value in conditions", m, isa);
        gradient[0] = g[0], gradient[2] = g[L], H00 = h[0];
        for (int l = 0; l < L; l++)
            seed[l] = 0, seed[2 * L + l] = 1;
        kernel->score(&groups[0].batch, &at, v, g, h);
        gradient[1] = g[0], H11 = h[0];
        for (int l = 0; l < L; l++)
            seed[l] = 1;
        kernel->score(&groups[0].batch, &at, v, g, h);
        both = h[0];
        H01 = (both - H00 - H11) / 2;
        near(gradient[0], (value[14] - value[12]) / 2e-4, 1e-6, "gradient in condition 0", m, isa);
        near(gradient[1], (value[16] - value[10]) / 2e-4, 1e-6, "gradient in condition 1", m, isa);
        near(gradient[2], (value[22] - value[4]) / 2e-4, 1e-6, "gradient shared", m, isa);
        near(H00, (value[14] - 2 * value[13] + value[12]) / 1e-8, 1e-4, "Hessian in condition 0", m, isa);
        near(H01, (value[17] - value[15] - value[11] + value[9]) / 4e-8, 1e-4, "Hessian across conditions", m, isa);
        em_batch_free(groups, 1);
        em_plan_free(&plan);
        free(trials.column);
    }
    em_dataset_free(data);
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define MEASURES_SPEED 1
/* The least time of some runs of what(where). */
static double seconds_of(void (*what)(void *where), void *where)
{
    double best = INFINITY;
    for (int i = 0; i < 30; i++) {
        const clock_t from = clock();
        for (int n = 0; n < 5; n++)
            what(where);
        best = fmin(best, (double)(clock() - from));
    }
    return best;
}

typedef struct timed { const em_model *m; em_dataset *data; const em_group_data *group; em_score_fn *score; } timed;
static void all_derivatives(void *where)
{
    static _Alignas(64) double x[MOST_P * 8], v[8], g[MOST_P * 8], h[MOST_H * 8];
    const timed *t = where;
    t->score(&t->group->batch, &(em_point){.x = x}, v, g, h);
}
static void value_of_one(void *where)
{
    static const double x[MOST_P] = {0};
    const timed *t = where;
    (void)traced(t->data, t->m, 2, 0, x, NULL);
}

#endif

/* All derivatives of seven parameters for a vector of people cost little more than the value for one of them, by the same lines
 * without vectors. Compilers fall off a cliff here, a factor of five to ten, when a loop is not written out or components that are zero by structure are kept: this notices. */
static void test_derivatives_stay_cheap(void **state)
{
    (void)state;
#ifdef MEASURES_SPEED
    const struct { const em_model *m; double most; } limit[] = {
        {&em_model_probe, 4}, {&em_model_sparse, 6}, {em_model_find("ts_hybrid"), 6}, {em_model_find("ddm"), 3}};
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
        const em_model *m = limit[i].m;
        const em_kernel *kernel = em_isa_kernel(m, widest_isa());
        const int n = 3000;
        em_dataset *data = blank_data(m, 1, &n);
        random_cells(data, m, 2, 5);
        em_error error;
        em_plan plan;
        em_trials trials = trials_of(data, m, 2);
        assert_int_equal(em_plan_make(data->offset, 1, kernel->lanes, 1, &plan, &error), EM_OK);
        em_group_data *groups = pack_all(&plan, &trials);
        timed t = {m, data, groups, em_isa_score(kernel, 2)};
        const double ratio = seconds_of(all_derivatives, &t) / seconds_of(value_of_one, &t);
        print_message("%s: all derivatives of %d people take %.1f times as long as the value of one\n", m->name, kernel->lanes, ratio);
        if (ratio > limit[i].most)
            fail_msg("model %s: all derivatives take %g times as long as the value", m->name, ratio);
        em_batch_free(groups, 1);
        em_plan_free(&plan);
        free(trials.column);
        em_dataset_free(data);
    }
#else
    skip();
#endif
}

/* Two tasks of one name: the second would never be found. */
static void test_tasks(void **state)
{
    (void)state;
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t))
        if (em_task_find(t->name) != t)
            fail_msg("there are two tasks with the name %s", t->name);
    for (int i = 0; i < n_models; i++)
        if (all_models[i]->task && !em_task_find(all_models[i]->task))
            fail_msg("model %s names the task %s, which there is not", all_models[i]->name, all_models[i]->task);
}

static void test_descriptions(void **state)
{
    (void)state;
    for (int i = 0; i < n_models; i++) {
        const em_model *m = all_models[i];
        assert_int_equal(m->abi, EM_ABI);
        assert_int_equal(m->size, sizeof(em_model));
        assert_true(m->about && m->reference && m->family && m->equations);
        for (int j = 0; j < m->n_parameters; j++)
            assert_true(m->parameters[j].name && m->parameters[j].about && m->parameters[j].transform && m->parameters[j].var > 0);
    }
    assert_string_equal(em_model_probe.parameters[2].transform, "3*logistic");
    assert_string_equal(em_model_probe.parameters[4].transform, "longest*logistic");
    assert_true(em_model_probe.parameters[3].mu == 0.5 && em_model_probe.parameters[4].var == 1);
    const double x[7] = {0, 0, 0, 0, 0, 0, 0}, fact = 8;
    double natural[7];
    em_model_probe.natural(x, &fact, natural);
    const double want[7] = {0.5, 1, 1.5, 0.5, 4, log(2), 0};
    for (int j = 0; j < 7; j++)
        assert_true(fabs(natural[j] - want[j]) < 1e-15);
}

int main(void)
{
    collect_models();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions), cmocka_unit_test(test_tasks), cmocka_unit_test(test_derivatives), cmocka_unit_test(test_kernels_agree),
        cmocka_unit_test(test_missing_cells), cmocka_unit_test(test_missing_trials_are_cut_out),
        cmocka_unit_test(test_what_counts), cmocka_unit_test(test_blocks_restart),
        cmocka_unit_test(test_likelihood_sums_to_one), cmocka_unit_test(test_density_integrates_to_one),
        cmocka_unit_test(test_impossible_time), cmocka_unit_test(test_draws_come_from_the_likelihood),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_derivatives_stay_cheap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
