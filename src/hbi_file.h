/* An HBI file in an output that was opened before the work. */
#ifndef EMLIB_HBI_FILE_H
#define EMLIB_HBI_FILE_H
#include "emlib/emlib.h"
#include "output.h"

/* As em_hbi_write; the output moves out of the caller's hands. */
em_code em_hbi_write_in(const em_hbi *hbi, em_output *output, em_error *error) EM_MUST_CHECK;
#endif
