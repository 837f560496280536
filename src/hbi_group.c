#include "hbi_group.h"

#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>

static const double b0 = 1, nu0 = 0.5, sigma0 = 0.01;

void em_hbi_group_update(em_hbi_group *group, int P, const double *a0, double n, const double *mean, const double *spread)
{
    *group = (em_hbi_group){.n = n, .b = b0 + n, .nu = nu0 + n / 2};
    for (int j = 0; j < P; j++) {
        const double d = n > 0 ? mean[j] - a0[j] : 0;
        group->a[j] = a0[j] + n * d / group->b;
        group->sigma[j] = sigma0 + (n > 0 ? 0.5 * (n * spread[j] + n * b0 / group->b * d * d) : 0);
    }
}

void em_hbi_group_resize(em_hbi_group *group, int P, double n)
{
    group->n = n;
    group->b = b0 + n;
    group->nu = nu0 + n / 2;
    for (int j = 0; j < P; j++)
        group->sigma[j] *= group->nu;
}

double em_hbi_group_lambda(const em_hbi_group *group, int P)
{
    return 0.5 * P * (gsl_sf_psi(group->nu) - log(group->nu) - 1 / group->b);
}

double em_hbi_group_variance(const em_hbi_group *group, int j) { return group->sigma[j] / group->nu; }

double em_hbi_group_error(const em_hbi_group *group, int j) { return sqrt(group->sigma[j] / (group->nu * group->b)); }

double em_hbi_group_freedom(const em_hbi_group *group) { return 2 * group->nu; }

/* Expectations under Gaussian-gamma distributions (Bishop 2006, Pattern Recognition and Machine Learning, ch. 10). */
double em_hbi_group_bound(const em_hbi_group *group, int P, const double *a0)
{
    double sum = 0;
    for (int j = 0; j < P; j++) {
        const double tau = group->nu / group->sigma[j], log_tau = gsl_sf_psi(group->nu) - log(group->sigma[j]);
        const double d = group->a[j] - a0[j];
        sum += 0.5 * (log(b0 / group->b) - b0 / group->b + 1 - b0 * tau * d * d);
        sum += (nu0 - group->nu) * log_tau - sigma0 * tau + group->nu;
        sum += nu0 * log(sigma0) - gsl_sf_lngamma(nu0) - group->nu * log(group->sigma[j]) + gsl_sf_lngamma(group->nu);
    }
    return sum;
}

void em_hbi_frequencies(em_hbi_belief *belief, int K, bool null)
{
    double sum = 0;
    for (int k = 0; k < K; k++)
        sum += belief->alpha[k] = 1 + belief->group[k].n;
    for (int k = 0; k < K; k++)
        belief->log_frequency[k] = null ? -log(K) : gsl_sf_psi(belief->alpha[k]) - gsl_sf_psi(sum);
}

/* The prior is the Dirichlet distribution with all alpha 1, whose density is (K-1)! */
double em_hbi_frequencies_bound(const em_hbi_belief *belief, int K)
{
    double sum = 0, bound = gsl_sf_lngamma(K);
    for (int k = 0; k < K; k++) {
        sum += belief->alpha[k];
        bound += gsl_sf_lngamma(belief->alpha[k]) - (belief->alpha[k] - 1) * belief->log_frequency[k];
    }
    return bound - gsl_sf_lngamma(sum);
}

double em_hbi_responsibility(const em_hbi_belief *belief, const double *lambda, int K, bool null, const double *evidence,
                             double *r)
{
    double log_rho[EM_HBI_MODELS], most = -INFINITY, total = 0, bound = 0;
    int fitting = 0;
    for (int k = 0; k < K; k++) {
        log_rho[k] = isnan(evidence[k]) ? -INFINITY : evidence[k] + lambda[k] + belief->log_frequency[k];
        most = fmax(most, log_rho[k]);
        fitting += !isnan(evidence[k]);
        r[k] = 0;
    }
    if (fitting == 0)
        return 0;
    for (int k = 0; k < K; k++)
        total += r[k] = exp(log_rho[k] - most);
    if (!null) {
        for (int k = 0; k < K; k++)
            r[k] /= total;
        return most + log(total);
    }
    for (int k = 0; k < K; k++) {
        r[k] = isnan(evidence[k]) ? 0 : 1.0 / fitting;
        bound += r[k] > 0 ? r[k] * (log_rho[k] - log(r[k])) : 0;
    }
    return bound;
}
