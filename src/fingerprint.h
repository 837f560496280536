/* The fingerprint of a dataset, from hashes of blocks that several processes can make, each of its own share.
 *
 * It is SHA-256 over: the numbers of subjects and of rows, a hash for each block of ids, one for each block of offsets,
 * the number of columns; then, for the columns in order of name, name, levels and a hash for each block of values; where
 * there are covariates, their number and the same of them.
 * Blocks are items 0 .. EM_BLOCK-1, EM_BLOCK .. 2*EM_BLOCK-1, and so on, whatever the chunks on disk and the processes.
 */
#ifndef EMLIB_FINGERPRINT_H
#define EMLIB_FINGERPRINT_H
#include "emlib/emlib.h"

enum { EM_BLOCK = 65536 };
static inline size_t em_blocks(size_t n) { return (n + EM_BLOCK - 1) / EM_BLOCK; }

typedef struct em_hash {
    unsigned char byte[32];
} em_hash;

/* One hash for each block of n items that start at the beginning of a block: hash [em_blocks(n)] out. Values are hashed
 * as little-endian float64, one NaN for all missing values. */
em_code em_hash_values(const double *value, size_t n, em_hash *hash, em_error *error) EM_MUST_CHECK;
em_code em_hash_offsets(const uint64_t *offset, size_t n, em_hash *hash, em_error *error) EM_MUST_CHECK;
em_code em_hash_ids(char *const *id, size_t n, em_hash *hash, em_error *error) EM_MUST_CHECK;

/* SHA-256 of a file's content. */
em_code em_hash_file(const char *path, em_hash *hash, em_error *error) EM_MUST_CHECK;

/* Puts the fingerprint into `data`, of which n_subjects, n_rows, the columns' names and levels and the covariates are used. id
 * [em_blocks(S)], offset [em_blocks(S+1)], column[i] [em_blocks(N)] for column i of `data`. */
em_code em_fingerprint(em_dataset *data, const em_hash *id, const em_hash *offset, em_hash *const *column,
                       em_error *error) EM_MUST_CHECK;
#endif
