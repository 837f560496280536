/* Tasks of seeing, timing and rating. */
#include "task.h"

const em_task em_tasks_perception[] = {
    {"reaction", "trials that are all alike and bring nothing: what there is to see are responses and their times", 2, NULL,
     NULL, NULL},
    {0},
};
