/* What can stand for an argument, as far as the help texts tell: for completion. */
#ifndef EMLIB_ARGUMENT_KIND_H
#define EMLIB_ARGUMENT_KIND_H

typedef enum kind_of_argument {
    ARGUMENT_ANY,   /* cannot tell: a number, a name */
    ARGUMENT_MODEL, /* the name of a model, or a compiled one */
    ARGUMENT_COMMAND,
    ARGUMENT_FILE, /* text: patterns with spaces between, such as "*.csv *.tsv" */
    ARGUMENT_WORD  /* text: the words that are allowed, with spaces between */
} kind_of_argument;

typedef struct argument_kind {
    kind_of_argument kind;
    char text[512];
} argument_kind;

/* From the name that the help gives the argument, and its text (NULL: there is none). The conventions:
 *   MODEL, [MODEL]            a model
 *   [COMMAND]                 one of the program's commands
 *   FIT.h5, FILE.csv          a file with such an ending; several endings may occur
 *   FILE, TABLE, FOLDER       any file
 *   block, bash|zsh           in small letters: the words themselves
 *   WHAT, with the text "estimate: ...; fixed: ...", or "Which table: subjects, group or trials"
 *                             the words that the text begins with, and those after each "; ", where a colon follows */
argument_kind argument_kind_of(const char *name, const char *doc);
#endif
