/* The tasks that simulated people do, for people to read. */
#ifndef EMLIB_PRINT_TASK_H
#define EMLIB_PRINT_TASK_H
#include "../task.h"

/* All of them: what is done, the columns, the names of the settings. */
void print_tasks(void);
/* One of them, which the model names, with all that is to be known of its settings. options: K, 0 where none is asked for. */
void print_task(const em_model *model, const em_task *task, int options);
#endif
