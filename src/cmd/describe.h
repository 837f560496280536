/* Tables of commands, and a walk over all of them that shows each as its own tables describe it: what completion and
 * manual pages are made from, so that they say what --help says. */
#ifndef EMLIB_DESCRIBE_H
#define EMLIB_DESCRIBE_H
#include "cmd.h"

typedef struct command_entry {
    const char *name;
    command_fn *run;
    const char *about;
    bool on_all_ranks; /* else the first process does it, and the others have nothing to do */
} command_entry;

typedef struct command_group {
    const char *name; /* "model"; "" for the program itself */
    const char *doc;  /* as that of argp: what stands before the list of commands, \v, what stands after it */
    const command_entry *command;
    int n;
} command_group;

/* The help of a group. */
void describe_help(const command_group *group, FILE *to);

/* A command with options has argp, a group of commands has group; the other one is NULL. */
typedef struct command_text {
    const char *name; /* "fit", "model build"; "" for the program itself */
    const char *about;
    const struct argp *argp;
    const command_group *group;
} command_text;
typedef void command_seen(void *where, const command_text *text);

/* Shows `program`, its commands and theirs to `seen`, in the order of the tables. Nothing is run. */
void describe_all(const command_group *program, command_seen *seen, void *where);
/* The program's own group, of main.c. */
extern const command_group describe_program;

/* For what reads arguments: true where describe_all is at work, and has seen it; nothing is to be done then. */
bool describe_command(const char *name, const struct argp *argp);
bool describe_group(const command_group *group);
#endif
