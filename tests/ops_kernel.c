/* The operations of ops_list.h on lanes. Compiled once for each width and order of derivative, like a model, with
 * EM_ISA, EM_LANES and EM_DERIVATIVES set by the build. */
#define EM_HAS_OPTION 1
#define PARAMETERS(parameter) parameter(a, identity, "") parameter(b, identity, "")
#define COLUMNS(column) column(choice, response, option, "")
#include "emlib/model.h"

#include "ops.h"

/* Arrays with room for OPTIONS use as many as `em` says. */
static const em_run in_use = {.options = 3}, *const em = &in_use;

#define D(x) ((data){(x).v})
#define N(c) (c)
#define R(c) as_real(c)
#define LOG_SUM_EXP(...) log_sum_exp(((real[]){__VA_ARGS__}))
#define LOG_SUM_EXP_IN_USE(...) log_sum_exp(((real[OPTIONS]){__VA_ARGS__}))
#define LOG_SOFTMAX(k, ...)                            \
    __extension__({                                    \
        real to_[5];                                   \
        log_softmax(to_, ((real[]){__VA_ARGS__}));     \
        to_[k];                                        \
    })
#define PICK(code, ...) pick(((real[]){__VA_ARGS__}), code)
#define PICK_IN_USE(code, ...) pick(((real[OPTIONS]){__VA_ARGS__}), code)
#define PICK_DATA(code, x, y, z) pick(((data[]){em_d(x), em_d(y), em_d(z)}), code)
#define PUT(code, to, x, y, z) put_into_three(code, as_real(to), x, y, z)
#define PUT_DATA(code, to, x, y, z) put_into_three_data(code, to, em_d(x), em_d(y), em_d(z))
#define LOG_G(r, w) em_log_g(r, w, 1.0 - (w).v)
#define FILL(to) fill_three(to)
#define FILL_DATA(to) fill_three_data(to)
#define FILL_IN_USE(to) fill_in_use(to)

/* x[0] + 2 x[1] + 3 x[2]: tells the places apart */
EM_INLINE real weighted(const real *x)
{
    real sum = x[0];
    each(k, 2) sum = add(sum, mul(k + 2, x[k + 1]));
    return sum;
}
EM_INLINE data weighted_data(const data *x) { return add(x[0], add(mul(2, x[1]), mul(3, x[2]))); }
EM_INLINE real put_into_three(data code, real to, real x, real y, real z)
{
    real all[] = {x, y, z};
    put(all, code, to);
    return weighted(all);
}
EM_INLINE data put_into_three_data(data code, data to, data x, data y, data z)
{
    data all[] = {x, y, z};
    put(all, code, to);
    return weighted_data(all);
}
EM_INLINE real fill_three(real to)
{
    real all[3];
    fill(all, to);
    return weighted(all);
}
EM_INLINE data fill_three_data(data to)
{
    data all[3];
    fill(all, to);
    return weighted_data(all);
}
/* the places in use, 3 times `to`, and not those beyond, which hold 0 */
EM_INLINE real fill_in_use(real to)
{
    real all[OPTIONS], sum = as_real(0);
    for (int k = 0; k < OPTIONS; k++)
        all[k] = as_real(0);
    fill(all, to);
    for (int k = 0; k < OPTIONS; k++)
        sum = add(sum, all[k]);
    return sum;
}

EM_INLINE real variable(const double *x, int direction)
{
    real r = em_constant(*(const em_va *)x);
#if EM_DERIVATIVES
    r.g[direction] = em_all(1);
#endif
    (void)direction;
    return r;
}
EM_INLINE void store(real r, double *out)
{
    em_va *to = (em_va *)out;
    *to++ = r.v;
#if EM_DERIVATIVES
    for (int i = 0; i < EM_P; i++)
        *to++ = r.g[i];
    for (int i = 0; i < EM_H; i++)
        *to++ = r.h[i];
#endif
}

#define DEFINE(name, expression, ...)                                         \
    static void op_##name(const double *at_a, const double *at_b, double *out) \
    {                                                                         \
        real a = variable(at_a, 0), b = variable(at_b, 1);                     \
        (void)a, (void)b;                                                     \
        store(as_real(expression), out);                                      \
    }
OPERATIONS(DEFINE)

#define TABLE_(isa, derivatives) ops_##isa##_##derivatives
#define TABLE(isa, derivatives) TABLE_(isa, derivatives)
#define ENTRY(name, ...) op_##name,
const ops_kernel TABLE(EM_ISA, EM_DERIVATIVES) = {.lanes = EM_LANES, .order = 2 * EM_DERIVATIVES, .apply = {OPERATIONS(ENTRY)}};
