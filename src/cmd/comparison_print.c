/* The comparison as a table for people, as JSON and as CSV. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "print.h"

/* ---- for people ------------------------------------------------------------------------------------------------ */

static const char *file_at(const comparison *c, int k) { return c->options->file[comparison_at(c, k)]; }

static const char *model_at(const comparison *c, int k) { return c->fit[comparison_at(c, k)]->model; }

/* Do all fits with evidence use the same subjects? Who is not used has none. */
static bool same_people(const comparison *c)
{
    const em_fit *first = c->fit[comparison_at(c, 0)];
    for (int k = 1; k < c->n_compared; k++) {
        const em_fit *fit = c->fit[comparison_at(c, k)];
        for (size_t s = 0; s < first->n_subjects && s < fit->n_subjects; s++)
            if (isnan(first->subject_log_marginal_likelihood[s]) != isnan(fit->subject_log_marginal_likelihood[s]))
                return false;
    }
    return true;
}

static void print_summary(const comparison *c)
{
    const double best = c->fit[comparison_at(c, 0)]->bic_int;
    if (c->n == 1)
        return;
    const double by = c->difference[comparison_at(c, 1)];
    if (!same_people(c))
        printf("\nNo verdict by BIC_int: the fits do not use the same subjects, and their sums are over different "
               "people.\n");
    else if (isnan(best))
        printf("\nNone of these fits has evidence to compare.\n");
    else if (isnan(by))
        printf("\nOnly %s (%s) has evidence of these data to compare.\n", model_at(c, 0), file_at(c, 0));
    else
        printf("\n%s (%s) is best, by %.2f in BIC_int over %s (%s): %s.\n", model_at(c, 0), file_at(c, 0), by,
               model_at(c, 1), file_at(c, 1),
               by < 2    ? "hardly a difference"
               : by < 6  ? "some evidence"
               : by < 10 ? "strong evidence"
                         : "very strong evidence");
}

static void print_fits(const comparison *c)
{
    static const char *const head[] = {"file",    "model",      "subjects", "trials", "K",   "log marg. lik.",
                                       "BIC_int", "difference", "AIC_int",  "weight", "note"};
    print_table table = {.align = "llrrrrrrrrl"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        print_cell(&table, "%s", head[i]);
    for (int k = 0; k < c->n; k++) {
        int i = comparison_at(c, k);
        const em_fit *fit = c->fit[i];
        char text[160];
        comparison_note(c, i, text);
        print_cell(&table, "%s", c->options->file[i]);
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
}

static void print_effects(const comparison *c)
{
    static const char *const head[] = {"file",    "model", "expected frequency", "exceedance", "protected exceedance",
                                       "best for"};
    const em_selection *e = c->effects;
    const size_t left_out = c->evidence->n_left_out;
    printf("\nRandom effects: each subject may follow another of the models (%zu subject%s", e->n_subjects,
           e->n_subjects == 1 ? "" : "s");
    if (left_out) {
        char list[COMPARISON_LISTED];
        comparison_list(c, c->evidence->left_out, left_out, list);
        printf("; left out, as without evidence in some fit: %s", list);
    }
    puts(")");
    print_table table = {.align = "llrrrr"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        print_cell(&table, "%s", head[i]);
    for (int k = 0; k < c->n_compared; k++) {
        print_cell(&table, "%s", file_at(c, k));
        print_cell(&table, "%s", model_at(c, k));
        print_cell_number(&table, e->expected_frequency[k]);
        print_cell_number(&table, e->exceedance[k]);
        print_cell_number(&table, e->protected_exceedance[k]);
        print_cell(&table, "%zu", c->best_for[k]);
    }
    print_end(&table, 2);
    printf("  Bayesian omnibus risk, the probability that all models are equally frequent: %s\n",
           print_short(e->omnibus_risk).text);
    printf("  assumed: prior count %g a model; each subject's evidence is Laplace's under the group fitted for that "
           "model,\n"
           "  without BIC_int's penalty for the group's parameters\n",
           c->options->prior_count);
}

static void print_families(const comparison *c)
{
    static const char *const head[] = {"family", "fits", "expected frequency", "exceedance", "protected exceedance"};
    const em_selection *e = c->families;
    print_table table = {.align = "lrrrr"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        print_cell(&table, "%s", head[i]);
    for (int f = 0; f < e->n_models; f++) {
        int fits = 0;
        for (int k = 0; k < c->n_compared; k++)
            fits += c->family[k] == f;
        print_cell(&table, "%.*s", (int)c->options->family[f].name_length, c->options->family[f].name);
        print_cell(&table, "%d", fits);
        print_cell_number(&table, e->expected_frequency[f]);
        print_cell_number(&table, e->exceedance[f]);
        print_cell_number(&table, e->protected_exceedance[f]);
    }
    puts("\nFamilies of models");
    print_end(&table, 2);
    printf("  Bayesian omnibus risk, the probability that all families are equally frequent: %s\n",
           print_short(e->omnibus_risk).text);
    printf("  assumed: prior count %g a family, divided evenly over its fits\n", c->options->prior_count);
}

static void print_groups(const comparison *c)
{
    const comparison_groups *g = &c->groups;
    const em_group_selection *e = g->selection;
    print_table table = {.align = "llrr"};
    print_cell(&table, "file");
    print_cell(&table, "model");
    for (int i = 0; i < 2; i++)
        print_cell(&table, "frequency in %s", g->value[i]);
    for (int k = 0; k < c->n_compared; k++) {
        print_cell(&table, "%s", file_at(c, k));
        print_cell(&table, "%s", model_at(c, k));
        for (int i = 0; i < 2; i++)
            print_cell_number(&table, e->group[i]->expected_frequency[k]);
    }
    printf("\nGroups by '%s' in %s: %zu subject%s %s, %zu %s\n", g->column, g->table, e->group[0]->n_subjects,
           e->group[0]->n_subjects == 1 ? "" : "s", g->value[0], e->group[1]->n_subjects, g->value[1]);
    print_end(&table, 2);
    printf("  Probability that the groups differ in the models' frequencies, 0.5 before the data: %s\n",
           print_short(e->probability_different).text);
}

/* ---- what it means --------------------------------------------------------------------------------------------- */

static int most(const double *value, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (value[i] > value[best])
            best = i;
    return best;
}

static void read_effects(const comparison *c)
{
    const em_selection *e = c->effects;
    const int best = most(e->exceedance, c->n_compared);
    const double sure = e->protected_exceedance[best];
    const bool no_verdict = !same_people(c);
    printf("\nReading: protected exceedance %.2f: %s (%s) is %s the most frequent model, followed by about %.0f%% of "
           "people "
           "(expected frequency); omnibus risk %s%s.\n",
           sure, model_at(c, best), file_at(c, best),
           sure >= 0.95   ? "very probably"
           : sure >= 0.75 ? "probably"
                          : "perhaps",
           100 * e->expected_frequency[best], print_short(e->omnibus_risk).text,
           e->omnibus_risk >= 0.5   ? ", so the data do not show that some models are more frequent than others"
           : e->omnibus_risk > 0.05 ? ", so equal frequencies are not ruled out"
                                    : "");
    if (no_verdict)
        return;
    if (best == 0)
        printf("BIC_int, over everybody's sum, and the frequencies agree.\n");
    else
        printf("BIC_int prefers %s (%s) instead: it takes everybody to follow one model, so that a few subjects with "
               "large "
               "differences can decide it, and it has a penalty for group parameters. Look at who decides it before "
               "you report "
               "either.\n",
               model_at(c, 0), file_at(c, 0));
}

static void read_families(const comparison *c)
{
    const int best = most(c->families->exceedance, c->families->n_models);
    const double sure = c->families->protected_exceedance[best];
    printf("Family %.*s is %s the most frequent one (protected exceedance %.2f, omnibus risk %s).\n",
           (int)c->options->family[best].name_length, c->options->family[best].name,
           sure >= 0.95   ? "very probably"
           : sure >= 0.75 ? "probably"
                          : "perhaps",
           sure, print_short(c->families->omnibus_risk).text);
}

static void read_groups(const comparison *c)
{
    const double p = c->groups.selection->probability_different;
    printf("The groups %s and %s %s (probability %.2f that they differ).\n", c->groups.value[0], c->groups.value[1],
           p >= 0.95   ? "very probably follow the models with different frequencies"
           : p >= 0.75 ? "probably follow the models with different frequencies"
           : p > 0.25  ? "are not told apart in the models' frequencies, nor shown to be the same"
                       : "probably follow the models with the same frequencies",
           p);
}

int comparison_print(const comparison *c)
{
    print_fits(c);
    print_summary(c);
    if (c->why_not)
        printf("\nNo comparison by random effects: %s.\n", c->why_not);
    if (c->effects) {
        print_effects(c);
        if (c->families)
            print_families(c);
        if (c->groups.selection)
            print_groups(c);
        read_effects(c);
        if (c->families)
            read_families(c);
        if (c->groups.selection)
            read_groups(c);
    }
    return cmd_finish("compare", 0);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *fits_json(const comparison *c)
{
    static const char *const group[] = {"estimate", "fixed", "none"};
    json_t *fits = json_array();
    for (int k = 0; k < c->n; k++) {
        int i = comparison_at(c, k);
        const em_fit *fit = c->fit[i];
        char text[160];
        comparison_note(c, i, text);
        json_array_append_new(
            fits, json_pack("{so so sb sI sI sI sI si so so so so so so sb ss so}", "file",
                            print_json_text(c->options->file[i]), "model", print_json_text(fit->model), "converged",
                            fit->converged, "n_subjects", (json_int_t)fit->n_subjects, "n_subjects_used",
                            (json_int_t)fit->n_subjects_used, "n_subjects_flagged", (json_int_t)comparison_flagged(fit),
                            "n_trials", (json_int_t)fit->n_trials, "n_group", fit->n_group, "log_likelihood",
                            print_json_number(fit->log_likelihood), "log_marginal_likelihood",
                            print_json_number(fit->log_marginal_likelihood), "bic_int", print_json_number(fit->bic_int),
                            "bic_int_difference", print_json_number(c->difference[i]), "aic_int",
                            print_json_number(fit->aic_int), "weight", print_json_number(c->weight[i]), "other_data",
                            c->other[i], "group", group[print_asked_group(fit)], "note", print_json_text(text)));
    }
    return fits;
}

static json_t *ids_json(const comparison *c, const size_t *subject, size_t n)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, print_json_text(c->fit[0]->subject[subject[i]]));
    return all;
}

/* What models and families have alike. */
static json_t *selection_json(const em_selection *e)
{
    return json_pack("{so so so so so so so}", "alpha", print_json_numbers(e->alpha, e->n_models), "expected_frequency",
                     print_json_numbers(e->expected_frequency, e->n_models), "exceedance_probability",
                     print_json_numbers(e->exceedance, e->n_models), "protected_exceedance_probability",
                     print_json_numbers(e->protected_exceedance, e->n_models), "bayesian_omnibus_risk",
                     print_json_number(e->omnibus_risk), "free_energy", print_json_number(e->free_energy),
                     "free_energy_null", print_json_number(e->free_energy_null));
}

static json_t *families_json(const comparison *c)
{
    json_t *all = selection_json(c->families), *names = json_array(), *members = json_array();
    for (int f = 0; f < c->families->n_models; f++) {
        json_t *files = json_array();
        for (int k = 0; k < c->n_compared; k++)
            if (c->family[k] == f)
                json_array_append_new(files, print_json_text(file_at(c, k)));
        json_array_append_new(members, files);
        json_array_append_new(names,
                              json_stringn_nocheck(c->options->family[f].name, c->options->family[f].name_length));
    }
    json_object_set_new(all, "names", names);
    json_object_set_new(all, "files", members);
    json_object_set_new(all, "prior_count", print_json_number(c->options->prior_count));
    return all;
}

static json_t *groups_json(const comparison *c)
{
    const comparison_groups *g = &c->groups;
    json_t *values = json_array(), *sizes = json_array(), *alpha = json_array(), *frequency = json_array();
    for (int i = 0; i < 2; i++) {
        const em_selection *e = g->selection->group[i];
        json_array_append_new(values, print_json_text(g->value[i]));
        json_array_append_new(sizes, json_integer((json_int_t)e->n_subjects));
        json_array_append_new(alpha, print_json_numbers(e->alpha, e->n_models));
        json_array_append_new(frequency, print_json_numbers(e->expected_frequency, e->n_models));
    }
    return json_pack("{so so so so so so so so}", "table", print_json_text(g->table), "column",
                     print_json_text(g->column), "values", values, "n_subjects", sizes, "alpha", alpha,
                     "expected_frequency", frequency, "subjects_without_group", ids_json(c, g->without, g->n_without),
                     "probability_different", print_json_number(g->selection->probability_different));
}

static json_t *effects_json(const comparison *c)
{
    if (!c->effects)
        return json_null();
    json_t *all = selection_json(c->effects), *files = json_array(), *models = json_array(), *best_for = json_array();
    for (int k = 0; k < c->n_compared; k++) {
        json_array_append_new(files, print_json_text(file_at(c, k)));
        json_array_append_new(models, print_json_text(model_at(c, k)));
        json_array_append_new(best_for, json_integer((json_int_t)c->best_for[k]));
    }
    json_object_set_new(all, "files", files);
    json_object_set_new(all, "models", models);
    json_object_set_new(all, "best_for_subjects", best_for);
    json_object_set_new(all, "prior_count", print_json_number(c->options->prior_count));
    json_object_set_new(all, "n_subjects", json_integer((json_int_t)c->effects->n_subjects));
    json_object_set_new(all, "subjects_left_out", ids_json(c, c->evidence->left_out, c->evidence->n_left_out));
    if (c->families)
        json_object_set_new(all, "families", families_json(c));
    if (c->groups.selection)
        json_object_set_new(all, "groups", groups_json(c));
    return all;
}

int comparison_print_json(const comparison *c)
{
    json_t *all = json_pack("{so}", "fits", fits_json(c));
    if (all && c->n > 1)
        json_object_set_new(all, "random_effects", effects_json(c));
    return print_json("compare", all);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

static void csv_head(const comparison *c)
{
    fputs("file,model,converged,n_subjects,n_subjects_used,n_subjects_flagged,n_trials,n_group,log_likelihood,"
          "log_marginal_likelihood,bic_int,bic_int_difference,aic_int,weight,other_data,n_subjects_compared,best_for_"
          "subjects,"
          "expected_frequency,exceedance_probability,protected_exceedance_probability,bayesian_omnibus_risk",
          stdout);
    if (c->options->n_families)
        fputs(",family,family_expected_frequency,family_exceedance_probability,family_protected_exceedance_probability,"
              "family_bayesian_omnibus_risk",
              stdout);
    if (c->options->groups)
        fputs(",group_1,expected_frequency_1,group_2,expected_frequency_2,probability_groups_differ", stdout);
    putchar('\n');
}

static void csv_numbers(const double *value, int n)
{
    for (int i = 0; i < n; i++) {
        putchar(',');
        print_csv_number(stdout, value[i]);
    }
}

/* NA where the fit is not among those compared by random effects. */
static void csv_effects(const comparison *c, int k)
{
    const em_selection *e = k < c->n_compared ? c->effects : NULL;
    if (!e) {
        fputs(",NA,NA,NA,NA,NA,NA", stdout);
        return;
    }
    printf(",%zu,%zu", e->n_subjects, c->best_for[k]);
    csv_numbers(
        (const double[]){e->expected_frequency[k], e->exceedance[k], e->protected_exceedance[k], e->omnibus_risk}, 4);
}

static void csv_families(const comparison *c, int k)
{
    const em_selection *e = k < c->n_compared ? c->families : NULL;
    if (!e) {
        fputs(",NA,NA,NA,NA,NA", stdout);
        return;
    }
    const int f = c->family[k];
    char *name = strndup(c->options->family[f].name, c->options->family[f].name_length);
    putchar(',');
    print_csv_text(stdout, name ? name : "");
    free(name);
    csv_numbers(
        (const double[]){e->expected_frequency[f], e->exceedance[f], e->protected_exceedance[f], e->omnibus_risk}, 4);
}

static void csv_groups(const comparison *c, int k)
{
    const em_group_selection *e = k < c->n_compared ? c->groups.selection : NULL;
    for (int i = 0; i < 2; i++) {
        putchar(',');
        if (e)
            print_csv_text(stdout, c->groups.value[i]);
        else
            fputs("NA", stdout);
        csv_numbers((const double[]){e ? e->group[i]->expected_frequency[k] : NAN}, 1);
    }
    csv_numbers((const double[]){e ? e->probability_different : NAN}, 1);
}

int comparison_print_csv(const comparison *c)
{
    csv_head(c);
    for (int k = 0; k < c->n; k++) {
        int i = comparison_at(c, k);
        const em_fit *fit = c->fit[i];
        print_csv_text(stdout, c->options->file[i]);
        putchar(',');
        print_csv_text(stdout, fit->model);
        printf(",%d,%zu,%zu,%zu,%llu,%d", fit->converged, fit->n_subjects, fit->n_subjects_used,
               comparison_flagged(fit), (unsigned long long)fit->n_trials, fit->n_group);
        csv_numbers((const double[]){fit->log_likelihood, fit->log_marginal_likelihood, fit->bic_int, c->difference[i],
                                     fit->aic_int, c->weight[i]},
                    6);
        printf(",%d", c->other[i]);
        csv_effects(c, k);
        if (c->options->n_families)
            csv_families(c, k);
        if (c->options->groups)
            csv_groups(c, k);
        putchar('\n');
    }
    return cmd_finish("compare", 0);
}
