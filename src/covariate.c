#include "covariate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "texts.h"

enum { LONGEST_NAME = 255 };

em_code em_covariate_check_name(const char *name, const char *where, em_error *error)
{
    char shown[EM_SHOWN];
    if (*name && strlen(name) <= LONGEST_NAME && !strpbrk(name, ":,=/") && strcmp(name, ".") != 0 &&
        strcmp(name, "..") != 0)
        return EM_OK;
    return em_fail(error, EM_INPUT_ERROR,
                   "%s: '%s' cannot be the name of a covariate: it is empty, '.', longer than %d bytes or has one of "
                   "':', ',', '=' and '/', which part names in options and files; give it another name ('emlib "
                   "import' has --rename OLD=NEW)",
                   where, em_text_shown(name, strlen(name), shown), LONGEST_NAME);
}

const char *em_covariate_list(const em_dataset *data, char *list)
{
    *list = '\0';
    for (int i = 0; i < data->n_covariates; i++)
        em_text_list(list, data->covariate[i].name);
    return list;
}

/* ---- terms ----------------------------------------------------------------------------------------------------- */

/* At most as many as there are commas and one. */
static size_t count_parts(const char *text)
{
    size_t n = 1;
    for (const char *p = text; p && *p; p++)
        n += *p == ',';
    return n;
}

/* Cuts the next part off; *more: there is another. A comma between brackets may belong to the name of a parameter. */
static char *next_part(char **rest, bool *more)
{
    int depth = 0;
    char *part = *rest, *p = part;
    for (; *p && (*p != ',' || depth > 0); p++)
        depth += *p == '[' ? 1 : *p == ']' && depth > 0 ? -1 : 0;
    *more = *p != '\0';
    *p = '\0';
    *rest = p + 1;
    return part;
}

/* Cuts a term in two. */
static em_code read_term(char *text, void *item, em_error *error)
{
    em_covariate_term *term = item;
    char shown[EM_SHOWN];
    char *colon = strchr(text, ':');
    em_text_shown(text, strlen(text), shown);
    if (!*text || colon == text || (colon && !colon[1]))
        return em_fail(error, EM_INPUT_ERROR,
                       "--covariate: '%s' is no covariate; name one as COVARIATE or COVARIATE:PARAMETER, with commas "
                       "between several",
                       shown);
    if (colon)
        *colon = '\0';
    *term = (em_covariate_term){text, colon ? colon + 1 : NULL};
    return EM_OK;
}

/* Items with commas between, cut one by one; *items [*n] in one block with the texts that they point to. NULL and "" give none. */
typedef em_code read_fn(char *text, void *item, em_error *error);
static em_code read_list(const char *text, size_t size, read_fn *read, void **items, int *n, em_error *error)
{
    const size_t length = text ? strlen(text) : 0, most = count_parts(text);
    *items = NULL;
    *n = 0;
    if (length == 0)
        return EM_OK;
    char *made = em_new(1, most * size + length + 1, error);
    if (!made)
        return EM_MACHINE;
    char *rest = strcpy(made + most * size, text);
    em_code code = EM_OK;
    for (bool more = true; more && !code;) {
        char *part = next_part(&rest, &more);
        code = read(part, made + size * (size_t)(*n)++, error);
    }
    if (!code) {
        *items = made;
        return EM_OK;
    }
    free(made);
    *n = 0;
    return code;
}

em_code em_covariate_terms_read(const char *text, em_covariate_term **terms, int *n_terms, em_error *error)
{
    void *items;
    em_code code = read_list(text, sizeof **terms, read_term, &items, n_terms, error);
    *terms = items;
    return code;
}

/* ---- effects --------------------------------------------------------------------------------------------------- */

/* Cuts an effect in three. */
static em_code read_effect(char *text, void *item, em_error *error)
{
    em_effect *effect = item;
    char shown[EM_SHOWN], *end = NULL;
    char *colon = strchr(text, ':'), *equals = colon ? strchr(colon, '=') : NULL;
    em_text_shown(text, strlen(text), shown);
    const double size = equals ? strtod(equals + 1, &end) : NAN;
    if (!equals || colon == text || equals == colon + 1 || end == equals + 1 || *end || !isfinite(size))
        return em_fail(error, EM_INPUT_ERROR,
                       "--effect: '%s' is no effect; write COVARIATE:PARAMETER=NUMBER, with commas between several",
                       shown);
    *colon = *equals = '\0';
    *effect = (em_effect){text, colon + 1, size};
    return EM_OK;
}

em_code em_effects_read(const char *text, em_effect **effects, int *n, em_error *error)
{
    void *items;
    em_code code = read_list(text, sizeof **effects, read_effect, &items, n, error);
    *effects = items;
    return code;
}

/* ---- contrasts ------------------------------------------------------------------------------------------------- */

static em_code read_choice(char *text, em_contrast_choice *choice, em_error *error)
{
    static const char *const name[] = {[EM_TREATMENT] = "treatment", [EM_SUM] = "sum", [EM_HELMERT] = "helmert"};
    char shown[EM_SHOWN];
    em_text_shown(text, strlen(text), shown);
    char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
    if (equals)
        *equals = '\0';
    if (colon)
        *colon = '\0';
    *choice = (em_contrast_choice){.covariate = text, .reference = colon ? colon + 1 : NULL};
    for (size_t i = 0; equals && i < sizeof name / sizeof *name; i++)
        if (strcmp(equals + 1, name[i]) == 0) {
            choice->contrast = (em_contrast)i;
            if (equals == text || (colon && (!colon[1] || i == EM_HELMERT)))
                break;
            return EM_OK;
        }
    return em_fail(
        error, EM_INPUT_ERROR,
        "--contrast: '%s' is no contrast; write COVARIATE=treatment, COVARIATE=treatment:LEVEL (the reference), "
        "COVARIATE=sum, COVARIATE=sum:LEVEL (the one without a coefficient) or COVARIATE=helmert",
        shown);
}

em_code em_contrast_choices_read(const char *const *text, int n, em_contrast_choice **choices, em_error *error)
{
    size_t length = 0;
    *choices = NULL;
    if (n < 1)
        return EM_OK;
    for (int i = 0; i < n; i++)
        length += strlen(text[i]) + 1;
    em_contrast_choice *made = em_new(1, (size_t)n * sizeof *made + length, error);
    if (!made)
        return EM_MACHINE;
    char *copy = (char *)(made + n);
    em_code code = EM_OK;
    for (int i = 0; i < n && !code; i++) {
        const size_t size = strlen(text[i]) + 1;
        memcpy(copy, text[i], size);
        code = read_choice(copy, &made[i], error);
        copy += size;
    }
    if (code)
        free(made);
    else
        *choices = made;
    return code;
}
