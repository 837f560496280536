/* Going through a dataset's design again: the same subjects, trials and inputs, with responses drawn by a model.
 *
 * What a response brings was recorded for the response that was given; another one may have brought something else. So
 * each outcome column has a source, the first of these that there is:
 * - it is named in `keep`, or the model's task gives it whatever is done: it stays as recorded;
 * - the dataset has columns NAME_0, NAME_1, ... with the outcome of each option: the one of the option drawn;
 * - the model has the outcome of the other option, too (reward_other): the two change places where the other option is
 * drawn;
 * - the model's task draws it. */
#ifndef EMLIB_REPLAY_H
#define EMLIB_REPLAY_H
#include "comm.h"
#include "fit_setup.h"
#include "random.h"
#include "task.h"

typedef enum em_source {
    EM_SOURCE_RECORDED,
    EM_SOURCE_OF_OPTION,
    EM_SOURCE_OTHER,
    EM_SOURCE_TASK,
    EM_SOURCE_NONE
} em_source;

/* Of an outcome column. */
typedef struct em_outcome_rule {
    em_source source;
    int choice;                 /* column of the choice that it follows; -1 */
    int other;                  /* column of the other option's outcome; -1 */
    int option[EM_MAX_OPTIONS]; /* places in em_trials.also of each option's outcome; -1 */
} em_outcome_rule;

/* Starts zeroed but for what stands first; em_replay_close also after a failure. */
typedef struct em_replay {
    em_comm *comm;
    const em_model *model;  /* NULL: the fit's */
    const char *path;       /* of the fit; NULL: there is none, and parameters are the model's */
    const char *model_file; /* of a fit's compiled model */
    const char *dataset;    /* NULL: the fit's */
    const char *by;         /* a column of conditions that only the caller wants; NULL: none */
    const char *const *keep;
    int n_keep;
    int options; /* K, without a fit; 0: as found in the data */
    bool plans;  /* a dataset without any response is a plan: all its trials are drawn */
    const char *task_settings; /* NULL: the task's defaults */
    /* --- */
    em_fit *fit;    /* on every rank; NULL: none */
    em_setup setup; /* its parameters, options and shape */
    em_fit_shape shape;
    em_trials trials; /* holds this rank's subjects: */
    size_t first, end;
    bool own_data; /* they are the fit's */
    bool is_plan;
    const em_task *task;
    em_settings settings;
    em_outcome_rule *outcome; /* [columns] of outcomes */
    bool balloons;            /* a balloon that burst bursts again at that pump */
    int choice;               /* column of the first coded response; -1: none */
    bool exact;               /* every outcome is known for whatever response is drawn */
    em_history history;       /* as asked, or what is the best that the data allow */
    /* the subject that is drawn, and of its trials those that count: */
    size_t subject; /* SIZE_MAX: nobody yet */
    int n;
    double facts[EM_MAX_PARAMETERS];
    double *begin; /* [trials, columns] as they stand before they are drawn */
    double *rows;  /* [trials, columns] scratch */
    uint8_t *restart, *condition;
    size_t *row;      /* where each stands in the dataset */
    unsigned *scored; /* [trials of the subject] */
    em_scene scene;
    int unknown; /* column that the task does not know; -1 */
} em_replay;

/* Reads the fit, the model, and this rank's share of the subjects; settles the number of options and where outcomes
 * come from. Collective. */
em_code em_replay_open(em_replay *replay, em_history history, const em_log *log, em_error *error) EM_MUST_CHECK;
void em_replay_close(em_replay *replay);
/* The subjects of a rank, of S in all: first .. end-1, whole blocks of em_replay_block(S) subjects, which do not depend
 * on the ranks; there are EM_BLOCKS of them at most. */
enum { EM_BLOCKS = 256 };
size_t em_replay_block(size_t S);
void em_replay_share(size_t S, size_t ranks, size_t rank, size_t *first, size_t *end);
/* The place in the fit of a subject that was read, SIZE_MAX where it is not there. `hint` in/out: where to begin to
 * look. */
size_t em_replay_place(const em_replay *replay, size_t subject, size_t *hint);
/* Draws one subject of this rank at x [n], the fit's parameters or the model's. rows [trials, columns] out: inputs as
 * recorded; a response that is not scored in the data stays missing, but for trials of which another one is. *finite
 * out: whether all that was drawn is. */
em_code em_replay_subject(em_replay *replay, size_t subject, const double *x, em_random *random, double *rows,
                          bool *finite, em_error *error) EM_MUST_CHECK;
/* Says where outcomes come from, a line for each. */
void em_replay_say(const em_replay *replay, const em_log *log);
/* "subject ID: model M draws no finite value; ...", EM_INPUT_ERROR. */
em_code em_replay_not_finite(const em_replay *replay, size_t subject, em_error *error);
/* The number of codes of a column, 0 for a number. */
int em_replay_codes(const em_replay *replay, int column);
#endif
