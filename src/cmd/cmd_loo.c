/* emlib loo: what the group tells of each subject when it is left out. */
#include <stdlib.h>
#include <string.h>

#include "../comm.h"
#include "../output.h"
#include "cmd_loo.h"
#include "counting.h"

enum { OPTION_TOL = 256 };

typedef struct {
    const char **file; /* [argc] */
    int n;
    const char *output;
    em_loo_options options;
    bool json, force, quiet;
} arguments;

static error_t parse(int key, char *text, struct argp_state *state)
{
    arguments *a = state->input;
    switch (key) {
    case 'o': a->output = text; break;
    case 'd': a->options.dataset = text; break;
    case 'm': a->options.model_file = text; break;
    case 'j': a->json = true; break;
    case 'f': a->force = true; break;
    case 'q': a->quiet = true; break;
    case OPTION_TOL:
        a->options.tol = cmd_number(state, "tol", text);
        if (!(a->options.tol > 0))
            cmd_misuse(state, "--tol must be above 0, not %s", text);
        break;
    case ARGP_KEY_ARG: a->file[a->n++] = text; break;
    case ARGP_KEY_END:
        if (a->n == 0)
            cmd_misuse(state, "which fit file?");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"output", 'o', "LOO.csv", 0, "where to write the table; default: the standard output", 0},
    {"json", 'j', 0, 0, "sums, differences and subjects as JSON in place of the table", 0},
    {"data", 'd', "DATA.h5", 0, "the dataset, where it is no longer at the place that the fit names", 0},
    {"model", 'm', "FILE.so", 0, "the compiled model, which is code, of those fits that were made with one", 0},
    {"tol", OPTION_TOL, "X", 0, "largest estimated distance of each EM to its fixed point (default: that of the fit)", 0},
    {"force", 'f', 0, 0, "replace LOO.csv if it exists", 0},
    {"quiet", 'q', 0, 0, "no progress and no sums; warnings and errors only", 0},
    {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5...",
    .doc =
        "Leaves out one subject after the other, estimates the group from all others, and tells how well it predicts the one left out: "
        "the subject's evidence (Laplace) under that group. Such evidence does not reward a model for fitting its group to the very "
        "subjects that it is judged by.\v"
        "A row for each subject: its log predictive density (elpd); its evidence in the fit (log_marginal_likelihood); how far the group "
        "moves without it (shift: largest change of a mean in standard errors, and of which parameter); E-steps of that EM and whether "
        "it converged; the status of the subject's own search. The sums go to stderr: elpd_loo with its standard error sqrt(n var(elpd)), "
        "and p_loo, the fit's evidence less elpd_loo, which is the effective number of group parameters.\n"
        "With several fits of the same data the table has columns for each, and differences of subjects; the standard error of a "
        "difference is that of paired subjects.\n\n"
        "Example:\n\n"
        "  mpirun -n 4 emlib loo rw.h5 -o loo.csv\n"
        "  emlib loo rw.h5 choice_kernel.h5 --json\n\n"
        "Ends with 3 when the table is written but EM had not converged for somebody. Results do not depend on the number of ranks.",
};

static em_code try_output(const arguments *a, em_error *error)
{
    em_code code = EM_OK;
    for (int i = 0; i < a->n && code == EM_OK; i++)
        code = em_output_differs(a->output, a->file[i], error);
    return code == EM_OK ? cmd_try_output(a->output, a->force, a->options.dataset, NULL, error) : code;
}

/* All fits, one after the other. EM_NOT_CONVERGED where one of them ends so. */
static em_code leave_out(em_comm *comm, const arguments *a, loo_table *t, em_error *error)
{
    const bool first = cmd_is_first();
    counting live;
    const em_progress steps = counting_start(&live, "loo", "subjects left out", a->quiet);
    const em_log log = cmd_log("loo");
    em_code worst = EM_OK;
    em_code code = em_comm_agree(comm, first && a->output ? try_output(a, error) : EM_OK, error);
    for (int i = 0; i < a->n && code == EM_OK; i++) {
        code = em_loo(comm, a->file[i], &a->options, &steps, &log, &t->result[i], error);
        if (code == EM_NOT_CONVERGED) {
            worst = code;
            code = EM_OK;
        }
    }
    if (first && code == EM_OK)
        code = loo_compare(t, error);
    if (first && code == EM_OK)
        code = loo_write(t, a->json, a->output, a->force, error);
    code = em_comm_agree(comm, code, error);
    return code == EM_OK ? worst : code;
}

int cmd_loo(int argc, char **argv)
{
    const size_t most = (size_t)argc;
    arguments a = {.options = em_loo_defaults(), .file = calloc(most, sizeof *a.file)};
    loo_table table = {.file = a.file, .result = calloc(most, sizeof *table.result), .difference = calloc(most, sizeof *table.difference)};
    em_comm *comm = NULL;
    em_error error = {EM_OK, ""};
    const bool good = a.file && table.result && table.difference;
    int status = good ? cmd_parse(&argp, argc, argv, &a) : 0;
    em_code code = good ? EM_OK : em_fail(&error, EM_MACHINE, "out of memory");
    if (status == 0) {
        if (code == EM_OK)
            code = cmd_start(&comm, &error);
        table.n = a.n;
        if (code == EM_OK)
            code = leave_out(comm, &a, &table, &error);
        const bool done = code == EM_OK || code == EM_NOT_CONVERGED;
        if (done && cmd_is_first() && !a.quiet)
            loo_summary(&table);
        status = !done ? cmd_fail("loo", &error) : cmd_is_first() ? (int)code : 0;
        em_comm_stop(comm);
    }
    for (int i = 0; table.result && i < a.n; i++)
        em_loo_free(table.result[i]);
    free(table.result);
    free(table.difference);
    free(a.file);
    return status;
}
