#include "approach.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

em_code em_approach_new(int n, em_approach *approach, em_error *error)
{
    *approach = (em_approach){.n = n, .step = em_new(EM_APPROACH_KEPT * (size_t)n, sizeof(double), error)};
    return approach->step ? EM_OK : EM_MACHINE;
}

void em_approach_free(em_approach *approach)
{
    free(approach->step);
    *approach = (em_approach){0};
}

void em_approach_reset(em_approach *approach) { approach->seen = 0; }

void em_approach_note(em_approach *approach, const double *step)
{
    const size_t row = (size_t)approach->n;
    memmove(approach->step + row, approach->step, (EM_APPROACH_KEPT - 1) * row * sizeof *step);
    memcpy(approach->step, step, row * sizeof *step);
    approach->seen++;
}

/* What one coordinate has left, from its newest step and the one `back` steps earlier. */
static double left(const em_approach *approach, int i, int back)
{
    const double new = approach->step[i], old = approach->step[back * approach->n + i];
    const double rest = new == 0 ? 0 : new < old ? new / (1 - pow(new / old, 1.0 / back)) : INFINITY;
    /* Steps this small are rounding, and so are their ratios. */
    return new < 1e-11 ? fmin(rest, 1e4 * new) : rest;
}

double em_approach_distance(const em_approach *approach)
{
    if (approach->seen < 4)
        return INFINITY;
    const int many = (approach->seen < EM_APPROACH_KEPT ? approach->seen : EM_APPROACH_KEPT) - 1;
    double largest = 0;
    for (int i = 0; i < approach->n; i++)
        largest = fmax(largest, fmax(left(approach, i, many), left(approach, i, (many + 1) / 2)));
    return largest;
}
