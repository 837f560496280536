/* What a model file's lists become: numbers (EM_PAR_alpha, EM_COL_choice, how many of each) and, where the description is
 * compiled, the tables that em_model points to. Included by model.h and plain.h, which say what the lists are. */
#ifndef EMLIB_LISTS_H
#define EMLIB_LISTS_H
#include <math.h>

#include "emlib/abi.h"

#ifndef LATENTS
#define LATENTS(latent)
#endif
#ifndef FACTS
#define FACTS(fact)
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpedantic"      /* optional last arguments of the lists */
#pragma GCC diagnostic ignored "-Woverride-init" /* .mu and .var after their defaults */
#else
#pragma clang diagnostic ignored "-Wpedantic"
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif

#define EM_PAR_ENUM(name, ...) EM_PAR_##name,
#define EM_COL_ENUM(name, role, kind, about) EM_COL_##name,
#define EM_LAT_ENUM(name, about) EM_LAT_##name,
#define EM_FACT_ENUM(name, kind, column, about) EM_FACT_##name,
#define EM_RESPONSE_input(name)
#define EM_RESPONSE_outcome(name)
#define EM_RESPONSE_response(name) EM_RESPONSE_OF_##name,
#define EM_RESPONSE_ENUM(name, role, kind, about) EM_RESPONSE_##role(name)
enum { PARAMETERS(EM_PAR_ENUM) EM_P, EM_H = EM_P * (EM_P + 1) / 2 };
enum { COLUMNS(EM_COL_ENUM) EM_C };
enum { COLUMNS(EM_RESPONSE_ENUM) EM_R };
enum { LATENTS(EM_LAT_ENUM) EM_L };
enum { FACTS(EM_FACT_ENUM) EM_F };
_Static_assert(EM_P <= EM_MAX_PARAMETERS, "too many parameters");
_Static_assert(EM_F <= EM_MAX_PARAMETERS, "too many facts");
_Static_assert(EM_R > 0 && EM_R <= EM_MAX_OPTIONS, "a model needs at least one response column, and at most 16");

/* Whether a column is a choice among K options: #if can count, because the lists are macros. */
#define EM_CODES_option + 1
#define EM_CODES_number
#define EM_CODES_at_least(L)
#define EM_CODES_within(L, U)
#define EM_CODES_codes(n, means)
#define EM_COL_OPTION(name, role, kind, about) EM_CODES_##kind
#if (0 COLUMNS(EM_COL_OPTION)) > 0
#define EM_HAS_OPTION 1
#else
#define EM_HAS_OPTION 0
#endif

#define EM_CALL(apply, a, b, x) EM_CALL_(apply, a, b, x)
#define EM_CALL_(apply, a, b, x) apply(a, b, x)
#define EM_EXPAND(x) x
#define EM_CALL_LIST(list) EM_EXPAND(EM_CALL list)

#if EM_TRACE
static em_trace_fn em_trace;
static em_natural_fn em_natural, em_unconstrained;

/* transform: its name in files and tables, and what applies it */
#define EM_NAME_identity "identity"
#define EM_NAME_exp "exp"
#define EM_NAME_logistic "logistic"
#define EM_NAME_scaled(U) #U "*logistic"
#define EM_NAME_between(L, U) "logistic from " #L " to " #U
#define EM_NAME_scaled_by(fact_name) #fact_name "*logistic"
#define EM_NAME_custom(f) #f
#define EM_PAR_ROW(name_, transform_, about_, ...) \
    {.name = #name_, .transform = EM_NAME_##transform_, .about = about_, .mu = 0, .var = 6.25, __VA_ARGS__},
#define EM_ROLE_input EM_INPUT
#define EM_ROLE_response EM_RESPONSE
#define EM_ROLE_outcome EM_OUTCOME
#define EM_KIND_number .codes = EM_NUMBER, .min = -INFINITY, .max = INFINITY
#define EM_KIND_at_least(L) .codes = EM_NUMBER, .min = L, .max = INFINITY
#define EM_KIND_within(L, U) .codes = EM_NUMBER, .min = L, .max = U
#define EM_KIND_option .codes = EM_OPTION
#define EM_KIND_codes(n, means) .codes = n, .meaning = means
#define EM_COL_ROW(name_, role_, kind_, about_) {.name = #name_, .role = EM_ROLE_##role_, .about = about_, EM_KIND_##kind_},
#define EM_LAT_ROW(name_, about_) {.name = #name_, .about = about_},
#define EM_FACT_minimum EM_MINIMUM
#define EM_FACT_maximum EM_MAXIMUM
#define EM_FACT_mean EM_MEAN
#define EM_FACT_ROW(name_, kind_, column_, about_) \
    {.name = #name_, .about = about_, .kind = EM_FACT_##kind_, .column = EM_COL_##column_},
static const em_parameter em_parameters[] = {PARAMETERS(EM_PAR_ROW)};
static const em_column em_columns[] = {COLUMNS(EM_COL_ROW)};
static const em_latent em_latents[EM_L + 1] = {LATENTS(EM_LAT_ROW) {0}};
static const em_fact em_facts[EM_F + 1] = {FACTS(EM_FACT_ROW) {0}};

/* ---- transforms, and their inverses -----------------------------------------------------------------------------
 * transform: a function of (a, b, x) and its first two arguments. custom(f) is called by EM_INVERT_FUNCTION, which whoever
 * includes this defines. */
#define EM_INVERT_identity em_invert_identity, 0, 0
#define EM_INVERT_exp em_invert_exp, 0, 0
#define EM_INVERT_logistic em_invert_between, 0, 1
#define EM_INVERT_scaled(U) em_invert_between, 0, U
#define EM_INVERT_between(L, U) em_invert_between, L, U
#define EM_INVERT_scaled_by(name) em_invert_between, 0, facts[EM_FACT_##name]
#define EM_INVERT_custom(f) EM_INVERT_FUNCTION, f##_inverse, 0
#define EM_INVERTED(transform, y) EM_CALL_LIST((EM_INVERT_##transform, y))
static inline double em_invert_identity(double a, double b, double y)
{
    (void)a, (void)b;
    return y;
}
static inline double em_invert_exp(double a, double b, double y)
{
    (void)a, (void)b;
    return __builtin_log(y);
}
static inline double em_invert_between(double low, double high, double y) { return __builtin_log((y - low) / (high - y)); }

/* Whether a trial with these cells is learned from and, as bits of *scored, which of its responses are scored: the rule at
 * em_role. Where data are drawn, only an input can be missing. */
static inline int em_row_counts(const double *row, int drawing, unsigned *scored)
{
    int shown = 1, so_far = 1, response = 0;
    for (int c = 0; c < EM_C; c++)
        if (isnan(row[c]) && em_columns[c].role != EM_OUTCOME && !(drawing && em_columns[c].role == EM_RESPONSE))
            shown = 0;
    *scored = 0;
    for (int c = 0; c < EM_C; c++) {
        if (isnan(row[c]) && !(drawing && em_columns[c].role != EM_INPUT))
            so_far = 0;
        if (em_columns[c].role == EM_RESPONSE)
            *scored |= (unsigned)(shown && so_far) << response++;
    }
    return so_far;
}

/* Nothing of a trial is missing; none of its responses is. */
static inline int em_is_whole(const double *row)
{
    int whole = 1;
    for (int c = 0; c < EM_C; c++)
        whole &= !isnan(row[c]);
    return whole;
}
static inline int em_is_recorded(const double *row)
{
    int there = 1;
    for (int c = 0; c < EM_C; c++)
        there &= em_columns[c].role != EM_RESPONSE || !isnan(row[c]);
    return there;
}

/* A model on its own, in a shared object, is found under one name whatever its own. */
#ifdef EM_ALONE
#define EM_MODEL_SYMBOL(name) __attribute__((visibility("default"))) emlib_model
#else
#define EM_MODEL_SYMBOL(name) em_model_##name
#endif
#define EM_DESCRIPTION(name_)                                                                              \
    .abi = EM_ABI, .size = sizeof(em_model), .name = #name_, .n_parameters = EM_P, .n_columns = EM_C,      \
    .n_responses = EM_R, .n_latents = EM_L, .n_facts = EM_F, .parameters = em_parameters,                  \
    .columns = em_columns, .latents = em_latents, .facts = em_facts, .trace = em_trace,                    \
    .natural = em_natural, .unconstrained = em_unconstrained
#endif
#endif
