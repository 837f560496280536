/* Command lines: one word a line, then after a byte 1E the content of file.txt, which they may name. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

enum { MOST_WORDS = 24 };

/* Nothing outside the folder, no other program (`model` and `batch` start some), no work that takes long. */
static bool harmless(const char *word)
{
    size_t digits = 0;
    for (const char *p = word; *p; p++) {
        digits = isdigit((unsigned char)*p) ? digits + 1 : 0;
        if (*p == '/' || (digits > 3 && digits < 20 && !isdigit((unsigned char)p[1])))
            return false;
    }
    return strcmp(word, "model") != 0 && strcmp(word, "batch") != 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scratch_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *file = size ? memchr(data, 0x1E, size) : NULL;
    const size_t length = file ? (size_t)(file - data) : size;
    const char *words[MOST_WORDS + 1] = {NULL};
    int n = 0;
    char *text = calloc(length + 1, 1);
    if (!text)
        return 0;
    memcpy(text, data, length);
    bool good = strlen(text) == length;
    for (char *word = strtok(text, "\n"); word && good && n < MOST_WORDS; word = strtok(NULL, "\n")) {
        good = harmless(word);
        words[n++] = word;
    }
    if (good && n) {
        scratch_write("file.txt", file ? file + 1 : data, file ? size - length - 1 : 0);
        scratch_run(words);
        scratch_tidy();
    }
    free(text);
    return 0;
}
