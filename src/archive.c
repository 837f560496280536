#include "archive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(em_archive *a, size_t n)
{
    if (a->n + n <= a->room)
        return true;
    const size_t room = 2 * (a->n + n);
    char *larger = realloc(a->bytes, room);
    if (!larger)
        return false;
    a->bytes = larger;
    a->room = room;
    return true;
}

void em_archive_pass(em_archive *a, void *bytes, size_t n)
{
    if (n == 0)
        return;
    if (a->way == EM_TAKE) {
        if (a->failed || n > a->n - a->at) {
            a->failed = true;
            memset(bytes, 0, n);
            return;
        }
        memcpy(bytes, a->bytes + a->at, n);
    } else if (a->way == EM_PUT) {
        if (a->failed || !make_room(a, n)) {
            a->failed = true;
            return;
        }
        memcpy(a->bytes + a->n, bytes, n);
        a->n += n;
    }
    a->at += n;
}

void em_archive_pass_flag(em_archive *a, void *flag, size_t n)
{
    unsigned char byte = 0;
    memcpy(&byte, flag, a->way == EM_PUT ? n : 0);
    em_archive_pass(a, &byte, n);
    if (a->way == EM_TAKE)
        *(bool *)flag = byte != 0;
}

void em_archive_pass_count(em_archive *a, int *count, int least, int most)
{
    em_archive_pass(a, count, sizeof *count);
    if (*count < least || *count > most) {
        a->failed = true;
        *count = least;
    }
}

void em_archive_pass_whole(em_archive *a, double *number, double most)
{
    em_archive_pass(a, number, sizeof *number);
    if (!(*number >= 0 && *number <= most && *number == floor(*number))) {
        a->failed = true;
        *number = 0;
    }
}

void em_archive_pass_text(em_archive *a, char **text)
{
    size_t length = a->way == EM_TAKE ? 0 : strlen(*text);
    em_archive_pass(a, &length, sizeof length);
    if (a->way == EM_TAKE) {
        *text = NULL;
        if (a->failed || length > a->n - a->at || !(*text = calloc(length + 1, 1))) {
            a->failed = true;
            return;
        }
    }
    em_archive_pass(a, *text, length);
}

void em_archive_free(em_archive *a)
{
    free(a->bytes);
    *a = (em_archive){0};
}
