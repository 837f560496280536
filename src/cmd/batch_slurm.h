/* A batch as SLURM jobs: an array with a task for each fit, and a comparison that waits for it. */
#ifndef EMLIB_CMD_BATCH_SLURM_H
#define EMLIB_CMD_BATCH_SLURM_H
#include "batch_plan.h"

typedef struct batch_slurm {
    int ranks;
    const char *options; /* for sbatch, with blanks between; NULL: none */
    const char *compare; /* the file for the comparison; NULL: none */
} batch_slurm;

/* Fits that are not done and have a task that waits or runs become PLANNED_PENDING or PLANNED_RUNNING. Job numbers are kept in
 * MANIFEST.jobs; without that file nothing is asked. */
void batch_slurm_look(batch_plan *plan);
/* Submits what is to be done; the job numbers go to stdout and to MANIFEST.jobs. Returns an exit status. */
int batch_slurm_submit(const batch_slurm *slurm, const batch_plan *plan);
#endif
