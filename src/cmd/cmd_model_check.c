/* emlib model check: tries a model on data, and says what to mend. */
#include "../model_check.h"
#include "cmd.h"

typedef struct check_options {
    const char *model, *dataset;
} check_options;

static error_t parse(int key, char *text, struct argp_state *state)
{
    check_options *o = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (o->dataset)
            cmd_misuse(state, "a model and a dataset, not '%s' as well", text);
        *(o->model ? &o->dataset : &o->model) = text;
        return 0;
    case ARGP_KEY_END:
        if (!o->dataset)
            cmd_misuse(state, "a model and a dataset are needed");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    NULL, parse, "./NAME.so DATA.h5",
    "Tries a model on data before anything is concluded from it: the columns, the transforms, whether the likelihood is finite, its "
    "derivatives against differences, whether probabilities sum to one, what the data tell of each parameter, and whether people drawn with "
    "known parameters, in the task that the model names, are found again. A built-in model's name will do, too.\v"
    "Lines begin with 'ok', 'note' or 'MEND'. The exit status is 0 where nothing is to be mended, else 2.\n\n"
    "Example:\n\n  emlib model check ./mine.so data.h5\n",
    NULL, NULL, NULL};

static void print_line(void *where, em_verdict verdict, const char *text)
{
    static const char *const word[] = {[EM_FINE] = "ok", [EM_NOTE] = "note", [EM_MEND] = "MEND"};
    (void)where;
    printf("%-4s  %s\n", word[verdict], text);
    fflush(stdout);
}

int cmd_model_check(int argc, char **argv)
{
    check_options o = {0};
    em_error error;
    const em_model *model;
    em_report report = {.line = print_line};
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    if (em_model_get(o.model, &model, &error) != EM_OK || em_model_check(model, o.dataset, &report, &error) != EM_OK)
        return cmd_fail("model check", &error);
    printf(report.to_mend ? "\n%d to mend\n" : "\nnothing to mend\n", report.to_mend);
    return cmd_finish("model check", report.to_mend ? EM_INPUT_ERROR : 0);
}
