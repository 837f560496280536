/* A fit file that is written piece by piece, so that nobody needs to hold all subjects' results. */
#ifndef EMLIB_FIT_FILE_H
#define EMLIB_FIT_FILE_H
#include "emlib/emlib.h"
#include "output.h"

typedef struct em_fit_writer em_fit_writer;

/* Writes all of `fit`, which is borrowed until the end, but the subjects and the timing. id_width: bytes of the longest
 * id. output: open; it moves into the writer. */
em_code em_fit_create(const em_fit *fit, size_t id_width, em_output *output, em_fit_writer **writer, em_error *error) EM_MUST_CHECK;
/* Writes part->n_subjects subjects from `first` on, with which the subjects' arrays of `part` start. */
em_code em_fit_put(em_fit_writer *writer, const em_fit *part, size_t first, em_error *error) EM_MUST_CHECK;
/* Once all are there: the timing, then the file gets its name. */
em_code em_fit_finish(em_fit_writer *writer, em_error *error) EM_MUST_CHECK;
/* Frees the writer (NULL allowed); a file that is not finished disappears. */
void em_fit_drop(em_fit_writer *writer);

/* Whether column c of the design acts on parameter j. */
bool em_fit_acts(const em_fit *fit, int c, int j);

/* Refuse, with EM_INPUT_ERROR, data or a model that are not those of the fit. path and fingerprint: of the data. */
em_code em_fit_check_data(const em_fit *fit, const char *path, const char *fingerprint, em_error *error) EM_MUST_CHECK;
em_code em_fit_check_model(const em_fit *fit, const em_model *model, em_error *error) EM_MUST_CHECK;

/* Adds the subjects of `part`; in their order. */
void em_fit_note(em_noted *noted, const em_fit *part);
#endif
