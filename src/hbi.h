/* Hierarchical Bayesian inference over several models: E-steps, responsibilities and groups, again and again until nothing
 * changes. No HDF5. */
#ifndef EMLIB_HBI_H
#define EMLIB_HBI_H
#include "comm.h"
#include "estep.h"
#include "group.h"
#include "hbi_group.h"

/* One model with this rank's subjects. All models have the same plan. */
typedef struct em_hbi_part {
    const em_model *model;
    em_view view;           /* the model's own parameters, ... */
    em_group_design design; /* ... all of which vary */
    em_estep estep;
    em_group_values first; /* prior of the individual fits that the run starts from; its mean is a0 */
    em_group_values prior; /* of the last E-step */
} em_hbi_part;

/* The prior of the part's last E-step, but for the means. */
void em_hbi_make_prior(em_group_prior *store, const em_hbi_part *part);

/* One row an E-step. */
typedef struct em_hbi_trace {
    int n, room;
    double *alpha; /* [n, K] under which the E-step ran */
    double *bound; /* [n] */
} em_hbi_trace;
void em_hbi_trace_free(em_hbi_trace *trace);

typedef struct em_hbi_result {
    em_hbi_belief belief; /* that of the last E-step: the subjects belong to it */
    double lambda[EM_HBI_MODELS];
    double bound;    /* of the log evidence under it */
    double used;     /* subjects that at least one model fits */
    int iterations;
    bool converged;
    double distance;
    em_hbi_trace trace;
} em_hbi_result;

/* Runs HBI from individual fits. null: responsibilities are held at 1/K. Collective: all ranks get the same result. */
em_code em_hbi_run(em_comm *comm, const em_plan *plan, em_hbi_part *part, int n_models, const em_hbi_options *options, bool null,
                   const em_hbi_progress *progress, em_hbi_result *result, em_error *error) EM_MUST_CHECK;
#endif
