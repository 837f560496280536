/* Draws data from a model, fits them, and tells the group's means: the library in a program of another project. */
#include <emlib/emlib.h>
#include <math.h>
#include <stdio.h>

int main(void)
{
    em_error error = {EM_OK, ""};
    em_dataset *data = NULL;
    em_fit *fit = NULL;
    const em_model *model = em_model_find("rw");
    em_simulation sim = {.subjects = 20, .trials = 100, .seed = 3};
    const em_fit_options options = em_fit_defaults();
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        sim.mu[j] = sim.var[j] = NAN;
    if (em_simulate(model, &sim, &data, &error) != EM_OK || em_dataset_write(data, "data.h5", true, &error) != EM_OK ||
        em_fit_run(em_comm_alone(), "data.h5", model, &options, NULL, NULL, &fit, &error) != EM_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    for (int j = 0; j < fit->n_parameters; j++)
        printf("%s %.3f\n", fit->parameter[j], fit->mu[j]);
    em_fit_free(fit);
    em_dataset_free(data);
    return 0;
}
