/* emlib: the program. A table of commands, each in its own cmd_*.c. */
#include <errno.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"
#include "../texts.h"
#include "cmd.h"
#include "describe.h"

static const command_entry commands[] = {
    {"import", cmd_import, "turn a CSV or TSV table of trials into a dataset file", false},
    {"fit", cmd_fit, "fit a model to everybody's data, on one or many ranks", true},
    {"batch", cmd_batch, "the fits of a manifest, one after the other or on SLURM", false},
    {"hbi", cmd_hbi, "several models at once: how frequent each is, and whose it is, on one or many ranks", true},
    {"show", cmd_show, "what was fitted, how it went, the group's parameters; or what a dataset holds", false},
    {"compare", cmd_compare, "models side by side, best first", false},
    {"export", cmd_export, "tables of a fit as CSV: subjects, group, trace, trials, bootstrap", false},
    {"models", cmd_models, "the models, their parameters and the columns they need", false},
    {"model", cmd_model, "models of your own: write, build, try", false},
    {"loglik", cmd_loglik, "each subject's log-likelihood at one point", false},
    {"loo", cmd_loo, "how well a fit predicts each subject from all others, on one or many ranks", true},
    {"predict", cmd_predict, "does the model behave like the people? on one or many ranks", true},
    {"simulate", cmd_simulate, "draw data from a model, on one or many ranks", true},
    {"recover", cmd_recover, "are simulated people's parameters found again? On one or many ranks", true},
    {"identify", cmd_identify, "is the simulated model found again among several? On one or many ranks", true},
    {"completion", cmd_completion, "completes commands, options, models and files in bash and zsh", false},
    {"manual", cmd_manual, "manual pages", false},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };
const command_group describe_program = {
    "",
    "Fits hierarchical models of behaviour to many people's data: EM with a Laplace E-step.\v"
    "'emlib COMMAND --help' tells a command's options. A first run, from a table to a comparison:\n\n"
    "  emlib import trials.csv -o data.h5\n"
    "  mpirun -n 4 emlib fit data.h5 --model rw -o rw.h5\n"
    "  mpirun -n 4 emlib fit data.h5 --model rw_dual -o rw_dual.h5\n"
    "  emlib compare rw.h5 rw_dual.h5\n\n"
    "Exit status: 0 done; 1 the machine failed; 2 bad usage or bad input, nothing written;\n"
    "3 written, but EM had not converged; 75 stopped by a signal, run again to go on.\n\n"
    "Environment: EMLIB_ISA=baseline, avx2 or avx512 caps the width of vectors; CC is the compiler of\n"
    "'emlib model build'; EMLIB_LAUNCHER starts the ranks of SLURM jobs.",
    commands, N_COMMANDS};

bool cmd_is_first(void)
{
    static const char *const rank[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof rank / sizeof *rank; i++) {
        const char *text = getenv(rank[i]);
        if (text)
            return strcmp(text, "0") == 0;
    }
    return true;
}

/* Another process than the first, whose arguments are wrong: mostly those of all are, and the first says what is wrong and ends,
 * which ends this one while it waits. If not, the first would wait for this one for ever. Other launchers than mpirun do not end
 * processes because of one, so there each ends quietly. */
static void __attribute__((noreturn)) end_other(const char *name)
{
    if (!getenv("OMPI_COMM_WORLD_RANK"))
        exit(0);
    sleep(3);
    fprintf(stderr, "%s: process %s was started with wrong arguments; all processes need the same command line and the same emlib\n", name,
            getenv("OMPI_COMM_WORLD_RANK"));
    exit(EM_INPUT_ERROR);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-?") == 0 || strncmp(argv[i], "--h", 3) == 0 || strncmp(argv[i], "--us", 4) == 0)
            return true;
    return false;
}

int cmd_parse(const struct argp *argp, int argc, char **argv, void *options)
{
    char name[64];
    if (describe_command(argv[0], argp))
        return EM_INPUT_ERROR; /* which ends the command */
    snprintf(name, sizeof name, "emlib %s", argv[0]);
    argv[0] = name;
    argp_err_exit_status = EM_INPUT_ERROR;
    if (cmd_is_first())
        return argp_parse(argp, argc, argv, 0, NULL, options) ? EM_INPUT_ERROR : 0;
    /* The first process tells what is wrong, or helps. The others end quietly: a status other than 0 from one of them would
     * make the launcher end the first before it has said its word. */
    const bool help = asks_for_help(argc, argv);
    if (argp_parse(argp, argc, argv, ARGP_SILENT, NULL, options)) {
        if (help)
            exit(0);
        end_other(name);
    }
    return 0;
}

void cmd_misuse(const struct argp_state *state, const char *format, ...)
{
    if (cmd_is_first()) {
        va_list list;
        va_start(list, format);
        fprintf(stderr, "%s: ", state->name);
        vfprintf(stderr, format, list);
        fprintf(stderr, "\nTry '%s --help'.\n", state->name);
        va_end(list);
    }
    if (!cmd_is_first())
        end_other(state->name);
    exit(EM_INPUT_ERROR);
}

/* Words of files and arguments may stand in it: control characters would reach the terminal. */
static void put_line(const char *command, const char *text)
{
    fprintf(stderr, "emlib %s: ", command);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        const bool c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;
        putc((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7F || c1 ? '?' : *p, stderr);
        p += c1;
    }
    putc('\n', stderr);
}

int cmd_fail(const char *command, const em_error *error)
{
    if (!cmd_is_first())
        return 0; /* see cmd_parse */
    put_line(command, error->text);
    return (int)error->code;
}

int cmd_finish(const char *command, int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "emlib %s: cannot write to the standard output: %s\n", command, strerror(errno));
    return EM_MACHINE;
}

static void print_line(void *where, const char *text)
{
    if (cmd_is_first())
        put_line(where, text);
}

em_log cmd_log(const char *command)
{
    return (em_log){print_line, (void *)(uintptr_t)command};
}

long long cmd_whole(const struct argp_state *state, const char *option, const char *text, long long least,
                    long long most)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno || n < least || n > most)
        cmd_misuse(state, "--%s wants a whole number from %lld to %lld, not '%s'", option, least, most, text);
    return n;
}

double cmd_number(const struct argp_state *state, const char *option, const char *text)
{
    char *end;
    double x = strtod(text, &end);
    if (end == text || *end || !isfinite(x))
        cmd_misuse(state, "--%s wants a number, not '%s'", option, text);
    return x;
}

/* Texts that live as long as the command; the list keeps them in reach. */
static struct kept {
    struct kept *next;
    char text[];
} *kept;

bool cmd_on_path(const char *command)
{
    const char *path = getenv("PATH");
    if (strchr(command, '/'))
        return access(command, X_OK) == 0;
    while (path && *path) {
        char full[4096];
        const int n = (int)strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", n, path, command);
        if (access(full, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

em_code cmd_try_output(const char *output, bool force, const char *input, const char *other_input, em_error *error)
{
    em_output trial = {.fd = -1};
    em_code code = input ? em_output_differs(output, input, error) : EM_OK;
    if (code == EM_OK && other_input)
        code = em_output_differs(output, other_input, error);
    if (code == EM_OK)
        code = em_output_open(&trial, output, force, error);
    em_output_close(&trial);
    return code;
}

const char *cmd_join(const struct argp_state *state, const char *so_far, const char *text)
{
    if (!so_far)
        return text;
    const size_t size = strlen(so_far) + 1 + strlen(text) + 1;
    struct kept *joined = malloc(sizeof *joined + size);
    if (!joined)
        cmd_misuse(state, "out of memory");
    snprintf(joined->text, size, "%s,%s", so_far, text);
    joined->next = kept;
    kept = joined;
    return joined->text;
}

/* The parameter whose name are the first n bytes of `text`, or -1 with `error` filled. */
static int parameter_named(const char *option, const char *text, size_t n, const em_model *model, em_error *error)
{
    for (int j = 0; j < model->n_parameters; j++)
        if (strlen(model->parameters[j].name) == n && strncmp(model->parameters[j].name, text, n) == 0)
            return j;
    em_fail(error, EM_INPUT_ERROR, "--%s: model %s has no parameter '%.*s'; 'emlib models %s' lists them", option, model->name,
            (int)n, text, model->name);
    return -1;
}

bool cmd_names(const char *option, const char *text, const em_model *model, bool *chosen, em_error *error)
{
    while (text && *text) {
        const size_t n = strcspn(text, ",");
        const int found = parameter_named(option, text, n, model, error);
        if (found < 0)
            return false;
        chosen[found] = true;
        text += n + (text[n] == ',');
    }
    return true;
}

bool cmd_numbers(const char *option, const char *text, const em_model *model, double *value, em_error *error)
{
    while (text && *text) {
        size_t name = strcspn(text, "=,"), whole = strcspn(text, ",");
        const int found = parameter_named(option, text, name, model, error);
        if (found < 0)
            return false;
        char *end = NULL;
        double x = text[name] == '=' ? strtod(text + name + 1, &end) : NAN;
        if (end != text + whole || !isfinite(x)) {
            em_fail(error, EM_INPUT_ERROR, "--%s: '%.*s' is not of the form %s=NUMBER", option, (int)whole, text,
                    model->parameters[found].name);
            return false;
        }
        if (!isnan(value[found])) {
            em_fail(error, EM_INPUT_ERROR, "--%s gives %s twice", option, model->parameters[found].name);
            return false;
        }
        value[found] = x;
        text += whole + (text[whole] == ',');
    }
    return true;
}

/* Ends as the signal would have done, but without unfinished files. */
static void clear_and_end(int number)
{
    em_output_remove_all();
    signal(number, SIG_DFL);
    raise(number);
}

/* `emlib fit` puts handlers of its own in their place. What is ignored, as under nohup, stays so. */
static void catch_signals(void)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct sigaction now;
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
            now = (struct sigaction){.sa_handler = clear_and_end};
            sigaction(ends[i], &now, NULL);
        }
    }
}

static void no_command(const char *word)
{
    char shown[EM_SHOWN];
    int n = 0;
    em_text_shown(word, strlen(word), shown);
    fprintf(stderr, "emlib: there is no command '%s'", shown);
    for (int i = 0; i < N_COMMANDS; i++)
        if (em_text_edits(word, commands[i].name) <= (strlen(word) > 4 ? 2 : 1))
            fprintf(stderr, "%s%s", n++ ? " or " : "; did you mean ", commands[i].name);
    fprintf(stderr, "%s\n'emlib --help' lists all commands.\n", n ? "?" : "");
}

int main(int argc, char **argv)
{
    catch_signals();
    gsl_set_error_handler_off();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error to report, not the end */
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        describe_help(&describe_program, stdout);
        return cmd_finish("help", 0);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("emlib %s\n", EMLIB_VERSION);
        return cmd_finish("version", 0);
    }
    if (argc > 1)
        cmd_asked(word, argc - 2, argv + 2);
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].on_all_ranks || cmd_is_first() ? commands[i].run(argc - 1, argv + 1) : 0;
    if (cmd_is_first() && *word)
        no_command(word);
    else if (cmd_is_first())
        describe_help(&describe_program, stderr);
    return cmd_is_first() ? EM_INPUT_ERROR : 0;
}
