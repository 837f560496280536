/* Bytes of a state on their way into a file or back: who owns a state writes down once what belongs to it, for both ways. */
#ifndef EMLIB_ARCHIVE_H
#define EMLIB_ARCHIVE_H
#include "emlib/emlib.h"

typedef enum em_archive_way { EM_MEASURE, EM_PUT, EM_TAKE } em_archive_way;
/* Starts zeroed but for the way; for EM_TAKE also bytes and n. */
typedef struct em_archive {
    em_archive_way way;
    char *bytes;  /* [n] owned */
    size_t n, room, at;
    bool failed;  /* no memory, or more asked for than there is: what is taken then is 0 */
} em_archive;

/* EM_PUT adds the bytes, EM_TAKE fills them in, EM_MEASURE counts them in `at`. */
void em_archive_pass(em_archive *archive, void *bytes, size_t n);
/* The same for a truth value: what a file has there may be any byte. */
void em_archive_pass_flag(em_archive *archive, void *flag, size_t n);
/* A count that must be from least to most; beyond that the archive has failed and the count is `least`. */
void em_archive_pass_count(em_archive *archive, int *count, int least, int most);
/* The largest whole number up to which floating-point numbers have every one. */
static const double EM_MOST_WHOLE = 9007199254740992.0;
/* A whole number from 0 to `most` that is kept as a floating-point one; the same. */
void em_archive_pass_whole(em_archive *archive, double *number, double most);
/* A text, owned; NULL after a failure. */
void em_archive_pass_text(em_archive *archive, char **text);
void em_archive_free(em_archive *archive);
#define EM_PASS(archive, field) \
    _Generic((field), bool: em_archive_pass_flag, default: em_archive_pass)(archive, &(field), sizeof(field))
#endif
