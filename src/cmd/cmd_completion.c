/* emlib completion: what a shell completes after `emlib`, made from the tables that --help is made from. */
#include <stdlib.h>
#include <string.h>

#include "argument_kind.h"
#include "completion_bash.h"
#include "completion_zsh.h"
#include "describe.h"

enum { MOST_DESCRIPTION = 70 }; /* bytes of an option's text in zsh */

typedef struct completion_options {
    const char *shell;
} completion_options;

static error_t parse(int key, char *text, struct argp_state *state)
{
    completion_options *o = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (o->shell)
            cmd_misuse(state, "one shell at a time, not '%s' as well", text);
        if (strcmp(text, "bash") != 0 && strcmp(text, "zsh") != 0)
            cmd_misuse(state, "completion is there for bash and zsh, not for '%s'", text);
        o->shell = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->shell)
            cmd_misuse(state, "for which shell: bash or zsh?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .parser = parse,
    .args_doc = "bash|zsh",
    .doc = "Prints a script that completes commands, options, models and files when Tab is pressed. An installed emlib "
           "has it where "
           "shells look for it.\v"
           "Example: for this shell, bash, and for all that are started later\n\n"
           "  source <(emlib completion bash)\n"
           "  emlib completion bash > ~/.local/share/bash-completion/completions/emlib\n\n"
           "For zsh, in a folder that the variable fpath has\n\n"
           "  emlib completion zsh > ~/.zsh/_emlib",
};

/* ---- what both shells get ---------------------------------------------------------------------------------------- */

static void print_version(void) { printf("%s", EMLIB_VERSION); }

static void print_models(void)
{
    size_t n;
    const em_model *const *models = em_models(&n);
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? " " : "", models[i]->name);
}

static void print_names(const command_group *group)
{
    for (int i = 0; i < group->n; i++)
        printf("%s%s", i ? " " : "", group->command[i].name);
}

static void print_commands(void) { print_names(&describe_program); }

static void print_group(void *where, const command_text *text)
{
    (void)where;
    if (text->group && *text->name)
        printf(" %s", text->name);
}

/* The commands that have commands of their own. */
static void print_groups(void) { describe_all(&describe_program, print_group, NULL); }

/* The options of a command one by one, --help included; NULL after the last. */
static const struct argp_option *next_option(const struct argp *of, const struct argp_option *option)
{
    static const struct argp_option help = {"help", '?', NULL, 0, "give this help list", 0};
    if (option == &help)
        return NULL;
    for (option = option ? option + 1 : of->options; option && (option->name || option->key || option->doc); option++)
        if (option->name && !(option->flags & OPTION_HIDDEN))
            return option;
    return &help;
}

/* Its letter, or 0. */
static char letter_of(const struct argp_option *option)
{
    return option->key > ' ' && option->key < 127 ? (char)option->key : 0;
}

/* ---- bash ------------------------------------------------------------------------------------------------------ */

static void bash_take(const char *name, const char *doc)
{
    const argument_kind a = argument_kind_of(name, doc);
    printf("'");
    switch (a.kind) {
    case ARGUMENT_ANY: printf("nothing"); break;
    case ARGUMENT_MODEL: printf("models"); break;
    case ARGUMENT_COMMAND:
        printf("words ");
        print_commands();
        break;
    case ARGUMENT_FILE: printf("files %s", a.text); break;
    case ARGUMENT_WORD: printf("words %s", a.text); break;
    }
    printf("'");
}

static void bash_options(const struct argp *of)
{
    printf("        options='");
    for (const struct argp_option *o = next_option(of, NULL); o; o = next_option(of, o))
        printf(" --%s", o->name);
    printf("'\n        case $before in\n");
    for (const struct argp_option *o = next_option(of, NULL); o; o = next_option(of, o)) {
        if (!o->arg)
            continue;
        printf("        --%s", o->name);
        if (letter_of(o))
            printf(" | -%c", letter_of(o));
        printf(") take=");
        bash_take(o->arg, o->doc);
        printf(" ;;\n");
    }
    printf("        esac\n        rest=");
    bash_take(of->args_doc ? of->args_doc : "", NULL);
}

static void bash_case(void *where, const command_text *text)
{
    (void)where;
    if (!*text->name)
        return;
    printf("    '%s')\n", text->name);
    if (text->group) {
        printf("        options=--help rest='words ");
        print_names(text->group);
        printf("'");
    } else
        bash_options(text->argp);
    printf("\n        ;;\n");
}

static void bash_cases(void) { describe_all(&describe_program, bash_case, NULL); }

/* ---- zsh ------------------------------------------------------------------------------------------------------- */

/* The beginning of a text, for one line between ' and '; what has a meaning there is left out or replaced. */
static void zsh_text(const char *text)
{
    size_t n = strlen(text);
    if (n > MOST_DESCRIPTION)
        for (n = MOST_DESCRIPTION; n && text[n] != ' ';)
            n--;
    for (size_t i = 0; i < n; i++)
        switch (text[i]) {
        case '\'': printf("'\\''"); break;
        case '[': putchar('('); break;
        case ']': putchar(')'); break;
        case ':': printf("\\:"); break;
        case '\\':
        case '\n': putchar(' '); break;
        default: putchar(text[i]);
        }
    if (text[n])
        printf(" ...");
}

static void zsh_names(const command_group *group)
{
    for (int i = 0; i < group->n; i++) {
        printf("        '%s:", group->command[i].name);
        zsh_text(group->command[i].about);
        printf("'\n");
    }
}

static void zsh_commands(void) { zsh_names(&describe_program); }

/* MESSAGE:ACTION of _arguments. */
static void zsh_take(const char *name, const char *doc)
{
    const argument_kind a = argument_kind_of(name, doc);
    zsh_text(*name ? name : "nothing more");
    switch (a.kind) {
    case ARGUMENT_ANY: printf(": "); break;
    case ARGUMENT_MODEL: printf(":_emlib_models"); break;
    case ARGUMENT_COMMAND: printf(":_describe command commands"); break;
    case ARGUMENT_FILE: printf(strcmp(a.text, "*") == 0 ? ":_files" : ":_files -g \"%s\"", a.text); break;
    case ARGUMENT_WORD: printf(":(%s)", a.text); break;
    }
}

static void zsh_option(const struct argp_option *o, char letter)
{
    if (letter)
        printf("            '*-%c%s[", letter, o->arg ? "+" : "");
    else
        printf("            '*--%s%s[", o->name, o->arg ? "=" : "");
    zsh_text(o->doc ? o->doc : "");
    printf("]");
    if (o->arg) {
        printf(":");
        zsh_take(o->arg, o->doc);
    }
    printf("' \\\n");
}

static void zsh_case(void *where, const command_text *text)
{
    (void)where;
    if (!*text->name)
        return;
    printf("    ('%s')\n", text->name);
    if (text->group) {
        printf("        commands=(\n");
        zsh_names(text->group);
        printf("        )\n        _describe command commands\n        ;;\n");
        return;
    }
    printf("        _arguments -s \\\n");
    for (const struct argp_option *o = next_option(text->argp, NULL); o; o = next_option(text->argp, o)) {
        zsh_option(o, 0);
        if (letter_of(o) && letter_of(o) != '?')
            zsh_option(o, letter_of(o));
    }
    printf("            '*:");
    zsh_take(text->argp->args_doc ? text->argp->args_doc : "", NULL);
    printf("'\n        ;;\n");
}

static void zsh_cases(void) { describe_all(&describe_program, zsh_case, NULL); }

/* ---- the scripts: their files, with each @word@ replaced --------------------------------------------------------- */

typedef struct completion_part {
    const char *mark;
    void (*print)(void);
} completion_part;

static const completion_part bash_parts[] = {{"@version@", print_version}, {"@commands@", print_commands},
                                             {"@groups@", print_groups},   {"@models@", print_models},
                                             {"@cases@", bash_cases},      {NULL, NULL}};
static const completion_part zsh_parts[] = {{"@version@", print_version}, {"@commands@", zsh_commands},
                                            {"@groups@", print_groups},   {"@models@", print_models},
                                            {"@cases@", zsh_cases},       {NULL, NULL}};

static void print_script(const char *script, const completion_part *parts)
{
    while (*script) {
        const completion_part *part = parts;
        while (part->mark && strncmp(script, part->mark, strlen(part->mark)) != 0)
            part++;
        if (part->mark) {
            part->print();
            script += strlen(part->mark);
        } else
            putchar(*script++);
    }
}

int cmd_completion(int argc, char **argv)
{
    completion_options o = {0};
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    if (strcmp(o.shell, "bash") == 0)
        print_script(completion_bash, bash_parts);
    else
        print_script(completion_zsh, zsh_parts);
    return cmd_finish("completion", 0);
}
