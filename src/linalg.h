/* Small symmetric matrices as the lower triangle by rows: (0,0), (1,0), (1,1), (2,0), ... of n(n+1)/2 numbers. */
#ifndef EMLIB_LINALG_H
#define EMLIB_LINALG_H
#include <stdbool.h>
#include <stddef.h>

/* A = L L'. Returns false where A is not positive definite (to rounding). l may be a. */
bool em_cholesky(int n, const double *a, double *l);
/* x of L L' x = b; x may be b. */
void em_cholesky_solve(int n, const double *l, const double *b, double *x);
/* log det of L L' */
double em_cholesky_log_det(int n, const double *l);
/* The inverse of L L', [n,n] by rows. */
void em_cholesky_inverse(int n, const double *l, double *inverse);
/* Diagonal of the inverse of L L'. work [n] */
void em_cholesky_inverse_diagonal(int n, const double *l, double *diagonal, double *work);
/* y = A x, and x' A x */
void em_packed_product(int n, const double *a, const double *x, double *y);
double em_packed_quadratic(int n, const double *a, const double *x);
#endif
