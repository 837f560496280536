/* emlib predict: what it computes and how that is written. */
#ifndef EMLIB_CMD_PREDICT_H
#define EMLIB_CMD_PREDICT_H
#include "cmd.h"

typedef enum predict_levels { PREDICT_BOTH, PREDICT_GROUP, PREDICT_SUBJECT } predict_levels;
/* CSV: level,subject,statistic,response,bin,from,to,n,observed,median,lower,upper; an empty cell where there is no
 * number. */
typedef struct predict_table {
    const em_prediction *prediction;
    predict_levels levels;
} predict_table;
em_code predict_csv(const void *table, FILE *to, em_error *error);
/* Prints the whole as JSON; returns the exit status. */
int predict_json(const predict_table *table);
/* The group, for people. False where memory was lacking. */
bool predict_print(const em_prediction *prediction);
/* Whom the fit flags, and replicates that do not count: warnings. */
void predict_warn(const em_prediction *prediction);
#endif
