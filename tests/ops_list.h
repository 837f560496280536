/* What test_ops tests: every operation of emlib/model.h in every mixture of types, and compositions of them. One list
 * serves the kernels (ops_kernel.c), the reference (ops_reference.c) and the comparison (test_ops.c): the expressions
 * mean lanes with derivatives in the first, numbers of 2400 bits in the second.
 *
 *   OPERATION(name, expression, A, B, x, tolerance, measure)
 *     expression  of the two parameters a and b. D(a): the same as data, without derivatives; N(c): a plain number
 *     A, B        the arguments for a and for b, lists in test_ops.c; every pair is tested
 *     x           a or b: the one that the tolerance is written in
 *     tolerance   largest error, an expression in a, b, x and the order of the derivative
 *     measure     what the error is relative to (test_ops.c): RELATIVE the exact number; SLOPE for second derivatives
 *                 the first one, if larger (near an inflection); ABSOLUTE 1, if larger (near zeros inside the range);
 *                 LARGEST the largest exact number of that order (terms that cancel)
 *
 * The tolerance is TIGHT unless there is a reason for more: */
#ifndef EMLIB_TESTS_OPS_LIST_H
#define EMLIB_TESTS_OPS_LIST_H

#define TIGHT 4e-15
#define EXACT 1e-100 /* what rounding leaves of a whole number in the reference */
/* An argument z with the rounding error |z| eps goes through the exponential function: that many more ulps. */
#define THROUGH_EXP(z) (TIGHT + 4.5e-16 * fabs(z))
/* exp(-x^2/2) */
#define GAUSS THROUGH_EXP(0.5 * x * x)
/* Between -6 and 0 the second derivative -d (x + d), d the first one, is a difference of numbers x^2 times as large. */
#define GAUSS_LOG (GAUSS * (order == 2 && x > -6 && x < 0 ? 1 + x * x : 1))
#define POWER THROUGH_EXP(b * log(a))
/* The Hessian of log sum exp is the variance of gradients: mean square minus square of the mean. */
#define VARIANCE (TIGHT * (1 + a * a + b * b))
/* At both ends images cancel in pairs. A second derivative there is the difference of two larger numbers. */
#define IMAGES (4e-13 + 1e-18 * pow(fmin(b, 1 - b), order < 2 ? -1 : -2) * (order > 0 ? 30 : 1))
/* Sums of terms that partly cancel */
#define SUM 1e-13

/* f(a) of a real and of data, and a f(b): value, slope and curvature of f each stand alone there, in the other
 * direction. */
#define UNARY(OPERATION, f, X, tolerance, measure)                                                                    \
    OPERATION(f, f(a), X, ONE, a, tolerance, measure)                                                                 \
    OPERATION(f##_data, f(D(a)), X, ONE, a, tolerance, measure)                                                       \
    OPERATION(f##_product, mul(a, f(b)), FACTOR, X, b, fmax(TIGHT, tolerance), measure)

/* f of two arguments in the mixtures that carry derivatives, and of two data */
#define BINARY(OPERATION, f, A, B, tolerance, measure)                                                                \
    OPERATION(f##_rr, f(a, b), A, B, b, tolerance, measure)                                                           \
    OPERATION(f##_rd, f(a, D(b)), A, B, b, tolerance, measure)                                                        \
    OPERATION(f##_dr, f(D(a), b), A, B, b, tolerance, measure)                                                        \
    OPERATION(f##_dd, f(D(a), D(b)), A, B, b, tolerance, measure)                                                     \
    OPERATION(f##_rn, f(a, N(0.3)), A, ONE, a, tolerance, measure)                                                    \
    OPERATION(f##_nr, f(N(0.3), b), ONE, B, b, tolerance, measure)                                                    \
    OPERATION(f##_dn, f(D(a), N(0.3)), A, ONE, a, tolerance, measure)                                                 \
    OPERATION(f##_nd, f(N(0.3), D(b)), ONE, B, b, tolerance, measure)                                                 \
    OPERATION(f##_nn, f(N(0.3), N(1.7)), ONE, ONE, b, tolerance, measure)                                             \
    OPERATION(f##_self, mul(a, f(a, b)), A, B, b, tolerance, LARGEST)

#define OPERATIONS(OPERATION) SIMPLE(OPERATION) SELECTING(OPERATION) OVER_OPTIONS(OPERATION) COMPOSED(OPERATION)

#define SIMPLE(OPERATION)                                                                                             \
    BINARY(OPERATION, add, LINE, SOME, TIGHT, RELATIVE)                                                               \
    BINARY(OPERATION, sub, LINE, SOME, TIGHT, RELATIVE)                                                               \
    BINARY(OPERATION, mul, LINE, SOME, TIGHT, RELATIVE)                                                               \
    BINARY(OPERATION, div, LINE, SOME, TIGHT, RELATIVE)                                                               \
    BINARY(OPERATION, max, LINE, SOME, TIGHT, RELATIVE)                                                               \
    BINARY(OPERATION, min, LINE, SOME, TIGHT, RELATIVE)                                                               \
    UNARY(OPERATION, neg, LINE, EXACT, RELATIVE)                                                                      \
    UNARY(OPERATION, square, LINE, TIGHT, RELATIVE)                                                                   \
    UNARY(OPERATION, inverse, NOT_ZERO, TIGHT, RELATIVE)                                                              \
    UNARY(OPERATION, absolute, NOT_ZERO, EXACT, RELATIVE)                                                             \
    UNARY(OPERATION, exp, LINE, TIGHT, RELATIVE)                                                                      \
    UNARY(OPERATION, expm1, LINE, TIGHT, RELATIVE)                                                                    \
    UNARY(OPERATION, log, POSITIVE, TIGHT, RELATIVE)                                                                  \
    UNARY(OPERATION, log1p, ABOVE_MINUS_ONE, TIGHT, RELATIVE)                                                         \
    UNARY(OPERATION, sqrt, POSITIVE, TIGHT, RELATIVE)                                                                 \
    UNARY(OPERATION, tanh, LINE, TIGHT, RELATIVE)                                                                     \
    UNARY(OPERATION, logistic, LINE, TIGHT, SLOPE)                                                                    \
    UNARY(OPERATION, log_sigmoid, LINE, TIGHT, RELATIVE)                                                              \
    UNARY(OPERATION, softplus, LINE, TIGHT, RELATIVE)                                                                 \
    UNARY(OPERATION, erf, LINE, THROUGH_EXP(x * x), RELATIVE)                                                         \
    UNARY(OPERATION, normal_cdf, LINE, GAUSS, RELATIVE)                                                               \
    UNARY(OPERATION, log_normal_cdf, LINE, GAUSS_LOG, RELATIVE)                                                       \
    UNARY(OPERATION, lgamma, GAMMA, TIGHT, ABSOLUTE)                                                                  \
    OPERATION(power_rr, power(a, b), BASE, EXPONENT, b, POWER, RELATIVE)                                              \
    OPERATION(power_rd, power(a, D(b)), BASE, EXPONENT, b, POWER, RELATIVE)                                           \
    OPERATION(power_dr, power(D(a), b), BASE, EXPONENT, b, POWER, RELATIVE)                                           \
    OPERATION(power_dd, power(D(a), D(b)), BASE, EXPONENT, b, POWER, RELATIVE)                                        \
    OPERATION(power_rn, power(a, N(0.88)), BASE, ONE, a, POWER, RELATIVE)                                             \
    OPERATION(power_nr, power(N(0.3), b), ONE, EXPONENT, b, POWER, RELATIVE)                                          \
    OPERATION(power_zero_dr, power(N(0), b), ONE, EXPONENT, b, EXACT, RELATIVE)

#define SELECTING(OPERATION)                                                                                          \
    OPERATION(select_rr, select(above(a, b), square(a), mul(a, b)), LINE, SOME, b, TIGHT, RELATIVE)                   \
    OPERATION(select_rd, select(below(a, b), square(a), D(b)), LINE, SOME, b, TIGHT, RELATIVE)                        \
    OPERATION(select_dr, select(below(a, D(b)), D(a), square(b)), LINE, SOME, b, TIGHT, RELATIVE)                     \
    OPERATION(select_dd, select(above(D(a), b), D(a), D(b)), LINE, SOME, b, EXACT, RELATIVE)                          \
    OPERATION(select_rn, select(above(a, N(0.3)), square(a), N(2)), LINE, ONE, a, TIGHT, RELATIVE)                    \
    OPERATION(select_nr, select(above(N(0.3), a), N(2), square(a)), LINE, ONE, a, TIGHT, RELATIVE)                    \
    OPERATION(select_nn, select(below(a, N(0.3)), N(2), N(-3)), LINE, ONE, a, EXACT, RELATIVE)                        \
    OPERATION(equals, select(equals(D(a), D(b)), a, b), CODE, CODE, b, EXACT, RELATIVE)                               \
    OPERATION(equals_number, select(equals(D(a), N(2)), a, b), CODE, CODE, b, EXACT, RELATIVE)                        \
    OPERATION(above_tie, select(above(D(a), D(b)), a, b), CODE, CODE, b, EXACT, RELATIVE)                             \
    OPERATION(below_tie, select(below(D(a), D(b)), a, b), CODE, CODE, b, EXACT, RELATIVE)                             \
    OPERATION(either, select(either(above(D(a), N(1)), above(D(b), N(2))), a, b), CODE, CODE, b, EXACT, RELATIVE)     \
    OPERATION(both, select(both(above(D(a), N(0)), below(D(b), N(2))), a, b), CODE, CODE, b, EXACT, RELATIVE)         \
    OPERATION(not_, select(not_(equals(D(a), D(b))), a, b), CODE, CODE, b, EXACT, RELATIVE)                           \
    OPERATION(pick_2, PICK(D(b), square(a), mul(a, b)), SOME, CODE, b, TIGHT, RELATIVE)                               \
    OPERATION(pick_3, PICK(D(b), a, square(a), mul(a, b)), SOME, CODE, b, TIGHT, RELATIVE)                            \
    OPERATION(pick_data, mul(a, PICK_DATA(D(b), 0.5, -2, 8)), SOME, CODE, b, TIGHT, RELATIVE)                         \
    OPERATION(put_3, PUT(D(b), square(a), a, b, mul(a, b)), SOME, CODE, b, TIGHT, LARGEST)                            \
    OPERATION(put_number, PUT(D(b), 1.5, a, b, mul(a, b)), SOME, CODE, b, TIGHT, LARGEST)                             \
    OPERATION(put_data, mul(a, PUT_DATA(D(b), D(a), 0.5, -2, 8)), SOME, CODE, b, TIGHT, RELATIVE)                     \
    OPERATION(fill, FILL(mul(a, b)), SOME, SOME, b, TIGHT, RELATIVE)                                                  \
    OPERATION(fill_data, mul(a, FILL_DATA(D(b))), SOME, SOME, b, TIGHT, RELATIVE)                                     \
    OPERATION(pick_in_use, PICK_IN_USE(D(b), a, square(a), mul(a, b)), SOME, CODE, b, TIGHT, RELATIVE)                \
    OPERATION(fill_in_use, FILL_IN_USE(mul(a, b)), SOME, SOME, b, TIGHT, RELATIVE)

#define OVER_OPTIONS(OPERATION)                                                                                       \
    OPERATION(log_sum_exp_2, LOG_SUM_EXP(a, b), LINE, SOME, b, TIGHT, ABSOLUTE)                                       \
    OPERATION(log_sum_exp_3, LOG_SUM_EXP(a, b, mul(a, b)), MODERATE, MODERATE, b, VARIANCE, ABSOLUTE)                 \
    OPERATION(log_sum_exp_5, LOG_SUM_EXP(a, b, mul(a, b), square(a), R(1)), MODERATE, MODERATE, b, VARIANCE, ABSOLUTE) \
    OPERATION(wiener, LOG_G(a, b), PACE, START, b, IMAGES, ABSOLUTE)                                                 \
    OPERATION(log_sum_exp_in_use, LOG_SUM_EXP_IN_USE(a, b, mul(a, b)), MODERATE, MODERATE, b, VARIANCE, ABSOLUTE)     \
    OPERATION(log_softmax_2, LOG_SOFTMAX(0, a, b), LINE, SOME, b, TIGHT, ABSOLUTE)                                    \
    OPERATION(log_softmax_3, LOG_SOFTMAX(1, a, b, mul(a, b)), MODERATE, MODERATE, b, VARIANCE, ABSOLUTE)              \
    OPERATION(log_softmax_5, LOG_SOFTMAX(4, a, b, mul(a, b), square(a), R(1)),                                        \
              MODERATE, MODERATE, b, VARIANCE, ABSOLUTE)

/* What models are made of: chain and product rules with both directions and their cross derivative */
#define COMPOSED(OPERATION)                                                                                           \
    OPERATION(choice, log_sigmoid(mul(a, sub(b, N(0.3)))),                                                            \
              MODERATE, MODERATE, b, THROUGH_EXP(a * (b - 0.3)), RELATIVE)                                            \
    OPERATION(choice_of_exp, log_sigmoid(mul(exp(a), sub(logistic(b), N(0.3)))), UNIT, MODERATE, b, SUM, LARGEST)     \
    OPERATION(learned, add(logistic(a), mul(logistic(b), sub(N(1), logistic(a)))),                                    \
              MODERATE, MODERATE, b, TIGHT, ABSOLUTE)                                                                 \
    OPERATION(discounted, div(N(20), add(N(1), mul(exp(a), D(b)))), MODERATE, ABOVE_ONE, b, SUM, LARGEST)             \
    OPERATION(prospect, mul(a, power(N(7.5), exp(b))), MODERATE, UNIT, b, THROUGH_EXP(exp(b) * log(7.5)), RELATIVE)   \
    OPERATION(density, neg(add(mul(N(0.5), square(div(sub(N(0.4), a), exp(b)))), b)), MODERATE, UNIT, b, SUM, LARGEST) \
    OPERATION(exp_of_product, exp(mul(a, b)), MODERATE, MODERATE, b, THROUGH_EXP(a * b), RELATIVE)                    \
    OPERATION(tanh_of_sum, tanh(add(square(a), mul(a, b))), UNIT, UNIT, b, SUM, LARGEST)                              \
    OPERATION(root_of_squares, sqrt(add(square(a), square(b))), SOME, SOME, b, TIGHT, LARGEST)                        \
    OPERATION(log_of_ratio, log(div(exp(a), softplus(b))), MODERATE, MODERATE, b, TIGHT, ABSOLUTE)                    \
    OPERATION(signal, log_normal_cdf(mul(exp(a), sub(b, N(0.3)))), UNIT, UNIT, b, SUM, LARGEST)                       \
    OPERATION(beta_function, sub(add(lgamma(exp(a)), lgamma(exp(b))), lgamma(add(exp(a), exp(b)))),                   \
              UNIT, UNIT, b, SUM, LARGEST)                                                                            \
    OPERATION(both_ways, div(expm1(mul(a, b)), log1p(square(add(a, b)))), UNIT, UNIT, b, SUM, LARGEST)                \
    OPERATION(max_of_two, max(mul(a, b), sub(square(a), b)), MODERATE, MODERATE, b, TIGHT, RELATIVE)                  \
    OPERATION(erf_of_ratio, erf(div(a, b)), UNIT, ABOVE_ONE, b, TIGHT, LARGEST)
#endif
