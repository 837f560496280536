/* What the codes in a fit mean: for the file and for those who print. */
#ifndef EMLIB_FIT_H
#define EMLIB_FIT_H
#include "emlib/emlib.h"

/* "estimated", "vanished", "given"; "unknown". */
const char *em_group_status_text(int status);
/* True for subjects that `emlib show` points out. */
bool em_subject_is_flagged(int status);
#endif
