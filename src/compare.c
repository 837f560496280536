/* Which fit explains the data best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

static bool same_data(const em_fit *a, const em_fit *b)
{
    if (strcmp(a->dataset_fingerprint, b->dataset_fingerprint) != 0 || a->n_subjects != b->n_subjects)
        return false;
    for (size_t s = 0; s < a->n_subjects && a->subject && b->subject; s++)
        if (strcmp(a->subject[s], b->subject[s]) != 0)
            return false;
    return true;
}

/* NaN, where no evidence could be computed, is worse than any number; other data are no competitors at all. */
static bool is_better(const em_fit *const *fits, const bool *other, int a, int b)
{
    if (other[a] != other[b])
        return other[b];
    if (other[a])
        return false;
    return !isnan(fits[a]->bic_int) && (isnan(fits[b]->bic_int) || fits[a]->bic_int < fits[b]->bic_int);
}

em_code em_compare(const em_fit *const *fits, int n, int *order, double *difference, bool *other, em_error *error)
{
    if (n < 1)
        return em_fail(error, EM_INPUT_ERROR, "there is no fit to compare");
    for (int i = 0; i < n; i++) {
        int at = i;
        other[i] = !same_data(fits[i], fits[0]);
        for (; at > 0 && is_better(fits, other, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < n; i++)
        difference[i] = other[i] ? NAN : fits[i]->bic_int - fits[order[0]]->bic_int;
    return EM_OK;
}

/* ---- everybody's evidence -------------------------------------------------------------------------------------- */

void em_evidence_table_free(em_evidence_table *evidence)
{
    if (!evidence)
        return;
    free(evidence->value);
    free(evidence->subject);
    free(evidence->left_out);
    free(evidence);
}

static bool has_evidence(const em_fit *const *fits, int n, size_t s)
{
    for (int k = 0; k < n; k++)
        if (!isfinite(fits[k]->subject_log_marginal_likelihood[s]))
            return false;
    return true;
}

em_code em_gather_evidence(const em_fit *const *fits, int n, em_evidence_table **evidence, em_error *error)
{
    *evidence = NULL;
    for (int k = 1; k < n; k++)
        if (fits[k]->n_subjects != fits[0]->n_subjects)
            return em_fail(error, EM_INPUT_ERROR,
                           "fits of %zu and of %zu subjects cannot be compared subject by subject", fits[0]->n_subjects,
                           fits[k]->n_subjects);
    const size_t all = n < 1 ? 0 : fits[0]->n_subjects;
    em_evidence_table *to = em_new(1, sizeof *to, error);
    if (!to)
        return EM_MACHINE;
    to->n_fits = n;
    if (!(to->value = em_new(all * (size_t)(n < 1 ? 0 : n), sizeof *to->value, error)) ||
        !(to->subject = em_new(all, sizeof *to->subject, error)) ||
        !(to->left_out = em_new(all, sizeof *to->left_out, error))) {
        em_evidence_table_free(to);
        return EM_MACHINE;
    }
    for (size_t s = 0; s < all; s++) {
        if (!has_evidence(fits, n, s)) {
            to->left_out[to->n_left_out++] = s;
            continue;
        }
        for (int k = 0; k < n; k++)
            to->value[to->n_subjects * (size_t)n + (size_t)k] = fits[k]->subject_log_marginal_likelihood[s];
        to->subject[to->n_subjects++] = s;
    }
    *evidence = to;
    return EM_OK;
}
