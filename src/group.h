/* The group: what EM estimates, and the prior that it makes for everybody's parameters. */
#ifndef EMLIB_GROUP_H
#define EMLIB_GROUP_H
#include "newton.h"

/* Mean and variance of each unconstrained parameter. A variance of 0: the same for everyone. */
typedef struct em_group_values {
    double mu[EM_MAX_PARAMETERS], var[EM_MAX_PARAMETERS];
} em_group_values;

/* A prior with the arrays that it points to; not to be copied. */
typedef struct em_group_prior {
    em_prior prior;
    double precision[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2], spread[EM_MAX_PARAMETERS];
    bool pinned[EM_MAX_PARAMETERS];
} em_group_prior;

/* none: no prior at all. `group` must outlive the prior. */
void em_group_make_prior(em_group_prior *store, const em_group_values *group, int n_parameters, bool none);
#endif
