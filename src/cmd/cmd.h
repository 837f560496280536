/* What the program's commands share. Each cmd_*.c reads its arguments with argp, calls the library and prints. */
#ifndef EMLIB_CMD_H
#define EMLIB_CMD_H
#include <argp.h>
#include <stdio.h>

#include "emlib/emlib.h"

typedef int command_fn(int argc, char **argv);
command_fn cmd_batch, cmd_completion, cmd_import, cmd_fit, cmd_hbi, cmd_show, cmd_compare, cmd_export, cmd_identify, cmd_manual, cmd_model,
    cmd_model_check, cmd_models, cmd_loglik, cmd_loo, cmd_predict, cmd_recover, cmd_simulate;

/* `emlib show` of an HBI file: prints it and returns the exit status. */
int show_hbi(const char *path, bool json);
/* The same of a dataset file. */
int show_data(const char *path, bool json);
/* `emlib export` of an HBI file; output NULL: the standard output. */
int export_hbi(const char *path, const char *table, const char *output, bool force);

/* What `emlib fit` would do with these arguments. Returns 0 or 3 where the output is there already and made from the same; one of
 * these; or the exit status of a failure. A line "COLUMN<tab>text" on stderr says why, once for each problem; the column is empty where
 * an option is at fault. Misuse ends the process as it does in cmd_fit: to be called in a process of its own. */
enum {
    CMD_FIT_MISSING = 10,
    CMD_FIT_STOPPED,       /* missing, but its state is there to go on from */
    CMD_FIT_STALE,         /* the output, or the state, is of something else */
    CMD_FIT_STALE_STOPPED, /* the output is, and the state of what is asked for is there */
    CMD_FIT_FOREIGN        /* what is there is no fit */
};
int cmd_fit_look(int argc, char **argv);
/* The options of `emlib fit`, as argp has them. */
const struct argp_option *cmd_fit_options(void);

/* argp_parse with what every command wants: `--help` on stdout and exit 0, misuse on stderr and exit 2, the name
 * "emlib COMMAND" in messages. argv[0] is the command's name. Returns 0 or an exit status. */
int cmd_parse(const struct argp *argp, int argc, char **argv, void *options);
/* Misuse found while parsing: says so, points to --help, ends with exit status 2. */
void cmd_misuse(const struct argp_state *state, const char *format, ...) EM_PRINTF(2, 3) __attribute__((noreturn));
/* Prints "emlib COMMAND: text" on stderr and returns the exit status that belongs to the code; on other processes than the
 * first it is quiet and returns 0. */
int cmd_fail(const char *command, const em_error *error);
/* Flushes stdout; a full disk or closed pipe becomes a message and exit status 1, else returns `status`. */
int cmd_finish(const char *command, int status);
/* A log that prints "emlib COMMAND: text" on stderr. */
em_log cmd_log(const char *command);
/* What main was asked for, before the arguments are read: reading changes their order. */
void cmd_asked(const char *name, int n, char **argument);
/* em_comm_start for a command that all ranks run; EM_INPUT_ERROR where a rank was asked for something else than the first, or is
 * another version of emlib. */
em_code cmd_start(em_comm **comm, em_error *error) EM_MUST_CHECK;
/* True on the one process that may talk: rank 0, known before MPI starts from the launcher's environment. */
bool cmd_is_first(void);

/* Is there such a program, on the PATH or at its own path? */
bool cmd_on_path(const char *command);

/* Can this file be written, and is it none of those that are read (NULL: none)? Better known now than after the work. */
em_code cmd_try_output(const char *output, bool force, const char *input, const char *other_input, em_error *error) EM_MUST_CHECK;

/* An option that may be given several times: `so_far` (NULL at first) and `text`, with a comma between. Never freed: it lives
 * as long as the command. */
const char *cmd_join(const struct argp_state *state, const char *so_far, const char *text);
/* name=number[,name=number...] for the parameters of a model into value [P], which holds NaN for those not given so far;
 * a name given twice is refused. Text NULL gives nothing. Returns false with `error` filled. */
bool cmd_numbers(const char *option, const char *text, const em_model *model, double *value, em_error *error);
/* name[,name...] of parameters of a model: chosen [P] is set. As cmd_numbers. */
bool cmd_names(const char *option, const char *text, const em_model *model, bool *chosen, em_error *error);
/* A whole number from `least` on; on anything else cmd_misuse. */
long long cmd_whole(const struct argp_state *state, const char *option, const char *text, long long least,
                    long long most);
/* A finite number; on anything else cmd_misuse. */
double cmd_number(const struct argp_state *state, const char *option, const char *text);
#endif
