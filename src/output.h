/* A file that appears under its name complete or not at all: written under another name in the same folder, flushed to
 * the disk, then given its name in one step. NAME is written as `.NAME.tmp`, and locked: two processes cannot write the same
 * output, and what a killed one left is replaced by the next. */
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
    size_t sign;     /* bytes that tell who writes, where the content is to begin */
    bool reserved;   /* room was asked for */
} em_output;

/* Creates the temporary file. EM_INPUT_ERROR where `path` exists and `force` is false, is no plain file, or is being written by
 * another process; EM_MACHINE where the folder takes no new file. */
em_code em_output_open(em_output *output, const char *path, bool force, em_error *error) EM_MUST_CHECK;
/* For an output that is opened long before it is written. Sign: tells others who has it. Reserve: EM_MACHINE where there is no room
 * for so many bytes, else it is kept for this file where the file system can do that. Begin: the content begins now. */
void em_output_sign(em_output *output);
em_code em_output_reserve(em_output *output, uint64_t bytes, em_error *error) EM_MUST_CHECK;
em_code em_output_begin(em_output *output, em_error *error) EM_MUST_CHECK;
/* Gives the file its name. Without force a file that came to exist meanwhile stays (EM_INPUT_ERROR). */
em_code em_output_publish(em_output *output, em_error *error) EM_MUST_CHECK;
void em_output_close(em_output *output);

/* Does a living process write this output now? by: who, as text. False where the file system knows no locks. */
bool em_output_held(const char *path, char *by, size_t size);
/* Removes the temporary files of this process, which is about to end; may be called by a signal handler. */
void em_output_remove_all(void);

/* EM_INPUT_ERROR where both names are of one file: what is read must not be replaced by what is written. */
em_code em_output_differs(const char *output, const char *input, em_error *error) EM_MUST_CHECK;

/* The folder part of a path: "." where there is none. Free it. */
char *em_folder(const char *path, em_error *error) EM_MUST_CHECK;
#endif
