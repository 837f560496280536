/* Arrays that grow. */
#ifndef EMLIB_GROW_H
#define EMLIB_GROW_H
#include <stdlib.h>

#include "error.h"

/* The array [*capacity] with room for twice as many items of `size` bytes (64 the first time), *capacity updated; the
 * new ones are not set. NULL with `error` filled (EM_MACHINE) where there is no memory; the array is then as before. */
static inline void *em_grow(void *array, size_t *capacity, size_t size, em_error *error)
{
    size_t more = 64, bytes;
    void *grown = NULL;
    bool overflow = *capacity && __builtin_mul_overflow(*capacity, (size_t)2, &more);
    if (!overflow && !__builtin_mul_overflow(more, size, &bytes))
        grown = realloc(array, bytes);
    if (grown)
        *capacity = more;
    else
        (void)em_fail(error, EM_MACHINE, "out of memory: %zu items of %zu bytes are not enough", *capacity, size);
    return grown;
}
#endif
