/* Stands in for libFuzzer where there is none: a fuzz target runs on its kept inputs, then on random changes of them. Nothing guides
 * it towards new code; that is what scripts/fuzz is for.
 * usage: TARGET SECONDS FOLDER
 * The input at work stands in TARGET.input, in the folder where the program was started; it is left there after a crash. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

enum { MOST_INPUTS = 1000, MOST_BYTES = 4096, MOST_EDITS = 6, MOST_SECONDS_OF_ONE = 60 };

static struct {
    uint8_t *content;
    size_t n;
} kept[MOST_INPUTS];
static int n_kept;
static char at_work[4096];
static uint64_t state = 1;

/* splitmix64 */
static uint64_t draw(uint64_t below)
{
    uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) % below;
}

static void read_kept(const char *folder)
{
    char path[4096];
    DIR *open = opendir(folder);
    if (!open)
        scratch_fail(folder);
    for (const struct dirent *entry; (entry = readdir(open)) && n_kept < MOST_INPUTS;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        kept[n_kept].content = scratch_read(path, &kept[n_kept].n);
        n_kept++;
    }
    closedir(open);
    if (n_kept == 0)
        scratch_fail("no inputs are kept in this folder");
}

static void run(const uint8_t *content, size_t n)
{
    uint8_t *exact = malloc(n + (n == 0)); /* so that a byte too many is noticed */
    if (!exact)
        scratch_fail("no memory");
    memcpy(exact, content, n);
    scratch_write(at_work, exact, n);
    alarm(MOST_SECONDS_OF_ONE);
    LLVMFuzzerTestOneInput(exact, n);
    alarm(0);
    free(exact);
}

/* Bytes of a kept input, at most as many as there is room for. */
static size_t take_kept(uint8_t *to, size_t room)
{
    const uint64_t which = draw((uint64_t)n_kept);
    const size_t from = draw(2) ? 0 : draw(kept[which].n + 1), n = kept[which].n - from;
    memcpy(to, kept[which].content + from, n < room ? n : room);
    return n < room ? n : room;
}

/* One change at a random place; returns the new length. */
static size_t edit(uint8_t *bytes, size_t n)
{
    const size_t at = draw(n + 1), left = n - at, length = draw(8) + 1;
    switch (draw(5)) {
    case 0: /* a bit */
        if (left)
            bytes[at] ^= (uint8_t)(1U << draw(8));
        return n;
    case 1: /* a byte */
        if (left)
            bytes[at] = (uint8_t)draw(256);
        return n;
    case 2: { /* less */
        const size_t gone = length < left ? length : left;
        memmove(bytes + at, bytes + at + gone, left - gone);
        return n - gone;
    }
    case 3: /* more of the same */
        if (length > left || n + length > MOST_BYTES)
            return n;
        memmove(bytes + at + length, bytes + at, left);
        return n + length;
    default: /* another input's end */
        return at + take_kept(bytes + at, MOST_BYTES - at);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s SECONDS FOLDER\n", argv[0]);
        return 2;
    }
    const char *name = strrchr(argv[0], '/');
    char here[2048];
    if (!getcwd(here, sizeof here))
        scratch_fail("no folder to work in");
    snprintf(at_work, sizeof at_work, "%s/%s.input", here, name ? name + 1 : argv[0]);
    read_kept(argv[2]);
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 0; i < n_kept; i++)
        run(kept[i].content, kept[i].n);
    const time_t end = time(NULL) + atoi(argv[1]);
    static uint8_t bytes[MOST_BYTES];
    long changed = 0;
    for (; time(NULL) < end; changed++) {
        size_t n = take_kept(bytes, MOST_BYTES);
        for (uint64_t edits = draw(MOST_EDITS) + 1; edits; edits--)
            n = edit(bytes, n);
        run(bytes, n);
    }
    for (int i = 0; i < n_kept; i++)
        free(kept[i].content);
    unlink(at_work);
    printf("%d kept inputs and %ld changed ones\n", n_kept, changed);
    return 0;
}
