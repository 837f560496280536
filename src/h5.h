/* HDF5 as the dataset file and the fit file use it. Only h5*.c include this; nothing else of emlib knows HDF5.
 *
 * What a file holds is written down in tables, one row for each array and each attribute. Files come from strangers,
 * too: everything is checked (kind of link, type, shape, bytes there) before it is read and before memory is asked for
 * it, and nothing that would make HDF5 open another file is followed. */
#ifndef EMLIB_H5_H
#define EMLIB_H5_H
#include <hdf5.h>

#include "emlib/emlib.h"
#include "output.h"

enum { EM_H5_MAX_RANK = 4, EM_H5_MAX_NAME = 255 };

/* An open file. Starts zeroed; em_h5_close gives back everything and leaves no unfinished file behind. */
typedef struct em_h5 {
    const char *path;   /* as the user named it */
    const char *format; /* "dataset", "fit" or "hbi" */
    hid_t file;
    uint64_t bytes;   /* size of a file that is read: nothing in it can be larger */
    em_output output; /* of a file that is written */
} em_h5;

em_code em_h5_create(em_h5 *h5, const char *path, const char *format, bool force, em_error *error) EM_MUST_CHECK;
/* The same in an output that is open already, which moves into h5. */
em_code em_h5_create_in(em_h5 *h5, em_output *output, const char *format, em_error *error) EM_MUST_CHECK;
/* Refuses, with EM_INPUT_ERROR, what is absent, foreign, of the other format or of a newer version. */
em_code em_h5_open(em_h5 *h5, const char *path, const char *format, em_error *error) EM_MUST_CHECK;
/* Closes a new file and gives it its name. */
em_code em_h5_publish(em_h5 *h5, em_error *error) EM_MUST_CHECK;
void em_h5_close(em_h5 *h5);

/* "FILE: what: HDF5's reason"; EM_MACHINE for a new file or where a system call failed, else EM_INPUT_ERROR. To be
 * called before any other HDF5 function, which would forget the reason. */
em_code em_h5_fail(const em_h5 *h5, em_error *error, const char *format, ...) EM_PRINTF(3, 4);
/* "FILE: what; it is not a sound emlib FORMAT file", EM_INPUT_ERROR: found by our own checks. */
em_code em_h5_damaged(const em_h5 *h5, em_error *error, const char *format, ...) EM_PRINTF(3, 4);
/* EM_MACHINE where a write has failed: HDF5 itself goes on as if it had not. */
em_code em_h5_check_written(const em_h5 *h5, em_error *error) EM_MUST_CHECK;
/* Gives back any HDF5 object; 0 and negative numbers stand for none. */
void em_h5_drop(hid_t id);
void em_h5_free_texts(char **text, size_t n);
/* UTF-8 without control characters, but for ends of lines and tabs. */
bool em_h5_is_text(const char *text);
/* Puts '?' for every byte that belongs to no such character. */
void em_h5_mend_utf8(char *text);

/* ---- arrays ---- */

typedef enum em_h5_type { EM_H5_TEXT, EM_H5_INT8, EM_H5_INT32, EM_H5_UINT64, EM_H5_DOUBLE } em_h5_type;

/* One array of a file and of the struct that holds it. */
typedef struct em_h5_array {
    const char *path;  /* "/group/mu" */
    const char *shape; /* a capital letter for each extent: "SP" */
    em_h5_type type;
    bool required;    /* a file without it is refused, and a struct without it */
    size_t member;    /* offset in the struct of the pointer to the values; char ** for EM_H5_TEXT */
    const char *unit; /* NULL where there is none */
    const char *about;
} em_h5_array;

/* What each capital letter stands for. When reading, the first array that has an unknown letter sets it; every other
 * must agree. */
typedef struct em_h5_extents {
    uint64_t of[26]; /* EM_H5_UNKNOWN */
} em_h5_extents;
#define EM_H5_UNKNOWN UINT64_MAX
em_h5_extents em_h5_extents_unknown(void);
uint64_t *em_h5_extent(em_h5_extents *extents, char letter);

em_code em_h5_make_group(const em_h5 *h5, const char *path, em_error *error) EM_MUST_CHECK;
em_code em_h5_write_arrays(const em_h5 *h5, const em_h5_array *table, int n, const em_h5_extents *extents,
                           const void *owner, em_error *error) EM_MUST_CHECK;
/* The same in two steps, for arrays that no process holds whole. First their frames, for texts of `width` bytes; then
 * any rows in any order: the owner's arrays hold rows first .. first+count-1. */
em_code em_h5_create_arrays(const em_h5 *h5, const em_h5_array *table, int n, const em_h5_extents *extents,
                            size_t width, em_error *error) EM_MUST_CHECK;
em_code em_h5_write_rows(const em_h5 *h5, const em_h5_array *table, int n, uint64_t first, uint64_t count,
                         const void *owner, em_error *error) EM_MUST_CHECK;
/* Allocates the owner's arrays. On failure some are there and some NULL; texts are whole or NULL. */
em_code em_h5_read_arrays(const em_h5 *h5, const em_h5_array *table, int n, em_h5_extents *extents, void *owner,
                          em_error *error) EM_MUST_CHECK;

/* 1: there is such an object, reached through this file alone; 0: there is none; -1: neither. */
int em_h5_exists(const em_h5 *h5, const char *path);

/* A dataset opened for reading. Starts zeroed. */
typedef struct em_h5_opened {
    hid_t id, type, space;
    bool text, whole; /* strings; integers; else floating point */
    int rank;
    hsize_t extent[EM_H5_MAX_RANK];
} em_h5_opened;
/* Checks everything that can be known without reading: afterwards memory for the extents may be asked for. */
em_code em_h5_array_open(const em_h5 *h5, const char *path, em_h5_opened *array, em_error *error) EM_MUST_CHECK;
/* Before the rows first .. first+count-1 are read: whether their chunks hold as much as they should. HDF5 does not look. */
em_code em_h5_check_chunks(const em_h5 *h5, const em_h5_opened *array, const char *path, uint64_t first, uint64_t count,
                           em_error *error) EM_MUST_CHECK;
void em_h5_array_close(em_h5_opened *array);
/* Reads rows first .. first+count-1, count > 0, of numbers as double; `values` takes them all. */
em_code em_h5_read_doubles(const em_h5 *h5, const em_h5_opened *array, const char *path, uint64_t first, uint64_t count,
                           double *values, em_error *error) EM_MUST_CHECK;
/* Selects rows first .. first+count-1, count > 0, in an array's space; returns the space that they take in memory,
 * negative on failure. */
hid_t em_h5_select_rows(hid_t space, uint64_t first, uint64_t count);
/* A new dataset of numbers of one dimension, cut into chunks and compressed where it is large; *id out. */
em_code em_h5_array_create(const em_h5 *h5, const char *path, em_h5_type type, uint64_t n, hid_t *id,
                           em_error *error) EM_MUST_CHECK;
enum { EM_H5_CHUNK = 65536 }; /* numbers in a chunk */

/* ---- attributes; `object` is the path of what they belong to ---- */

em_code em_h5_put_text(const em_h5 *h5, const char *object, const char *name, const char *text,
                       em_error *error) EM_MUST_CHECK;
em_code em_h5_put_texts(const em_h5 *h5, const char *object, const char *name, char *const *text, size_t n,
                        em_error *error) EM_MUST_CHECK;
em_code em_h5_put_whole(const em_h5 *h5, const char *object, const char *name, int64_t value,
                        em_error *error) EM_MUST_CHECK;
em_code em_h5_put_number(const em_h5 *h5, const char *object, const char *name, double value,
                         em_error *error) EM_MUST_CHECK;
bool em_h5_has(const em_h5 *h5, const char *object, const char *name);
em_code em_h5_get_text(const em_h5 *h5, const char *object, const char *name, char **text,
                       em_error *error) EM_MUST_CHECK;
em_code em_h5_get_texts(const em_h5 *h5, const char *object, const char *name, char ***text, size_t *n,
                        em_error *error) EM_MUST_CHECK;
em_code em_h5_get_whole(const em_h5 *h5, const char *object, const char *name, int64_t least, int64_t most,
                        int64_t *value, em_error *error) EM_MUST_CHECK;
em_code em_h5_get_number(const em_h5 *h5, const char *object, const char *name, double *value,
                         em_error *error) EM_MUST_CHECK;

/* One attribute of a file and of the struct that holds it; whole numbers are stored as int64 or uint64. */
typedef enum em_h5_scalar_type {
    EM_H5_A_TEXT,   /* char * */
    EM_H5_A_HASH,   /* char[65] */
    EM_H5_A_FLAG,   /* bool, stored as 0 or 1 */
    EM_H5_A_INT,    /* int */
    EM_H5_A_UINT64, /* uint64_t */
    EM_H5_A_NUMBER  /* double */
} em_h5_scalar_type;
typedef struct em_h5_scalar {
    const char *name;
    em_h5_scalar_type type;
    bool required;
    size_t member; /* offset in the struct */
} em_h5_scalar;
em_code em_h5_write_scalars(const em_h5 *h5, const char *object, const em_h5_scalar *table, int n, const void *owner,
                            em_error *error) EM_MUST_CHECK;
/* Leaves what is not required and not there as it is. */
em_code em_h5_read_scalars(const em_h5 *h5, const char *object, const em_h5_scalar *table, int n, void *owner,
                           em_error *error) EM_MUST_CHECK;

/* A root attribute that says where another file is: stored relative to the folder of this one where possible, read as a path
 * from here. What cannot be found is named as it was given. */
em_code em_h5_put_path(const em_h5 *h5, const char *name, const char *other, em_error *error) EM_MUST_CHECK;
em_code em_h5_get_path(const em_h5 *h5, const char *name, char **other, em_error *error) EM_MUST_CHECK;

/* ---- between the h5_*.c ---- */

/* Makes files created with this access list write through `output`; see h5_driver.c. */
herr_t em_h5_set_driver(hid_t access, em_output *output);
/* Where texts stand: an attribute or a dataset, or a part of it. */
typedef struct em_h5_place {
    hid_t id;
    bool attribute;
    hid_t block, part; /* spaces, in memory and in the file; 0, which is H5S_ALL, for both: the whole */
} em_h5_place;

/* A creation property list of this class: the order of members is kept, times are not. Negative on failure. */
hid_t em_h5_creation_list(hid_t class);
/* UTF-8 of fixed width, padded with zeros. Negative on failure. */
hid_t em_h5_text_type(size_t width);
/* The width that these texts need, at least 1. */
size_t em_h5_text_width(char *const *text, size_t n);
/* `name` is for messages. */
em_code em_h5_write_texts(const em_h5 *h5, em_h5_place to, hid_t type, const char *name, char *const *text, size_t n,
                          em_error *error) EM_MUST_CHECK;
/* All n texts or none; n 0 gives an array that can be freed. */
em_code em_h5_read_texts(const em_h5 *h5, em_h5_place from, hid_t type, hid_t space, const char *name, char ***text,
                         size_t n, em_error *error) EM_MUST_CHECK;
em_code em_h5_put_text_at(const em_h5 *h5, hid_t object, const char *name, const char *text,
                          em_error *error) EM_MUST_CHECK;
/* True for integers and floating-point numbers of the usual layouts; *whole out. */
bool em_h5_plain_number(hid_t type, bool *whole);
#endif
