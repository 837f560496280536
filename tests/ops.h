/* The operations under test as tables, index ops_list.h's order: kernels, with derivatives (order 2) and without (order 0) for each width, and their reference. */
#ifndef EMLIB_TESTS_OPS_H
#define EMLIB_TESTS_OPS_H
#include "ops_list.h"

#define OPS_ENUM(name, ...) OPS_##name,
enum { OPERATIONS(OPS_ENUM) OPS_N };
/* value, d/da, d/db, d2/da2, d2/da db, d2/db2: the order of a kernel's output, its first OPS_PARTS(order) numbers */
enum { OPS_MOST_PARTS = 6, OPS_MOST_LANES = 8 };
#define OPS_PARTS(order) ((order) == 0 ? 1 : 6)

/* a, b [lanes]; out [parts][lanes] */
typedef void ops_function(const double *a, const double *b, double *out);
typedef struct ops_kernel {
    int lanes, order;
    ops_function *apply[OPS_N];
} ops_kernel;

#define OPS_DECLARE(isa) extern const ops_kernel ops_##isa##_0, ops_##isa##_1;
OPS_DECLARE(BASELINE)
OPS_DECLARE(AVX2)
OPS_DECLARE(AVX512)

/* An exact number as the sum of the nearest double and the nearest double to what is left; hi infinite: overflows */
typedef struct ops_exact {
    double hi, lo;
} ops_exact;
/* The operation at (a, b), by MPFR: value and, by central differences, derivatives. */
void ops_reference(int operation, double a, double b, ops_exact exact[OPS_MOST_PARTS]);
/* Frees what the reference holds. */
void ops_reference_free(void);
#endif
