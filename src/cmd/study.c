#include "study.h"

#include <math.h>
#include <string.h>

study study_defaults(void)
{
    study s = {.simulation = {.seed = 1}, .fit = em_fit_defaults(), .repetitions = 1};
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        s.simulation.mu[j] = s.simulation.var[j] = NAN;
    return s;
}

/* Which of two words it is: true for the second. */
static bool second_of(const struct argp_state *state, const char *option, const char *text, const char *one,
                      const char *other)
{
    if (strcmp(text, one) != 0 && strcmp(text, other) != 0)
        cmd_misuse(state, "--%s can be %s or %s, not '%s'", option, one, other, text);
    return strcmp(text, other) == 0;
}

error_t study_parse(study *s, int key, char *text, const struct argp_state *state)
{
    switch (key) {
    case 's': s->simulation.subjects = (size_t)cmd_whole(state, "subjects", text, 2, 4000000000LL); break;
    case 't': s->simulation.trials = (int)cmd_whole(state, "trials", text, 1, 100000000); break;
    case 'o': s->output = text; break;
    case 'j': s->json = true; break;
    case 'q': s->quiet = true; break;
    case STUDY_MU: s->mu = cmd_join(state, s->mu, text); break;
    case STUDY_VAR: s->var = cmd_join(state, s->var, text); break;
    case STUDY_REPEAT: s->repetitions = (int)cmd_whole(state, "repeat", text, 1, 1000000); break;
    case STUDY_SEED: s->simulation.seed = (uint64_t)cmd_whole(state, "seed", text, 0, INT64_MAX); break;
    case STUDY_OPTIONS: s->simulation.options = (int)cmd_whole(state, "options", text, 2, EM_MAX_OPTIONS); break;
    case STUDY_TASK: s->simulation.task_settings = s->task = cmd_join(state, s->task, text); break;
    case STUDY_STARTS: s->fit.starts = (int)cmd_whole(state, "starts", text, 1, 10000); break;
    case STUDY_MAX_ITER: s->fit.max_iter = (int)cmd_whole(state, "max-iter", text, 1, 100000000); break;
    case STUDY_COVARIANCE: s->fit.full = second_of(state, "covariance", text, "diagonal", "full"); break;
    case STUDY_ACCELERATE: s->fit.accelerate = second_of(state, "accelerate", text, "none", "auto"); break;
    case STUDY_FORCE: s->force = true; break;
    case STUDY_TOL:
        s->fit.tol = cmd_number(state, "tol", text);
        if (!(s->fit.tol > 0))
            cmd_misuse(state, "--tol must be above 0, not %s", text);
        break;
    case ARGP_KEY_ARG: cmd_misuse(state, "'%s' is too much: everything is said by options", text);
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

em_code study_try_output(const study *s, em_error *error)
{
    return s->output ? cmd_try_output(s->output, s->force, NULL, NULL, error) : EM_OK;
}

void study_csv_number(FILE *to, double value)
{
    putc(',', to);
    if (!isnan(value))
        print_csv_number(to, value);
}
