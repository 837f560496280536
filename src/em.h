/* EM: the group's Gaussian from everybody's E-step, again and again until its fixed point. No HDF5. */
#ifndef EMLIB_EM_H
#define EMLIB_EM_H
#include "archive.h"
#include "comm.h"
#include "estep.h"

/* Sums over all subjects of one E-step. */
typedef struct em_totals {
    double used;      /* subjects that enter the M-step */
    double log_likelihood, log_posterior, log_marginal_likelihood; /* over those */
    double observed;  /* their observed trials */
    double flagged;   /* subjects that do not enter */
} em_totals;

/* One row an E-step. */
typedef struct em_trace {
    int n, room;
    double *mu, *var;                /* [n, P] group under which the E-step ran */
    double *log_marginal_likelihood; /* [n] */
} em_trace;
void em_trace_free(em_trace *trace);

typedef struct em_run_result {
    em_group_values group; /* that of the last E-step: the subjects belong to it */
    em_totals totals;
    em_trace trace;
    int iterations;
    bool converged;
    bool unbounded[EM_MAX_PARAMETERS]; /* means that the data want at infinity */
    double distance;       /* estimated distance to the fixed point; NaN where nothing is estimated */
    double e_step_seconds, m_step_seconds;
} em_run_result;

/* All of it but the seconds of other ranks, for a trace of n_parameters. */
void em_run_result_pass(em_run_result *result, int n_parameters, em_archive *archive);

/* Where EM begins. */
typedef struct em_beginning {
    const em_group_values *group;
    bool known; /* the modes have x already, as em_estep_kind EM_GIVEN wants it */
} em_beginning;
typedef struct em_checkpoint em_checkpoint;
/* Runs EM (options->group estimate) or one E-step (fixed, none). With a checkpoint (NULL: none) it goes on from the state that was
 * found, if there is one, and pauses to write its own; EM_STOPPED. Without one, *result must be empty but for a trace and iterations
 * that it continues. Collective: all ranks get the same result. */
em_code em_run_em(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options, const em_beginning *beginning,
                  em_checkpoint *checkpoint, const em_progress *progress, em_run_result *result, em_error *error) EM_MUST_CHECK;
/* The same where the modes in `estep` are those under `start` already, as after em_run_em: the way is short, and only who has had
 * several maxima, or none, is sought anew. For other weights of the subjects. EM_STOPPED, without a result, where estep->pause ends an
 * E-step. */
em_code em_run_em_warm(em_comm *comm, const em_plan *plan, em_estep *estep, const em_fit_options *options,
                       const em_group_values *start, em_run_result *result, em_error *error) EM_MUST_CHECK;
#endif
