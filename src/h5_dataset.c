/* The dataset file: who, how many trials each, one array a column. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "covariate.h"
#include "dataset_file.h"
#include "error.h"
#include "h5.h"

enum { MISSING = INT32_MIN }; /* of a column of whole numbers; NaN elsewhere */

#define LENGTH(table) ((int)(sizeof(table) / sizeof *(table)))

/* S subjects, O = S + 1. */
enum { ID, OFFSET };
static const em_h5_array subject_arrays[] = {
    {"/subjects/id", "S", EM_H5_TEXT, true, offsetof(em_dataset, id), NULL, "who, in order of first appearance"},
    {"/subjects/offset", "O", EM_H5_UINT64, true, offsetof(em_dataset, offset), "trials",
     "first trial of each subject; the last number is that of all trials"},
};

static const em_h5_array truth_arrays[] = {
    {"/simulated/parameter", "P", EM_H5_TEXT, true, offsetof(em_truth, parameter), NULL, "names of the parameters"},
    {"/simulated/mu", "P", EM_H5_DOUBLE, true, offsetof(em_truth, mu), "unconstrained scale",
     "mean of the group that subjects were drawn from"},
    {"/simulated/var", "P", EM_H5_DOUBLE, true, offsetof(em_truth, var), "unconstrained scale, squared",
     "variance of the group that subjects were drawn from"},
};
static const em_h5_array truth_subject_arrays[] = {
    {"/simulated/x", "SP", EM_H5_DOUBLE, true, offsetof(em_truth, x), "unconstrained scale",
     "the parameters each subject's data were drawn with"},
    {"/simulated/natural", "SP", EM_H5_DOUBLE, true, offsetof(em_truth, natural), "natural scale",
     "the same on the scale of the model's equations"},
};

static const em_h5_scalar truth_scalars[] = {
    {"model", EM_H5_A_TEXT, true, offsetof(em_truth, model)},
    {"seed", EM_H5_A_UINT64, true, offsetof(em_truth, seed)},
};
/* Of people who did a task. */
static const em_h5_scalar task_scalars[] = {
    {"task", EM_H5_A_TEXT, false, offsetof(em_truth, task)},
    {"task_settings", EM_H5_A_TEXT, false, offsetof(em_truth, task_settings)},
};

/* Of effects, where there are any. */
static const em_h5_array effect_arrays[] = {
    {"/simulated/effect_covariate", "E", EM_H5_TEXT, true, offsetof(em_truth, effect_covariate), NULL,
     "the covariate of each effect"},
    {"/simulated/effect_parameter", "E", EM_H5_TEXT, true, offsetof(em_truth, effect_parameter), NULL,
     "the parameter that it shifts"},
    {"/simulated/effect", "E", EM_H5_DOUBLE, true, offsetof(em_truth, effect), "unconstrained scale",
     "the shift for one unit of the covariate; /simulated/mu is the mean where the covariates are 0"},
};

/* What /trials and /covariates have in common: one array a column. */
typedef struct folder {
    const char *path, *unit; /* "/trials", "trial" */
} folder;
static const folder trials = {"/trials", "trial"}, covariates = {"/covariates", "subject"};

/* HDF5 takes '/' as the way into a folder and '.' as the folder itself. */
static bool good_name(const char *name)
{
    return *name && strlen(name) <= EM_H5_MAX_NAME && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static void column_path(char path[EM_H5_MAX_NAME + 16], const folder *in, const char *name)
{
    snprintf(path, EM_H5_MAX_NAME + 16, "%s/%s", in->path, name);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

struct em_dataset_writer {
    em_h5 h5;
    const em_dataset *frame;
    bool *whole;     /* [n_columns] */
    int32_t *buffer; /* [EM_H5_CHUNK] */
};

static em_code check_names(const em_dataset *data, const char *path, em_error *error)
{
    for (int i = 0; i < data->n_columns; i++) {
        const char *name = data->column[i].name;
        if (!good_name(name))
            return em_fail(
                error, EM_INPUT_ERROR,
                "%s: '%.100s' cannot be the name of a column in a dataset file: it is empty, '.', longer than "
                "%d bytes or has a '/'; rename it (--rename OLD=NEW)",
                path, name, EM_H5_MAX_NAME);
        for (int j = 0; j < i; j++)
            if (strcmp(name, data->column[j].name) == 0)
                return em_fail(error, EM_INPUT_ERROR, "%s: two columns have the name '%.100s'", path, name);
    }
    return EM_OK;
}

static em_code check_covariate_names(const em_dataset *data, const char *path, em_error *error)
{
    for (int i = 0; i < data->n_covariates; i++) {
        const char *name = data->covariate[i].name;
        em_code code = em_covariate_check_name(name, path, error);
        if (code)
            return code;
        for (int j = 0; j < i; j++)
            if (strcmp(name, data->covariate[j].name) == 0)
                return em_fail(error, EM_INPUT_ERROR, "%s: two covariates have the name '%.100s'", path, name);
    }
    return EM_OK;
}

static em_code create_column(const em_h5 *h5, const folder *in, const em_dataset_column *column, bool whole, size_t n,
                             em_error *error)
{
    char path[EM_H5_MAX_NAME + 16], about[100];
    hid_t id = 0;
    snprintf(about, sizeof about, "%s, one a %s; %s: missing",
             column->level ? "codes of the texts in `levels`" : whole ? "whole numbers" : "numbers", in->unit,
             column->level || whole ? "-2147483648" : "NaN");
    column_path(path, in, column->name);
    em_code code = em_h5_array_create(h5, path, whole ? EM_H5_INT32 : EM_H5_DOUBLE, n, &id, error);
    em_h5_drop(id);
    if (!code)
        code = em_h5_put_text(h5, path, "description", about, error);
    if (!code && column->level)
        code = em_h5_put_texts(h5, path, "levels", column->level, (size_t)column->n_levels, error);
    if (!code && column->level)
        code = em_h5_put_whole(h5, path, "levels_given", column->levels_given, error);
    return code;
}

static em_code create_truth(const em_h5 *h5, const em_truth *truth, em_h5_extents *extents, em_error *error)
{
    em_code code = em_h5_make_group(h5, "/simulated", error);
    *em_h5_extent(extents, 'P') = (uint64_t)truth->n_parameters;
    if (!code)
        code = em_h5_write_scalars(h5, "/simulated", truth_scalars, LENGTH(truth_scalars), truth, error);
    if (!code && truth->task)
        code = em_h5_write_scalars(h5, "/simulated", task_scalars, LENGTH(task_scalars), truth, error);
    if (!code)
        code = em_h5_write_arrays(h5, truth_arrays, LENGTH(truth_arrays), extents, truth, error);
    *em_h5_extent(extents, 'E') = (uint64_t)truth->n_effects;
    if (!code && truth->n_effects > 0)
        code = em_h5_write_arrays(h5, effect_arrays, LENGTH(effect_arrays), extents, truth, error);
    return code ? code : em_h5_create_arrays(h5, truth_subject_arrays, LENGTH(truth_subject_arrays), extents, 0, error);
}

/* Chunk by chunk, so that no second copy of the values is needed. */
static em_code put_values(em_dataset_writer *w, const folder *in, const char *name, bool whole, size_t first, size_t n,
                          const double *value, em_error *error)
{
    char path[EM_H5_MAX_NAME + 16];
    em_code code = EM_OK;
    column_path(path, in, name);
    hid_t id = H5Dopen2(w->h5.file, path, H5P_DEFAULT), space = id < 0 ? id : H5Dget_space(id);
    if (space < 0)
        code = em_h5_fail(&w->h5, error, "cannot open %s", path);
    for (size_t from = 0; from < n && !code; from += EM_H5_CHUNK) {
        const size_t count = n - from < EM_H5_CHUNK ? n - from : EM_H5_CHUNK;
        for (size_t i = 0; i < count && whole; i++)
            w->buffer[i] = isnan(value[from + i]) ? MISSING : (int32_t)value[from + i];
        const void *source = whole ? (const void *)w->buffer : value + from;
        hid_t block = em_h5_select_rows(space, first + from, count);
        if (block < 0 ||
            H5Dwrite(id, whole ? H5T_NATIVE_INT32 : H5T_NATIVE_DOUBLE, block, space, H5P_DEFAULT, source) < 0)
            code = em_h5_fail(&w->h5, error, "cannot write %s", path);
        em_h5_drop(block);
        if (!code)
            code = em_h5_check_written(&w->h5, error);
    }
    em_h5_drop(space);
    em_h5_drop(id);
    return code;
}

/* -0 counts as no whole number: it would come back as 0 and have another fingerprint. */
static bool fits_int32(const double *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i]) && !(value[i] > INT32_MIN && value[i] <= INT32_MAX && value[i] == trunc(value[i]) &&
                                  (value[i] != 0 || !signbit(value[i]))))
            return false;
    return true;
}

static em_code write_covariates(em_dataset_writer *w, em_error *error)
{
    const em_dataset *frame = w->frame;
    em_code code = em_h5_make_group(&w->h5, covariates.path, error);
    for (int i = 0; i < frame->n_covariates && !code; i++) {
        const em_covariate *each = &frame->covariate[i];
        if (!each->value)
            return em_fail(error, EM_INPUT_ERROR, "%s: covariate '%.100s' has no values to write", w->h5.path, each->name);
        const bool whole = fits_int32(each->value, frame->n_subjects);
        code = create_column(&w->h5, &covariates, each, whole, frame->n_subjects, error);
        if (!code)
            code = put_values(w, &covariates, each->name, whole, 0, frame->n_subjects, each->value, error);
    }
    return code;
}

static em_code create_all(em_dataset_writer *w, size_t id_width, em_error *error)
{
    const em_dataset *frame = w->frame;
    em_h5_extents extents = em_h5_extents_unknown();
    *em_h5_extent(&extents, 'S') = frame->n_subjects;
    *em_h5_extent(&extents, 'O') = frame->n_subjects + 1;
    em_code code = em_h5_make_group(&w->h5, "/subjects", error);
    if (!code)
        code = em_h5_create_arrays(&w->h5, subject_arrays, LENGTH(subject_arrays), &extents, id_width, error);
    if (!code)
        code = em_h5_make_group(&w->h5, "/trials", error);
    for (int i = 0; i < frame->n_columns && !code; i++)
        code = create_column(&w->h5, &trials, &frame->column[i], w->whole[i], frame->n_rows, error);
    if (!code && frame->n_covariates > 0)
        code = write_covariates(w, error);
    if (!code && frame->truth)
        code = create_truth(&w->h5, frame->truth, &extents, error);
    return code;
}

em_code em_dataset_create(const em_dataset *frame, size_t id_width, const bool *whole, const char *path, bool force,
                          em_dataset_writer **writer, em_error *error)
{
    *writer = NULL;
    em_code code = check_names(frame, path, error);
    if (!code)
        code = check_covariate_names(frame, path, error);
    if (code)
        return code;
    em_dataset_writer *w = em_new(1, sizeof *w, error);
    if (!w)
        return EM_MACHINE;
    w->frame = frame;
    w->whole = em_new((size_t)frame->n_columns, sizeof *w->whole, error);
    w->buffer = em_new(EM_H5_CHUNK, sizeof *w->buffer, error);
    if (!w->whole || !w->buffer)
        code = EM_MACHINE;
    for (int i = 0; i < frame->n_columns && !code; i++)
        w->whole[i] = whole[i];
    if (!code)
        code = em_h5_create(&w->h5, path, "dataset", force, error);
    if (!code)
        code = create_all(w, id_width, error);
    if (!code)
        *writer = w;
    else
        em_dataset_drop(w);
    return code;
}

em_code em_dataset_put_subjects(em_dataset_writer *w, const em_dataset *part, size_t first, em_error *error)
{
    const size_t n = part->n_subjects;
    em_code code = em_h5_write_rows(&w->h5, &subject_arrays[ID], 1, first, n, part, error);
    if (!code)
        code = em_h5_write_rows(&w->h5, &subject_arrays[OFFSET], 1, first, n + 1, part, error);
    if (!code && w->frame->truth)
        code =
            em_h5_write_rows(&w->h5, truth_subject_arrays, LENGTH(truth_subject_arrays), first, n, part->truth, error);
    return code;
}

em_code em_dataset_put_values(em_dataset_writer *w, int c, size_t first, size_t n, const double *value, em_error *error)
{
    return put_values(w, &trials, w->frame->column[c].name, w->whole[c], first, n, value, error);
}

em_code em_dataset_finish(em_dataset_writer *w, const char *fingerprint, em_error *error)
{
    em_code code = em_h5_put_text(&w->h5, "/", "fingerprint", fingerprint, error);
    return code ? code : em_h5_publish(&w->h5, error);
}

void em_dataset_drop(em_dataset_writer *w)
{
    if (!w)
        return;
    em_h5_close(&w->h5);
    free(w->whole);
    free(w->buffer);
    free(w);
}

/* ---- writing what is in memory --------------------------------------------------------------------------------- */

static em_code check_whole(const em_dataset *data, const char *path, em_error *error)
{
    if (!*data->fingerprint || data->first_row != 0 || data->held != data->n_rows)
        return em_fail(error, EM_INPUT_ERROR, "%s: a dataset that is not whole or not sealed cannot be written", path);
    for (int i = 0; i < data->n_columns; i++)
        if (!data->column[i].value)
            return em_fail(error, EM_INPUT_ERROR, "%s: column '%.100s' has no values to write", path,
                           data->column[i].name);
    return EM_OK;
}

em_code em_dataset_write(const em_dataset *data, const char *path, bool force, em_error *error)
{
    em_dataset_writer *w = NULL;
    bool *whole = NULL;
    em_code code = check_whole(data, path, error);
    if (!code && !(whole = em_new((size_t)data->n_columns, sizeof *whole, error)))
        code = EM_MACHINE;
    for (int i = 0; i < data->n_columns && !code; i++)
        whole[i] = fits_int32(data->column[i].value, data->n_rows);
    if (!code)
        code = em_dataset_create(data, em_h5_text_width(data->id, data->n_subjects), whole, path, force, &w, error);
    if (!code)
        code = em_dataset_put_subjects(w, data, 0, error);
    for (int i = 0; i < data->n_columns && !code; i++)
        code = em_dataset_put_values(w, i, 0, data->n_rows, data->column[i].value, error);
    if (!code)
        code = em_dataset_finish(w, data->fingerprint, error);
    em_dataset_drop(w);
    free(whole);
    return code;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static em_code check_offsets(const em_h5 *h5, const em_dataset *data, em_error *error)
{
    const uint64_t *offset = data->offset;
    if (data->n_subjects == 0)
        return em_h5_damaged(h5, error, "there are no subjects");
    if (offset[0] != 0)
        return em_h5_damaged(h5, error, "/subjects/offset does not start with 0");
    for (size_t s = 0; s < data->n_subjects; s++)
        if (offset[s + 1] < offset[s])
            return em_h5_damaged(h5, error, "/subjects/offset falls after subject %zu", s + 1);
    return EM_OK;
}

/* /subjects/id, opened, and how many there are. */
static em_code open_ids(const em_h5 *h5, em_h5_opened *array, uint64_t *n, em_error *error)
{
    const char *path = subject_arrays[ID].path;
    em_code code = em_h5_array_open(h5, path, array, error);
    if (!code && (!array->text || array->rank != 1))
        code = em_h5_damaged(h5, error, "%s is not a list of texts", path);
    *n = array->extent[0];
    if (code)
        em_h5_array_close(array);
    return code;
}

static em_code read_offsets(const em_h5 *h5, em_dataset *data, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    em_h5_opened ids = {0};
    uint64_t n = 0;
    em_code code = open_ids(h5, &ids, &n, error);
    em_h5_array_close(&ids);
    if (!code)
        code = em_h5_read_arrays(h5, &subject_arrays[OFFSET], 1, &extents, data, error);
    if (!code && *em_h5_extent(&extents, 'O') != n + 1)
        code =
            em_h5_damaged(h5, error, "/subjects/offset has %llu values for %llu subjects; it needs one more than that",
                          (unsigned long long)*em_h5_extent(&extents, 'O'), (unsigned long long)n);
    if (code)
        return code;
    data->n_subjects = n;
    data->n_rows = data->offset[n];
    return check_offsets(h5, data, error);
}

static em_code read_ids(const em_h5 *h5, size_t n_subjects, size_t first, size_t count, char ***id, em_error *error)
{
    em_h5_opened array = {0};
    uint64_t n = 0;
    em_code code = open_ids(h5, &array, &n, error);
    if (!code && (n != n_subjects || first > n || count > n - first))
        code = em_h5_damaged(h5, error, "there are %llu ids for %zu subjects", (unsigned long long)n, n_subjects);
    if (!code)
        code = em_h5_check_chunks(h5, &array, "/subjects/id", first, count, error);
    em_h5_place from = {array.id, false, 0, array.space};
    if (!code && count && (from.block = em_h5_select_rows(array.space, first, count)) < 0)
        code = em_h5_fail(h5, error, "cannot read /subjects/id");
    if (!code)
        code = em_h5_read_texts(h5, from, array.type, array.space, "/subjects/id", id, count, error);
    em_h5_drop(from.block);
    em_h5_array_close(&array);
    return code;
}

/* Opens a column and makes sure that it has n values. */
static em_code open_column(const em_h5 *h5, const folder *in, const char *name, size_t n, em_h5_opened *array,
                           em_error *error)
{
    char path[EM_H5_MAX_NAME + 16];
    *array = (em_h5_opened){0};
    if (!good_name(name))
        return em_h5_damaged(h5, error, "'%.100s' cannot be the name of a column", name);
    column_path(path, in, name);
    em_code code = em_h5_array_open(h5, path, array, error);
    if (!code && array->text)
        code = em_h5_damaged(h5, error, "%s holds text; text is stored as codes with the attribute levels", path);
    else if (!code && (array->rank != 1 || array->extent[0] != n))
        code = em_h5_damaged(h5, error, "%s is not an array of %zu values, one for each %s", path, n, in->unit);
    if (code)
        em_h5_array_close(array);
    return code;
}

static em_code read_levels(const em_h5 *h5, const folder *in, em_dataset_column *column, em_error *error)
{
    char path[EM_H5_MAX_NAME + 16];
    size_t n = 0;
    int64_t given = 0;
    column_path(path, in, column->name);
    if (!em_h5_has(h5, path, "levels"))
        return EM_OK;
    em_code code = em_h5_get_texts(h5, path, "levels", &column->level, &n, error);
    if (!code && n > INT_MAX) {
        em_h5_free_texts(column->level, n);
        column->level = NULL;
        return em_h5_damaged(h5, error, "%s has %zu levels", path, n);
    }
    column->n_levels = (int)n;
    if (!code && em_h5_has(h5, path, "levels_given"))
        code = em_h5_get_whole(h5, path, "levels_given", 0, 1, &given, error);
    column->levels_given = given != 0;
    return code;
}

/* A folder of columns that is being read. */
typedef struct reading {
    const folder *in;
    hid_t group;
    H5_index_t by;             /* the order in which they were made, where the file knows it */
    size_t n;                  /* values of each column */
    em_dataset_column *column; /* [n_columns] */
    int n_columns;
} reading;

/* Name of member i. *name: free it. */
static em_code column_name(const em_h5 *h5, const reading *r, hsize_t i, char **name, em_error *error)
{
    ssize_t length = H5Lget_name_by_idx(r->group, ".", r->by, H5_ITER_INC, i, NULL, 0, H5P_DEFAULT);
    if (length < 0)
        return em_h5_fail(h5, error, "cannot list %s", r->in->path);
    if (length > EM_H5_MAX_NAME)
        return em_h5_damaged(h5, error, "a column has a name longer than %d bytes", EM_H5_MAX_NAME);
    if (!(*name = em_new((size_t)length + 1, 1, error)))
        return EM_MACHINE;
    if (H5Lget_name_by_idx(r->group, ".", r->by, H5_ITER_INC, i, *name, (size_t)length + 1, H5P_DEFAULT) != length)
        return em_h5_fail(h5, error, "cannot list %s", r->in->path);
    if (!em_h5_is_text(*name))
        return em_h5_damaged(h5, error, "the name of a column in %s is not UTF-8, or has a control character", r->in->path);
    return EM_OK;
}

static em_code read_column_frame(const em_h5 *h5, reading *r, em_error *error)
{
    em_dataset_column *column = &r->column[r->n_columns];
    em_h5_opened array = {0};
    em_code code = column_name(h5, r, (hsize_t)r->n_columns, &column->name, error);
    r->n_columns++;
    if (!code)
        code = open_column(h5, r->in, column->name, r->n, &array, error);
    if (!code)
        code = read_levels(h5, r->in, column, error);
    em_h5_array_close(&array);
    return code;
}

/* Names and levels of all columns of a folder. */
static em_code read_columns_frame(const em_h5 *h5, reading *r, em_error *error)
{
    const char *path = r->in->path;
    em_code code = EM_OK;
    hid_t creation = 0;
    unsigned order = 0;
    H5G_info_t info;
    if (em_h5_exists(h5, path) <= 0)
        return em_h5_damaged(h5, error, "there is no %s", path);
    if ((r->group = H5Gopen2(h5->file, path, H5P_DEFAULT)) < 0 || H5Gget_info(r->group, &info) < 0 ||
        (creation = H5Gget_create_plist(r->group)) < 0 || H5Pget_link_creation_order(creation, &order) < 0) {
        code = em_h5_fail(h5, error, "cannot open %s", path);
        goto done;
    }
    r->by = order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    /* a column takes more than 16 bytes of its file, whatever the file says */
    if (info.nlinks > h5->bytes / 16 || info.nlinks > INT_MAX) {
        code = em_h5_damaged(h5, error, "%s claims %llu columns", path, (unsigned long long)info.nlinks);
        goto done;
    }
    if (!(r->column = em_new(info.nlinks, sizeof *r->column, error)))
        code = EM_MACHINE;
    while (!code && (hsize_t)r->n_columns < info.nlinks)
        code = read_column_frame(h5, r, error);
done:
    em_h5_drop(creation);
    em_h5_drop(r->group);
    return code;
}

static em_code read_trials_frame(const em_h5 *h5, em_dataset *data, em_error *error)
{
    reading r = {.in = &trials, .n = data->n_rows};
    em_code code = read_columns_frame(h5, &r, error);
    data->column = r.column;
    data->n_columns = r.n_columns;
    return code;
}

/* Texts that were read before something failed have to be counted, to be freed. */
static em_code read_effects(const em_h5 *h5, em_truth *truth, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    if (em_h5_exists(h5, effect_arrays[0].path) == 0)
        return EM_OK;
    em_code code = em_h5_read_arrays(h5, effect_arrays, LENGTH(effect_arrays), &extents, truth, error);
    const uint64_t n = *em_h5_extent(&extents, 'E');
    if (!code && n <= INT_MAX) {
        truth->n_effects = (int)n;
        return EM_OK;
    }
    em_h5_free_texts(truth->effect_covariate, n);
    em_h5_free_texts(truth->effect_parameter, n);
    truth->effect_covariate = truth->effect_parameter = NULL;
    return code ? code : em_h5_damaged(h5, error, "/simulated has %llu effects", (unsigned long long)n);
}

static em_code read_truth(const em_h5 *h5, em_dataset *data, em_error *error)
{
    em_h5_extents extents = em_h5_extents_unknown();
    *em_h5_extent(&extents, 'S') = data->n_subjects;
    if (em_h5_exists(h5, "/simulated") == 0)
        return EM_OK;
    if (!(data->truth = em_new(1, sizeof *data->truth, error)))
        return EM_MACHINE;
    em_code code = em_h5_read_scalars(h5, "/simulated", truth_scalars, LENGTH(truth_scalars), data->truth, error);
    if (!code)
        code = em_h5_read_scalars(h5, "/simulated", task_scalars, LENGTH(task_scalars), data->truth, error);
    if (!code)
        code = em_h5_read_arrays(h5, truth_arrays, LENGTH(truth_arrays), &extents, data->truth, error);
    uint64_t n = *em_h5_extent(&extents, 'P');
    if (!code && n > EM_MAX_PARAMETERS)
        code = em_h5_damaged(h5, error, "/simulated has %llu parameters", (unsigned long long)n);
    if (n > EM_MAX_PARAMETERS && data->truth->parameter) {
        em_h5_free_texts(data->truth->parameter, n);
        data->truth->parameter = NULL;
    }
    data->truth->n_parameters = data->truth->parameter ? (int)n : 0;
    if (!code)
        code = em_h5_read_arrays(h5, truth_subject_arrays, LENGTH(truth_subject_arrays), &extents, data->truth, error);
    return code ? code : read_effects(h5, data->truth, error);
}

static em_code read_fingerprint(const em_h5 *h5, char fingerprint[65], em_error *error)
{
    static const em_h5_scalar row = {"fingerprint", EM_H5_A_HASH, true, 0};
    return em_h5_read_scalars(h5, "/", &row, 1, fingerprint, error);
}

/* Codes are looked up in `level` later, so they are checked here. */
static em_code check_codes(const em_h5 *h5, const folder *in, const em_dataset_column *column, size_t count,
                           em_error *error)
{
    for (size_t i = 0; column->level && i < count; i++) {
        double code = column->value[i];
        if (!isnan(code) && !(code >= 0 && code < column->n_levels && code == trunc(code)))
            return em_h5_damaged(h5, error, "%s/%s has a code %g but %d levels", in->path, column->name, code,
                                 column->n_levels);
    }
    return EM_OK;
}

/* Values first .. first+count-1 of the n of a column; those that it had are freed. */
static em_code read_values(const em_h5 *h5, const folder *in, em_dataset_column *column, size_t n, size_t first,
                           size_t count, em_error *error)
{
    em_h5_opened array;
    em_code code = open_column(h5, in, column->name, n, &array, error);
    if (code)
        return code;
    free(column->value);
    if (!(column->value = em_new(count, sizeof *column->value, error)))
        code = EM_MACHINE;
    if (!code && count)
        code = em_h5_read_doubles(h5, &array, column->name, first, count, column->value, error);
    for (size_t i = 0; i < count && !code && array.whole; i++)
        if (column->value[i] == MISSING)
            column->value[i] = NAN;
    if (!code)
        code = check_codes(h5, in, column, count, error);
    em_h5_array_close(&array);
    return code;
}

/* Covariates are few numbers: they come whole, with their values. */
static em_code read_covariates(const em_h5 *h5, em_dataset *data, em_error *error)
{
    reading r = {.in = &covariates, .n = data->n_subjects};
    if (em_h5_exists(h5, covariates.path) == 0)
        return EM_OK;
    em_code code = read_columns_frame(h5, &r, error);
    data->covariate = r.column;
    data->n_covariates = r.n_columns;
    for (int i = 0; i < r.n_columns && !code; i++)
        code = read_values(h5, &covariates, &r.column[i], r.n, 0, r.n, error);
    return code;
}

static em_code read_frame(const char *path, bool outline, em_dataset **data, em_error *error)
{
    em_h5 h5 = {0};
    em_dataset *d = em_new(1, sizeof *d, error);
    em_code code = EM_MACHINE;
    if (!d || (code = em_h5_open(&h5, path, "dataset", error)) ||
        (code = read_fingerprint(&h5, d->fingerprint, error)) || (code = read_offsets(&h5, d, error)) ||
        (code = read_trials_frame(&h5, d, error)) || (code = read_covariates(&h5, d, error)))
        goto done;
    if (!outline &&
        ((code = read_ids(&h5, d->n_subjects, 0, d->n_subjects, &d->id, error)) || (code = read_truth(&h5, d, error))))
        goto done;
    *data = d;
    d = NULL;
done:
    em_h5_close(&h5);
    em_dataset_free(d);
    return code;
}

bool em_dataset_is_file(const char *path)
{
    em_h5 h5 = {0};
    em_error error;
    const bool is = em_h5_open(&h5, path, "dataset", &error) == EM_OK;
    em_h5_close(&h5);
    return is;
}

em_code em_dataset_read_frame(const char *path, em_dataset **data, em_error *error)
{
    return read_frame(path, false, data, error);
}

em_code em_dataset_read_outline(const char *path, em_dataset **data, em_error *error)
{
    return read_frame(path, true, data, error);
}

/* Opens the file that `data` came from. */
static em_code open_again(em_h5 *h5, const em_dataset *data, const char *path, em_error *error)
{
    char fingerprint[65];
    em_code code = em_h5_open(h5, path, "dataset", error);
    if (!code)
        code = read_fingerprint(h5, fingerprint, error);
    if (!code && strcmp(fingerprint, data->fingerprint) != 0)
        code = em_fail(error, EM_INPUT_ERROR, "%s was replaced by other data while it was read", path);
    return code;
}

em_code em_dataset_read_ids(const em_dataset *data, const char *path, size_t first, size_t count, char ***id,
                            em_error *error)
{
    em_h5 h5 = {0};
    em_code code = open_again(&h5, data, path, error);
    if (!code)
        code = read_ids(&h5, data->n_subjects, first, count, id, error);
    em_h5_close(&h5);
    return code;
}

static em_code read_named(const em_h5 *h5, em_dataset *data, const char *const *names, int n_names, size_t first,
                          size_t count, em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < n_names && !code; i++) {
        em_dataset_column *column = em_dataset_find(data, names[i]);
        if (!column)
            return em_fail(error, EM_INPUT_ERROR, "%s has no column '%.100s'", h5->path, names[i]);
        code = read_values(h5, &trials, column, data->n_rows, first, count, error);
    }
    return code;
}

em_code em_dataset_read_rows(em_dataset *data, const char *path, const char *const *names, int n_names, size_t first,
                             size_t count, em_error *error)
{
    em_h5 h5 = {0};
    em_dataset_forget(data);
    if (first > data->n_rows || count > data->n_rows - first)
        return em_fail(error, EM_INPUT_ERROR, "%s has %zu trials; %zu from trial %zu on are not there", path,
                       data->n_rows, count, first);
    em_code code = open_again(&h5, data, path, error);
    if (!code && names)
        code = read_named(&h5, data, names, n_names, first, count, error);
    for (int i = 0; i < data->n_columns && !names && !code; i++)
        code = read_values(&h5, &trials, &data->column[i], data->n_rows, first, count, error);
    em_h5_close(&h5);
    if (code) {
        em_dataset_forget(data);
        return code;
    }
    data->first_row = first;
    data->held = count;
    return EM_OK;
}
