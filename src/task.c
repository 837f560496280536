#include "task.h"

#include <math.h>
#include <string.h>

double em_scene_cell(const em_scene *scene, const char *column)
{
    for (int c = 0; c < scene->model->n_columns; c++)
        if (strcmp(scene->model->columns[c].name, column) == 0)
            return scene->row[c];
    return NAN;
}

int em_scene_choice(const em_scene *scene)
{
    for (int c = 0; c < scene->model->n_columns; c++)
        if (scene->model->columns[c].role == EM_RESPONSE && scene->model->columns[c].codes != EM_NUMBER)
            return (int)scene->row[c];
    return -1;
}

double em_scene_between(em_scene *scene, double low, double high)
{
    return low + (high - low) * em_random_uniform(scene->random);
}

bool em_scene_chance(em_scene *scene, double p) { return em_random_uniform(scene->random) < p; }

static const em_task *const families[] = {em_tasks_learning, em_tasks_decision, em_tasks_perception};

const em_task *em_task_next(const em_task *task)
{
    const size_t n = sizeof families / sizeof *families;
    if (!task)
        return families[0];
    if (task[1].name)
        return task + 1;
    for (size_t f = 0; f + 1 < n; f++)
        for (const em_task *t = families[f]; t->name; t++)
            if (t == task)
                return families[f + 1];
    return NULL;
}

const em_task *em_task_find(const char *name)
{
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t))
        if (name && strcmp(t->name, name) == 0)
            return t;
    return NULL;
}
