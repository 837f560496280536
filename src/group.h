/* The group: what EM estimates, and the prior that it makes for everybody's parameters. */
#ifndef EMLIB_GROUP_H
#define EMLIB_GROUP_H
#include "newton.h"

enum { EM_MAX_SLOPES = 128, EM_MAX_PAIRS = EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2,
       EM_MAX_OFF = EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS - 1) / 2 };

/* Means and slopes, and the covariance matrix of the unconstrained parameters. A subject's mean of parameter j is mu_j plus the
 * sum over the slopes k of parameter j of slope_k q_k, where q_k is the subject's value of that slope's column. A variance of 0:
 * the same for everyone, but for the slopes. */
typedef struct em_group_values {
    double mu[EM_MAX_PARAMETERS], var[EM_MAX_PARAMETERS];
    double off[EM_MAX_OFF];       /* covariances below the diagonal by rows: (1,0), (2,0), (2,1), ...; 0 where Sigma is diagonal */
    double slope[EM_MAX_SLOPES];
} em_group_values;
static inline double *em_group_off(em_group_values *group, int i, int j) { return &group->off[i * (i - 1) / 2 + j]; }
/* Element (i, j) of the covariance. */
static inline double em_group_cov(const em_group_values *group, int i, int j)
{
    return i == j ? group->var[i] : i > j ? group->off[i * (i - 1) / 2 + j] : group->off[j * (j - 1) / 2 + i];
}

/* What a parameter is to the group. */
typedef enum em_place {
    EM_VARIES, /* mean and variance are estimated */
    EM_SHARED, /* the mean is; the variance is 0 */
    EM_FIXED   /* every subject has a given value */
} em_place;

/* What is estimated, and what everybody's mean depends on beside the group. Starts zeroed but for n: a diagonal covariance and
 * nothing else. */
typedef struct em_group_design {
    int n;                                /* P */
    bool full;                            /* covariances, too, are estimated */
    em_place place[EM_MAX_PARAMETERS];
    int n_slopes;
    int parameter[EM_MAX_SLOPES];         /* of each slope, in ascending order */
    double *column;                       /* [n_groups][n_slopes][lanes] q of this rank's subjects; 0 in an empty lane */
    double *fixed;                        /* [n_groups][P][lanes] x where the place is EM_FIXED; NULL: nothing is fixed */
} em_group_design;
void em_group_design_free(em_group_design *design);
/* Everybody's mean in group g of lanes: mean [P, lanes] out. */
void em_group_means(const em_group_design *design, const em_group_values *group, size_t g, int lanes, double *mean);
/* Is everything that is estimated a number? */
bool em_group_is_finite(const em_group_design *design, const em_group_values *group);
/* How many means and slopes, variances and covariances are estimated: K of BIC_int. Vanished variances count. */
int em_group_count(const em_group_design *design);

/* What is estimated, one number after the other: first the means of the parameters that are not fixed, then the slopes; and
 * variances, then, where they are estimated, covariances. */
typedef struct em_coordinates {
    int n_means, n_covs;
    int parameter[EM_MAX_PARAMETERS + EM_MAX_SLOPES]; /* of each mean or slope */
    int slope[EM_MAX_PARAMETERS + EM_MAX_SLOPES];     /* -1 for a mean */
    int row[EM_MAX_PAIRS], col[EM_MAX_PAIRS];         /* of each variance or covariance, row >= col */
    int n_vary, vary[EM_MAX_PARAMETERS];              /* the parameters that have a variance */
} em_coordinates;
em_coordinates em_coordinates_of(const em_group_design *design);
/* The number of a mean or slope, and of a variance or covariance, inside a group. */
double *em_coordinates_mean(const em_coordinates *at, em_group_values *group, int i);
double *em_coordinates_cov(const em_coordinates *at, em_group_values *group, int k);

/* The covariance as F F': factor [P,P] by rows, with columns of zeros where it is singular; the directions in which it is 0 as
 * orthonormal rows of `null` [.,P] (may be NULL), those of single parameters first. Eigenvalues of the correlation matrix below
 * 1e-10 are 0. Returns how many directions are 0. */
int em_group_factor(const em_group_values *group, int n_parameters, double *factor, double *null);
/* The nearest covariance of this rank, with the same variances: only the largest eigenvalues of the correlation matrix stay, and none
 * below 0. A diagonal covariance stays as it is. */
void em_group_lower_rank(em_group_values *group, int n_parameters, int rank);

/* A prior with the arrays that it points to; not to be copied. */
typedef struct em_group_prior {
    em_prior prior;
    double precision[EM_MAX_PAIRS], spread[EM_MAX_PARAMETERS];
    double factor[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS], null[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    double mean[8 * EM_MAX_PARAMETERS];
} em_group_prior;

/* none: no prior at all, but for parameters without variance, which stay at their means. The means are set for one group of lanes after the other with em_group_prior_at. */
void em_group_make_prior(em_group_prior *store, const em_group_values *group, int n_parameters, bool none);
void em_group_prior_at(em_group_prior *store, const em_group_design *design, const em_group_values *group, size_t g, int lanes);
#endif
