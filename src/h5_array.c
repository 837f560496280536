/* Arrays of an HDF5 file. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

/* The most that deflate can shrink, with something to spare. */
static const uint64_t max_compression = 1100;
/* HDF5 reads a chunk whole, so it may not be much larger than what is asked for. */
static const uint64_t max_spare_chunk = 1 << 20;

static hid_t stored_type(em_h5_type type)
{
    switch (type) {
    case EM_H5_INT8: return H5T_STD_I8LE;
    case EM_H5_INT32: return H5T_STD_I32LE;
    case EM_H5_UINT64: return H5T_STD_U64LE;
    case EM_H5_DOUBLE: return H5T_IEEE_F64LE;
    case EM_H5_TEXT: break;
    }
    return -1;
}

static hid_t memory_type(em_h5_type type)
{
    switch (type) {
    case EM_H5_INT8: return H5T_NATIVE_INT8;
    case EM_H5_INT32: return H5T_NATIVE_INT32;
    case EM_H5_UINT64: return H5T_NATIVE_UINT64;
    case EM_H5_DOUBLE: return H5T_NATIVE_DOUBLE;
    case EM_H5_TEXT: break;
    }
    return -1;
}

static size_t memory_size(em_h5_type type) { return type == EM_H5_INT8 ? 1 : type == EM_H5_INT32 ? 4 : 8; }

em_h5_extents em_h5_extents_unknown(void)
{
    em_h5_extents extents;
    for (int i = 0; i < 26; i++)
        extents.of[i] = EM_H5_UNKNOWN;
    return extents;
}

uint64_t *em_h5_extent(em_h5_extents *extents, char letter) { return &extents->of[letter - 'A']; }

static const void *values_of(const em_h5_array *row, const void *owner)
{
    const void *values;
    memcpy(&values, (const char *)owner + row->member, sizeof values);
    return values;
}

static em_code create_array(const em_h5 *h5, const em_h5_array *row, const em_h5_extents *extents, size_t width,
                            em_error *error)
{
    em_code code = EM_OK;
    hid_t type = 0, space = 0, creation = 0, id = 0;
    int rank = (int)strlen(row->shape);
    hsize_t extent[EM_H5_MAX_RANK];
    for (int i = 0; i < rank; i++)
        extent[i] = extents->of[row->shape[i] - 'A'];
    if ((type = row->type == EM_H5_TEXT ? em_h5_text_type(width) : H5Tcopy(stored_type(row->type))) < 0 ||
        (space = H5Screate_simple(rank, extent, NULL)) < 0 ||
        (creation = em_h5_creation_list(H5P_DATASET_CREATE)) < 0 ||
        (id = H5Dcreate2(h5->file, row->path, type, space, H5P_DEFAULT, creation, H5P_DEFAULT)) < 0)
        code = em_h5_fail(h5, error, "cannot create %s", row->path);
    if (!code)
        code = em_h5_put_text_at(h5, id, "description", row->about, error);
    if (!code && row->unit)
        code = em_h5_put_text_at(h5, id, "unit", row->unit, error);
    em_h5_drop(id);
    em_h5_drop(creation);
    em_h5_drop(space);
    em_h5_drop(type);
    return code;
}

em_code em_h5_create_arrays(const em_h5 *h5, const em_h5_array *table, int n, const em_h5_extents *extents,
                            size_t width, em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++)
        code = create_array(h5, &table[i], extents, width, error);
    return code;
}

hid_t em_h5_select_rows(hid_t space, uint64_t first, uint64_t count)
{
    hsize_t start[EM_H5_MAX_RANK] = {first}, extent[EM_H5_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || rank > EM_H5_MAX_RANK || H5Sget_simple_extent_dims(space, extent, NULL) < 0)
        return -1;
    extent[0] = count;
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0)
        return -1;
    return H5Screate_simple(rank, extent, NULL);
}

static em_code write_rows(const em_h5 *h5, const em_h5_array *row, uint64_t first, uint64_t count, const void *values,
                          em_error *error)
{
    em_code code = EM_OK;
    hid_t id = 0, type = 0, space = 0, block = 0;
    if ((id = H5Dopen2(h5->file, row->path, H5P_DEFAULT)) < 0 || (type = H5Dget_type(id)) < 0 ||
        (space = H5Dget_space(id)) < 0 || (block = em_h5_select_rows(space, first, count)) < 0)
        code = em_h5_fail(h5, error, "cannot open %s", row->path);
    else if (row->type == EM_H5_TEXT)
        code = em_h5_write_texts(h5, (em_h5_place){id, false, block, space}, type, row->path, values, count, error);
    else if (H5Sget_select_npoints(space) > 0 &&
             H5Dwrite(id, memory_type(row->type), block, space, H5P_DEFAULT, values) < 0)
        code = em_h5_fail(h5, error, "cannot write %s", row->path);
    em_h5_drop(block);
    em_h5_drop(space);
    em_h5_drop(type);
    em_h5_drop(id);
    return code;
}

static em_code no_values(const em_h5 *h5, const em_h5_array *row, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s: there are no values for %s", h5->path, row->path);
}

em_code em_h5_write_rows(const em_h5 *h5, const em_h5_array *table, int n, uint64_t first, uint64_t count,
                         const void *owner, em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && count && !code; i++) {
        const void *values = values_of(&table[i], owner);
        code = values ? write_rows(h5, &table[i], first, count, values, error) : no_values(h5, &table[i], error);
    }
    return code ? code : em_h5_check_written(h5, error);
}

em_code em_h5_write_arrays(const em_h5 *h5, const em_h5_array *table, int n, const em_h5_extents *extents,
                           const void *owner, em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++) {
        const uint64_t count = extents->of[table[i].shape[0] - 'A'];
        const void *values = values_of(&table[i], owner);
        if (!values && !table[i].required)
            continue;
        if (!values)
            return no_values(h5, &table[i], error);
        code = create_array(h5, &table[i], extents, table[i].type == EM_H5_TEXT ? em_h5_text_width(values, count) : 0,
                            error);
        if (!code)
            code = em_h5_write_rows(h5, &table[i], 1, 0, count, owner, error);
    }
    return code;
}

em_code em_h5_array_create(const em_h5 *h5, const char *path, em_h5_type type, uint64_t n, hid_t *id, em_error *error)
{
    em_code code = EM_OK;
    hsize_t extent = n, chunk = EM_H5_CHUNK;
    hid_t space = H5Screate_simple(1, &extent, NULL), creation = em_h5_creation_list(H5P_DATASET_CREATE);
    herr_t set = 0;
    if (n >= EM_H5_CHUNK / 8) {
        if (chunk > n)
            chunk = n;
        set = H5Pset_chunk(creation, 1, &chunk) < 0 || H5Pset_shuffle(creation) < 0 || H5Pset_deflate(creation, 1) < 0;
    }
    if (space < 0 || creation < 0 || set ||
        (*id = H5Dcreate2(h5->file, path, stored_type(type), space, H5P_DEFAULT, creation, H5P_DEFAULT)) < 0)
        code = em_h5_fail(h5, error, "cannot create %s", path);
    em_h5_drop(creation);
    em_h5_drop(space);
    return code;
}

/* Only the plain types: HDF5 can be told of floating-point numbers of any shape, and believes it. */
bool em_h5_plain_number(hid_t type, bool *whole)
{
    const hid_t integers[] = {H5T_STD_I8LE,  H5T_STD_I16LE, H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U8LE,  H5T_STD_U16LE,
                              H5T_STD_U32LE, H5T_STD_U64LE, H5T_STD_I8BE,  H5T_STD_I16BE, H5T_STD_I32BE, H5T_STD_I64BE,
                              H5T_STD_U8BE,  H5T_STD_U16BE, H5T_STD_U32BE, H5T_STD_U64BE};
    const hid_t floats[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_IEEE_F64BE, H5T_IEEE_F32BE};
    *whole = true;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (H5Tequal(type, integers[i]) > 0)
            return true;
    *whole = false;
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        if (H5Tequal(type, floats[i]) > 0)
            return true;
    return false;
}

/* Filters that HDF5 brings along and that cannot grow data beyond max_compression. */
static bool known_filters(hid_t creation)
{
    int n = H5Pget_nfilters(creation), deflate = 0;
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t values = 0;
        H5Z_filter_t filter = H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return false;
        deflate += filter == H5Z_FILTER_DEFLATE;
    }
    return n >= 0 && n <= 3 && deflate <= 1;
}

/* Whether the file can hold what the extents claim, and holds it itself. */
static em_code check_storage(const em_h5 *h5, const char *path, const em_h5_opened *array, hid_t creation,
                             em_error *error)
{
    uint64_t bytes = H5Tget_size(array->type), stored = H5Dget_storage_size(array->id), room = stored;
    H5D_layout_t layout = H5Pget_layout(creation);
    for (int i = 0; i < array->rank; i++)
        if (__builtin_mul_overflow(bytes, (uint64_t)array->extent[i], &bytes))
            return em_h5_damaged(h5, error, "%s has an impossible size", path);
    if (layout == H5D_CHUNKED) {
        hsize_t chunk[EM_H5_MAX_RANK];
        uint64_t one = H5Tget_size(array->type);
        if (H5Pget_chunk(creation, EM_H5_MAX_RANK, chunk) != array->rank || !known_filters(creation))
            return em_h5_damaged(h5, error, "%s has chunks or filters that are not known", path);
        for (int i = 0; i < array->rank; i++)
            if (__builtin_mul_overflow(one, (uint64_t)chunk[i], &one))
                return em_h5_damaged(h5, error, "%s has an impossible size", path);
        if (one > max_spare_chunk && one > bytes)
            return em_h5_damaged(h5, error, "%s has chunks larger than itself", path);
        if (H5Pget_nfilters(creation) > 0 && __builtin_mul_overflow(stored, max_compression, &room))
            room = UINT64_MAX;
    } else if ((layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) || H5Pget_external_count(creation) != 0)
        return em_h5_damaged(h5, error, "%s takes its values from elsewhere", path);
    if (stored > h5->bytes || bytes > room)
        return em_h5_damaged(h5, error, "%s claims %llu bytes, more than the file holds", path,
                             (unsigned long long)bytes);
    return EM_OK;
}

em_code em_h5_array_open(const em_h5 *h5, const char *path, em_h5_opened *array, em_error *error)
{
    *array = (em_h5_opened){0};
    hid_t creation = 0;
    int there = em_h5_exists(h5, path);
    if (there <= 0)
        return em_h5_damaged(h5, error, there < 0 ? "%s is a link to elsewhere or unreadable" : "there is no %s", path);
    em_code code = EM_OK;
    if ((array->id = H5Dopen2(h5->file, path, H5P_DEFAULT)) < 0 || (array->type = H5Dget_type(array->id)) < 0 ||
        (array->space = H5Dget_space(array->id)) < 0 || (creation = H5Dget_create_plist(array->id)) < 0)
        code = em_h5_fail(h5, error, "cannot open %s", path);
    else if (H5Sis_simple(array->space) <= 0 || H5Sget_simple_extent_ndims(array->space) > EM_H5_MAX_RANK ||
             (array->rank = H5Sget_simple_extent_dims(array->space, array->extent, NULL)) <= 0)
        code = em_h5_damaged(h5, error, "%s is not an array of 1 to %d dimensions", path, EM_H5_MAX_RANK);
    else if (!(array->text = H5Tget_class(array->type) == H5T_STRING) &&
             !em_h5_plain_number(array->type, &array->whole))
        code = em_h5_damaged(h5, error, "%s holds neither plain numbers nor text", path);
    else
        code = check_storage(h5, path, array, creation, error);
    em_h5_drop(creation);
    if (code)
        em_h5_array_close(array);
    return code;
}

void em_h5_array_close(em_h5_opened *array)
{
    em_h5_drop(array->space);
    em_h5_drop(array->type);
    em_h5_drop(array->id);
    *array = (em_h5_opened){0};
}

em_code em_h5_read_doubles(const em_h5 *h5, const em_h5_opened *array, const char *path, uint64_t first, uint64_t count,
                           double *values, em_error *error)
{
    em_code code = em_h5_check_chunks(h5, array, path, first, count, error);
    if (code)
        return code;
    hid_t block = em_h5_select_rows(array->space, first, count);
    if (block < 0 || H5Dread(array->id, H5T_NATIVE_DOUBLE, block, array->space, H5P_DEFAULT, values) < 0)
        code = em_h5_fail(h5, error, "cannot read %s", path);
    em_h5_drop(block);
    return code;
}

/* Sets the letters that are not known yet and compares the others; *n becomes the number of values. */
static em_code match_shape(const em_h5 *h5, const em_h5_array *row, const em_h5_opened *array, em_h5_extents *extents,
                           size_t *n, em_error *error)
{
    if (array->text != (row->type == EM_H5_TEXT))
        return em_h5_damaged(h5, error, "%s holds %s", row->path, array->text ? "text, not numbers" : "no text");
    if (array->rank != (int)strlen(row->shape))
        return em_h5_damaged(h5, error, "%s has %d dimensions instead of %d", row->path, array->rank,
                             (int)strlen(row->shape));
    *n = 1;
    for (int i = 0; i < array->rank; i++) {
        uint64_t *known = em_h5_extent(extents, row->shape[i]);
        if (*known == EM_H5_UNKNOWN)
            *known = array->extent[i];
        if (*known != array->extent[i])
            return em_h5_damaged(h5, error, "%s has %llu rows or columns where %llu belong", row->path,
                                 (unsigned long long)array->extent[i], (unsigned long long)*known);
        if (__builtin_mul_overflow(*n, (size_t)array->extent[i], n))
            return em_h5_damaged(h5, error, "%s has an impossible size", row->path);
    }
    return EM_OK;
}

static em_code read_array(const em_h5 *h5, const em_h5_array *row, em_h5_extents *extents, void *owner, em_error *error)
{
    em_h5_opened array;
    size_t n = 0;
    void *values = NULL;
    em_code code = em_h5_array_open(h5, row->path, &array, error);
    if (code)
        return code;
    code = match_shape(h5, row, &array, extents, &n, error);
    if (!code)
        code = em_h5_check_chunks(h5, &array, row->path, 0, array.extent[0], error);
    if (!code && row->type == EM_H5_TEXT) {
        char **text = NULL;
        em_h5_place from = {array.id, false, 0, 0};
        code = em_h5_read_texts(h5, from, array.type, array.space, row->path, &text, n, error);
        values = text;
    } else if (!code && !(values = em_new(n, memory_size(row->type), error)))
        code = EM_MACHINE;
    else if (!code && n && H5Dread(array.id, memory_type(row->type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        code = em_h5_fail(h5, error, "cannot read %s", row->path);
    if (code && row->type != EM_H5_TEXT) {
        free(values);
        values = NULL;
    }
    memcpy((char *)owner + row->member, &values, sizeof values);
    em_h5_array_close(&array);
    return code;
}

em_code em_h5_read_arrays(const em_h5 *h5, const em_h5_array *table, int n, em_h5_extents *extents, void *owner,
                          em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++)
        if (table[i].required || em_h5_exists(h5, table[i].path) != 0)
            code = read_array(h5, &table[i], extents, owner, error);
    return code;
}
