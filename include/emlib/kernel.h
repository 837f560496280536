/* Compiles one model file for one instruction set, with derivatives, or, with EM_TRACE, its drawing, latents and description. The
 * build includes the model file before this one. */
#ifndef EMLIB_KERNEL_H
#define EMLIB_KERNEL_H
#ifdef EMLIB_PLAIN_H
#if EM_TRACE
#include "emlib/plain_kernel.h"
#endif
#else
/* transform: a function of (a, b, x) and its first two arguments */
#define EM_APPLY_identity em_apply_identity, 0, 0
#define EM_APPLY_exp em_apply_exp, 0, 0
#define EM_APPLY_logistic em_apply_between, 0, 1
#define EM_APPLY_scaled(U) em_apply_between, 0, U
#define EM_APPLY_between(L, U) em_apply_between, L, U
#define EM_APPLY_scaled_by(name) em_apply_fact, em, EM_FACT_##name
#define EM_APPLY_custom(f) EM_APPLY_FUNCTION, f, 0
#define EM_APPLY_FUNCTION(f, unused, x) f(x)
#define EM_TRANSFORMED(transform, x) EM_CALL_LIST((EM_APPLY_##transform, x))

EM_INLINE real em_apply_identity(double a, double b, real x)
{
    (void)a, (void)b;
    return x;
}
EM_INLINE real em_apply_exp(double a, double b, real x)
{
    (void)a, (void)b;
    return exp(x);
}
EM_INLINE real em_apply_between(double low, double high, real x)
{
    return add(low, mul(high - low, logistic(x)));
}
EM_INLINE real em_apply_fact(const em_run *em, int index, real x) { return mul(em_fact_value(em, index), logistic(x)); }

/* The unconstrained parameter j with its own direction switched on by seed. */
EM_INLINE real em_variable(em_v x, em_v seed, int j)
{
    real r = em_constant(x);
#if EM_DERIVATIVES
    r.g[j] = seed;
#endif
    (void)seed, (void)j;
    return r;
}

/* Whole states, as rows of vectors: a where the mask is set, else the old one. */
EM_INLINE void em_keep(em_m m, em_state *s, const em_state *old)
{
    _Static_assert(sizeof(em_state) % sizeof(em_v) == 0, "a STATE holds real and data only");
    em_va *a = (em_va *)s;
    const em_va *b = (const em_va *)old;
    EM_LOOP(i, (int)(sizeof(em_state) / sizeof(em_v)))
        a[i] = em_blend(m, a[i], b[i]);
}

#if !EM_TRACE
#if EM_TWO && !EM_HAS_OPTION
/* A model that chooses among no options needs no kernel for two of them. */
#else
#if EM_TWO
#define EM_SCORE_NAME EM_SYMBOL_OF(EM_NAME, EM_ISA, score_two)
#else
#define EM_SCORE_NAME EM_SYMBOL_OF(EM_NAME, EM_ISA, score)
#endif
#define EM_SYMBOL_OF_(name, isa, what) em_##name##_##isa##_##what
#define EM_SYMBOL_OF(name, isa, what) EM_SYMBOL_OF_(name, isa, what)

EM_INLINE em_m em_lanes_of(unsigned bits)
{
    em_m lane = {0};
    EM_UNROLL for (int i = 0; i < EM_LANES; i++) lane[i] = (int64_t)1 << i;
    return (((em_m){0} + (int64_t)bits) & lane) != 0;
}
/* Parameter j of the point's conditions, each lane in its own. */
EM_INLINE em_v em_gather(const double *from, const uint8_t *condition, int j)
{
    if (!condition)
        return *(const em_va *)(from + j * EM_LANES);
    em_v x = em_all(0);
    for (int l = 0; l < EM_LANES; l++)
        x[l] = from[(condition[l] * EM_P + j) * EM_LANES + l];
    return x;
}
EM_INLINE void em_load(const em_run *em, const em_point *point, const uint8_t *condition, parameters *p)
{
    (void)em;
#define EM_LOAD(name_, transform_, ...)                                                                             \
    p->name_ = EM_TRANSFORMED(transform_, em_variable(em_gather(point->x, condition, EM_PAR_##name_),               \
                                                      point->seed ? em_gather(point->seed, condition, EM_PAR_##name_) \
                                                                  : em_all(1),                                      \
                                                      EM_PAR_##name_));
    PARAMETERS(EM_LOAD)
}
EM_INLINE int em_differ(const uint8_t *a, const uint8_t *b) { return __builtin_memcmp(a, b, EM_LANES) != 0; }

em_score_fn EM_SCORE_NAME;
void EM_SCORE_NAME(const em_batch *batch, const em_point *point, double *value, double *gradient, double *hessian)
{
    const unsigned everyone = (1u << EM_LANES) - 1;
    em_run run = {.ll = em_constant(em_all(0)), .divisor = em_all(1), .facts = batch->facts, .options = batch->options}, *em = &run;
    parameters p;
    em_load(em, point, point->condition, &p);
    em_state s;
    em_start(em, &p, &s);
    for (int t = 0; t < batch->trials; t++) {
        em->row = (double *)(uintptr_t)batch->rows + (size_t)t * EM_C * EM_LANES;
        em->trial = t;
        EM_UNROLL for (int r = 0; r < EM_R; r++) em->scored[r] = em_lanes_of(batch->scored[t * EM_R + r]);
        if (__builtin_expect(point->condition != 0, 0) && t > 0) {
            const uint8_t *now = point->condition + (size_t)t * EM_LANES;
            if (em_differ(now, now - EM_LANES))
                em_load(em, point, now, &p);
        }
        if (__builtin_expect(batch->restart[t] != 0, 0)) {
            em_state fresh;
            em_start(em, &p, &fresh);
            em_keep(~em_lanes_of(batch->restart[t]), &s, &fresh);
        }
        /* The state is put back where nothing is learned: rare, so a copy then costs less than a blend always. */
        em_state before;
        const int partly = batch->learned[t] != everyone;
        if (__builtin_expect(partly, 0))
            before = s;
        em_trial(em, &p, &s);
        if (__builtin_expect(partly, 0))
            em_keep(em_lanes_of(batch->learned[t]), &s, &before);
        if (__builtin_expect(t % EM_SETTLE == EM_SETTLE - 1, 0))
            em_settle(em);
    }
    em_settle(em);
    *(em_va *)value = em->ll.v;
    EM_UNROLL for (int i = 0; i < EM_P; i++) *(em_va *)(gradient + i * EM_LANES) = em->ll.g[i];
    EM_UNROLL for (int i = 0; i < EM_H; i++) *(em_va *)(hessian + i * EM_LANES) = em->ll.h[i];
}
#endif
#else
static void em_load(const em_run *em, const double *x, parameters *p)
{
    (void)em;
#define EM_LOAD(name_, transform_, ...) \
    p->name_ = EM_TRANSFORMED(transform_, em_variable(em_all(x[EM_PAR_##name_]), em_all(1), EM_PAR_##name_));
    PARAMETERS(EM_LOAD)
}

/* Where the log-likelihood of each trial is wanted, its sum begins anew with each. */
static em_v em_begin_trial(em_run *em)
{
    const em_v so_far = em->ll.v;
    if (em->draw && em->draw->log_likelihood)
        em->ll.v = em_all(0);
    return so_far;
}
static void em_end_trial(em_run *em, em_v so_far, int scored)
{
    if (!em->draw || !em->draw->log_likelihood)
        return;
    em->draw->log_likelihood[em->trial] = scored ? em->ll.v[0] : NAN;
    em->ll.v += so_far;
}

/* Marks the responses that are scored; returns whether the state learns from this row. */
static int em_look(em_run *em, int drawing)
{
    unsigned bits;
    const int everything = em_row_counts(em->row, drawing, &bits);
    for (int r = 0; r < EM_R; r++)
        em->scored[r] = (em_m){0} - (int64_t)(bits >> r & 1);
    return everything;
}

/* One trial. Where the responses that are to be drawn are there already, they are drawn from what came before them, and what
 * comes next goes on from those that were there. */
static void em_step(em_run *em, const parameters *p, em_state *s)
{
    const em_draw *draw = em->draw;
    const em_run was = *em;
    const em_state before = *s;
    const int recorded = em_drawing(em) && em_is_recorded(em->row);
    double row[EM_C], drawn[EM_C];
    __builtin_memcpy(row, em->row, sizeof row);
    for (int again = recorded; again >= 0; again--) {
        const int learned = em_look(em, em_drawing(em));
        em_trial(em, p, s);
        if (again) {
            __builtin_memcpy(drawn, em->row, sizeof drawn);
            __builtin_memcpy(em->row, row, sizeof row);
            *em = was;
            em->draw = NULL;
        }
        if (again || !learned || (em_drawing(em) && !em_is_whole(em->row)))
            *s = before;
    }
    if (recorded)
        __builtin_memcpy(em->row, drawn, sizeof drawn);
    em->draw = draw;
}

static double em_trace(int trials, int options, double *rows, const uint8_t *restart, const uint8_t *condition,
                       const double *facts, const double *x, const em_draw *draw, double *latents)
{
    em_run run = {.ll = em_constant(em_all(0)), .divisor = em_all(1), .facts = facts, .options = options, .draw = draw},
           *em = &run;
    parameters p;
    em_load(em, x + (condition && trials ? condition[0] : 0) * EM_P, &p);
    em_state s;
    em_start(em, &p, &s);
    for (int t = 0; t < trials; t++) {
        if (condition && t > 0 && condition[t] != condition[t - 1])
            em_load(em, x + condition[t] * EM_P, &p);
        em->row = rows + (size_t)t * EM_C;
        em->trial = t;
        const em_v so_far = em_begin_trial(em);
        em->latents = latents ? latents + (size_t)t * EM_L : NULL;
        if (restart && restart[t])
            em_start(em, &p, &s);
        em_step(em, &p, &s);
        int any = 0;
        for (int r = 0; r < EM_R; r++)
            any |= em->scored[r][0] != 0;
        for (int l = 0; l < EM_L && latents && !any; l++)
            em->latents[l] = NAN;
        em_settle(em);
        em_end_trial(em, so_far, any);
    }
    return em->ll.v[0];
}

static void em_natural(const double *x, const double *facts, double *natural)
{
    em_run run = {.facts = facts};
    parameters p;
    em_load(&run, x, &p);
#define EM_STORE(name_, ...) natural[EM_PAR_##name_] = p.name_.v[0];
    PARAMETERS(EM_STORE)
}

#define EM_INVERT_FUNCTION(f, unused, y) (f(em_constant(em_all(y))).v[0])
static void em_unconstrained(const double *natural, const double *facts, double *x)
{
    (void)facts;
#define EM_INVERT(name_, transform_, ...) x[EM_PAR_##name_] = EM_INVERTED(transform_, natural[EM_PAR_##name_]);
    PARAMETERS(EM_INVERT)
}
#endif
#endif
#endif
