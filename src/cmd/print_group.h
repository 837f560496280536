/* The group of a fit for people, as CSV and as JSON: means, coefficients, variances, covariances, with their errors. */
#ifndef EMLIB_PRINT_GROUP_H
#define EMLIB_PRINT_GROUP_H
#include "print.h"

/* An estimate with its error; NaN where there is none. */
typedef struct print_estimate {
    double value, se;
    double t, p;          /* against 0, two-sided; t with the fit's degrees of freedom */
    double lower, upper;  /* 95 % */
} print_estimate;
/* A mean or coefficient. */
print_estimate print_estimate_of(const em_fit *fit, double value, double se);
/* A variance: its interval is made on the log scale; no test. */
print_estimate print_estimate_of_variance(double value, double se);

void print_group(const em_fit *fit);
json_t *print_group_json(const em_fit *fit);
/* Tables for `emlib export`. */
void print_group_csv(const em_fit *fit, FILE *to);
void print_coefficients_csv(const em_fit *fit, FILE *to);
void print_estimates_csv(const em_fit *fit, FILE *to);
#endif
