/* The log beside each output of a batch, OUTPUT.log: what every run of the fit said, its command, and how it ended. */
#ifndef EMLIB_CMD_BATCH_LOG_H
#define EMLIB_CMD_BATCH_LOG_H
#include "batch_plan.h"

#define BATCH_LOG ".log"

/* Opens the log to append to it and writes the command. Returns a file descriptor, or -1 with `error` filled. */
int batch_log_begin(const planned_fit *fit, const char *prefix, em_error *error);
/* The last line of a run; status: as waitpid has it. */
void batch_log_end(const char *output, int status);
enum { BATCH_LOG_NONE = -1, BATCH_LOG_NO_END = -2 };
/* How the last run ended: its exit status, 128 and the signal where a signal ended it, BATCH_LOG_NONE without a log, BATCH_LOG_NO_END
 * where it runs or was killed together with the batch. said: the last line of what it said, cut to size. */
int batch_log_last(const char *output, char *said, size_t size);
#endif
