/* A set of texts, each with its number in order of first appearance: ids of subjects, levels of a column. */
#ifndef EMLIB_TEXTS_H
#define EMLIB_TEXTS_H
#include "emlib/emlib.h"

/* Starts zeroed. */
typedef struct em_texts {
    struct em_texts_item *index;
    char **text; /* [n] */
    size_t n, capacity;
} em_texts;

#define EM_TEXTS_NONE SIZE_MAX
/* The number of the n bytes of `text`, or EM_TEXTS_NONE. */
size_t em_texts_find(const em_texts *texts, const char *text, size_t n);
/* Adds a text that is not there yet and returns its number, or EM_TEXTS_NONE with `error` filled (EM_MACHINE). */
size_t em_texts_add(em_texts *texts, const char *text, size_t n, em_error *error) EM_MUST_CHECK;
/* Hands out the array [n], which is the caller's to free with its texts, NULL where there are none; the set is empty
 * afterwards. */
char **em_texts_take(em_texts *texts);
void em_texts_clear(em_texts *texts);

/* UTF-8 without control characters, but for tabs and ends of lines. */
bool em_text_is_utf8(const char *text, size_t n);

enum { EM_SHOWN = 68 };
/* The beginning of a text as a message shows it: cut where it is long, no control characters. Returns `shown`. */
const char *em_text_shown(const char *text, size_t n, char shown[EM_SHOWN]);

enum { EM_LISTED = 400 };
/* Adds a text, as em_text_shown has it, to a list for a message that starts as ""; ", ..." stands for those that do not
 * fit. */
void em_text_list(char list[EM_LISTED], const char *text);
/* Number of edits that turn a into b (Levenshtein 1966); names longer than 63 count as far away. */
int em_text_edits(const char *a, const char *b);
#endif
