/* emlib identify: is the model found again that data were simulated from? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "study.h"

typedef struct {
    const char *name[EM_HBI_MODELS];
    int n_models;
    study study;
} arguments;

/* Once the names mean models. */
typedef struct {
    const em_model *model[EM_HBI_MODELS];
    em_simulation simulation[EM_HBI_MODELS];
} plan;

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    const em_simulation *s = &a->study.simulation;
    switch (key) {
    case 'm':
        if (a->n_models == EM_HBI_MODELS)
            cmd_misuse(state, "%d models at most", EM_HBI_MODELS);
        a->name[a->n_models++] = text;
        break;
    case ARGP_KEY_END:
        if (a->n_models < 2)
            cmd_misuse(state, "--model is needed at least twice, once for each model ('emlib models' lists them)");
        if (!s->subjects || !s->trials)
            cmd_misuse(state, "--subjects and --trials are needed");
        break;
    default: return study_parse(&a->study, key, text, state);
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "a model, see 'emlib models'; to be given for each", 1},
    {"mu", STUDY_MU, "[MODEL:]NAME=X,...", 0,
     "group means to simulate from, unconstrained scale (default: the models'); without MODEL: of "
     "every model that has the parameter",
     1},
    {"var", STUDY_VAR, "[MODEL:]NAME=X,...", 0,
     "group variances to simulate from, likewise (default: the models', mostly 6.25, which is very "
     "wide)",
     1},
    {"output", 'o', "I.csv", 0, "a row for each fit: evidence, BIC_int, and whether it is the best of its data set", 2},
    STUDY_TABLE,
    {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Model recovery: simulates data from each of several models, fits every model to all of them, and tells "
           "which one has the lowest "
           "BIC_int for data of which.\v"
           "Confusion matrix: p(best fitted | simulated), a row for each model that was simulated. Inversion matrix: "
           "p(simulated | best "
           "fitted), all models being equally probable before: how far to trust the model that wins (Wilson & Collins "
           "2019, eLife 8:e49547). "
           "Beside them the mean difference in BIC_int to the model that was simulated (below 0: the wrong one is "
           "better), and from "
           "random-effects model selection the mean expected frequency and protected exceedance probability of each "
           "model in data of "
           "each. The latter two compare evidences without the penalty for group parameters that BIC_int has.\n\n"
           "The models must explain the same responses, and data of each must have the columns that the others need; "
           "data of a model with "
           "nothing but responses (random_choice, choice_kernel) get rewards from the others' task. What comes out "
           "holds for "
           "these groups, numbers of people and trials: simulate from values like those that your data give (--mu, "
           "--var).\n\n"
           "Example: can learning be told from mere perseveration, with 40 people of 150 trials?\n\n"
           "  mpirun -n 4 emlib identify --model rw --model choice_kernel \\\n"
        "        --subjects 40 --trials 150 --mu rw:alpha=-0.5,rw:beta=1 \\\n"
        "        --var rw:alpha=0.5,rw:beta=0.1 --repeat 10 -o identified.csv\n\n"
        "Ties and fits that had not converged are told. Ends with 3 when some fit had not converged. Results do not "
           "depend on the number of "
           "ranks.\n",
};

/* ---- numbers for models ---------------------------------------------------------------------------------------- */

/* Is model k the one of these n bytes? */
static bool is_named(const arguments *a, const plan *p, int k, const char *name, size_t n)
{
    const char *const known[] = {p->model[k]->name, a->name[k]};
    for (int i = 0; i < 2; i++)
        if (strlen(known[i]) == n && strncmp(known[i], name, n) == 0)
            return true;
    return false;
}

static bool has_parameter(const em_model *model, const char *name, size_t n)
{
    for (int j = 0; j < model->n_parameters; j++)
        if (strlen(model->parameters[j].name) == n && strncmp(model->parameters[j].name, name, n) == 0)
            return true;
    return false;
}

/* One [MODEL:]NAME=X, n bytes, into mu or var of the models it is for. */
static bool take_number(const char *option, const char *text, size_t n, const arguments *a, bool var, plan *p,
                        em_error *error)
{
    char item[300];
    const char *equals = memchr(text, '=', n), *parameter = text;
    const size_t until = equals ? (size_t)(equals - text) : n;
    bool taken = false;
    for (size_t i = 0; i < until; i++)
        if (text[i] == ':')
            parameter = text + i + 1;
    const size_t prefix = parameter > text ? (size_t)(parameter - text) - 1 : 0, whole = n - (size_t)(parameter - text);
    if (whole >= sizeof item) {
        (void)em_fail(error, EM_INPUT_ERROR, "--%s: '%.60s...' is not of the form NAME=NUMBER", option, text);
        return false;
    }
    memcpy(item, parameter, whole);
    item[whole] = '\0';
    for (int k = 0; k < a->n_models; k++) {
        if (parameter > text ? !is_named(a, p, k, text, prefix)
                             : !has_parameter(p->model[k], parameter, strcspn(item, "=")))
            continue;
        taken = true;
        if (!cmd_numbers(option, item, p->model[k], var ? p->simulation[k].var : p->simulation[k].mu, error))
            return false;
    }
    if (!taken && parameter > text)
        (void)em_fail(error, EM_INPUT_ERROR, "--%s: '%.*s' is none of the models given", option, (int)prefix, text);
    else if (!taken)
        (void)em_fail(error, EM_INPUT_ERROR, "--%s: none of the models has a parameter '%.*s'", option,
                      (int)strcspn(item, "="), item);
    return taken;
}

static bool take_numbers(const char *option, const char *text, const arguments *a, bool var, plan *p, em_error *error)
{
    while (text && *text) {
        const size_t n = strcspn(text, ",");
        if (!take_number(option, text, n, a, var, p, error))
            return false;
        text += n + (text[n] == ',');
    }
    return true;
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

static void print_matrix(const em_identification *id, const char *title, const char *corner, const double *value)
{
    char align[EM_HBI_MODELS + 2] = "l";
    memset(align + 1, 'r', (size_t)id->n_models);
    print_table table = {.align = align};
    print_cell(&table, "%s", corner);
    for (int k = 0; k < id->n_models; k++)
        print_cell(&table, "%s", id->model[k]);
    for (int i = 0; i < id->n_models; i++) {
        print_cell(&table, "%s", id->model[i]);
        for (int k = 0; k < id->n_models; k++)
            print_cell_number(&table, value[i * id->n_models + k]);
    }
    printf("\n%s\n", title);
    print_end(&table, 2);
}

static void print_all(const em_identification *id)
{
    const int fits = id->n_models * id->n_models * id->n_repetitions;
    printf("%d data set%s from each of %d models, %zu subjects with %d trials; %d of %d fits converged\n",
           id->n_repetitions, id->n_repetitions == 1 ? "" : "s", id->n_models, id->n_subjects, id->trials,
           fits - id->n_moving, fits);
    print_matrix(id, "Confusion: p(best fitted | simulated), by BIC_int", "simulated", id->confusion);
    print_matrix(id, "Inversion: p(simulated | best fitted)", "simulated", id->inversion);
    print_matrix(id, "Mean difference in BIC_int to the model that was simulated", "simulated", id->difference);
    print_matrix(id, "Mean expected frequency (random effects)", "simulated", id->expected_frequency);
    print_matrix(id, "Mean protected exceedance probability (random effects)", "simulated", id->protected_exceedance);
    if (id->n_ties)
        printf("\n  %d data set%s with several best models, which share it evenly\n", id->n_ties,
               id->n_ties == 1 ? "" : "s");
}

static const em_identified *fit_of(const em_identification *id, int simulated, int repetition, int fitted)
{
    return id->fit + ((size_t)simulated * (size_t)id->n_repetitions + (size_t)repetition) * (size_t)id->n_models +
           fitted;
}

static void warn(const em_identification *id)
{
    int moving = 0;
    for (int i = 0; i < id->n_models; i++)
        for (int r = 0; r < id->n_repetitions; r++)
            for (int k = 0; k < id->n_models; k++)
                if (!fit_of(id, i, r, k)->converged && moving++ < STUDY_NAMED)
                    fprintf(stderr,
                            "emlib identify: warning: data of %s, repetition %d (seed %llu): the fit of %s had not converged; "
                            "it counts\n",
                            id->model[i], r + 1, (unsigned long long)id->seed[r], id->model[k]);
    if (moving > STUDY_NAMED)
        fprintf(stderr, "emlib identify: warning: and %d more fits had not converged (--output and --json name them)\n",
                moving - STUDY_NAMED);
    if (id->n_flagged)
        fprintf(stderr, "emlib identify: warning: %zu flagged subjects in all fits (--json tells in which)\n",
                id->n_flagged);
    if (id->n_uneven)
        fprintf(stderr,
                "emlib identify: warning: in %d data sets the models could not all use the same subjects, so that "
                "their BIC_int are "
                "of different data\n",
                id->n_uneven);
}

/* ---- JSON and CSV ---------------------------------------------------------------------------------------------- */

static json_t *matrix_json(const em_identification *id, const double *value)
{
    json_t *rows = json_array();
    for (int i = 0; i < id->n_models; i++)
        json_array_append_new(rows, print_json_numbers(value + i * id->n_models, id->n_models));
    return rows;
}

static json_t *fit_json(const em_identification *id, int i, int r, int k)
{
    const em_identified *f = fit_of(id, i, r, k);
    return json_pack("{so so si sI sb sI sI so so so so sb}", "simulated", print_json_text(id->model[i]), "fitted",
                     print_json_text(id->model[k]), "repetition", r + 1, "seed", (json_int_t)id->seed[r], "converged",
                     f->converged, "n_subjects_used", (json_int_t)f->n_used, "n_flagged", (json_int_t)f->n_flagged,
                     "log_marginal_likelihood", print_json_number(f->log_marginal_likelihood), "bic_int",
                     print_json_number(f->bic_int), "expected_frequency", print_json_number(f->expected_frequency),
                     "protected_exceedance_probability", print_json_number(f->protected_exceedance), "best", f->best);
}

static json_t *make_json(const em_identification *id)
{
    json_t *fits = json_array();
    for (int i = 0; i < id->n_models; i++)
        for (int r = 0; r < id->n_repetitions; r++)
            for (int k = 0; k < id->n_models; k++)
                json_array_append_new(fits, fit_json(id, i, r, k));
    return json_pack("{so sI si si si si si so so so so so so}", "models", print_json_texts(id->model, id->n_models),
                     "n_subjects", (json_int_t)id->n_subjects, "n_trials", id->trials, "n_repetitions",
                     id->n_repetitions, "n_ties", id->n_ties, "n_not_converged", id->n_moving, "n_uneven", id->n_uneven,
                     "confusion", matrix_json(id, id->confusion), "inversion", matrix_json(id, id->inversion),
                     "bic_int_difference", matrix_json(id, id->difference), "expected_frequency",
                     matrix_json(id, id->expected_frequency), "protected_exceedance_probability",
                     matrix_json(id, id->protected_exceedance), "fits", fits);
}

static em_code write_csv(const void *where, FILE *to, em_error *error)
{
    (void)error;
    const em_identification *id = where;
    fputs("simulated,fitted,repetition,converged,log_marginal_likelihood,bic_int,best\n", to);
    for (int i = 0; i < id->n_models; i++)
        for (int r = 0; r < id->n_repetitions; r++)
            for (int k = 0; k < id->n_models; k++) {
                const em_identified *f = fit_of(id, i, r, k);
                print_csv_text(to, id->model[i]);
                putc(',', to);
                print_csv_text(to, id->model[k]);
                fprintf(to, ",%d,%d", r + 1, f->converged);
                study_csv_number(to, f->log_marginal_likelihood);
                study_csv_number(to, f->bic_int);
                fprintf(to, ",%d\n", f->best);
            }
    return EM_OK;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

/* Rank 0: the file, then what is said. */
static int deliver(const study *s, const em_identification *id, em_code code)
{
    em_error error = {EM_OK, ""};
    if (s->output && print_file(s->output, s->force, write_csv, id, &error) != EM_OK)
        return cmd_fail("identify", &error);
    if (!s->json)
        print_all(id);
    fflush(stdout);
    const int status = s->json ? print_json("identify", make_json(id)) : cmd_finish("identify", 0);
    warn(id);
    return status ? status : (int)code;
}

static em_code prepare(em_comm *comm, const arguments *a, plan *p, em_error *error)
{
    em_code code = EM_OK;
    for (int k = 0; k < a->n_models && code == EM_OK; k++) {
        code = em_comm_model(comm, a->name[k], &p->model[k], error);
        p->simulation[k] = a->study.simulation;
    }
    if (code == EM_OK &&
        (!take_numbers("mu", a->study.mu, a, false, p, error) || !take_numbers("var", a->study.var, a, true, p, error)))
        code = error->code;
    return em_comm_agree(comm, code == EM_OK && cmd_is_first() ? study_try_output(&a->study, error) : code, error);
}

static int run(const arguments *a, plan *p)
{
    em_error error = {EM_OK, ""};
    em_comm *comm = NULL;
    em_identification *id = NULL;
    study_progress live;
    const em_progress steps = study_progress_of(&a->study, "identify", &live);
    int status = 0;
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK)
        code = prepare(comm, a, p, &error);
    if (code == EM_OK)
        code = em_identify(comm, p->model, a->n_models, p->simulation, &a->study.fit, a->study.repetitions, &steps, &id,
                           &error);
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        status = cmd_fail("identify", &error);
    else if (cmd_is_first())
        status = deliver(&a->study, id, code);
    em_identification_free(id);
    em_comm_stop(comm);
    return status;
}

int cmd_identify(int argc, char **argv)
{
    static const em_error no_memory = {EM_MACHINE, "out of memory"};
    arguments a = {.study = study_defaults()};
    plan *p = calloc(1, sizeof *p);
    if (!p)
        return cmd_fail("identify", &no_memory);
    int status = cmd_parse(&argp, argc, argv, &a);
    if (!status)
        status = run(&a, p);
    free(p);
    return status;
}
