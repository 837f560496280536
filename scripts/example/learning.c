/* The library in a program of another project: makes up people who learn, writes their data, fits a model to them, and prints the group
 * and one person. usage: learning DATA.h5 [SUBJECT] */
#include <emlib/emlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* 40 people, 150 trials each, drawn from a group with these means and variances (unconstrained scale), into a dataset file. */
static em_code make_up(const em_model *model, const char *path, em_error *error)
{
    em_simulation people = {.subjects = 40, .trials = 150, .seed = 3};
    em_dataset *data = NULL;
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        people.mu[j] = people.var[j] = NAN; /* NaN: what the model says */
    people.mu[em_parameter_index(model, "alpha")] = -0.5;
    people.mu[em_parameter_index(model, "beta")] = 1;
    people.var[em_parameter_index(model, "alpha")] = 0.5;
    people.var[em_parameter_index(model, "beta")] = 0.1;
    em_code code = em_simulate(model, &people, &data, error);
    if (code == EM_OK)
        code = em_dataset_write(data, path, true, error);
    em_dataset_free(data);
    return code;
}

static void print_group(const em_fit *fit)
{
    printf("group: %s, %zu subjects, BIC_int %.2f\n", fit->converged ? "converged" : "not converged", fit->n_subjects_used, fit->bic_int);
    for (int j = 0; j < fit->n_parameters; j++)
        printf("  %-8s mean %8.4f  variance %8.4f  median on the natural scale %8.4f\n", fit->parameter[j], fit->mu[j], fit->var[j],
               fit->natural_median[j]);
}

/* Arrays [S,P] are row-major: parameter j of subject s is element s * P + j. */
static void print_subject(const em_fit *fit, size_t s)
{
    const int P = fit->n_parameters;
    double cov[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    const bool known = em_fit_posterior(fit, s, cov);
    printf("subject %s: %s\n", fit->subject[s], em_subject_status_text(fit->subject_status[s]));
    for (int j = 0; j < P; j++)
        printf("  %-8s MAP %8.4f  sd %8.4f  natural %8.4f\n", fit->parameter[j], fit->map[s * (size_t)P + (size_t)j],
               known ? sqrt(cov[j * P + j]) : NAN, fit->natural[s * (size_t)P + (size_t)j]);
}

int main(int argc, char **argv)
{
    const em_model *model = em_model_find("rw");
    const em_fit_options options = em_fit_defaults();
    em_fit *fit = NULL;
    em_error error = {EM_OK, ""};
    if (argc < 2) {
        fprintf(stderr, "usage: %s DATA.h5 [SUBJECT]\n", argv[0]);
        return EM_INPUT_ERROR;
    }
    em_code code = make_up(model, argv[1], &error);
    if (code == EM_OK)
        code = em_fit_run(em_comm_alone(), argv[1], model, &options, NULL, NULL, &fit, &error);
    if (code != EM_OK && code != EM_NOT_CONVERGED) {
        fprintf(stderr, "%s: %s\n", argv[0], error.text);
        return code;
    }
    print_group(fit);
    for (size_t s = 0; s < fit->n_subjects; s++)
        if (argc > 2 ? strcmp(fit->subject[s], argv[2]) == 0 : s == 0)
            print_subject(fit, s);
    em_fit_free(fit);
    return code;
}
