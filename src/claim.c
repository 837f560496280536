#define _GNU_SOURCE
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000, WAITS = 25 };
static const struct timespec a_moment = {.tv_nsec = 10000000};
static const char mark[] = "emlib: written by "; /* before it no file of ours has anything */

static int lock(int fd, int how)
{
    int failed;
    do
        failed = flock(fd, how | LOCK_NB);
    while (failed && errno == EINTR);
    return failed;
}

/* The file may have got its final name, or have been removed, before the lock was there. */
static bool is_named(int fd, const char *name)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && lstat(name, &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* What has the name is locked and removed, so that the next try makes the file anew: its mode, owner and size are then what they
 * should be. EM_CLAIMED: it is gone. */
static em_claim remove_left(const char *name)
{
    struct stat info;
    if (lstat(name, &info) != 0)
        return errno == ENOENT ? EM_CLAIMED : EM_CLAIM_NONE;
    if (!S_ISREG(info.st_mode))
        return EM_CLAIM_NONE;
    int fd = open(name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? EM_CLAIMED : EM_CLAIM_NONE;
    em_claim claim = EM_CLAIMED;
    if (lock(fd, LOCK_EX) != 0)
        claim = errno == EWOULDBLOCK ? EM_CLAIM_HELD : EM_CLAIM_NONE;
    else if (is_named(fd, name) && unlink(name) != 0)
        claim = EM_CLAIM_NONE;
    close(fd);
    return claim;
}

/* EM_CLAIMED with *fd -1: try again. */
static em_claim try_once(const char *name, int *fd)
{
    *fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*fd < 0)
        return errno == EEXIST ? remove_left(name) : EM_CLAIM_FAILED;
    em_claim claim = EM_CLAIMED;
    if (lock(*fd, LOCK_EX) != 0) {
        claim = errno == EWOULDBLOCK ? EM_CLAIM_HELD : EM_CLAIM_NONE;
        if (claim == EM_CLAIM_NONE)
            unlink(name);
    } else if (is_named(*fd, name)) {
        return EM_CLAIMED;
    }
    close(*fd);
    *fd = -1;
    return claim;
}

/* A lock may be that of somebody who only looks, or who removes what was left; these let go at once. */
em_claim em_claim_take(const char *name, int *fd)
{
    int waits = 0;
    for (int i = 0; i < TRIES; i++) {
        const em_claim claim = try_once(name, fd);
        if (claim == EM_CLAIMED && *fd < 0)
            continue;
        if (claim != EM_CLAIM_HELD || waits++ == WAITS)
            return claim;
        nanosleep(&a_moment, NULL);
    }
    return EM_CLAIM_NONE;
}

size_t em_claim_sign(int fd)
{
    char text[512], host[128] = "?", since[64] = "?", job[96] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "?");
    if (localtime_r(&now, &local))
        strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", &local);
    if (getenv("SLURM_JOB_ID"))
        snprintf(job, sizeof job, ", SLURM job %.32s", getenv("SLURM_JOB_ID"));
    const int length = snprintf(text, sizeof text, "%sprocess %ld on host %s%s, since %s\n", mark, (long)getpid(), host, job, since);
    const ssize_t written = pwrite(fd, text, (size_t)length, 0);
    return written > 0 ? (size_t)written : 0;
}

/* Once the content is being written there is no such line. */
static void read_sign(int fd, char *by, size_t size)
{
    char text[512];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    char *end = strchr(text, '\n');
    if (!end || strncmp(text, mark, strlen(mark)) != 0) {
        snprintf(by, size, "another process");
        return;
    }
    *end = '\0';
    snprintf(by, size, "%s", text + strlen(mark));
}

bool em_claim_held(const char *name, char *by, size_t size)
{
    const int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool held = lock(fd, LOCK_SH) != 0 && errno == EWOULDBLOCK && is_named(fd, name);
    if (held)
        read_sign(fd, by, size);
    close(fd);
    return held;
}
