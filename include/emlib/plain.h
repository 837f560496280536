/* What a model file includes whose likelihood does not fit the style of model.h: planning by search, calls of other libraries,
 * loops whose length depends on the parameters. It is ordinary C with doubles; the price is that derivatives are numerical.
 *
 *   #define PARAMETERS(parameter) parameter(alpha, logistic, "learning rate") ...      as in model.h
 *   #define COLUMNS(column)       column(choice, response, option, "option chosen") ...
 *   #define FACTS(fact)           ...                                                  (may be left out)
 *   #include <emlib/plain.h>
 *   LOG_LIKELIHOOD(p, d) { ... return log_likelihood; }      of one subject, all trials
 *   MODEL(name, .family = "...", .about = "...", .reference = "...", .equations = "...", .task = "bandit")
 *
 * In LOG_LIKELIHOOD:
 *   p->alpha                  a parameter on its natural scale, double
 *   d->trials, d->options     numbers of trials and of options (K)
 *   d->choice[t]              a column, double; codes are whole numbers from 0
 *   scored(d, choice, t)      whether this response counts: only then it may enter the likelihood
 *   learned(d, t)             whether learning happens on this trial: nothing is missing
 *   restarts(d, t)            whether a new block begins before this trial: what was learned starts again
 *   fact(d, name)             a fact about the subject
 * A cell on a trial that does not count may hold anything, -1 for a code. Trials beyond d->trials do not exist. The function
 * must have no memory (no static variables that change): it is called at many points in any order.
 * A custom(f) transform is double f(double x) with double f_inverse(double natural).
 *
 * Simulation comes from the same function. Responses that are codes are drawn one by one: the likelihood of the trials so far
 * with each code in turn gives their probabilities. That is as many calls for each trial as there are codes. A response that
 * is a number cannot be drawn. There are no latent variables.
 *
 * Derivatives are by central differences with steps that are halved, extrapolated to step 0 (Ridders 1982, Adv Eng Softw 4:75),
 * the step at which to begin chosen for each parameter by how the likelihood bends. For a smooth likelihood the gradient is
 * right to about 1e-10 of the log-likelihood and the Hessian to 1e-9. A full evaluation takes about 4 P (P + 2) calls. */
#ifndef EMLIB_PLAIN_H
#define EMLIB_PLAIN_H
#ifndef EM_TRACE
#define EM_TRACE 0
#endif
#include "emlib/lists.h"

#include <stdint.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* the file's own are used where the model is put together */
#define EM_PAR_DOUBLE(name, ...) double name;
#define EM_COL_DOUBLES(name, ...) const double *name;
typedef struct { PARAMETERS(EM_PAR_DOUBLE) } parameters;
typedef struct subject {
    int trials, options;
    COLUMNS(EM_COL_DOUBLES)      /* [trials] each */
    const uint8_t *em_scored;    /* [trials] bits by response */
    const uint8_t *em_learned, *em_restart; /* [trials] */
    const double *em_facts;
} subject;
#define scored(d, column, t) ((d)->em_scored[t] >> EM_RESPONSE_OF_##column & 1)
#define learned(d, t) ((d)->em_learned[t] != 0)
#define restarts(d, t) ((d)->em_restart[t] != 0)
#define fact(d, name) ((d)->em_facts[EM_FACT_##name])
#define LOG_LIKELIHOOD(p, d)                                                                                            \
    static __attribute__((unused)) double em_log_likelihood(__attribute__((unused)) const parameters *p, const subject *d)

#if EM_TRACE
static em_score_fn em_plain_score;
/* One lane, one kernel, whatever the machine. Values may carry over from trial to trial: `block` matters. */
#define MODEL(name_, ...)                                                                                  \
    extern const em_model EM_MODEL_SYMBOL(name_);                                                          \
    const em_model EM_MODEL_SYMBOL(name_) = {                                                              \
        EM_DESCRIPTION(name_), .has_state = 1, .numerical = 1,                                             \
        .kernels = {{.lanes = 1, .score = em_plain_score}}, __VA_ARGS__};
#else
#define MODEL(name_, ...) _Static_assert(1, #name_);
#endif
#endif

