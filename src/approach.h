/* How far an iteration is from its fixed point, told from the steps it takes. */
#ifndef EMLIB_APPROACH_H
#define EMLIB_APPROACH_H
#include "emlib/emlib.h"

/* The sizes of the last steps of n coordinates. */
typedef struct em_approach {
    int n, seen;  /* coordinates; steps noted so far */
    double *step; /* [EM_APPROACH_KEPT, n] newest first */
} em_approach;
enum { EM_APPROACH_KEPT = 11 };

em_code em_approach_new(int n, em_approach *approach, em_error *error) EM_MUST_CHECK;
void em_approach_free(em_approach *approach);
/* Forgets the steps. */
void em_approach_reset(em_approach *approach);
/* Notes one step: the size [n], not below 0, of each coordinate's change. */
void em_approach_note(em_approach *approach, const double *step);
/* Estimate of the largest distance that a coordinate still has to go, counted from before the newest step; INFINITY as long
 * as there are fewer than 4 steps or one of them does not shrink. In the end the steps of a linear iteration shrink by a
 * constant factor r, and a step d leaves d/(1-r) to go (Aitken 1926). r is the mean factor over many steps or over half as
 * many, whichever gives more. Steps that shrink like 1/k give a distance that stays as large as it is. */
double em_approach_distance(const em_approach *approach);
#endif
