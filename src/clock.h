/* The time of a steady clock. */
#ifndef EMLIB_CLOCK_H
#define EMLIB_CLOCK_H
#include <time.h>

/* seconds since some moment in the past */
static inline double em_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
#endif
