#include "export_trials.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../error.h"
#include "print.h"

enum { NAMED = 10, LONGEST_ID = 200 };

struct trials_table {
    em_dataset *data;
    const em_model *model;
    double *latents, *log_likelihood; /* [N,L]; [N] */
    int n_covariates;                 /* that are written */
    bool p_choice;                    /* a column of its own */
    char **head;                      /* [n_head] names of all columns but the data's, which keep theirs */
    int n_head;
};

/* ---- names --------------------------------------------------------------------------------------------------------
 */

static bool is_taken(const trials_table *t, const char *name)
{
    if (em_dataset_find(t->data, name))
        return true;
    for (int i = 0; i < t->n_head; i++)
        if (strcmp(t->head[i], name) == 0)
            return true;
    return false;
}

/* Adds a name; where it is taken, with the prefix before it. */
static em_code add_name(trials_table *t, const char *prefix, const char *name, em_error *error)
{
    char *own = em_copy(name, error);
    while (own && is_taken(t, own)) {
        char *longer = em_new(strlen(prefix) + strlen(own) + 1, 1, error);
        if (longer)
            sprintf(longer, "%s%s", prefix, own);
        free(own);
        own = longer;
    }
    t->head[t->n_head] = own;
    t->n_head += own != NULL;
    return own ? EM_OK : EM_MACHINE;
}

/* Covariates, then what is emlib's: subject, trial, latent variables, what the responses were worth. */
static em_code name_columns(trials_table *t, em_error *error)
{
    t->head = em_new((size_t)(t->n_covariates + t->model->n_latents + 4), sizeof *t->head, error);
    em_code code = t->head ? EM_OK : EM_MACHINE;
    for (int i = 0; i < t->n_covariates && !code; i++)
        code = add_name(t, "covariate_", t->data->covariate[i].name, error);
    const char *const first[] = {"subject", "trial"};
    for (int i = 0; i < 2 && !code; i++)
        code = add_name(t, "emlib_", first[i], error);
    for (int l = 0; l < t->model->n_latents && !code; l++)
        code = add_name(t, "emlib_", t->model->latents[l].name, error);
    if (!code)
        code = add_name(t, "emlib_", "log_likelihood", error);
    if (!code && t->p_choice)
        code = add_name(t, "emlib_", "p_choice", error);
    return code;
}

/* Responses that are all choices have a probability; a latent variable may be just that already. */
static bool wants_p_choice(const em_model *model)
{
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].role == EM_RESPONSE && model->columns[c].codes == EM_NUMBER)
            return false;
    for (int l = 0; l < model->n_latents; l++)
        if (strcmp(model->latents[l].name, "p_choice") == 0)
            return false;
    return true;
}

/* ---- making -------------------------------------------------------------------------------------------------------
 */

/* Whose latent variables are not there. */
static void warn(const em_fit *fit, const trials_table *t)
{
    em_log log = cmd_log("export");
    size_t n = 0;
    char list[1200] = "";
    for (size_t s = 0; s < fit->n_subjects; s++) {
        if (em_subject_is_used(fit->subject_status[s]))
            continue;
        const size_t length = strlen(list);
        if (n++ < NAMED)
            snprintf(list + length, sizeof list - length, "%s%.100s", length ? ", " : "", fit->subject[s]);
    }
    if (n)
        em_say(&log, "warning: %zu subject%s flagged and not used by the fit, latent variables are NA: %s%s", n,
               n == 1 ? " is" : "s are", list, n > NAMED ? ", ..." : "");
    const size_t out = t->data->n_subjects - fit->n_subjects;
    if (out)
        em_say(&log, "warning: %zu subject%s of the data %s not in the fit, latent variables are NA", out,
               out == 1 ? "" : "s", out == 1 ? "is" : "are");
}

em_code trials_table_make(const em_fit *fit, const trials_request *request, trials_table **table, em_error *error)
{
    const char *data = request->data ? request->data : fit->dataset, *name;
    trials_table *t = *table = em_new(1, sizeof *t, error);
    em_code code = t ? em_fit_model_name(fit, request->model, &name, error) : EM_MACHINE;
    if (!code)
        code = em_model_get(name, &t->model, error);
    if (!code)
        code = em_trial_values(fit, t->model, data, &t->data, &t->latents, &t->log_likelihood, error);
    if (!code) /* all columns of the data, not only the model's */
        code = em_dataset_read_rows(t->data, data, NULL, 0, 0, t->data->n_rows, error);
    if (!code && request->covariates && !t->data->n_covariates)
        code = em_fail(error, EM_INPUT_ERROR, "%s has no covariates; 'emlib import --covariates' adds them", data);
    if (!code) {
        t->n_covariates = request->covariates ? t->data->n_covariates : 0;
        t->p_choice = wants_p_choice(t->model);
        code = name_columns(t, error);
    }
    if (!code)
        warn(fit, t);
    return code;
}

void trials_table_free(trials_table *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->n_head; i++)
        free(t->head[i]);
    free(t->head);
    em_dataset_free(t->data);
    free(t->latents);
    free(t->log_likelihood);
    free(t);
}

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

static void write_head(const trials_table *t, FILE *to)
{
    const char *const *own = (const char *const *)t->head + t->n_covariates;
    print_csv_text(to, own[0]);
    putc(',', to);
    print_csv_text(to, own[1]);
    for (int k = 0; k < t->data->n_columns; k++) {
        putc(',', to);
        print_csv_text(to, t->data->column[k].name);
    }
    for (int i = 0; i < t->n_head - 2; i++) {
        putc(',', to);
        print_csv_text(to, t->head[i < t->n_covariates ? i : i + 2]);
    }
    putc('\n', to);
}

static void write_value(const em_dataset_column *column, size_t at, FILE *to)
{
    putc(',', to);
    if (column->level && !isnan(column->value[at]))
        print_csv_text(to, column->level[(int)column->value[at]]);
    else
        print_csv_number(to, column->value[at]);
}

static void write_row(const trials_table *t, size_t s, size_t row, FILE *to)
{
    const size_t L = (size_t)t->model->n_latents;
    print_csv_text(to, t->data->id[s]);
    fprintf(to, ",%zu", row - (size_t)t->data->offset[s] + 1);
    for (int k = 0; k < t->data->n_columns; k++)
        write_value(&t->data->column[k], row, to);
    for (int i = 0; i < t->n_covariates; i++)
        write_value(&t->data->covariate[i], s, to);
    for (size_t l = 0; l < L; l++) {
        putc(',', to);
        print_csv_number(to, t->latents[row * L + l]);
    }
    putc(',', to);
    print_csv_number(to, t->log_likelihood[row]);
    if (t->p_choice) {
        putc(',', to);
        print_csv_number(to, exp(t->log_likelihood[row]));
    }
    putc('\n', to);
}

static void write_subject(const trials_table *t, size_t s, FILE *to)
{
    for (size_t row = t->data->offset[s]; row < t->data->offset[s + 1]; row++)
        write_row(t, s, row, to);
}

void trials_table_write(const trials_table *t, FILE *to)
{
    write_head(t, to);
    for (size_t s = 0; s < t->data->n_subjects; s++)
        write_subject(t, s, to);
}

/* ---- a file for each subject --------------------------------------------------------------------------------------
 */

static em_code check_id(const char *id, em_error *error)
{
    if (*id && *id != '.' && !strchr(id, '/') && strlen(id) <= LONGEST_ID)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR,
                   "subject '%.100s' cannot be the name of a file: it is empty, begins with '.', has a '/' or more "
                   "than %d bytes; leave out --split",
                   id, LONGEST_ID);
}

typedef struct one_subject {
    const trials_table *table;
    size_t subject;
} one_subject;

static em_code write_one(const void *where, FILE *to, em_error *error)
{
    const one_subject *one = where;
    (void)error;
    write_head(one->table, to);
    write_subject(one->table, one->subject, to);
    return EM_OK;
}

/* The folder is there, or is made (*made), and without force none of the files is there. path [size]: room for a name.
 */
static em_code check_folder(const trials_table *t, const char *folder, bool force, char *path, size_t size, bool *made,
                            em_error *error)
{
    struct stat info;
    *made = false;
    for (size_t s = 0; s < t->data->n_subjects; s++) {
        em_code code = check_id(t->data->id[s], error);
        if (code)
            return code;
        snprintf(path, size, "%s/%s.csv", folder, t->data->id[s]);
        if (!force && lstat(path, &info) == 0)
            return em_fail(error, EM_INPUT_ERROR, "%s exists already; nothing was written (--force overwrites it)",
                           path);
    }
    if (mkdir(folder, 0777) == 0)
        *made = true;
    else if (errno != EEXIST)
        return em_fail(error, errno == ENOENT || errno == ENOTDIR ? EM_INPUT_ERROR : EM_MACHINE,
                       "cannot make the folder %s: %s", folder, strerror(errno));
    else if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return em_fail(error, EM_INPUT_ERROR, "%s is no folder; --split wants the name of one", folder);
    return EM_OK;
}

em_code trials_table_split(const trials_table *t, const char *folder, bool force, em_error *error)
{
    const size_t size = strlen(folder) + LONGEST_ID + 8;
    char *path = em_new(size, 1, error);
    bool made = false;
    size_t s = 0;
    em_code code = path ? check_folder(t, folder, force, path, size, &made, error) : EM_MACHINE;
    for (; s < t->data->n_subjects && !code; s++) {
        const one_subject one = {t, s};
        snprintf(path, size, "%s/%s.csv", folder, t->data->id[s]);
        code = print_file(path, force, write_one, &one, error);
    }
    for (size_t i = 0; code && !force && i + 1 < s; i++) { /* the last one was not written */
        snprintf(path, size, "%s/%s.csv", folder, t->data->id[i]);
        unlink(path);
    }
    if (code && made)
        rmdir(folder);
    free(path);
    return code;
}
