/* emlib recover: are parameters found again that people were simulated with? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "study.h"

typedef struct {
    const char *model;
    study study;
} arguments;

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    const em_simulation *s = &a->study.simulation;
    switch (key) {
    case 'm': a->model = text; break;
    case ARGP_KEY_END:
        if (!a->model || !s->subjects || !s->trials)
            cmd_misuse(state, "--model, --subjects and --trials are needed");
        break;
    default: return study_parse(&a->study, key, text, state);
    }
    return 0;
}

static const struct argp_option options[] = {
    {"model", 'm', "MODEL", 0, "model, see 'emlib models'", 1},
    {"mu", STUDY_MU, "NAME=X,...", 0, "group means to simulate from, unconstrained scale (default: the model's)", 1},
    {"var", STUDY_VAR, "NAME=X,...", 0,
     "group variances to simulate from (default: the model's, mostly 6.25, which is very wide)", 1},
    {"output", 'o', "R.csv", 0,
     "every true value with its estimate and interval: a row for each subject, parameter and scale, and for the "
     "group's means and variances",
     2},
    STUDY_TABLE,
    {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Parameter recovery: simulates people from a group and their trials from a model, fits the model, and "
           "compares what is found with "
           "what was put in.\v"
           "Subjects, on the natural scale: bias and RMSE of their MAPs, the correlation of truth and MAP (within a "
           "data set, mean over data "
           "sets), and the share of 95% intervals that hold the truth. Intervals are MAP +- 1.96 posterior standard "
           "deviations on the "
           "unconstrained scale. The group, on the unconstrained scale: the same for means and variances, whose "
           "intervals are those of "
           "'emlib show'.\n\n"
           "What to expect: MAPs are drawn towards the group's mean, so they vary less than the truth. Coverage is near 95% "
        "where a subject's trials tell its parameters well: 0.94 (alpha) and 0.95 (beta) for rw with 1000 trials, 0.93 and "
        "0.94 with 200, 0.88 and 0.91 with 50, in the group of the example. It is lower where the posterior is no Gaussian: "
        "with choices that are all but random, which tell nothing of learning, or all but without noise. The models' "
        "default group is full of such people: 0.73 and 0.72 with 200 trials.\n\n"
        "Example: 20 studies with 60 people of 200 trials each, as many at a time as there are processes\n\n"
           "  mpirun -n 4 emlib recover --model rw --subjects 60 --trials 200 \\\n"
        "        --mu alpha=-0.5,beta=1 --var alpha=0.5,beta=0.1 --repeat 20 \\\n"
        "        -o recovery.csv\n\n"
        "Nobody is left out silently: flagged subjects and fits that had not converged are counted and named. Ends "
           "with 3 when some fit had "
           "not converged. Results do not depend on the number of ranks.\n",
};

/* ---- for people ------------------------------------------------------------------------------------------------ */

static void cells(print_table *table, const em_recovered *r, bool correlation)
{
    const double value[] = {r->truth, r->estimate, r->bias, r->rmse};
    for (int i = 0; i < 4; i++)
        print_cell_number(table, value[i]);
    if (correlation)
        print_cell_number(table, r->correlation);
    print_cell_number(table, r->coverage);
    print_cell(table, "%zu", r->n_intervals);
}

static void print_subjects(const em_recovery *r)
{
    static const char *const head[] = {"parameter", "transform",   "true",     "estimate", "bias",
                                       "rmse",      "correlation", "coverage", "intervals"};
    print_table table = {.align = "llrrrrrrr"};
    for (int i = 0; i < 9; i++)
        print_cell(&table, "%s", head[i]);
    for (int j = 0; j < r->n_parameters; j++) {
        print_cell(&table, "%s", r->parameter[j]);
        print_cell(&table, "%s", r->transform[j]);
        cells(&table, &r->natural[j], true);
    }
    puts("\nSubjects (natural scale)");
    print_end(&table, 2);
    for (int j = 0; j < r->n_parameters; j++)
        if (r->natural[j].n_correlations < r->n_repetitions)
            printf("  %s: no correlation in %d of %d data sets, where the true values or the estimates do not vary\n",
                   r->parameter[j], r->n_repetitions - r->natural[j].n_correlations, r->n_repetitions);
}

static void print_group_table(const em_recovery *r)
{
    static const char *const head[] = {"parameter", "quantity", "true",     "estimate",
                                       "bias",      "rmse",     "coverage", "intervals"};
    print_table table = {.align = "llrrrrrr"};
    for (int i = 0; i < 8; i++)
        print_cell(&table, "%s", head[i]);
    for (int i = 0; i < 2 * r->n_parameters; i++) {
        print_cell(&table, "%s", i % 2 ? "" : r->parameter[i / 2]);
        print_cell(&table, "%s", i % 2 ? "var" : "mu");
        cells(&table, i % 2 ? &r->var[i / 2] : &r->mu[i / 2], false);
    }
    puts("\nGroup (unconstrained scale)");
    print_end(&table, 2);
    for (int j = 0; j < r->n_parameters; j++) {
        if (r->bounded[j])
            printf("  %s: the data bound it (%s), so the group it was drawn from is no group on this scale\n",
                   r->parameter[j], r->transform[j]);
        int vanished = 0;
        for (int i = 0; i < r->n_repetitions; i++)
            vanished += r->run[i].group_status[j] == EM_GROUP_VANISHED;
        if (vanished)
            printf("  %s: its variance vanished in %d of %d data sets; no intervals there\n", r->parameter[j], vanished,
                   r->n_repetitions);
    }
}

static void print_all(const em_recovery *r)
{
    printf("%s: %d data set%s of %zu subjects with %d trials; %d of %d fits converged\n", r->model, r->n_repetitions,
           r->n_repetitions == 1 ? "" : "s", r->n_subjects, r->trials, r->n_repetitions - r->n_moving,
           r->n_repetitions);
    print_subjects(r);
    print_group_table(r);
    puts("\n  true, estimate: means; coverage: share of the 95% intervals that hold the true value, intervals: how "
         "many there are");
}

/* Flagged subjects and fits that had not converged, by name. */
static void warn(const em_recovery *r)
{
    size_t named = 0, moving = 0;
    for (int i = 0; i < r->n_repetitions; i++) {
        const em_recovery_run *run = &r->run[i];
        if (!run->converged && moving++ < STUDY_NAMED)
            fprintf(stderr,
                    "emlib recover: warning: repetition %d (seed %llu): EM had not converged after %d iterations; it "
                    "counts, without "
                    "intervals of the group\n",
                    i + 1, (unsigned long long)run->seed, run->iterations);
        for (size_t s = 0; s < r->n_subjects; s++)
            if (em_subject_is_flagged(run->status[s]) && named++ < STUDY_NAMED)
                fprintf(stderr, "emlib recover: warning: repetition %d, subject %s: %s\n", i + 1, r->subject[s],
                        em_subject_status_text(run->status[s]));
    }
    if (moving > STUDY_NAMED)
        fprintf(stderr, "emlib recover: warning: and %zu more data sets had not converged (--json names them)\n",
                moving - STUDY_NAMED);
    if (named > STUDY_NAMED)
        fprintf(stderr, "emlib recover: warning: and %zu more subjects (--json names them)\n", named - STUDY_NAMED);
    if (r->n_unused)
        fprintf(stderr, "emlib recover: warning: %zu subjects of all data sets have no estimate and do not count\n",
                r->n_unused);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *recovered_json(const em_recovered *r, bool subjects)
{
    json_t *all = json_pack("{sI so so so so sI so}", "n", (json_int_t)r->n, "true", print_json_number(r->truth),
                            "estimate", print_json_number(r->estimate), "bias", print_json_number(r->bias), "rmse",
                            print_json_number(r->rmse), "n_intervals", (json_int_t)r->n_intervals, "coverage",
                            print_json_number(r->coverage));
    if (all && subjects) {
        json_object_set_new(all, "correlation", print_json_number(r->correlation));
        json_object_set_new(all, "n_correlations", json_integer(r->n_correlations));
    }
    return all;
}

static json_t *flagged_json(const em_recovery *r, const em_recovery_run *run)
{
    json_t *all = json_array();
    for (size_t s = 0; s < r->n_subjects; s++)
        if (em_subject_is_flagged(run->status[s]))
            json_array_append_new(all, json_pack("{so si ss}", "subject", print_json_text(r->subject[s]), "status",
                                                 (int)run->status[s], "status_text",
                                                 em_subject_status_text(run->status[s])));
    return all;
}

static json_t *make_json(const em_recovery *r)
{
    json_t *parameters = json_array(), *runs = json_array();
    for (int j = 0; j < r->n_parameters; j++)
        json_array_append_new(parameters,
                              json_pack("{so so sb so so so so}", "name", print_json_text(r->parameter[j]), "transform",
                                        print_json_text(r->transform[j]), "bounded_by_data", r->bounded[j], "natural",
                                        recovered_json(&r->natural[j], true), "unconstrained",
                                        recovered_json(&r->value[j], true), "mu", recovered_json(&r->mu[j], false),
                                        "var", recovered_json(&r->var[j], false)));
    for (int i = 0; i < r->n_repetitions; i++)
        json_array_append_new(runs, json_pack("{si sI sb si sI so}", "repetition", i + 1, "seed",
                                              (json_int_t)r->run[i].seed, "converged", r->run[i].converged,
                                              "iterations", r->run[i].iterations, "n_subjects_used",
                                              (json_int_t)r->run[i].n_used, "flagged", flagged_json(r, &r->run[i])));
    return json_pack("{so sI si sI so so}", "model", print_json_text(r->model), "n_subjects", (json_int_t)r->n_subjects,
                     "n_trials", r->trials, "n_not_converged", (json_int_t)r->n_moving, "parameters", parameters,
                     "repetitions", runs);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

static void write_row(FILE *to, int repetition, const char *level, const char *subject, const char *parameter,
                      const char *quantity, const em_recovered_value *v)
{
    fprintf(to, "%d,%s,", repetition, level);
    if (subject)
        print_csv_text(to, subject);
    putc(',', to);
    print_csv_text(to, parameter);
    fprintf(to, ",%s", quantity);
    const double value[] = {v->truth, v->estimate, v->se, v->lower, v->upper};
    for (int k = 0; k < 5; k++)
        study_csv_number(to, value[k]);
    putc('\n', to);
}

static em_code write_csv(const void *where, FILE *to, em_error *error)
{
    (void)error;
    const em_recovery *r = where;
    const size_t P = (size_t)r->n_parameters;
    fputs("repetition,level,subject,parameter,quantity,true,estimate,se,lower,upper\n", to);
    for (int i = 0; i < r->n_repetitions; i++) {
        const em_recovery_run *run = &r->run[i];
        for (size_t j = 0; j < P; j++) {
            write_row(to, i + 1, "group", NULL, r->parameter[j], "mu", &run->mu[j]);
            write_row(to, i + 1, "group", NULL, r->parameter[j], "var", &run->var[j]);
        }
        for (size_t s = 0; s < r->n_subjects; s++)
            for (size_t j = 0; j < P; j++) {
                write_row(to, i + 1, "subject", r->subject[s], r->parameter[j], "value", &run->value[s * P + j]);
                write_row(to, i + 1, "subject", r->subject[s], r->parameter[j], "natural", &run->natural[s * P + j]);
            }
    }
    return EM_OK;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

/* Rank 0: the file, then what is said. */
static int deliver(const study *s, const em_recovery *r, em_code code)
{
    em_error error = {EM_OK, ""};
    if (s->output && print_file(s->output, s->force, write_csv, r, &error) != EM_OK)
        return cmd_fail("recover", &error);
    if (!s->json)
        print_all(r);
    if (!s->mu && !s->var && !s->quiet)
        fprintf(stderr,
                "emlib recover: simulated from the model's default group, which is wider than people mostly are; "
                "--mu and --var give another\n");
    fflush(stdout);
    const int status = s->json ? print_json("recover", make_json(r)) : cmd_finish("recover", 0);
    warn(r);
    return status ? status : (int)code;
}

static em_code prepare(em_comm *comm, const arguments *a, study *s, const em_model **model, em_error *error)
{
    em_code code = em_comm_model(comm, a->model, model, error);
    if (code == EM_OK && (!cmd_numbers("mu", s->mu, *model, s->simulation.mu, error) ||
                          !cmd_numbers("var", s->var, *model, s->simulation.var, error)))
        code = error->code;
    return em_comm_agree(comm, code == EM_OK && cmd_is_first() ? study_try_output(s, error) : code, error);
}

int cmd_recover(int argc, char **argv)
{
    arguments a = {.study = study_defaults()};
    em_error error = {EM_OK, ""};
    em_comm *comm = NULL;
    const em_model *model = NULL;
    em_recovery *recovery = NULL;
    study_progress live;
    int status = cmd_parse(&argp, argc, argv, &a);
    if (status)
        return status;
    const em_progress steps = study_progress_of(&a.study, "recover", &live);
    em_code code = cmd_start(&comm, &error);
    if (code == EM_OK)
        code = prepare(comm, &a, &a.study, &model, &error);
    if (code == EM_OK)
        code =
            em_recover(comm, model, &a.study.simulation, &a.study.fit, a.study.repetitions, &steps, &recovery, &error);
    if (code != EM_OK && code != EM_NOT_CONVERGED)
        status = cmd_fail("recover", &error);
    else if (cmd_is_first())
        status = deliver(&a.study, recovery, code);
    em_recovery_free(recovery);
    em_comm_stop(comm);
    return status;
}
