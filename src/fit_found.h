/* What is there already of a fit that is asked for: its file, or the state of it where it was interrupted. Rank 0 only. */
#ifndef EMLIB_FIT_FOUND_H
#define EMLIB_FIT_FOUND_H
#include "checkpoint.h"

typedef struct em_fit_found {
    em_fit *same;  /* the output is there, made from the same data, model and options; NULL: it is not */
    bool finished; /* and nothing is left to do */
    bool state;    /* there is a state to go on from */
} em_fit_found;

/* Looks at the options, at the output and at its checkpoint, whose path and log are set, and says what it goes on from. EM_INPUT_ERROR
 * where one of them is of something else, and not to be replaced (output->force). With output->resume a fit that had not converged is
 * not finished; options->max_iter may be another then. A fit that has converged is the same whatever options->max_iter is. */
em_code em_fit_find(const char *dataset, const em_model *model, const em_fit_options *options, const em_fit_output *output,
                    em_checkpoint *checkpoint, em_fit_found *found, em_error *error) EM_MUST_CHECK;

typedef enum em_seen { EM_SEEN_NOTHING, EM_SEEN_CONVERGED, EM_SEEN_UNCONVERGED, EM_SEEN_OTHER, EM_SEEN_FOREIGN } em_seen;
typedef struct em_fit_seen {
    em_seen output;  /* a fit of just this, one of something else, or no fit at all */
    bool state;      /* its checkpoint is there */
    char why[400];   /* what the output or the checkpoint is instead: "was made from other data"; "" */
} em_fit_seen;
/* The same without a word and without a refusal: what em_fit_find would meet. */
em_code em_fit_look(const char *dataset, const em_model *model, const em_fit_options *options, const char *output, em_fit_seen *seen,
                    em_error *error) EM_MUST_CHECK;
/* Refuses what a fit would refuse before it looks at the trials themselves: options, columns that the model needs, subjects,
 * covariates, the group of another fit. */
em_code em_fit_try(const char *dataset, const em_model *model, const em_fit_options *options, em_error *error) EM_MUST_CHECK;
#endif
