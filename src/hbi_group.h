/* Hierarchical Bayesian inference (Piray et al. 2019, PLoS Comput Biol 15:e1007043): the updates of one model's group and of
 * the models' frequencies. Plain arithmetic, no data.
 *
 * The group of a model with P parameters: x_s ~ Normal(mu, 1/tau) for the subjects that are its own; mu_j ~ Normal(a0_j,
 * 1/(b0 tau_j)), tau_j ~ Gamma(shape nu0, rate sigma0), b0 = 1, nu0 = 1/2, sigma0 = 0.01. From N, the sum of the
 * responsibilities r_s, the weighted mean xbar of the MAPs and V, the weighted mean of (x - xbar)^2 + diag(H^-1):
 *   b = 1 + N, a = (a0 + N xbar)/b, nu = 1/2 + N/2, sigma = 0.01 + N V/2 + N (xbar - a0)^2 / (2 b)
 * The subjects' prior is Normal(a, sigma/nu). Frequencies: alpha = 1 + N, E log m = psi(alpha) - psi(sum alpha).
 * Responsibilities: r_s ~ exp(evidence_s + lambda + E log m), evidence by Laplace's approximation under that prior, and
 *   lambda = sum_j (E log tau_j - log E tau_j)/2 - P/(2b) = P/2 (psi(nu) - log nu - 1/b). */
#ifndef EMLIB_HBI_GROUP_H
#define EMLIB_HBI_GROUP_H
#include "emlib/emlib.h"

/* The posterior of a model's group. */
typedef struct em_hbi_group {
    double n, b, nu; /* N */
    double a[EM_MAX_PARAMETERS], sigma[EM_MAX_PARAMETERS];
} em_hbi_group;

/* What is believed of all models; the same on every rank. */
typedef struct em_hbi_belief {
    em_hbi_group group[EM_HBI_MODELS];
    double alpha[EM_HBI_MODELS], log_frequency[EM_HBI_MODELS]; /* E log m */
} em_hbi_belief;

/* spread [P]: V. With N = 0 the means do not count, and the group is its prior. */
void em_hbi_group_update(em_hbi_group *group, int n_parameters, const double *a0, double n, const double *mean,
                         const double *spread);
/* Sets N and what follows from it. sigma [P] holds the variances, and is made from them. */
void em_hbi_group_resize(em_hbi_group *group, int n_parameters, double n);
double em_hbi_group_lambda(const em_hbi_group *group, int n_parameters);
/* The prior variance of parameter j, sigma/nu; the standard error of its mean; the degrees of freedom of that. */
double em_hbi_group_variance(const em_hbi_group *group, int j);
double em_hbi_group_error(const em_hbi_group *group, int j);
double em_hbi_group_freedom(const em_hbi_group *group);
/* E log p(mu, tau) - E log q(mu, tau), a part of the bound. */
double em_hbi_group_bound(const em_hbi_group *group, int n_parameters, const double *a0);

/* From the groups' N: alpha and E log m; null: E log m = -log K. */
void em_hbi_frequencies(em_hbi_belief *belief, int n_models, bool null);
/* E log p(m) - E log q(m). */
double em_hbi_frequencies_bound(const em_hbi_belief *belief, int n_models);

/* One subject's responsibilities from the models' Laplace evidence [K], NaN where a model does not fit the subject: then r is 0
 * there, and all r are 0 where none does. lambda [K]. null: all that fit share alike. Returns the subject's part of the bound:
 * sum_k r_k (evidence_k + lambda_k + E log m_k - log r_k). */
double em_hbi_responsibility(const em_hbi_belief *belief, const double *lambda, int n_models, bool null,
                             const double *evidence, double *r);
#endif
