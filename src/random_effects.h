/* The Gaussian random-effects problem that an E-step defines, and its solution: EM's fixed point if the log-likelihood of
 * everybody were the quadratic that the E-step has found. Costs no likelihood.
 *
 * With the value l, gradient c and curvature A = -(second derivatives) of a subject's log-likelihood at x, and the subject's
 * mean m and the covariance Sigma = F F' of the group, the marginal log-likelihood of that quadratic is, with
 * g = c - A (m - x) and M = I + F' A F,
 *     l + c'(m - x) - (m - x)' A (m - x)/2 + (F'g)' M^-1 (F'g)/2 - log det(M)/2,
 * which is the Laplace evidence where x is the MAP. With C = F M^-1 F', W = A - A C A and r = g - A C g its derivatives are
 * r in m and G = (r r' - W)/2 in Sigma, and the second ones -W in (m, m), -W E r in (m, Sigma along E) and
 * tr(W E W E')/2 - r'E W E'r in (Sigma along E, Sigma along E'), for symmetric E, E'. A mean mu_j or a slope on the subjects'
 * column q moves m_j by 1 or q. The derivatives vanish where EM's map, made from the same x and A, stays where it is; the
 * covariance may be singular there. (Searle, Casella & McCulloch 1992, Variance Components, ch. 6, for known A; Breslow &
 * Clayton 1993, JASA 88:9, for the relinearisation.) */
#ifndef EMLIB_RANDOM_EFFECTS_H
#define EMLIB_RANDOM_EFFECTS_H
#include <gsl/gsl_eigen.h>

#include "comm.h"
#include "estep.h"

/* How far apart two groups are: the largest over the parameters of |change of mu_j or of a slope|/scale_j, |change of
 * log(v_j + noise_j)| and |change of a covariance|/(scale_i scale_j), where noise_j is the error variance of one subject's own estimate
 * and scale_j^2 = v_j + noise_j. */
typedef struct em_effects_metric {
    double noise[EM_MAX_PARAMETERS], scale[EM_MAX_PARAMETERS];
} em_effects_metric;
/* The variance of parameter j, 0 for what is nothing beside the noise. */
double em_effects_variance(const em_effects_metric *metric, int j, double var);
double em_effects_distance(const em_effects_metric *metric, const em_group_design *design, const em_group_values *a,
                           const em_group_values *b);

/* The group on the straight way from one to another, at most this far. */
em_group_values em_effects_towards(const em_effects_metric *metric, const em_group_design *design, const em_group_values *from,
                                   double radius, const em_group_values *to);


/* What em_effects_solve says. */
typedef struct em_effects {
    em_group_values solution; /* where the problem's derivatives vanish, or a point on the way there */
    em_group_values em;       /* where EM's own step leads */
    em_effects_metric metric; /* at the group of the E-step */
    double merit;             /* how far the derivatives there are from 0, in units of the metric for one subject */
    bool sound;               /* false: the sums are not finite, and the groups are that of the E-step */
    bool unbounded[EM_MAX_PARAMETERS]; /* means that are held, because the likelihood is flat in their direction */
    bool whole;               /* the solution was reached inside the radius */
} em_effects;

/* Scratch memory. */
typedef struct em_effects_work {
    em_coordinates at;
    double *curvature; /* [n_groups, P(P+1)/2, lanes] A */
    em_group_values made_under; /* the group of the E-step */
    double *store[3];  /* sums of three points */
    double *space;     /* of a step */
    int *index;
    gsl_matrix *matrix, *vectors; /* P x P */
    gsl_vector *values;
    gsl_eigen_symmv_workspace *eigen;
} em_effects_work;
em_code em_effects_work_new(const em_estep *estep, em_effects_work *work, em_error *error) EM_MUST_CHECK;
void em_effects_work_free(em_effects_work *work);

/* Solves the problem of an E-step that ran under `from`, by steps that increase its likelihood, up to `relative` of the way
 * gone, or until about `radius` from `from`. Collective; the same on every rank. */
em_code em_effects_solve(em_comm *comm, const em_plan *plan, const em_estep *estep, em_effects_work *work,
                         const em_group_values *from, double radius, double relative, em_effects *effects, em_error *error) EM_MUST_CHECK;
#endif
