/* Texts of an HDF5 file, whether values of an array or of an attribute. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static herr_t read_place(em_h5_place from, hid_t type, void *values)
{
    return from.attribute ? H5Aread(from.id, type, values)
                          : H5Dread(from.id, type, from.block, from.part, H5P_DEFAULT, values);
}

static herr_t write_place(em_h5_place to, hid_t type, const void *values)
{
    return to.attribute ? H5Awrite(to.id, type, values) : H5Dwrite(to.id, type, to.block, to.part, H5P_DEFAULT, values);
}

/* Length of the UTF-8 character at p (which ends with '\0' somewhere), or 0: over-long forms, surrogates and what lies
 * beyond Unicode are none. Nor are control characters, with which a file could give orders to the terminal on which its texts
 * are shown; ends of lines and tabs are harmless. */
static int utf8_length(const unsigned char *p)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*p < 0x80)
        return (*p >= 0x20 && *p != 0x7F) || *p == '\t' || *p == '\n' || *p == '\r';
    int n = *p >= 0xF0 && *p < 0xF8 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC0 ? 2 : 0;
    if (n == 0 || *p >= 0xF8)
        return 0;
    unsigned c = *p & (0x7Fu >> n);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    return c < least[n] || c < 0xA0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0 : n;
}

bool em_h5_is_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int n = utf8_length(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

void em_h5_mend_utf8(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p;) {
        int n = utf8_length(p);
        if (n == 0)
            *p = '?';
        p += n ? n : 1;
    }
}

/* Fixed width, padded with zeros: unlike variable ones such texts can also be written in parallel, and equal texts make
 * equal bytes. */
hid_t em_h5_text_type(size_t width)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, width) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        em_h5_drop(type);
        return -1;
    }
    return type;
}

size_t em_h5_text_width(char *const *text, size_t n)
{
    size_t width = 1;
    for (size_t i = 0; i < n; i++)
        if (strlen(text[i]) > width)
            width = strlen(text[i]);
    return width;
}

em_code em_h5_write_texts(const em_h5 *h5, em_h5_place to, hid_t type, const char *name, char *const *text, size_t n,
                          em_error *error)
{
    size_t width = H5Tget_size(type);
    char *all = em_new(n, width, error);
    if (!all)
        return EM_MACHINE;
    em_code code = EM_OK;
    for (size_t i = 0; i < n && !code; i++) {
        memcpy(all + i * width, text[i], strlen(text[i]));
        if (!em_h5_is_text(text[i]))
            code = em_fail(error, EM_INPUT_ERROR, "%s: %s: '%.100s' is not UTF-8 text, or has a control character", h5->path, name, text[i]);
    }
    if (!code && n && write_place(to, type, all) < 0)
        code = em_h5_fail(h5, error, "cannot write %s", name);
    free(all);
    return code;
}

static em_code read_fixed_texts(const em_h5 *h5, em_h5_place from, hid_t type, const char *name, char **text, size_t n,
                                em_error *error)
{
    size_t width = H5Tget_size(type), bytes;
    if (width == 0 || __builtin_mul_overflow(n, width, &bytes))
        return em_h5_damaged(h5, error, "%s has an impossible size", name);
    char *all = em_new(n, width, error);
    if (!all)
        return EM_MACHINE;
    em_code code = EM_OK;
    if (read_place(from, type, all) < 0)
        code = em_h5_fail(h5, error, "cannot read %s", name);
    for (size_t i = 0; i < n && !code; i++) {
        const char *one = all + i * width;
        size_t length = strnlen(one, width);
        if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
            while (length && one[length - 1] == ' ')
                length--;
        text[i] = em_new(length + 1, 1, error);
        if (text[i])
            memcpy(text[i], one, length);
        else
            code = EM_MACHINE;
    }
    free(all);
    return code;
}

/* As h5py writes them. */
static em_code read_variable_texts(const em_h5 *h5, em_h5_place from, hid_t stored, hid_t space, const char *name,
                                   char **text, size_t n, em_error *error)
{
    em_code code = EM_OK;
    char **found = em_new(n, sizeof *found, error);
    hid_t type = H5Tcopy(H5T_C_S1);
    if (!found)
        code = EM_MACHINE;
    else if (type < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5Tget_cset(stored)) < 0 ||
             read_place(from, type, found) < 0)
        code = em_h5_fail(h5, error, "cannot read %s", name);
    else {
        for (size_t i = 0; i < n && !code; i++)
            if (!(text[i] = em_copy(found[i] ? found[i] : "", error)))
                code = EM_MACHINE;
        H5Dvlen_reclaim(type, from.block ? from.block : space, H5P_DEFAULT, found);
    }
    em_h5_drop(type);
    free(found);
    return code;
}

/* Whole or not at all; n 0 gives an array that can be freed. */
em_code em_h5_read_texts(const em_h5 *h5, em_h5_place from, hid_t type, hid_t space, const char *name, char ***text,
                         size_t n, em_error *error)
{
    char **all = em_new(n, sizeof *all, error);
    if (!all)
        return EM_MACHINE;
    em_code code = EM_OK;
    if (n)
        code = H5Tis_variable_str(type) > 0 ? read_variable_texts(h5, from, type, space, name, all, n, error)
                                            : read_fixed_texts(h5, from, type, name, all, n, error);
    for (size_t i = 0; i < n && !code; i++)
        if (!em_h5_is_text(all[i]))
            code = em_h5_damaged(h5, error, "text %zu of %s is not UTF-8, or has a control character", i + 1, name);
    if (code)
        em_h5_free_texts(all, n);
    else
        *text = all;
    return code;
}
