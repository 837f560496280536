/* A fit's parameters as the model's: a parameter may have a value of its own in each condition of the trials. */
#ifndef EMLIB_VIEW_H
#define EMLIB_VIEW_H
#include "emlib/emlib.h"

#define EM_EVERYWHERE UINT32_MAX
typedef struct em_view {
    const em_model *model;
    int n;                              /* parameters of the fit */
    int conditions;                     /* at most 32; 1: they are the model's */
    int parameter[EM_MAX_PARAMETERS];   /* the model's parameter of each, ... */
    uint32_t where[EM_MAX_PARAMETERS];  /* in the conditions of these bits, or EM_EVERYWHERE */
} em_view;

/* The model's own parameters. */
em_view em_view_of(const em_model *model);
/* The model's parameters [P] in one condition, from the fit's [n]; both have this stride. */
void em_view_parameters(const em_view *view, int condition, const double *x, int stride, double *to);
/* Natural values [n] of the fit's parameters x [n]. */
void em_view_natural(const em_view *view, const double *x, const double *facts, double *natural);

/* The log-likelihood of one group of lanes as a function of the fit's parameters. */
typedef struct em_target {
    em_score_fn *score;
    const em_batch *batch;
    const em_view *view;      /* NULL: the model's own parameters */
    const uint8_t *condition; /* [trials][lanes]; counts where the view has several conditions */
    int lanes;
} em_target;
/* value [lanes], gradient [n, lanes], hessian [n(n+1)/2, lanes] at x [n, lanes]; all 64-byte aligned. */
void em_target_score(const em_target *target, const double *x, double *value, double *gradient, double *hessian);
/* The value alone, with one run of the kernel whatever the conditions. */
void em_target_value(const em_target *target, const double *x, double *value);
#endif
