#include <math.h>
#include <string.h>

#include "cmd_predict.h"
#include "print.h"

enum { MAX_NAMED = 10 };

/* ---- for people ------------------------------------------------------------------------------------------------- */

void predict_warn(const em_prediction *p)
{
    for (size_t i = 0; i < p->n_left_out && i < MAX_NAMED; i++)
        fprintf(stderr, "emlib predict: warning: subject %s is left out: %s\n", p->left_out[i],
                em_subject_status_text(p->left_out_status[i]));
    if (p->n_left_out > MAX_NAMED)
        fprintf(stderr, "emlib predict: warning: and %zu more subjects\n", p->n_left_out - MAX_NAMED);
    if (p->n_lost)
        fprintf(stderr,
                "emlib predict: warning: in %llu replicates the model drew no finite response; they do not count\n",
                (unsigned long long)p->n_lost);
}

/* Of two options the second one's curve tells the first one's, too. */
static bool is_told(const em_predicted_cell *c)
{
    return c->statistic == EM_LEARNING_CURVE && c->n_codes == 2 && c->code == 0;
}

static const char *history_text(const em_prediction *p) { return p->history == EM_HISTORY_OWN ? "own" : "observed"; }

bool predict_print(const em_prediction *p)
{
    static const char *const head[] = {"statistic", "response", "at", "subjects", "observed",
                                       "median",    "from",     "to", "inside"};
    print_table table = {.align = "lllrrrrrr"};
    printf("Model %s, %zu subjects, %d replicates each, history %s\n\n", p->model, p->n_subjects, p->draws,
           history_text(p));
    for (int i = 0; i < 9; i++)
        print_cell(&table, "%s", head[i]);
    for (int i = 0; i < p->n_cells; i++) {
        const em_predicted_cell *c = &p->cell[i];
        const em_predicted *g = &p->group[i];
        if (g->n == 0 || is_told(c))
            continue;
        print_cell(&table, "%s", em_statistic_text(c->statistic));
        print_cell(&table, "%s", c->response);
        if (c->statistic == EM_LEARNING_CURVE)
            print_cell(&table, "trials %.0f-%.0f", c->from, c->to);
        else if (c->statistic == EM_REACTION_TIME_QUANTILE)
            print_cell(&table, "%g", c->from);
        else
            print_cell(&table, " ");
        print_cell(&table, "%llu", (unsigned long long)g->n);
        print_cell_number(&table, g->observed);
        print_cell_number(&table, g->median);
        print_cell_number(&table, g->lower);
        print_cell_number(&table, g->upper);
        print_cell(&table, "%.0f%%", 100 * p->inside[i]);
    }
    return print_end(&table, 2);
}

/* ---- CSV -------------------------------------------------------------------------------------------------------- */

/* An empty cell where there is no number. */
static void number(FILE *to, double value)
{
    putc(',', to);
    if (!isnan(value))
        print_csv_number(to, value);
}

static void row(FILE *to, const char *level, const char *subject, const em_predicted_cell *c, const em_predicted *x)
{
    if (x->n == 0)
        return;
    fprintf(to, "%s,", level);
    if (subject)
        print_csv_text(to, subject);
    fprintf(to, ",%s,", em_statistic_text(c->statistic));
    print_csv_text(to, c->response);
    putc(',', to);
    if (c->bin)
        fprintf(to, "%d", c->bin);
    number(to, c->from);
    number(to, c->to);
    fprintf(to, ",%llu", (unsigned long long)x->n);
    number(to, x->observed);
    number(to, x->median);
    number(to, x->lower);
    number(to, x->upper);
    putc('\n', to);
}

em_code predict_csv(const void *where, FILE *to, em_error *error)
{
    const predict_table *t = where;
    const em_prediction *p = t->prediction;
    (void)error;
    fputs("level,subject,statistic,response,bin,from,to,n,observed,median,lower,upper\n", to);
    for (int i = 0; i < p->n_cells && t->levels != PREDICT_SUBJECT; i++)
        row(to, "group", NULL, &p->cell[i], &p->group[i]);
    for (size_t s = 0; s < p->n_subjects && t->levels != PREDICT_GROUP; s++)
        for (int i = 0; i < p->n_cells; i++)
            row(to, "subject", p->subject[s], &p->cell[i], &p->one[s * (size_t)p->n_cells + (size_t)i]);
    return EM_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *cell_json(const em_predicted_cell *c, const em_predicted *x)
{
    json_t *o = json_pack("{ss so so so so sI so so so so}", "statistic", em_statistic_text(c->statistic), "response",
                          print_json_text(c->response), "bin", c->bin ? json_integer(c->bin) : json_null(), "from",
                          print_json_number(c->from), "to", print_json_number(c->to), "n", (json_int_t)x->n, "observed",
                          print_json_number(x->observed), "median", print_json_number(x->median), "lower",
                          print_json_number(x->lower), "upper", print_json_number(x->upper));
    return o;
}

int predict_json(const predict_table *t)
{
    const em_prediction *p = t->prediction;
    json_t *group = json_array(), *subjects = json_array();
    for (int i = 0; i < p->n_cells && t->levels != PREDICT_SUBJECT; i++)
        if (p->group[i].n) {
            json_t *cell = cell_json(&p->cell[i], &p->group[i]);
            json_object_set_new(cell, "inside", print_json_number(p->inside[i]));
            json_array_append_new(group, cell);
        }
    for (size_t s = 0; s < p->n_subjects && t->levels != PREDICT_GROUP; s++)
        for (int i = 0; i < p->n_cells; i++) {
            const em_predicted *x = &p->one[s * (size_t)p->n_cells + (size_t)i];
            if (!x->n)
                continue;
            json_t *cell = cell_json(&p->cell[i], x);
            json_object_set_new(cell, "subject", print_json_text(p->subject[s]));
            json_array_append_new(subjects, cell);
        }
    json_t *all = json_pack("{so ss sb si sI so sI so so}", "model", print_json_text(p->model), "history",
                            history_text(p), "exact", p->exact, "draws", p->draws, "n_subjects",
                            (json_int_t)p->n_subjects, "left_out", print_json_texts(p->left_out, (int)p->n_left_out),
                            "n_lost", (json_int_t)p->n_lost, "group", group, "subjects", subjects);
    return print_json("predict", all);
}
