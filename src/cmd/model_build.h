/* A user's model file becomes a shared object: each kernel is compiled by itself, as the build of emlib does with its own models. */
#ifndef EMLIB_MODEL_BUILD_H
#define EMLIB_MODEL_BUILD_H
#include "emlib/emlib.h"

/* Compiles `source` into `output`, which appears whole or not at all. A file there is replaced if it is a model of emlib or `force` is
 * true. What the compiler says of the user's file goes to stderr, with hints; then the code is EM_INPUT_ERROR. */
em_code model_build(const char *source, const char *output, bool force, em_error *error) EM_MUST_CHECK;
#endif
