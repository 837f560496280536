/* The built-in models: a table made by the build from the files of models/. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "emlib/emlib.h"
#include "comm.h"
#include "error.h"
#include "model_file.h"
#include "texts.h"

#define MODEL(name) extern const em_model em_model_##name;
#include "models.def"
#undef MODEL

static const em_model *const models[] = {
#define MODEL(name) &em_model_##name,
#include "models.def"
#undef MODEL
};
enum { N_MODELS = sizeof models / sizeof *models };

const em_model *const *em_models(size_t *n)
{
    *n = N_MODELS;
    return models;
}

const em_model *em_model_find(const char *name)
{
    for (int i = 0; i < N_MODELS; i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}

em_code em_model_get(const char *name, const em_model **model, em_error *error)
{
    if (em_model_is_path(name))
        return em_model_open(name, model, error);
    *model = em_model_find(name);
    if (*model)
        return EM_OK;
    const size_t n = strlen(name);
    if (n > 3 && strcmp(name + n - 3, ".so") == 0)
        return em_fail(error, EM_INPUT_ERROR, "there is no model '%s'; a compiled model is named by its path: ./%s", name, name);
    const int edits = n <= 3 ? 1 : n <= 6 ? 2 : 3; /* of short names nearly all are near each other */
    char close[300] = "";
    for (int i = 0; i < N_MODELS; i++) {
        size_t used = strlen(close);
        if (em_text_edits(name, models[i]->name) <= edits || strstr(models[i]->name, name))
            snprintf(close + used, sizeof close - used, "%s%s", used ? ", " : "; did you mean ", models[i]->name);
    }
    return em_fail(error, EM_INPUT_ERROR, "there is no model '%s'%s%s ('emlib models' lists them)", name, close,
                   *close ? "?" : "");
}

em_code em_comm_model(em_comm *comm, const char *name, const em_model **model, em_error *error)
{
    char fingerprint[65] = "", what[300];
    em_code code = em_comm_agree_alike(comm, em_model_get(name, model, error), error);
    if (code != EM_OK || em_comm_size(comm) == 1)
        return code;
    code = em_comm_agree_alike(comm, em_model_fingerprint(*model, fingerprint, error), error);
    snprintf(what, sizeof what, "model %.250s", name);
    return code == EM_OK ? em_comm_same(comm, fingerprint, what, error) : code;
}

int em_parameter_index(const em_model *model, const char *name)
{
    for (int j = 0; j < model->n_parameters; j++)
        if (strcmp(model->parameters[j].name, name) == 0)
            return j;
    return -1;
}

/* Strings go in with their closing zero, so that no two lists of strings look the same. */
static int digest_text(EVP_MD_CTX *digest, const char *text)
{
    return EVP_DigestUpdate(digest, text ? text : "", strlen(text ? text : "") + 1);
}

em_code em_model_fingerprint(const em_model *model, char fingerprint[65], em_error *error)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char sum[EVP_MAX_MD_SIZE];
    int good = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) && digest_text(digest, EMLIB_VERSION) &&
               digest_text(digest, model->name) && digest_text(digest, model->equations);
    for (int j = 0; good && j < model->n_parameters; j++)
        good = digest_text(digest, model->parameters[j].name) && digest_text(digest, model->parameters[j].transform);
    for (int c = 0; good && c < model->n_columns; c++)
        good = digest_text(digest, model->columns[c].name);
    const unsigned char *content = em_model_content(model);
    good = good && (!content || EVP_DigestUpdate(digest, content, 32));
    good = good && EVP_DigestFinal_ex(digest, sum, NULL);
    EVP_MD_CTX_free(digest);
    if (!good)
        return em_fail(error, EM_MACHINE, "cannot compute a SHA-256 digest");
    for (int i = 0; i < 32; i++)
        snprintf(fingerprint + 2 * i, 3, "%02x", sum[i]);
    return EM_OK;
}
