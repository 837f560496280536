#include "hostile.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLACES = 128, NAME = 80, MOST_PATCHES = 16, MOST_CHANGES = 12, MOST_BYTES = 1 << 16 };

/* What is in the good file. */
typedef struct {
    const char *base;
    char path[MOST_PLACES][NAME];
    int n;
} places;

typedef struct {
    fuzz_bytes *bytes;
    const places *places;
    hid_t file;
    struct {
        unsigned at;
        uint8_t value;
    } patch[MOST_PATCHES];
    int n_patches;
    unsigned cut;
} making;

static const char *const attribute_names[] = {
    "emlib_format", "emlib_format_version", "fingerprint", "levels", "levels_given", "description", "unit", "meaning", "model", "seed",
    "options", "dataset", "model_file", "model_fingerprint", "dataset_fingerprint", "converged", "iterations", "n_subjects",
    "n_subjects_used", "n_trials", "n_group", "derivatives", "emlib_version", "ranks", "total_seconds", "df", "covariance_rank",
    "n_options", "null_iterations", "bayesian_omnibus_risk", "log_likelihood", "bic_int"};
static const char *const members[] = {
    "/simulated", "/simulated/parameter", "/simulated/mu", "/simulated/var", "/simulated/x", "/simulated/natural",
    "/simulated/effect_covariate", "/simulated/effect_parameter", "/simulated/effect", "/trials/new", "/covariates/new",
    "/subjects/log_evidence_quadrature", "/trials/a:b", "/covariates/\x1b[2J"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static herr_t note(hid_t file, const char *name, const H5O_info_t *info, void *where)
{
    places *p = where;
    (void)file, (void)info;
    if (p->n < MOST_PLACES && strlen(name) + 2 < NAME)
        snprintf(p->path[p->n++], NAME, "%s%s", strcmp(name, ".") == 0 ? "" : "/", strcmp(name, ".") == 0 ? "/" : name);
    return 0;
}

/* A copy of the good file to be changed. */
static hid_t open_copy(const char *name, const char *base)
{
    size_t n;
    const uint8_t *content = scratch_content(base, &n);
    scratch_write(name, content, n);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(name, H5F_ACC_RDWR, access);
    H5Pclose(access);
    if (file < 0)
        scratch_fail("cannot open the copy of a good file");
    return file;
}

static const places *find_places(const char *base)
{
    static places known[4];
    int i = 0;
    while (known[i].base && strcmp(known[i].base, base) != 0)
        i++;
    if (!known[i].base) {
        known[i].base = base;
        hid_t file = open_copy("places.h5", base);
        H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, note, &known[i]);
        for (size_t k = 0; k < COUNT(members) && known[i].n < MOST_PLACES; k++)
            snprintf(known[i].path[known[i].n++], NAME, "%s", members[k]);
        H5Fclose(file);
    }
    return &known[i];
}

static const char *place(making *m) { return m->places->path[fuzz_byte(m->bytes) % m->places->n]; }

static const char *attribute(making *m) { return attribute_names[fuzz_byte(m->bytes) % COUNT(attribute_names)]; }

/* ---- types, shapes, contents ------------------------------------------------------------------------------------------ */

static hid_t text_type(size_t width)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, width);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
}

static hid_t odd_type(unsigned which)
{
    hid_t type;
    hsize_t three = 3;
    switch (which % 8) {
    case 0:
        type = H5Tcreate(H5T_COMPOUND, 16);
        H5Tinsert(type, "a", 0, H5T_NATIVE_INT);
        H5Tinsert(type, "b", 8, H5T_NATIVE_DOUBLE);
        return type;
    case 1: return H5Tarray_create2(H5T_NATIVE_DOUBLE, 1, &three);
    case 2: return H5Tcreate(H5T_OPAQUE, 5);
    case 3: return H5Tcopy(H5T_STD_REF_OBJ);
    case 4: return H5Tcopy(H5T_STD_B32LE);
    case 5: return H5Tenum_create(H5T_NATIVE_INT);
    case 6:
        type = H5Tcopy(H5T_IEEE_F64LE);
        H5Tset_precision(type, 20);
        return type;
    default: return H5Tvlen_create(H5T_NATIVE_INT);
    }
}

static hid_t some_type(making *m)
{
    const hid_t plain[] = {H5T_STD_I8LE, H5T_STD_I16LE, H5T_STD_I32LE, H5T_STD_I64LE, H5T_STD_U8LE, H5T_STD_U32LE,
                           H5T_STD_U64LE, H5T_STD_U64BE, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    const unsigned which = fuzz_byte(m->bytes) % 24;
    if (which < COUNT(plain))
        return H5Tcopy(plain[which]);
    if (which < 14)
        return text_type((size_t)1 + fuzz_byte(m->bytes));
    if (which == 14)
        return text_type((size_t)1 << (8 + fuzz_byte(m->bytes) % 17));
    if (which == 15)
        return text_type(H5T_VARIABLE);
    return odd_type(which);
}

/* *points: how many values, if that is a number that can be written, else 0. */
static hid_t some_space(making *m, hsize_t extent[6], int *rank, size_t *points)
{
    static const hsize_t large[] = {20, 6, 7, 120, 1000, 65536, 1 << 20, (hsize_t)1 << 31, (hsize_t)1 << 40, (hsize_t)1 << 62};
    *rank = fuzz_byte(m->bytes) % 7;
    *points = 1;
    if (*rank == 6)
        return H5Screate(H5S_NULL);
    for (int i = 0; i < *rank; i++) {
        const unsigned which = fuzz_byte(m->bytes);
        extent[i] = which < 128 ? which % 16 : large[which % COUNT(large)];
        *points = *points > MOST_BYTES || extent[i] > MOST_BYTES ? (size_t)MOST_BYTES + 1 : *points * (size_t)extent[i];
    }
    *points = *points > MOST_BYTES ? 0 : *points;
    return *rank ? H5Screate_simple(*rank, extent, NULL) : H5Screate(H5S_SCALAR);
}

/* A block of n bytes made of a piece of the input, again and again. */
static uint8_t *content(making *m, size_t n)
{
    size_t length;
    const uint8_t *piece = fuzz_piece(m->bytes, 64, &length);
    uint8_t *block = calloc(n + 1, 1);
    for (size_t i = 0; block && i < n && length; i++)
        block[i] = piece[i % length];
    if (!block)
        scratch_fail("out of memory");
    return block;
}

static void write_values(making *m, hid_t id, bool is_attribute, hid_t type, size_t points)
{
    const size_t width = H5Tget_size(type);
    if (points == 0 || width > MOST_BYTES || points * width > 4 * MOST_BYTES || H5Tget_class(type) == H5T_VLEN)
        return;
    uint8_t *block = content(m, points * width + 64);
    char **text = calloc(points, sizeof *text);
    for (size_t i = 0; text && i < points; i++)
        text[i] = (char *)block;
    const void *values = H5Tis_variable_str(type) > 0 ? (const void *)text : block;
    if (is_attribute)
        H5Awrite(id, type, values);
    else
        H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    free(text);
    free(block);
}

/* ---- changes ------------------------------------------------------------------------------------------------------------- */

static void set_filters(making *m, hid_t creation, int rank, const hsize_t *extent)
{
    hsize_t chunk[6];
    const unsigned how = fuzz_byte(m->bytes);
    hsize_t room = 4096; /* neither few large ones nor many small ones, which only take long */
    for (int i = 0; i < rank; i++) {
        chunk[i] = how & 1 ? 1 : how & 2 ? 7 : how & 4 && extent[i] ? extent[i] : 1024;
        chunk[i] = extent[i] > 1024 && chunk[i] < 64 ? 64 : chunk[i];
        chunk[i] = chunk[i] < room ? chunk[i] : room;
        room /= chunk[i];
    }
    H5Pset_chunk(creation, rank, chunk);
    if (how & 8)
        H5Pset_shuffle(creation);
    if (how & 16)
        H5Pset_deflate(creation, 1);
    if (how & 32)
        H5Pset_fletcher32(creation);
    if ((how & 192) == 64)
        H5Pset_filter(creation, (H5Z_filter_t)(256 + how), H5Z_FLAG_OPTIONAL, 0, NULL);
    if ((how & 192) == 128)
        H5Pset_deflate(creation, 9);
}

static hid_t some_layout(making *m, int rank, const hsize_t *extent, hid_t space)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE);
    switch (fuzz_byte(m->bytes) % 8) {
    case 0: H5Pset_layout(creation, H5D_COMPACT); break;
    case 1:
    case 2:
    case 3:
        if (rank > 0 && rank < 6)
            set_filters(m, creation, rank, extent);
        break;
    case 4: H5Pset_external(creation, "table.csv", 0, H5F_UNLIMITED); break;
    case 5: H5Pset_virtual(creation, space, "data.h5", "/trials/choice", space); break;
    default: break;
    }
    return creation;
}

/* Bytes that claim to be a chunk. */
static void write_chunk(making *m, hid_t id)
{
    const hsize_t start[6] = {0};
    const unsigned mask = fuzz_byte(m->bytes) % 4;
    size_t length;
    const uint8_t *piece = fuzz_piece(m->bytes, 255, &length);
    if (length)
        H5Dwrite_chunk(id, H5P_DEFAULT, mask, start, length, piece);
}

static void new_array(making *m, const char *path, bool chunk)
{
    hsize_t extent[6] = {0};
    int rank;
    size_t points;
    hid_t type = some_type(m), space = some_space(m, extent, &rank, &points), creation = some_layout(m, rank, extent, space);
    H5Ldelete(m->file, path, H5P_DEFAULT);
    hid_t id = H5Dcreate2(m->file, path, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (id > 0 && chunk && points > 0 && rank > 0)
        write_chunk(m, id);
    else if (id > 0 && H5Pget_external_count(creation) == 0)
        write_values(m, id, false, type, points);
    if (id > 0)
        H5Dclose(id);
    H5Pclose(creation);
    H5Sclose(space);
    H5Tclose(type);
}

/* Other values in the same array. */
static void change_values(making *m, const char *path)
{
    hid_t id = H5Dopen2(m->file, path, H5P_DEFAULT);
    if (id < 0)
        return;
    hid_t type = H5Dget_type(id), space = H5Dget_space(id);
    const hssize_t points = H5Sget_simple_extent_npoints(space);
    const size_t n = points > 0 && points < MOST_BYTES ? (size_t)points * H5Tget_size(type) : 0;
    uint8_t *values = calloc(n < MOST_BYTES ? n + 1 : 1, 1);
    if (n && n < MOST_BYTES && H5Tis_variable_str(type) <= 0 && H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0) {
        size_t length, at = fuzz_byte(m->bytes) * H5Tget_size(type) % n;
        const uint8_t *piece = fuzz_piece(m->bytes, 32, &length);
        for (size_t i = 0; i < length; i++)
            values[(at + i) % n] = piece[i];
        H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    }
    free(values);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(id);
}

static void new_attribute(making *m, const char *path, bool text)
{
    hsize_t extent[6];
    int rank;
    size_t points = 1;
    const char *name = attribute(m);
    hid_t type = text ? text_type(64 + (size_t)fuzz_byte(m->bytes)) : some_type(m);
    hid_t space = text ? H5Screate(H5S_SCALAR) : some_space(m, extent, &rank, &points);
    if (H5Adelete_by_name(m->file, path, name, H5P_DEFAULT) < 0 && !text && fuzz_byte(m->bytes) < 64)
        points = 0;
    /* HDF5 writes all of an attribute, whatever is given for it. */
    const hssize_t whole = H5Sget_simple_extent_npoints(space);
    const bool fits = whole >= 0 && (size_t)whole <= 4 * MOST_BYTES / H5Tget_size(type);
    hid_t id = fits ? H5Acreate_by_name(m->file, path, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) : H5I_INVALID_HID;
    if (id > 0) {
        write_values(m, id, true, type, points);
        H5Aclose(id);
    }
    H5Sclose(space);
    H5Tclose(type);
}

static void link_elsewhere(making *m, const char *path, unsigned how)
{
    const char *other = place(m);
    H5Ldelete(m->file, path, H5P_DEFAULT);
    if (how == 0)
        H5Lcreate_soft(other, m->file, path, H5P_DEFAULT, H5P_DEFAULT);
    else if (how == 1)
        H5Lcreate_external("data.h5", other, m->file, path, H5P_DEFAULT, H5P_DEFAULT);
    else
        H5Lcreate_hard(m->file, other, m->file, path, H5P_DEFAULT, H5P_DEFAULT);
}

static void new_object(making *m, const char *path)
{
    H5Ldelete(m->file, path, H5P_DEFAULT);
    if (fuzz_byte(m->bytes) % 4) {
        hid_t id = H5Gcreate2(m->file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (id > 0)
            H5Gclose(id);
        return;
    }
    hid_t type = some_type(m);
    H5Tcommit2(m->file, path, type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(type);
}

static void change(making *m)
{
    const unsigned what = fuzz_byte(m->bytes) % 16;
    const char *path = place(m);
    switch (what) {
    case 0: H5Ldelete(m->file, path, H5P_DEFAULT); break;
    case 1:
    case 2: new_array(m, path, false); break;
    case 3: new_array(m, path, true); break;
    case 4:
    case 5:
    case 6:
    case 7: change_values(m, path); break;
    case 8: link_elsewhere(m, path, fuzz_byte(m->bytes) % 3); break;
    case 9: H5Adelete_by_name(m->file, path, attribute(m), H5P_DEFAULT); break;
    case 10: new_attribute(m, "/", true); break;
    case 11: new_attribute(m, path, true); break;
    case 12: new_attribute(m, path, false); break;
    case 13: new_object(m, path); break;
    case 14:
        if (m->n_patches < MOST_PATCHES) {
            m->patch[m->n_patches].at = (unsigned)fuzz_byte(m->bytes) << 8 | fuzz_byte(m->bytes);
            m->patch[m->n_patches++].value = fuzz_byte(m->bytes);
        }
        break;
    default: m->cut = fuzz_byte(m->bytes); break;
    }
}

static void patch(const making *m, const char *name)
{
    size_t n;
    uint8_t *content = scratch_read(name, &n);
    for (int i = 0; i < m->n_patches; i++)
        content[m->patch[i].at % n] = m->patch[i].value;
    scratch_write(name, content, n - n * m->cut / 256);
    free(content);
}

void hostile_write(const char *name, const char *base, fuzz_bytes *bytes)
{
    making m = {.bytes = bytes};
    if (fuzz_byte(bytes) == 0xFF) {
        scratch_write(name, bytes->at, bytes->n);
        return;
    }
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    m.places = find_places(base);
    m.file = open_copy(name, base);
    for (int i = 0; i < MOST_CHANGES && bytes->n; i++)
        change(&m);
    H5Fclose(m.file);
    if (m.n_patches || m.cut)
        patch(&m, name);
}
