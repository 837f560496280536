/* From the files of one task in a BIDS dataset to one dataset. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bids_files.h"
#include "bids_levels.h"
#include "error.h"
#include "import.h"

/* What names of files may say of all rows in them: the entity, and the name of the column. */
enum { SESSION, ACQUISITION, RUN, EXTRAS };
static const char *const entity[EXTRAS] = {"ses", "acq", "run"};
static const char *const column_name[EXTRAS] = {"session", "acquisition", "run"};
static const char *const option_name[EXTRAS] = {"--session LABEL", "--acquisition LABEL", "--run NUMBER"};

typedef struct import_bids {
    const char *folder;
    const em_bids_options *options;
    const em_log *log;
    em_error *error;
    em_bids_files files;
    const em_bids_file *file; /* that is read */
    struct json_t *about;     /* what JSON files say of it; NULL: not known yet */
    em_import_extra extra[EXTRAS];
    const char *extra_entity[EXTRAS];
    size_t n_extra;
    size_t empty; /* files without trials */
    char empty_list[EM_LISTED];
} import_bids;

/* ---- subjects -------------------------------------------------------------------------------------------------- */

static const char *label(const em_bids_file *file, const char *key)
{
    const char *value = em_bids_value(&file->name, key);
    return value ? value : "";
}

static const char *file_name(const em_bids_file *file) { return strrchr(file->path, '/') + 1; }

static bool same(const em_bids_file *a, const em_bids_file *b, const char *key)
{
    return strcmp(label(a, key), label(b, key)) == 0;
}

static bool is_there(const import_bids *im, const char *key)
{
    for (size_t i = 0; i < im->files.n; i++)
        if (*label(&im->files.file[i], key))
            return true;
    return false;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static em_code order_of(em_import_table *table, const char *name, em_texts *order)
{
    import_bids *im = table->order_owner;
    em_code code = im->about ? EM_OK : em_bids_describe(im->folder, im->file, &im->about, im->error);
    return code ? code : em_bids_levels(im->about, name, order, im->error);
}

static em_code read_file(import_bids *im, em_import_table *table)
{
    const size_t before = table->rows;
    char id[sizeof im->file->name.text + 8];
    const char *session = label(im->file, "ses");
    const bool with_session = im->options->by_session && *session;
    snprintf(id, sizeof id, "%s%s%s", label(im->file, "sub"), with_session ? "_ses-" : "", with_session ? session : "");
    table->path = im->file->path;
    table->subject_text = id;
    for (size_t i = 0; i < im->n_extra; i++)
        im->extra[i].text = label(im->file, im->extra_entity[i]);
    em_code code = em_import_table_add(table);
    json_decref(im->about);
    im->about = NULL;
    if (table->rows == before && !code) {
        im->empty++;
        em_text_list(im->empty_list, file_name(im->file));
    }
    return code;
}

/* ---- what may surprise ----------------------------------------------------------------------------------------- */

/* Whether file i goes on with the subject of the one before. */
static bool follows(const import_bids *im, size_t i)
{
    const em_bids_file *file = &im->files.file[i];
    return i > 0 && same(file - 1, file, "sub") && (same(file - 1, file, "ses") || !im->options->by_session);
}

/* The entity whose change tells the files of a session apart, of those that have a column. */
static int told_by(const import_bids *im, bool session)
{
    if (session)
        return SESSION;
    return is_there(im, "run") ? RUN : is_there(im, "acq") ? ACQUISITION : EXTRAS;
}

/* Subjects with several sessions, or with several files in a session; and the order of the first of them. */
static void say_order(const import_bids *im, bool session)
{
    const int by = told_by(im, session);
    const em_bids_file *first = NULL, *last = NULL;
    char list[EM_LISTED] = "", ways[200] = "";
    size_t n = 0;
    for (size_t i = 1; i < im->files.n; i++) {
        const em_bids_file *before = &im->files.file[i - 1], *file = before + 1;
        if (!follows(im, i) || same(before, file, "ses") == session)
            continue;
        n += !last || !same(last, file, "sub");
        last = file;
        if (!first) {
            first = before;
            em_text_list(list, session ? label(first, "ses") : file_name(first));
        }
        if (same(first, file, "sub") && (session || same(first, file, "ses")))
            em_text_list(list, session ? label(file, "ses") : file_name(file));
    }
    if (n == 0)
        return;
    if (by < EXTRAS)
        snprintf(ways, sizeof ways, ". --rename %s=block makes learning start again with each; %s takes one%s",
                 column_name[by], option_name[by],
                 session ? "; --subject-by session makes each a subject of its own" : "");
    em_say(im->log, "%zu subject%s several %s, and what is learned goes on from one to the next (%s: %s)%s", n,
           n == 1 ? " has" : "s have", session ? "sessions" : "runs", label(first, "sub"), list, ways);
}

/* The entity whose column is called `block`, NULL where there is none. */
static const char *blocks_by(const import_bids *im, const em_import_options *options)
{
    for (int i = 0; i < options->n_rename; i++)
        for (size_t j = 0; j < im->n_extra && strcmp(options->rename[i].to, "block") == 0; j++)
            if (strcmp(options->rename[i].from, im->extra[j].name) == 0)
                return im->extra_entity[j];
    return NULL;
}

/* Files after which learning does not start again although it was to: run 1 of a session, and run 1 of the next. */
static void say_unbroken(const import_bids *im, const char *key)
{
    char list[EM_LISTED] = "";
    size_t n = 0;
    for (size_t i = 1; key && i < im->files.n; i++) {
        const em_bids_file *file = &im->files.file[i];
        if (!follows(im, i) || !same(file - 1, file, key))
            continue;
        n++;
        em_text_list(list, file_name(file));
    }
    if (n > 0)
        em_say(im->log, "%zu file%s the same block as the one before, so learning does not start again there: %s", n,
               n == 1 ? " has" : "s have", list);
}

static bool has_block(const em_import_table *table)
{
    for (size_t i = 0; i < table->fields; i++)
        if (strcmp(table->column[i].name, "block") == 0)
            return true;
    return false;
}

static void say_all(const import_bids *im, const em_import_table *table)
{
    for (size_t i = 0; i < im->n_extra; i++)
        if (im->extra[i].replaced)
            em_say(im->log, "files have a column '%s' of their own, which is kept in place of what their names say",
                   im->extra[i].name);
    if (im->empty > 0)
        em_say(im->log, "%zu file%s without trials: %s", im->empty, im->empty == 1 ? "" : "s", im->empty_list);
    if (has_block(table)) {
        say_unbroken(im, blocks_by(im, table->options));
        return;
    }
    say_order(im, true);
    say_order(im, false);
}

static em_code read_files(em_import_table *table, void *where)
{
    import_bids *im = where;
    em_code code = EM_OK;
    for (size_t i = 0; i < im->files.n && !code; i++) {
        im->file = &im->files.file[i];
        code = read_file(im, table);
    }
    table->path = im->folder;
    if (!code)
        code = em_import_table_end(table, "trials");
    if (!code)
        say_all(im, table);
    return code;
}

/* ---- the people ------------------------------------------------------------------------------------------------ */

/* The table of subjects, participants.tsv where no other one is named; *path is NULL where there is none, else to be
 * freed. */
static em_code find_participants(const import_bids *im, em_import_table *subjects, char **path)
{
    const char *asked = subjects->options->covariates;
    const size_t room = strlen(im->folder) + sizeof "/participants.json";
    struct stat info;
    char *json = em_new(room, 1, im->error);
    *path = asked ? em_copy(asked, im->error) : em_new(room, 1, im->error);
    em_code code = *path && json ? EM_OK : EM_MACHINE;
    if (!code && !asked)
        snprintf(*path, room, "%s/participants.tsv", im->folder);
    if (!code && !asked && lstat(*path, &info) != 0) {
        free(*path);
        *path = NULL;
    } else if (!code) {
        snprintf(json, room, "%s/participants.json", im->folder);
        subjects->path = *path;
        subjects->unasked = !asked;
        code = asked ? EM_OK : em_bids_describe_from(json, subjects->order_owner, im->error);
    }
    free(json);
    return code;
}

static em_code order_of_people(em_import_table *table, const char *name, em_texts *order)
{
    struct json_t **about = table->order_owner;
    return em_bids_levels(*about, name, order, table->error);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static em_code import(import_bids *im, const em_import_options *options, em_dataset **data)
{
    struct json_t *people = NULL;
    char *path = NULL;
    em_import_table table = {.path = im->folder, .options = options, .log = im->log, .error = im->error};
    em_import_table subjects = table;
    for (int i = 0; i < EXTRAS; i++)
        if (is_there(im, entity[i])) {
            im->extra_entity[im->n_extra] = entity[i];
            im->extra[im->n_extra++] = (em_import_extra){.name = column_name[i], .text = ""};
        }
    table.extra = im->extra;
    table.n_extra = im->n_extra;
    table.order = order_of;
    table.order_owner = im;
    subjects.subject_name = "participant_id";
    subjects.prefix = "sub-";
    subjects.suffix = im->options->by_session ? "_ses-" : NULL;
    subjects.order = order_of_people;
    subjects.order_owner = &people;
    em_code code = find_participants(im, &subjects, &path);
    if (!code)
        code = em_import_make(&table, path ? &subjects : NULL, read_files, im, data);
    json_decref(people);
    json_decref(im->about);
    free(path);
    return code;
}

em_code em_import_bids(const char *folder, const em_bids_options *bids, const em_import_options *options,
                       const em_log *log, em_dataset **data, em_error *error)
{
    const em_bids_options none = {0};
    const em_import_options defaults = em_import_defaults();
    char *plain = em_copy(folder, error);
    import_bids im = {.folder = plain, .options = bids ? bids : &none, .log = log, .error = error};
    *data = NULL;
    for (size_t n = plain ? strlen(plain) : 0; n > 1 && plain[n - 1] == '/'; n--)
        plain[n - 1] = '\0';
    em_code code = plain ? em_bids_find(plain, im.options, log, &im.files, error) : EM_MACHINE;
    if (!code)
        code = import(&im, options ? options : &defaults, data);
    em_bids_files_clear(&im.files);
    free(plain);
    return code;
}
