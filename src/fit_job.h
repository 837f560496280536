/* A fit while it is made, and what it becomes. */
#ifndef EMLIB_FIT_JOB_H
#define EMLIB_FIT_JOB_H
#include "bootstrap.h"
#include "checkpoint.h"
#include "em.h"
#include "evidence.h"
#include "fit_setup.h"

/* A fit of the same that had not converged, from which this one goes on. */
typedef struct em_earlier {
    size_t n_subjects, n_parameters;
    int n_trace, iterations;
    double *map;    /* [S,P] */
    int32_t *modes; /* [S] */
    double *trace;  /* mu [I,P], var [I,P], log marginal likelihood [I] */
} em_earlier;

typedef struct em_fit_job {
    em_comm *comm;
    const em_model *model;
    const em_fit_options *options; /* as asked; what they mean stands in setup.options */
    const em_log *log;             /* on rank 0 */
    const em_dataset *data;        /* where it is in memory, the same on all ranks; NULL: it is a file */
    const int *isa;                /* the widest instruction set to use; NULL: what the machines have */
    const em_kernel *kernel;
    em_trials trials;
    em_plan plan;
    em_setup setup;
    em_group_data *groups;
    size_t n_groups;
    em_estep estep;
    em_run_result result;
    em_evidences evidences;
    double *covariance; /* of the estimates, see em_uncertainty; NULL: none */
    double uncertainty_evaluations;
    em_bootstrap bootstrap;
    const char *output;        /* NULL: the fit stays in memory */
    em_checkpoint *checkpoint; /* NULL: none */
    const em_earlier *earlier; /* NULL: none; its file is the output */
    double began, read_seconds, uncertainty_seconds, evidence_seconds, bootstrap_seconds;
} em_fit_job;

/* Chooses the kernel, reads the dataset, scatters it over the ranks, and finds what is to be estimated. Collective;
 * em_fit_job_close also after a failure. */
em_code em_fit_job_open(em_fit_job *job, const char *dataset, em_error *error) EM_MUST_CHECK;
void em_fit_job_close(em_fit_job *job);
/* em_fit_data with instruction sets up to *isa: where ranks fit data of their own, all are to round alike. NULL: as em_fit_data. */
em_code em_fit_data_alike(em_comm *comm, const em_dataset *data, const char *name, const em_model *model, const em_fit_options *options,
                          const int *isa, const em_log *log, em_fit **fit, em_error *error) EM_MUST_CHECK;

/* Rank 0: everything of the fit but its subjects. chance: log-likelihood of choosing at random, NaN where there is no such thing;
 * responses: how many are scored; facts: means over the subjects. */
em_code em_fit_assemble(em_fit_job *job, const char *dataset, double chance, double responses, const double *facts, em_fit *fit,
                        em_error *error) EM_MUST_CHECK;
#endif
