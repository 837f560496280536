/* emlib models: the models, their parameters and the columns they need. */
#include <math.h>
#include <string.h>

#include "cmd.h"
#include "print.h"

typedef struct models_options {
    const char *name;
    bool json;
} models_options;

static error_t parse(int key, char *text, struct argp_state *state)
{
    models_options *o = state->input;
    switch (key) {
    case 'j': o->json = true; return 0;
    case ARGP_KEY_ARG:
        if (o->name)
            cmd_misuse(state, "one model at a time, not '%s' as well", text);
        o->name = text;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", 'j', 0, 0, "As JSON", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[MODEL]",
    .doc = "Lists the models, or shows all about one: equations, parameters with their transforms and defaults, the "
           "columns it needs and what their codes mean, its latent variables.\v"
           "A model needs columns of the names it lists; 'emlib import --rename OLD=NEW' gives columns other names.\n\n"
           "Example:\n\n  emlib models\n  emlib models rw\n  emlib models --json > models.json",
};

static const char *const role_name[] = {[EM_INPUT] = "input", [EM_RESPONSE] = "response", [EM_OUTCOME] = "outcome"};

/* ---- for people ------------------------------------------------------------------------------------------------ */

/* The names of a model's columns or parameters, one after the other. */
static void join(char *text, size_t size, const char *name)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", n ? ", " : "", name);
}

static void list_family(const em_model *const *models, size_t n, const char *family)
{
    printf("\n%s\n", family);
    for (size_t i = 0; i < n; i++) {
        char columns[400] = "", parameters[800] = "";
        const em_model *m = models[i];
        if (strcmp(m->family, family) != 0)
            continue;
        for (int k = 0; k < m->n_columns; k++)
            join(columns, sizeof columns, m->columns[k].name);
        for (int j = 0; j < m->n_parameters; j++)
            join(parameters, sizeof parameters, m->parameters[j].name);
        printf("  %-25s %s\n      parameters %s;  columns %s\n", m->name, m->about, parameters, columns);
    }
}

static int list_models(void)
{
    size_t n;
    const em_model *const *models = em_models(&n);
    printf("%zu models, by family\n", n);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(models[i]->family, models[i - 1]->family) != 0)
            list_family(models, n, models[i]->family);
    puts("\n'emlib models NAME' tells all about one.");
    return cmd_finish("models", 0);
}

static void print_lines(const char *text)
{
    while (*text) {
        int n = (int)strcspn(text, "\n");
        printf("  %.*s\n", n, text);
        text += n + (text[n] == '\n');
    }
}

/* Where the transform ends far out on this side (-1 or 1); infinite where it goes on and on. */
static void bounds(const em_model *m, double side, double *bound)
{
    double x[EM_MAX_PARAMETERS], facts[EM_MAX_PARAMETERS], nearer[EM_MAX_PARAMETERS];
    for (int f = 0; f < EM_MAX_PARAMETERS; f++)
        facts[f] = 1;
    for (int j = 0; j < m->n_parameters; j++)
        x[j] = side * 300;
    m->natural(x, facts, nearer);
    for (int j = 0; j < m->n_parameters; j++)
        x[j] = side * 600;
    m->natural(x, facts, bound);
    for (int j = 0; j < m->n_parameters; j++)
        if (!(fabs(bound[j] - nearer[j]) < 1e-9 * (1 + fabs(bound[j]))))
            bound[j] = side * INFINITY;
        else if (fabs(bound[j]) < 1e-9)
            bound[j] = 0;
}

/* The fact that bounds a parameter, or NULL. */
static const char *bounding_fact(const em_model *m, int j)
{
    for (int f = 0; f < m->n_facts; f++)
        if (strstr(m->parameters[j].transform, m->facts[f].name))
            return m->facts[f].name;
    return NULL;
}

static void print_parameters(const em_model *m)
{
    static const char *const head[] = {"name", "transform", "natural range", "mean", "variance", "about"};
    print_table table = {.align = "lllrrl"};
    double low[EM_MAX_PARAMETERS], high[EM_MAX_PARAMETERS];
    bounds(m, -1, low);
    bounds(m, 1, high);
    for (int i = 0; i < 6; i++)
        print_cell(&table, "%s", head[i]);
    for (int j = 0; j < m->n_parameters; j++) {
        const em_parameter *p = &m->parameters[j];
        print_cell(&table, "%s", p->name);
        print_cell(&table, "%s", p->transform);
        if (bounding_fact(m, j))
            print_cell(&table, "%g to %s", low[j], bounding_fact(m, j));
        else if (isinf(low[j]) && isinf(high[j]))
            print_cell(&table, "any number");
        else if (isinf(high[j]))
            print_cell(&table, "above %g", low[j]);
        else
            print_cell(&table, "%g to %g", low[j], high[j]);
        print_cell(&table, "%g", p->mu);
        print_cell(&table, "%g", p->var);
        print_cell(&table, "%s", p->about);
    }
    puts("\nParameters (mean and variance of the group at the start, unconstrained scale)");
    print_end(&table, 2);
}

static void cell_values(print_table *table, const em_column *c)
{
    if (c->codes == EM_OPTION)
        print_cell(table, "codes 0 to K-1");
    else if (c->codes != EM_NUMBER)
        print_cell(table, "codes 0 to %d", c->codes - 1);
    else if (isinf(c->min) && isinf(c->max))
        print_cell(table, "any number");
    else if (isinf(c->max))
        print_cell(table, "number >= %g", c->min);
    else if (isinf(c->min))
        print_cell(table, "number <= %g", c->max);
    else
        print_cell(table, "number %g to %g", c->min, c->max);
}

static void print_columns(const em_model *m)
{
    static const char *const head[] = {"name", "role", "values", "about"};
    print_table table = {.align = "llll"};
    for (int i = 0; i < 4; i++)
        print_cell(&table, "%s", head[i]);
    for (int k = 0; k < m->n_columns; k++) {
        const em_column *c = &m->columns[k];
        print_cell(&table, "%s", c->name);
        print_cell(&table, "%s", role_name[c->role]);
        cell_values(&table, c);
        print_cell(&table, "%s%s%s%s", c->about, c->meaning ? " (" : "", c->meaning ? c->meaning : "",
                   c->meaning ? ")" : "");
    }
    puts("\nColumns");
    print_end(&table, 2);
    for (int f = 0; f < m->n_facts; f++)
        printf("  %s: %s\n", m->facts[f].name, m->facts[f].about);
    puts(m->has_state ? "  A column 'block' may be there, too: where it changes, learned values start again."
                      : "  Trials do not depend on each other: a column 'block' changes nothing.");
}

static void print_latents(const em_model *m)
{
    print_table table = {.align = "ll"};
    for (int l = 0; l < m->n_latents; l++) {
        print_cell(&table, "%s", m->latents[l].name);
        print_cell(&table, "%s", m->latents[l].about);
    }
    if (m->n_latents)
        puts("\nLatent variables (emlib export --table trials)");
    print_end(&table, 2);
}

static int show_model(const em_model *m)
{
    printf("%s: %s\n\n  family     %s\n  reference  %s\n  task       %s%s\n", m->name, m->about, m->family, m->reference,
           m->task ? m->task : "none: its data cannot be simulated without a design",
           m->task ? " (what can be set in it: 'emlib simulate --model ... --task help')" : "");
    puts("\nEquations");
    print_lines(m->equations);
    print_parameters(m);
    print_columns(m);
    print_latents(m);
    if (m->numerical)
        puts("\nWritten in plain C: derivatives are numerical.");
    return cmd_finish("models", 0);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *columns_json(const em_model *m)
{
    json_t *all = json_array();
    for (int k = 0; k < m->n_columns; k++) {
        const em_column *c = &m->columns[k];
        json_t *codes = c->codes == EM_OPTION   ? json_string("K")
                        : c->codes == EM_NUMBER ? json_null()
                                                : json_integer(c->codes);
        json_array_append_new(all, json_pack("{ss ss so so so ss ss?}", "name", c->name, "role", role_name[c->role],
                                             "codes", codes, "min", print_json_number(c->min), "max",
                                             print_json_number(c->max), "about", c->about, "meaning", c->meaning));
    }
    return all;
}

static json_t *model_json(const em_model *m)
{
    json_t *parameters = json_array(), *latents = json_array();
    for (int j = 0; j < m->n_parameters; j++) {
        const em_parameter *p = &m->parameters[j];
        json_array_append_new(parameters,
                              json_pack("{ss ss ss so so}", "name", p->name, "transform", p->transform, "about",
                                        p->about, "mu", print_json_number(p->mu), "var", print_json_number(p->var)));
    }
    for (int l = 0; l < m->n_latents; l++)
        json_array_append_new(latents, json_pack("{ss ss}", "name", m->latents[l].name, "about", m->latents[l].about));
    return json_pack("{ss ss ss ss ss ss? sb so so so}", "name", m->name, "family", m->family, "about", m->about,
                     "reference", m->reference, "equations", m->equations, "task", m->task, "has_state", m->has_state,
                     "parameters", parameters, "columns", columns_json(m), "latents", latents);
}

static int print_models_json(const em_model *only)
{
    size_t n = 1;
    const em_model *const *models = only ? &only : em_models(&n);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, model_json(models[i]));
    return print_json("models", json_pack("{so}", "models", all));
}

int cmd_models(int argc, char **argv)
{
    models_options o = {0};
    const em_model *only = NULL;
    em_error error;
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    if (o.name && em_model_get(o.name, &only, &error))
        return cmd_fail("models", &error);
    if (o.json)
        return print_models_json(only);
    return only ? show_model(only) : list_models();
}
