/* Manifests from strangers: only read, as `emlib batch` starts the program anew for each line. */
#include <string.h>

#include "cmd/manifest.h"
#include "scratch.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scratch_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    manifest m = {0};
    em_error error = {EM_OK, ""};
    scratch_write("in.tsv", data, size);
    const em_code code = manifest_read("in.tsv", &m, &error);
    if (code != EM_OK && !strstr(error.text, "in.tsv"))
        scratch_fail("a failure that does not name the file");
    for (int i = 0; code == EM_OK && i < m.n_lines; i++)
        for (int c = 0; c < m.n_columns; c++)
            if (m.line[i].cell[c] && !m.line[i].cell[c][0])
                scratch_fail("an empty cell that is not NULL");
    manifest_free(&m);
    return 0;
}
