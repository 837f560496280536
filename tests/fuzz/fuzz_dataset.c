/* Dataset files from strangers: read whole and in parts, as models see them, and fitted. */
#include <stdlib.h>
#include <string.h>

#include "fit_setup.h"
#include "hostile.h"
#include "trials.h"

static const char path[] = "in.h5";

static void read_whole(void)
{
    em_dataset *data = NULL, *outline = NULL;
    em_error error;
    char **id = NULL;
    if (em_dataset_read_outline(path, &outline, &error) == EM_OK) {
        if (em_dataset_read_ids(outline, path, outline->n_subjects / 2, 1, &id, &error) == EM_OK) {
            free(id[0]);
            free(id);
        }
        (void)!em_dataset_read_rows(outline, path, NULL, 0, outline->n_rows / 3, outline->n_rows / 3, &error);
    }
    if (em_dataset_read_frame(path, &data, &error) == EM_OK &&
        em_dataset_read_rows(data, path, NULL, 0, 0, data->n_rows, &error) == EM_OK && em_dataset_seal(data, &error) == EM_OK)
        (void)!em_dataset_write(data, "out.h5", true, &error);
    em_dataset_free(outline);
    em_dataset_free(data);
}

static void see(const char *name, bool ignore_block)
{
    em_trials trials = {0};
    em_options_seen seen = {.levels = 0};
    em_error error;
    em_code code = em_trials_open(path, em_model_find(name), ignore_block, &trials, &error);
    if (code == EM_OK)
        code = em_trials_add_by(&trials, "drug", &error);
    if (code == EM_OK)
        code = em_trials_read(&trials, 0, trials.data->n_subjects, &error);
    for (size_t s = 0; code == EM_OK && s < trials.data->n_subjects; s++)
        code = em_trials_check(&trials, s, &seen, &error);
    if (code == EM_OK)
        code = em_trials_options(&trials, &seen, 0, NULL, &error);
    em_trials_close(&trials);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scratch_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes bytes = {data, size};
    const unsigned how = fuzz_byte(&bytes);
    hostile_write(path, "data.h5", &bytes);
    read_whole();
    see("rw", how & 1);
    see("dd_hyperbolic", how & 2);
    switch (how / 4 % 8) {
    case 0: SCRATCH_RUN("fit", path, "--model", "rw", "--quiet", "--covariate", "age,group:alpha", "-o", "out.h5", "--force"); break;
    case 1: SCRATCH_RUN("fit", path, "--model", "rw", "--quiet", "--by", "drug:beta", "-o", "out.h5", "--force"); break;
    case 2: SCRATCH_RUN("compare", "plain.h5", "fit.h5", "--groups", "in.h5:group"); break;
    case 3: SCRATCH_RUN("loglik", path, "--model", "dd_hyperbolic", "--at", "k=-1,beta=0"); break;
    case 4: SCRATCH_RUN("export", "plain.h5", "--table", "trials", "--data", path); break;
    default: break;
    }
    return 0;
}
