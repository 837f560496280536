/* What `emlib recover` and `emlib identify` share: their options, and where results go. */
#ifndef EMLIB_STUDY_H
#define EMLIB_STUDY_H
#include "print.h"

enum {
    STUDY_MU = 1000,
    STUDY_VAR,
    STUDY_REPEAT,
    STUDY_SEED,
    STUDY_OPTIONS,
    STUDY_TASK,
    STUDY_STARTS,
    STUDY_TOL,
    STUDY_MAX_ITER,
    STUDY_COVARIANCE,
    STUDY_ACCELERATE,
    STUDY_FORCE
};

typedef struct study {
    em_simulation simulation; /* of one data set; mu and var of each model come from the texts */
    em_fit_options fit;
    int repetitions;
    const char *mu, *var, *task, *output;
    bool json, force, quiet;
} study;

study study_defaults(void);
/* Takes an option of STUDY_TABLE; ARGP_ERR_UNKNOWN for others. */
error_t study_parse(study *s, int key, char *text, const struct argp_state *state);
/* The rows of argp's table. */
/* clang-format off */
#define STUDY_TABLE \
    {"subjects", 's', "S", 0, "number of subjects", 1}, \
    {"trials", 't', "T", 0, "trials of each", 1}, \
    {"repeat", STUDY_REPEAT, "N", 0, "number of data sets (default 1)", 1}, \
    {"task", STUDY_TASK, "NAME=VALUE,...", 0, "settings of the task (repeatable); 'emlib simulate --model M --task help' lists them", 1}, \
    {"options", STUDY_OPTIONS, "K", 0, "number of options of the choice (default: the task's)", 1}, \
    {"seed", STUDY_SEED, "N", 0, "the same seed gives the same result (default 1); the first data set is that of 'emlib " \
     "simulate --seed N', the seeds of the others follow from it (--json tells them)", 1}, \
    {"json", 'j', NULL, 0, "JSON in place of the tables", 2}, \
    {"force", STUDY_FORCE, NULL, 0, "replace the file of --output if it exists", 2}, \
    {"quiet", 'q', NULL, 0, "no progress; warnings and errors only", 2}, \
    {"covariance", STUDY_COVARIANCE, "WHAT", 0, "diagonal: the fits let parameters vary independently (default); full: " \
     "covariances are estimated, too", 3}, \
    {"starts", STUDY_STARTS, "K", 0, "points from which each subject's first search begins (default: as 'emlib fit')", 3}, \
    {"tol", STUDY_TOL, "X", 0, "largest estimated distance of each fit to EM's fixed point (default 1e-6)", 3}, \
    {"max-iter", STUDY_MAX_ITER, "N", 0, "most EM iterations of each fit (default 500)", 3}, \
    {"accelerate", STUDY_ACCELERATE, "HOW", 0, "auto: few EM iterations (default); none: plain EM", 3}
/* clang-format on */

/* Is the output one that can be written? Better known now than after the work. */
em_code study_try_output(const study *s, em_error *error) EM_MUST_CHECK;
/* A comma and a number; nothing but the comma for NaN. */
void study_csv_number(FILE *to, double value);
/* So many of those who are to be looked at are named; the others are counted. */
enum { STUDY_NAMED = 10 };
#endif
