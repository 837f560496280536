#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "grow.h"
#include "predict.h"

static const double quantile[] = {0.1, 0.3, 0.5, 0.7, 0.9};
enum { N_QUANTILES = sizeof quantile / sizeof *quantile };

const char *em_statistic_text(em_statistic statistic)
{
#define TEXT(name, text) text,
    static const char *const all[] = {EM_STATISTICS(TEXT)};
    return statistic < EM_N_STATISTICS ? all[statistic] : "unknown";
}

/* ---- which there are -------------------------------------------------------------------------------------------- */

static int level_of(const em_cells *cells, const em_replay *r, size_t row)
{
    const double x = cells->by->value[row - r->trials.data->first_row];
    for (int l = 0; l < cells->levels; l++)
        if (cells->by->level[l] == x)
            return l;
    return -1;
}

/* A code as the data have it: its text, else its number. */
static void code_text(const em_replay *r, const char *column, int code, double number, char *to, size_t size)
{
    const em_dataset_column *have = em_dataset_find(r->trials.data, column);
    if (have && have->level && code < have->n_levels)
        snprintf(to, size, "%s", have->level[code]);
    else
        snprintf(to, size, "%.10g", number);
}

/* Room for one more. */
static bool make_place(em_cells *cells, em_error *error)
{
    if ((size_t)cells->n < cells->room)
        return true;
    size_t cell_room = cells->room, rule_room = cells->room;
    em_predicted_cell *cell = em_grow(cells->cell, &cell_room, sizeof *cell, error);
    if (!cell)
        return false;
    cells->cell = cell;
    em_cell_rule *rule = em_grow(cells->rule, &rule_room, sizeof *rule, error);
    if (!rule)
        return false;
    cells->rule = rule;
    cells->room = rule_room;
    return true;
}

static em_code add(em_cells *cells, const em_replay *r, const em_cell_rule *rule, em_error *error)
{
    char code[300] = "", level[300] = "", text[1000];
    const bool times = rule->statistic == EM_REACTION_TIME_QUANTILE && rule->code >= 0;
    const int named = times ? rule->coded : rule->column;
    const char *column = r->model->columns[named].name;
    if (rule->code >= 0)
        code_text(r, column, rule->code, rule->code, code, sizeof code);
    if (rule->level >= 0)
        code_text(r, cells->by->name, rule->level, cells->by->level[rule->level], level, sizeof level);
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", column, rule->code >= 0 ? "=" : "", code, rule->level >= 0 ? "|" : "",
             rule->level >= 0 ? cells->by->name : "", rule->level >= 0 ? "=" : "", level);
    if (!make_place(cells, error))
        return EM_MACHINE;
    em_predicted_cell *c = &cells->cell[cells->n];
    *c = (em_predicted_cell){.statistic = rule->statistic,
                      .response = em_copy(text, error),
                      .code = rule->code,
                      .n_codes = rule->code >= 0 ? em_replay_codes(r, named) : 0,
                      .from = NAN,
                      .to = NAN};
    if (!c->response)
        return EM_MACHINE;
    const double longest = cells->longest[rule->level + 1];
    if (rule->statistic == EM_LEARNING_CURVE) {
        c->from = floor(rule->bin * longest / cells->bins) + 1;
        c->to = floor((rule->bin + 1) * longest / cells->bins);
    } else if (rule->statistic == EM_REACTION_TIME_QUANTILE) {
        c->from = rule->probability;
    }
    c->bin = rule->statistic == EM_LEARNING_CURVE || rule->statistic == EM_REACTION_TIME_QUANTILE ? rule->bin + 1 : 0;
    cells->rule[cells->n++] = *rule;
    return EM_OK;
}

static em_code add_choice(em_cells *cells, const em_replay *r, em_cell_rule rule, em_error *error)
{
    const int codes = em_replay_codes(r, rule.column), bins = (int)fmin(cells->bins, cells->longest[rule.level + 1]);
    em_code code = EM_OK;
    rule.statistic = EM_CHOICE_FREQUENCY;
    for (rule.code = 0; rule.code < codes && code == EM_OK; rule.code++)
        code = add(cells, r, &rule, error);
    rule.statistic = EM_LEARNING_CURVE;
    for (rule.code = 0; rule.code < codes; rule.code++)
        for (rule.bin = 0; rule.bin < bins && code == EM_OK; rule.bin++)
            code = add(cells, r, &rule, error);
    return code;
}

/* Quantiles for each code of the choice that the model has beside times; of all where it has none. */
static em_code add_times(em_cells *cells, const em_replay *r, em_cell_rule rule, em_error *error)
{
    const int codes = rule.coded >= 0 ? em_replay_codes(r, rule.coded) : 1;
    em_code code = EM_OK;
    rule.statistic = EM_REACTION_TIME_QUANTILE;
    for (int k = 0; k < codes; k++)
        for (rule.bin = 0; rule.bin < N_QUANTILES && code == EM_OK; rule.bin++) {
            rule.code = rule.coded >= 0 ? k : -1;
            rule.probability = quantile[rule.bin];
            code = add(cells, r, &rule, error);
        }
    return code;
}

static em_code add_level(em_cells *cells, const em_replay *r, int level, em_error *error)
{
    em_cell_rule rule = {.level = level, .code = -1, .coded = r->choice};
    em_code code = EM_OK;
    for (int c = 0; c < r->model->n_columns && code == EM_OK; c++) {
        const em_column *column = &r->model->columns[c];
        if (column->role != EM_RESPONSE)
            continue;
        rule.column = c;
        rule.statistic = EM_RESPONSE_MEAN;
        if (column->codes != EM_NUMBER)
            code = add_choice(cells, r, rule, error);
        else if (strcmp(column->name, "rt") == 0)
            code = add_times(cells, r, rule, error);
        else
            code = add(cells, r, &rule, error);
        rule.response++;
    }
    return code;
}

/* The most trials that anybody has. */
static void measure(em_cells *cells, const em_replay *r)
{
    for (size_t s = r->first; s < r->end; s++) {
        double n[EM_MOST_LEVELS + 1] = {0};
        for (size_t row = r->trials.data->offset[s]; row < r->trials.data->offset[s + 1]; row++) {
            const int level = cells->levels ? level_of(cells, r, row) : -1;
            n[0]++;
            if (level >= 0)
                n[1 + level]++;
        }
        for (int l = 0; l <= cells->levels; l++)
            cells->longest[l] = fmax(cells->longest[l], n[l]);
    }
    em_comm_most(r->comm, cells->longest, cells->levels + 1);
}

em_code em_cells_make(const em_replay *r, int bins, em_cells *cells, em_error *error)
{
    *cells = (em_cells){.bins = bins};
    for (int i = 0; i < r->trials.n_by && r->by; i++)
        if (strcmp(r->trials.by[i].name, r->by) == 0) {
            cells->by = &r->trials.by[i];
            cells->levels = cells->by->n_levels;
        }
    measure(cells, r);
    em_code code = EM_OK;
    for (int level = -1; level < cells->levels && code == EM_OK; level++) {
        cells->bins = (int)fmax(1, fmin(bins, cells->longest[level + 1]));
        code = add_level(cells, r, level, error);
    }
    cells->bins = bins;
    const size_t most = (size_t)cells->longest[0];
    cells->scored = em_new(most, sizeof *cells->scored, error);
    cells->level = em_new(most, sizeof *cells->level, error);
    cells->place = em_new(most, sizeof *cells->place, error);
    cells->scratch = em_new(most, sizeof *cells->scratch, error);
    if (!cells->scored || !cells->level || !cells->place || !cells->scratch)
        code = EM_MACHINE;
    return em_comm_agree(r->comm, code, error);
}

void em_cells_free(em_cells *cells)
{
    for (int i = 0; i < cells->n; i++)
        free(cells->cell[i].response);
    free(cells->cell);
    free(cells->rule);
    free(cells->scored);
    free(cells->level);
    free(cells->place);
    free(cells->scratch);
    *cells = (em_cells){0};
}

/* ---- one subject ------------------------------------------------------------------------------------------------ */

void em_cells_look(em_cells *cells, const em_replay *r, size_t subject)
{
    const size_t from = r->trials.data->offset[subject];
    size_t seen[EM_MOST_LEVELS] = {0};
    cells->trials = r->trials.data->offset[subject + 1] - from;
    for (size_t t = 0; t < cells->trials; t++) {
        const int level = cells->levels ? level_of(cells, r, from + t) : -1;
        cells->scored[t] = em_trials_look(&r->trials, from + t);
        cells->level[t] = level;
        cells->place[t] = level < 0 ? 0 : ++seen[level];
    }
}

/* Of the trials that a rule speaks of, the response's values: scratch [n] out. */
static size_t collect(const em_cells *cells, int i, size_t C, const double *rows)
{
    const em_cell_rule *rule = &cells->rule[i];
    const bool curve = rule->statistic == EM_LEARNING_CURVE,
               times = rule->statistic == EM_REACTION_TIME_QUANTILE && rule->code >= 0;
    size_t n = 0;
    for (size_t t = 0; t < cells->trials; t++, rows += C) {
        const double place = (double)(rule->level < 0 ? t + 1 : cells->place[t]);
        if (!(cells->scored[t] >> rule->response & 1) || (rule->level >= 0 && cells->level[t] != rule->level))
            continue;
        if (curve && (place < cells->cell[i].from || place > cells->cell[i].to))
            continue;
        if (times && rows[rule->coded] != rule->code)
            continue;
        cells->scratch[n++] = rows[rule->column];
    }
    return n;
}

static double statistic_of(const em_cell_rule *rule, double *x, size_t n)
{
    if (n == 0)
        return NAN;
    if (rule->statistic == EM_REACTION_TIME_QUANTILE) {
        gsl_sort(x, 1, n);
        return gsl_stats_quantile_from_sorted_data(x, 1, n, rule->probability);
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += rule->statistic == EM_RESPONSE_MEAN ? x[i] : x[i] == rule->code;
    return sum / (double)n;
}

void em_cells_compute(const em_cells *cells, const em_replay *r, const double *rows, double *value, uint64_t *count)
{
    for (int i = 0; i < cells->n; i++) {
        const size_t n = collect(cells, i, (size_t)r->model->n_columns, rows);
        value[i] = statistic_of(&cells->rule[i], cells->scratch, n);
        if (count)
            count[i] = n;
    }
}
