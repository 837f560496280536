/* A copy of a fit with other evidence for some subjects, to see what comes of evidence that is known.
 * usage: edit_fit IN.h5 OUT.h5 ID=LOG_MARGINAL_LIKELIHOOD ...   (an ID of * is everybody) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emlib/emlib.h"

static bool set_evidence(em_fit *fit, const char *text)
{
    const char *equals = strrchr(text, '=');
    bool found = false;
    for (size_t s = 0; s < fit->n_subjects && equals; s++) {
        const size_t length = (size_t)(equals - text);
        if ((length == 1 && *text == '*') ||
            (strlen(fit->subject[s]) == length && strncmp(fit->subject[s], text, length) == 0)) {
            fit->subject_log_marginal_likelihood[s] = strtod(equals + 1, NULL);
            found = true;
        }
    }
    return found;
}

int main(int argc, char **argv)
{
    em_fit *fit = NULL;
    em_error error = {0};
    if (argc < 3)
        return EM_INPUT_ERROR;
    em_code code = em_fit_read(argv[1], &fit, &error);
    for (int i = 3; i < argc && !code; i++)
        if (!set_evidence(fit, argv[i]))
            code = em_fail(&error, EM_INPUT_ERROR, "no subject '%s'", argv[i]);
    if (!code)
        code = em_fit_write(fit, argv[2], true, &error);
    if (code)
        fprintf(stderr, "edit_fit: %s\n", error.text);
    em_fit_free(fit);
    return (int)code;
}
