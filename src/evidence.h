/* The evidence of each subject beside Laplace's: p(y) = integral of p(y|x) p(x) dx under the group that a fit has ended with.
 *
 * Both integrals run over z, with x = MAP + F z, F F' the posterior covariance that Laplace's approximation has (the inverse Hessian
 * at the MAP), in the range of the prior: r dimensions, as many as the covariance of the group has rank. Fixed, shared and vanished
 * parameters are no dimensions.
 *
 * Importance sampling: p(y) is the mean of w = p(y|x) p(x) |F| / q(z) over draws z from q. Nine draws in ten, by chance, are from a
 * multivariate t of 5 degrees of freedom, because its tails are heavier than those of a posterior, which are at most the prior's
 * (Geweke 1989, Econometrica 57:1317), the others from the prior. So no weight exceeds ten times the likelihood (a defensive mixture,
 * Hesterberg 1995, Technometrics 37:185), and where the likelihood has another maximum, far from the MAP but not from the group, some
 * draws meet it. The error of log p(y) is that of the mean divided by the mean (delta method); the effective sample size is
 * (sum w)^2 / sum w^2 (Kong, Liu & Wong 1994, JASA 89:278). The draws depend on the seed and the subject's number in the dataset alone.
 *
 * Adaptive Gauss-Hermite quadrature (Naylor & Smith 1982, Appl Stat 31:214; Pinheiro & Bates 1995, J Comput Graph Stat 4:12): the
 * tensor product of the Gauss-Hermite rule at z = sqrt(2) t, for up to 4 dimensions. One node is Laplace's approximation. It looks
 * around the best maximum only: another one that the nodes do not reach is missed.
 *
 * Where a likelihood is no number, because the model overflows, it counts as 0, as in the search for the MAP. */
#ifndef EMLIB_EVIDENCE_H
#define EMLIB_EVIDENCE_H
#include "comm.h"
#include "estep.h"

enum { EM_QUADRATURE_DIMENSIONS = 4 };

/* Weights that are known by their logarithms, one after the other; starts zeroed. */
typedef struct em_weights {
    double n, most;      /* how many; the largest logarithm */
    double sum, squares; /* of exp(logarithm - most), and of its square */
} em_weights;
void em_weights_add(em_weights *weights, double log_weight);
/* log of the sum; minus infinity where all weights are 0. */
double em_weights_log_sum(const em_weights *weights);
/* (sum w)^2 / sum w^2; 0 where all weights are 0. */
double em_weights_ess(const em_weights *weights);
/* Standard error of the log of the mean, by the delta method; NaN for fewer than two weights or none above 0. */
double em_weights_error(const em_weights *weights);

/* What was found for this rank's subjects, and in sum. */
typedef struct em_evidences {
    double *importance, *importance_se, *ess, *quadrature; /* [n_groups, lanes] NaN for who is not used; NULL: not asked for */
    double sum_importance, sum_importance_se, sum_quadrature; /* over all subjects that are used */
    bool *done;         /* [n_groups] whose evidence is found */
    double *overflow;   /* [n_groups, lanes] 1 where the likelihood was no number at some point */
    double overflowed;  /* how many of these, over all ranks */
    double evaluations; /* of this rank */
} em_evidences;

/* The number of nodes in each dimension that the options ask for. */
int em_evidences_nodes(const em_fit_options *options, int dimensions);
/* Is the quadrature possible for this group? Vanished variances will only lower the dimensions. */
em_code em_evidences_check(const em_fit_options *options, const em_group_design *design, const em_group_values *group,
                           em_error *error) EM_MUST_CHECK;
/* Memory for what options->importance and quadrature ask for, if anything. em_evidences_free also after a failure. */
em_code em_evidences_new(const em_estep *estep, const em_fit_options *options, em_evidences *evidences, em_error *error) EM_MUST_CHECK;
/* What options->importance and quadrature ask for. With a checkpoint (NULL: none), pauses; EM_STOPPED. The E-step under *group must be exact. Collective; sums are the same on every
 * rank. */
typedef struct em_checkpoint em_checkpoint;
em_code em_evidences_find(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_fit_options *options,
                          const em_group_values *group, em_checkpoint *checkpoint, em_evidences *evidences, em_error *error)
    EM_MUST_CHECK;
void em_evidences_free(em_evidences *evidences);
#endif
