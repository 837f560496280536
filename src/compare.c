/* Which fit explains the data best. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

/* Names of the fits of other data than the first, for the message. */
static em_code refuse(const em_fit *const *fits, const char *const *names, int n, em_error *error)
{
    char others[600] = "";
    size_t length = 0;
    int others_n = 0;
    for (int i = 1; i < n; i++) {
        if (strcmp(fits[i]->dataset_fingerprint, fits[0]->dataset_fingerprint) == 0)
            continue;
        others_n++;
        if (length + 1 < sizeof others)
            length += (size_t)snprintf(others + length, sizeof others - length, "%s%s", length ? ", " : "", names[i]);
    }
    return em_fail(error, EM_INPUT_ERROR, "only fits of the same data can be compared: %s %s to other data than %s",
                   others, others_n == 1 ? "was fitted" : "were fitted", names[0]);
}

/* NaN, where no evidence could be computed, is the worst. */
static bool is_better(double a, double b)
{
    return !isnan(a) && (isnan(b) || a < b);
}

em_code em_compare(const em_fit *const *fits, const char *const *names, int n, int *order, double *difference,
                   em_error *error)
{
    if (n < 1)
        return em_fail(error, EM_INPUT_ERROR, "there is no fit to compare");
    for (int i = 1; i < n; i++)
        if (strcmp(fits[i]->dataset_fingerprint, fits[0]->dataset_fingerprint) != 0)
            return refuse(fits, names, n, error);
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0 && is_better(fits[i]->bic_int, fits[order[at - 1]]->bic_int); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < n; i++)
        difference[i] = fits[i]->bic_int - fits[order[0]]->bic_int;
    return EM_OK;
}
