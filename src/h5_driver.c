/* How HDF5 writes a new file: through the descriptor of an em_output, and without ever learning that a write failed.
 *
 * HDF5 1.10 cannot close a file to which a write failed, for instance on a full disk: it crashes, at the latest when
 * the process ends. So the first failure is kept in em_output, all later writes are left out, and em_h5_publish, which
 * looks, removes the file. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "h5.h"

typedef struct driver_file {
    H5FD_t head; /* HDF5's own part comes first */
    em_output *output;
    haddr_t end_used, end_written;
} driver_file;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t max)
{
    (void)name, (void)flags, (void)max;
    em_output *const *output = H5Pget_driver_info(access);
    driver_file *file = output ? calloc(1, sizeof *file) : NULL;
    if (file)
        file->output = *output;
    return (H5FD_t *)file;
}

static herr_t driver_close(H5FD_t *file)
{
    free(file);
    return 0;
}

static herr_t driver_query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)file)->end_used;
}

static herr_t driver_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((driver_file *)file)->end_used = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const driver_file *)file)->end_written;
}

/* What was never written reads as zeros. */
static herr_t driver_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer)
{
    (void)type, (void)transfer;
    int fd = ((driver_file *)file)->output->fd;
    char *to = buffer;
    while (size > 0) {
        ssize_t n = pread(fd, to, size, (off_t)address);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        to += n;
        address += (haddr_t)n;
        size -= (size_t)n;
    }
    for (; size > 0; size--)
        *to++ = 0;
    return 0;
}

static herr_t driver_write(H5FD_t *where, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                           const void *buffer)
{
    (void)type, (void)transfer;
    driver_file *file = (driver_file *)where;
    const char *from = buffer;
    haddr_t end = address + size;
    while (size > 0 && !file->output->failed) {
        ssize_t n = pwrite(file->output->fd, from, size, (off_t)address);
        if (n <= 0) {
            if (n == 0 || errno != EINTR)
                file->output->failed = n == 0 ? ENOSPC : errno;
            continue;
        }
        from += n;
        address += (haddr_t)n;
        size -= (size_t)n;
    }
    if (end > file->end_written)
        file->end_written = end;
    return 0;
}

static herr_t driver_truncate(H5FD_t *where, hid_t transfer, hbool_t closing)
{
    (void)transfer, (void)closing;
    driver_file *file = (driver_file *)where;
    if (file->end_used != file->end_written && !file->output->failed &&
        ftruncate(file->output->fd, (off_t)file->end_used) != 0)
        file->output->failed = errno;
    file->end_written = file->end_used;
    return 0;
}

herr_t em_h5_set_driver(hid_t access, em_output *output)
{
    static const H5FD_class_t class = {
#ifdef H5FD_CLASS_VERSION
        .version = H5FD_CLASS_VERSION,
        .value = 600, /* of the range that is free for private drivers */
#endif
        .name = "emlib_output",
        .maxaddr = INT64_MAX,
        .fc_degree = H5F_CLOSE_WEAK,
        .fapl_size = sizeof(em_output *),
        .open = driver_open,
        .close = driver_close,
        .query = driver_query,
        .get_eoa = driver_get_eoa,
        .set_eoa = driver_set_eoa,
        .get_eof = driver_get_eof,
        .read = driver_read,
        .write = driver_write,
        .truncate = driver_truncate,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    /* Never given back: closing the last file that holds a driver, HDF5 1.10 frees it first and then calls it. */
    static hid_t driver;
    if (driver <= 0 || H5Iget_type(driver) != H5I_VFL)
        driver = H5FDregister(&class);
    return driver < 0 ? -1 : H5Pset_driver(access, driver, &output);
}
