/* Where fuzz targets work: a folder of their own with good files in it, the program as a function, and bytes to choose by. */
#ifndef EMLIB_FUZZ_SCRATCH_H
#define EMLIB_FUZZ_SCRATCH_H
#include "emlib/emlib.h"

/* Bytes of an input that are still to be used; 0 once there are none. */
typedef struct fuzz_bytes {
    const uint8_t *at;
    size_t n;
} fuzz_bytes;
uint8_t fuzz_byte(fuzz_bytes *bytes);
/* Up to `most` bytes, as many as the next one says; *n out. */
const uint8_t *fuzz_piece(fuzz_bytes *bytes, size_t most, size_t *n);

/* Makes the folder (in memory where that is possible), goes there, and makes the good files:
 * table.csv, people.csv, data.h5, fit.h5 (covariates, conditions, all evidences, a bootstrap), plain.h5, hbi.h5. */
void scratch_begin(void);
void scratch_write(const char *name, const uint8_t *content, size_t n);
/* A file's content, to be freed. */
uint8_t *scratch_read(const char *name, size_t *n);
/* A good file's content as it was made. */
const uint8_t *scratch_content(const char *name, size_t *n);
/* Removes what is not a good file and puts back good files that were changed. */
void scratch_tidy(void);
/* Fits end as if a signal had stopped them when they ask for the n-th time; 0: never. */
void scratch_stop_after(int n);
/* Runs the program on words, which end with NULL; what would end the process ends the call. Returns the exit status. */
int scratch_run(const char *const *words);
#define SCRATCH_RUN(...) scratch_run((const char *const[]){__VA_ARGS__, NULL})
/* Ends with a message: a fuzz target's own crash. */
void scratch_fail(const char *what) __attribute__((noreturn));

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif
