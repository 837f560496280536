/* emlib simulate: data from a model in its task. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "cmd.h"
#include "print_task.h"

enum { OPTION_MU = 256, OPTION_VAR, OPTION_SEED, OPTION_OPTIONS, OPTION_EFFECT, OPTION_SPLIT, OPTION_TASK, OPTION_TASKS, OPTION_FORCE,
       OPTION_LIKE, OPTION_FROM, OPTION_PARAMETERS, OPTION_DATA, OPTION_KEEP };

typedef struct {
    const char *model, *mu, *var, *effect, *task, *output;
    em_split *split; /* [argc], more than can be asked for */
    em_simulation simulation;
    em_like_options like; /* --like and --from */
    const char **keep;    /* [argc] */
    bool replays, parameters, force;
} arguments;

/* --from with --subjects: new people from the group of a fit, in the task of its model. */
static bool has_new_people(const arguments *a) { return a->like.fit && (a->simulation.subjects || a->simulation.trials); }

static bool wants_settings(const arguments *a) { return a->task && strcmp(a->task, "help") == 0; }

/* GROUP=A,B */
static em_split read_split(const struct argp_state *state, char *text)
{
    char *equals = strchr(text, '='), *comma = equals ? strchr(equals, ',') : NULL;
    if (!comma || strchr(comma + 1, ','))
        cmd_misuse(state, "--split wants NAME=A,B, not '%s'", text);
    *equals = *comma = '\0';
    return (em_split){text, {equals + 1, comma + 1}};
}

static void check_new_people(const arguments *a, const struct argp_state *state)
{
    if (a->like.dataset || a->like.estimates || a->like.n_keep)
        cmd_misuse(state, "--from with --subjects makes new people: --like, --data, --keep and --parameters subjects are not for them");
    if (a->mu || a->var)
        cmd_misuse(state, "--from takes parameters from the fit: --mu and --var are not for it");
    if (!a->output || !a->simulation.subjects || !a->simulation.trials)
        cmd_misuse(state, "new people from a fit need --subjects, --trials and --output");
}

/* What cannot be said of a design that is there already. */
static void check_replay(const arguments *a, const struct argp_state *state)
{
    if (a->simulation.subjects || a->simulation.trials)
        cmd_misuse(state, "--like takes people and trials from a dataset: --subjects and --trials are not for it");
    if (a->effect || a->simulation.n_splits)
        cmd_misuse(state, "--like and --from take covariates from a dataset: --effect and --split are not for them");
    if (a->like.fit && a->simulation.options)
        cmd_misuse(state, "--from takes the number of options from the fit: --options is not for it");
    if (a->like.fit && (a->mu || a->var))
        cmd_misuse(state, "--from takes parameters from the fit: --mu and --var are not for it");
    if (!a->like.fit && a->parameters)
        cmd_misuse(state, "--parameters goes with --from FIT.h5");
    if (!a->output || (!a->model && !a->like.fit))
        cmd_misuse(state, "--output and --model or --from are needed");
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
    case OPTION_EFFECT: a->effect = cmd_join(state, a->effect, text); break;
    case OPTION_SPLIT: a->split[a->simulation.n_splits++] = read_split(state, text); break;
    case OPTION_TASK:
        if (*text)
            a->task = cmd_join(state, a->task, text);
        break;
    case OPTION_TASKS:
        if (cmd_is_first())
            print_tasks();
        exit(cmd_is_first() ? cmd_finish("simulate", 0) : 0);
    case OPTION_FORCE: a->force = true; break;
    case OPTION_LIKE:
    case OPTION_DATA:
        if (a->like.dataset)
            cmd_misuse(state, "--like and --data both name a dataset: once is enough");
        a->like.dataset = text;
        a->replays = true;
        break;
    case OPTION_FROM: a->like.fit = text; a->replays = true; break;
    case OPTION_PARAMETERS:
        if (strcmp(text, "group") != 0 && strcmp(text, "subjects") != 0)
            cmd_misuse(state, "--parameters takes group or subjects, not '%s'", text);
        a->like.estimates = *text == 's';
        a->parameters = true;
        break;
    case OPTION_KEEP: a->keep[a->like.n_keep++] = text; break;
    case ARGP_KEY_ARG: cmd_misuse(state, "'%s' is too much: everything is said by options", text);
    case ARGP_KEY_END:
        if (wants_settings(a) && !a->model)
            cmd_misuse(state, "--task help needs --model, too; --tasks lists all tasks");
        if (wants_settings(a))
            break;
        if (has_new_people(a))
            check_new_people(a, state);
        else if (a->replays)
            check_replay(a, state);
        if (a->replays)
            break;
        if (a->parameters || a->like.n_keep)
            cmd_misuse(state, "--parameters and --keep go with --like or --from");
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
    {"options", OPTION_OPTIONS, "K", 0, "number of options of the choice (default: the task's, or with --from the fit's)", 0},
    {"seed", OPTION_SEED, "N", 0, "the same seed gives the same data (default 1)", 0},
    {"effect", OPTION_EFFECT, "NAME:PAR=B,...", 0,
     "draw a standard normal covariate NAME of each subject; for one unit of it the mean of parameter PAR is B higher, on the "
     "unconstrained scale (repeatable)", 0},
    {"split", OPTION_SPLIT, "NAME=A,B", 0,
     "a covariate NAME that is A for the first subject, B for the second, and so on in turn; 0 and 1 for --effect "
     "(repeatable)", 0},
    {"like", OPTION_LIKE, "DATA.h5", 0,
     "in place of --subjects and --trials: the people, trials and inputs of this dataset, row by row, with responses drawn anew", 0},
    {"from", OPTION_FROM, "FIT.h5", 0,
     "model and parameters of a fit; the design is that of its data, or of --like, or, with --subjects and --trials, the model's task", 0},
    {"parameters", OPTION_PARAMETERS, "group|subjects", 0,
     "with --from: draw people from the group of the fit (default), or let each have its own estimate", 0},
    {"data", OPTION_DATA, "DATA.h5", 0, "with --from: the dataset, where it is no longer at the place that the fit names", 0},
    {"keep", OPTION_KEEP, "COLUMN", 0,
     "with --like and --from: this column stays as it is: an outcome that does not depend on the choice, or a column "
     "that the model does not know (repeatable)", 0},
    {"output", 'o', "DATA.h5", 0, "dataset file to write; the true parameters go into it, too", 0},
    {"task", OPTION_TASK, "NAME=VALUE,...", 0,
     "settings of the model's task, lists with '/' between, ranges with '..' (repeatable; default: the task's); --task help, with "
     "--model, lists them", 0},
    {"tasks", OPTION_TASKS, NULL, 0, "list the tasks that a model can name, with their columns and settings, and end", 0},
    {"force", OPTION_FORCE, NULL, 0, "replace DATA.h5 if it exists", 0},
    {0}};
static const struct argp argp = {
    options, parse, "",
    "Draws subjects from a group and their trials from a model, in the task that the model names or in the design of a dataset.\v"
    "A bound that comes from the data (minRT of ddm) is not known before there are data: it is 1 here. The natural values in "
    "DATA.h5 are those that were drawn with; compare them, not the unconstrained ones, with a fit.\n\n"
    "Example: 60 people, 200 trials each, with a mean learning rate of logistic(-0.5)\n\n"
    "  emlib simulate --model rw --subjects 60 --trials 200 --mu alpha=-0.5 \\\n"
    "        -o data.h5\n\n"
    "Two groups, of which the patients learn more slowly, and an effect of age on both parameters\n\n"
    "  emlib simulate --model rw --subjects 60 --trials 200 -o data.h5 \\\n"
    "        --split group=control,patient --effect group:alpha=-0.8 \\\n"
    "        --effect age:alpha=0.3,age:beta=0.2\n\n"
    "Another task than usual: reward with probability 0.9 or 0.1, a reversal after each 30 trials. The first command lists what "
    "can be set\n\n"
    "  emlib simulate --model rw --task help\n"
    "  emlib simulate --model rw --subjects 60 --trials 200 -o data.h5 \\\n"
    "        --task p=0.9,reversal=30\n\n"
    "The design of your own data; and people as a fit describes them, in the design of its data\n\n"
    "  emlib simulate --model rw --like data.h5 -o again.h5\n"
    "  emlib simulate --from rw.h5 --parameters subjects -o again.h5\n\n"
    "New people like those of a pilot study, half of them with a treatment that makes them learn faster\n\n"
    "  emlib simulate --from rw.h5 --subjects 80 --trials 200 -o planned.h5 \\\n"
    "        --split group=control,treated --effect group:alpha=0.5\n\n"
    "In a design of your own, where another choice is drawn than was made, its outcome is the one of columns reward_0, reward_1, ... "
    "of the data (each option's outcome, for a column reward), or else it is drawn by the model's task with the settings of "
    "--task; a word on stderr says which. Trials without a response stay without; but a dataset whose column of responses is "
    "empty is a plan, and all its trials are drawn. A bound that comes from the data is that of the data.\n\n"
    "Covariates and effects go into DATA.h5, too. The same seed gives the same people with effects and without, but for the "
    "shift.\n\n"
    "Under mpirun all processes draw; the file is the same on any number of them.\n", NULL, NULL, NULL};

/* --mu, --var and --effect, once the model is known. *effects: free it. */
static em_code read_numbers(arguments *a, const em_model *model, em_effect **effects, em_error *error)
{
    if (!cmd_numbers("mu", a->mu, model, a->simulation.mu, error) ||
        !cmd_numbers("var", a->var, model, a->simulation.var, error))
        return error->code;
    em_code code = em_effects_read(a->effect, effects, &a->simulation.n_effects, error);
    a->simulation.effect = *effects;
    a->simulation.split = a->split;
    a->simulation.task_settings = a->task;
    return code;
}

/* --task help */
static em_code show_settings(const arguments *a, const em_model *model, em_error *error)
{
    const em_task *task = em_task_find(model->task);
    if (!task)
        return em_fail(error, EM_INPUT_ERROR, "model %s names no task that there is; 'emlib simulate --tasks' lists them", model->name);
    if (cmd_is_first())
        print_task(model, task, a->simulation.options);
    return EM_OK;
}

/* A design that is there already: the first process writes what all have drawn. */
static em_code replay(em_comm *comm, arguments *a, const em_model *model, em_error *error)
{
    const em_log log = cmd_log("simulate");
    em_dataset *data = NULL;
    a->like.model = model;
    a->like.model_file = a->model;
    a->like.seed = a->simulation.seed;
    a->like.options = a->simulation.options;
    a->like.task_settings = a->task;
    a->like.keep = a->keep;
    memcpy(a->like.mu, a->simulation.mu, sizeof a->like.mu);
    memcpy(a->like.var, a->simulation.var, sizeof a->like.var);
    em_code code = em_comm_agree(comm, cmd_is_first() ? cmd_try_output(a->output, a->force, a->like.fit, a->like.dataset, error) : EM_OK, error);
    if (code == EM_OK)
        code = em_simulate_like(comm, &a->like, &log, &data, error);
    if (code == EM_OK && data)
        code = em_dataset_write(data, a->output, a->force, error);
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK && data)
        printf("%s: %zu subjects, %zu trials, model %s, seed %llu\n", a->output, data->n_subjects, data->n_rows, data->truth->model,
               (unsigned long long)a->like.seed);
    em_dataset_free(data);
    return code;
}

static em_code draw(arguments *a, em_comm *comm, const em_model *model, em_error *error)
{
    em_effect *effects = NULL;
    const bool replays = a->replays && !has_new_people(a);
    em_code code = model ? read_numbers(a, model, &effects, error) : EM_OK; /* in the design of its data a fit knows the model */
    if (code == EM_OK && has_new_people(a))
        code = em_comm_agree(comm, em_simulation_from(a->like.fit, model, &a->simulation, error), error);
    if (code == EM_OK)
        code = replays ? replay(comm, a, model, error) : em_simulate_file(comm, model, &a->simulation, a->output, a->force, error);
    if (code == EM_OK && !replays && cmd_is_first())
        printf("%s: %zu subjects, %d trials each, model %s, seed %llu%s%s\n", a->output, a->simulation.subjects,
               a->simulation.trials, model->name, (unsigned long long)a->simulation.seed, a->task ? ", task " : "",
               a->task ? a->task : "");
    free(effects);
    return code;
}

static em_code model_of_fit(em_comm *comm, const arguments *a, const em_model **model, em_error *error)
{
    em_fit *fit = NULL;
    const char *name = NULL;
    em_code code = em_fit_read(a->like.fit, &fit, error);
    if (code == EM_OK)
        code = em_fit_model_name(fit, a->model, &name, error);
    code = em_comm_agree(comm, code, error);
    if (code == EM_OK)
        code = em_comm_model(comm, name, model, error);
    em_fit_free(fit);
    return code;
}

static int run(arguments *a)
{
    em_error error = {EM_OK, ""};
    const em_model *model = NULL;
    em_comm *comm = NULL;
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK && (!a->like.fit || wants_settings(a)))
        code = em_comm_model(comm, a->model, &model, &error);
    else if (code == EM_OK && has_new_people(a))
        code = model_of_fit(comm, a, &model, &error);
    if (code == EM_OK && wants_settings(a))
        code = show_settings(a, model, &error);
    else if (code == EM_OK)
        code = draw(a, comm, model, &error);
    const int status = code == EM_OK ? cmd_finish("simulate", 0) : cmd_fail("simulate", &error);
    em_comm_stop(comm);
    return status;
}

int cmd_simulate(int argc, char **argv)
{
    static const em_error no_memory = {EM_MACHINE, "out of memory"};
    arguments a = {.simulation = {.seed = 1}, .like = em_like_defaults()};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        a.simulation.mu[j] = a.simulation.var[j] = NAN;
    a.split = calloc((size_t)argc, sizeof *a.split);
    a.keep = calloc((size_t)argc, sizeof *a.keep);
    int status = a.split && a.keep ? cmd_parse(&argp, argc, argv, &a) : cmd_fail("simulate", &no_memory);
    if (!status && a.split && a.keep)
        status = run(&a);
    free(a.keep);
    free(a.split);
    return status;
}
