#include "fingerprint.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Numbers and texts of a few bytes each gather in a buffer, as every call of OpenSSL costs more than they do. */
enum { BUFFER_WORDS = 2048 };
typedef struct {
    EVP_MD_CTX *context;
    size_t used; /* words in the buffer */
    bool failed;
    uint64_t buffer[BUFFER_WORDS];
} digest;

static void flush(digest *d)
{
    if (d->used && EVP_DigestUpdate(d->context, d->buffer, d->used * sizeof *d->buffer) != 1)
        d->failed = true;
    d->used = 0;
}

static void add_word(digest *d, uint64_t word)
{
    if (d->used == BUFFER_WORDS)
        flush(d);
    d->buffer[d->used++] = htole64(word);
}

static void add_bytes(digest *d, const void *bytes, size_t n)
{
    flush(d);
    if (EVP_DigestUpdate(d->context, bytes, n) != 1)
        d->failed = true;
}

/* The length first, so that no two lists of texts look the same. */
static void add_text(digest *d, const char *text)
{
    add_word(d, strlen(text));
    add_bytes(d, text, strlen(text));
}

static void add_value(digest *d, double value)
{
    static const uint64_t missing = 0x7FF8000000000000;
    uint64_t word;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&word, &value, sizeof word);
    add_word(d, isnan(value) ? missing : word);
}

static em_code begin(digest *d, em_error *error)
{
    *d = (digest){.context = EVP_MD_CTX_new()};
    if (d->context && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) == 1)
        return EM_OK;
    EVP_MD_CTX_free(d->context);
    return em_fail(error, EM_MACHINE, "OpenSSL could not start SHA-256");
}

static em_code finish(digest *d, em_hash *hash, em_error *error)
{
    unsigned char all[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    flush(d);
    const bool good = !d->failed && EVP_DigestFinal_ex(d->context, all, &length) == 1 && length == sizeof *hash;
    EVP_MD_CTX_free(d->context);
    if (!good)
        return em_fail(error, EM_MACHINE, "OpenSSL could not compute SHA-256");
    memcpy(hash, all, sizeof *hash);
    return EM_OK;
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

typedef void add_fn(digest *d, const void *items, size_t i);

static void add_value_of(digest *d, const void *items, size_t i) { add_value(d, ((const double *)items)[i]); }
static void add_offset_of(digest *d, const void *items, size_t i) { add_word(d, ((const uint64_t *)items)[i]); }
static void add_id_of(digest *d, const void *items, size_t i) { add_text(d, ((char *const *)items)[i]); }

static inline em_code hash_blocks(const void *items, size_t n, add_fn *add, em_hash *hash, em_error *error)
{
    em_code code = EM_OK;
    digest d;
    for (size_t from = 0; from < n && !code; from += EM_BLOCK) {
        const size_t end = n - from < EM_BLOCK ? n : from + EM_BLOCK;
        if ((code = begin(&d, error)))
            return code;
        for (size_t i = from; i < end; i++)
            add(&d, items, i);
        code = finish(&d, hash++, error);
    }
    return code;
}

em_code em_hash_values(const double *value, size_t n, em_hash *hash, em_error *error)
{
    return hash_blocks(value, n, add_value_of, hash, error);
}

em_code em_hash_offsets(const uint64_t *offset, size_t n, em_hash *hash, em_error *error)
{
    return hash_blocks(offset, n, add_offset_of, hash, error);
}

em_code em_hash_ids(char *const *id, size_t n, em_hash *hash, em_error *error)
{
    return hash_blocks(id, n, add_id_of, hash, error);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

typedef struct {
    const em_dataset_column *column;
    const em_hash *hash;
} hashed_column;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hashed_column *)a)->column->name, ((const hashed_column *)b)->column->name);
}

/* A column of numbers has 0 where a column of text has one more than its number of levels. */
static void add_column(digest *d, const hashed_column *c, size_t n_rows)
{
    add_text(d, c->column->name);
    add_word(d, c->column->level ? (uint64_t)c->column->n_levels + 1 : 0);
    for (int i = 0; c->column->level && i < c->column->n_levels; i++)
        add_text(d, c->column->level[i]);
    add_bytes(d, c->hash, em_blocks(n_rows) * sizeof *c->hash);
}

/* Columns of n values each, in order of name. */
static em_code add_columns(digest *d, const em_dataset_column *column, em_hash *const *hash, int count, size_t n,
                           em_error *error)
{
    hashed_column *sorted = em_new((size_t)count, sizeof *sorted, error);
    if (!sorted)
        return EM_MACHINE;
    for (int i = 0; i < count; i++)
        sorted[i] = (hashed_column){&column[i], hash[i]};
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    add_word(d, (uint64_t)count);
    for (int i = 0; i < count; i++)
        add_column(d, &sorted[i], n);
    free(sorted);
    return EM_OK;
}

/* Nothing at all where there are none: data from before there were covariates keep their fingerprint. */
static em_code add_covariates(digest *d, const em_dataset *data, em_error *error)
{
    const size_t n = data->n_subjects, V = (size_t)data->n_covariates, blocks = em_blocks(n);
    em_hash *values = em_new(V * blocks, sizeof *values, error), **hash = em_new(V, sizeof *hash, error);
    em_code code = values && hash ? EM_OK : EM_MACHINE;
    for (size_t v = 0; v < V && !code; v++) {
        hash[v] = values + v * blocks;
        code = em_hash_values(data->covariate[v].value, n, hash[v], error);
    }
    if (!code && V > 0)
        code = add_columns(d, data->covariate, hash, data->n_covariates, n, error);
    free(values);
    free(hash);
    return code;
}

em_code em_fingerprint(em_dataset *data, const em_hash *id, const em_hash *offset, em_hash *const *column,
                       em_error *error)
{
    static const char hex[] = "0123456789abcdef";
    digest d;
    em_hash all = {0};
    em_code code = begin(&d, error);
    if (code)
        return code;
    add_word(&d, data->n_subjects);
    add_word(&d, data->n_rows);
    add_bytes(&d, id, em_blocks(data->n_subjects) * sizeof *id);
    add_bytes(&d, offset, em_blocks(data->n_subjects + 1) * sizeof *offset);
    code = add_columns(&d, data->column, column, data->n_columns, data->n_rows, error);
    if (!code)
        code = add_covariates(&d, data, error);
    em_code ended = finish(&d, &all, code ? NULL : error); /* also after a failure, which it cleans up after */
    code = code ? code : ended;
    for (size_t i = 0; i < sizeof all && !code; i++) {
        data->fingerprint[2 * i] = hex[all.byte[i] >> 4];
        data->fingerprint[2 * i + 1] = hex[all.byte[i] & 15];
    }
    data->fingerprint[64] = '\0';
    return code;
}

em_code em_hash_file(const char *path, em_hash *hash, em_error *error)
{
    char piece[65536];
    digest d;
    FILE *from = fopen(path, "rb");
    if (!from)
        return em_fail(error, EM_INPUT_ERROR, "%s: cannot be read: %s", path, strerror(errno));
    em_code code = begin(&d, error);
    if (code == EM_OK) {
        for (size_t n; (n = fread(piece, 1, sizeof piece, from)) > 0;)
            add_bytes(&d, piece, n);
        code = finish(&d, hash, error);
    }
    if (ferror(from))
        code = em_fail(error, EM_MACHINE, "%s: cannot be read", path);
    fclose(from);
    return code;
}
