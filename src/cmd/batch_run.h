/* Programs that a batch starts: fits, several at a time, with their logs; and the comparison of what they made. */
#ifndef EMLIB_CMD_BATCH_RUN_H
#define EMLIB_CMD_BATCH_RUN_H
#include <sys/types.h>

#include "batch_plan.h"

enum { BATCH_MOST_JOBS = 256, BATCH_LAUNCHER_WORDS = 32 };

typedef struct batch_run {
    int ranks;            /* of each fit; with 1 and no launcher the program itself is started */
    int jobs;             /* fits at a time */
    const char *launcher; /* "srun --mpi=pmix": what takes -n RANKS; NULL: mpirun */
    char prefix[512];     /* what stands before "emlib" in a command; "" */
} batch_run;

/* Settles the prefix. EM_INPUT_ERROR where the launcher is too long or not there. */
em_code batch_run_prepare(batch_run *run, em_error *error) EM_MUST_CHECK;
/* Makes the fits that are missing, stale, stopped or failed, on this line or (0) on all. A signal is passed on to those that run, which
 * then write a checkpoint, and nothing more is started. Returns the exit status of the batch. */
int batch_run_fits(const batch_run *run, batch_plan *plan, size_t line);

/* Starts words [NULL] with its output going to `output`, and its messages to `messages` (-1: not redirected). 0 or an errno. */
int batch_start(char *const *word, int output, int messages, bool own_group, pid_t *pid);
/* The path of this program; false: unknown. */
bool batch_program(char *path, size_t size);
#endif
