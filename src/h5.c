#include "h5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

enum { FORMAT_VERSION = 1 };

/* ---- errors --------------------------------------------------------------------------------------------------- */

typedef struct reason {
    char text[300];
    bool system; /* a system call failed: nobody's data are to blame */
} reason;

/* HDF5 says first what went wrong innermost; of a failed system call it prints everything, so the part for people is
 * picked out. */
static herr_t take_reason(unsigned n, const H5E_error2_t *entry, void *where)
{
    reason *r = where;
    if (n > 0 || !entry->desc)
        return 0;
    r->system = strstr(entry->desc, "errno = ") != NULL;
    const char *message = strstr(entry->desc, "error message = '");
    if (message)
        snprintf(r->text, sizeof r->text, "%.*s", (int)strcspn(message + 17, "'"), message + 17);
    else
        snprintf(r->text, sizeof r->text, "%s", entry->desc);
    return 0;
}

em_code em_h5_fail(const em_h5 *h5, em_error *error, const char *format, ...)
{
    reason r = {.text = "HDF5 gives no reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, &r);
    char what[500];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    if (h5->output.failed)
        return em_h5_check_written(h5, error);
    if (h5->output.temporary || r.system)
        return em_fail(error, EM_MACHINE, "%s: %s: %s", h5->path, what, r.text);
    return em_fail(error, EM_INPUT_ERROR, "%s: %s: %s; it is not a sound emlib %s file", h5->path, what, r.text,
                   h5->format);
}

em_code em_h5_damaged(const em_h5 *h5, em_error *error, const char *format, ...)
{
    char what[700];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    return em_fail(error, EM_INPUT_ERROR, "%s: %s; it is not a sound emlib %s file", h5->path, what, h5->format);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

void em_h5_drop(hid_t id)
{
    if (id > 0)
        H5Idec_ref(id);
}

void em_h5_free_texts(char **text, size_t n)
{
    for (size_t i = 0; text && i < n; i++)
        free(text[i]);
    free(text);
}

/* HDF5's error stack comes into our message, not on the user's screen. It stays so for the rest of the process: after a
 * damaged file HDF5 cannot close itself properly, and would complain of that at the end. */
static void be_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0); /* a file may name a filter for which HDF5 would load a plug-in: code */
}

/* No file locks: a file that is read is never written again, and many cluster file systems refuse locks. The newest
 * layout has a checksum on every piece of structure, so that a damaged file is noticed rather than believed. */
static hid_t access_list(void)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0 || H5Pset_file_locking(list, false, true) < 0 || H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 ||
        H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0) {
        em_h5_drop(list);
        return -1;
    }
    return list;
}

/* For files, groups and arrays: the order in which members were made is kept, the time is not, so that equal content
 * makes equal files. */
hid_t em_h5_creation_list(hid_t class)
{
    hid_t list = H5Pcreate(class);
    if (list < 0 || H5Pset_obj_track_times(list, false) < 0 || H5Pset_attr_phase_change(list, 64, 48) < 0 ||
        (class != H5P_DATASET_CREATE &&
         H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0)) {
        em_h5_drop(list);
        return -1;
    }
    return list;
}

em_code em_h5_create(em_h5 *h5, const char *path, const char *format, bool force, em_error *error)
{
    em_output output;
    *h5 = (em_h5){.path = path, .format = format, .output.fd = -1};
    em_code code = em_output_open(&output, path, force, error);
    if (!code)
        return em_h5_create_in(h5, &output, format, error);
    em_output_close(&output);
    return code;
}

em_code em_h5_create_in(em_h5 *h5, em_output *output, const char *format, em_error *error)
{
    *h5 = (em_h5){.path = output->path, .format = format, .output = *output};
    *output = (em_output){.fd = -1};
    em_code code = em_output_begin(&h5->output, error);
    if (code)
        return code;
    be_quiet();
    hid_t access = access_list(), creation = em_h5_creation_list(H5P_FILE_CREATE);
    if (access > 0 && creation > 0 && em_h5_set_driver(access, &h5->output) >= 0)
        h5->file = H5Fcreate(h5->output.temporary, H5F_ACC_TRUNC, creation, access);
    if (h5->file <= 0)
        code = em_h5_fail(h5, error, "cannot create the file");
    em_h5_drop(creation);
    em_h5_drop(access);
    if (!code)
        code = em_h5_put_text(h5, "/", "emlib_format", format, error);
    return code ? code : em_h5_put_whole(h5, "/", "emlib_format_version", FORMAT_VERSION, error);
}

/* Looks at the file without HDF5: pipes are never opened, and what is no HDF5 file never reaches it. */
static em_code look(em_h5 *h5, em_error *error)
{
    static const char signature[8] = "\211HDF\r\n\032\n";
    char start[sizeof signature];
    struct stat info;
    int fd = -1;
    if (stat(h5->path, &info) != 0 || (S_ISREG(info.st_mode) && (fd = open(h5->path, O_RDONLY | O_CLOEXEC)) < 0)) {
        bool named_wrong =
            errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP || errno == ENAMETOOLONG;
        return em_fail(error, named_wrong ? EM_INPUT_ERROR : EM_MACHINE, "%s: cannot open the emlib %s file: %s",
                       h5->path, h5->format, strerror(errno));
    }
    if (fd < 0)
        return em_fail(error, EM_INPUT_ERROR, "%s is %s, not an emlib %s file", h5->path,
                       S_ISDIR(info.st_mode) ? "a folder" : "not a plain file", h5->format);
    h5->bytes = (uint64_t)info.st_size;
    ssize_t n = read(fd, start, sizeof start);
    int failed = errno;
    close(fd);
    if (n < 0)
        return em_fail(error, EM_MACHINE, "%s: cannot read: %s", h5->path, strerror(failed));
    if (n < (ssize_t)sizeof start || memcmp(start, signature, sizeof start) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s is not an emlib %s file%s", h5->path, h5->format,
                       strcmp(h5->format, "dataset") == 0 ? "; 'emlib import' makes one from a table" : "");
    return EM_OK;
}

static em_code check_format(const em_h5 *h5, em_error *error)
{
    char *format = NULL;
    int64_t version = 0;
    if (!em_h5_has(h5, "/", "emlib_format"))
        return em_fail(error, EM_INPUT_ERROR, "%s is not an emlib %s file: it has no attribute emlib_format", h5->path,
                       h5->format);
    em_code code = em_h5_get_text(h5, "/", "emlib_format", &format, error);
    if (!code && strcmp(format, h5->format) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s is an emlib %.40s file, not an emlib %s file", h5->path, format,
                       h5->format);
    free(format);
    if (!code)
        code = em_h5_get_whole(h5, "/", "emlib_format_version", 1, INT32_MAX, &version, error);
    if (!code && version > FORMAT_VERSION)
        code = em_fail(error, EM_INPUT_ERROR,
                       "%s has version %d of the emlib %s format and this emlib reads version %d; use a newer emlib",
                       h5->path, (int)version, h5->format, FORMAT_VERSION);
    return code;
}

em_code em_h5_open(em_h5 *h5, const char *path, const char *format, em_error *error)
{
    *h5 = (em_h5){.path = path, .format = format, .output.fd = -1};
    em_code code = look(h5, error);
    if (code)
        return code;
    be_quiet();
    hid_t access = access_list();
    if (access < 0 || (h5->file = H5Fopen(path, H5F_ACC_RDONLY, access)) < 0)
        code = em_h5_fail(h5, error, "cannot open");
    em_h5_drop(access);
    return code ? code : check_format(h5, error);
}

em_code em_h5_check_written(const em_h5 *h5, em_error *error)
{
    if (!h5->output.failed)
        return EM_OK;
    return em_fail(error, EM_MACHINE, "%s: cannot write: %s", h5->path, strerror(h5->output.failed));
}

em_code em_h5_publish(em_h5 *h5, em_error *error)
{
    if (H5Fclose(h5->file) < 0)
        return em_h5_fail(h5, error, "cannot write the file's last part");
    h5->file = 0;
    em_code code = em_h5_check_written(h5, error);
    return code ? code : em_output_publish(&h5->output, error);
}

void em_h5_close(em_h5 *h5)
{
    if (!h5)
        return;
    if (h5->file > 0)
        H5Fclose(h5->file);
    em_output_close(&h5->output);
    *h5 = (em_h5){.output.fd = -1};
}

int em_h5_exists(const em_h5 *h5, const char *path)
{
    char part[EM_H5_MAX_NAME + 32];
    size_t length = strlen(path);
    if (strcmp(path, "/") == 0)
        return 1;
    if (length >= sizeof part)
        return -1;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        htri_t there = H5Lexists(h5->file, part, H5P_DEFAULT);
        if (there <= 0)
            return there < 0 ? -1 : 0;
        H5L_info_t info;
        /* soft and external links lead elsewhere, perhaps out of the file */
        if (H5Lget_info(h5->file, part, &info, H5P_DEFAULT) < 0 || info.type != H5L_TYPE_HARD)
            return -1;
    }
    return 1;
}

em_code em_h5_make_group(const em_h5 *h5, const char *path, em_error *error)
{
    em_code code = EM_OK;
    hid_t group = 0, creation = em_h5_creation_list(H5P_GROUP_CREATE);
    if (creation < 0 || (group = H5Gcreate2(h5->file, path, H5P_DEFAULT, creation, H5P_DEFAULT)) < 0)
        code = em_h5_fail(h5, error, "cannot create %s", path);
    em_h5_drop(group);
    em_h5_drop(creation);
    return code;
}
