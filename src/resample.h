/* The group estimated again with other weights of the subjects: resampled, or with one left out. No HDF5. */
#ifndef EMLIB_RESAMPLE_H
#define EMLIB_RESAMPLE_H
#include "em.h"

/* Starts where EM has converged with weight 1 for everybody, and leaves everything as it was in the end. */
typedef struct em_resample {
    em_comm *comm;
    const em_plan *plan;
    em_estep *estep;
    em_fit_options options; /* with the tolerance of these estimations */
    em_group_values group;  /* where each of them begins, as do the modes that are kept here: */
    double *store, *variance;
    em_posterior *posterior;
    int used;
    double evaluations;
} em_resample;

typedef enum em_resample_outcome {
    EM_RESAMPLE_GOOD,
    EM_RESAMPLE_MOVING,   /* EM had not converged; the result is there */
    EM_RESAMPLE_ALIKE,    /* the covariates of those who are left cannot be told apart; no result */
    EM_RESAMPLE_NOBODY    /* none of those who are left could be fitted; no result */
} em_resample_outcome;

/* Keeps the modes. options and group are copied. em_resample_end also after a failure. Collective, as all below. */
em_code em_resample_begin(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options, double tol,
                          const em_group_values *group, em_resample *resample, em_error *error) EM_MUST_CHECK;
/* weight [S] by the plan's number of each subject. EM from the group and the modes of the beginning; the modes that it ends with
 * stay until the next call. result->trace is NULL. EM_STOPPED as em_run_em_warm. */
em_code em_resample_run(em_resample *resample, const double *weight, em_run_result *result, em_resample_outcome *outcome,
                        em_error *error) EM_MUST_CHECK;
/* The modes of the beginning, with these weights; NULL: 1 for everybody. */
void em_resample_restore(em_resample *resample, const double *weight);
/* Evaluations of subjects on this rank since the beginning. */
double em_resample_evaluations(const em_resample *resample);
/* All as it was. */
void em_resample_end(em_resample *resample);
#endif
