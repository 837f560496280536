/* What the library sees of a model: one const struct. No SIMD and no derivative types stand here; they are in
 * model.h, which model files include. A program that only uses models reaches this file through emlib.h. */
#ifndef EMLIB_ABI_H
#define EMLIB_ABI_H
#include <stddef.h>
#include <stdint.h>

/* Changes whenever a struct or function type of this file does. A model built for another number is refused. */
#define EM_ABI 4

/* The largest number of parameters of a model, and of options (K) of a choice. */
#define EM_MAX_PARAMETERS 32
#define EM_MAX_OPTIONS 16

/* What a column is to the model. Columns are listed in the order in which a trial unfolds: a response is scored
 * when it, every column listed before it and every other response are there; the state learns from a trial when
 * nothing at all is missing. */
typedef enum em_role {
    EM_INPUT,    /* shown to the subject: amounts, cues */
    EM_RESPONSE, /* done by the subject, has a likelihood: choices, reaction times */
    EM_OUTCOME   /* follows a response: rewards, states */
} em_role;

/* em_column.codes: 0 for a number, k > 0 for codes 0 to k-1, EM_OPTION for codes 0 to K-1 with K found in the data */
enum { EM_NUMBER = 0, EM_OPTION = -1 };

typedef struct em_column {
    const char *name;
    em_role role;
    int codes;           /* see above */
    double min, max;     /* allowed range of a number, both ends included; -INFINITY, INFINITY where free */
    const char *about;   /* one line, with the unit */
    const char *meaning; /* what the codes mean ("0 = sooner, 1 = later"); NULL where they are only labels */
} em_column;

typedef struct em_parameter {
    const char *name;
    const char *transform; /* as in files and tables: "logistic", "exp", "identity", "5*logistic", "minRT*logistic" */
    const char *about;
    double mu, var; /* where EM starts and simulation draws by default, unconstrained scale */
} em_parameter;

typedef struct em_latent {
    const char *name, *about;
} em_latent;

/* A number about one subject that needs no parameter, computed once from its data. */
typedef enum em_fact_kind { EM_MINIMUM, EM_MAXIMUM, EM_MEAN } em_fact_kind;
typedef struct em_fact {
    const char *name, *about;
    em_fact_kind kind;
    int column; /* of which column */
} em_fact;

/* `lanes` subjects side by side, ready for a kernel. In place of missing numbers, and after a shorter lane's last trial,
 * stands some value that the column allows (the subject's own first one), in place of missing codes -1; the bits say what
 * counts (bit l: lane l). A lane without a subject has no bit set anywhere. */
typedef struct em_batch {
    int trials;              /* of the longest lane */
    int options;             /* K */
    const double *rows;      /* [trials][columns][lanes], 64-byte aligned */
    const uint8_t *scored;   /* [trials][responses] this response counts */
    const uint8_t *learned;  /* [trials] the state after this trial is kept */
    const uint8_t *restart;  /* [trials] a new block starts: the state starts again */
    const double *facts;     /* [facts][lanes] */
} em_batch;

/* Where a kernel evaluates. Direction j of the derivatives is parameter j; a fit may have more or fewer free
 * coordinates than the model has parameters:
 * - a fixed or shared parameter: its direction is computed and left out by the caller;
 * - a parameter with a value per condition: `x` holds one point per condition, batch rows `condition` say which
 *   applies, and `seed` switches a direction on (1) or off (0) in each condition. One pass with the direction on in
 *   condition a alone gives that coordinate's derivatives and its cross terms with every other parameter; the cross
 *   term between conditions a and b follows from the pass with both on: (H_ab - H_a - H_b)/2.
 * So the kernels are compiled once, for the model's own parameters, whatever the fit asks. */
typedef struct em_point {
    const double *x;          /* [conditions][P][lanes] unconstrained */
    const double *seed;       /* [conditions][P][lanes] 0 or 1; NULL: all 1 */
    const uint8_t *condition; /* [trials][lanes] which of the conditions; NULL: one condition */
} em_point;

/* Log-likelihood of each lane and its derivatives on the unconstrained scale:
 * value [lanes], gradient [P][lanes], hessian [P(P+1)/2][lanes] (lower triangle by rows: (0,0),(1,0),(1,1),...).
 * All 64-byte aligned. Where the model overflows a lane may hold
 * anything, NaN included; the other lanes are never affected. */
typedef void em_score_fn(const em_batch *batch, const em_point *point, double *value, double *gradient,
                         double *hessian);

/* The kernels for one instruction set; lanes 0: not compiled for this machine. */
typedef struct em_kernel {
    int lanes;
    em_score_fn *score;
    em_score_fn *score_two; /* the same for exactly two options, faster; NULL where there is none */
} em_kernel;

enum { EM_ISA_BASELINE, EM_ISA_AVX2, EM_ISA_AVX512, EM_N_ISA };

/* How em_trace_fn draws what a subject does and what happens to it, and what it tells of each trial beside latents. */
typedef struct em_draw {
    double (*uniform)(void *rng); /* in (0,1); NULL: nothing is drawn */
    void *rng;
    double (*outcome)(void *task, int trial, int column, const double *row); /* NULL: outcomes stay as recorded */
    void *task;
    double *log_likelihood; /* [trials] out: of the trial's scored responses, NaN where none is; NULL: not wanted */
} em_draw;

/* One subject, trial by trial: returns the log-likelihood. rows [trials][columns] in/out, NaN for missing; with `draw`
 * responses and outcomes are drawn and written; where all responses of a trial are there already, they are drawn anew, too, but
 * the trials after it go on from those that were there. restart [trials] or NULL; facts [facts]; x [conditions][P] unconstrained;
 * condition [trials]: which of these holds on a trial, NULL: there is one; latents [trials][latents] out or NULL (NaN on
 * trials that do not count for the latent). */
typedef double em_trace_fn(int trials, int options, double *rows, const uint8_t *restart, const uint8_t *condition,
                           const double *facts, const double *x, const em_draw *draw, double *latents);

/* The transforms and their inverses: to [P] out, from [P] and this subject's facts [n_facts]. */
typedef void em_natural_fn(const double *from, const double *facts, double *to);

typedef struct em_model {
    uint32_t abi, size; /* EM_ABI and sizeof(em_model): checked before anything else is read */
    const char *name, *family, *about, *reference;
    const char *equations; /* plain text, lines separated by \n */
    const char *task;      /* which task simulation uses; NULL: cannot be simulated without a design */
    int n_parameters, n_columns, n_responses, n_latents, n_facts;
    int has_state; /* values carry over from trial to trial: `block` matters */
    const em_parameter *parameters;
    const em_column *columns;
    const em_latent *latents;
    const em_fact *facts;
    em_kernel kernels[EM_N_ISA];
    em_trace_fn *trace;
    em_natural_fn *natural, *unconstrained;
    int numerical; /* 1: derivatives are numerical (plain.h), else exact */
} em_model;
#endif
