/* The search for one maximum of each subject's log posterior, a group of lanes at a time: Newton steps with exact
 * derivatives inside a trust region. Knows neither MPI nor HDF5. */
#ifndef EMLIB_NEWTON_H
#define EMLIB_NEWTON_H
#include "emlib/emlib.h"
#include "view.h"

/* The Gaussian prior of the unconstrained parameters. */
typedef struct em_prior {
    int n, lanes;            /* P */
    const double *mean;      /* [P, lanes] of each lane's subject */
    const double *precision; /* [P(P+1)/2] lower triangle; all 0: no prior; of a singular covariance its pseudo-inverse */
    const double *spread;    /* [P] how far apart different maxima may lie */
    double half_log_det;     /* 1/2 log det precision, over what is not singular; 0 without a prior */
    bool none;               /* there is no prior: the maximum may lie at infinity */
    int n_null;              /* directions in which the prior has no variance, and x stays at the mean: */
    const double *null;      /* [n_null, P] orthonormal */
    const double *factor;    /* [P,P] F by rows, F F' the covariance: starts are drawn at mean + F z */
} em_prior;

/* What is known at one point of each lane: the log-likelihood (prior not included) and its derivatives. */
typedef struct em_mode {
    double *x;        /* [P, lanes] */
    double *value;    /* [lanes] */
    double *gradient; /* [P, lanes] */
    double *hessian;  /* [P(P+1)/2, lanes] */
    uint8_t status[8]; /* em_subject_status of each lane */
} em_mode;
/* Floating-point numbers that a mode takes up, aligned for kernels. */
size_t em_mode_size(int n_parameters, int lanes);
/* Lets a mode point into `store` of em_mode_size numbers, 64-byte aligned. */
em_mode em_mode_in(double *store, int n_parameters, int lanes);
/* Copies the lanes whose bit is set. */
void em_mode_copy(em_mode *to, const em_mode *from, int n_parameters, int lanes, unsigned which);

typedef struct em_search em_search; /* scratch memory of a search */
em_code em_search_new(int n_parameters, int lanes, em_search **search, em_error *error) EM_MUST_CHECK;
void em_search_free(em_search *search);

/* What a search from many points asks when it has several: both are called for one lane at a time. */
typedef struct em_hunt {
    void *where;
    /* Is (x, objective f, Hessian h of the objective) on its way into a maximum that is known? Then the lane ends there. */
    bool (*known)(void *where, int lane, const double *x, double f, const double *h);
    /* The lane has ended, and mode says where. Puts the next point to start from into mode->x and returns true, or false. */
    bool (*next)(void *where, int lane);
} em_hunt;

/* Moves each lane in `active` from mode->x to a maximum of loglik + log prior, so that sqrt(g' H^-1 g) <= tolerance or
 * rounding hides the rest, and leaves what is known there in `mode`. `known`: mode holds value and derivatives at x
 * already; the first step costs no evaluation, and is taken however large the tolerance, unless x is settled. Along directions
 * without variance x goes to the prior's mean with the first step. `hunt` (NULL: none) lets a lane that has ended start again
 * while the others go on.
 * A step minimises the quadratic model inside a ball (Nocedal & Wright 2006, ch. 4; Moré & Sorensen 1983): the Newton
 * step where H is positive definite and the step is short enough, else one from the eigenvalues of H, which leaves
 * saddles and flat places along their direction of descent. Where the gradient jumps, the objective is modelled by the
 * larger of two quadratics, one for each side (kink.h); a maximum on the kink ends with EM_SUBJECT_KINK. A region that
 * shrinks to nothing otherwise ends with EM_SUBJECT_ROUGH.
 * Returns the number of evaluations; each counts for all lanes. */
int em_search_maximum(em_search *search, const em_target *target, const em_prior *prior, double tolerance, unsigned active,
                      bool known, const em_hunt *hunt, em_mode *mode);

/* Negative log posterior of a lane without the prior's constant, from a log-likelihood; x has this stride. */
double em_objective(const em_prior *prior, int lane, const double *x, int stride, double log_likelihood);
/* Gradient [P] of the negative log posterior at x [P] from that of the log-likelihood, which has this stride; without its part
 * along directions without variance. */
void em_posterior_gradient(const em_prior *prior, int lane, const double *x, const double *gradient, int stride, double *to);
/* Hessian of the negative log posterior (lower triangle) from that of the log-likelihood, which has this stride. Along directions
 * without variance it is the unit matrix: what is solved with it leaves them alone. */
void em_posterior_hessian(const em_prior *prior, const double *hessian, int stride, double *to);
/* The posterior covariance [P,P]: the inverse of the Hessian of the negative log posterior, 0 along directions without variance. False,
 * and NaN, where that is not positive definite. Arguments as above. */
bool em_posterior_covariance(const em_prior *prior, const double *hessian, int stride, double *covariance);
/* Takes the unit matrix along directions without variance from a matrix [P,P]. */
void em_prior_take_null(const em_prior *prior, double *matrix);
/* Takes from v [P] its part along directions without variance. */
void em_prior_project(const em_prior *prior, double *v);
#endif
