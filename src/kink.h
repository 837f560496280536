/* The minimum of the larger of two quadratics: what a function with a kink looks like from both sides at once. */
#ifndef EMLIB_KINK_H
#define EMLIB_KINK_H
#include <stdbool.h>

/* A quadratic: value f, gradient g [n] and Hessian h [n(n+1)/2] at the point x [n]. */
typedef struct em_piece {
    const double *x, *g, *h;
    double f;
} em_piece;

/* z [n] out: where the larger of a and b is least; *height what it is there; *weight in [0,1] that of a in the gradient
 * that vanishes: strictly between 0 and 1 the minimum lies on the kink. By bisection on the weight, in which the dual is
 * concave. Returns false where no mixture of the Hessians is positive definite. n <= EM_MAX_PARAMETERS. */
bool em_kink_minimum(int n, const em_piece *a, const em_piece *b, double *z, double *height, double *weight);
/* The gradient that the quadratic has at z, minus `gradient`: the largest component. */
double em_piece_gradient_error(int n, const em_piece *piece, const double *z, const double *gradient);
#endif
