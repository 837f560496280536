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
 * not finished; options->max_iter may be another then. */
em_code em_fit_find(const char *dataset, const em_model *model, const em_fit_options *options, const em_fit_output *output,
                    em_checkpoint *checkpoint, em_fit_found *found, em_error *error) EM_MUST_CHECK;
#endif
