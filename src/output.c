#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

static em_code exists_already(const em_output *output, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s exists already; nothing was written (--force overwrites it)",
                   output->path);
}

static em_code cannot(const em_output *output, const char *what, em_error *error)
{
    return em_fail(error, EM_MACHINE, "%s: cannot %s: %s", output->path, what, strerror(errno));
}

char *em_folder(const char *path, em_error *error)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return em_copy(".", error);
    char *folder = em_copy(path, error);
    if (folder)
        folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

/* A name that no other process makes at the same time: O_EXCL decides, the process number only makes it quick. */
static em_code create_temporary(em_output *output, em_error *error)
{
    const char *slash = strrchr(output->path, '/');
    int folder = slash ? (int)(slash - output->path) + 1 : 0;
    size_t size = strlen(output->path) + 64;
    output->temporary = em_new(size, 1, error);
    if (!output->temporary)
        return EM_MACHINE;
    for (int i = 0; i < 1000; i++) {
        /* the name may be as long as the file system allows, so it is cut here */
        snprintf(output->temporary, size, "%.*s.%.200s.tmp-%ld-%d", folder, output->path, output->path + folder,
                 (long)getpid(), i);
        output->fd = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (output->fd >= 0)
            return EM_OK;
        if (errno != EEXIST)
            break;
    }
    free(output->temporary);
    output->temporary = NULL;
    return cannot(output, "make a file in its folder", error);
}

em_code em_output_open(em_output *output, const char *path, bool force, em_error *error)
{
    struct stat info;
    size_t length = strlen(path);
    *output = (em_output){.force = force, .fd = -1};
    if (!length || path[length - 1] == '/')
        return em_fail(error, EM_INPUT_ERROR, "'%s' is not the name of a file to write", path);
    output->path = em_copy(path, error);
    if (!output->path)
        return EM_MACHINE;
    if (stat(path, &info) == 0) {
        if (!S_ISREG(info.st_mode))
            return em_fail(error, EM_INPUT_ERROR, "%s is %s; name a file to write", path,
                           S_ISDIR(info.st_mode) ? "a folder" : "not a plain file");
        if (!force)
            return exists_already(output, error);
    }
    return create_temporary(output, error);
}

/* Not every file system knows each way to name a file without replacing another: the last one left has a gap between
 * looking and naming, and is there for file systems that know neither of the others. */
static int name_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EEXIST || (errno != EINVAL && errno != ENOSYS))
        return -1;
    if (link(from, to) == 0) {
        unlink(from);
        return 0;
    }
    if (errno == EEXIST || (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP))
        return -1;
    if (access(to, F_OK) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

/* Makes the new name outlive a power cut; some file systems cannot do that for folders, and need not. */
static em_code flush_folder(const em_output *output, em_error *error)
{
    char *folder = em_folder(output->path, error);
    if (!folder)
        return EM_MACHINE;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return EM_OK; /* a folder that may be written but not read */
    em_code code = EM_OK;
    if (fsync(fd) != 0 && errno == EIO)
        code = cannot(output, "flush its folder", error);
    close(fd);
    return code;
}

em_code em_output_publish(em_output *output, em_error *error)
{
    if (fsync(output->fd) != 0 && errno != EINVAL)
        return cannot(output, "write", error);
    int closed = close(output->fd);
    output->fd = -1;
    if (closed != 0)
        return cannot(output, "write", error);
    int named = output->force ? rename(output->temporary, output->path) : name_new(output->temporary, output->path);
    if (named != 0)
        return errno == EEXIST ? exists_already(output, error) : cannot(output, "give the file its name", error);
    free(output->temporary);
    output->temporary = NULL;
    return flush_folder(output, error);
}

void em_output_close(em_output *output)
{
    if (!output)
        return;
    if (output->temporary) {
        if (output->fd >= 0)
            close(output->fd);
        unlink(output->temporary);
    }
    free(output->temporary);
    free(output->path);
    *output = (em_output){.fd = -1};
}

em_code em_output_differs(const char *output, const char *input, em_error *error)
{
    struct stat a, b;
    if (stat(output, &a) != 0 || stat(input, &b) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR, "%s is what is read here; give the output another name", output);
}
