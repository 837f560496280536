#include "texts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* an item that could not be added then has no table, and the process goes on */
#include <uthash.h>

#include "error.h"
#include "grow.h"

typedef struct em_texts_item {
    size_t number;
    UT_hash_handle hh;
} em_texts_item;

size_t em_texts_find(const em_texts *texts, const char *text, size_t n)
{
    em_texts_item *item = NULL;
    if (n <= UINT_MAX)
        HASH_FIND(hh, texts->index, text, (unsigned)n, item);
    return item ? item->number : EM_TEXTS_NONE;
}

size_t em_texts_add(em_texts *texts, const char *text, size_t n, em_error *error)
{
    if (n >= UINT_MAX || texts->n >= UINT_MAX) {
        (void)em_fail(error, EM_MACHINE, "more than %u different texts, or one that is longer", UINT_MAX);
        return EM_TEXTS_NONE;
    }
    if (texts->n == texts->capacity) {
        char **grown = em_grow(texts->text, &texts->capacity, sizeof *grown, error);
        if (!grown)
            return EM_TEXTS_NONE;
        texts->text = grown;
    }
    em_texts_item *item = em_new(1, sizeof *item, error);
    char *copy = em_new(n + 1, 1, error);
    if (item && copy) {
        memcpy(copy, text, n);
        item->number = texts->n;
        HASH_ADD_KEYPTR(hh, texts->index, copy, (unsigned)n, item);
        if (item->hh.tbl)
            return texts->text[texts->n] = copy, texts->n++;
        (void)em_fail(error, EM_MACHINE, "out of memory: %zu different texts", texts->n);
    }
    free(copy);
    free(item);
    return EM_TEXTS_NONE;
}

static void drop_index(em_texts *texts)
{
    em_texts_item *item = texts->index;
    HASH_CLEAR(hh, texts->index);
    while (item) {
        em_texts_item *next = item->hh.next;
        free(item);
        item = next;
    }
}

char **em_texts_take(em_texts *texts)
{
    char **text = texts->text;
    drop_index(texts);
    *texts = (em_texts){0};
    return text;
}

void em_texts_clear(em_texts *texts)
{
    size_t n = texts->n;
    char **text = em_texts_take(texts);
    for (size_t i = 0; i < n; i++)
        free(text[i]);
    free(text);
}

/* The length of the character at p, of which `left` bytes are there; 0 where it is none. Overlong forms, surrogates and
 * what lies beyond U+10FFFF are none. */
static size_t character(const unsigned char *p, size_t left)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

/* One with which a text could give orders to the terminal that shows it. */
static bool is_control(const unsigned char *p)
{
    return (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0);
}

bool em_text_is_utf8(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0, step; i < n; i += step)
        if (!(step = character(p + i, n - i)) || is_control(p + i))
            return false;
    return true;
}

const char *em_text_shown(const char *text, size_t n, char shown[EM_SHOWN])
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0, i = 0;
    while (i < n) {
        size_t step = character(p + i, n - i);
        if (used + (step ? step : 1) + sizeof "..." > EM_SHOWN)
            break;
        if (step == 0 || p[i] < 0x20 || is_control(p + i)) {
            shown[used++] = '?';
            i++;
        } else {
            memcpy(shown + used, text + i, step);
            used += step;
            i += step;
        }
    }
    strcpy(shown + used, i < n ? "..." : "");
    return shown;
}

void em_text_list(char list[EM_LISTED], const char *text)
{
    static const char rest[] = ", ...";
    char shown[EM_SHOWN];
    size_t used = strlen(list);
    if (used + EM_SHOWN + 2 * sizeof rest <= EM_LISTED) {
        strcat(strcat(list, used ? ", " : ""), em_text_shown(text, strlen(text), shown));
    } else if (strcmp(list + used - strlen(rest), rest) != 0) {
        strcat(list, rest);
    }
}

int em_text_edits(const char *a, const char *b)
{
    int row[64], n = (int)strlen(b);
    if (n > 63)
        return 1000;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; *a; a++, i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = corner + (*a != b[j - 1]), least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            corner = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[n];
}
