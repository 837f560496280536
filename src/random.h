/* Random numbers that belong to one subject: the same for the same (seed, subject), whoever draws them. */
#ifndef EMLIB_RANDOM_H
#define EMLIB_RANDOM_H
#include <stdint.h>

/* SplitMix64 (Steele, Lea & Flood 2014, OOPSLA): a counter and a mixer; passes BigCrush, costs nothing to start. GSL's
 * generators start from 32 bits, too few to give a million subjects streams of their own. */
typedef struct em_random {
    uint64_t state;
} em_random;

em_random em_random_start(uint64_t seed, uint64_t stream);
uint64_t em_random_next(em_random *random);
/* In the open interval (0,1). The type fits em_draw.uniform. */
double em_random_uniform(void *random);
/* Standard normal, by inversion. */
double em_random_normal(em_random *random);
#endif
