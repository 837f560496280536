#include "model_file.h"

#include <dlfcn.h>
#include <errno.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "fingerprint.h"

typedef struct opened {
    const em_model *model;
    char *path;
    em_hash content;
    struct opened *next;
} opened;
static opened *all_opened; /* what dlopen keeps for the process, we must, too */

bool em_model_is_path(const char *name) { return strchr(name, '/') != NULL; }

/* ---- what is in the file ---------------------------------------------------------------------------------------- */

/* What is not a regular file, dlopen would tell in a riddle. */
static em_code look(const char *path, em_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: no such model file: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return em_fail(error, EM_INPUT_ERROR, "%s: is not a file", path);
    const size_t n = strlen(path);
    if (n > 2 && strcmp(path + n - 2, ".c") == 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: is source code; build it first: emlib model build %s, then --model %.*sso", path,
                       path, (int)(n - 1), path);
    return EM_OK;
}

/* ---- is it one of ours? ----------------------------------------------------------------------------------------- */

static em_code broken(const char *path, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s: its description is damaged; build it again: emlib model build NAME.c", path);
}

static bool named(const char *name) { return name && *name; }

static bool doubled(const char *name, const char *other) { return strcmp(name, other) == 0; }

static em_code check_tables(const em_model *m, const char *path, em_error *error)
{
    if (!named(m->name) || !m->trace || !m->natural || !m->unconstrained || !m->kernels[EM_ISA_BASELINE].score ||
        m->n_parameters < 1 || m->n_parameters > EM_MAX_PARAMETERS || m->n_columns < 1 ||
        m->n_responses < 1 || m->n_responses > m->n_columns || m->n_latents < 0 || m->n_facts < 0 ||
        m->n_facts > EM_MAX_PARAMETERS)
        return broken(path, error);
    const char *const texts[] = {m->family, m->about, m->reference, m->equations};
    static const char *const what[] = {".family", ".about", ".reference", ".equations"};
    for (int i = 0; i < 4; i++)
        if (!named(texts[i]))
            return em_fail(error, EM_INPUT_ERROR, "%s: MODEL(%s, ...) has no %s", path, m->name, what[i]);
    for (int j = 0; j < m->n_parameters; j++) {
        const em_parameter *p = &m->parameters[j];
        if (!named(p->name) || !named(p->transform) || !p->about)
            return broken(path, error);
        if (!(p->var > 0) || !(p->mu - p->mu == 0))
            return em_fail(error, EM_INPUT_ERROR, "%s: parameter %s: .mu must be a number and .var above 0", path, p->name);
        for (int i = 0; i < j; i++)
            if (doubled(p->name, m->parameters[i].name))
                return em_fail(error, EM_INPUT_ERROR, "%s: two parameters are called %s", path, p->name);
    }
    for (int c = 0; c < m->n_columns; c++) {
        const em_column *column = &m->columns[c];
        if (!named(column->name) || !column->about || column->codes < EM_OPTION || column->codes > EM_MAX_OPTIONS)
            return broken(path, error);
        for (int i = 0; i < c; i++)
            if (doubled(column->name, m->columns[i].name))
                return em_fail(error, EM_INPUT_ERROR, "%s: two columns are called %s", path, column->name);
    }
    for (int i = EM_ISA_BASELINE; i < EM_N_ISA; i++)
        if (m->kernels[i].lanes < 0 || m->kernels[i].lanes > 8 || (m->kernels[i].lanes && !m->kernels[i].score))
            return broken(path, error);
    return EM_OK;
}

static em_code check(const em_model *m, const char *path, em_error *error)
{
    if (m->abi != EM_ABI || m->size != sizeof *m)
        return em_fail(error, EM_INPUT_ERROR, "%s: was built for another version of emlib (interface %u, size %u; this is emlib %s, "
                       "interface %u, size %zu); build it again: emlib model build NAME.c -o %s", path, m->abi, m->size,
                       EMLIB_VERSION, EM_ABI, sizeof *m, path);
    return check_tables(m, path, error);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static em_code load(const char *path, const em_model **model, em_error *error)
{
    void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!file)
        return em_fail(error, EM_INPUT_ERROR, "%s: is not a model that can be loaded here: %s", path, dlerror());
    *model = dlsym(file, "emlib_model");
    em_code code = *model ? check(*model, path, error)
                          : em_fail(error, EM_INPUT_ERROR, "%s: has no emlib model in it; 'emlib model build NAME.c' makes one", path);
    if (code != EM_OK)
        dlclose(file);
    return code;
}

em_code em_model_open(const char *path, const em_model **model, em_error *error)
{
    *model = NULL;
    em_code code = look(path, error);
    if (code != EM_OK)
        return code;
    opened *o = em_new(1, sizeof *o, error);
    code = o && (o->path = em_copy(path, error)) ? em_hash_file(path, &o->content, error) : EM_MACHINE;
    if (code == EM_OK)
        code = load(path, &o->model, error);
    if (code != EM_OK) {
        if (o)
            free(o->path);
        free(o);
        return code;
    }
    for (const opened *p = all_opened; p; p = p->next)
        if (p->model == o->model) { /* the loader knows the file already, as it was then */
            free(o->path);
            free(o);
            *model = p->model;
            return EM_OK;
        }
    o->next = all_opened;
    all_opened = o;
    *model = o->model;
    return EM_OK;
}

static const opened *find(const em_model *model)
{
    const opened *o = all_opened;
    while (o && o->model != model)
        o = o->next;
    return o;
}

const char *em_model_path(const em_model *model)
{
    const opened *o = find(model);
    return o ? o->path : NULL;
}

const unsigned char *em_model_content(const em_model *model)
{
    const opened *o = find(model);
    return o ? o->content.byte : NULL;
}
