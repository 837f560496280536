/* Anderson's acceleration of the iteration group -> G(group) (Anderson 1965, J ACM 12:547; type II in Walker & Ni 2011,
 * SIAM J Numer Anal 49:1715): the combination of the last groups whose residual G - group would vanish if G were linear. */
#ifndef EMLIB_ANDERSON_H
#define EMLIB_ANDERSON_H
#include "random_effects.h"

enum { EM_ANDERSON_DEPTH = 6 };
/* The last groups with their images, newest first. Starts zeroed. */
typedef struct em_anderson {
    em_group_values at[EM_ANDERSON_DEPTH], image[EM_ANDERSON_DEPTH];
    int n;
} em_anderson;

void em_anderson_remember(em_anderson *history, const em_group_values *at, const em_group_values *image);
/* Where to go from the newest group: with one pair this part of the way to its image, with more the accelerated step. */
em_group_values em_anderson_next(const em_anderson *history, const em_group_design *design, const em_effects_metric *metric,
                                 double part_way);
#endif
