/* Leaps in a slow linear iteration: vector extrapolation along the slowest mode (Aitken's process; Jennings 1971, J Inst Maths
 * Applics 8:99). Once successive steps are r times one another, the rest of the way is r/(1-r) times the newest step. */
#ifndef EMLIB_LEAP_H
#define EMLIB_LEAP_H
#include "emlib/emlib.h"

typedef struct em_leap {
    int n, seen;    /* coordinates; steps since the last leap */
    int wait;       /* steps before the next one, at least */
    double *before; /* [n] the step before the newest */
    double factor;  /* r as the last two steps have it; NaN: not known */
    double slowest; /* the largest r that a leap was made with; 0: none was */
} em_leap;

em_code em_leap_new(int n, em_leap *leap, em_error *error) EM_MUST_CHECK;
void em_leap_free(em_leap *leap);
/* Notes a step [n], signed, coordinates of comparable size. True where it is time to leap: *times the step is the rest of the
 * way, as far as it can be told. */
bool em_leap_note(em_leap *leap, const double *step, double *times);
/* What came of the last leap. After a bad one the next comes later. */
void em_leap_judge(em_leap *leap, bool good);
/* Forgets the steps: the iteration goes on from elsewhere. */
void em_leap_reset(em_leap *leap);
#endif
