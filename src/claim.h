/* One writer for each output: the file in progress has the same name for everybody, and who writes holds a lock on it. The system
 * gives the lock back however a process ends, so what a killed one has left is known as nobody's. */
#ifndef EMLIB_CLAIM_H
#define EMLIB_CLAIM_H
#include <stdbool.h>
#include <stddef.h>

typedef enum em_claim {
    EM_CLAIMED,     /* *fd: the new, empty file, locked until it is closed */
    EM_CLAIM_HELD,  /* another process has it */
    EM_CLAIM_NONE,  /* locks are unknown here, or somebody else's file is in the way: take a name of your own */
    EM_CLAIM_FAILED /* errno tells: no file can be made here */
} em_claim;

/* Makes the file `name` and locks it. One that was left behind is replaced. Waits a fraction of a second where it is locked. */
em_claim em_claim_take(const char *name, int *fd);
/* Writes into the file who holds it. Returns the number of bytes; 0: that did not work, and nobody needs it to. */
size_t em_claim_sign(int fd);
/* Is the file locked by another? by: "process 12 on host x, since ...", or "another process" where that is not known. */
bool em_claim_held(const char *name, char *by, size_t size);
#endif
