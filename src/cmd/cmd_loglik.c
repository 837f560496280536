/* emlib loglik: each subject's log-likelihood at one point. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "print.h"

enum { OPTION_AT = 256, OPTION_CSV, OPTION_OPTIONS, OPTION_IGNORE };

typedef struct {
    const char *dataset, *model, *at;
    int options;
    bool csv, ignore_block;
} arguments;

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case 'm': a->model = text; break;
    case OPTION_AT: a->at = cmd_join(state, a->at, text); break;
    case OPTION_CSV: a->csv = true; break;
    case OPTION_OPTIONS: a->options = (int)cmd_whole(state, "options", text, 2, EM_MAX_OPTIONS); break;
    case OPTION_IGNORE:
        if (strcmp(text, "block") != 0)
            cmd_misuse(state, "--ignore knows 'block' only, not '%s'", text);
        a->ignore_block = true;
        break;
    case ARGP_KEY_ARG:
        if (a->dataset)
            cmd_misuse(state, "one dataset only; '%s' is too much", text);
        a->dataset = text;
        break;
    case ARGP_KEY_END:
        if (!a->dataset)
            cmd_misuse(state, "which dataset?");
        if (!a->model || !a->at)
            cmd_misuse(state, "--model and --at are needed");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "model, see 'emlib models'", 0},
    {"at", OPTION_AT, "NAME=X,...", 0, "the point, on the unconstrained scale; all parameters", 0},
    {"csv", OPTION_CSV, NULL, 0, "comma-separated, 17 significant digits", 0},
    {"options", OPTION_OPTIONS, "K", 0, "number of options (default: as found in the data)", 0},
    {"ignore", OPTION_IGNORE, "block", 0, "values do not restart where column 'block' changes", 0},
    {0}};
static const struct argp argp = {
    options, parse, "DATA.h5",
    "Prints each subject's log-likelihood under a model at one point.\v"
    "Example: what a learning rate of 0.5 and an inverse temperature of 1 explain\n\n"
    "  emlib loglik data.h5 --model rw --at alpha=0,beta=0\n", NULL, NULL, NULL};

int cmd_loglik(int argc, char **argv)
{
    arguments a = {0};
    em_error error = {EM_OK, ""};
    const em_model *model;
    double x[EM_MAX_PARAMETERS], *value;
    em_dataset *data;
    const em_log log = cmd_log("loglik");
    int status = cmd_parse(&argp, argc, argv, &a);
    if (status)
        return status;
    if (em_model_get(a.model, &model, &error) != EM_OK)
        return cmd_fail("loglik", &error);
    for (int j = 0; j < model->n_parameters; j++)
        x[j] = NAN;
    if (!cmd_numbers("at", a.at, model, x, &error))
        return cmd_fail("loglik", &error);
    for (int j = 0; j < model->n_parameters; j++)
        if (isnan(x[j])) {
            em_fail(&error, EM_INPUT_ERROR, "--at gives no value for parameter %s of model %s", model->parameters[j].name, a.model);
            return cmd_fail("loglik", &error);
        }
    if (em_loglik(a.dataset, model, x, a.options, a.ignore_block, &log, &data, &value, &error) != EM_OK)
        return cmd_fail("loglik", &error);
    int width = 7;
    for (size_t s = 0; s < data->n_subjects; s++)
        width = (int)strlen(data->id[s]) > width ? (int)strlen(data->id[s]) : width;
    double total = 0;
    printf(a.csv ? "subject,log_likelihood\n" : "%-*s  log-likelihood\n", width, "subject");
    for (size_t s = 0; s < data->n_subjects; s++) {
        total += value[s];
        if (a.csv)
            print_csv_text(stdout, data->id[s]), printf(",%.17g\n", value[s]);
        else
            printf("%-*s  %14.6f\n", width, data->id[s], value[s]);
    }
    if (!a.csv)
        printf("%-*s  %14.6f\n", width, "sum", total);
    em_dataset_free(data);
    free(value);
    return cmd_finish("loglik", 0);
}
