/* The system's C compiler, as a model's builder needs it: many jobs at once, what each of them says kept. */
#ifndef EMLIB_COMPILER_H
#define EMLIB_COMPILER_H
#include "emlib/emlib.h"

enum { COMPILER_WORDS = 96 };
/* One call: words end with NULL; they are borrowed. */
typedef struct compiler_job {
    const char *word[COMPILER_WORDS];
    int n;
    const char *said; /* file that gets its messages */
} compiler_job;

/* The command of the compiler: environment variable CC, else cc, gcc or clang, the first that is there. */
em_code compiler_find(const char **command, em_error *error) EM_MUST_CHECK;
void compiler_add(compiler_job *job, const char *word);
/* Adds words that end with NULL. */
void compiler_add_all(compiler_job *job, const char *const *words);
/* Runs all jobs, as many at a time as there are processors. *failed: the first job whose status was not 0, or -1. EM_MACHINE where
 * one could not be started. */
em_code compiler_run(const compiler_job *jobs, int n, int *failed, em_error *error) EM_MUST_CHECK;
#endif
