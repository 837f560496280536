/* Tasks in which options are described and nothing is learned: delays, gambles. */
#include "task.h"

#include <math.h>
#include <string.h>

/* Ten units now against 10.1 to 50 units after 1 to 365 days (log-uniform), as in monetary choice questionnaires. */
static double delays_input(em_scene *scene, const char *column)
{
    if (strcmp(column, "amount_sooner") == 0)
        return 10;
    if (strcmp(column, "delay_sooner") == 0)
        return 0;
    if (strcmp(column, "amount_later") == 0)
        return round(10 * em_scene_between(scene, 10.1, 50)) / 10;
    if (strcmp(column, "delay_later") == 0)
        return round(exp(em_scene_between(scene, 0, log(365))));
    return NAN;
}

/* Mixed gambles against nothing and gains-only gambles against a sure amount, half of each (Sokol-Hessner 2009). */
static double gambles_input(em_scene *scene, const char *column)
{
    const int mixed = scene->trial % 2 == 0;
    if (strcmp(column, "gain") == 0)
        return round(10 * em_scene_between(scene, 2, 12)) / 10;
    if (strcmp(column, "loss") == 0)
        return mixed ? round(10 * em_scene_between(scene, 0.5, 12)) / 10 : 0;
    if (strcmp(column, "cert") == 0)
        return mixed ? 0 : round(10 * em_scene_between(scene, 0.5, 6)) / 10;
    return NAN;
}

const em_task em_tasks_decision[] = {
    {"delays", "10 units now against 10.1 to 50 units in 1 to 365 days", 2, NULL, delays_input, NULL},
    {"gambles", "even gambles, mixed against nothing or gains-only against a sure amount", 2, NULL, gambles_input, NULL},
    {0},
};
