/* The fits of a manifest: what each asks for, whether it can be made, and how far it is. Everything happens in the manifest's folder:
 * paths are relative to it, and a fit knows its files by the names in the manifest wherever the batch was started. */
#ifndef EMLIB_CMD_BATCH_PLAN_H
#define EMLIB_CMD_BATCH_PLAN_H
#include "cmd.h"
#include "manifest.h"

typedef enum planned_state {
    PLANNED_MISSING, PLANNED_STALE, PLANNED_DONE, PLANNED_UNCONVERGED, PLANNED_RUNNING, PLANNED_STOPPED, PLANNED_FAILED,
    PLANNED_PENDING
} planned_state;
/* "not converged" and so on. */
const char *planned_state_text(planned_state state);

typedef struct planned_fit {
    size_t line;                          /* in the manifest */
    const char *data, *model, *output;    /* NULL: not given */
    char **word;                          /* [n_words] "fit", its arguments, NULL */
    int n_words;
    bool force;                           /* the manifest allows to replace what is no fit */
    bool stale;                           /* something else is in the output's place, and will be replaced */
    bool resume;                          /* the state of this fit is there to go on from */
    planned_state state;
    char why[600];                        /* what is to be said of the state; "" */
} planned_fit;

typedef struct batch_plan {
    const char *name;   /* of the manifest, as the user has it */
    const char *file;   /* the same inside its folder */
    manifest manifest;
    planned_fit *fit;   /* [manifest.n_lines] */
    int problems;       /* so many were told */
    int worst;          /* exit status that they make */
} batch_plan;

/* Reads the manifest; problems with the header or with single cells are told on stderr and counted. */
em_code batch_plan_read(batch_plan *plan, em_error *error) EM_MUST_CHECK;
/* Checks every fit, or the one on this line (0: all), with its data, model, options and output, and finds its state. All problems are
 * told on stderr and counted. A fit that is not done may be running, stopped or failed: its files tell. */
void batch_plan_check(batch_plan *plan, size_t line);
void batch_plan_free(batch_plan *plan);

/* Writes the command as a user would type it; prefix: what stands before "emlib", NULL: nothing. */
void batch_plan_print(FILE *to, const planned_fit *fit, const char *prefix);
/* PATH and an ending, to be freed; NULL without memory. */
char *batch_beside(const char *path, const char *ending);
/* The path without links, also of a file that is not there yet; to be freed. */
char *batch_resolved(const char *path);
#endif
