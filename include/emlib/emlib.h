/* emlib: hierarchical models of behaviour, fitted by EM with a Laplace E-step.
 *
 * This is the library behind the program: whatever `emlib COMMAND` does, a C program can do with these calls.
 * Conventions. Functions return em_code, EM_OK (0) for success; on failure the caller's em_error holds one sentence
 * that names file, line, subject or parameter and what to do. The library neither prints nor exits. Arrays are
 * row-major; `[S,P]` gives their shape. What is handed out as a pointer to a struct is freed with that struct's free
 * function, which accepts NULL. */
#ifndef EMLIB_EMLIB_H
#define EMLIB_EMLIB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emlib/abi.h"

#define EMLIB_VERSION "0.1.0"

#if defined(__GNUC__)
#define EM_API __attribute__((visibility("default")))
#define EM_MUST_CHECK __attribute__((warn_unused_result))
#define EM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define EM_API
#define EM_MUST_CHECK
#define EM_PRINTF(f, a)
#endif

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* The values are the program's exit statuses. */
#define EM_CODES(code)                                                   \
    code(EM_OK, 0, "done")                                               \
    code(EM_MACHINE, 1, "the machine failed: input or output, memory, MPI") \
    code(EM_INPUT_ERROR, 2, "bad usage or bad input")                    \
    code(EM_NOT_CONVERGED, 3, "written, but EM had not converged")       \
    code(EM_STOPPED, 75, "stopped by a signal, state written")
#define EM_CODE_ENUM(name, value, text) name = value,
typedef enum em_code { EM_CODES(EM_CODE_ENUM) } em_code;

typedef struct em_error {
    em_code code;
    char text[1000]; /* one sentence or a few, no newline at the end */
} em_error;

/* Fills `error` (NULL allowed) and returns `code`, so that `return em_fail(...)` reads as what it is. */
EM_API em_code em_fail(em_error *error, em_code code, const char *format, ...) EM_PRINTF(3, 4);
/* What a code means, a constant string. */
EM_API const char *em_code_text(em_code code);

/* Called with one line of text (no newline): warnings and progress. NULL where nothing is wanted. */
typedef struct em_log {
    void (*line)(void *where, const char *text);
    void *where;
} em_log;
EM_API void em_say(const em_log *log, const char *format, ...) EM_PRINTF(2, 3);

/* ---- models ---------------------------------------------------------------------------------------------------- */

/* The built-in models, ordered by family and name; *n their number. */
EM_API const em_model *const *em_models(size_t *n);
/* The built-in model of this name, or NULL. */
EM_API const em_model *em_model_find(const char *name);
/* As em_model_find, or the model in a shared object where the name is a path, with a '/' in it (see models/README.md on how to
 * make one). Where there is no such model the error lists names that are close, or says what is wrong with the file. A model from a
 * file lives as long as the process. */
EM_API em_code em_model_get(const char *name, const em_model **model, em_error *error) EM_MUST_CHECK;
/* Index of a parameter of the model, or -1. */
EM_API int em_parameter_index(const em_model *model, const char *name);
/* SHA-256 (hex) of what identifies the model's likelihood: name, version, parameters, columns; of a model from a file, the file's
 * content, too. */
EM_API em_code em_model_fingerprint(const em_model *model, char fingerprint[65], em_error *error) EM_MUST_CHECK;

/* ---- datasets -------------------------------------------------------------------------------------------------- */

typedef struct em_dataset_column {
    char *name;
    double *value;     /* [rows held] NaN: missing; codes from 0 where the column was text; NULL: not read */
    char **level;      /* [n_levels] text of each code; NULL for a column of numbers */
    int n_levels;
    bool levels_given; /* the order of the levels was chosen by the user, not by sorting */
} em_dataset_column;

/* What is known of each subject beside the trials: age, group. A column with one value a subject, value [S]. */
typedef em_dataset_column em_covariate;

/* The parameters that simulated data were drawn from. Facts of the data, which bound some parameters (em_fact), were not known
 * yet: they counted as 1. The data's own facts make other natural values of the same x; those here are the ones drawn with. */
typedef struct em_truth {
    char *model;
    uint64_t seed;
    int n_parameters;
    char **parameter;        /* [P] */
    double *mu, *var;        /* [P] unconstrained */
    double *x, *natural;     /* [S,P] */
    int n_effects;           /* E; with effects mu is the mean where the covariates are 0 */
    char **effect_covariate, **effect_parameter; /* [E] */
    double *effect;          /* [E] shift of the parameter's mean for one unit of the covariate */
    char *task;              /* that was done; NULL where that is not known */
    char *task_settings;     /* all of them, as em_simulation has them; "" for a task without any */
} em_truth;

typedef struct em_dataset {
    size_t n_subjects;       /* S */
    size_t n_rows;           /* N, trials of all subjects */
    char **id;               /* [S] UTF-8; NULL: not read */
    uint64_t *offset;        /* [S+1] first trial of each subject */
    size_t first_row, held;  /* columns hold rows first_row .. first_row+held-1 (the whole: 0, n_rows) */
    int n_columns;
    em_dataset_column *column; /* [n_columns] in the order of the file they came from */
    int n_covariates;
    em_covariate *covariate; /* [n_covariates] in the order of the table they came from; always whole */
    char fingerprint[65];    /* SHA-256 of the content, hex; see em_dataset_seal */
    em_truth *truth;         /* NULL for data that were not simulated */
} em_dataset;

EM_API void em_dataset_free(em_dataset *data);
/* Frees the values of the columns and keeps the rest, as after em_dataset_read_frame. */
EM_API void em_dataset_forget(em_dataset *data);
/* The column of this name, or NULL. */
EM_API em_dataset_column *em_dataset_find(const em_dataset *data, const char *name);
/* The covariate of this name, or NULL. */
EM_API em_covariate *em_dataset_covariate(const em_dataset *data, const char *name);
/* Computes the fingerprint of a whole dataset: SHA-256 of its ids, offsets, columns and covariates, by way of hashes of fixed
 * blocks (see src/fingerprint.h). The same content has the same fingerprint whatever the type and chunks on disk and the order of
 * the columns and covariates. */
EM_API em_code em_dataset_seal(em_dataset *data, em_error *error) EM_MUST_CHECK;
/* Writes the whole dataset, which must be sealed, to a new file that appears under its name complete or not at all.
 * An existing file is replaced only with `force` (EM_INPUT_ERROR otherwise). */
EM_API em_code em_dataset_write(const em_dataset *data, const char *path, bool force, em_error *error) EM_MUST_CHECK;
/* Whether the file is one of trials, not a fit or something else. */
EM_API bool em_dataset_is_file(const char *path);
/* Reads everything but the values of the columns; covariates come with their values. */
EM_API em_code em_dataset_read_frame(const char *path, em_dataset **data, em_error *error) EM_MUST_CHECK;
/* The same without ids and truth, which are NULL: what one of many processes needs to know of all subjects. */
EM_API em_code em_dataset_read_outline(const char *path, em_dataset **data, em_error *error) EM_MUST_CHECK;
/* Ids of subjects first .. first+count-1. Each text and *id [count] are to be freed. */
EM_API em_code em_dataset_read_ids(const em_dataset *data, const char *path, size_t first, size_t count, char ***id,
                                   em_error *error) EM_MUST_CHECK;
/* Reads rows first .. first+count-1 of the named columns (names NULL: of all); frees values read before. */
EM_API em_code em_dataset_read_rows(em_dataset *data, const char *path, const char *const *names, int n_names,
                                    size_t first, size_t count, em_error *error) EM_MUST_CHECK;

/* ---- covariates of a group ------------------------------------------------------------------------------------- */

/* A covariate that the mean of a parameter depends on. */
typedef struct em_covariate_term {
    const char *covariate;
    const char *parameter; /* its name, or the part before '[' of several; NULL: every parameter */
} em_covariate_term;
/* How a covariate of texts becomes numbers; coefficients are on the parameter's unconstrained scale.
 * Treatment: each level against a reference. Sum: each level but one against the mean of all levels. Helmert: each level but
 * the first against the mean of those before it. (Venables & Ripley 2002, Modern Applied Statistics with S, section 6.2;
 * Helmert columns are divided so that a coefficient is the difference itself.) */
typedef enum em_contrast { EM_TREATMENT, EM_SUM, EM_HELMERT } em_contrast;
typedef struct em_contrast_choice {
    const char *covariate;
    em_contrast contrast;
    const char *reference; /* a level; NULL: the first of a treatment contrast, the last (without coefficient) of a sum */
} em_contrast_choice;

/* Reads "age,group" or "age:alpha,group:beta". terms [n_terms] out, texts included in one block of memory: free it.
 * NULL or an empty text gives none. */
EM_API em_code em_covariate_terms_read(const char *text, em_covariate_term **terms, int *n_terms,
                                       em_error *error) EM_MUST_CHECK;
/* Reads n texts like "group=sum", "group=treatment:control". choices [n] out, in one block of memory as above. */
EM_API em_code em_contrast_choices_read(const char *const *text, int n, em_contrast_choice **choices,
                                        em_error *error) EM_MUST_CHECK;

/* ---- import ---------------------------------------------------------------------------------------------------- */

typedef struct em_rename {
    const char *from, *to;
} em_rename;
typedef struct em_levels {
    const char *column;
    const char *const *level; /* [n] in the order of their codes */
    int n;
} em_levels;
typedef struct em_base {
    const char *column;
    int base; /* the code of the first level in the table; becomes 0 */
} em_base;
/* Rows that are trials: those with one of these values in the column. */
typedef struct em_keep {
    const char *column;       /* its new name */
    const char *const *value; /* [n] */
    int n;
} em_keep;
typedef struct em_import_options {
    const char *subject; /* column that tells subjects apart; default "subject" */
    const em_rename *rename;
    const em_levels *levels;
    const em_base *base;
    int n_rename, n_levels, n_base;
    const char *covariates; /* path of a table with one row a subject; NULL: there is none */
    const em_keep *keep;    /* [n_keep] a row must agree with all of them; none: every row is a trial */
    int n_keep;
    const char *const *missing; /* [n_missing] stand for a missing value, besides NA and the like, in all columns but that of subjects */
    int n_missing;
} em_import_options;

EM_API em_import_options em_import_defaults(void);
/* Reads a long table, CSV or TSV (told apart by the header line), one row a trial, into a sealed dataset. Rows of a
 * subject need not be together; their order is kept. With `covariates` a second table, one row a subject, gives what is
 * known of the subjects: renaming, levels and bases may speak of columns of either. Its column of subjects has the name
 * that the first one's has, or else `subject`. Subjects without a row there have missing values; rows of subjects without
 * trials are left out, with a word in the log. `log` gets warnings. Errors name file, line and column. */
EM_API em_code em_import(const char *path, const em_import_options *options, const em_log *log, em_dataset **data,
                         em_error *error) EM_MUST_CHECK;

/* Labels of sessions, runs or acquisitions, without "ses-" and the like; n 0: all of them. */
typedef struct em_bids_labels {
    const char *const *label; /* [n] */
    int n;
} em_bids_labels;
typedef struct em_bids_options {
    const char *task;     /* its label; NULL is refused, with a list of those there are */
    const char *suffix;   /* "beh" or "events"; NULL: whichever there is */
    const char *datatype; /* "beh", "func", "eeg", ...: files of these folders alone; NULL: of all */
    em_bids_labels session, run, acquisition; /* sessions follow one another in this order */
    bool by_session;      /* each session is a subject, LABEL_ses-LABEL */
} em_bids_options;
/* Reads the tables of a task in a folder that is arranged as the Brain Imaging Data Structure (BIDS) has it:
 * sub-LABEL/[ses-LABEL/]DATATYPE/sub-LABEL[_ses-LABEL]_task-TASK[_acq-LABEL][_run-NUMBER]_beh.tsv or _events.tsv. A
 * subject's id is the label. Its files follow one another by session, acquisition and run, in natural order; columns
 * `session`, `run` and `acquisition` are added where names of files have them, unless the files have columns of these
 * names. A column that only some files have is missing in the others. Texts are coded in the order of `Levels` in the JSON files that
 * belong to a table, if there are any. Covariates are those of participants.tsv, or of `covariates`. em_import_options' `subject` is
 * not used. The dataset is that of em_import from one table with all rows. */
EM_API em_code em_import_bids(const char *folder, const em_bids_options *bids, const em_import_options *options,
                              const em_log *log, em_dataset **data, em_error *error) EM_MUST_CHECK;

/* ---- ranks ----------------------------------------------------------------------------------------------------- */

/* The processes that work together. Every call that takes one is collective: all ranks must make it. */
typedef struct em_comm em_comm;
/* Starts MPI if this process was started by an MPI launcher (mpirun, srun), else stands for one process alone. */
EM_API em_code em_comm_start(em_comm **comm, em_error *error) EM_MUST_CHECK;
/* One process alone, MPI not touched. */
EM_API em_comm *em_comm_alone(void);
EM_API void em_comm_stop(em_comm *comm); /* ends MPI if em_comm_start started it */
EM_API int em_comm_rank(const em_comm *comm);
EM_API int em_comm_size(const em_comm *comm);
/* em_model_get on every rank; if one of them fails all do, with the same error. */
EM_API em_code em_comm_model(em_comm *comm, const char *name, const em_model **model, em_error *error) EM_MUST_CHECK;
/* Ends every rank at once: only for main, after a failure on one rank that the others cannot learn of. */
EM_API void em_comm_abort(em_comm *comm, em_code code);

/* ---- fits ------------------------------------------------------------------------------------------------------ */

typedef enum em_group { EM_GROUP_ESTIMATE, EM_GROUP_FIXED, EM_GROUP_NONE } em_group;

/* A parameter has a value of its own for each level of a column of the trials: alpha[placebo], alpha[drug]. */
typedef struct em_by {
    const char *column, *parameter;
} em_by;
/* Reads "drug:alpha,session:beta". by [n] out, texts included in one block of memory: free it. NULL or an empty text gives none. */
EM_API em_code em_by_read(const char *text, em_by **by, int *n, em_error *error) EM_MUST_CHECK;

/* Parameters are those of the model here; what is said of one with a value a condition holds for each of these. What is pointed to is
 * borrowed. */
typedef struct em_fit_options {
    em_group group;
    double mu[EM_MAX_PARAMETERS];  /* start of the group mean (or the fixed prior); NaN: the model's default */
    double var[EM_MAX_PARAMETERS]; /* start of the group variance, > 0 or NaN */
    bool full;                     /* covariances between parameters are estimated, too */
    const em_covariate_term *covariate; /* what means depend on */
    const em_contrast_choice *contrast; /* of covariates that are texts; the others have a treatment contrast */
    int n_covariates, n_contrasts;
    const em_by *by;
    int n_by;
    double fix[EM_MAX_PARAMETERS]; /* everybody's value, natural scale; NaN: not fixed */
    bool shared[EM_MAX_PARAMETERS]; /* the same for everyone, but estimated: no variance */
    const char *group_from;        /* a fit file whose group is taken; NULL: none. The group is then not estimated, and what the fit had
                                      of covariates, conditions and fixed parameters is taken with it */
    const char *subjects;          /* a file of the ids to use, as em_selection_make has it; NULL: all */
    const char *const *exclude;    /* [n_exclude] ids to leave out */
    int n_exclude;
    double tol;                    /* largest estimated distance to EM's fixed point */
    int max_iter;                  /* largest number of E-steps */
    int starts;                    /* points from which each subject's first E-step begins, the group mean among them;
                                      0: 8, 12, 16 for models of 1, 2, 3 parameters, 32 for more; with more than
                                      200 subjects few at first, and all if that shows that several maxima are common */
    int options;                   /* K; 0: as found in the data */
    uint64_t seed;                 /* of the random starts, and of importance sampling */
    bool accelerate;               /* few E-steps to EM's fixed point; false: plain EM */
    bool ignore_block;             /* the column `block` restarts nothing */
    bool importance, quadrature;   /* the evidence by importance sampling, by adaptive Gauss-Hermite quadrature, too; the latter for
                                      up to 4 parameters that vary. Laplace's is always there */
    int samples;                   /* of importance sampling, for each subject, 100 or more; 0: 2000 */
    int nodes;                     /* of the quadrature, in each dimension, 1 to 200; 0: 31, 21, 13, 9 in 1 to 4 dimensions */
    int bootstrap;                 /* times that the group is estimated again from subjects drawn anew, with replacement; 0: never */
} em_fit_options;

EM_API em_fit_options em_fit_defaults(void);

/* Per-subject status. */
#define EM_SUBJECT_STATES(state)                                                                              \
    state(EM_SUBJECT_GOOD, 0, "good: gradient vanishes, Hessian positive definite")                            \
    state(EM_SUBJECT_KINK, 1, "good: maximum on a kink of the likelihood, where no gradient vanishes")         \
    state(EM_SUBJECT_ROUGH, 2, "flagged: the gradient nearly vanishes, closer the search did not come; used")  \
    state(EM_SUBJECT_INDEFINITE, 3, "flagged: Hessian not positive definite; not used")                        \
    state(EM_SUBJECT_NO_VALUE, 4, "flagged: no point with a finite likelihood found; not used")                \
    state(EM_SUBJECT_RUNAWAY, 5, "flagged: no maximum, the estimate runs off to infinity; not used")           \
    state(EM_SUBJECT_LOST, 6, "flagged: the search found no maximum, only points near a cliff; not used")
#define EM_SUBJECT_ENUM(name, value, text) name = value,
typedef enum em_subject_status { EM_SUBJECT_STATES(EM_SUBJECT_ENUM) } em_subject_status;

/* What a subject's status means, a constant string; and whether it is one that users should look at. */
EM_API const char *em_subject_status_text(int status);
EM_API bool em_subject_is_flagged(int status);
/* Whether the subject entered the M-step and the evidence. */
EM_API bool em_subject_is_used(int status);

/* Per-parameter status in the group. */
typedef enum em_group_status { EM_GROUP_ESTIMATED = 0, EM_GROUP_VANISHED = 1, EM_GROUP_GIVEN = 2, EM_GROUP_SHARED = 3 } em_group_status;
/* "estimated", "vanished", "given", "shared"; "unknown". */
EM_API const char *em_group_status_text(int status);

typedef struct em_timing {
    double read_seconds, e_step_seconds, m_step_seconds, communication_seconds, write_seconds, total_seconds;
    double e_step_seconds_mean, e_step_seconds_least; /* over the ranks; the others are of the slowest one */
    double likelihood_evaluations; /* subject-evaluations of any derivative order */
    double uncertainty_seconds, uncertainty_evaluations; /* of standard errors; in none of the above but the total */
    double evidence_seconds, evidence_evaluations; /* of importance sampling and quadrature; likewise */
    double bootstrap_seconds, bootstrap_evaluations;     /* of the bootstrap, likewise */
    int ranks;
} em_timing;

/* What users should be told of the subjects. An effective sample size below EM_LEAST_ESS is too small: it is where one draw
 * weighs a tenth of all of them, and the error that is told is then not to be trusted either. */
enum { EM_NOTED = 10, EM_LEAST_ESS = 100 };
typedef struct em_noted {
    size_t several;              /* subjects with more than one maximum */
    size_t flagged;              /* em_subject_is_flagged */
    char *flagged_id[EM_NOTED];  /* the first of these; NULL where memory was short */
    int flagged_status[EM_NOTED];
    size_t empty;                /* without a trial that counts */
    char *first_empty_id;
    size_t poor;                 /* effective sample size of importance sampling below EM_LEAST_ESS */
    char *poor_id[EM_NOTED];     /* the first of these */
} em_noted;

/* A fit as stored in a fit file; see README, "Fit file". Owns everything it points to. */
typedef struct em_fit {
    char *emlib_version, *model, *dataset; /* dataset: path as given or, when read, resolved from the file's folder */
    char *model_file;   /* the path of a compiled model, as that of the dataset; NULL: a built-in one */
    bool numerical;     /* the model's derivatives are numerical, not exact */
    char model_fingerprint[65], dataset_fingerprint[65];
    char *options;      /* JSON object: what was asked */
    bool converged;
    int iterations;     /* E-steps over all subjects */
    double distance;    /* estimated distance to EM's fixed point at the end; NaN with a fixed group or none */
    size_t n_subjects, n_subjects_used;
    uint64_t n_trials;  /* observed trials of the subjects used */
    double log_likelihood, log_marginal_likelihood, bic_int, aic_int;
    double bic_int_subjects; /* BIC_int with the number of subjects in place of the trials */
    double log_posterior;    /* sum of log-likelihood + log prior at the MAPs */
    double bic_int_map; /* BIC_int with log_posterior in place of the evidence: what the Python emlib calls BIC_int */
    double pseudo_r2;   /* 1 - log_likelihood / that of chance; NaN where the model has no chance level */
    double mean_choice_probability; /* geometric mean over all scored choices, at the MAPs; NaN as above */
    int n_parameters;   /* P */
    int n_group;        /* K of BIC_int: estimated group parameters */
    int n_options;      /* options of the choice, as found in the data or asked for */
    char **parameter, **transform;   /* [P] */
    double *mu, *var, *cov;          /* [P], [P], [P,P] unconstrained */
    int8_t *group_status;            /* [P] em_group_status */
    int8_t *unbounded;               /* [P] 1: the data want this mean at infinity; it is held where the likelihood is flat */
    double *natural_median, *natural_mean; /* [P] T(mu) and E[T(x)] under the group, mean over subjects' facts */
    int covariance_rank;             /* of cov: fewer than the parameters with variance where it has collapsed */
    int n_coefficients;              /* C: the intercept and the columns of covariates; 0: no covariates */
    char **coefficient_name;         /* [C] "(Intercept)", "age", "group[patient]" */
    double *coefficient;             /* [C,P] on the covariates as they are, 0 where a column does not act on a parameter */
    double *coefficient_standard;    /* [C,P] on columns of mean 0 and standard deviation 1 */
    double *column_center, *column_scale; /* [C] of these: z = (raw - center)/scale */
    double *mu_se, *var_se;          /* [P] standard errors; NaN where there is none, NULL where none were computed */
    double *coefficient_se;          /* [C,P] */
    int n_estimates;                 /* E: what was estimated, in this order: means or coefficients, variances, covariances */
    char **estimate_name;            /* [E] "mu:alpha", "age:alpha", "var:alpha", "cov:alpha,beta" */
    double *estimate, *estimate_cov; /* [E], [E,E] their values and their covariance as estimates, NaN for vanished ones */
    int df;                          /* degrees of freedom of t for means and coefficients: subjects used - columns; 0: none */
    size_t n_excluded;
    char **excluded;                 /* [n_excluded] ids of the dataset's subjects that were left out by request; NULL: nobody */
    bool importance, quadrature;     /* these evidences were asked for: */
    double log_evidence_importance, log_evidence_importance_se, log_evidence_quadrature; /* sums; NaN where not asked for */
    int n_bootstrap;                 /* B */
    double *bootstrap_mu, *bootstrap_var, *bootstrap_coefficient; /* [B,P], [B,P], [B,C,P]; NULL where not asked for; NaN where a
                                        repetition had no result */
    em_noted noted;
    char **subject;                  /* [S] this and what follows [S...] is NULL in the fit that em_fit_file hands out */
    double *map, *natural;           /* [S,P] */
    double *hessian;                 /* [S,P,P] of the negative log posterior at the MAP, unconstrained */
    double *subject_log_likelihood, *subject_log_marginal_likelihood; /* [S] NaN where flagged and not used */
    uint64_t *subject_n_trials;      /* [S] observed trials */
    int8_t *subject_status;          /* [S] em_subject_status */
    int32_t *subject_modes;          /* [S] different maxima met, the most in one E-step */
    double *subject_importance, *subject_importance_se, *subject_importance_ess; /* [S] evidence, its error and effective sample size */
    double *subject_quadrature;      /* [S] evidence; all four NULL where not asked for */
    int n_trace;                     /* I: rows of the trace */
    double *trace_mu, *trace_var;    /* [I,P] group under which E-step i ran */
    double *trace_log_marginal_likelihood; /* [I] */
    em_timing timing;
} em_fit;

EM_API void em_fit_free(em_fit *fit);
/* The posterior covariance of subject s's parameters, cov [P,P] out, unconstrained scale: the inverse of the Hessian over the directions
 * in which the group has variance, 0 along the others. False, and NaN, where it is not positive definite. */
EM_API bool em_fit_posterior(const em_fit *fit, size_t s, double *cov);
/* A 95 % interval, unconstrained scale; all NaN where there is none. */
typedef struct em_interval {
    double lower, upper;
    double error, df; /* of a mean: the standard error that it is made with, and the degrees of freedom of t; else NaN */
} em_interval;
/* Of a mean or coefficient of parameter j with this standard error: t with S - C degrees of freedom, C columns of the parameter. As in
 * regression it takes the error for S/(S - C) times as large a variance: EM divides the group's variance by the S subjects, without
 * regard to the C coefficients that were estimated, too. */
EM_API em_interval em_fit_interval(const em_fit *fit, int parameter, double value, double se);
/* Of a variance: normal on the log scale. */
EM_API em_interval em_variance_interval(double value, double se);
/* Progress, called on rank 0; what is NULL is not called. */
typedef struct em_progress {
    /* after each E-step of a fit */
    void (*step)(void *where, int iteration, double log_marginal_likelihood, double change, double distance,
                 double seconds);
    void *where;
    /* after each repetition of the estimation, as the bootstrap and em_loo make them: `done` of `all` after so many seconds */
    void (*repetition)(void *where, int done, int all, double seconds);
} em_progress;
/* Fits `model` to the dataset file. Collective. On rank 0 *fit is the result, elsewhere NULL; every rank returns the
 * same code: EM_OK, EM_NOT_CONVERGED (the fit is there, too), or an error whose text all ranks share. */
EM_API em_code em_fit_run(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                          const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
    EM_MUST_CHECK;
/* The same of a sealed dataset in memory, whole and the same on every rank. name: what messages and fit->dataset call it. */
EM_API em_code em_fit_data(em_comm *comm, const em_dataset *data, const char *name, const em_model *model,
                           const em_fit_options *options, const em_log *log, em_fit **fit, em_error *error) EM_MUST_CHECK;
/* Where a fit goes, and what is done about what is there already. */
typedef struct em_fit_output {
    const char *path;
    bool force;  /* replaces whatever is there; without `resume` also a state in PATH.checkpoint */
    bool resume; /* goes on with a fit that had not converged, for options->max_iter more iterations; says so where there is nothing to
                    go on from */
    double checkpoint_every; /* seconds, at least, between two states; the time that they take stays below 2 %, too */
    bool (*stopped)(void);   /* asked between two groups of subjects: end with the state written? NULL: never */
} em_fit_output;
/* What `emlib fit` does: em_fit_run with the result in a file; no rank ever holds more than its share of it. A fit of the same data, model
 * and options that is there already is recognised, said in the log, and left as it is; one of anything else is replaced only with `force`
 * (EM_INPUT_ERROR otherwise). Whether the output can be written is found out before the work. The state of the fit is kept in
 * PATH.checkpoint meanwhile, and where there is one of the same data, model and options the fit goes on from there, on any number of
 * ranks, to the result that it would have had without interruption. Collective; returns EM_OK or EM_NOT_CONVERGED on every rank when the
 * file is there, EM_STOPPED when output->stopped has ended it. *fit on rank 0: the new fit without its subjects, NULL where it was there
 * already; fit may be NULL. */
EM_API em_code em_fit_file(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                           const em_fit_output *output, const em_progress *progress, const em_log *log, em_fit **fit,
                           em_error *error) EM_MUST_CHECK;
/* The JSON text that `fit->options` holds for these options and this model, to compare with a stored fit. Free it. */
EM_API char *em_fit_options_json(const em_fit_options *options, const em_model *model) EM_MUST_CHECK;
/* As em_dataset_write. */
EM_API em_code em_fit_write(const em_fit *fit, const char *path, bool force, em_error *error) EM_MUST_CHECK;
EM_API em_code em_fit_read(const char *path, em_fit **fit, em_error *error) EM_MUST_CHECK;
/* The name under which em_model_get finds the model of a fit: of a built-in one the fit's own word; of a compiled one `named`, the
 * path that the user gives. A compiled model is code, and a fit file may come from anybody: without a path from the user
 * (NULL) it is refused with EM_INPUT_ERROR, wherever the fit says that it is. `named` does not count for a built-in model. *name
 * out, borrowed. */
EM_API em_code em_fit_model_name(const em_fit *fit, const char *named, const char **name, em_error *error) EM_MUST_CHECK;

/* What the resamples of a bootstrap say of one number. */
typedef struct em_resampled {
    int n;            /* repetitions that count: with a result */
    double se;        /* standard error: the standard deviation of these */
    double low, high; /* percentile interval: 2.5 and 97.5 % of them lie below; linear between order statistics */
} em_resampled;
/* From column `value` of n rows that are `stride` numbers apart, such as fit->bootstrap_mu + j, fit->n_bootstrap, fit->n_parameters;
 * NaN does not count. All NaN where fewer than two count. (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 6, 13.) */
EM_API em_code em_bootstrap_summary(const double *value, int n, size_t stride, em_resampled *summary, em_error *error) EM_MUST_CHECK;

/* ---- leaving one subject out ----------------------------------------------------------------------------------- */

typedef struct em_loo_options {
    const char *dataset; /* path of the data; NULL: as the fit says */
    const em_model *model;  /* NULL: as em_fit_model_name has it */
    const char *model_file; /* path of the compiled model of a fit that was made with one */
    double tol;          /* largest estimated distance to each EM's fixed point; 0: as the fit's */
} em_loo_options;

typedef struct em_loo_result {
    char *model, dataset_fingerprint[65];
    int n_parameters;
    char **parameter;      /* [P] */
    size_t n_subjects;     /* S, those of the fit */
    char **subject;        /* [S] */
    double *elpd;          /* [S] log predictive density: the subject's Laplace evidence under the group of all others; NaN: none */
    double *log_marginal_likelihood; /* [S] the fit's: under the group of everybody; NaN where the subject was not used */
    int8_t *status;        /* [S] em_subject_status of the search under the others' group */
    double *shift;         /* [S] how far the group's mean moves without the subject, in the fit's standard errors: the most over
                              the parameters; NaN where the fit has none */
    int32_t *shift_parameter; /* [S] which; -1: none */
    int32_t *iterations;   /* [S] E-steps; 0: the subject was not used in the fit, and the group is the fit's */
    bool *converged;       /* [S] EM without the subject has */
    size_t n_used;         /* subjects with an elpd, over which the sums below go */
    size_t n_moving;       /* not converged */
    double elpd_loo, elpd_loo_se;   /* sum, and its standard error sqrt(n var(elpd)) */
    double evidence;       /* of the same subjects in the fit */
    double p_loo;          /* evidence - elpd_loo: effective number of group parameters */
    double seconds;
} em_loo_result;

EM_API em_loo_options em_loo_defaults(void);
EM_API void em_loo_free(em_loo_result *result);
/* Leave-one-subject-out cross-validation of the fit in the file: for each subject EM over all others, from the fit's group and
 * modes and with its options, then the subject's evidence under that group; sum and standard error as in Vehtari, Gelman & Gabry
 * 2017, Statistics and Computing 27:1413, with subjects for observations and point estimates of the group. The model and the data
 * must be those of the fit (EM_INPUT_ERROR), which must have estimated its group from at least two subjects. Collective; on rank 0
 * *result, elsewhere NULL, the same on any number of ranks. EM_NOT_CONVERGED, with the result: n_moving is above 0. `progress`:
 * its `repetition` after each subject. */
EM_API em_code em_loo(em_comm *comm, const char *fit, const em_loo_options *options, const em_progress *progress, const em_log *log,
                      em_loo_result **result, em_error *error) EM_MUST_CHECK;

/* Two models by the subjects that both predict. */
typedef struct em_loo_difference {
    size_t n;
    double difference, se; /* sum of elpd of a - elpd of b, and sqrt(n var(difference of a subject)) */
} em_loo_difference;
/* Refuses results of other data or other subjects. */
EM_API em_code em_loo_compare(const em_loo_result *a, const em_loo_result *b, em_loo_difference *difference,
                              em_error *error) EM_MUST_CHECK;

/* ---- from fits and models -------------------------------------------------------------------------------------- */

/* Log-likelihood of every subject at one point. x [P] unconstrained; value [S] out, to be freed by the caller. */
EM_API em_code em_loglik(const char *dataset, const em_model *model, const double *x, int options, bool ignore_block,
                         const em_log *log, em_dataset **frame, double **value, em_error *error) EM_MUST_CHECK;

/* The mean of a parameter differs between subjects by `size` for one unit of a covariate. */
typedef struct em_effect {
    const char *covariate, *parameter;
    double size; /* unconstrained scale */
} em_effect;
/* A covariate of two texts: the first subject has the first, the second the second, and so on in turn. */
typedef struct em_split {
    const char *covariate;
    const char *level[2]; /* 0 and 1 for an effect */
} em_split;
typedef struct em_simulation {
    size_t subjects;
    int trials;
    double mu[EM_MAX_PARAMETERS], var[EM_MAX_PARAMETERS]; /* NaN: the model's default; var may be 0 */
    int options; /* K; 0: two, or what the task has */
    uint64_t seed;
    const em_effect *effect; /* several on one parameter add up */
    const em_split *split;
    int n_effects, n_splits;
    /* Settings of the model's task that are not the defaults: "p=0.9/0.1,reversal=30". Lists have '/' between their numbers, ranges
     * "..". Names, defaults and meanings: emlib simulate --model MODEL --task help. NULL or "": all defaults. What is not allowed is
     * EM_INPUT_ERROR. */
    const char *task_settings;
} em_simulation;
/* Reads "age:alpha=0.5,age:beta=-1". effects [n] out, texts included in one block of memory: free it. NULL or an empty text gives
 * none. */
EM_API em_code em_effects_read(const char *text, em_effect **effects, int *n, em_error *error) EM_MUST_CHECK;
/* mu and var of the group of a fit of this model, for new people, and where `options` is 0 the fit's number of options.
 * EM_INPUT_ERROR where that says less than the group: with covariates, conditions, covariances, bounds that come from the data, or
 * without a group. */
EM_API em_code em_simulation_from(const char *fit, const em_model *model, em_simulation *simulation, em_error *error) EM_MUST_CHECK;
/* Draws subjects from the group and their trials from the model in its task; a sealed dataset with its truth. A covariate of
 * an effect that is no split is standard normal, drawn for each subject from random numbers of its own: the same seed gives the
 * same people, with effects and without, but for the shift. */
EM_API em_code em_simulate(const em_model *model, const em_simulation *simulation, em_dataset **data,
                           em_error *error) EM_MUST_CHECK;

/* What `emlib simulate` does: the same data in a new file, drawn by all ranks; no rank holds more than a piece of them. The same
 * file on any number of ranks. As em_dataset_write; collective. */
EM_API em_code em_simulate_file(em_comm *comm, const em_model *model, const em_simulation *simulation, const char *path,
                                bool force, em_error *error) EM_MUST_CHECK;

/* ---- a design gone through again ------------------------------------------------------------------------------- */

/* What a replay goes on from after each trial: from what it drew itself, or from what was recorded (one-step-ahead prediction). AUTO:
 * the first where every outcome is known for whatever is drawn, else the second. */
typedef enum em_history { EM_HISTORY_AUTO, EM_HISTORY_OWN, EM_HISTORY_OBSERVED } em_history;

typedef struct em_like_options {
    const char *dataset;    /* whose subjects, trials and inputs are taken; NULL: the fit's */
    const char *fit;        /* where parameters, conditions and covariates come from; NULL: the model's parameters and mu, var */
    const em_model *model;  /* NULL: the fit's, see em_fit_model_name */
    const char *model_file; /* path of the compiled model of a fit that was made with one */
    bool estimates;         /* everybody's own MAP in place of a draw from the group */
    double mu[EM_MAX_PARAMETERS], var[EM_MAX_PARAMETERS]; /* without a fit; as in em_simulation */
    int options;            /* K, without a fit; 0: as found in the data. With a fit: the fit's, or more where the data have more */
    uint64_t seed;
    const char *const *keep; /* [n_keep] columns that stay as they are: outcomes that do not depend on what is chosen, and columns that the
                                model does not know, which are left out otherwise */
    int n_keep;
    const char *task_settings; /* as in em_simulation, where the model's task draws outcomes */
} em_like_options;
EM_API em_like_options em_like_defaults(void);
/* The design of a dataset with responses drawn anew, and its truth. Subjects, trials and the columns that the model is shown stay as they
 * are, bit by bit; a trial without a response, or without an input, stays without a response. Bounds that come from the data (em_fact) are
 * those of the dataset. Where another choice than the recorded one is drawn, the outcome is the one of columns NAME_0, NAME_1, ... of
 * the dataset, or that of the model's column for the other option, or drawn by the model's task; EM_INPUT_ERROR where there is none of
 * these, and for settings of a task that draws nothing. Where the whole dataset has no response at all, it is a plan: every trial whose
 * inputs are there is drawn, and so are outcomes that are missing. Of the fit's own data its subjects are taken, of other data everybody. Collective; *data on rank 0, sealed, else NULL; the same
 * on any number of ranks. */
EM_API em_code em_simulate_like(em_comm *comm, const em_like_options *options, const em_log *log, em_dataset **data,
                                em_error *error) EM_MUST_CHECK;

/* Posterior predictive checks. */
#define EM_STATISTICS(statistic)                                                \
    statistic(EM_CHOICE_FREQUENCY, "choice_frequency")                          \
    statistic(EM_LEARNING_CURVE, "learning_curve")                              \
    statistic(EM_REACTION_TIME_QUANTILE, "reaction_time_quantile")              \
    statistic(EM_RESPONSE_MEAN, "response_mean")
#define EM_STATISTIC_ENUM(name, text) name,
typedef enum em_statistic { EM_STATISTICS(EM_STATISTIC_ENUM) EM_N_STATISTICS } em_statistic;
EM_API const char *em_statistic_text(em_statistic statistic);

typedef struct em_predict_options {
    const char *dataset;    /* NULL: the fit's, and no other can be given but the same at another place */
    const em_model *model;  /* as above */
    const char *model_file;
    int draws;              /* replicates of each subject, at least 2 */
    int bins;               /* of a learning curve, at least 1 */
    uint64_t seed;
    em_history history;
    const char *by;         /* a column of the trials: everything once more for each of its values; NULL: none */
    const char *const *keep; /* [n_keep] outcomes that do not depend on what is chosen */
    int n_keep;
    const char *task_settings; /* as in em_simulation, where the model's task draws outcomes */
} em_predict_options;
EM_API em_predict_options em_predict_defaults(void);

/* One number that data and replicates have. */
typedef struct em_predicted_cell {
    em_statistic statistic;
    char *response;         /* "choice=1", "rt", "choice=1|cue=2" */
    int code, n_codes;      /* 1 of 2 of these; -1 and 0: of no choice */
    int bin;                /* from 1; 0: none */
    double from, to;        /* of a learning curve the bin's first and last trial, of a quantile its probability; NaN: none */
} em_predicted_cell;
typedef struct em_predicted {
    uint64_t n;             /* of a subject the responses it comes from, of the group the subjects; 0: nothing was observed */
    double observed;
    double median, lower, upper; /* of the replicates, lower and upper with 2.5 % beyond each; NaN: none has it */
} em_predicted;
typedef struct em_prediction {
    char *model;
    em_history history;     /* what it was: own or observed */
    bool exact;             /* every outcome is known for whatever is drawn */
    int draws;
    int n_cells;            /* M */
    em_predicted_cell *cell;       /* [M] */
    em_predicted *group;    /* [M] means over the subjects that have an observed value */
    double *inside;         /* [M] share of these whose observed value lies from lower to upper */
    size_t n_subjects;      /* S, those that were predicted */
    char **subject;         /* [S] */
    em_predicted *one;      /* [S,M] */
    size_t n_left_out;      /* flagged in the fit */
    char **left_out;        /* [n_left_out] */
    int8_t *left_out_status; /* [n_left_out] em_subject_status */
    uint64_t n_lost;        /* replicates in which the model drew no finite response; they do not count */
} em_prediction;
EM_API void em_prediction_free(em_prediction *prediction);
/* Replays everybody's design at parameters drawn from the subject's posterior, Normal(MAP, Hessian^-1) on the unconstrained scale
 * (Gelman, Meng & Stern 1996, Statistica Sinica 6:733), and puts statistics of the replicates beside those of the data. Collective;
 * *prediction on rank 0, else NULL; the same on any number of ranks. */
EM_API em_code em_predict(em_comm *comm, const char *fit, const em_predict_options *options, const em_log *log,
                          em_prediction **prediction, em_error *error) EM_MUST_CHECK;

/* Latent variables of every trial at the subjects' MAPs.
 * latents [N,L] out (NaN where a trial does not count, and of subjects that are not in the fit or not used by it), to be freed;
 * frame: the dataset with the model's columns. */
EM_API em_code em_latents(const em_fit *fit, const em_model *model, const char *dataset, em_dataset **frame,
                          double **latents, em_error *error) EM_MUST_CHECK;
/* The same, and log_likelihood [N] out: that of a trial's scored responses, given all trials before it, at the subject's MAP; NaN
 * where none is scored. To be freed. */
EM_API em_code em_trial_values(const em_fit *fit, const em_model *model, const char *dataset, em_dataset **frame, double **latents,
                               double **log_likelihood, em_error *error) EM_MUST_CHECK;

/* ---- studies: can it be recovered? ------------------------------------------------------------------------------- */

/* A true value, its estimate, the standard error or posterior standard deviation of this (none on the natural scale), and the 95 %
 * interval; NaN where there is none. */
typedef struct em_recovered_value {
    double truth, estimate, se, lower, upper;
} em_recovered_value;

/* What many such values say. */
typedef struct em_recovered {
    size_t n;                /* estimates whose truth is known */
    double truth, estimate;  /* mean of these truths; mean of all estimates */
    double bias, rmse;       /* mean of estimate - truth; root of the mean of its square */
    double correlation;      /* of subjects' truths and estimates in a data set: mean over those where both vary; NaN: none */
    int n_correlations;      /* data sets where they do */
    size_t n_intervals, n_held; /* intervals there are; those that hold the truth */
    double coverage;         /* n_held / n_intervals */
} em_recovered;

/* One data set and its fit. */
typedef struct em_recovery_run {
    uint64_t seed;                 /* em_simulate makes the same data with it */
    bool converged;
    int iterations;
    size_t n_used, n_flagged;      /* subjects in the group; em_subject_is_flagged */
    const em_recovered_value *mu, *var;        /* [P] unconstrained */
    const em_recovered_value *value, *natural; /* [S,P] unconstrained, natural; no estimate of subjects that are not used */
    const int8_t *status;          /* [S] em_subject_status */
    const int8_t *group_status;    /* [P] em_group_status */
} em_recovery_run;

typedef struct em_recovery {
    char *model;
    int n_parameters, n_repetitions, trials;
    size_t n_subjects;
    char **parameter, **transform; /* [P] */
    char **subject;                /* [S] */
    bool *bounded;                 /* [P] a fact of the data bounds it: the unconstrained truth of subjects is that of their data, and the
                                      group has no truth on that scale */
    em_recovery_run *run;          /* [R] */
    em_recovered *value, *natural; /* [P] of subjects, all data sets */
    em_recovered *mu, *var;        /* [P] of the group */
    int n_moving;                  /* fits that had not converged; they count like the others, but have no intervals of the group */
    size_t n_flagged, n_unused;    /* subjects of all fits; the latter have no estimate and do not count */
    double seconds;
    void *store;                   /* what the runs point to */
} em_recovery;

EM_API void em_recovery_free(em_recovery *recovery);
/* Parameter recovery: simulates `repetitions` data sets, fits each, and compares. The first has the seed of `simulation`, the others seeds
 * that follow from it; all else of `simulation` holds for each of them. Of `options` tol, max_iter, starts, seed, full and accelerate are
 * for use (EM_INPUT_ERROR for others); the number of options is the simulation's. Intervals of subjects are MAP +- 1.96 posterior
 * standard deviations on the unconstrained scale (em_fit_posterior), and what becomes of their ends on the natural one; a parameter whose
 * variance has vanished has none. Those of the group: em_fit_interval, em_variance_interval. Nothing is written. A rank holds the data set
 * it works on whole. Collective; on rank 0 *recovery, elsewhere NULL, the same on any number of ranks. EM_NOT_CONVERGED, with the result:
 * n_moving is above 0. progress: its `repetition`. */
EM_API em_code em_recover(em_comm *comm, const em_model *model, const em_simulation *simulation, const em_fit_options *options,
                          int repetitions, const em_progress *progress, em_recovery **recovery, em_error *error) EM_MUST_CHECK;

/* One model's fit of one simulated data set. */
typedef struct em_identified {
    bool converged;
    size_t n_used, n_flagged;
    double log_marginal_likelihood, bic_int; /* NaN: none */
    double expected_frequency, protected_exceedance; /* of the model among all that were fitted to this data set, see em_select_models;
                                                        NaN: no subject has evidence in every fit */
    bool best; /* no BIC_int is lower; several where they tie */
} em_identified;

typedef struct em_identification {
    int n_models, n_repetitions, trials;
    size_t n_subjects;
    char **model;        /* [M] */
    uint64_t *seed;      /* [R] the same for data of every model */
    em_identified *fit;  /* [M,R,M] simulated, repetition, fitted */
    double *confusion;   /* [M,M] share of the data sets of model i (row) for which j (column) is best, ties shared out evenly; NaN: none of
                            the data sets has a best one */
    double *inversion;   /* [M,M] probability that i was simulated where j is best, all models being equally probable before: the columns
                            of `confusion` divided by their sums; NaN where j is never best */
    double *difference;  /* [M,M] mean BIC_int of j less that of i, on data of i */
    double *expected_frequency, *protected_exceedance; /* [M,M] means over the data sets of i */
    int n_ties;          /* data sets with several best models */
    int n_uneven;        /* data sets whose fits do not use the same subjects: their BIC_int are of different data */
    int n_moving;        /* fits that had not converged; they count like the others */
    size_t n_flagged;    /* subjects of all fits */
    double seconds;
} em_identification;

EM_API void em_identification_free(em_identification *identification);
/* Model recovery: simulates `repetitions` data sets from each of the models, fits every model to every one, and tells which has the lowest
 * BIC_int: the confusion matrix and its inversion (Wilson & Collins 2019, eLife 8:e49547). simulation [n_models]. Data of a model that
 * has nothing but responses get what else the others need from the task of the first that needs it. EM_INPUT_ERROR before anything runs
 * where data of another model lack a column that is needed, or where the models explain different responses. Two BIC_int
 * within 1e-6 tie. The rest as for em_recover. */
EM_API em_code em_identify(em_comm *comm, const em_model *const *models, int n_models, const em_simulation *simulation,
                           const em_fit_options *options, int repetitions, const em_progress *progress,
                           em_identification **identification, em_error *error) EM_MUST_CHECK;

/* ---- comparing models ------------------------------------------------------------------------------------------ */

/* Order of fits from best to worst by BIC_int. Fits of other data than the first (another dataset_fingerprint, or other
 * subjects) cannot be compared with it: they are marked and come last, after those without evidence. order [n] out:
 * positions in `fits`; difference [n] out, by position in `fits`: BIC_int minus that of the best, NaN where the fit has
 * no evidence or is of other data; other [n] out. EM_INPUT_ERROR for n < 1. */
EM_API em_code em_compare(const em_fit *const *fits, int n, int *order, double *difference, bool *other,
                          em_error *error) EM_MUST_CHECK;

/* The log marginal likelihoods of those subjects who have one in every fit. */
typedef struct em_evidence_table {
    size_t n_subjects;  /* S */
    int n_fits;         /* K */
    double *value;      /* [S,K] nats */
    size_t *subject;    /* [S] positions in the fits, ascending */
    size_t n_left_out;
    size_t *left_out;   /* [n_left_out] positions of the other subjects */
} em_evidence_table;
/* Takes them out of n fits of the same subjects (EM_INPUT_ERROR where their numbers differ). S may come out as 0. */
EM_API em_code em_gather_evidence(const em_fit *const *fits, int n, em_evidence_table **evidence,
                                  em_error *error) EM_MUST_CHECK;
EM_API void em_evidence_table_free(em_evidence_table *evidence);

/* Random-effects model selection: each subject follows one of K models, and the models' frequencies in the population,
 * r, have a Dirichlet distribution. */
typedef struct em_selection {
    size_t n_subjects;             /* S */
    int n_models;                  /* K */
    double *prior, *alpha;         /* [K] Dirichlet counts of r before the data and after */
    double *expected_frequency;    /* [K] mean of r: alpha / sum(alpha) */
    double *exceedance;            /* [K] probability that the model is the most frequent one */
    double *protected_exceedance;  /* [K] the same, with the omnibus risk: (1 - risk) exceedance + risk / K */
    double *posterior;             /* [S,K] probability that the subject follows the model */
    double free_energy;            /* nats: lower bound of the log evidence of all data, r free */
    double free_energy_null;       /* nats: log evidence of all data with r at its prior mean, prior / sum(prior) */
    double omnibus_risk;           /* probability of r at its prior mean rather than free, 1/2 before the data */
    int iterations;
} em_selection;
/* The variational posterior: alpha = prior + sum over subjects of posterior, where posterior_sk ~ exp(evidence_sk +
 * psi(alpha_k) - psi(sum(alpha))) sums to 1 over k (Stephan et al. 2009, NeuroImage 46:1004), with
 * the free energies and the Bayesian omnibus risk 1/(1 + exp(free_energy - free_energy_null)) of Rigoux et al. (2014,
 * NeuroImage 84:971). The iteration starts at alpha = prior and ends when the estimated distance to its fixed point is
 * below 1e-11 sum(alpha). With prior counts below 1/2 the posterior prefers few models even where the data do not, and
 * there can be several fixed points. evidence [S,K] nats, any size, finite; prior [K] from 1e-4 to 1e6 each, NULL: 1 a
 * model. EM_INPUT_ERROR names the subject and model, counted from 1, of what is not finite. *selection is freed with
 * em_selection_free. */
EM_API em_code em_select_models(const double *evidence, size_t n_subjects, int n_models, const double *prior,
                                em_selection **selection, em_error *error) EM_MUST_CHECK;
EM_API void em_selection_free(em_selection *selection);

/* The same for families of models (Penny et al. 2010, PLoS Comput Biol 6:e1000709): each family has the prior count
 * `count`, divided evenly over its models, and the omnibus risk is that of equally frequent families. In the result
 * families stand for models: counts and posteriors are sums over a family's models. family [K]: the family of each
 * model, 0 .. n_families-1; each must have a model. */
EM_API em_code em_select_families(const double *evidence, size_t n_subjects, int n_models, const int *family,
                                  int n_families, double count, em_selection **selection,
                                  em_error *error) EM_MUST_CHECK;

/* Two groups of subjects: do they have the same model frequencies? */
typedef struct em_group_selection {
    em_selection *same;             /* everybody together */
    em_selection *group[2];         /* each group by itself */
    double probability_different;   /* that each has frequencies of its own, 1/2 before the data */
} em_group_selection;
/* Compares the free energy of everybody together with the sum of both groups' (Rigoux et al. 2014, the section on
 * comparing groups): probability_different = 1/(1 + exp(F_same - F_0 - F_1)). group [S]: 0 or 1, both must occur; the
 * rest as for em_select_models. */
EM_API em_code em_select_groups(const double *evidence, size_t n_subjects, int n_models, const int *group,
                                const double *prior, em_group_selection **selection, em_error *error) EM_MUST_CHECK;
EM_API void em_group_selection_free(em_group_selection *selection);

/* Probability of each component of a Dirichlet variable to be the largest one, by numerical integration: error below
 * 1e-11. alpha [n], from 1e-4 to 1e8 each; probability [n] out, not normalised: the sum is 1 within that error. */
EM_API em_code em_exceedance(const double *alpha, int n, double *probability, em_error *error) EM_MUST_CHECK;

/* ---- hierarchical Bayesian inference over several models ------------------------------------------------------- */

/* Piray, Dezfouli, Heskes, Frank & Daw 2019, PLoS Comput Biol 15:e1007043: everybody's data are explained by one of K
 * models, each with a group of its own to which people belong as far as the model is responsible for them. The equations are
 * in src/hbi_group.h. */
enum { EM_HBI_MODELS = 32 }; /* the largest K */

typedef struct em_hbi_options {
    double tol;        /* largest estimated distance to the iteration's fixed point, see em_hbi.distance */
    int max_iter;      /* largest number of E-steps, of the run itself and of that under the null hypothesis */
    int starts;        /* points from which each subject's first search begins; 0: as in em_fit_options */
    int options;       /* number of options of the choice; 0: as found in the data */
    uint64_t seed;     /* of the random starts */
    bool ignore_block; /* the column `block` restarts nothing */
    bool null;         /* a second run, with responsibilities held at 1/K, for protected exceedance probabilities */
} em_hbi_options;
EM_API em_hbi_options em_hbi_defaults(void);

/* What was found for one of the models. Unconstrained scale but for `natural`. */
typedef struct em_hbi_model {
    char *name;
    char fingerprint[65];
    int n_parameters;              /* P */
    char **parameter, **transform; /* [P] */
    double *mu, *var;              /* [P] mean of the posterior of the group's mean (a), and the group's variance
                                      (sigma/nu): the prior of the subjects' parameters */
    double *mu_se;                 /* [P] hierarchical error bar of mu: sqrt(sigma/(nu b)) */
    double df;                     /* degrees of freedom of mu's Student t posterior: 2 nu */
    double *natural_median;        /* [P] T(mu), at the mean of the subjects' facts */
    double *map, *natural;         /* [S,P] */
    double *hessian;               /* [S,P,P] of the negative log posterior at the MAP */
    double *log_likelihood, *log_marginal_likelihood; /* [S] NaN where flagged and not used */
    uint64_t *n_trials;            /* [S] observed trials */
    int8_t *status;                /* [S] em_subject_status */
} em_hbi_model;

/* What `emlib hbi` finds; see README, "HBI file". Owns everything it points to. */
typedef struct em_hbi {
    char *emlib_version, *dataset; /* as in em_fit */
    char dataset_fingerprint[65];
    char *options;       /* JSON object: what was asked */
    bool converged;      /* both runs, where there were two */
    int iterations, null_iterations; /* E-steps over all subjects after the first, individual ones */
    double distance;     /* estimated distance to the fixed point: means in standard deviations, variances in logs,
                            responsibilities */
    double bound, null_bound; /* of the log evidence (variational, Laplace), without and with the null hypothesis */
    double bayesian_omnibus_risk; /* probability that the models are equally frequent; NaN without the null run */
    size_t n_subjects, n_subjects_used; /* S; those that at least one model fits */
    int n_models;        /* K */
    em_hbi_model *model; /* [K] in the order asked */
    double *alpha;       /* [K] Dirichlet posterior of the models' frequencies: 1 + the sum of responsibilities */
    double *expected_frequency;    /* [K] alpha / sum(alpha) */
    double *exceedance_probability, *protected_exceedance_probability; /* [K] the latter NaN without the null run */
    char **subject;          /* [S] */
    double *responsibility;  /* [S,K] rows sum to 1; 0 where a model does not fit the subject; NaN where none does */
    int n_trace;             /* I */
    double *trace_alpha;     /* [I,K] under which E-step i ran */
    double *trace_bound;     /* [I] found by it */
    double seconds;          /* wall time in all, and on so many ranks */
    int ranks;
} em_hbi;

EM_API void em_hbi_free(em_hbi *hbi);
/* Progress, called on rank 0 after each E-step; alpha [K] as the step has found them. */
typedef struct em_hbi_progress {
    void (*step)(void *where, bool null, int iteration, double bound, const double *alpha, double change, double distance,
                 double seconds);
    void *where;
} em_hbi_progress;
/* Runs HBI over the models [n_models], each once, on the dataset file, and writes HBI.h5. An output that is there already is
 * treated as by em_fit_file. EM_INPUT_ERROR where models explain different responses, whose evidence cannot be compared.
 * Collective; returns EM_OK or EM_NOT_CONVERGED on every rank when the file is there. *hbi on rank 0: what was found, NULL
 * where it was there already; hbi may be NULL. */
EM_API em_code em_hbi_file(em_comm *comm, const char *dataset, const em_model *const *models, int n_models,
                           const em_hbi_options *options, const char *output, bool force, const em_hbi_progress *progress,
                           const em_log *log, em_hbi **hbi, em_error *error) EM_MUST_CHECK;
/* As em_dataset_write. */
EM_API em_code em_hbi_write(const em_hbi *hbi, const char *path, bool force, em_error *error) EM_MUST_CHECK;
EM_API em_code em_hbi_read(const char *path, em_hbi **hbi, em_error *error) EM_MUST_CHECK;
/* Whether this is a file that em_hbi_read could read, to judge by its format alone. */
EM_API bool em_hbi_is_file(const char *path);
/* Two-sided test of whether the mean of parameter j is `value` (unconstrained scale): *t out, (mu - value)/mu_se, which is
 * Student t distributed with df degrees of freedom; returns p. Unlike tests of subjects' parameters it is not biased by their
 * being drawn towards the group. */
EM_API double em_hbi_test(const em_hbi_model *model, int j, double value, double *t);
#endif
