/* emlib predict: posterior predictive checks. */
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "cmd_predict.h"
#include "print.h"

enum { OPTION_DRAWS = 256, OPTION_SEED, OPTION_BINS, OPTION_LEVEL, OPTION_HISTORY, OPTION_BY, OPTION_KEEP, OPTION_TASK };

typedef struct {
    const char *fit, *output;
    em_predict_options options;
    const char **keep; /* [argc] */
    predict_levels levels;
    bool json, force;
} arguments;

/* The place of a word in a list that ends with NULL. */
static int one_of(const struct argp_state *state, const char *option, const char *text, const char *const *word)
{
    for (int i = 0; word[i]; i++)
        if (strcmp(word[i], text) == 0)
            return i;
    cmd_misuse(state, "--%s takes %s, not '%s'", option,
               strcmp(option, "level") == 0 ? "group, subject or both" : "own or observed", text);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    static const char *const level[] = {"both", "group", "subject", NULL}, *const history[] = {"own", "observed", NULL};
    arguments *a = state->input;
    switch (key) {
    case 'o': a->output = text; break;
    case 'd': a->options.dataset = text; break;
    case 'm': a->options.model_file = text; break;
    case 'j': a->json = true; break;
    case 'f': a->force = true; break;
    case OPTION_DRAWS: a->options.draws = (int)cmd_whole(state, "draws", text, 2, 1000000); break;
    case OPTION_SEED: a->options.seed = (uint64_t)cmd_whole(state, "seed", text, 0, INT64_MAX); break;
    case OPTION_BINS: a->options.bins = (int)cmd_whole(state, "bins", text, 1, 10000); break;
    case OPTION_LEVEL: a->levels = (predict_levels)one_of(state, "level", text, level); break;
    case OPTION_HISTORY:
        a->options.history = (em_history)(EM_HISTORY_OWN + one_of(state, "history", text, history));
        break;
    case OPTION_BY: a->options.by = text; break;
    case OPTION_KEEP: a->keep[a->options.n_keep++] = text; break;
    case OPTION_TASK: a->options.task_settings = cmd_join(state, a->options.task_settings, text); break;
    case ARGP_KEY_ARG:
        if (a->fit)
            cmd_misuse(state, "one fit file at a time, not '%s' as well", text);
        a->fit = text;
        break;
    case ARGP_KEY_END:
        if (!a->fit)
            cmd_misuse(state, "which fit file?");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"output", 'o', "P.csv", 0, "where to write the whole table", 0},
    {"json", 'j', 0, 0, "the whole as JSON on the standard output in place of the short table", 0},
    {"data", 'd', "DATA.h5", 0, "the dataset, where it is no longer at the place that the fit names", 0},
    {"model", 'm', "FILE.so", 0, "the compiled model, which is code, of a fit that was made with one", 0},
    {"draws", OPTION_DRAWS, "N", 0, "replicates of each subject (default 200)", 0},
    {"seed", OPTION_SEED, "N", 0, "the same seed gives the same numbers (default 1)", 0},
    {"bins", OPTION_BINS, "N", 0, "bins of a learning curve (default 10)", 0},
    {"by", OPTION_BY, "COLUMN", 0, "everything once more for each value of this column of the trials", 0},
    {"level", OPTION_LEVEL, "group|subject|both", 0, "which rows P.csv and the JSON have (default both)", 0},
    {"history", OPTION_HISTORY, "own|observed", 0,
     "own: a replicate goes on from its own responses and their outcomes; observed: each trial's response is drawn "
     "given the recorded past",
     0},
    {"keep", OPTION_KEEP, "COLUMN", 0,
     "with own: this outcome stays as recorded, because it does not depend on the choice (repeatable)", 0},
    {"task", OPTION_TASK, "NAME=VALUE,...", 0,
     "with own: settings of the task that draws outcomes, as for emlib simulate (repeatable; default: the task's)", 0},
    {"force", 'f', 0, 0, "replace P.csv if it exists", 0},
    {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5",
    .doc =
        "Does the model behave like the people? Draws parameters from each subject's posterior, Normal(MAP, inverse "
        "Hessian), goes through the subject's trials again with responses from the model, and puts statistics of "
        "these replicates beside those of the data.\v"
        "Statistics, for each subject and as means over subjects: choice_frequency; learning_curve, the same in bins "
        "of trials; reaction_time_quantile (.1 .3 .5 .7 .9 of the column rt, for each choice); response_mean of "
        "other numbers. With each its observed value, the median of the replicates and an interval that holds 95% of "
        "them. The short table adds the share of subjects whose own value lies in their own interval.\n"
        "With --by, trials are counted within each value of the column.\n"
        "The default history is own where the data tell every option's outcome (see 'emlib simulate --help'), else "
        "observed. Observed makes a milder test: the past of the people steers the replicates, too.\n"
        "Frequencies are whole numbers of trials, and the data have been used for the fit: intervals hold more than "
        "95% of the people's observed values where the model is right.\n"
        "The group's interval shrinks with the number of people, the bias of Laplace's approximation and of estimates "
        "drawn towards the group does not. With hundreds of people the interval is narrower than that bias (seen: "
        "0.005 to 0.02 in a frequency), and the group's values of a true model lie outside more often than one time "
        "in twenty: read group rows by the size of the deviation. People's own intervals keep their coverage.\n\n"
        "Example:\n\n"
        "  emlib predict rw.h5 -o predict.csv\n"
        "  mpirun -n 4 emlib predict gng.h5 --by cue --bins 6 -o predict.csv\n\n"
        "Subjects whose estimate the fit flags are named and left out. Results do not depend on the number of ranks.",
};

/* The first process: the table into its file. */
static em_code write_output(const arguments *a, const em_prediction *p, em_error *error)
{
    const predict_table table = {p, a->levels};
    return a->output ? print_file(a->output, a->force, predict_csv, &table, error) : EM_OK;
}

static int say(const arguments *a, const em_prediction *p)
{
    static const em_error no_memory = {EM_MACHINE, "out of memory"};
    predict_warn(p);
    if (a->json)
        return predict_json(&(predict_table){p, a->levels});
    return predict_print(p) ? cmd_finish("predict", 0) : cmd_fail("predict", &no_memory);
}

static int run(arguments *a)
{
    em_comm *comm = NULL;
    em_error error = {EM_OK, ""};
    em_prediction *p = NULL;
    const em_log log = cmd_log("predict");
    a->options.keep = a->keep;
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK)
        code = em_comm_agree(comm, cmd_is_first() && a->output ? cmd_try_output(a->output, a->force, a->fit, a->options.dataset, &error) : EM_OK, &error);
    if (code == EM_OK)
        code = em_predict(comm, a->fit, &a->options, &log, &p, &error);
    if (code == EM_OK)
        code = em_comm_agree(comm, p ? write_output(a, p, &error) : EM_OK, &error);
    const int status = code != EM_OK ? cmd_fail("predict", &error) : p ? say(a, p) : 0;
    em_prediction_free(p);
    em_comm_stop(comm);
    return status;
}

int cmd_predict(int argc, char **argv)
{
    static const em_error no_memory = {EM_MACHINE, "out of memory"};
    arguments a = {.options = em_predict_defaults(), .keep = calloc((size_t)argc, sizeof *a.keep)};
    if (!a.keep)
        return cmd_fail("predict", &no_memory);
    int status = cmd_parse(&argp, argc, argv, &a);
    if (!status)
        status = run(&a);
    free(a.keep);
    return status;
}
