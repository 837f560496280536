/* Statistics of responses, of data and of replicates alike. */
#ifndef EMLIB_PREDICT_H
#define EMLIB_PREDICT_H
#include "replay.h"

/* How to get one cell from a subject's rows. */
typedef struct em_cell_rule {
    em_statistic statistic;
    int level;            /* of the column of conditions; -1: all trials */
    int response, column; /* number of the response among the responses, and its column */
    int code;             /* of the choice; -1: any */
    int coded;            /* column of that choice, for times; -1: none */
    int bin;              /* from 0 */
    double probability;   /* of a quantile */
} em_cell_rule;

/* What is computed. Starts zeroed; em_cells_free also after a failure. */
typedef struct em_cells {
    int n;
    em_predicted_cell *cell;   /* [n] */
    em_cell_rule *rule; /* [n] */
    size_t room;         /* for so many */
    int bins;
    int levels; /* of the column of conditions; 0: there is none */
    const em_condition_column *by;
    double longest[EM_MOST_LEVELS + 1]; /* most trials that a subject has, of all, then of each level */
    /* the subject that is looked at: of each trial */
    size_t trials;
    unsigned *scored; /* em_trials_look */
    int *level;       /* -1: none */
    size_t *place;    /* how many of its level there are so far, itself included */
    double *scratch;
} em_cells;

/* bins: of a learning curve. Collective. */
em_code em_cells_make(const em_replay *replay, int bins, em_cells *cells, em_error *error) EM_MUST_CHECK;
void em_cells_free(em_cells *cells);
/* Looks at one of this rank's subjects. */
void em_cells_look(em_cells *cells, const em_replay *replay, size_t subject);
/* All of them for that subject. rows [trials, columns]; value [n] out, NaN where nothing is observed; count [n] out,
 * NULL allowed: responses that it comes from. */
void em_cells_compute(const em_cells *cells, const em_replay *replay, const double *rows, double *value,
                      uint64_t *count);
#endif
