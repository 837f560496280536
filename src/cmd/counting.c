#include "counting.h"

#include <stdio.h>
#include <unistd.h>

static void repetition(void *where, int done, int all, double seconds)
{
    counting *c = where;
    if (done == 1) /* the same may be done again, for another fit */
        c->said = 0;
    if (done < all && seconds - c->said < (c->terminal ? 0.1 : 5))
        return;
    c->said = seconds;
    if (c->terminal && done == all)
        fprintf(stderr, "\r\033[K");
    else if (done < all)
        fprintf(stderr, "%semlib %s: %d of %d %s, about %.0f s left%s", c->terminal ? "\r" : "", c->command, done, all, c->what,
                seconds / done * (all - done), c->terminal ? "\033[K" : "\n");
}

em_progress counting_start(counting *live, const char *command, const char *what, bool quiet)
{
    *live = (counting){command, what, isatty(STDERR_FILENO), 0};
    return (em_progress){.where = live, .repetition = quiet ? NULL : repetition};
}
