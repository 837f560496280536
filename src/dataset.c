/* A dataset in memory: who, how many trials each, one array a column; and its fingerprint. */
#include <endian.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

static void free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

static void free_truth(em_truth *truth)
{
    if (!truth)
        return;
    free_texts(truth->parameter, truth->n_parameters > 0 ? (size_t)truth->n_parameters : 0);
    free(truth->model);
    free(truth->mu);
    free(truth->var);
    free(truth->x);
    free(truth->natural);
    free(truth);
}

void em_dataset_free(em_dataset *data)
{
    if (!data)
        return;
    for (int i = 0; data->column && i < data->n_columns; i++) {
        em_dataset_column *column = &data->column[i];
        free_texts(column->level, column->n_levels > 0 ? (size_t)column->n_levels : 0);
        free(column->name);
        free(column->value);
    }
    free(data->column);
    free_texts(data->id, data->n_subjects);
    free(data->offset);
    free_truth(data->truth);
    free(data);
}

em_dataset_column *em_dataset_find(const em_dataset *data, const char *name)
{
    for (int i = 0; i < data->n_columns; i++)
        if (strcmp(data->column[i].name, name) == 0)
            return &data->column[i];
    return NULL;
}

/* ---- fingerprint ----------------------------------------------------------------------------------------------- */

/* Numbers and texts of a few bytes each gather in a buffer, as every call of OpenSSL costs more than they do. */
enum { BUFFER_WORDS = 2048 };
typedef struct digest {
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

/* The length first, so that no two lists of texts look the same. */
static void add_text(digest *d, const char *text)
{
    size_t n = strlen(text);
    add_word(d, n);
    flush(d);
    if (EVP_DigestUpdate(d->context, text, n) != 1)
        d->failed = true;
}

static void add_value(digest *d, double value)
{
    static const uint64_t missing = 0x7FF8000000000000;
    uint64_t word;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&word, &value, sizeof word);
    add_word(d, isnan(value) ? missing : word);
}

/* A column of numbers has 0 where a column of text has one more than its number of levels. */
static void add_column(digest *d, const em_dataset_column *column, size_t n)
{
    add_text(d, column->name);
    add_word(d, column->level ? (uint64_t)column->n_levels + 1 : 0);
    for (int i = 0; column->level && i < column->n_levels; i++)
        add_text(d, column->level[i]);
    for (size_t i = 0; i < n; i++)
        add_value(d, column->value[i]);
}

static int by_name(const void *a, const void *b)
{
    const em_dataset_column *const *first = a, *const *second = b;
    return strcmp((*first)->name, (*second)->name);
}

static em_code check_whole(const em_dataset *data, em_error *error)
{
    bool whole = data->first_row == 0 && data->held == data->n_rows;
    for (int i = 0; i < data->n_columns && whole; i++)
        whole = data->column[i].value || data->n_rows == 0;
    return whole ? EM_OK : em_fail(error, EM_INPUT_ERROR, "only a dataset that holds all its rows has a fingerprint");
}

static em_code digest_dataset(digest *d, const em_dataset *data, const em_dataset_column *const *column,
                              unsigned char hash[EVP_MAX_MD_SIZE])
{
    unsigned length = 0;
    d->failed = EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1;
    add_word(d, data->n_subjects);
    for (size_t s = 0; s < data->n_subjects; s++)
        add_text(d, data->id[s]);
    for (size_t s = 0; s <= data->n_subjects; s++)
        add_word(d, data->offset[s]);
    add_word(d, (uint64_t)data->n_columns);
    for (int i = 0; i < data->n_columns && !d->failed; i++)
        add_column(d, column[i], data->n_rows);
    flush(d);
    return d->failed || EVP_DigestFinal_ex(d->context, hash, &length) != 1 || length != 32 ? EM_MACHINE : EM_OK;
}

em_code em_dataset_seal(em_dataset *data, em_error *error)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE];
    em_code code = check_whole(data, error);
    if (code)
        return code;
    code = EM_MACHINE;
    const em_dataset_column **column = em_new((size_t)data->n_columns, sizeof *column, error);
    digest *d = em_new(1, sizeof *d, error);
    if (!column || !d)
        goto done;
    for (int i = 0; i < data->n_columns; i++)
        column[i] = &data->column[i];
    qsort(column, (size_t)data->n_columns, sizeof *column, by_name);
    d->context = EVP_MD_CTX_new();
    code = d->context ? digest_dataset(d, data, column, hash) : EM_MACHINE;
    if (code)
        em_fail(error, code, "OpenSSL could not compute SHA-256");
    for (int i = 0; i < 32 && !code; i++) {
        data->fingerprint[2 * i] = hex[hash[i] >> 4];
        data->fingerprint[2 * i + 1] = hex[hash[i] & 15];
    }
    data->fingerprint[64] = '\0';
done:
    if (d)
        EVP_MD_CTX_free(d->context);
    free(d);
    free(column);
    return code;
}

void em_dataset_forget(em_dataset *data)
{
    for (int i = 0; i < data->n_columns; i++) {
        free(data->column[i].value);
        data->column[i].value = NULL;
    }
    data->first_row = data->held = 0;
}
