/* emlib import: a table of trials, or a BIDS dataset, becomes a dataset file. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "print_data.h"

static const char about[] =
    "Turns a table of trials, CSV or TSV, into a dataset file for 'emlib fit'.\n\n"
    "  emlib import trials.csv -o data.h5\n"
    "  emlib import raw.tsv -o data.h5 --subject participant \\\n"
    "        --rename resp=choice --levels choice=left,right --base stimulus=1\n"
    "  emlib import trials.csv --covariates people.csv -o data.h5\n"
    "  emlib import study --bids --task bandit -o data.h5\n"
    "  emlib import study --bids --task bandit -o data.h5 --session pre,post \\\n"
    "        --trials trial_type=choice --rename run=block"
    "\v"
    "The table has a header line with the names of its columns, then one row a trial. One column tells subjects apart "
    "(--subject); a subject's rows need not stand together, their order is kept. All other columns are kept, whatever "
    "model may need them: 'emlib models NAME' tells the columns of a model.\n\n"
    "Columns hold numbers or text; text is coded 0, 1, ... in bytewise order or as --levels says. An empty cell, NA, "
    "NaN and n/a stand for a missing value, and what --missing says. The file is text in UTF-8, tabs or commas between the columns, a point in "
    "decimal numbers.\n\n"
    "What is known of the people themselves, such as age or group, stands in a table of its own (--covariates) with "
    "one "
    "row a person; its column of subjects has the same name as that of the trials, or is called 'subject'. --rename, "
    "--levels and --base may speak of columns of both tables. A subject without a row there has missing values; a row "
    "without trials is left out.\n\n"
    "With --bids the argument is a folder as BIDS has it, and the tables are those of a task: "
    "sub-LABEL/[ses-LABEL/]beh/..._task-NAME_..._beh.tsv, or _events.tsv, also in func, eeg and the like. A subject's "
    "sessions and runs follow one another; where names of files have them, there are columns 'session', 'run' and "
    "'acquisition'. Covariates are those of participants.tsv, unless --covariates names another table. Texts are coded "
    "in the order of 'Levels' in the JSON files of the table, where they have it; --levels comes first.\n\n"
    "Prints how many subjects and trials there are and what each column holds.\n"
    "Exit status: 0 done; 1 the machine failed; 2 bad usage or bad input, nothing written.";

enum {
    KEY_SUBJECT = 256,
    KEY_RENAME,
    KEY_LEVELS,
    KEY_BASE,
    KEY_COVARIATES,
    KEY_FORCE,
    KEY_TRIALS,
    KEY_MISSING,
    KEY_BIDS,
    KEY_TASK,
    KEY_SUFFIX,
    KEY_DATATYPE,
    KEY_SESSION,
    KEY_RUN,
    KEY_ACQUISITION,
    KEY_BY
};

static const struct argp_option option[] = {
    {"output", 'o', "DATA.h5", 0, "the dataset file to write (required)", 0},
    {"subject", KEY_SUBJECT, "COLUMN", 0, "the column that tells subjects apart; default: subject", 0},
    {"rename", KEY_RENAME, "OLD=NEW,...", 0,
     "give columns the names that the model wants; other options use the new names (repeatable)", 0},
    {"levels", KEY_LEVELS, "COLUMN=A,B,...", 0,
     "code this column's texts in this order, A 0, B 1 and so on; any other text is refused (repeatable)", 0},
    {"base", KEY_BASE, "COLUMN=1", 0, "this column's codes start at 1, make them start at 0 (repeatable)", 0},
    {"covariates", KEY_COVARIATES, "SUBJECTS.csv", 0, "a table with one row a subject: age, group and the like", 0},
    {"trials", KEY_TRIALS, "COLUMN=A,B,...", 0,
     "only rows with one of these values in the column are trials, the others are left out (repeatable: all must hold)",
     0},
    {"missing", KEY_MISSING, "A,B,...", 0,
     "cells with these texts or numbers, such as NULL or -999, are missing, in all columns but that of subjects (repeatable)", 0},
    {"force", KEY_FORCE, NULL, 0, "replace DATA.h5 where there is one", 0},
    {NULL, 0, NULL, 0, "A BIDS dataset:", 1},
    {"bids", KEY_BIDS, NULL, 0, "the argument is the folder of a BIDS dataset", 1},
    {"task", KEY_TASK, "NAME", 0, "the task (required)", 1},
    {"session", KEY_SESSION, "A,B,...", 0, "only these sessions, in this order; default: all, 2 before 10", 1},
    {"run", KEY_RUN, "1,2,...", 0, "only these runs", 1},
    {"acquisition", KEY_ACQUISITION, "A,B,...", 0, "only files with one of these labels after acq-", 1},
    {"suffix", KEY_SUFFIX, "beh|events", 0, "only tables of this kind", 1},
    {"datatype", KEY_DATATYPE, "beh|func|...", 0, "only tables in folders of this name", 1},
    {"subject-by", KEY_BY, "session", 0, "make each session a subject of its own, such as 01_ses-2", 1},
    {0},
};

typedef struct request {
    em_import_options import;
    em_rename *rename; /* as many as there are '=' in the arguments */
    em_levels *levels; /* [argc] each, more than can be asked for */
    em_base *base;
    em_keep *keep;
    const char **missing; /* NULL: none given; its texts stand in the arguments */
    em_bids_options bids;
    const char *bids_option; /* one that makes sense with --bids alone; NULL: none was given */
    char *table, *output;
    bool is_bids, subject, force;
} request;

/* Cuts LEFT=RIGHT in two and returns RIGHT. */
static char *split(const struct argp_state *state, const char *name, const char *form, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1])
        cmd_misuse(state, "--%s wants %s, not '%s'", name, form, text);
    *equals = '\0';
    return equals + 1;
}

/* A comma may be part of a name: it parts renamings only where there are several '='. */
static void take_renames(const struct argp_state *state, char *text, request *r)
{
    const bool several = strchr(text, '=') != strrchr(text, '=');
    const char *form = several ? "OLD=NEW between commas (a name with a comma in a --rename of its own)" : "OLD=NEW";
    for (char *rest = text; rest;) {
        char *each = several ? strsep(&rest, ",") : text;
        char *right = split(state, "rename", form, each);
        if (strchr(right, '='))
            cmd_misuse(state, "--rename: the new name of column '%s' would be '%s'; a name cannot have '=' in it", each, right);
        r->rename[r->import.n_rename++] = (em_rename){.from = each, .to = right};
        rest = several ? rest : NULL;
    }
}

/* The texts between commas in an array to be freed; *n their number. `name`: of the option, for the message. */
static const char **split_list(const struct argp_state *state, const char *name, char *text, int *n)
{
    size_t commas = 0;
    for (const char *p = text; *p; p++)
        commas += *p == ',';
    const char **level = calloc(commas + 1, sizeof *level);
    if (!level)
        argp_failure(state, EM_MACHINE, 0, "out of memory");
    *n = 0;
    for (char *rest = text, *each; level && (each = strsep(&rest, ","));) {
        if (!*each)
            cmd_misuse(state, "--%s: there is an empty text in the list, which stands for a missing value", name);
        level[(*n)++] = each;
    }
    return level;
}

static void take_missing(const struct argp_state *state, char *text, request *r)
{
    int n = 0;
    const char **more = split_list(state, "missing", text, &n);
    const char **all = reallocarray(r->missing, (size_t)(r->import.n_missing + n), sizeof *all);
    if (!all)
        argp_failure(state, EM_MACHINE, 0, "out of memory");
    memcpy(all + r->import.n_missing, more, (size_t)n * sizeof *all);
    free(more);
    r->missing = all;
    r->import.n_missing += n;
}

/* Labels of an entity, which may be written as in names of files: ses-1. */
static void take_labels(const struct argp_state *state, const char *name, const char *prefix, char *text,
                        em_bids_labels *labels)
{
    if (labels->n > 0)
        cmd_misuse(state, "--%s is there twice; give all labels at once, with commas between them", name);
    const char **label = split_list(state, name, text, &labels->n);
    for (int i = 0; i < labels->n; i++) {
        if (strncmp(label[i], prefix, strlen(prefix)) == 0)
            label[i] += strlen(prefix);
        for (int j = 0; j < i; j++)
            if (strcmp(label[i], label[j]) == 0)
                cmd_misuse(state, "--%s has '%s' twice", name, label[i]);
    }
    labels->label = label;
}

/* Returns false where the key is none of these. */
static bool parse_bids(int key, char *arg, const struct argp_state *state, request *r)
{
    const char *name = NULL;
    switch (key) {
    case KEY_BIDS: r->is_bids = true; return true;
    case KEY_TASK:
        name = "task";
        r->bids.task = strncmp(arg, "task-", 5) == 0 ? arg + 5 : arg;
        break;
    case KEY_SUFFIX:
        name = "suffix";
        r->bids.suffix = arg;
        break;
    case KEY_DATATYPE:
        name = "datatype";
        r->bids.datatype = arg;
        break;
    case KEY_SESSION: take_labels(state, name = "session", "ses-", arg, &r->bids.session); break;
    case KEY_ACQUISITION: take_labels(state, name = "acquisition", "acq-", arg, &r->bids.acquisition); break;
    case KEY_RUN:
        take_labels(state, name = "run", "run-", arg, &r->bids.run);
        for (int i = 0; i < r->bids.run.n; i++)
            cmd_whole(state, name, r->bids.run.label[i], 0, LLONG_MAX);
        break;
    case KEY_BY:
        name = "subject-by";
        if (strcmp(arg, "session") != 0)
            cmd_misuse(state, "--subject-by wants 'session', not '%s'", arg);
        r->bids.by_session = true;
        break;
    default: return false;
    }
    r->bids_option = name;
    return true;
}

static void check_request(const request *r, const struct argp_state *state)
{
    struct stat info;
    if (!r->table)
        cmd_misuse(state, "which table? 'emlib import FILE.csv -o DATA.h5'");
    if (!r->output)
        cmd_misuse(state, "where to? '-o DATA.h5' names the dataset file to write");
    if (r->is_bids && r->subject)
        cmd_misuse(state, "--subject does not go with --bids, where names of files tell subjects apart");
    if (!r->is_bids && r->bids_option)
        cmd_misuse(state, "--%s goes with --bids and the folder of a BIDS dataset", r->bids_option);
    if (!r->is_bids && stat(r->table, &info) == 0 && S_ISDIR(info.st_mode))
        cmd_misuse(state, "%s is a folder; name a table, CSV or TSV, or add --bids --task NAME if it is a BIDS dataset",
                   r->table);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    request *r = state->input;
    char *right;
    long long base;
    switch (key) {
    case 'o': r->output = arg; break;
    case KEY_SUBJECT:
        r->import.subject = arg;
        r->subject = true;
        break;
    case KEY_COVARIATES:
        if (r->import.covariates)
            cmd_misuse(state, "one table of covariates, not '%s' and '%s'", r->import.covariates, arg);
        r->import.covariates = arg;
        break;
    case KEY_FORCE: r->force = true; break;
    case KEY_RENAME: take_renames(state, arg, r); break;
    case KEY_LEVELS: {
        em_levels *levels = &r->levels[r->import.n_levels++];
        right = split(state, "levels", "COLUMN=A,B,...", arg);
        levels->column = arg;
        levels->level = split_list(state, "levels", right, &levels->n);
        break;
    }
    case KEY_TRIALS: {
        em_keep *keep = &r->keep[r->import.n_keep++];
        right = split(state, "trials", "COLUMN=A,B,...", arg);
        keep->column = arg;
        keep->value = split_list(state, "trials", right, &keep->n);
        break;
    }
    case KEY_MISSING: take_missing(state, arg, r); break;
    case KEY_BASE:
        right = split(state, "base", "COLUMN=1", arg);
        base = cmd_whole(state, "base COLUMN=CODE", right, INT_MIN, INT_MAX);
        r->base[r->import.n_base++] = (em_base){.column = arg, .base = (int)base};
        break;
    case ARGP_KEY_ARG:
        if (r->table)
            cmd_misuse(state, "one table at a time, not '%s' and '%s'", r->table, arg);
        r->table = arg;
        break;
    case ARGP_KEY_END: check_request(r, state); break;
    default: return parse_bids(key, arg, state, r) ? 0 : ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool same_file(const char *path, const struct stat *output)
{
    struct stat input;
    return stat(path, &input) == 0 && input.st_dev == output->st_dev && input.st_ino == output->st_ino;
}

static size_t count_equals(int argc, char *const *argv)
{
    size_t n = 0;
    for (int i = 0; i < argc; i++)
        for (const char *p = argv[i]; *p; p++)
            n += *p == '=';
    return n;
}

/* Found before the table is read, which may take long; em_dataset_write looks again. */
static em_code check_output(const request *r, em_error *error)
{
    struct stat output;
    if (stat(r->output, &output) != 0)
        return EM_OK;
    if (same_file(r->table, &output) || (r->import.covariates && same_file(r->import.covariates, &output)))
        return em_fail(error, EM_INPUT_ERROR, "%s is the table itself; give the dataset file another name", r->output);
    if (S_ISDIR(output.st_mode))
        return em_fail(error, EM_INPUT_ERROR, "%s is a folder; name a file to write", r->output);
    if (!r->force)
        return em_fail(error, EM_INPUT_ERROR, "%s exists already; nothing was written (--force overwrites it)",
                       r->output);
    return EM_OK;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static int run(const request *r)
{
    em_error error = {0};
    em_dataset *data = NULL;
    em_log log = cmd_log("import");
    em_code code = check_output(r, &error);
    if (!code)
        code = r->is_bids ? em_import_bids(r->table, &r->bids, &r->import, &log, &data, &error)
                          : em_import(r->table, &r->import, &log, &data, &error);
    if (!code)
        code = em_dataset_write(data, r->output, r->force, &error);
    if (!code)
        code = print_data(data, NULL, &error);
    em_dataset_free(data);
    return cmd_finish("import", code ? cmd_fail("import", &error) : EM_OK);
}

int cmd_import(int argc, char **argv)
{
    static const struct argp argp = {option, parse, "FILE.csv|FOLDER", about, NULL, NULL, NULL};
    request r = {.import = em_import_defaults()};
    size_t most = (size_t)argc;
    r.rename = calloc(count_equals(argc, argv) + 1, sizeof *r.rename);
    r.levels = calloc(most, sizeof *r.levels);
    r.base = calloc(most, sizeof *r.base);
    r.keep = calloc(most, sizeof *r.keep);
    static const em_error no_memory = {EM_MACHINE, "out of memory"};
    int status =
        r.rename && r.levels && r.base && r.keep ? cmd_parse(&argp, argc, argv, &r) : cmd_fail("import", &no_memory);
    r.import.rename = r.rename;
    r.import.levels = r.levels;
    r.import.base = r.base;
    r.import.keep = r.keep;
    r.import.missing = r.missing;
    if (!status)
        status = run(&r);
    for (int i = 0; i < r.import.n_levels; i++)
        free((void *)r.levels[i].level);
    for (int i = 0; i < r.import.n_keep; i++)
        free((void *)r.keep[i].value);
    free((void *)r.bids.session.label);
    free((void *)r.bids.run.label);
    free((void *)r.bids.acquisition.label);
    free(r.keep);
    free((void *)r.missing);
    free(r.rename);
    free(r.levels);
    free(r.base);
    return status;
}
