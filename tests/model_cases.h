/* What each model's tests need to know: from which group data are simulated, and how well they tell people apart. */
#ifndef EMLIB_MODEL_CASES_H
#define EMLIB_MODEL_CASES_H
#include "emlib/emlib.h"

enum { CASE_PARAMETERS = 10 };
typedef struct model_case {
    const char *model;
    int subjects, trials, options;                   /* options 0: the task's */
    double mu[CASE_PARAMETERS], var[CASE_PARAMETERS]; /* the group, unconstrained, in the order of the parameters */
    /* the least correlation, over people, of a fit's MAP with the truth (unconstrained; natural where a fact bounds a
     * parameter); 0 where this design does not tell people apart in this parameter */
    double recovered[CASE_PARAMETERS];
} model_case;

extern const model_case model_cases[];
extern const int n_model_cases;
/* The case of this model, or NULL. */
const model_case *model_case_of(const em_model *model);
#endif
