#include "leap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { LEAST_WAIT = 8, MOST_WAIT = 64 };

em_code em_leap_new(int n, em_leap *leap, em_error *error)
{
    *leap = (em_leap){.n = n, .wait = LEAST_WAIT, .factor = NAN, .before = em_new((size_t)n, sizeof(double), error)};
    return leap->before ? EM_OK : EM_MACHINE;
}

void em_leap_free(em_leap *leap)
{
    free(leap->before);
    *leap = (em_leap){0};
}

void em_leap_reset(em_leap *leap)
{
    leap->seen = 0;
    leap->factor = NAN;
}

void em_leap_judge(em_leap *leap, bool good)
{
    leap->wait = good ? LEAST_WAIT : leap->wait < MOST_WAIT ? 2 * leap->wait : MOST_WAIT;
    em_leap_reset(leap);
}

bool em_leap_note(em_leap *leap, const double *step, double *times)
{
    double product = 0, square = 0;
    for (int i = 0; i < leap->n; i++) {
        product += step[i] * leap->before[i];
        square += leap->before[i] * leap->before[i];
    }
    const double old = leap->factor, new = leap->seen > 0 && square > 0 ? product / square : NAN;
    memcpy(leap->before, step, (size_t)leap->n * sizeof *step);
    leap->factor = new;
    /* Fast iterations need no help, and a factor that still changes is not that of one mode. */
    if (++leap->seen < leap->wait || !(new > 0.7 && new < 0.99999) || !(fabs(new - old) < 0.05 * (1 - new)))
        return false;
    *times = new / (1 - new);
    leap->slowest = fmax(leap->slowest, new);
    return true;
}
