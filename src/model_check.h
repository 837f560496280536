/* Tries a model on data: what a model's author wants to know before the first fit. */
#ifndef EMLIB_MODEL_CHECK_H
#define EMLIB_MODEL_CHECK_H
#include "emlib/emlib.h"

/* What was found: in order, one line each. */
typedef enum em_verdict { EM_FINE, EM_NOTE, EM_MEND } em_verdict;
typedef struct em_report {
    void (*line)(void *where, em_verdict verdict, const char *text);
    void *where;
    int to_mend; /* lines with EM_MEND so far */
} em_report;

/* The model's columns in the data, transforms, finite values, derivatives against differences, kernels against each other, sums
 * of probabilities, what the data tell of each parameter, people drawn and found again. Each finding is reported. An error is
 * returned only where the machine fails; bad data are a finding. */
em_code em_model_check(const em_model *model, const char *dataset, em_report *report, em_error *error) EM_MUST_CHECK;
#endif
