/* Standard errors of the group at EM's fixed point.
 *
 * There the sums over subjects of r = Sigma^-1 (x - m) (x the MAP, m the subject's mean; times the columns of slopes) and of
 * (r r' - W)/2 vanish, with W = A - A C A, A the curvature of the log-likelihood and C the posterior covariance: the derivatives that
 * random_effects.h tells of. Let J be minus the derivative of these sums in the means and covariances, x and A following the group.
 * It is the complete-data information times (I - Jacobian of the EM map), the information that SEM computes (Meng & Rubin 1991,
 * JASA 86:899), but exact: x follows the group by the implicit function theorem, dx = (I - C A)(dm + dSigma r), and A follows x by
 * the third derivatives of the log-likelihood, which are differences of second ones (two evaluations a parameter and subject).
 * Where Laplace's approximation is exact J is symmetric, the observed information. The covariance of the estimates is the symmetric
 * part of J^-1, which is J^-1 (J + J')/2 J^-1', the covariance of a root of estimating equations whose variance is that information
 * (Godambe 1960, Ann Math Stat 31:1208). It needs no maximum of the Laplace evidence, which may not exist.
 *
 * Variances that have vanished and means that run off to infinity are held: they have no standard error, and those of the others are
 * conditional on them. Of a covariance that has lost rank the variation inside its range counts. */
#ifndef EMLIB_UNCERTAINTY_H
#define EMLIB_UNCERTAINTY_H
#include "random_effects.h"

/* covariance [D,D] of the means and slopes, then variances and covariances of em_coordinates_of (D of them); NaN where there is none.
 * Evaluations are counted in `evaluations`. EM_STOPPED where estep->pause ends it. The E-step under *group must be exact. Collective; the same on every rank. */
em_code em_uncertainty(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_group_values *group,
                       const bool *unbounded, double *covariance, double *evaluations, em_error *error) EM_MUST_CHECK;
#endif
