#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
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

/* ---- files to remove when a signal ends the process -------------------------------------------------------------- */

enum { AT_ONCE = 16 };
static char *volatile temporary_of[AT_ONCE];

static void remember(char *temporary)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (!temporary_of[i]) {
            temporary_of[i] = temporary;
            return;
        }
}

static void forget(const char *temporary)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (temporary && temporary_of[i] == temporary)
            temporary_of[i] = NULL;
}

void em_output_remove_all(void)
{
    const int kept = errno;
    for (int i = 0; i < AT_ONCE; i++)
        if (temporary_of[i])
            unlink(temporary_of[i]);
    errno = kept;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Longer names would not leave room for what is put around them. */
enum { LONGEST_NAME = 240 };

/* FOLDER/.NAME.tmp; an empty text where the name is too long; NULL: no memory. */
static char *locked_name(const char *path, em_error *error)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *temporary = em_new(strlen(path) + sizeof "..tmp", 1, error);
    if (temporary && strlen(name) <= LONGEST_NAME)
        sprintf(temporary, "%.*s.%s.tmp", (int)(name - path), path, name);
    return temporary;
}

/* A name that no other process makes at the same time: O_EXCL decides, the process number only makes it quick. */
static em_code create_unlocked(em_output *output, em_error *error)
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
        if (output->fd >= 0) {
            remember(output->temporary);
            return EM_OK;
        }
        if (errno != EEXIST)
            break;
    }
    const int failed = errno;
    free(output->temporary);
    output->temporary = NULL;
    errno = failed;
    return cannot(output, "make a file in its folder", error);
}

static em_code held(const em_output *output, const char *temporary, em_error *error)
{
    char by[512] = "another process";
    em_claim_held(temporary, by, sizeof by);
    if (strcmp(by, "another process") == 0)
        return em_fail(error, EM_INPUT_ERROR, "%s is being written by another process; nothing was done", output->path);
    return em_fail(error, EM_INPUT_ERROR, "%s is being written by another process (%s); nothing was done", output->path, by);
}

static em_code create_temporary(em_output *output, em_error *error)
{
    char *temporary = locked_name(output->path, error);
    if (!temporary)
        return EM_MACHINE;
    const em_claim claim = *temporary ? em_claim_take(temporary, &output->fd) : EM_CLAIM_NONE;
    if (claim == EM_CLAIMED) {
        output->temporary = temporary;
        remember(temporary);
        return EM_OK;
    }
    em_code code = claim == EM_CLAIM_HELD     ? held(output, temporary, error)
                   : claim == EM_CLAIM_FAILED ? cannot(output, "make a file in its folder", error)
                                              : EM_OK;
    free(temporary);
    return code == EM_OK ? create_unlocked(output, error) : code;
}

bool em_output_held(const char *path, char *by, size_t size)
{
    char *temporary = locked_name(path, NULL);
    const bool yes = temporary && *temporary && em_claim_held(temporary, by, size);
    free(temporary);
    return yes;
}

/* /dev/stdout and its like lead to whatever file is open there, but are links of the whole machine: not to be replaced. */
static bool is_device(const char *path)
{
    struct stat info;
    return strncmp(path, "/dev/", strlen("/dev/")) == 0 && lstat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static em_code check_name(const em_output *output, em_error *error)
{
    struct stat info;
    if (stat(output->path, &info) != 0)
        return EM_OK;
    if (!S_ISREG(info.st_mode) || is_device(output->path))
        return em_fail(error, EM_INPUT_ERROR, "%s is %s; name a file to write", output->path,
                       S_ISDIR(info.st_mode) ? "a folder" : "not a plain file");
    return output->force ? EM_OK : exists_already(output, error);
}

em_code em_output_open(em_output *output, const char *path, bool force, em_error *error)
{
    size_t length = strlen(path);
    *output = (em_output){.force = force, .fd = -1};
    if (!length || path[length - 1] == '/')
        return em_fail(error, EM_INPUT_ERROR, "'%s' is not the name of a file to write", path);
    output->path = em_copy(path, error);
    if (!output->path)
        return EM_MACHINE;
    em_code code = check_name(output, error);
    if (code == EM_OK)
        code = create_temporary(output, error);
    return code == EM_OK ? check_name(output, error) : code; /* another process may just have finished it */
}

/* ---- opened long before it is written ---------------------------------------------------------------------------- */

void em_output_sign(em_output *output) { output->sign = em_claim_sign(output->fd); }

em_code em_output_reserve(em_output *output, uint64_t bytes, em_error *error)
{
    int failed;
    do
        failed = fallocate(output->fd, FALLOC_FL_KEEP_SIZE, 0, bytes > INT64_MAX ? INT64_MAX : (off_t)bytes);
    while (failed && errno == EINTR);
    if (failed && (errno == ENOSPC || errno == EDQUOT))
        return em_fail(error, EM_MACHINE, "%s: there is no room for about %.1f MB: %s", output->path, (double)bytes / 1e6,
                       strerror(errno));
    output->reserved = output->reserved || !failed;
    return EM_OK; /* some file systems cannot keep room */
}

/* Cutting the file would give back the room that was kept; then the text is blotted out, and the content must be longer. */
em_code em_output_begin(em_output *output, em_error *error)
{
    static const char nothing[512];
    const size_t n = output->sign < sizeof nothing ? output->sign : sizeof nothing;
    output->sign = 0;
    if (n == 0 || (output->reserved ? pwrite(output->fd, nothing, n, 0) == (ssize_t)n : ftruncate(output->fd, 0) == 0))
        return EM_OK;
    return cannot(output, "write", error);
}

/* Gives back what of the room was not needed. */
static em_code give_back(const em_output *output, em_error *error)
{
    struct stat info;
    if (!output->reserved || (fstat(output->fd, &info) == 0 && ftruncate(output->fd, info.st_size) == 0))
        return EM_OK;
    return cannot(output, "write", error);
}

/* ---- publishing -------------------------------------------------------------------------------------------------- */

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

/* Named first and closed, which gives back the lock, after that: nobody else can come in between. */
em_code em_output_publish(em_output *output, em_error *error)
{
    em_code code = give_back(output, error);
    if (code != EM_OK)
        return code;
    if (fsync(output->fd) != 0 && errno != EINVAL)
        return cannot(output, "write", error);
    forget(output->temporary);
    int named = output->force ? rename(output->temporary, output->path) : name_new(output->temporary, output->path);
    if (named != 0)
        return errno == EEXIST ? exists_already(output, error) : cannot(output, "give the file its name", error);
    free(output->temporary);
    output->temporary = NULL;
    close(output->fd); /* what it could say, fsync has said */
    output->fd = -1;
    return flush_folder(output, error);
}

void em_output_close(em_output *output)
{
    if (!output)
        return;
    if (output->temporary) {
        forget(output->temporary);
        unlink(output->temporary);
        if (output->fd >= 0)
            close(output->fd);
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
