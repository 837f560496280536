/* The group's statistics against closed forms: covariates, covariances, shared and fixed parameters, conditions, standard errors.
 * Run alone and under mpirun. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comm.h"
#include "error.h"
#include "em.h"
#include "helpers.h"
#include "m_step.h"
#include "uncertainty.h"

static em_comm *world;
static char folder[200];

static const char *in_folder(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.15g, expected %.15g", what, got, want);
}

static void write_data(em_dataset *data, const char *path)
{
    em_error error = {EM_OK, ""};
    em_code code = EM_OK;
    if (em_comm_rank(world) == 0) {
        code = em_dataset_seal(data, &error);
        if (code == EM_OK)
            code = em_dataset_write(data, path, true, &error);
    }
    code = em_comm_agree(world, code, &error);
    if (code != EM_OK)
        fail_msg("%s", error.text);
}

static em_fit *run_fit(const char *path, const em_model *m, const em_fit_options *options, em_code want)
{
    em_fit *fit;
    em_error error = {EM_OK, ""};
    em_code code = em_fit_run(world, path, m, options, NULL, NULL, &fit, &error);
    if (code != want)
        fail_msg("fit ended with %d: %s", code, error.text);
    return fit;
}

/* ---- data ---------------------------------------------------------------------------------------------------------- */

/* S people with T trials at x = 0, 1, 2, ...: true lines a + b x with these effects of age and of being a patient. */
enum { S = 48, T = 9, PAIRS = 3 };
typedef struct {
    em_dataset *data;
    double age[S], patient[S];
    double ols[S][2];      /* each one's own least squares */
    double error[2][2];    /* their error covariance, the same for everyone */
} people;

static void add_covariate(em_dataset *data, const char *name, const double *value)
{
    em_covariate *c = &data->covariate[data->n_covariates++];
    c->name = em_copy(name, NULL);
    c->value = em_new(S, sizeof(double), NULL);
    memcpy(c->value, value, S * sizeof(double));
}

static double x_of(size_t t) { return ((double)t - 4) / 3 + 0.4; }

/* sd_b: of the slopes, correlated with the heights by rho. */
static void draw(people *p, double sd_a, double sd_b, double rho)
{
    int trials[S];
    em_random random = em_random_start(5, 1);
    for (int s = 0; s < S; s++)
        trials[s] = T;
    p->data = blank_data(&em_model_plane, S, trials);
    p->data->covariate = em_new(3, sizeof *p->data->covariate, NULL);
    double sxx = 0, sx = 0;
    for (size_t t = 0; t < T; t++) {
        sx += x_of(t);
        sxx += x_of(t) * x_of(t);
    }
    const double det = T * sxx - sx * sx;
    p->error[0][0] = sxx / det, p->error[1][1] = T / det, p->error[0][1] = p->error[1][0] = -sx / det;
    for (int s = 0; s < S; s++) {
        const double u = em_random_normal(&random), v = em_random_normal(&random);
        p->age[s] = floor(20 + 40 * em_random_uniform(&random));
        p->patient[s] = s % 3 == 0;
        const double a = 0.5 + 0.03 * p->age[s] + sd_a * u;
        const double b = -0.4 + 0.7 * p->patient[s] + sd_b * (rho * u + sqrt(1 - rho * rho) * v);
        double y_sum = 0, xy = 0;
        for (size_t t = 0; t < T; t++) {
            const double y = a + b * x_of(t) + em_random_normal(&random);
            *cell_of(p->data, "x", p->data->offset[s] + t) = x_of(t);
            *cell_of(p->data, "y", p->data->offset[s] + t) = y;
            y_sum += y;
            xy += x_of(t) * y;
        }
        p->ols[s][0] = (sxx * y_sum - sx * xy) / det;
        p->ols[s][1] = (T * xy - sx * y_sum) / det;
    }
    add_covariate(p->data, "age", p->age);
    add_covariate(p->data, "patient", p->patient);
}

/* Least squares of column j of ols on 1, age and patient: b [3], the residuals' mean squares and cross products with `other`. */
static void regress(const people *p, int columns, const double *target, double *b, double *inverse)
{
    gsl_matrix *z = gsl_matrix_alloc(S, (size_t)columns), *cov = gsl_matrix_alloc((size_t)columns, (size_t)columns);
    gsl_vector *y = gsl_vector_alloc(S), *x = gsl_vector_alloc((size_t)columns);
    for (size_t s = 0; s < S; s++) {
        const double row[3] = {1, p->age[s], p->patient[s]};
        for (size_t c = 0; c < (size_t)columns; c++)
            gsl_matrix_set(z, s, c, row[c]);
        gsl_vector_set(y, s, target[s]);
    }
    gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1, z, z, 0, cov);
    gsl_blas_dgemv(CblasTrans, 1, z, y, 0, x);
    gsl_linalg_cholesky_decomp1(cov);
    gsl_linalg_cholesky_svx(cov, x);
    gsl_linalg_cholesky_invert(cov);
    for (size_t c = 0; c < (size_t)columns; c++)
        b[c] = gsl_vector_get(x, c);
    for (size_t c = 0; c < (size_t)columns && inverse; c++)
        inverse[c] = gsl_matrix_get(cov, c, c);
    gsl_matrix_free(z);
    gsl_matrix_free(cov);
    gsl_vector_free(y);
    gsl_vector_free(x);
}

static double left_of(const people *p, int columns, const double *b, double value, size_t s)
{
    return value - b[0] - (columns > 1 ? b[1] * p->age[s] : 0) - (columns > 2 ? b[2] * p->patient[s] : 0);
}

/* ---- closed forms ---------------------------------------------------------------------------------------------------- */

/* With a full covariance and the same covariates for both parameters the maximum of the marginal likelihood is: coefficients by least
 * squares on everybody's own estimates, their residual covariance less the error covariance; the estimates' covariance is that of
 * multivariate regression. */
static void test_full_covariance_and_covariates(void **state)
{
    (void)state;
    people p;
    draw(&p, 0.9, 0.7, 0.5);
    const char *path = in_folder("people.h5");
    write_data(p.data, path);
    const em_covariate_term terms[] = {{"age", NULL}, {"patient", NULL}};
    em_fit_options options = em_fit_defaults();
    options.tol = 1e-10;
    options.full = true;
    options.covariate = terms;
    options.n_covariates = 2;
    for (int plain = 0; plain < 2; plain++) {
        options.accelerate = !plain;
        options.max_iter = 5000;
        em_fit *fit = run_fit(path, &em_model_plane, &options, EM_OK);
        if (!fit)
            continue;
        double b[2][3], inverse[3], total[2][2] = {{0}};
        for (int j = 0; j < 2; j++) {
            double target[S];
            for (int s = 0; s < S; s++)
                target[s] = p.ols[s][j];
            regress(&p, 3, target, b[j], inverse);
        }
        for (size_t s = 0; s < S; s++)
            for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++)
                    total[i][j] += left_of(&p, 3, b[i], p.ols[s][i], s) * left_of(&p, 3, b[j], p.ols[s][j], s) / S;
        assert_int_equal(fit->n_coefficients, 3);
        assert_int_equal(fit->n_group, 9);
        assert_int_equal(fit->covariance_rank, 2);
        assert_int_equal(fit->df, S - 3);
        assert_string_equal(fit->coefficient_name[1], "age");
        for (int j = 0; j < 2; j++) {
            for (int c = 0; c < 3; c++) {
                near(fit->coefficient[c * 2 + j], b[j][c], 1e-8, "coefficient");
                near(fit->coefficient_se[c * 2 + j], sqrt(total[j][j] * inverse[c]), 1e-6, "its standard error");
            }
            near(fit->coefficient_standard[1 * 2 + j], b[j][1] * fit->column_scale[1], 1e-7, "standardised coefficient");
            for (int i = 0; i < 2; i++)
                near(fit->cov[i * 2 + j], total[i][j] - p.error[i][j], 1e-7, "covariance");
            near(fit->var_se[j], total[j][j] * sqrt(2.0 / S), 1e-5, "standard error of a variance");
            double mean = 0;
            for (int s = 0; s < S; s++)
                mean += (b[j][0] + b[j][1] * p.age[s] + b[j][2] * p.patient[s]) / S;
            near(fit->mu[j], mean, 1e-8, "mean over subjects");
            near(fit->mu_se[j], sqrt(total[j][j] / S), 1e-6, "its standard error");
        }
        for (int e = 0; e < fit->n_estimates; e++)
            if (strcmp(fit->estimate_name[e], "cov:a,b") == 0)
                near(sqrt(fit->estimate_cov[e * fit->n_estimates + e]), sqrt((total[0][0] * total[1][1] + total[0][1] * total[0][1]) / S), 1e-5,
                     "standard error of a covariance");
        /* the evidence is that of Normal(B'z, Sigma + error) for the estimates, and what is left of the trials about them */
        double evidence = 0;
        const double det = total[0][0] * total[1][1] - total[0][1] * total[0][1];
        const double det_error = p.error[0][0] * p.error[1][1] - p.error[0][1] * p.error[0][1];
        for (size_t s = 0; s < S; s++) {
            const double u = left_of(&p, 3, b[0], p.ols[s][0], s), v = left_of(&p, 3, b[1], p.ols[s][1], s);
            evidence -= 0.5 * (T * log(2 * M_PI) + log(det) - log(det_error) +
                               (total[1][1] * u * u - 2 * total[0][1] * u * v + total[0][0] * v * v) / det);
            for (size_t t = 0; t < T; t++) {
                const double e = *cell_of(p.data, "y", p.data->offset[s] + t) - p.ols[s][0] - p.ols[s][1] * x_of(t);
                evidence -= 0.5 * e * e;
            }
        }
        near(fit->log_marginal_likelihood, evidence, 1e-7, "evidence");
        em_fit_free(fit);
    }
    em_dataset_free(p.data);
}

/* Covariates that differ between parameters: coefficients are generalised least squares under the total covariance (seemingly
 * unrelated regressions), at the fixed point of which residuals and covariance agree. */
static void test_different_covariates(void **state)
{
    (void)state;
    people p;
    draw(&p, 0.9, 0.7, 0.6);
    const char *path = in_folder("people.h5");
    write_data(p.data, path);
    const em_covariate_term terms[] = {{"age", "a"}, {"patient", "b"}};
    em_fit_options options = em_fit_defaults();
    options.tol = 1e-10;
    options.full = true;
    options.covariate = terms;
    options.n_covariates = 2;
    for (int plain = 0; plain < 2; plain++) {
        options.accelerate = !plain;
        options.max_iter = 5000;
        em_fit *fit = run_fit(path, &em_model_plane, &options, EM_OK);
        if (!fit)
            continue;
        assert_int_equal(fit->n_group, 7);
        near(fit->coefficient[1 * 2 + 1], 0, 0, "what does not act");
        double total[2][2], score[4] = {0}, square[2][2] = {{0}};
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                total[i][j] = fit->cov[i * 2 + j] + p.error[i][j];
        const double det = total[0][0] * total[1][1] - total[0][1] * total[0][1];
        for (size_t s = 0; s < S; s++) {
            const double u = p.ols[s][0] - fit->coefficient[0] - fit->coefficient[2] * p.age[s];
            const double v = p.ols[s][1] - fit->coefficient[1] - fit->coefficient[5] * p.patient[s];
            const double ru = (total[1][1] * u - total[0][1] * v) / det, rv = (total[0][0] * v - total[0][1] * u) / det;
            score[0] += ru, score[1] += p.age[s] * ru / 40, score[2] += rv, score[3] += p.patient[s] * rv;
            square[0][0] += u * u / S, square[0][1] += u * v / S, square[1][1] += v * v / S;
        }
        for (int i = 0; i < 4; i++)
            near(score[i], 0, 1e-6, "score of generalised least squares");
        near(square[0][0], total[0][0], 1e-7, "residual variance");
        near(square[1][1], total[1][1], 1e-7, "residual variance");
        near(square[0][1], total[0][1], 1e-7, "residual covariance");
        em_fit_free(fit);
    }
    em_dataset_free(p.data);
}

/* All slopes follow from the heights: the covariance collapses to rank 1, and no change of it that keeps it a covariance makes the
 * marginal likelihood higher. */
static double marginal(const people *p, const double mu[2], const double cov[3])
{
    const double a = cov[0] + p->error[0][0], b = cov[1] + p->error[0][1], c = cov[2] + p->error[1][1], det = a * c - b * b;
    double sum = 0;
    for (int s = 0; s < S; s++) {
        const double u = p->ols[s][0] - mu[0], v = p->ols[s][1] - mu[1];
        sum -= 0.5 * (log(det) + (c * u * u - 2 * b * u * v + a * v * v) / det);
    }
    return sum;
}

static void test_collapse(void **state)
{
    (void)state;
    people p;
    draw(&p, 1, 0.05, 1);
    for (int s = 0; s < S; s++) /* less spread than errors alone make */
        for (size_t t = 0; t < T; t++) {
            double *y = cell_of(p.data, "y", p.data->offset[s] + t);
            *y -= (p.ols[s][1] - 0.3 - 0.2 * p.ols[s][0]) * (x_of(t) - 0.4);
        }
    for (int s = 0; s < S; s++) {
        const double change = p.ols[s][1] - 0.3 - 0.2 * p.ols[s][0];
        p.ols[s][1] -= change;
        p.ols[s][0] += 0.4 * change;
    }
    const char *path = in_folder("people.h5");
    write_data(p.data, path);
    em_fit_options options = em_fit_defaults();
    options.full = true;
    em_fit *fit = run_fit(path, &em_model_plane, &options, EM_OK);
    if (fit) {
        const double cov[3] = {fit->cov[0], fit->cov[1], fit->cov[3]};
        assert_int_equal(fit->covariance_rank, 1);
        near(cov[1] * cov[1], cov[0] * cov[2], 1e-9 * cov[0] * cov[2], "determinant");
        const double best = marginal(&p, fit->mu, cov), l[2] = {sqrt(cov[0]), cov[1] / sqrt(cov[0])};
        for (int i = 0; i < 5; i++)
            for (int sign = -1; sign <= 1; sign += 2) {
                double mu[2] = {fit->mu[0], fit->mu[1]}, m[3] = {l[0], l[1], 0};
                if (i < 2)
                    mu[i] += sign * 1e-3;
                else
                    m[i - 2] += sign * 1e-3;
                const double other[3] = {m[0] * m[0], m[0] * m[1], m[1] * m[1] + m[2] * m[2]};
                assert_true(marginal(&p, mu, other) < best);
            }
        for (int s = 0; s < S; s++) /* everybody lies on the line */
            near(fit->map[2 * s + 1] - fit->mu[1], cov[1] / cov[0] * (fit->map[2 * s] - fit->mu[0]), 1e-9, "MAP inside the range");
        assert_true(isfinite(fit->mu_se[0]) && isfinite(fit->mu_se[1]) && isfinite(fit->var_se[0]));
    }
    em_fit_free(fit);
    em_dataset_free(p.data);
}

/* A slope that all share is generalised least squares over everybody; a fixed one leaves the heights alone to be estimated. */
static void test_shared_and_fixed(void **state)
{
    (void)state;
    people p;
    draw(&p, 0.9, 0, 0);
    const char *path = in_folder("people.h5");
    write_data(p.data, path);
    em_fit_options options = em_fit_defaults();
    options.tol = 1e-10;
    options.shared[1] = true;
    em_fit *fit = run_fit(path, &em_model_plane, &options, EM_OK);
    if (fit) {
        assert_int_equal(fit->group_status[1], EM_GROUP_SHARED);
        assert_int_equal(fit->n_group, 3);
        /* (mu_a, b) maximise the marginal likelihood with var_b 0 */
        const double cov[3] = {fit->var[0], 0, 0}, best = marginal(&p, fit->mu, cov), h = 1e-3;
        for (int i = 0; i < 3; i++) {
            double up[2] = {fit->mu[0], fit->mu[1]}, down[2] = {fit->mu[0], fit->mu[1]}, wide[3] = {cov[0], 0, 0}, narrow[3] = {cov[0], 0, 0};
            if (i < 2)
                up[i] += h, down[i] -= h;
            else
                wide[0] += h, narrow[0] -= h;
            const double f[2] = {marginal(&p, up, wide), marginal(&p, down, narrow)};
            near((f[0] - f[1]) / (2 * h), 0, 1e-4, "derivative of the marginal likelihood");
            if (i == 1) { /* b hardly goes with the others' information: its curvature given the others bounds the error from below */
                const double information = -(f[0] - 2 * best + f[1]) / (h * h);
                assert_true(fit->mu_se[1] >= 0.999 / sqrt(information));
            }
        }
        assert_true(isnan(fit->var_se[1]) && isfinite(fit->var_se[0]));
        for (int s = 0; s < S; s++)
            near(fit->map[2 * s + 1], fit->mu[1], 0, "the shared value");
    }
    em_fit_free(fit);
    options.shared[1] = false;
    options.fix[1] = -0.25;
    fit = run_fit(path, &em_model_plane, &options, EM_OK);
    if (fit) {
        /* y + 0.25 x has the mean a: everybody's mean of T trials has the error variance 1/T */
        double mean = 0, square = 0, own[S];
        for (int s = 0; s < S; s++) {
            own[s] = 0;
            for (size_t t = 0; t < T; t++)
                own[s] += (*cell_of(p.data, "y", p.data->offset[s] + t) + 0.25 * x_of(t)) / T;
            mean += own[s] / S;
        }
        for (int s = 0; s < S; s++)
            square += (own[s] - mean) * (own[s] - mean) / S;
        assert_int_equal(fit->group_status[1], EM_GROUP_GIVEN);
        assert_int_equal(fit->n_group, 2);
        near(fit->mu[0], mean, 1e-8, "mean beside a fixed slope");
        near(fit->var[0], square - 1.0 / T, 1e-7, "variance beside a fixed slope");
        near(fit->mu_se[0], sqrt(square / S), 1e-6, "standard error");
        near(fit->var_se[0], square * sqrt(2.0 / S), 1e-5, "standard error of the variance");
        near(fit->mu[1], -0.25, 0, "the fixed value");
        near(fit->natural[1], -0.25, 0, "the fixed value of a subject");
    }
    em_fit_free(fit);
    em_dataset_free(p.data);
}

/* ---- conditions ------------------------------------------------------------------------------------------------------- */

/* A mean for each of two conditions, whose trials have nothing in common, is what two fits of one condition each find. */
static void test_conditions(void **state)
{
    (void)state;
    int trials[S], half[S];
    for (int s = 0; s < S; s++)
        trials[s] = 2 * (half[s] = 3 + s % 4);
    em_dataset *both = blank_data(&em_model_normal, S, trials), *one[2] = {blank_data(&em_model_normal, S, half),
                                                                           blank_data(&em_model_normal, S, half)};
    em_dataset_column *columns = em_new(2, sizeof *columns, NULL);
    columns[0] = both->column[0];
    columns[1] = (em_dataset_column){.name = em_copy("session", NULL), .value = em_new(both->n_rows, sizeof(double), NULL)};
    free(both->column);
    both->column = columns;
    both->n_columns = 2;
    em_random random = em_random_start(8, 1);
    for (size_t s = 0; s < S; s++) {
        const double m[2] = {0.3 + em_random_normal(&random), -0.8 + 0.5 * em_random_normal(&random)};
        for (int t = 0; t < trials[s]; t++) {
            const int c = (t + (int)s) % 2;
            const double y = m[c] + em_random_normal(&random);
            *cell_of(both, "y", both->offset[s] + (size_t)t) = y;
            *cell_of(both, "session", both->offset[s] + (size_t)t) = c ? 7 : 2;
            *cell_of(one[c], "y", one[c]->offset[s] + (size_t)(t / 2)) = y;
        }
    }
    em_fit_options options = em_fit_defaults();
    options.tol = 1e-10;
    em_fit *alone[2];
    for (int c = 0; c < 2; c++) {
        write_data(one[c], in_folder("people.h5"));
        alone[c] = run_fit(in_folder("people.h5"), &em_model_normal, &options, EM_OK);
    }
    const em_by by = {"session", "m"};
    options.by = &by;
    options.n_by = 1;
    write_data(both, in_folder("people.h5"));
    em_fit *fit = run_fit(in_folder("people.h5"), &em_model_normal, &options, EM_OK);
    if (fit) {
        assert_int_equal(fit->n_parameters, 2);
        assert_int_equal(fit->n_group, 4);
        assert_string_equal(fit->parameter[0], "m[2]");
        assert_string_equal(fit->parameter[1], "m[7]");
        for (int c = 0; c < 2; c++) {
            near(fit->mu[c], alone[c]->mu[0], 1e-9, "mean of a condition");
            near(fit->var[c], alone[c]->var[0], 1e-8, "variance of a condition");
            near(fit->mu_se[c], alone[c]->mu_se[0], 1e-8, "standard error of a condition's mean");
            for (int s = 0; s < S; s++)
                near(fit->map[2 * s + c], alone[c]->map[s], 1e-9, "MAP of a condition");
        }
        near(fit->log_marginal_likelihood, alone[0]->log_marginal_likelihood + alone[1]->log_marginal_likelihood, 1e-9, "evidence");
    }
    for (int c = 0; c < 2; c++) {
        em_fit_free(alone[c]);
        em_dataset_free(one[c]);
    }
    em_fit_free(fit);
    em_dataset_free(both);
}

/* Derivatives in parameters of conditions against differences of the value and the gradient: model rw_dual, whose values carry over
 * from one condition to the next; two parameters with three levels of one column and one with two of another. */
static void test_derivatives_by_condition(void **state)
{
    (void)state;
    const em_model *model = em_model_find("rw_dual");
    enum { TRIALS = 40, N = 8, H = N * (N + 1) / 2 };
    const int trials[1] = {TRIALS};
    em_dataset *data = blank_data(model, 1, trials);
    random_cells(data, model, 2, 3);
    em_error error;
    em_plan plan;
    em_trials seen = trials_of(data, model, 2);
    const em_kernel *kernel = em_isa_kernel(model, widest_isa());
    const int L = kernel->lanes;
    assert_int_equal(em_plan_make(data->offset, 1, L, 1, &plan, &error), EM_OK);
    em_group_data *groups = pack_all(&plan, &seen);
    uint8_t condition[TRIALS * 8];
    for (int t = 0; t < TRIALS; t++) /* level of the one column + 3 * level of the other */
        for (int l = 0; l < L; l++)
            condition[t * L + l] = (uint8_t)((t / 5) % 3 + 3 * ((t / 7) % 2));
    em_view view = {.model = model, .n = N, .conditions = 6, .parameter = {0, 0, 0, 1, 1, 1, 2, 2},
                    .where = {011, 022, 044, 011, 022, 044, 007, 070}};
    const em_target target = {em_isa_score(kernel, 2), &groups[0].batch, &view, condition, L};
    _Alignas(64) double x[N * 8], v[8], g[N * 8], h[H * 8], up[N * 8], down[N * 8], vu[8], vd[8], gu[N * 8], gd[N * 8], unused[H * 8];
    for (int j = 0; j < N; j++)
        for (int l = 0; l < L; l++)
            x[j * L + l] = 0.3 * j - 0.9;
    em_target_score(&target, x, v, g, h);
    for (int j = 0; j < N; j++) {
        const double step = 1e-4;
        memcpy(up, x, sizeof x);
        memcpy(down, x, sizeof x);
        up[j * L] += step, down[j * L] -= step;
        em_target_score(&target, up, vu, gu, unused);
        em_target_score(&target, down, vd, gd, unused);
        near(g[j * L], (vu[0] - vd[0]) / (2 * step), 1e-6, "gradient");
        assert_true(g[j * L] != 0);
        for (int i = 0; i < N; i++)
            near(h[(i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i) * L], (gu[i * L] - gd[i * L]) / (2 * step), 1e-6, "Hessian");
    }
    em_batch_free(groups, plan.n_groups);
    em_plan_free(&plan);
    free(seen.column);
    em_dataset_free(data);
}

/* ---- standard errors ---------------------------------------------------------------------------------------------------- */

/* The information by its definition: complete-data information times (I - Jacobian of EM's map), the Jacobian by differences of
 * E- and M-steps. Model rw, where Laplace is not exact, with slopes and a full covariance. */
enum { RW_PEOPLE = 40, SLOPES = 4 };
typedef struct {
    em_plan plan;
    em_group_design design;
    em_estep estep;
    em_coordinates at;
} rw_fit;

static void put(const em_coordinates *at, em_group_values *group, int k, double x)
{
    *(k < at->n_means ? em_coordinates_mean(at, group, k) : em_coordinates_cov(at, group, k - at->n_means)) = x;
}

static double get(const em_coordinates *at, em_group_values *group, int k)
{
    return *(k < at->n_means ? em_coordinates_mean(at, group, k) : em_coordinates_cov(at, group, k - at->n_means));
}

static em_group_values em_map(rw_fit *f, const em_group_values *group)
{
    em_group_values next;
    em_error error;
    em_estep_run(&f->estep, group, false, EM_WARM, 0, 1e-12);
    assert_int_equal(em_m_step(world, &f->plan, &f->estep, group, &next, &error), EM_OK);
    return next;
}

/* sum over subjects of q_i q_j precision_ab for means; S tr(P E P E')/2 for covariances, P = Sigma^-1 of the two parameters. */
static void complete_information(const rw_fit *f, em_group_values *group, const double *column, gsl_matrix *to)
{
    const em_coordinates *at = &f->at;
    const double v = group->var[0], w = group->var[1], c = em_group_cov(group, 1, 0), det = v * w - c * c;
    const double P[2][2] = {{w / det, -c / det}, {-c / det, v / det}};
    gsl_matrix_set_zero(to);
    for (int i = 0; i < at->n_means; i++)
        for (int j = 0; j < at->n_means; j++) {
            double sum = 0;
            for (int s = 0; s < RW_PEOPLE; s++)
                sum += (at->slope[i] < 0 ? 1 : column[at->slope[i] * RW_PEOPLE + s]) * (at->slope[j] < 0 ? 1 : column[at->slope[j] * RW_PEOPLE + s]);
            gsl_matrix_set(to, (size_t)i, (size_t)j, sum * P[at->parameter[i]][at->parameter[j]]);
        }
    for (int k = 0; k < at->n_covs; k++)
        for (int m = 0; m < at->n_covs; m++) {
            double E[2][2][2] = {{{0}}}, A[2][2][2] = {{{0}}}, trace = 0;
            const int which[2] = {k, m};
            for (int e = 0; e < 2; e++) {
                E[e][at->row[which[e]]][at->col[which[e]]] = E[e][at->col[which[e]]][at->row[which[e]]] = 1;
                for (int i = 0; i < 2; i++)
                    for (int j = 0; j < 2; j++)
                        for (int l = 0; l < 2; l++)
                            A[e][i][j] += P[i][l] * E[e][l][j];
            }
            for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++)
                    trace += A[0][i][j] * A[1][j][i];
            gsl_matrix_set(to, (size_t)(at->n_means + k), (size_t)(at->n_means + m), 0.5 * RW_PEOPLE * trace);
        }
}

static void test_standard_errors(void **state)
{
    (void)state;
    const em_model *model = em_model_find("rw");
    em_simulation sim = {.subjects = RW_PEOPLE, .trials = 60, .mu = {-0.5, 0.8}, .var = {0.8, 0.3}, .seed = 4};
    em_dataset *data;
    em_error error;
    rw_fit f = {0};
    assert_int_equal(em_simulate(model, &sim, &data, &error), EM_OK);
    em_trials trials = trials_of(data, model, 2);
    const em_kernel *kernel = em_isa_kernel(model, widest_isa());
    assert_int_equal(em_plan_make(data->offset, RW_PEOPLE, kernel->lanes, em_comm_size(world), &f.plan, &error), EM_OK);
    em_group_data *groups = pack_all(&f.plan, &trials);
    /* every rank has packed all groups: its own begin at first */
    const size_t first = f.plan.first[em_comm_rank(world)], n = f.plan.first[em_comm_rank(world) + 1] - first;
    const size_t L = (size_t)kernel->lanes;
    /* the same columns for both, so that the complete-data information has no terms between means and covariances */
    f.design = (em_group_design){.n = 2, .full = true, .n_slopes = SLOPES, .parameter = {0, 0, 1, 1}};
    f.design.column = em_new(n * SLOPES * L, sizeof(double), &error);
    double column[SLOPES * RW_PEOPLE];
    em_random random = em_random_start(9, 2);
    for (int i = 0; i < 2 * RW_PEOPLE; i++)
        column[i] = column[2 * RW_PEOPLE + i] = em_random_normal(&random);
    for (size_t g = 0; g < n; g++)
        for (size_t l = 0; l < L; l++)
            for (size_t k = 0; k < SLOPES; k++)
                if (groups[first + g].member[l] != EM_NOBODY)
                    f.design.column[(g * SLOPES + k) * L + l] = column[k * RW_PEOPLE + groups[first + g].member[l]];
    const em_view view = em_view_of(model);
    assert_int_equal(em_estep_new(&view, &f.design, kernel, 2, groups + first, n, 8, 1, &f.estep, &error), EM_OK);
    f.at = em_coordinates_of(&f.design);
    em_fit_options options = em_fit_defaults();
    options.tol = 1e-9;
    em_group_values start = {.mu = {0, 0}, .var = {1, 1}};
    em_run_result result = {0};
    assert_int_equal(em_run_em(world, &f.plan, &f.estep, &options, &(em_beginning){.group = &start}, NULL, NULL, &result, &error), EM_OK);
    assert_true(result.converged);
    enum { D = 2 + SLOPES + 3 };
    assert_int_equal(f.at.n_means + f.at.n_covs, D);
    double covariance[D * D], evaluations = 0;
    assert_int_equal(em_uncertainty(world, &f.plan, &f.estep, &result.group, result.unbounded, covariance, &evaluations, &error), EM_OK);

    gsl_matrix *complete = gsl_matrix_alloc(D, D), *left = gsl_matrix_alloc(D, D), *j = gsl_matrix_alloc(D, D), *inverse = gsl_matrix_alloc(D, D);
    complete_information(&f, &result.group, column, complete);
    for (int k = 0; k < D; k++) {
        em_group_values up = result.group, down = result.group;
        const double h = 1e-4;
        put(&f.at, &up, k, get(&f.at, &up, k) + h);
        put(&f.at, &down, k, get(&f.at, &down, k) - h);
        up = em_map(&f, &up);
        down = em_map(&f, &down);
        for (int i = 0; i < D; i++)
            gsl_matrix_set(left, (size_t)i, (size_t)k, (i == k) - (get(&f.at, &up, i) - get(&f.at, &down, i)) / (2 * h));
    }
    gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, complete, left, 0, j);
    gsl_permutation *order = gsl_permutation_alloc(D);
    int sign;
    gsl_linalg_LU_decomp(j, order, &sign);
    gsl_linalg_LU_invert(j, order, inverse);
    for (size_t i = 0; i < D; i++)
        for (size_t k = 0; k < D; k++) {
            const double want = 0.5 * (gsl_matrix_get(inverse, i, k) + gsl_matrix_get(inverse, k, i));
            near(covariance[i * D + k], want, 2e-5 * sqrt(covariance[i * D + i] * covariance[k * D + k]), "covariance of the estimates");
        }
    gsl_matrix_free(complete);
    gsl_matrix_free(left);
    gsl_matrix_free(j);
    gsl_matrix_free(inverse);
    gsl_permutation_free(order);
    em_trace_free(&result.trace);
    em_estep_free(&f.estep);
    em_group_design_free(&f.design);
    em_batch_free(groups, f.plan.n_groups);
    em_plan_free(&f.plan);
    free(trials.column);
    em_dataset_free(data);
}

/* The spread of estimates over data sets drawn from the fit itself: 80 of them tell a standard deviation to 8 %. */
static void test_parametric_bootstrap(void **state)
{
    (void)state;
    enum { TIMES = 80 };
    if (SLOW_BUILD || em_comm_size(world) > 1)
        return;
    const em_model *model = em_model_find("rw");
    em_simulation sim = {.subjects = 40, .trials = 200, .mu = {-0.5, 0.8}, .var = {0.8, 0.3}, .seed = 77};
    em_fit_options options = em_fit_defaults();
    em_error error;
    double first[4] = {0}, error_of[4] = {0}, sum[4] = {0}, square[4] = {0};
    for (int i = 0; i <= TIMES; i++, sim.seed++) {
        em_dataset *data;
        assert_int_equal(em_simulate(model, &sim, &data, &error), EM_OK);
        write_data(data, in_folder("people.h5"));
        em_dataset_free(data);
        em_fit *fit = run_fit(in_folder("people.h5"), model, &options, EM_OK);
        const double got[4] = {fit->mu[0], fit->mu[1], fit->var[0], fit->var[1]};
        for (int k = 0; k < 4; k++) {
            if (i == 0) {
                first[k] = got[k];
                error_of[k] = k < 2 ? fit->mu_se[k] : fit->var_se[k - 2];
                *(k < 2 ? &sim.mu[k] : &sim.var[k - 2]) = got[k];
                continue;
            }
            sum[k] += (got[k] - first[k]) / TIMES;
            square[k] += (got[k] - first[k]) * (got[k] - first[k]) / TIMES;
        }
        em_fit_free(fit);
    }
    for (int k = 0; k < 4; k++)
        near(log(sqrt(square[k] - sum[k] * sum[k]) / error_of[k]), 0, 0.25, "log of spread over standard error");
}

static int start_all(void **state)
{
    (void)state;
    em_error error;
    if (em_comm_start(&world, &error) != EM_OK)
        return -1;
    if (em_comm_rank(world) == 0) {
        snprintf(folder, sizeof folder, "/tmp/emlib-group-XXXXXX");
        if (!mkdtemp(folder))
            return -1;
    }
    em_comm_share(world, folder, sizeof folder);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    if (em_comm_rank(world) == 0) {
        unlink(in_folder("people.h5"));
        rmdir(folder);
    }
    em_comm_stop(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_covariance_and_covariates), cmocka_unit_test(test_different_covariates), cmocka_unit_test(test_collapse),
        cmocka_unit_test(test_shared_and_fixed), cmocka_unit_test(test_conditions), cmocka_unit_test(test_derivatives_by_condition),
        cmocka_unit_test(test_standard_errors), cmocka_unit_test(test_parametric_bootstrap),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
