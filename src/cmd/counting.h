/* Progress of work that is done so often: a line on stderr that says how much of it is left. */
#ifndef EMLIB_COUNTING_H
#define EMLIB_COUNTING_H
#include "emlib/emlib.h"

typedef struct counting {
    const char *command, *what; /* "loo", "subjects left out" */
    bool terminal;
    double said; /* seconds at the last line */
} counting;
/* `live` lives as long as what is returned. On a terminal the line is always the same one, elsewhere there is one every five seconds. */
em_progress counting_start(counting *live, const char *command, const char *what, bool quiet);
#endif
