#include "bids_levels.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "number.h"

/* Adds what the file says; what was there before gives way. */
static em_code add_file(const char *path, json_t *about, em_error *error)
{
    json_error_t where;
    FILE *file = fopen(path, "r");
    if (!file)
        return em_fail(error, EM_INPUT_ERROR, "%s: cannot open it: %s", path, strerror(errno));
    json_t *said = json_loadf(file, 0, &where);
    fclose(file);
    if (!said)
        return em_fail(error, EM_INPUT_ERROR, "%s: line %d: this is no JSON: %s", path, where.line, where.text);
    const bool object = json_is_object(said);
    const int failed = object ? json_object_update(about, said) : 0;
    json_decref(said);
    if (!object)
        return em_fail(error, EM_INPUT_ERROR, "%s: a JSON object, {...}, is expected, with the names of columns", path);
    return failed ? em_fail(error, EM_MACHINE, "%s: out of memory", path) : EM_OK;
}

static em_code start(json_t **about, em_error *error)
{
    *about = json_object();
    return *about ? EM_OK : em_fail(error, EM_MACHINE, "out of memory");
}

em_code em_bids_describe_from(const char *path, json_t **about, em_error *error)
{
    em_code code = start(about, error);
    return code || access(path, F_OK) != 0 ? code : add_file(path, *about, error);
}

/* Whether a JSON file of this name speaks of the table. */
static bool applies(const em_bids_name *json, const em_bids_name *table)
{
    if (strcmp(json->text + json->extension, "json") != 0 ||
        strcmp(json->text + json->suffix, table->text + table->suffix) != 0)
        return false;
    for (int i = 0; i < json->n; i++) {
        const char *value = em_bids_value(table, json->text + json->key[i]);
        if (!value || strcmp(value, json->text + json->value[i]) != 0)
            return false;
    }
    return true;
}

/* Adds what the JSON files in a folder say; those with more entities are nearer. */
static em_code add_folder(const char *folder, const em_bids_name *table, json_t *about, em_error *error)
{
    em_texts names = {0};
    em_bids_name name;
    em_code code = em_bids_list(folder, &names, error);
    for (int entities = 0; entities <= table->n && !code; entities++)
        for (size_t i = 0; i < names.n && !code; i++) {
            char path[4096];
            if (!em_bids_name_read(names.text[i], &name) || name.n != entities || !applies(&name, table))
                continue;
            if (snprintf(path, sizeof path, "%s/%s", folder, names.text[i]) >= (int)sizeof path)
                code = em_fail(error, EM_INPUT_ERROR, "%s/%s: this path is too long", folder, names.text[i]);
            else
                code = add_file(path, about, error);
        }
    em_texts_clear(&names);
    return code;
}

em_code em_bids_describe(const char *folder, const em_bids_file *file, json_t **about, em_error *error)
{
    em_code code = start(about, error);
    char *path = code ? NULL : em_copy(file->path, error);
    if (!path)
        return EM_MACHINE;
    code = add_folder(folder, &file->name, *about, error);
    /* The folders of the subject, the session and the data type: the path as far as each slash after the dataset's
     * folder. */
    for (char *slash = path + strlen(folder); !code && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        code = add_folder(path, &file->name, *about, error);
        *slash = '/';
    }
    free(path);
    return code;
}

em_code em_bids_levels(const json_t *about, const char *column, em_texts *order, em_error *error)
{
    json_t *levels = json_object_get(json_object_get(about, column), "Levels"), *meaning;
    const char *level;
    json_object_foreach(levels, level, meaning)
    {
        char number[EM_NUMBER_TEXT];
        const char *text = level; /* the loop needs `level` itself */
        size_t n = strlen(level);
        double x = 0;
        em_cell cell = em_number_read(level, n, &x);
        if (cell == EM_CELL_NUMBER) { /* 1.0 and 1 are one level */
            n = em_number_write(x, number);
            text = number;
        }
        if (cell != EM_CELL_MISSING && em_texts_find(order, text, n) == EM_TEXTS_NONE &&
            em_texts_add(order, text, n, error) == EM_TEXTS_NONE)
            return EM_MACHINE;
    }
    return EM_OK;
}
