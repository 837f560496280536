#include "bids_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "grow.h"

/* Where tables of behaviour are. */
static const char *const datatypes[] = {"beh", "func", "eeg", "ieeg", "meg", "motion", "nirs", "pet"};

typedef struct finder {
    const char *folder;
    const em_bids_options *options;
    const em_log *log;
    em_error *error;
    em_bids_files *files;
    const char *subject, *session;         /* of the folder that is looked through; NULL: none */
    em_texts tasks;                        /* that the dataset has */
    em_texts sessions, runs, acquisitions; /* that files of this task have */
    bool any;                              /* a subject's folder was there */
    size_t of_task;                        /* files of this task */
    size_t without;                        /* subjects without a file */
    char list[EM_LISTED];                  /* who they are */
    size_t nameless;                       /* files that tell no task */
    char nameless_list[EM_LISTED];
} finder;

/* ---- folders --------------------------------------------------------------------------------------------------- */

static char *join(const char *folder, const char *name, em_error *error)
{
    const size_t n = strlen(folder);
    char *path = em_new(n + strlen(name) + 2, 1, error);
    if (path)
        sprintf(path, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
    return path;
}

static em_code cannot(const char *path, const char *what, em_error *error)
{
    const bool machine = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
    return em_fail(error, machine ? EM_MACHINE : EM_INPUT_ERROR, "%s: cannot %s: %s", path, what, strerror(errno));
}

static int by_name(const void *a, const void *b) { return em_bids_compare(*(char *const *)a, *(char *const *)b); }

em_code em_bids_list(const char *path, em_texts *names, em_error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return cannot(path, "open this folder", error);
    em_code code = EM_OK;
    const struct dirent *entry;
    errno = 0;
    while (!code && (entry = readdir(folder))) {
        if (entry->d_name[0] != '.' &&
            em_texts_add(names, entry->d_name, strlen(entry->d_name), error) == EM_TEXTS_NONE)
            code = EM_MACHINE;
        errno = 0;
    }
    if (!code && errno)
        code = cannot(path, "read this folder", error);
    closedir(folder);
    if (!code && names->n > 1)
        qsort(names->text, names->n, sizeof *names->text, by_name);
    return code;
}

/* A link that leads nowhere is common: datasets are handed on with contents that are still to be fetched. */
static em_code look(const char *path, bool *is_folder, em_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        *is_folder = S_ISDIR(info.st_mode);
        return EM_OK;
    }
    const int why = errno;
    if (why == ENOENT && lstat(path, &info) == 0)
        return em_fail(
            error, EM_INPUT_ERROR,
            "%s is a link to something that is not there; fetch the contents of the dataset first (DataLad: datalad "
            "get)",
            path);
    errno = why;
    return cannot(path, "look at it", error);
}

/* Looks through the folder: `each` for every name in it. */
static em_code walk(finder *f, const char *path, em_code (*each)(finder *f, const char *folder, const char *name))
{
    em_texts names = {0};
    em_code code = em_bids_list(path, &names, f->error);
    for (size_t i = 0; i < names.n && !code; i++)
        code = each(f, path, names.text[i]);
    em_texts_clear(&names);
    return code;
}

/* Looks through a folder inside another one; what is no folder is passed over. */
static em_code walk_inside(finder *f, const char *folder, const char *name,
                           em_code (*each)(finder *f, const char *folder, const char *name))
{
    bool is_folder = false;
    char *path = join(folder, name, f->error);
    em_code code = path ? look(path, &is_folder, f->error) : EM_MACHINE;
    if (!code && is_folder)
        code = walk(f, path, each);
    free(path);
    return code;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_behaviour(const char *name)
{
    return ends_with(name, "_beh.tsv") || ends_with(name, "_events.tsv") || ends_with(name, "_beh.tsv.gz") ||
           ends_with(name, "_events.tsv.gz");
}

static em_code note(em_texts *texts, const char *label, em_error *error)
{
    if (!label || em_texts_find(texts, label, strlen(label)) != EM_TEXTS_NONE)
        return EM_OK;
    return em_texts_add(texts, label, strlen(label), error) == EM_TEXTS_NONE ? EM_MACHINE : EM_OK;
}

/* The place of a label among those asked for, -1 where it is not; 0 where none are. */
static int place_of(em_bids_labels asked, const char *label, int (*compare)(const char *a, const char *b))
{
    for (int i = 0; i < asked.n; i++)
        if (label && compare(asked.label[i], label) == 0)
            return i;
    return asked.n == 0 ? 0 : -1;
}

static bool agrees(const char *here, const char *there)
{
    return here && there ? strcmp(here, there) == 0 : here == there;
}

/* The name must say of the file what its folders say. */
static em_code check_name(const finder *f, const char *path, const em_bids_name *name)
{
    const char *subject = em_bids_value(name, "sub"), *session = em_bids_value(name, "ses"),
               *run = em_bids_value(name, "run");
    if (!agrees(subject, f->subject))
        return em_fail(f->error, EM_INPUT_ERROR, "%s: its name has %s%s, but it is in the folder of sub-%s", path,
                       subject ? "sub-" : "no sub-LABEL", subject ? subject : "", f->subject);
    if (!agrees(session, f->session))
        return em_fail(f->error, EM_INPUT_ERROR, "%s: its name has %s%s, but it is in %s%s", path,
                       session ? "ses-" : "no ses-LABEL", session ? session : "",
                       f->session ? "the folder of ses-" : "no folder of a session", f->session ? f->session : "");
    if (run && !em_bids_is_index(run))
        return em_fail(f->error, EM_INPUT_ERROR,
                       "%s: 'run-%s' in its name is no number; runs are numbered, run-1, run-2", path, run);
    for (int i = 0; i < name->n; i++)
        if (!em_bids_is_label(name->text + name->value[i]))
            return em_fail(
                f->error, EM_INPUT_ERROR,
                "%s: '%s-%s' in its name is no label of BIDS, which has letters and digits alone (and is not NA)", path,
                name->text + name->key[i], name->text + name->value[i]);
    if (strcmp(name->text + name->extension, "tsv") != 0)
        return em_fail(f->error, EM_INPUT_ERROR,
                       "%s is compressed, which BIDS does not allow for this file; decompress it (gunzip)", path);
    return EM_OK;
}

static em_code add(finder *f, char *path, const em_bids_name *name, int place)
{
    em_bids_files *files = f->files;
    if (files->n == files->room) {
        em_bids_file *grown = em_grow(files->file, &files->room, sizeof *grown, f->error);
        if (!grown)
            return EM_MACHINE;
        files->file = grown;
    }
    em_bids_file *file = &files->file[files->n];
    *file = (em_bids_file){.path = em_copy(path, f->error), .name = *name, .place = place};
    if (!file->path)
        return EM_MACHINE;
    files->n++;
    return EM_OK;
}

/* A file of the task: kept if it is asked for. */
static em_code choose(finder *f, char *path, const em_bids_name *name)
{
    const em_bids_options *options = f->options;
    const char *session = em_bids_value(name, "ses"), *run = em_bids_value(name, "run"),
               *acquisition = em_bids_value(name, "acq");
    em_code code = check_name(f, path, name);
    if (code || (options->suffix && strcmp(options->suffix, name->text + name->suffix) != 0))
        return code;
    f->of_task++;
    if ((code = note(&f->sessions, session, f->error)) || (code = note(&f->runs, run, f->error)) ||
        (code = note(&f->acquisitions, acquisition, f->error)))
        return code;
    const int place = place_of(options->session, session, strcmp);
    if (place < 0 || place_of(options->run, run, em_bids_compare_index) < 0 ||
        place_of(options->acquisition, acquisition, strcmp) < 0)
        return EM_OK;
    return add(f, path, name, place);
}

/* A name that tells no task. What may be of this task is refused. */
static em_code pass_over(finder *f, const char *folder, const char *name)
{
    char shown[EM_SHOWN];
    const char *task = f->options->task, *part = task ? strstr(name, "_task-") : NULL;
    if (part && strncmp(part + 6, task, strlen(task)) == 0)
        return em_fail(
            f->error, EM_INPUT_ERROR,
            "%s/%s: this is no name as BIDS has them: "
            "sub-LABEL[_ses-LABEL]_task-LABEL[_acq-LABEL][_run-NUMBER]_beh.tsv, or _events.tsv; rename it or "
            "remove it",
            folder, em_text_shown(name, strlen(name), shown));
    f->nameless++;
    em_text_list(f->nameless_list, name);
    return EM_OK;
}

static em_code take_file(finder *f, const char *folder, const char *text)
{
    em_bids_name name;
    if (!is_behaviour(text))
        return EM_OK;
    const char *task = em_bids_name_read(text, &name) ? em_bids_value(&name, "task") : NULL;
    if (!task)
        return pass_over(f, folder, text);
    em_code code = note(&f->tasks, task, f->error);
    if (code || !f->options->task || strcmp(task, f->options->task) != 0)
        return code;
    char *path = join(folder, text, f->error);
    code = path ? choose(f, path, &name) : EM_MACHINE;
    free(path);
    return code;
}

/* ---- folders of the dataset ------------------------------------------------------------------------------------ */

/* beh, func and the like. */
static em_code in_session(finder *f, const char *folder, const char *name)
{
    for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++)
        if (strcmp(name, datatypes[i]) == 0 && (!f->options->datatype || strcmp(name, f->options->datatype) == 0))
            return walk_inside(f, folder, name, take_file);
    return EM_OK;
}

static em_code bad_folder(const finder *f, const char *folder, const char *name)
{
    char shown[EM_SHOWN];
    return em_fail(f->error, EM_INPUT_ERROR,
                   "%s: '%s' is no name of a folder as BIDS has them: a label has letters and digits alone (and is not "
                   "NA); rename "
                   "it or move it elsewhere",
                   folder, em_text_shown(name, strlen(name), shown));
}

static em_code in_subject(finder *f, const char *folder, const char *name)
{
    if (strncmp(name, "ses-", 4) != 0)
        return in_session(f, folder, name);
    f->session = name + 4;
    em_code code =
        em_bids_is_label(f->session) ? walk_inside(f, folder, name, in_session) : bad_folder(f, folder, name);
    f->session = NULL;
    return code;
}

static em_code in_dataset(finder *f, const char *folder, const char *name)
{
    bool is_folder = false;
    if (strncmp(name, "sub-", 4) != 0)
        return EM_OK;
    char *path = join(folder, name, f->error);
    em_code code = path ? look(path, &is_folder, f->error) : EM_MACHINE;
    if (!code && is_folder && !em_bids_is_label(name + 4))
        code = bad_folder(f, folder, name);
    if (!code && is_folder) {
        const size_t before = f->files->n;
        f->any = true;
        f->subject = name + 4;
        code = walk(f, path, in_subject);
        f->subject = NULL;
        if (!code && f->files->n == before) {
            f->without++;
            em_text_list(f->list, name + 4);
        }
    }
    free(path);
    return code;
}

/* ---- what was found -------------------------------------------------------------------------------------------- */

static const char *list_all(em_texts *texts, char list[EM_LISTED])
{
    *list = '\0';
    if (texts->n > 1)
        qsort(texts->text, texts->n, sizeof *texts->text, by_name);
    for (size_t i = 0; i < texts->n; i++)
        em_text_list(list, texts->text[i]);
    return *list ? list : "none";
}

static em_code check_labels(const finder *f, const char *option, em_bids_labels asked, em_texts *there,
                            int (*compare)(const char *a, const char *b))
{
    char list[EM_LISTED], shown[EM_SHOWN];
    for (int i = 0; i < asked.n; i++) {
        bool found = false;
        for (size_t j = 0; j < there->n; j++)
            found |= compare(asked.label[i], there->text[j]) == 0;
        if (!found)
            return em_fail(f->error, EM_INPUT_ERROR, "%s: %s: no file of task '%s' has '%s'; there is: %s", f->folder,
                           option, f->options->task, em_text_shown(asked.label[i], strlen(asked.label[i]), shown),
                           list_all(there, list));
    }
    return EM_OK;
}

static em_code check_task(finder *f)
{
    char list[EM_LISTED], shown[EM_SHOWN];
    const em_bids_options *options = f->options;
    const char *task = options->task;
    if (f->tasks.n == 0)
        return em_fail(f->error, EM_INPUT_ERROR,
                       "%s: there is no table of behaviour in it: "
                       "sub-LABEL/[ses-LABEL/]%s/sub-LABEL_..._task-LABEL_..._beh.tsv, or "
                       "_events.tsv",
                       f->folder, options->datatype ? options->datatype : "beh");
    if (!task)
        return em_fail(f->error, EM_INPUT_ERROR, "%s: which task? --task NAME; there is: %s", f->folder,
                       list_all(&f->tasks, list));
    if (em_texts_find(&f->tasks, task, strlen(task)) == EM_TEXTS_NONE)
        return em_fail(f->error, EM_INPUT_ERROR, "%s: there is no task '%s'; there is: %s", f->folder,
                       em_text_shown(task, strlen(task), shown), list_all(&f->tasks, list));
    if (f->of_task == 0)
        return em_fail(f->error, EM_INPUT_ERROR, "%s: task '%s' has no file that ends with _%s.tsv", f->folder, task,
                       options->suffix);
    return EM_OK;
}

static em_code check_asked(finder *f)
{
    const em_bids_options *options = f->options;
    em_code code = check_task(f);
    if (code || (code = check_labels(f, "--session", options->session, &f->sessions, strcmp)) ||
        (code = check_labels(f, "--run", options->run, &f->runs, em_bids_compare_index)) ||
        (code = check_labels(f, "--acquisition", options->acquisition, &f->acquisitions, strcmp)))
        return code;
    if (f->files->n == 0)
        return em_fail(f->error, EM_INPUT_ERROR,
                       "%s: no file of task '%s' is of all that is asked for with --session, --run and "
                       "--acquisition",
                       f->folder, options->task);
    return EM_OK;
}

static int compare_labels(const em_bids_name *a, const em_bids_name *b, const char *key)
{
    const char *first = em_bids_value(a, key), *second = em_bids_value(b, key);
    return first && second ? em_bids_compare(first, second) : !!first - !!second;
}

static int compare_sessions(const em_bids_file *a, const em_bids_file *b)
{
    const int order = compare_labels(&a->name, &b->name, "sub");
    if (order)
        return order;
    return a->place != b->place ? a->place - b->place : compare_labels(&a->name, &b->name, "ses");
}

/* All other entities, those that have no order included. */
static int compare_others(const em_bids_name *a, const em_bids_name *b)
{
    int order = 0;
    for (int i = 0; i < a->n && !order; i++)
        if (strcmp(a->text + a->key[i], "run") != 0)
            order = compare_labels(a, b, a->text + a->key[i]);
    return order ? order : a->n - b->n;
}

static int compare_runs(const em_bids_file *a, const em_bids_file *b)
{
    int order = compare_sessions(a, b);
    if (!order)
        order = compare_labels(&a->name, &b->name, "acq");
    if (!order)
        order = em_bids_compare_index(em_bids_value(&a->name, "run"), em_bids_value(&b->name, "run"));
    return order ? order : compare_others(&a->name, &b->name);
}

static int by_run(const void *a, const void *b)
{
    const em_bids_file *first = a, *second = b;
    const int order = compare_runs(first, second);
    return order ? order : strcmp(first->path, second->path);
}

/* Both tables of a session may hold the same trials. */
static em_code check_twice(const finder *f)
{
    const em_bids_file *file = f->files->file;
    for (size_t i = 1; i < f->files->n; i++) {
        const em_bids_name *a = &file[i - 1].name, *b = &file[i].name;
        if (compare_sessions(&file[i - 1], &file[i]) == 0 && strcmp(a->text + a->suffix, b->text + b->suffix) != 0)
            return em_fail(
                f->error, EM_INPUT_ERROR,
                "%s and %s may hold the same trials; choose one kind of table with --suffix beh or --suffix events",
                file[i - 1].path, file[i].path);
    }
    for (size_t i = 1; i < f->files->n; i++)
        if (compare_runs(&file[i - 1], &file[i]) == 0)
            return em_fail(f->error, EM_INPUT_ERROR,
                           "%s and %s are the same run twice; remove one of them, or choose a folder with --datatype "
                           "(beh, func, eeg "
                           "and the like)",
                           file[i - 1].path, file[i].path);
    return EM_OK;
}

static em_code check_links(const finder *f)
{
    bool is_folder = false;
    em_code code = EM_OK;
    for (size_t i = 0; i < f->files->n && !code; i++)
        code = look(f->files->file[i].path, &is_folder, f->error);
    return code;
}

static bool is_datatype(const char *name)
{
    for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++)
        if (strcmp(name, datatypes[i]) == 0)
            return true;
    return false;
}

static em_code find(finder *f)
{
    const em_bids_options *options = f->options;
    char shown[EM_SHOWN];
    if (options->suffix && strcmp(options->suffix, "beh") != 0 && strcmp(options->suffix, "events") != 0)
        return em_fail(f->error, EM_INPUT_ERROR, "--suffix is beh or events, not '%s'",
                       em_text_shown(options->suffix, strlen(options->suffix), shown));
    if (options->datatype && !is_datatype(options->datatype))
        return em_fail(f->error, EM_INPUT_ERROR,
                       "--datatype is beh, func, eeg, ieeg, meg, motion, nirs or pet, not '%s'",
                       em_text_shown(options->datatype, strlen(options->datatype), shown));
    em_code code = walk(f, f->folder, in_dataset);
    if (!code && !f->any)
        code =
            em_fail(f->error, EM_INPUT_ERROR, "%s is no BIDS dataset: there is no folder sub-LABEL in it", f->folder);
    if (code || (code = check_asked(f)))
        return code;
    qsort(f->files->file, f->files->n, sizeof *f->files->file, by_run);
    if ((code = check_twice(f)) || (code = check_links(f)))
        return code;
    if (f->nameless > 0)
        em_say(f->log, "%s: %zu file%s left out whose name tells no task: %s", f->folder, f->nameless,
               f->nameless == 1 ? "" : "s", f->nameless_list);
    if (f->without > 0)
        em_say(f->log, "%s: %zu subject%s without a file that is asked for: %s", f->folder, f->without,
               f->without == 1 ? "" : "s", f->list);
    return EM_OK;
}

em_code em_bids_find(const char *folder, const em_bids_options *options, const em_log *log, em_bids_files *files,
                     em_error *error)
{
    finder f = {.folder = folder, .options = options, .log = log, .error = error, .files = files};
    em_code code = find(&f);
    em_texts_clear(&f.tasks);
    em_texts_clear(&f.sessions);
    em_texts_clear(&f.runs);
    em_texts_clear(&f.acquisitions);
    return code;
}

void em_bids_files_clear(em_bids_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->file[i].path);
    free(files->file);
    *files = (em_bids_files){0};
}
