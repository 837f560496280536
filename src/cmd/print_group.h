/* The group of a fit for people, as CSV and as JSON: means, coefficients, variances, covariances, with their errors. */
#ifndef EMLIB_PRINT_GROUP_H
#define EMLIB_PRINT_GROUP_H
#include "print.h"

/* An estimate with its error; NaN where there is none. */
typedef struct print_estimate {
    double value, se;
    double t, p;          /* against 0, two-sided */
    double lower, upper;  /* 95 % */
    double df;            /* of t: subjects used - columns of the parameter */
} print_estimate;
/* A mean or coefficient; see em_fit_interval. */
print_estimate print_estimate_of(const em_fit *fit, int parameter, double value, double se);
/* A variance: no test. */
print_estimate print_estimate_of_variance(double value, double se);

void print_group(const em_fit *fit);
json_t *print_group_json(const em_fit *fit);
/* Tables for `emlib export`. */
void print_group_csv(const em_fit *fit, FILE *to);
void print_coefficients_csv(const em_fit *fit, FILE *to);
void print_estimates_csv(const em_fit *fit, FILE *to);
#endif
