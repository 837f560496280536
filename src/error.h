/* Failures and warnings as the library hands them on, and memory that is checked where it is asked for. */
#ifndef EMLIB_ERROR_H
#define EMLIB_ERROR_H
#include "emlib/emlib.h"

/* Zeroed memory for n items; NULL with `error` filled (EM_MACHINE) where there is none or n*size overflows. n 0 gives
 * a pointer that can be freed. */
void *em_new(size_t n, size_t size, em_error *error) EM_MUST_CHECK;
/* The same for arrays of numbers that SIMD code reads: aligned to 64 bytes, freed with free(). */
void *em_new_aligned(size_t n, size_t size, em_error *error) EM_MUST_CHECK;
/* A copy of a string, or NULL with `error` filled. */
char *em_copy(const char *text, em_error *error) EM_MUST_CHECK;
#endif
