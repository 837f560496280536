/* emlib compare: models side by side, best first. */
#include <math.h>
#include <stdlib.h>

#include "cmd.h"
#include "print.h"

typedef struct compare_options {
    const char **file; /* [n] */
    int n;
    bool json, csv;
} compare_options;

/* What is compared. Starts zeroed; compare_free gives everything back. */
typedef struct comparison {
    const char *const *file; /* [n] */
    em_fit **fit;            /* [n] */
    int *order;              /* [n] best first */
    double *difference;      /* [n] of BIC_int to the best */
    double *weight;          /* [n] */
    int n;
} comparison;

static error_t parse(int key, char *text, struct argp_state *state)
{
    compare_options *o = state->input;
    switch (key) {
    case 'j': o->json = true; return 0;
    case 'c': o->csv = true; return 0;
    case ARGP_KEY_ARG: o->file[o->n++] = text; return 0;
    case ARGP_KEY_END:
        if (o->n == 0)
            cmd_misuse(state, "which fit files?");
        if (o->json && o->csv)
            cmd_misuse(state, "either --json or --csv");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"json", 'j', 0, 0, "As JSON, numbers with 17 significant digits", 0},
    {"csv", 'c', 0, 0, "As CSV, numbers with 17 significant digits", 0},
    {0},
};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "FIT.h5 FIT.h5 ...",
    .doc =
        "Compares fits of different models to the same data, best first.\v"
        "The measure is BIC_int: -2 times the log marginal likelihood (the evidence, by Laplace's approximation) plus "
        "K log(trials) for the K group parameters that were estimated. Smaller is better. The weight is what "
        "exp(-difference/2) makes of it, normalised over the fits named.\n\nExample:\n\n"
        "  emlib compare rw.h5 rw_dual.h5 choice_kernel.h5\n  emlib compare *.h5 --csv > comparison.csv",
};

/* ---- the comparison -------------------------------------------------------------------------------------------- */

static void compare_free(comparison *c)
{
    for (int i = 0; c->fit && i < c->n; i++)
        em_fit_free(c->fit[i]);
    free(c->fit);
    free(c->order);
    free(c->difference);
    free(c->weight);
}

static void fill_weights(comparison *c)
{
    double total = 0;
    for (int i = 0; i < c->n; i++)
        total += isnan(c->difference[i]) ? 0 : exp(-c->difference[i] / 2);
    for (int i = 0; i < c->n; i++)
        c->weight[i] = exp(-c->difference[i] / 2) / total;
}

static em_code compare_read(comparison *c, const compare_options *o, em_error *error)
{
    size_t n = (size_t)o->n;
    c->n = o->n;
    c->file = o->file;
    c->fit = calloc(n, sizeof(em_fit *));
    c->order = calloc(n, sizeof *c->order);
    c->difference = calloc(n, sizeof *c->difference);
    c->weight = calloc(n, sizeof *c->weight);
    if (!c->fit || !c->order || !c->difference || !c->weight)
        return em_fail(error, EM_MACHINE, "out of memory");
    em_code code = EM_OK;
    for (int i = 0; i < c->n && !code; i++)
        code = em_fit_read(c->file[i], &c->fit[i], error);
    if (!code)
        code = em_compare((const em_fit *const *)c->fit, c->file, c->n, c->order, c->difference, error);
    if (!code)
        fill_weights(c);
    return code;
}

static size_t count_flagged(const em_fit *fit)
{
    size_t n = 0;
    for (size_t s = 0; s < fit->n_subjects; s++)
        n += em_subject_is_flagged(fit->subject_status[s]);
    return n;
}

/* Evidence over different subjects is evidence about different data. */
static void warn(const comparison *c)
{
    em_log log = cmd_log("compare");
    for (int i = 1; i < c->n; i++)
        if (c->fit[i]->n_subjects_used != c->fit[0]->n_subjects_used || c->fit[i]->n_trials != c->fit[0]->n_trials)
            em_say(
                &log,
                "warning: %s rests on %zu subjects and %llu trials, %s on %zu and %llu; their evidence is not of the "
                "same data",
                c->file[i], c->fit[i]->n_subjects_used, (unsigned long long)c->fit[i]->n_trials, c->file[0],
                c->fit[0]->n_subjects_used, (unsigned long long)c->fit[0]->n_trials);
}

/* ---- output ---------------------------------------------------------------------------------------------------- */

static void note(const em_fit *fit, char text[80])
{
    size_t flagged = count_flagged(fit);
    int n = snprintf(text, 80, "%s", fit->converged ? "" : "not converged");
    if (flagged)
        snprintf(text + n, 80 - (size_t)n, "%s%zu subject%s flagged", n ? "; " : "", flagged, flagged == 1 ? "" : "s");
}

/* Do all fits use the same subjects? Who is not used has no evidence. */
static bool same_people(const comparison *c)
{
    for (int i = 1; i < c->n; i++)
        for (size_t s = 0; s < c->fit[0]->n_subjects && s < c->fit[i]->n_subjects; s++)
            if (isnan(c->fit[0]->subject_log_marginal_likelihood[s]) != isnan(c->fit[i]->subject_log_marginal_likelihood[s]))
                return false;
    return true;
}

static void print_summary(const comparison *c)
{
    const em_fit *best = c->fit[c->order[0]];
    if (c->n == 1)
        return;
    double by = c->difference[c->order[1]];
    if (!same_people(c))
        printf("\nNo verdict: the fits do not use the same subjects, and their sums are over different people.\n");
    else if (isnan(best->bic_int))
        printf("\nNone of these fits has evidence to compare.\n");
    else if (isnan(by))
        printf("\nOnly %s (%s) has evidence to compare.\n", best->model, c->file[c->order[0]]);
    else
        printf("\n%s (%s) is best, by %.2f in BIC_int over %s (%s): %s.\n", best->model, c->file[c->order[0]], by,
               c->fit[c->order[1]]->model, c->file[c->order[1]],
               by < 2    ? "hardly a difference"
               : by < 6  ? "some evidence"
               : by < 10 ? "strong evidence"
                         : "very strong evidence");
}

static int print_people(const comparison *c)
{
    static const char *const head[] = {"file",    "model",      "subjects", "trials", "K",   "log marg. lik.",
                                       "BIC_int", "difference", "AIC_int",  "weight", "note"};
    print_table table = {.align = "llrrrrrrrrl"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        print_cell(&table, "%s", head[i]);
    for (int k = 0; k < c->n; k++) {
        int i = c->order[k];
        const em_fit *fit = c->fit[i];
        char text[80];
        note(fit, text);
        print_cell(&table, "%s", c->file[i]);
        print_cell(&table, "%s", fit->model);
        print_cell(&table, "%zu", fit->n_subjects_used);
        print_cell(&table, "%llu", (unsigned long long)fit->n_trials);
        print_cell(&table, "%d", fit->n_group);
        const double value[] = {fit->log_marginal_likelihood, fit->bic_int, c->difference[i], fit->aic_int};
        for (int v = 0; v < 4; v++)
            print_cell(&table, isnan(value[v]) ? "-" : "%.2f", value[v]);
        print_cell_number(&table, c->weight[i]);
        print_cell(&table, "%s", text);
    }
    print_end(&table, 0);
    print_summary(c);
    return cmd_finish("compare", 0);
}

static int print_json_fits(const comparison *c)
{
    json_t *fits = json_array();
    for (int k = 0; k < c->n; k++) {
        int i = c->order[k];
        const em_fit *fit = c->fit[i];
        json_array_append_new(
            fits, json_pack("{so so sb sI sI sI sI si so so so so so so}", "file", print_json_text(c->file[i]), "model",
                            print_json_text(fit->model), "converged", fit->converged, "n_subjects",
                            (json_int_t)fit->n_subjects, "n_subjects_used", (json_int_t)fit->n_subjects_used,
                            "n_subjects_flagged", (json_int_t)count_flagged(fit), "n_trials", (json_int_t)fit->n_trials,
                            "n_group", fit->n_group, "log_likelihood", print_json_number(fit->log_likelihood),
                            "log_marginal_likelihood", print_json_number(fit->log_marginal_likelihood), "bic_int",
                            print_json_number(fit->bic_int), "bic_int_difference", print_json_number(c->difference[i]),
                            "aic_int", print_json_number(fit->aic_int), "weight", print_json_number(c->weight[i])));
    }
    return print_json("compare", json_pack("{so}", "fits", fits));
}

static int print_csv(const comparison *c)
{
    puts("file,model,converged,n_subjects,n_subjects_used,n_subjects_flagged,n_trials,n_group,log_likelihood,"
         "log_marginal_likelihood,bic_int,bic_int_difference,aic_int,weight");
    for (int k = 0; k < c->n; k++) {
        int i = c->order[k];
        const em_fit *fit = c->fit[i];
        print_csv_text(stdout, c->file[i]);
        putchar(',');
        print_csv_text(stdout, fit->model);
        printf(",%d,%zu,%zu,%zu,%llu,%d", fit->converged, fit->n_subjects, fit->n_subjects_used, count_flagged(fit),
               (unsigned long long)fit->n_trials, fit->n_group);
        const double value[] = {fit->log_likelihood, fit->log_marginal_likelihood,
                                fit->bic_int,        c->difference[i],
                                fit->aic_int,        c->weight[i]};
        for (int v = 0; v < 6; v++) {
            putchar(',');
            print_csv_number(stdout, value[v]);
        }
        putchar('\n');
    }
    return cmd_finish("compare", 0);
}

int cmd_compare(int argc, char **argv)
{
    compare_options o = {.file = calloc((size_t)argc, sizeof *o.file)};
    comparison c = {0};
    em_error error;
    int status = EM_MACHINE;
    if (!o.file) {
        (void)em_fail(&error, EM_MACHINE, "out of memory");
        return cmd_fail("compare", &error);
    }
    if ((status = cmd_parse(&argp, argc, argv, &o)))
        goto done;
    if (compare_read(&c, &o, &error)) {
        status = cmd_fail("compare", &error);
        goto done;
    }
    warn(&c);
    status = o.json ? print_json_fits(&c) : o.csv ? print_csv(&c) : print_people(&c);
done:
    compare_free(&c);
    free(o.file);
    return status;
}
