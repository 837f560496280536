/* Which models can be compared on the same data. */
#ifndef EMLIB_COMPARABLE_H
#define EMLIB_COMPARABLE_H
#include "emlib/emlib.h"

/* 1 to EM_HBI_MODELS models, each once, that explain the same responses; else EM_INPUT_ERROR. */
em_code em_comparable(const em_model *const *models, int n, em_error *error) EM_MUST_CHECK;
#endif
