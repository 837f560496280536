/* What the models of probabilistic reversal learning share: two options, of which the better one changes.
 * Cools, Clark, Owen & Robbins 2002, J Neurosci 22:4563. Where a session has several blocks, a column `block` restarts the
 * values: the models that hBayesDM (Ahn, Haines & Zhang 2017) names multipleB. */
#define COLUMNS(column)                                             \
    column(choice, response, codes(2, NULL), "option chosen")       \
    column(outcome, outcome, number, "outcome, 1 for a win and -1 for a loss as a rule")
#include "emlib/model.h"

#define PRL_BLOCKS "; with a column block, values start again in each block"
#define PRL_CHOICE "p(choice = 1) = logistic(beta (Q[1] - Q[0]))\n"
