/* Fit files and HBI files from strangers, in every command that takes them. */
#include <string.h>

#include "hostile.h"

static const char path[] = "in.h5";

static void use(unsigned how)
{
    static const char *const tables[] = {"subjects", "group", "coefficients", "estimates", "trace", "trials", "bootstrap", "models"};
    switch (how % 16) {
    case 0: SCRATCH_RUN("compare", path, "plain.h5", "fit.h5"); break;
    case 1: SCRATCH_RUN("compare", "plain.h5", path, "--json"); break;
    case 2: SCRATCH_RUN("compare", path, path, "--csv", "--groups", "people.csv:group"); break;
    case 3: SCRATCH_RUN("fit", "data.h5", "--model", "rw", "--quiet", "--group-from", path, "-o", "out.h5", "--force"); break;
    case 4: SCRATCH_RUN("loo", path, "--quiet", "--tol", "0.1"); break;
    case 5: SCRATCH_RUN("fit", "data.h5", "--model", "rw", "--quiet", "-o", path); break;
    case 6: SCRATCH_RUN("show", path, "--json"); break;
    case 7: SCRATCH_RUN("show", path); break;
    default: SCRATCH_RUN("export", path, "--table", tables[how % 8]); break;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scratch_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const bases[] = {"fit.h5", "plain.h5", "hbi.h5"};
    fuzz_bytes bytes = {data, size};
    const unsigned how = fuzz_byte(&bytes);
    hostile_write(path, bases[how / 16 % 3], &bytes);
    use(how);
    return 0;
}
