/* Tables from strangers: trials, and people after a byte 1E. What is read must come back from a file as it was. */
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

static const em_rename renames[] = {{"resp", "choice"}, {"trial", "age"}};
static const char *const two[] = {"left", "right"}, *const three[] = {"b", "", "a"};
static const em_levels levels[] = {{"choice", two, 2}, {"group", three, 3}};
static const em_base bases[] = {{"choice", 1}, {"age", -3}};

static em_import_options options_of(unsigned how)
{
    em_import_options options = em_import_defaults();
    if (how & 1)
        options.subject = "participant";
    if (how & 2) {
        options.rename = renames;
        options.n_rename = how & 4 ? 2 : 1;
    }
    if (how & 8) {
        options.levels = levels;
        options.n_levels = how & 4 ? 2 : 1;
    }
    if (how & 16) {
        options.base = bases;
        options.n_base = how & 4 ? 2 : 1;
    }
    return options;
}

static void nothing(void *where, const char *text) { (void)where, (void)text; }

static void come_back(const em_dataset *data)
{
    em_dataset *again = NULL;
    em_error error;
    if (em_dataset_write(data, "out.h5", true, &error) != EM_OK)
        return; /* names that no file can hold */
    if (em_dataset_read_frame("out.h5", &again, &error) != EM_OK ||
        em_dataset_read_rows(again, "out.h5", NULL, 0, 0, again->n_rows, &error) != EM_OK || em_dataset_seal(again, &error) != EM_OK ||
        strcmp(again->fingerprint, data->fingerprint) != 0)
        scratch_fail("what was imported does not come back from its file");
    em_dataset_free(again);
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
    em_dataset *table = NULL;
    em_error error = {EM_OK, ""};
    const em_log log = {nothing, NULL};
    em_import_options options = options_of(fuzz_byte(&bytes));
    const uint8_t *second = bytes.n ? memchr(bytes.at, 0x1E, bytes.n) : NULL;
    const size_t first = second ? (size_t)(second - bytes.at) : bytes.n;
    scratch_write("in.csv", bytes.at, first);
    if (second) {
        scratch_write("in_people.csv", second + 1, bytes.n - first - 1);
        options.covariates = "in_people.csv";
    }
    const em_code code = em_import("in.csv", &options, &log, &table, &error);
    if (code != EM_OK && !*error.text)
        scratch_fail("a failure without a word");
    if (code == EM_OK)
        come_back(table);
    em_dataset_free(table);
    return 0;
}
