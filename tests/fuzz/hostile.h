/* HDF5 files that mean harm: a good one with changes that the bytes of an input choose. Byte flips alone do not get far, as every
 * piece of structure has a checksum. */
#ifndef EMLIB_FUZZ_HOSTILE_H
#define EMLIB_FUZZ_HOSTILE_H
#include "scratch.h"

/* Writes the file `name`: the first byte chooses between the bytes as they are and changes to the good file `base`. */
void hostile_write(const char *name, const char *base, fuzz_bytes *bytes);
#endif
