#include "bids_name.h"

#include <string.h>

#include "number.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool em_bids_is_index(const char *text)
{
    const char *p = text;
    while (is_digit(*p))
        p++;
    return p > text && !*p;
}

bool em_bids_is_label(const char *text)
{
    const char *p = text;
    double x;
    while (is_letter(*p) || is_digit(*p) || *p == '+')
        p++;
    return p > text && !*p && em_number_read(text, (size_t)(p - text), &x) != EM_CELL_MISSING;
}

const char *em_bids_value(const em_bids_name *name, const char *key)
{
    for (int i = 0; i < name->n; i++)
        if (strcmp(name->text + name->key[i], key) == 0)
            return name->text + name->value[i];
    return NULL;
}

/* key-label; the dash becomes the key's end. */
static bool read_entity(em_bids_name *name, char *part)
{
    char *dash = strchr(part, '-');
    if (!dash || dash == part || !dash[1] || name->n == EM_BIDS_ENTITIES)
        return false;
    *dash = '\0';
    if (em_bids_value(name, part))
        return false;
    name->key[name->n] = (unsigned char)(part - name->text);
    name->value[name->n++] = (unsigned char)(dash + 1 - name->text);
    return true;
}

bool em_bids_name_read(const char *text, em_bids_name *name)
{
    *name = (em_bids_name){0};
    if (strlen(text) >= sizeof name->text)
        return false;
    memcpy(name->text, text, strlen(text));
    char *dot = strchr(name->text, '.');
    if (!dot || !dot[1])
        return false;
    *dot = '\0';
    name->extension = (unsigned char)(dot + 1 - name->text);
    char *part = name->text;
    for (char *end; (end = strchr(part, '_')); part = end + 1) {
        *end = '\0';
        if (!read_entity(name, part))
            return false;
    }
    name->suffix = (unsigned char)(part - name->text);
    return *part != '\0' && !strchr(part, '-');
}

/* Compares the numbers that a and b begin with and steps over them. */
static int compare_numbers(const char **a, const char **b)
{
    size_t n = 0, m = 0;
    while (**a == '0')
        ++*a;
    while (**b == '0')
        ++*b;
    while (is_digit((*a)[n]))
        n++;
    while (is_digit((*b)[m]))
        m++;
    int order = n != m ? (n < m ? -1 : 1) : strncmp(*a, *b, n);
    *a += n;
    *b += m;
    return order;
}

int em_bids_compare(const char *a, const char *b)
{
    const char *p = a, *q = b;
    while (*p && *q) {
        if (is_digit(*p) && is_digit(*q)) {
            int order = compare_numbers(&p, &q);
            if (order)
                return order;
        } else if (*p != *q) {
            break;
        } else {
            p++;
            q++;
        }
    }
    const int order = (unsigned char)*p - (unsigned char)*q;
    return order ? order : strcmp(a, b);
}

int em_bids_compare_index(const char *a, const char *b)
{
    if (!a || !b)
        return !!a - !!b;
    return compare_numbers(&a, &b);
}
