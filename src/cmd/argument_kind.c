#include "argument_kind.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void add(argument_kind *a, kind_of_argument kind, const char *word, size_t length)
{
    const size_t n = strlen(a->text);
    a->kind = kind;
    snprintf(a->text + n, sizeof a->text - n, "%s%.*s", n ? " " : "", (int)length, word);
}

/* The length of a word as options take it: letters, digits, - and _. */
static size_t word_length(const char *text)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || text[n] == '-' || text[n] == '_')
        n++;
    return n;
}

/* FIT.h5 gives *.h5. Tables are read with commas or with tabs. */
static void endings(argument_kind *a, const char *name)
{
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        const size_t n = word_length(dot + 1);
        char pattern[64];
        snprintf(pattern, sizeof pattern, "*%.*s", (int)n + 1, dot);
        if (n == 0 || dot == name || !isupper((unsigned char)dot[-1]) || strstr(a->text, pattern))
            continue;
        add(a, ARGUMENT_FILE, pattern, strlen(pattern));
        if (strcmp(pattern, "*.csv") == 0)
            add(a, ARGUMENT_FILE, "*.tsv", 5);
    }
}

/* "Which table: subjects, group or trials" */
static void list_of(argument_kind *a, const char *doc)
{
    const char *text = strstr(doc, ": ");
    for (text = text ? text + 2 : ""; word_length(text);) {
        const size_t n = word_length(text);
        if (!(n == 2 && strncmp(text, "or", 2) == 0))
            add(a, ARGUMENT_WORD, text, n);
        text += n;
        text += strspn(text, ", ");
    }
}

/* "estimate: the group's means (default); fixed: under the prior; none: without one" */
static void choices(argument_kind *a, const char *doc)
{
    for (const char *part = doc; part; part = strstr(part, "; ") ? strstr(part, "; ") + 2 : NULL) {
        const size_t n = word_length(part);
        const bool listed = n && part[n] == ':' && part[n + 1] == ' ' && !isupper((unsigned char)*part);
        if (listed)
            add(a, ARGUMENT_WORD, part, n);
        else if (part == doc)
            return;
    }
}

static bool in_small_letters(const char *name)
{
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_|") == strlen(name);
}

argument_kind argument_kind_of(const char *name, const char *doc)
{
    static const char *const any_file[] = {"FILE", "TABLE", "FOLDER"};
    argument_kind a = {ARGUMENT_ANY, ""};
    if (strcmp(name, "MODEL") == 0 || strcmp(name, "[MODEL]") == 0)
        a.kind = ARGUMENT_MODEL;
    if (strcmp(name, "[COMMAND]") == 0)
        a.kind = ARGUMENT_COMMAND;
    endings(&a, name);
    for (size_t i = 0; i < sizeof any_file / sizeof *any_file && a.kind == ARGUMENT_ANY; i++)
        if (strncmp(name, any_file[i], strlen(any_file[i])) == 0)
            add(&a, ARGUMENT_FILE, "*", 1);
    if (a.kind == ARGUMENT_ANY && in_small_letters(name))
        for (const char *word = name; *word; word += strspn(word, "|")) {
            const size_t n = strcspn(word, "|");
            add(&a, ARGUMENT_WORD, word, n);
            word += n;
        }
    if (a.kind == ARGUMENT_ANY && doc && strncmp(doc, "Which ", 6) == 0)
        list_of(&a, doc);
    else if (a.kind == ARGUMENT_ANY && doc)
        choices(&a, doc);
    return a;
}
