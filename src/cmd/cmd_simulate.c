/* emlib simulate: data from a model in its task. */
#include <math.h>
#include <stdlib.h>

#include "../task.h"
#include "cmd.h"
#include "print.h"

enum { OPTION_MU = 256, OPTION_VAR, OPTION_SEED, OPTION_OPTIONS, OPTION_TASKS, OPTION_FORCE };

typedef struct {
    const char *model, *mu, *var, *output;
    em_simulation simulation;
    bool force;
} arguments;

static void list_tasks(void)
{
    print_table table = {.align = "lrl"};
    static const char *const head[] = {"task", "options", "what is done"};
    for (int i = 0; i < 3; i++)
        print_cell(&table, "%s", head[i]);
    for (const em_task *t = em_task_next(NULL); t; t = em_task_next(t)) {
        print_cell(&table, "%s", t->name);
        print_cell(&table, "%d", t->options);
        print_cell(&table, "%s", t->about);
    }
    print_end(&table, 0);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case 'm': a->model = text; break;
    case 's': a->simulation.subjects = (size_t)cmd_whole(state, "subjects", text, 1, 4000000000LL); break;
    case 't': a->simulation.trials = (int)cmd_whole(state, "trials", text, 1, 100000000); break;
    case 'o': a->output = text; break;
    case OPTION_MU: a->mu = cmd_join(state, a->mu, text); break;
    case OPTION_VAR: a->var = cmd_join(state, a->var, text); break;
    case OPTION_SEED: a->simulation.seed = (uint64_t)cmd_whole(state, "seed", text, 0, INT64_MAX); break;
    case OPTION_OPTIONS: a->simulation.options = (int)cmd_whole(state, "options", text, 2, EM_MAX_OPTIONS); break;
    case OPTION_TASKS:
        if (cmd_is_first())
            list_tasks();
        exit(cmd_is_first() ? cmd_finish("simulate", 0) : 0);
    case OPTION_FORCE: a->force = true; break;
    case ARGP_KEY_ARG: cmd_misuse(state, "'%s' is too much: everything is said by options", text);
    case ARGP_KEY_END:
        if (!a->model || !a->output || !a->simulation.subjects || !a->simulation.trials)
            cmd_misuse(state, "--model, --subjects, --trials and --output are needed");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "model, see 'emlib models'", 0},
    {"subjects", 's', "S", 0, "number of subjects", 0},
    {"trials", 't', "T", 0, "trials of each", 0},
    {"mu", OPTION_MU, "NAME=X,...", 0, "group means, unconstrained scale (default: the model's)", 0},
    {"var", OPTION_VAR, "NAME=X,...", 0, "group variances, unconstrained scale (default: the model's; 0: all alike)", 0},
    {"options", OPTION_OPTIONS, "K", 0, "number of options of the choice (default: the task's)", 0},
    {"seed", OPTION_SEED, "N", 0, "the same seed gives the same data (default 1)", 0},
    {"output", 'o', "DATA.h5", 0, "dataset file to write; the true parameters go into it, too", 0},
    {"tasks", OPTION_TASKS, NULL, 0, "list the tasks that a model can name, and end", 0},
    {"force", OPTION_FORCE, NULL, 0, "replace DATA.h5 if it exists", 0},
    {0}};
static const struct argp argp = {
    options, parse, "",
    "Draws subjects from a group and their trials from a model, in the task that the model names.\v"
    "A bound that comes from the data (minRT of ddm) is not known before there are data: it is 1 here. The natural values in "
    "DATA.h5 are those that were drawn with; compare them, not the unconstrained ones, with a fit.\n\n"
    "Example: 60 people, 200 trials each, with a mean learning rate of logistic(-0.5)\n\n"
    "  emlib simulate --model rw --subjects 60 --trials 200 --mu alpha=-0.5 -o data.h5\n\n"
    "Under mpirun all processes draw; the file is the same on any number of them.\n", NULL, NULL, NULL};

int cmd_simulate(int argc, char **argv)
{
    arguments a = {.simulation = {.seed = 1}};
    em_error error = {EM_OK, ""};
    const em_model *model;
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        a.simulation.mu[j] = a.simulation.var[j] = NAN;
    int status = cmd_parse(&argp, argc, argv, &a);
    if (status)
        return status;
    em_comm *comm = NULL;
    em_code code = em_comm_start(&comm, &error);
    if (code == EM_OK)
        code = em_comm_model(comm, a.model, &model, &error);
    if (code == EM_OK && (!cmd_numbers("mu", a.mu, model, a.simulation.mu, &error) ||
                          !cmd_numbers("var", a.var, model, a.simulation.var, &error)))
        code = error.code;
    if (code == EM_OK)
        code = em_simulate_file(comm, model, &a.simulation, a.output, a.force, &error);
    if (code == EM_OK && cmd_is_first())
        printf("%s: %zu subjects, %d trials each, model %s, seed %llu\n", a.output, a.simulation.subjects, a.simulation.trials,
               model->name, (unsigned long long)a.simulation.seed);
    status = code == EM_OK ? cmd_finish("simulate", 0) : cmd_fail("simulate", &error);
    em_comm_stop(comm);
    return status;
}
