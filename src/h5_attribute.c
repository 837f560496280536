/* Attributes of an HDF5 file. */
#include "h5.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* n 1 with rank 0 is a scalar. */
static em_code put_texts_at(const em_h5 *h5, hid_t object, const char *name, char *const *text, size_t n, int rank,
                            em_error *error)
{
    em_code code = EM_OK;
    hsize_t extent = n;
    hid_t id = 0, type = em_h5_text_type(em_h5_text_width(text, n));
    hid_t space = rank ? H5Screate_simple(1, &extent, NULL) : H5Screate(H5S_SCALAR);
    if (type < 0 || space < 0 || (id = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) < 0)
        code = em_h5_fail(h5, error, "cannot create the attribute %s", name);
    else
        code = em_h5_write_texts(h5, (em_h5_place){id, true, 0, 0}, type, name, text, n, error);
    em_h5_drop(id);
    em_h5_drop(space);
    em_h5_drop(type);
    return code;
}

em_code em_h5_put_text_at(const em_h5 *h5, hid_t object, const char *name, const char *text, em_error *error)
{
    char *one = em_copy(text, error);
    if (!one)
        return EM_MACHINE;
    em_code code = put_texts_at(h5, object, name, &one, 1, 0, error);
    free(one);
    return code;
}

static em_code open_object(const em_h5 *h5, const char *path, hid_t *object, em_error *error)
{
    if (em_h5_exists(h5, path) <= 0)
        return em_h5_damaged(h5, error, "there is no %s", path);
    *object = H5Oopen(h5->file, path, H5P_DEFAULT);
    return *object < 0 ? em_h5_fail(h5, error, "cannot open %s", path) : EM_OK;
}

em_code em_h5_put_texts(const em_h5 *h5, const char *object, const char *name, char *const *text, size_t n,
                        em_error *error)
{
    hid_t at = 0;
    em_code code = open_object(h5, object, &at, error);
    if (!code)
        code = put_texts_at(h5, at, name, text, n, 1, error);
    em_h5_drop(at);
    return code;
}

em_code em_h5_put_text(const em_h5 *h5, const char *object, const char *name, const char *text, em_error *error)
{
    hid_t at = 0;
    em_code code = open_object(h5, object, &at, error);
    if (!code)
        code = em_h5_put_text_at(h5, at, name, text, error);
    em_h5_drop(at);
    return code;
}

static em_code put_scalar(const em_h5 *h5, const char *object, const char *name, hid_t stored, hid_t memory,
                          const void *value, em_error *error)
{
    hid_t at = 0, space = 0, id = 0;
    em_code code = open_object(h5, object, &at, error);
    if (!code &&
        ((space = H5Screate(H5S_SCALAR)) < 0 ||
         (id = H5Acreate2(at, name, stored, space, H5P_DEFAULT, H5P_DEFAULT)) < 0 || H5Awrite(id, memory, value) < 0))
        code = em_h5_fail(h5, error, "cannot write the attribute %s", name);
    em_h5_drop(id);
    em_h5_drop(space);
    em_h5_drop(at);
    return code;
}

em_code em_h5_put_whole(const em_h5 *h5, const char *object, const char *name, int64_t value, em_error *error)
{
    return put_scalar(h5, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, error);
}

static em_code put_unsigned(const em_h5 *h5, const char *object, const char *name, uint64_t value, em_error *error)
{
    return put_scalar(h5, object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value, error);
}

em_code em_h5_put_number(const em_h5 *h5, const char *object, const char *name, double value, em_error *error)
{
    return put_scalar(h5, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, error);
}

bool em_h5_has(const em_h5 *h5, const char *object, const char *name)
{
    return em_h5_exists(h5, object) == 1 && H5Aexists_by_name(h5->file, object, name, H5P_DEFAULT) > 0;
}

typedef struct attribute {
    hid_t id, type, space;
    size_t n;
} attribute;

static void close_attribute(attribute *a)
{
    em_h5_drop(a->space);
    em_h5_drop(a->type);
    em_h5_drop(a->id);
}

/* n: how many values there must be; 0 for any number. */
static em_code open_attribute(const em_h5 *h5, const char *object, const char *name, size_t n, attribute *a,
                              em_error *error)
{
    *a = (attribute){0};
    hssize_t points = 0;
    if (!em_h5_has(h5, object, name))
        return em_h5_damaged(h5, error, "%s has no attribute %s", object, name);
    if ((a->id = H5Aopen_by_name(h5->file, object, name, H5P_DEFAULT, H5P_DEFAULT)) < 0 ||
        (a->type = H5Aget_type(a->id)) < 0 || (a->space = H5Aget_space(a->id)) < 0 ||
        (points = H5Sget_simple_extent_npoints(a->space)) < 0)
        return em_h5_fail(h5, error, "cannot open the attribute %s of %s", name, object);
    uint64_t bytes;
    a->n = (size_t)points;
    if ((n && a->n != n) || __builtin_mul_overflow((uint64_t)a->n, (uint64_t)H5Tget_size(a->type), &bytes) ||
        (H5Tis_variable_str(a->type) <= 0 && bytes > h5->bytes))
        return em_h5_damaged(h5, error, "the attribute %s of %s has %zu values", name, object, a->n);
    return EM_OK;
}

static em_code get_texts(const em_h5 *h5, const char *object, const char *name, char ***text, size_t *n,
                         em_error *error)
{
    attribute a;
    em_code code = open_attribute(h5, object, name, *n, &a, error);
    if (!code && H5Tget_class(a.type) != H5T_STRING)
        code = em_h5_damaged(h5, error, "the attribute %s of %s is not text", name, object);
    if (!code)
        code = em_h5_read_texts(h5, (em_h5_place){a.id, true, 0, 0}, a.type, a.space, name, text, a.n, error);
    *n = code ? 0 : a.n;
    close_attribute(&a);
    return code;
}

em_code em_h5_get_texts(const em_h5 *h5, const char *object, const char *name, char ***text, size_t *n, em_error *error)
{
    *n = 0;
    return get_texts(h5, object, name, text, n, error);
}

em_code em_h5_get_text(const em_h5 *h5, const char *object, const char *name, char **text, em_error *error)
{
    char **one = NULL;
    size_t n = 1;
    em_code code = get_texts(h5, object, name, &one, &n, error);
    if (!code)
        *text = one[0];
    free(one);
    return code;
}

static em_code get_scalar(const em_h5 *h5, const char *object, const char *name, bool whole, hid_t memory, void *value,
                          em_error *error)
{
    attribute a;
    bool integer;
    em_code code = open_attribute(h5, object, name, 1, &a, error);
    if (!code && (H5Tget_class(a.type) == H5T_STRING || !em_h5_plain_number(a.type, &integer) || (whole && !integer)))
        code = em_h5_damaged(h5, error, "the attribute %s of %s is no %snumber", name, object, whole ? "whole " : "");
    if (!code && H5Aread(a.id, memory, value) < 0)
        code = em_h5_fail(h5, error, "cannot read the attribute %s of %s", name, object);
    close_attribute(&a);
    return code;
}

em_code em_h5_get_whole(const em_h5 *h5, const char *object, const char *name, int64_t least, int64_t most,
                        int64_t *value, em_error *error)
{
    em_code code = get_scalar(h5, object, name, true, H5T_NATIVE_INT64, value, error);
    if (!code && (*value < least || *value > most))
        code = em_h5_damaged(h5, error, "the attribute %s of %s is %lld", name, object, (long long)*value);
    return code;
}

/* HDF5 cuts a number that does not fit off at the end of the range, so the sign is looked at first. */
static em_code get_unsigned(const em_h5 *h5, const char *object, const char *name, uint64_t *value, em_error *error)
{
    int64_t sign;
    em_code code = em_h5_get_whole(h5, object, name, 0, INT64_MAX, &sign, error);
    return code ? code : get_scalar(h5, object, name, true, H5T_NATIVE_UINT64, value, error);
}

em_code em_h5_get_number(const em_h5 *h5, const char *object, const char *name, double *value, em_error *error)
{
    return get_scalar(h5, object, name, false, H5T_NATIVE_DOUBLE, value, error);
}

static em_code write_scalar(const em_h5 *h5, const char *object, const em_h5_scalar *row, const void *member,
                            em_error *error)
{
    union {
        const char *text;
        bool flag;
        int whole;
        uint64_t large;
        double number;
    } value;
    switch (row->type) {
    case EM_H5_A_TEXT:
        memcpy(&value.text, member, sizeof value.text);
        if (!value.text)
            return em_fail(error, EM_INPUT_ERROR, "%s: there is no text for %s", h5->path, row->name);
        return em_h5_put_text(h5, object, row->name, value.text, error);
    case EM_H5_A_HASH: return em_h5_put_text(h5, object, row->name, member, error);
    case EM_H5_A_FLAG:
        memcpy(&value.flag, member, sizeof value.flag);
        return em_h5_put_whole(h5, object, row->name, value.flag, error);
    case EM_H5_A_INT:
        memcpy(&value.whole, member, sizeof value.whole);
        return em_h5_put_whole(h5, object, row->name, value.whole, error);
    case EM_H5_A_UINT64:
        memcpy(&value.large, member, sizeof value.large);
        return put_unsigned(h5, object, row->name, value.large, error);
    case EM_H5_A_NUMBER:
        memcpy(&value.number, member, sizeof value.number);
        return em_h5_put_number(h5, object, row->name, value.number, error);
    }
    return EM_MACHINE;
}

em_code em_h5_write_scalars(const em_h5 *h5, const char *object, const em_h5_scalar *table, int n, const void *owner,
                            em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++)
        code = write_scalar(h5, object, &table[i], (const char *)owner + table[i].member, error);
    return code;
}

static em_code read_text_member(const em_h5 *h5, const char *object, const em_h5_scalar *row, void *member,
                                em_error *error)
{
    char *text = NULL;
    em_code code = em_h5_get_text(h5, object, row->name, &text, error);
    if (!code && row->type == EM_H5_A_TEXT) {
        memcpy(member, &text, sizeof text);
        return EM_OK;
    }
    if (!code && (strlen(text) == 0 || strlen(text) > 64))
        code = em_h5_damaged(h5, error, "the attribute %s of %s is not a fingerprint", row->name, object);
    else if (!code)
        memcpy(member, text, strlen(text) + 1);
    free(text);
    return code;
}

static em_code read_scalar(const em_h5 *h5, const char *object, const em_h5_scalar *row, void *member, em_error *error)
{
    bool flag = row->type == EM_H5_A_FLAG;
    int64_t value = 0;
    if (row->type == EM_H5_A_TEXT || row->type == EM_H5_A_HASH)
        return read_text_member(h5, object, row, member, error);
    if (row->type == EM_H5_A_NUMBER)
        return em_h5_get_number(h5, object, row->name, member, error);
    if (row->type == EM_H5_A_UINT64)
        return get_unsigned(h5, object, row->name, member, error);
    em_code code = em_h5_get_whole(h5, object, row->name, flag ? 0 : INT_MIN, flag ? 1 : INT_MAX, &value, error);
    if (!code && flag)
        memcpy(member, &(bool){value == 1}, sizeof(bool));
    else if (!code)
        memcpy(member, &(int){(int)value}, sizeof(int));
    return code;
}

em_code em_h5_read_scalars(const em_h5 *h5, const char *object, const em_h5_scalar *table, int n, void *owner,
                           em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++)
        if (table[i].required || em_h5_has(h5, object, table[i].name))
            code = read_scalar(h5, object, &table[i], (char *)owner + table[i].member, error);
    return code;
}
