/* What models of changing beliefs share: each trial one predicts which of two events comes, and then sees it. */
#define COLUMNS(column)                                                   \
    column(choice, response, codes(2, "0, 1 = the event of that code"), "event predicted") \
    column(outcome, outcome, codes(2, NULL), "event that came")
#include "emlib/model.h"
