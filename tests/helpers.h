/* What several tests need: in-memory datasets, packed, at every instruction set this machine has. */
#ifndef EMLIB_TEST_HELPERS_H
#define EMLIB_TEST_HELPERS_H
#include "batch.h"
#include "isa.h"
#include "random.h"

extern const em_model em_model_plain_probe, em_model_plain_rw, em_model_logs, em_model_normal, em_model_peaks, em_model_plane, em_model_probe, em_model_sparse, em_model_habit;

/* A dataset of these trial counts for the model's columns, all cells missing. Freed with em_dataset_free. */
em_dataset *blank_data(const em_model *model, size_t n_subjects, const int *trials);
/* Fills every cell with values the columns allow. */
void random_cells(em_dataset *data, const em_model *model, int options, uint64_t seed);
double *cell_of(em_dataset *data, const char *column, size_t row);
/* The dataset seen by the model; not to be closed (the dataset stays the caller's). Free .column. */
em_trials trials_of(em_dataset *data, const em_model *model, int options);

/* All groups of the plan, packed; freed with em_batch_free. */
em_group_data *pack_all(const em_plan *plan, const em_trials *trials);

/* Log-likelihood and derivatives of every subject at x [P] (the same for all): value [S], gradient [S,P], hessian
 * [S,P(P+1)/2]; NULL for what is not wanted. two: the kernel for exactly two options. */
void score_all(em_dataset *data, const em_model *model, int isa, bool two, int options, const double *x,
               double *value, double *gradient, double *hessian);
/* The same with these facts [F] for every subject in place of their own; NULL: their own. */
void score_with_facts(em_dataset *data, const em_model *model, int isa, bool two, int options, const double *x,
                      const double *facts, double *value, double *gradient, double *hessian);
int widest_isa(void);

/* Sanitizers take ten times as long, and look at memory, not at numbers: there, long tests run for fewer models. */
#if defined(__SANITIZE_ADDRESS__) && !defined(EMLIB_DEEP)
enum { SLOW_BUILD = 1 };
#else
enum { SLOW_BUILD = 0 };
#endif
#endif
