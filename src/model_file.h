/* Models that users have compiled: shared objects with one data symbol, `emlib_model`. */
#ifndef EMLIB_MODEL_FILE_H
#define EMLIB_MODEL_FILE_H
#include "emlib/emlib.h"

/* Whether a name means a file: it has a '/' in it. */
bool em_model_is_path(const char *name);
/* The model in the file. ABI number and size are checked before anything else is read, and its tables before anything is called. The
 * file stays open as long as the process lives, because models are constants that nobody owns; opened twice it is the same model. */
em_code em_model_open(const char *path, const em_model **model, em_error *error) EM_MUST_CHECK;
/* The path under which a model was opened, and the SHA-256 of that file's content; NULL for a built-in model. */
const char *em_model_path(const em_model *model);
const unsigned char *em_model_content(const em_model *model);
#endif
