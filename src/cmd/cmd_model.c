/* emlib model: models that users write themselves. Its own commands: new, build, check. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "model_build.h"
#include "template.h"
#include "template_plain.h"

enum { OPTION_PLAIN = 256 };

/* ---- new --------------------------------------------------------------------------------------------------------- */

typedef struct new_options {
    const char *name;
    bool plain;
} new_options;

static error_t parse_new(int key, char *text, struct argp_state *state)
{
    new_options *o = state->input;
    switch (key) {
    case OPTION_PLAIN: o->plain = true; return 0;
    case ARGP_KEY_ARG:
        if (o->name)
            cmd_misuse(state, "one model at a time, not '%s' as well", text);
        o->name = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->name)
            cmd_misuse(state, "which name shall the model have?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp new_argp = {
    (const struct argp_option[]){
        {"plain", OPTION_PLAIN, 0, 0, "In plain C, with numerical derivatives: for planning, other libraries, loops of any length", 0}, {0}},
    parse_new, "NAME",
    "Writes NAME.c in the current folder: a learning model for the columns choice and reward that works as it stands, with comments "
    "on what to change.\v"
    "Example: from nothing to a fit\n\n"
    "  emlib model new mine\n"
    "  emlib model build mine.c -o mine.so\n"
    "  emlib model check ./mine.so data.h5\n"
    "  emlib fit data.h5 --model ./mine.so -o mine.h5\n",
    NULL, NULL, NULL};

/* A name that can stand in C and in the names of files. */
static bool fit_for_c(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return *name && !(*name >= '0' && *name <= '9') && strspn(name, allowed) == strlen(name);
}

/* The template, with NAME as the user's. */
static void write_template(const char *from, const char *name, FILE *to)
{
    for (const char *mark; (mark = strstr(from, "NAME")); from = mark + 4)
        fprintf(to, "%.*s%s", (int)(mark - from), from, name);
    fputs(from, to);
}

static int model_new(int argc, char **argv)
{
    new_options o = {0};
    em_error error;
    char path[300];
    int status = cmd_parse(&new_argp, argc, argv, &o);
    if (status)
        return status;
    if (!fit_for_c(o.name) || strlen(o.name) > 100) {
        em_fail(&error, EM_INPUT_ERROR, "'%s' cannot be a model's name: letters, digits and _ only, no digit first, at most 100", o.name);
        return cmd_fail("model new", &error);
    }
    snprintf(path, sizeof path, "%s.c", o.name);
    FILE *to = fopen(path, "wx");
    if (!to) {
        em_fail(&error, errno == EEXIST ? EM_INPUT_ERROR : EM_MACHINE, errno == EEXIST ? "%s exists already, and is left as it is%s" : "%s: cannot write: %s", path,
                errno == EEXIST ? "" : strerror(errno));
        return cmd_fail("model new", &error);
    }
    write_template(o.plain ? template_plain : template, o.name, to);
    const bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        remove(path);
        em_fail(&error, EM_MACHINE, "%s: cannot write", path);
        return cmd_fail("model new", &error);
    }
    printf("%s: written. Next: emlib model build %s -o %s.so\n", path, path, o.name);
    return cmd_finish("model new", 0);
}

/* ---- build ------------------------------------------------------------------------------------------------------- */

typedef struct build_options {
    const char *source, *output;
    bool force;
} build_options;

static error_t parse_build(int key, char *text, struct argp_state *state)
{
    build_options *o = state->input;
    switch (key) {
    case 'o': o->output = text; return 0;
    case 'f': o->force = true; return 0;
    case ARGP_KEY_ARG:
        if (o->source)
            cmd_misuse(state, "one file at a time, not '%s' as well", text);
        o->source = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->source)
            cmd_misuse(state, "which file?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp build_argp = {
    (const struct argp_option[]){{"output", 'o', "NAME.so", 0, "Where to write it; default: the source's name with .so, in the current folder", 0},
                                 {"force", 'f', 0, 0, "Replace the output even if it is not a compiled model", 0},
                                 {0}},
    parse_build, "NAME.c",
    "Compiles a model with the system's C compiler (environment variable CC, else cc, gcc or clang), for every kind of processor that this "
    "emlib serves, so that one file does for a whole cluster. Mistakes in NAME.c are shown with their lines, and hints.\v"
    "Example:\n\n  emlib model build mine.c -o mine.so\n  emlib models ./mine.so\n",
    NULL, NULL, NULL};

static void describe(const em_model *model, const char *output)
{
    printf("%s: model %s;  parameters", output, model->name);
    for (int j = 0; j < model->n_parameters; j++)
        printf("%s %s (%s)", j ? "," : "", model->parameters[j].name, model->parameters[j].transform);
    printf(";  columns");
    for (int c = 0; c < model->n_columns; c++)
        printf("%s %s", c ? "," : "", model->columns[c].name);
    printf("%s\n", model->numerical ? ";  derivatives numerical" : "");
}

/* NAME.so in the current folder, of any/where/NAME.c. */
static void default_output(const char *source, char output[4096])
{
    const char *name = strrchr(source, '/');
    name = name ? name + 1 : source;
    const size_t n = strlen(name);
    snprintf(output, 4096, "%.*s.so", (int)(n > 2 && strcmp(name + n - 2, ".c") == 0 ? n - 2 : n), name);
}

static int model_build_command(int argc, char **argv)
{
    build_options o = {0};
    em_error error;
    char output[4096], path[4200];
    const em_model *model;
    int status = cmd_parse(&build_argp, argc, argv, &o);
    if (status)
        return status;
    if (!o.output) {
        default_output(o.source, output);
        o.output = output;
    }
    em_code code = model_build(o.source, o.output, o.force, &error);
    snprintf(path, sizeof path, "%s%s", strchr(o.output, '/') ? "" : "./", o.output);
    if (code == EM_OK)
        code = em_model_get(path, &model, &error);
    if (code != EM_OK)
        return cmd_fail("model build", &error);
    describe(model, o.output);
    return cmd_finish("model build", 0);
}

/* ---- which ------------------------------------------------------------------------------------------------------- */

static const command_entry commands[] = {
    {"new", model_new, "write a file to begin with", false},
    {"build", model_build_command, "compile it", false},
    {"check", cmd_model_check, "try it on data, and say what to mend", false},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };
static const command_group group = {
    "model",
    "Models of your own.\v"
    "'emlib model COMMAND --help' tells a command's options. Example:\n\n"
    "  emlib model new mine\n"
    "  emlib model build mine.c -o mine.so\n"
    "  emlib model check ./mine.so data.h5\n"
    "  emlib fit data.h5 --model ./mine.so -o mine.h5",
    commands, N_COMMANDS};

int cmd_model(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (describe_group(&group))
        return 0;
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(word, commands[i].name) == 0) {
            char name[32];
            snprintf(name, sizeof name, "model %s", word);
            argv[1] = name;
            return commands[i].run(argc - 1, argv + 1);
        }
    const bool asked = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
    if (*word && !asked)
        fprintf(stderr, "emlib model: there is no command '%s'\n", word);
    describe_help(&group, asked ? stdout : stderr);
    return asked ? cmd_finish("model", 0) : EM_INPUT_ERROR;
}
