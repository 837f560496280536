#include "describe.h"

#include <string.h>

/* Who looks; seen is NULL while commands do their work. */
static struct {
    command_seen *seen;
    void *where;
    const char *about; /* of the command whose turn it is */
} visit;

void describe_help(const command_group *group, FILE *to)
{
    const char *after = strchr(group->doc, '\v');
    size_t widest = 0;
    for (int i = 0; i < group->n; i++)
        if (strlen(group->command[i].name) > widest)
            widest = strlen(group->command[i].name);
    fprintf(to, "Usage: emlib%s%s COMMAND [OPTION...]\n%.*s\n\n", *group->name ? " " : "", group->name,
            (int)strcspn(group->doc, "\v"), group->doc);
    for (int i = 0; i < group->n; i++)
        fprintf(to, "  %-*s  %s\n", (int)widest, group->command[i].name, group->command[i].about);
    if (after)
        fprintf(to, "\n%s\n", after + 1);
}

bool describe_command(const char *name, const struct argp *argp)
{
    if (!visit.seen)
        return false;
    visit.seen(visit.where, &(command_text){name, visit.about, argp, NULL});
    return true;
}

/* Each command is started as if it had no arguments; where it would read them it is seen instead (cmd_parse). */
bool describe_group(const command_group *group)
{
    if (!visit.seen)
        return false;
    visit.seen(visit.where, &(command_text){group->name, visit.about, NULL, group});
    for (int i = 0; i < group->n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", group->name, *group->name ? " " : "", group->command[i].name);
        visit.about = group->command[i].about;
        (void)group->command[i].run(1, (char *[]){name, NULL});
    }
    return true;
}

void describe_all(const command_group *program, command_seen *seen, void *where)
{
    visit.seen = seen;
    visit.where = where;
    visit.about = "hierarchical models of behaviour, fitted to many people's data";
    (void)describe_group(program);
    visit.seen = NULL;
}
