#include "comparable.h"

#include <string.h>

static bool responds_with(const em_model *model, const char *column)
{
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].role == EM_RESPONSE && strcmp(model->columns[c].name, column) == 0)
            return true;
    return false;
}

/* The first response of a that b does not explain, or NULL. */
static const char *unexplained(const em_model *a, const em_model *b)
{
    for (int c = 0; c < a->n_columns; c++)
        if (a->columns[c].role == EM_RESPONSE && !responds_with(b, a->columns[c].name))
            return a->columns[c].name;
    return NULL;
}

em_code em_comparable(const em_model *const *models, int n, em_error *error)
{
    if (n < 1 || n > EM_HBI_MODELS)
        return em_fail(error, EM_INPUT_ERROR, "1 to %d models can be compared, not %d", EM_HBI_MODELS, n);
    for (int k = 1; k < n; k++) {
        const char *first = unexplained(models[0], models[k]), *other = unexplained(models[k], models[0]);
        for (int i = 0; i < k; i++)
            if (strcmp(models[i]->name, models[k]->name) == 0)
                return em_fail(error, EM_INPUT_ERROR, "model %s is given twice", models[k]->name);
        if (first || other)
            return em_fail(error, EM_INPUT_ERROR,
                           "models %s and %s cannot be compared: only %s explains the column '%s', and the evidence of "
                           "different responses is evidence about different data",
                           models[0]->name, models[k]->name, first ? models[0]->name : models[k]->name,
                           first ? first : other);
    }
    return EM_OK;
}
