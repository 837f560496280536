/* Covariates of made-up subjects, and how they shift the means that parameters are drawn around. */
#ifndef EMLIB_SIMULATE_EFFECT_H
#define EMLIB_SIMULATE_EFFECT_H
#include "emlib/emlib.h"

/* Starts zeroed; em_effects_end also after a failure. Names are borrowed from the simulation. */
typedef struct em_effects {
    uint64_t seed;
    const em_effect *effect; /* [n] */
    int n;
    int *covariate, *parameter; /* [n] of each effect: number of its covariate, index of its parameter */
    int n_covariates;
    const char **name;      /* [n_covariates] splits first, then as effects name them */
    const em_split **split; /* [n_covariates] NULL: standard normal */
} em_effects;

/* Refuses names that are no parameter or cannot be a covariate, sizes that are not finite, levels that do not differ,
 * and what is given twice. */
em_code em_effects_start(em_effects *effects, const em_model *model, const em_simulation *sim,
                         em_error *error) EM_MUST_CHECK;
void em_effects_end(em_effects *effects);
/* Adds the effects of a subject's covariates to mean [P]. */
void em_effects_add(const em_effects *effects, size_t subject, double *mean);
/* Gives the dataset, whose n_subjects is set, its covariates, whole, and its truth the effects. */
em_code em_effects_store(const em_effects *effects, em_dataset *data, em_error *error) EM_MUST_CHECK;
#endif
