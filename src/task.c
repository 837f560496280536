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

int em_scene_code(const em_scene *scene, const char *column, int n)
{
    const double x = em_scene_cell(scene, column);
    return x >= 0 && x < n ? (int)x : -1;
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

bool em_task_knows(const em_task *task, const char *column)
{
    const size_t n = strlen(column);
    for (const char *at = task->columns; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && strncmp(at, column, n) == 0)
            return true;
    return false;
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

double em_scene_nth(const em_scene *scene, int setting, int k) { return scene->settings->of[setting].value[k]; }

double em_scene_setting(const em_scene *scene, int setting) { return em_scene_nth(scene, setting, 0); }

int em_scene_count(const em_scene *scene, int setting) { return scene->settings->of[setting].n; }

double em_scene_one_of(em_scene *scene, int setting)
{
    const int n = em_scene_count(scene, setting);
    return em_scene_nth(scene, setting, n == 1 ? 0 : (int)(n * em_random_uniform(scene->random)));
}

double em_scene_shuffled(em_scene *scene, int setting)
{
    const int n = em_scene_count(scene, setting), left = n - scene->trial % n;
    for (int i = 0; i < n && left == n; i++)
        scene->state[i] = em_scene_nth(scene, setting, i);
    const int pick = (int)(left * em_random_uniform(scene->random));
    const double x = scene->state[pick];
    scene->state[pick] = scene->state[left - 1];
    return x;
}

double em_scene_draw(em_scene *scene, int setting)
{
    const em_setting_value *v = &scene->settings->of[setting];
    return v->range ? em_scene_between(scene, v->value[0], v->value[1]) : em_scene_one_of(scene, setting);
}

double em_scene_tenths(em_scene *scene, int setting)
{
    const em_setting_value *v = &scene->settings->of[setting];
    const double x = em_scene_draw(scene, setting);
    return v->range && v->value[1] - v->value[0] >= 0.5 ? round(10 * x) / 10 : x;
}

double em_scene_rounded(em_scene *scene, int setting)
{
    const double x = em_scene_draw(scene, setting);
    return scene->settings->of[setting].range ? round(x) : x;
}

double em_scene_whole(em_scene *scene, int setting)
{
    const em_setting_value *v = &scene->settings->of[setting];
    return v->range ? floor(em_scene_between(scene, v->value[0], v->value[1] + 1)) : em_scene_one_of(scene, setting);
}

double em_scene_option(const em_scene *scene, int setting, int place)
{
    const em_setting_value *v = &scene->settings->of[setting];
    if (v->n == 1)
        return place == 0 ? v->value[0] : 1 - v->value[0];
    return v->value[v->n == 2 && place > 0 ? 1 : place];
}

int em_scene_best(const em_scene *scene, int setting)
{
    int best = 0;
    for (int k = 1; k < scene->options; k++)
        if (em_scene_option(scene, setting, k) > em_scene_option(scene, setting, best))
            best = k;
    return best;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

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
