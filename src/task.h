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
    double state[16];  /* the task's own, kept from trial to trial; 0 before start */
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
/* The task after this one in the list, the first after NULL; NULL after the last. */
const em_task *em_task_next(const em_task *task);

/* ---- for tasks ---- */

/* The tasks by kind, task_*.c; each list ends with one that has no name. */
extern const em_task em_tasks_learning[], em_tasks_decision[], em_tasks_perception[];

/* The cell of this column in the trial so far; NAN where the model has no such column or it is still to come. */
double em_scene_cell(const em_scene *scene, const char *column);
/* The first coded response; -1 where the model has none. */
int em_scene_choice(const em_scene *scene);
/* A uniform number between low and high; true with probability p. */
double em_scene_between(em_scene *scene, double low, double high);
bool em_scene_chance(em_scene *scene, double p);
#endif
