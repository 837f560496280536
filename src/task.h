/* The tasks that simulated subjects do: what they are shown and what their choices bring. A model names its task. */
#ifndef EMLIB_TASK_H
#define EMLIB_TASK_H
#include "emlib/emlib.h"
#include "random.h"

/* What a task sees of the subject who does it. */
typedef struct em_scene {
    const em_model *model;
    em_random *random;
    int options;       /* K */
    int trial;         /* from 0 */
    const double *row; /* [columns] this trial so far: NAN for what is still to come */
    double state[8];   /* the task's own, kept from trial to trial; 0 before start */
} em_scene;

typedef struct em_task {
    const char *name, *about;
    int options; /* K where the user names none */
    /* Before a subject's first trial; NULL: nothing to do. */
    void (*start)(em_scene *scene);
    /* Value of an input column; NAN for a column that the task does not know. All trials' inputs come before any response.
     * NULL: the task has no inputs. */
    double (*input)(em_scene *scene, const char *column);
    /* Value of an outcome column, when everything before it in the row has happened; NAN for a column that the task does not
     * know. NULL: the task has no outcomes. */
    double (*outcome)(em_scene *scene, const char *column);
} em_task;

/* The task of this name, or NULL. */
const em_task *em_task_find(const char *name);
#endif
