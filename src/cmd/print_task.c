#include "print_task.h"

#include <stdio.h>
#include <string.h>

/* Words in lines of at most 98 characters, after `indent` spaces. */
static void print_words(const char *text, int indent)
{
    enum { WIDTH = 98 };
    while (*text) {
        size_t n = strlen(text), room = (size_t)(WIDTH - indent);
        if (n > room)
            for (n = room; n > 1 && text[n] != ' '; n--) {
            }
        printf("%*s%.*s\n", indent, "", (int)n, text);
        text += n + (text[n] == ' ');
    }
}

static void print_columns(const em_task *task, int indent)
{
    char line[400];
    snprintf(line, sizeof line, "columns: %s", *task->columns ? task->columns : "none");
    print_words(line, indent);
}

void print_tasks(void)
{
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t)) {
        printf("%s (%d options)\n", t->name, t->options);
        print_words(t->about, 4);
        print_columns(t, 4);
        printf("    settings:%s", em_settings_count(t) ? "" : " none");
        for (int i = 0; i < em_settings_count(t); i++)
            printf(" %s", t->settings[i].name);
        printf("\n");
    }
    printf("\nThe columns are those that a model of the task can have beside its responses. 'emlib simulate\n"
           "--model MODEL --task help' tells what the settings mean.\n");
}

void print_task(const em_model *model, const em_task *task, int options)
{
    printf("Task %s, which simulated people do in model %s\n", task->name, model->name);
    print_words(task->about, 2);
    print_columns(task, 2);
    printf(em_settings_count(task) ? "\nSettings, as they are by default:\n" : "\nIt has no settings.\n");
    for (int i = 0; i < em_settings_count(task); i++) {
        char allowed[EM_ALLOWED], line[EM_ALLOWED + 16];
        snprintf(line, sizeof line, "allowed: %s", em_setting_allowed(&task->settings[i], options, allowed));
        printf("\n  %s=%s\n", task->settings[i].name, task->settings[i].value);
        print_words(task->settings[i].about, 6);
        print_words(line, 6);
    }
}
