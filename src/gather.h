/* Everybody's results from the ranks to a fit, or to its file, window after window. */
#ifndef EMLIB_GATHER_H
#define EMLIB_GATHER_H
#include "comm.h"
#include "estep.h"
#include "evidence.h"
#include "fit_file.h"

typedef struct em_gather {
    em_comm *comm;
    const em_view *view;
    const em_plan *plan;
    const em_estep *estep; /* this rank's */
    const em_prior *prior; /* under which the E-step was; its means do not count */
    const em_evidences *evidences; /* this rank's; it, or its arrays, may be NULL */
} em_gather;

/* Bytes of the longest id, at least 1. Collective. */
size_t em_gather_id_width(const em_gather *gather);
/* Over all subjects: the log-likelihood of choosing at random of those that are used, and their scored responses; the mean of each
 * fact [n_facts]. On all ranks. Collective. */
em_code em_gather_sums(const em_gather *gather, double *chance, double *responses, double *facts, em_error *error) EM_MUST_CHECK;
/* Memory for the arrays of n subjects; those of the evidences that fit->importance and quadrature tell of among them. */
em_code em_gather_room(em_fit *fit, size_t n, size_t n_parameters, em_error *error) EM_MUST_CHECK;
/* All subjects' results on rank 0, where fit->n_parameters and n_subjects are set. With a writer they go to its file
 * and no more than a window of them is held at a time; else into the arrays of `fit`, for which there must be room.
 * Fills fit->noted. Elsewhere fit and writer do not count. Collective. */
em_code em_gather_subjects(const em_gather *gather, size_t id_width, em_fit *fit, em_fit_writer *writer,
                           em_error *error) EM_MUST_CHECK;
#endif
