#include "print_group.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "../fit_file.h"

print_estimate print_estimate_of(const em_fit *fit, int parameter, double value, double se)
{
    const em_interval i = em_fit_interval(fit, parameter, value, se);
    const double t = value / i.error;
    return (print_estimate){value, se, t, isnan(t) ? NAN : 2 * gsl_cdf_tdist_Q(fabs(t), i.df), i.lower, i.upper, i.df};
}

print_estimate print_estimate_of_variance(double value, double se)
{
    const em_interval i = em_variance_interval(value, se);
    return (print_estimate){value, se, NAN, NAN, i.lower, i.upper, NAN};
}

static print_estimate mean_of(const em_fit *fit, int j) { return print_estimate_of(fit, j, fit->mu[j], fit->mu_se ? fit->mu_se[j] : NAN); }
static print_estimate variance_of(const em_fit *fit, int j)
{
    return print_estimate_of_variance(fit->var[j], fit->var_se ? fit->var_se[j] : NAN);
}
static print_estimate coefficient_of(const em_fit *fit, int c, int j)
{
    const int at = c * fit->n_parameters + j;
    return print_estimate_of(fit, j, fit->coefficient[at], fit->coefficient_se[at]);
}
static double per_sd(const em_fit *fit, int c, int j) { return fit->coefficient_standard[c * fit->n_parameters + j]; }

static bool has_covariances(const em_fit *fit)
{
    for (int i = 0; i < fit->n_parameters; i++)
        for (int j = 0; j < i; j++)
            if (fit->cov[i * fit->n_parameters + j] != 0 && !isnan(fit->cov[i * fit->n_parameters + j]))
                return true;
    return false;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void cells(print_table *table, const double *value, int n)
{
    for (int i = 0; i < n; i++)
        print_cell_number(table, value[i]);
}

static void print_p(print_table *table, double p)
{
    if (isnan(p))
        print_cell(table, "-");
    else if (p < 1e-4)
        print_cell(table, "< 0.0001");
    else
        print_cell(table, "%.4f", p);
}

static void print_means(const em_fit *fit)
{
    static const char *const head[2][11] = {
        {"", "", "unconstrained", "", "", "", "", "", "natural", "", ""},
        {"parameter", "transform", "mean", "se", "sd", "variance", "from", "to", "median T(mu)", "mean E[T(x)]", "status"},
    };
    print_table table = {.align = "llrrrrrrrrl"};
    for (int i = 0; i < 22; i++)
        print_cell(&table, "%s", head[i / 11][i % 11]);
    for (int j = 0; j < fit->n_parameters; j++) {
        const print_estimate v = variance_of(fit, j);
        const double value[] = {fit->mu[j], mean_of(fit, j).se, sqrt(fit->var[j]), fit->var[j], v.lower, v.upper, fit->natural_median[j],
                                fit->natural_mean[j]};
        print_cell(&table, "%s", fit->parameter[j]);
        print_cell(&table, "%s", fit->transform[j]);
        cells(&table, value, 8);
        print_cell(&table, "%s", em_group_status_text(fit->group_status[j]));
    }
    printf("\nGroup%s\n", fit->n_coefficients ? " (means over subjects)" : "");
    print_end(&table, 2);
    if (fit->mu_se)
        puts("  se: standard error; from, to: 95% interval of the variance");
}

static void print_coefficients(const em_fit *fit)
{
    static const char *const head[] = {"parameter", "column", "coefficient", "se", "t", "p", "from", "to", "per sd"};
    print_table table = {.align = "llrrrrrrr"};
    for (int i = 0; i < 9; i++)
        print_cell(&table, "%s", head[i]);
    for (int j = 0; j < fit->n_parameters; j++)
        for (int c = 0; c < fit->n_coefficients; c++) {
            if (!em_fit_acts(fit, c, j))
                continue;
            const print_estimate e = coefficient_of(fit, c, j);
            print_cell(&table, "%s", fit->parameter[j]);
            print_cell(&table, "%s", fit->coefficient_name[c]);
            cells(&table, (const double[]){e.value, e.se, e.t}, 3);
            print_p(&table, e.p);
            cells(&table, (const double[]){e.lower, e.upper, c ? per_sd(fit, c, j) : NAN}, 3);
        }
    puts("\nCoefficients (unconstrained scale, for one unit of the column)");
    print_end(&table, 2);
    puts("  t, p, from and to (95% interval): t with S - C degrees of freedom, S subjects, C columns of the parameter, and the standard\n"
         "  error times sqrt(S/(S - C)), as in regression; per sd: for one standard deviation of the column");
}

static void print_covariances(const em_fit *fit)
{
    const int n = fit->n_parameters;
    char align[EM_MAX_PARAMETERS + 2] = "l";
    for (int j = 0; j < n; j++)
        align[j + 1] = 'r';
    align[n + 1] = '\0';
    print_table table = {.align = align};
    print_cell(&table, "%s", "");
    for (int j = 0; j < n; j++)
        print_cell(&table, "%s", fit->parameter[j]);
    for (int i = 0; i < n; i++) {
        print_cell(&table, "%s", fit->parameter[i]);
        for (int j = 0; j < n; j++)
            print_cell_number(&table, j > i ? NAN : fit->cov[i * n + j] / sqrt(fit->var[i] * fit->var[j]));
    }
    puts("\nCorrelations in the group");
    print_end(&table, 2);
    int vary = 0;
    for (int j = 0; j < n; j++)
        vary += fit->var[j] > 0;
    if (fit->covariance_rank < vary)
        printf("  the covariance has collapsed to rank %d of %d: in some combination of parameters people do not differ\n",
               fit->covariance_rank, vary);
}

void print_group(const em_fit *fit)
{
    print_means(fit);
    print_group_notes(stdout, "  ", fit);
    if (fit->n_coefficients)
        print_coefficients(fit);
    if (has_covariances(fit))
        print_covariances(fit);
}

/* ---- CSV ---------------------------------------------------------------------------------------------------------- */

static void comma(FILE *to, double value)
{
    putc(',', to);
    print_csv_number(to, value);
}

static void comma_text(FILE *to, const char *text)
{
    putc(',', to);
    print_csv_text(to, text);
}

void print_group_csv(const em_fit *fit, FILE *to)
{
    fputs("parameter,transform,status,mu,var,sd,natural_median,natural_mean,mu_se,mu_t,mu_p,mu_lower,mu_upper,var_se,var_lower,var_upper\n",
          to);
    for (int j = 0; j < fit->n_parameters; j++) {
        const print_estimate m = mean_of(fit, j), v = variance_of(fit, j);
        const double value[] = {fit->mu[j], fit->var[j], sqrt(fit->var[j]), fit->natural_median[j], fit->natural_mean[j], m.se, m.t, m.p,
                                m.lower, m.upper, v.se, v.lower, v.upper};
        print_csv_text(to, fit->parameter[j]);
        comma_text(to, fit->transform[j]);
        comma_text(to, em_group_status_text(fit->group_status[j]));
        for (size_t i = 0; i < sizeof value / sizeof *value; i++)
            comma(to, value[i]);
        putc('\n', to);
    }
}

void print_coefficients_csv(const em_fit *fit, FILE *to)
{
    fputs("parameter,column,coefficient,se,t,p,lower,upper,per_sd,column_center,column_scale\n", to);
    for (int j = 0; j < fit->n_parameters; j++)
        for (int c = 0; c < fit->n_coefficients; c++) {
            if (!em_fit_acts(fit, c, j))
                continue;
            const print_estimate e = coefficient_of(fit, c, j);
            const double value[] = {e.value, e.se, e.t, e.p, e.lower, e.upper, per_sd(fit, c, j), fit->column_center[c], fit->column_scale[c]};
            print_csv_text(to, fit->parameter[j]);
            comma_text(to, fit->coefficient_name[c]);
            for (size_t i = 0; i < sizeof value / sizeof *value; i++)
                comma(to, value[i]);
            putc('\n', to);
        }
}

void print_estimates_csv(const em_fit *fit, FILE *to)
{
    fputs("estimate,value,se", to);
    for (int i = 0; i < fit->n_estimates; i++) {
        char name[420];
        snprintf(name, sizeof name, "cov_%s", fit->estimate_name[i]);
        comma_text(to, name);
    }
    putc('\n', to);
    for (int i = 0; i < fit->n_estimates; i++) {
        print_csv_text(to, fit->estimate_name[i]);
        comma(to, fit->estimate[i]);
        comma(to, sqrt(fit->estimate_cov[i * fit->n_estimates + i]));
        for (int j = 0; j < fit->n_estimates; j++)
            comma(to, fit->estimate_cov[i * fit->n_estimates + j]);
        putc('\n', to);
    }
}

/* ---- JSON --------------------------------------------------------------------------------------------------------- */

static json_t *estimate_json(const print_estimate *e, bool test)
{
    json_t *all = json_pack("{so so so so}", "value", print_json_number(e->value), "se", print_json_number(e->se), "lower",
                            print_json_number(e->lower), "upper", print_json_number(e->upper));
    if (test) {
        json_object_set_new(all, "t", print_json_number(e->t));
        json_object_set_new(all, "p", print_json_number(e->p));
        json_object_set_new(all, "df", print_json_number(e->df));
    }
    return all;
}

static json_t *coefficients_json(const em_fit *fit)
{
    json_t *all = json_array();
    for (int j = 0; j < fit->n_parameters; j++)
        for (int c = 0; c < fit->n_coefficients; c++) {
            if (!em_fit_acts(fit, c, j))
                continue;
            const print_estimate e = coefficient_of(fit, c, j);
            json_t *one = estimate_json(&e, true);
            json_object_set_new(one, "parameter", print_json_text(fit->parameter[j]));
            json_object_set_new(one, "column", print_json_text(fit->coefficient_name[c]));
            json_object_set_new(one, "per_sd", print_json_number(per_sd(fit, c, j)));
            json_array_append_new(all, one);
        }
    return all;
}

json_t *print_group_json(const em_fit *fit)
{
    const int n = fit->n_parameters;
    json_t *sd = json_array(), *status = json_array(), *unbounded = json_array(), *cov = json_array(), *means = json_array(),
           *variances = json_array();
    for (int j = 0; j < n; j++) {
        const print_estimate m = mean_of(fit, j), v = variance_of(fit, j);
        json_array_append_new(sd, print_json_number(sqrt(fit->var[j])));
        json_array_append_new(unbounded, json_boolean(fit->unbounded[j]));
        json_array_append_new(status, json_string(em_group_status_text(fit->group_status[j])));
        json_array_append_new(cov, print_json_numbers(fit->cov + j * n, n));
        json_array_append_new(means, estimate_json(&m, true));
        json_array_append_new(variances, estimate_json(&v, false));
    }
    json_t *all = json_pack("{so so so so so so so so so so so so so si si}", "parameter", print_json_texts(fit->parameter, n), "transform",
                            print_json_texts(fit->transform, n), "mu", print_json_numbers(fit->mu, n), "var",
                            print_json_numbers(fit->var, n), "sd", sd, "cov", cov, "status", status, "unbounded", unbounded,
                            "natural_median", print_json_numbers(fit->natural_median, n), "natural_mean",
                            print_json_numbers(fit->natural_mean, n), "means", means, "variances", variances, "coefficients",
                            coefficients_json(fit), "df", fit->df, "covariance_rank", fit->covariance_rank);
    return all;
}
