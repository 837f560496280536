#include "comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

void comparison_free(comparison *c)
{
    for (int i = 0; c->fit && i < c->n; i++)
        em_fit_free(c->fit[i]);
    free(c->fit);
    free(c->order);
    free(c->difference);
    free(c->weight);
    free(c->other);
    free(c->best_for);
    free(c->family);
    em_evidence_table_free(c->evidence);
    em_selection_free(c->effects);
    em_selection_free(c->families);
    free(c->groups.table);
    free(c->groups.column);
    free(c->groups.value[0]);
    free(c->groups.value[1]);
    free(c->groups.group);
    free(c->groups.without);
    em_group_selection_free(c->groups.selection);
}

size_t comparison_flagged(const em_fit *fit)
{
    size_t n = 0;
    for (size_t s = 0; s < fit->n_subjects; s++)
        n += em_subject_is_flagged(fit->subject_status[s]);
    return n;
}

void comparison_note(const comparison *c, int i, char text[160])
{
    const em_fit *fit = c->fit[i];
    const em_group group = print_asked_group(fit);
    const size_t flagged = comparison_flagged(fit);
    char people[40] = "";
    if (flagged)
        snprintf(people, sizeof people, "%zu subject%s flagged", flagged, flagged == 1 ? "" : "s");
    const char *const part[] = {c->other[i] ? "other data" : "", fit->converged ? "" : "not converged",
                                group == EM_GROUP_FIXED  ? "group given: no penalty"
                                : group == EM_GROUP_NONE ? "no group: no evidence"
                                                         : "",
                                people};
    *text = '\0';
    for (size_t k = 0; k < sizeof part / sizeof *part; k++)
        if (*part[k])
            strcat(strcat(text, *text ? "; " : ""), part[k]);
}

void comparison_list(const comparison *c, const size_t *subject, size_t n, char text[COMPARISON_LISTED])
{
    enum { NAMED = 10, WIDE = 48 };
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < n && i < NAMED; i++) {
        const char *id = c->fit[0]->subject ? c->fit[0]->subject[subject[i]] : "?";
        used += (size_t)snprintf(text + used, COMPARISON_LISTED - used, "%s%.*s%s", i ? ", " : "", WIDE, id,
                                 strlen(id) > WIDE ? "..." : "");
    }
    if (n > NAMED)
        snprintf(text + used, COMPARISON_LISTED - used, " and %zu more", n - NAMED);
}

/* ---- families -------------------------------------------------------------------------------------------------- */

static bool names_file(const comparison_family *family, const char *file)
{
    const size_t length = strlen(file);
    for (const char *at = family->files; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, file, length) == 0)
            return true;
    return false;
}

static em_code check_files(const comparison_options *o, const comparison_family *family, em_error *error)
{
    for (const char *at = family->files; *at; at += strcspn(at, ","), at += *at == ',') {
        const int length = (int)strcspn(at, ",");
        bool found = false;
        for (int i = 0; i < o->n && !found; i++)
            found = (int)strlen(o->file[i]) == length && strncmp(o->file[i], at, (size_t)length) == 0;
        if (!found)
            return em_fail(error, EM_INPUT_ERROR,
                           "--family %.*s names '%.*s', which is not among the fits to compare; add it to them as it "
                           "is written there",
                           (int)family->name_length, family->name, length, at);
    }
    return EM_OK;
}

em_code comparison_check_families(const comparison_options *o, em_error *error)
{
    em_code code = EM_OK;
    if (o->n_families == 1)
        return em_fail(error, EM_INPUT_ERROR,
                       "--family: one family has nothing to be compared with; give each family by a --family");
    for (int f = 0; f < o->n_families && !code; f++)
        code = check_files(o, &o->family[f], error);
    for (int i = 0; i < o->n && o->n_families && !code; i++) {
        int in = 0;
        for (int f = 0; f < o->n_families; f++)
            in += names_file(&o->family[f], o->file[i]);
        if (in != 1)
            code = em_fail(error, EM_INPUT_ERROR, "--family: %s is in %s; every fit belongs to exactly one", o->file[i],
                           in ? "more than one family" : "no family");
    }
    return code;
}

static em_code make_families(comparison *c, em_error *error)
{
    const comparison_options *o = c->options;
    if (!(c->family = calloc((size_t)c->n_compared, sizeof *c->family)))
        return em_fail(error, EM_MACHINE, "out of memory");
    for (int f = 0; f < o->n_families; f++) {
        int members = 0;
        for (int k = 0; k < c->n_compared; k++)
            if (names_file(&o->family[f], o->file[comparison_at(c, k)])) {
                c->family[k] = f;
                members++;
            }
        if (members == 0)
            return em_fail(error, EM_INPUT_ERROR,
                           "--family %.*s: none of its fits can be compared with %s, as they have no evidence or are "
                           "of other data; "
                           "leave the family out",
                           (int)o->family[f].name_length, o->family[f].name, o->file[0]);
    }
    return em_select_families(c->evidence->value, c->evidence->n_subjects, c->n_compared, c->family, o->n_families,
                              o->prior_count, &c->families, error);
}

/* ---- the comparison -------------------------------------------------------------------------------------------- */

static void fill_weights(comparison *c)
{
    double total = 0;
    for (int i = 0; i < c->n; i++)
        total += isnan(c->difference[i]) ? 0 : exp(-c->difference[i] / 2);
    for (int i = 0; i < c->n; i++)
        c->weight[i] = exp(-c->difference[i] / 2) / total;
}

static em_code read_fits(comparison *c, em_error *error)
{
    const size_t n = (size_t)c->n;
    c->fit = calloc(n, sizeof(em_fit *));
    c->order = calloc(n, sizeof *c->order);
    c->difference = calloc(n, sizeof *c->difference);
    c->weight = calloc(n, sizeof *c->weight);
    c->other = calloc(n, sizeof *c->other);
    c->best_for = calloc(n, sizeof *c->best_for);
    if (!c->fit || !c->order || !c->difference || !c->weight || !c->other || !c->best_for)
        return em_fail(error, EM_MACHINE, "out of memory");
    em_code code = EM_OK;
    for (int i = 0; i < c->n && !code; i++)
        code = em_fit_read(c->options->file[i], &c->fit[i], error);
    return code;
}

static void count_best(comparison *c)
{
    const size_t n = (size_t)c->n_compared;
    for (size_t s = 0; s < c->evidence->n_subjects; s++) {
        const double *value = c->evidence->value + s * n;
        double most = value[0];
        for (size_t k = 1; k < n; k++)
            most = fmax(most, value[k]);
        for (size_t k = 0; k < n; k++)
            c->best_for[k] += value[k] == most;
    }
}

static em_code gather(comparison *c, em_error *error)
{
    const em_fit **fits = calloc((size_t)c->n, sizeof *fits);
    if (!fits)
        return em_fail(error, EM_MACHINE, "out of memory");
    for (int k = 0; k < c->n_compared; k++)
        fits[k] = c->fit[comparison_at(c, k)];
    em_code code = em_gather_evidence(fits, c->n_compared, &c->evidence, error);
    free(fits);
    return code;
}

static em_code make_effects(comparison *c, em_error *error)
{
    em_code code = EM_OK;
    while (c->n_compared < c->n && !c->other[comparison_at(c, c->n_compared)] &&
           isfinite(c->fit[comparison_at(c, c->n_compared)]->bic_int))
        c->n_compared++;
    if (c->n_compared < 2)
        c->why_not = c->n > 1 ? "fewer than two of the fits have evidence of the same data" : NULL;
    else if (!(code = gather(c, error)) && c->evidence->n_subjects == 0)
        c->why_not = "no subject has evidence in all of the fits";
    if (code || c->n_compared < 2 || c->why_not)
        return code;
    count_best(c);
    double *prior = malloc((size_t)c->n_compared * sizeof *prior);
    if (!prior)
        return em_fail(error, EM_MACHINE, "out of memory");
    for (int k = 0; k < c->n_compared; k++)
        prior[k] = c->options->prior_count;
    code = em_select_models(c->evidence->value, c->evidence->n_subjects, c->n_compared, prior, &c->effects, error);
    free(prior);
    if (!code && c->options->n_families)
        code = make_families(c, error);
    if (!code && c->options->groups)
        code = comparison_make_groups(c, error);
    return code;
}

em_code comparison_make(comparison *c, const comparison_options *options, em_error *error)
{
    c->options = options;
    c->n = options->n;
    em_code code = read_fits(c, error);
    if (!code)
        code = em_compare((const em_fit *const *)c->fit, c->n, c->order, c->difference, c->other, error);
    if (code)
        return code;
    fill_weights(c);
    return make_effects(c, error);
}
