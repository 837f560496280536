/* A file that appears under its name complete or not at all: written under another name in the same folder, flushed to
 * the disk, then given its name in one step. */
#ifndef EMLIB_OUTPUT_H
#define EMLIB_OUTPUT_H
#include "emlib/emlib.h"

/* Starts zeroed; em_output_close gives back everything and removes what was not published. */
typedef struct em_output {
    char *path;      /* the name it will have */
    char *temporary; /* the name it has; NULL where there is no file */
    int fd;          /* open for reading and writing while `temporary` is set */
    int failed;      /* errno of the first write that failed, kept by who writes; 0: none */
    bool force;      /* replaces what has the name already */
} em_output;

/* Creates the temporary file. EM_INPUT_ERROR where `path` exists and `force` is false, or is no plain file;
 * EM_MACHINE where the folder takes no new file. */
em_code em_output_open(em_output *output, const char *path, bool force, em_error *error) EM_MUST_CHECK;
/* Gives the file its name. Without force a file that came to exist meanwhile stays (EM_INPUT_ERROR). */
em_code em_output_publish(em_output *output, em_error *error) EM_MUST_CHECK;
void em_output_close(em_output *output);

/* EM_INPUT_ERROR where both names are of one file: what is read must not be replaced by what is written. */
em_code em_output_differs(const char *output, const char *input, em_error *error) EM_MUST_CHECK;

/* The folder part of a path: "." where there is none. Free it. */
char *em_folder(const char *path, em_error *error) EM_MUST_CHECK;
#endif
