/* The tasks that simulated subjects do: what they are shown and what their choices bring. A model names its task. */
#ifndef EMLIB_TASK_H
#define EMLIB_TASK_H
#include "emlib/emlib.h"
#include "random.h"
#include "task_settings.h"

/* What a task sees of the subject who does it. */
typedef struct em_scene {
    const em_model *model;
    const em_settings *settings;
    em_random *random;
    int options;       /* K */
    int trial;         /* from 0 */
    const double *row; /* [columns] this trial so far: NAN for what is still to come */
    double state[16];  /* the task's own, kept from trial to trial; 0 before start */
} em_scene;

typedef struct em_task {
    const char *name, *about;
    const char *columns; /* that it knows, with a space between: inputs, then outcomes */
    int options; /* K where the user names none */
    /* Before a subject's first trial; NULL: nothing to do. */
    void (*start)(em_scene *scene);
    /* Value of an input column; NAN for a column that the task does not know. All trials' inputs come before any
     * response. NULL: the task has no inputs. */
    double (*input)(em_scene *scene, const char *column);
    /* Value of an outcome column, when everything before it in the row has happened; NAN for a column that the task
     * does not know. NULL: the task has no outcomes. */
    double (*outcome)(em_scene *scene, const char *column);
    const em_setting *settings; /* at most EM_MAX_SETTINGS and one without a name; NULL: none */
} em_task;

/* The task of this name, or NULL. */
const em_task *em_task_find(const char *name);
/* The task after this one in the list, the first after NULL; NULL after the last. */
const em_task *em_task_next(const em_task *task);

bool em_task_knows(const em_task *task, const char *column);

/* ---- for tasks; a setting is its number in the task's table ---- */

/* The tasks by kind, task_*.c; each list ends with one that has no name. */
extern const em_task em_tasks_learning[], em_tasks_decision[], em_tasks_perception[];

/* The cell of this column in the trial so far; NAN where the model has no such column or it is still to come. */
double em_scene_cell(const em_scene *scene, const char *column);
/* The same as a code from 0 to n-1; -1 where there is no such code. */
int em_scene_code(const em_scene *scene, const char *column, int n);
/* The first coded response; -1 where the model has none. */
int em_scene_choice(const em_scene *scene);
/* A uniform number between low and high; true with probability p. */
double em_scene_between(em_scene *scene, double low, double high);
bool em_scene_chance(em_scene *scene, double p);

/* The number of a setting, or its first; its number k; how many it has. */
double em_scene_setting(const em_scene *scene, int setting);
double em_scene_nth(const em_scene *scene, int setting, int k);
int em_scene_count(const em_scene *scene, int setting);
/* One of a setting's numbers. A number that is alone takes no random number. */
double em_scene_one_of(em_scene *scene, int setting);
/* Each of a setting's numbers, n of them, once in every n trials, in random order; state[0 to n-1] is what is left of
 * them. */
double em_scene_shuffled(em_scene *scene, int setting);
/* A spread: one of its numbers, or a uniform number from its range. em_scene_tenths: in tenths, but for a range
 * narrower than 0.5; em_scene_rounded: rounded to a whole number; em_scene_whole: a whole number, each as likely as any
 * other. What a user listed is never rounded. */
double em_scene_draw(em_scene *scene, int setting);
double em_scene_tenths(em_scene *scene, int setting);
double em_scene_rounded(em_scene *scene, int setting);
double em_scene_whole(em_scene *scene, int setting);
/* Of the kind EM_SETTING_OPTIONS: what belongs to the option that is `place` after the first one. P alone stands for
 * P/1-P; the second of two numbers belongs to all but the first. em_scene_best: the place of the largest number. */
double em_scene_option(const em_scene *scene, int setting, int place);
int em_scene_best(const em_scene *scene, int setting);
#endif
