/* emlib show for HBI files. */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "print.h"

enum { MAX_NAMED = 20 }; /* flagged subjects that are listed, of each model */

/* ---- for people ------------------------------------------------------------------------------------------------ */

static size_t count_best(const em_hbi *hbi, int model)
{
    size_t n = 0, K = (size_t)hbi->n_models;
    for (size_t s = 0; s < hbi->n_subjects; s++) {
        const double *r = hbi->responsibility + s * K;
        bool best = !isnan(r[model]);
        for (int k = 0; k < hbi->n_models; k++)
            best = best && (k == model || r[k] < r[model] || (r[k] == r[model] && k > model));
        n += best;
    }
    return n;
}

static void show_models(const em_hbi *hbi)
{
    static const char *const head[] = {"model", "parameters", "subjects", "most likely of", "frequency", "exceedance", "protected"};
    print_table table = {.align = "lrrrrrr"};
    for (int i = 0; i < 7; i++)
        print_cell(&table, "%s", head[i]);
    for (int k = 0; k < hbi->n_models; k++) {
        print_cell(&table, "%s", hbi->model[k].name);
        print_cell(&table, "%d", hbi->model[k].n_parameters);
        print_cell(&table, "%.2f", hbi->alpha[k] - 1);
        print_cell(&table, "%zu", count_best(hbi, k));
        print_cell_number(&table, hbi->expected_frequency[k]);
        print_cell_number(&table, hbi->exceedance_probability[k]);
        print_cell_number(&table, hbi->protected_exceedance_probability[k]);
    }
    printf("\nModels (subjects: sum of responsibilities)\n");
    print_end(&table, 2);
    if (!isnan(hbi->bayesian_omnibus_risk))
        printf("  probability that all are equally frequent (Bayesian omnibus risk) %s\n",
               print_short(hbi->bayesian_omnibus_risk).text);
}

/* With the 95% interval of the mean: sqrt(sigma/(nu b)) times Student's quantile. */
static void show_group(const em_hbi_model *model)
{
    static const char *const head[] = {"parameter", "transform", "mean", "error", "from", "to", "sd", "median T(mu)"};
    const double t = gsl_cdf_tdist_Pinv(0.975, model->df);
    print_table table = {.align = "llrrrrrr"};
    for (int i = 0; i < 8; i++)
        print_cell(&table, "%s", head[i]);
    for (int j = 0; j < model->n_parameters; j++) {
        print_cell(&table, "%s", model->parameter[j]);
        print_cell(&table, "%s", model->transform[j]);
        print_cell_number(&table, model->mu[j]);
        print_cell_number(&table, model->mu_se[j]);
        print_cell_number(&table, model->mu[j] - t * model->mu_se[j]);
        print_cell_number(&table, model->mu[j] + t * model->mu_se[j]);
        print_cell_number(&table, sqrt(model->var[j]));
        print_cell_number(&table, model->natural_median[j]);
    }
    printf("\nGroup of %s (unconstrained scale; 95%% of the mean's Student t posterior, %.1f degrees of freedom)\n", model->name,
           model->df);
    print_end(&table, 2);
}

static void show_flagged(const em_hbi *hbi)
{
    for (int k = 0; k < hbi->n_models; k++) {
        size_t n = 0;
        for (size_t s = 0; s < hbi->n_subjects; s++)
            if (em_subject_is_flagged(hbi->model[k].status[s]) && n++ < MAX_NAMED)
                printf("%s    %s: %s\n", n == 1 ? "  subjects to look at\n" : "", hbi->subject[s],
                       em_subject_status_text(hbi->model[k].status[s]));
        if (n)
            printf("    (%zu of model %s)\n", n, hbi->model[k].name);
    }
}

static int show(const em_hbi *hbi)
{
    printf("Hierarchical Bayesian inference over %d model%s\n", hbi->n_models, hbi->n_models == 1 ? "" : "s");
    printf("  data              %s (fingerprint %.12s)\n", hbi->dataset, hbi->dataset_fingerprint);
    printf("  subjects          %zu used of %zu\n", hbi->n_subjects_used, hbi->n_subjects);
    printf("  made by           emlib %s in %.2f s on %d rank%s\n", hbi->emlib_version, hbi->seconds, hbi->ranks,
           hbi->ranks == 1 ? "" : "s");
    printf("  course            %s after %d iteration%s; ", hbi->converged ? "converged" : "had NOT CONVERGED", hbi->iterations,
           hbi->iterations == 1 ? "" : "s");
    if (isfinite(hbi->distance))
        printf("estimated distance to the end %.2g\n", hbi->distance);
    else
        printf("too early to estimate the distance to the end\n");
    printf("  bound             %.4f", hbi->bound);
    if (!isnan(hbi->null_bound))
        printf("; with all models equally frequent %.4f (%d iteration%s)", hbi->null_bound, hbi->null_iterations,
               hbi->null_iterations == 1 ? "" : "s");
    putchar('\n');
    show_flagged(hbi);
    show_models(hbi);
    for (int k = 0; k < hbi->n_models; k++)
        show_group(&hbi->model[k]);
    return cmd_finish("show", 0);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *rows_json(const double *value, size_t rows, int columns)
{
    json_t *all = json_array();
    for (size_t i = 0; i < rows; i++)
        json_array_append_new(all, print_json_numbers(value + i * (size_t)columns, columns));
    return all;
}

static json_t *numbers_json(const double *value, size_t n)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, print_json_number(value[i]));
    return all;
}

static json_t *flagged_json(const em_hbi *hbi, const em_hbi_model *model)
{
    json_t *all = json_array();
    for (size_t s = 0; s < hbi->n_subjects; s++)
        if (em_subject_is_flagged(model->status[s]))
            json_array_append_new(all, json_pack("{so si ss}", "subject", print_json_text(hbi->subject[s]), "status",
                                                 model->status[s], "meaning", em_subject_status_text(model->status[s])));
    return all;
}

static json_t *model_json(const em_hbi *hbi, int k)
{
    const em_hbi_model *model = &hbi->model[k];
    const int P = model->n_parameters;
    const size_t S = hbi->n_subjects;
    return json_pack("{so ss si so so so so so so so so so so so so so so so so}", "model", print_json_text(model->name),
                     "model_fingerprint", model->fingerprint, "n_parameters", P, "alpha", print_json_number(hbi->alpha[k]), "expected_frequency",
                     print_json_number(hbi->expected_frequency[k]), "exceedance_probability",
                     print_json_number(hbi->exceedance_probability[k]), "protected_exceedance_probability",
                     print_json_number(hbi->protected_exceedance_probability[k]), "parameter",
                     print_json_texts(model->parameter, P), "transform", print_json_texts(model->transform, P), "mu",
                     print_json_numbers(model->mu, P), "var", print_json_numbers(model->var, P), "mu_se",
                     print_json_numbers(model->mu_se, P), "df", print_json_number(model->df), "natural_median",
                     print_json_numbers(model->natural_median, P), "map", rows_json(model->map, S, P), "natural",
                     rows_json(model->natural, S, P), "log_likelihood", numbers_json(model->log_likelihood, S),
                     "log_marginal_likelihood", numbers_json(model->log_marginal_likelihood, S), "flagged_subjects",
                     flagged_json(hbi, model));
}

static int show_json(const em_hbi *hbi, const char *path)
{
    const size_t I = (size_t)hbi->n_trace;
    json_t *asked = json_loads(hbi->options, 0, NULL), *models = json_array(), *ids = json_array();
    for (int k = 0; k < hbi->n_models; k++)
        json_array_append_new(models, model_json(hbi, k));
    for (size_t s = 0; s < hbi->n_subjects; s++)
        json_array_append_new(ids, print_json_text(hbi->subject[s]));
    json_t *all = json_pack(
        "{so ss so ss sb si si so so so so sI sI so so so so so si}", "file", print_json_text(path), "emlib_version",
        hbi->emlib_version, "dataset", print_json_text(hbi->dataset), "dataset_fingerprint", hbi->dataset_fingerprint, "converged",
        hbi->converged, "iterations", hbi->iterations, "null_iterations", hbi->null_iterations, "distance",
        print_json_number(hbi->distance), "bound", print_json_number(hbi->bound), "null_bound", print_json_number(hbi->null_bound),
        "bayesian_omnibus_risk", print_json_number(hbi->bayesian_omnibus_risk), "n_subjects", (json_int_t)hbi->n_subjects,
        "n_subjects_used", (json_int_t)hbi->n_subjects_used, "options", asked ? asked : json_null(), "models", models, "subject", ids,
        "responsibility", rows_json(hbi->responsibility, hbi->n_subjects, hbi->n_models), "trace",
        json_pack("{so so}", "alpha", rows_json(hbi->trace_alpha, I, hbi->n_models), "bound", numbers_json(hbi->trace_bound, I)),
        "ranks", hbi->ranks);
    return print_json("show", all);
}

int show_hbi(const char *path, bool json)
{
    em_hbi *hbi = NULL;
    em_error error;
    if (em_hbi_read(path, &hbi, &error))
        return cmd_fail("show", &error);
    const int status = json ? show_json(hbi, path) : show(hbi);
    em_hbi_free(hbi);
    return status;
}
