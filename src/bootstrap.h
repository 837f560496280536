/* The bootstrap over subjects: what the group's estimates do when other subjects of the same kind come. */
#ifndef EMLIB_BOOTSTRAP_H
#define EMLIB_BOOTSTRAP_H
#include "fit_setup.h"
#include "resample.h"

typedef struct em_bootstrap {
    int n;                 /* B; 0: there was none */
    int moving, alike, nobody; /* repetitions without a result, by their em_resample_outcome; NaN below */
    double *mu, *var;      /* [B,P] */
    double *coefficient;   /* [B,C,P] on raw columns; NULL: no covariates */
    int done;              /* repetitions that are made */
    double evaluations;    /* on this rank */
} em_bootstrap;

/* Draws as many subjects as there are, with replacement, and estimates the group from them, setup->options.bootstrap times
 * (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 6; subjects are drawn, not trials, because they are what is
 * independent). EM begins where the fit has ended and may stop EM_BOOTSTRAP_TOL from its fixed point (or the fit's own
 * tolerance where that is larger), which is far below what resampling changes; within options.max_iter E-steps. Where there are
 * covariates, mu is the mean at their averages over the fit's subjects, as the fit's own. Draws depend on the seed and the
 * number of the repetition alone. The modes and weights of `estep` are in the end what they were.
 * With a checkpoint (NULL: none) it goes on from the repetitions that this has found, and pauses; EM_STOPPED. Collective. */
#define EM_BOOTSTRAP_TOL 1e-4
em_code em_bootstrap_run(em_comm *comm, const em_setup *setup, const em_plan *plan, em_estep *estep, const em_group_values *group,
                         em_checkpoint *checkpoint, const em_progress *progress, em_bootstrap *bootstrap, em_error *error)
    EM_MUST_CHECK;
void em_bootstrap_free(em_bootstrap *bootstrap);
/* How often each of n subjects is drawn in a repetition (from 0 on): count [n] out. */
void em_bootstrap_draw(uint64_t seed, int repetition, size_t n, double *count);
#endif
