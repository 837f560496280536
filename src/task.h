/* The tasks that simulated subjects do: what they are shown and what their choices bring. A model names its task. */
#ifndef EMLIB_TASK_H
#define EMLIB_TASK_H
#include "emlib/emlib.h"
#include "random.h"

typedef struct em_task {
    const char *name, *about;
    int options; /* K where the user names none */
    /* Value of an input column on a trial; NAN for a column the task does not know. */
    double (*input)(em_random *random, int trial, const char *column);
    /* Value of an outcome column once the response is there (choice: its code, -1 where the task has no choice column);
     * NAN for a column the task does not know. NULL: the task has no outcomes. */
    double (*outcome)(em_random *random, int trial, const char *column, int choice, int options);
} em_task;

/* The task of this name, or NULL. */
const em_task *em_task_find(const char *name);
#endif
