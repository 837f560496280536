/* Compressed chunks of an array. HDF5 (1.10) believes that a chunk is as large as it should be once it is decompressed: of a
 * shorter one it reads on behind the end, into whatever is in memory there. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "error.h"

enum { MOST_FILTERS = 3 };

/* What is to be checked, and what that takes. */
typedef struct {
    const em_h5 *h5;
    const em_h5_opened *array;
    const char *path;
    H5Z_filter_t filter[MOST_FILTERS];
    int n_filters;
    uint64_t bytes; /* of a chunk */
    unsigned char *stored;
    size_t capacity;
} checking;

static em_code bad_chunk(const checking *c, em_error *error)
{
    return em_h5_damaged(c->h5, error, "%s has a chunk that does not hold what it should", c->path);
}

/* Whether n bytes decompress to just `expected` bytes. */
static bool inflates_to(const unsigned char *stored, uint64_t n, uint64_t expected)
{
    unsigned char out[1 << 15];
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)stored, .avail_in = (uInt)n};
    uint64_t made = 0;
    int state = n <= UINT32_MAX && inflateInit(&stream) == Z_OK ? Z_OK : Z_MEM_ERROR;
    if (state != Z_OK)
        return false;
    while (state == Z_OK && made <= expected) {
        stream.next_out = out;
        stream.avail_out = sizeof out;
        state = inflate(&stream, Z_NO_FLUSH);
        made += sizeof out - stream.avail_out;
    }
    inflateEnd(&stream);
    return state == Z_STREAM_END && made == expected;
}

/* One chunk: `size` bytes in the file, made by the filters that `skipped` does not name. Shuffling keeps the size, a checksum adds 4. */
static bool is_whole(const checking *c, uint64_t size, uint32_t skipped)
{
    uint64_t before = c->bytes, after = 0;
    bool deflated = false;
    for (int i = 0; i < c->n_filters; i++) {
        if (skipped >> i & 1)
            continue;
        deflated = deflated || c->filter[i] == H5Z_FILTER_DEFLATE;
        if (c->filter[i] == H5Z_FILTER_FLETCHER32)
            *(deflated ? &after : &before) += 4;
    }
    if (!deflated)
        return size == before;
    return size > after && inflates_to(c->stored, size - after, before);
}

static em_code check_chunk(checking *c, const hsize_t *start, em_error *error)
{
    hsize_t size = 0;
    uint32_t skipped = 0;
    if (H5Dget_chunk_storage_size(c->array->id, start, &size) < 0)
        return em_h5_fail(c->h5, error, "cannot read %s", c->path);
    if (size == 0) /* not there: its values are the fill value */
        return EM_OK;
    if (size > c->h5->bytes)
        return bad_chunk(c, error);
    if (size > c->capacity) {
        free(c->stored);
        c->capacity = 0;
        if (!(c->stored = em_new(size, 1, error)))
            return EM_MACHINE;
        c->capacity = size;
    }
    if (H5Dread_chunk(c->array->id, H5P_DEFAULT, start, &skipped, c->stored) < 0)
        return em_h5_fail(c->h5, error, "cannot read %s", c->path);
    return is_whole(c, size, skipped) ? EM_OK : bad_chunk(c, error);
}

/* The chunk after this one, among those with rows below `end`; false after the last. */
static bool next_chunk(const em_h5_opened *array, const hsize_t *chunk, uint64_t end, hsize_t *start)
{
    for (int i = array->rank - 1; i >= 0; i--) {
        start[i] += chunk[i];
        if (start[i] < (i == 0 ? end : array->extent[i]))
            return true;
        start[i] = 0;
    }
    return false;
}

em_code em_h5_check_chunks(const em_h5 *h5, const em_h5_opened *array, const char *path, uint64_t first, uint64_t count,
                           em_error *error)
{
    hsize_t chunk[EM_H5_MAX_RANK], start[EM_H5_MAX_RANK] = {0};
    checking c = {.h5 = h5, .array = array, .path = path, .bytes = H5Tget_size(array->type)};
    em_code code = EM_OK;
    hid_t creation = H5Dget_create_plist(array->id);
    if (creation < 0)
        return em_h5_fail(h5, error, "cannot open %s", path);
    if (H5Pget_layout(creation) == H5D_CHUNKED) {
        c.n_filters = H5Pget_nfilters(creation);
        if (H5Pget_chunk(creation, EM_H5_MAX_RANK, chunk) != array->rank || c.n_filters < 0 || c.n_filters > MOST_FILTERS)
            code = em_h5_damaged(h5, error, "%s has chunks or filters that are not known", path);
        for (int i = 0; i < c.n_filters && !code; i++) {
            size_t values = 0;
            unsigned flags, config;
            c.filter[i] = H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        }
    }
    bool more = !code && c.n_filters > 0 && count > 0;
    for (int i = 0; i < array->rank && more; i++) {
        c.bytes *= chunk[i]; /* em_h5_array_open has seen that it is no larger than the array */
        more = array->extent[i] > 0;
    }
    if (more)
        start[0] = first / chunk[0] * chunk[0];
    while (more && !(code = check_chunk(&c, start, error)))
        more = next_chunk(array, chunk, first + count, start);
    free(c.stored);
    em_h5_drop(creation);
    return code;
}
