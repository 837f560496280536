/* What `emlib recover` and `emlib identify` share: their options, progress, and where results go. */
#ifndef EMLIB_STUDY_H
#define EMLIB_STUDY_H
#include "print.h"

enum {
    STUDY_MU = 1000,
    STUDY_VAR,
    STUDY_REPEAT,
    STUDY_SEED,
    STUDY_OPTIONS,
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
    const char *mu, *var, *output;
    bool json, force, quiet;
} study;

study study_defaults(void);
/* Takes an option of STUDY_TABLE; ARGP_ERR_UNKNOWN for others. */
error_t study_parse(study *s, int key, char *text, const struct argp_state *state);
/* The rows of argp's table. */
#define STUDY_TABLE                                                                                                             \
    {"subjects", 's', "S", 0, "number of subjects", 1},                                                                         \
    {"trials", 't', "T", 0, "trials of each", 1},                                                                               \
    {"repeat", STUDY_REPEAT, "N", 0, "number of data sets (default 1)", 1},                                                     \
    {"options", STUDY_OPTIONS, "K", 0, "number of options of the choice (default: the task's)", 1},                             \
    {"seed", STUDY_SEED, "N", 0, "the same seed gives the same result (default 1); the first data set is that of 'emlib simulate --seed N', " \
     "the seeds of the others follow from it (--json tells them)", 1},                                                          \
    {"json", 'j', NULL, 0, "JSON in place of the tables", 2},                                                                   \
    {"force", STUDY_FORCE, NULL, 0, "replace the file of --output if it exists", 2},                                            \
    {"quiet", 'q', NULL, 0, "no progress; warnings and errors only", 2},                                                        \
    {"covariance", STUDY_COVARIANCE, "WHAT", 0, "of the fit: diagonal (default) or full", 3},                                   \
    {"starts", STUDY_STARTS, "K", 0, "of the fit: points from which each subject's first search begins (see 'emlib fit --help')", 3}, \
    {"tol", STUDY_TOL, "X", 0, "of the fit: largest estimated distance to EM's fixed point (default 1e-6)", 3},                 \
    {"max-iter", STUDY_MAX_ITER, "N", 0, "of the fit: most EM iterations (default 500)", 3},                                    \
    {"accelerate", STUDY_ACCELERATE, "HOW", 0, "of the fit: auto (default) or none", 3}

/* Is the output one that can be written? Better known now than after the work. */
em_code study_try_output(const study *s, em_error *error) EM_MUST_CHECK;
/* Progress on stderr; `live` lives as long as it. */
typedef struct study_progress {
    const char *command;
    bool terminal;
    double said; /* seconds at the last line */
} study_progress;
em_progress study_progress_of(const study *s, const char *command, study_progress *live);
/* A comma and a number; nothing but the comma for NaN. */
void study_csv_number(FILE *to, double value);
/* A line of warning for people, up to MOST of them; then how many more there are. */
enum { STUDY_NAMED = 10 };
#endif
