/* Tables from strangers: trials, and people after a byte 1E; or a BIDS dataset, whose two runs, their description and
 * the people have such a byte between them. What is read must come back from a file as it was. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

static const em_rename renames[] = {{"resp", "choice"}, {"trial", "age"}};
static const char *const two[] = {"left", "right"}, *const three[] = {"b", "", "a"};
static const em_levels levels[] = {{"choice", two, 2}, {"group", three, 3}};
static const em_base bases[] = {{"choice", 1}, {"age", -3}};

static const em_keep keeps[] = {{"choice", two, 2}, {"run", &three[1], 1}};

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
    if (how & 32) {
        options.keep = keeps;
        options.n_keep = how & 4 ? 2 : 1;
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
    if (mkdir("bids", 0700) != 0 || mkdir("bids/sub-1", 0700) != 0 || mkdir("bids/sub-1/func", 0700) != 0)
        scratch_fail("no folder for a dataset");
    return 0;
}

/* Writes the bytes up to a byte 1E, and steps over it; no bytes, no file. */
static void write_piece(const char *name, fuzz_bytes *bytes)
{
    const uint8_t *end = bytes->n ? memchr(bytes->at, 0x1E, bytes->n) : NULL;
    const size_t n = end ? (size_t)(end - bytes->at) : bytes->n, step = end ? n + 1 : n;
    unlink(name);
    if (n > 0)
        scratch_write(name, bytes->at, n);
    bytes->at += step;
    bytes->n -= step;
}

static em_code import_table(fuzz_bytes *bytes, em_import_options *options, const em_log *log, em_dataset **table,
                            em_error *error)
{
    write_piece("in.csv", bytes);
    if (bytes->n > 0) {
        write_piece("in_people.csv", bytes);
        options->covariates = "in_people.csv";
    }
    return em_import("in.csv", options, log, table, error);
}

static em_code import_bids(fuzz_bytes *bytes, const em_import_options *options, const em_log *log, em_dataset **table,
                           em_error *error)
{
    write_piece("bids/sub-1/func/sub-1_task-t_run-1_events.tsv", bytes);
    write_piece("bids/sub-1/func/sub-1_task-t_run-2_events.tsv", bytes);
    write_piece("bids/task-t_events.json", bytes);
    write_piece("bids/participants.tsv", bytes);
    return em_import_bids("bids", &(em_bids_options){.task = "t"}, options, log, table, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes bytes = {data, size};
    em_dataset *table = NULL;
    em_error error = {EM_OK, ""};
    const em_log log = {nothing, NULL};
    const unsigned how = fuzz_byte(&bytes);
    em_import_options options = options_of(how);
    const em_code code = how & 64 ? import_bids(&bytes, &options, &log, &table, &error)
                                  : import_table(&bytes, &options, &log, &table, &error);
    if (code != EM_OK && !*error.text)
        scratch_fail("a failure without a word");
    if (code == EM_OK)
        come_back(table);
    em_dataset_free(table);
    return 0;
}
