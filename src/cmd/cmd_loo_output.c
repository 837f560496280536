#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"
#include "cmd_loo.h"
#include "print.h"

enum { MAX_NAMED = 10 };

em_code loo_compare(loo_table *t, em_error *error)
{
    em_code code = EM_OK;
    t->best = 0;
    for (int i = 1; i < t->n; i++)
        if (t->result[i]->elpd_loo > t->result[t->best]->elpd_loo)
            t->best = i;
    for (int i = 0; i < t->n && code == EM_OK; i++)
        code = em_loo_compare(t->result[t->best], t->result[i], &t->difference[i], error);
    return code;
}

/* ---- for people ------------------------------------------------------------------------------------------------------- */

static void name_people(const em_loo_result *r)
{
    size_t named = 0, lost = 0;
    for (size_t s = 0; s < r->n_subjects; s++) {
        const bool none = isnan(r->elpd[s]), flag = em_subject_is_flagged(r->status[s]);
        lost += none;
        if ((none || flag) && named++ < MAX_NAMED)
            fprintf(stderr, "emlib loo: warning: subject %s: %s%s\n", r->subject[s], none ? "no prediction; " : "",
                    none && !flag ? "without it the others do not tell the group (are their covariates all alike?)"
                                  : em_subject_status_text(r->status[s]));
    }
    if (named > MAX_NAMED)
        fprintf(stderr, "emlib loo: warning: and %zu more subjects; the table has them\n", named - MAX_NAMED);
    if (lost)
        fprintf(stderr, "emlib loo: warning: %zu subject%s no prediction; the sums are over the other %zu\n", lost,
                lost == 1 ? " has" : "s have", r->n_used);
    if (r->n_moving)
        fprintf(stderr, "emlib loo: warning: without %zu of the subjects EM had not converged (column converged)\n", r->n_moving);
}

static void name_most_influential(const em_loo_result *r)
{
    size_t most = r->n_subjects;
    for (size_t s = 0; s < r->n_subjects; s++)
        if (isfinite(r->shift[s]) && (most == r->n_subjects || r->shift[s] > r->shift[most]))
            most = s;
    if (most < r->n_subjects)
        fprintf(stderr, "emlib loo: the group moves most without subject %s: the mean of %s by %.2f standard errors\n", r->subject[most],
                r->parameter[r->shift_parameter[most]], r->shift[most]);
}

void loo_summary(const loo_table *t)
{
    for (int i = 0; i < t->n; i++) {
        const em_loo_result *r = t->result[i];
        fprintf(stderr, "emlib loo: %s: elpd_loo %.4f, standard error %.4f, over %zu subjects; evidence %.4f, p_loo %.4f, %.2f s\n",
                t->file[i], r->elpd_loo, r->elpd_loo_se, r->n_used, r->evidence, r->p_loo, r->seconds);
        name_most_influential(r);
        name_people(r);
    }
    for (int i = 0; i < t->n; i++)
        if (i != t->best)
            fprintf(stderr, "emlib loo: %s predicts better than %s by %.4f, standard error %.4f, over %zu subjects\n", t->file[t->best],
                    t->file[i], t->difference[i].difference, t->difference[i].se, t->difference[i].n);
}

/* ---- CSV ---------------------------------------------------------------------------------------------------------------- */

static void head(const loo_table *t, FILE *to)
{
    static const char *const column[] = {"elpd", "log_marginal_likelihood", "shift", "shift_parameter", "iterations", "converged",
                                         "status", "status_text"};
    char text[4300];
    fputs("subject", to);
    for (int i = 0; i < t->n; i++)
        for (size_t c = 0; c < sizeof column / sizeof *column; c++) {
            snprintf(text, sizeof text, "%s%s%s", column[c], t->n > 1 ? ":" : "", t->n > 1 ? t->file[i] : "");
            putc(',', to);
            print_csv_text(to, text);
        }
    for (int i = 0; i < t->n && t->n > 1; i++)
        if (i != t->best) {
            snprintf(text, sizeof text, "difference:%s-%s", t->file[t->best], t->file[i]);
            putc(',', to);
            print_csv_text(to, text);
        }
    putc('\n', to);
}

static void cells(const em_loo_result *r, size_t s, FILE *to)
{
    const double number[] = {r->elpd[s], r->log_marginal_likelihood[s], r->shift[s]};
    for (int i = 0; i < 3; i++) {
        putc(',', to);
        print_csv_number(to, number[i]);
    }
    putc(',', to);
    print_csv_text(to, r->shift_parameter[s] < 0 ? "NA" : r->parameter[r->shift_parameter[s]]);
    fprintf(to, ",%d,%d,%d,", r->iterations[s], r->converged[s], r->status[s]);
    print_csv_text(to, em_subject_status_text(r->status[s]));
}

static void write_csv(const loo_table *t, FILE *to)
{
    head(t, to);
    for (size_t s = 0; s < t->result[0]->n_subjects; s++) {
        print_csv_text(to, t->result[0]->subject[s]);
        for (int i = 0; i < t->n; i++)
            cells(t->result[i], s, to);
        for (int i = 0; i < t->n && t->n > 1; i++)
            if (i != t->best) {
                putc(',', to);
                print_csv_number(to, t->result[t->best]->elpd[s] - t->result[i]->elpd[s]);
            }
        putc('\n', to);
    }
}

/* ---- JSON --------------------------------------------------------------------------------------------------------------- */

static json_t *subjects_json(const em_loo_result *r)
{
    json_t *all = json_array();
    for (size_t s = 0; s < r->n_subjects; s++)
        json_array_append_new(
            all, json_pack("{so so so so so si sb si}", "subject", print_json_text(r->subject[s]), "elpd", print_json_number(r->elpd[s]),
                           "log_marginal_likelihood", print_json_number(r->log_marginal_likelihood[s]), "shift",
                           print_json_number(r->shift[s]), "shift_parameter",
                           r->shift_parameter[s] < 0 ? json_null() : print_json_text(r->parameter[r->shift_parameter[s]]), "iterations",
                           (int)r->iterations[s], "converged", r->converged[s], "status", (int)r->status[s]));
    return all;
}

static json_t *make_json(const loo_table *t)
{
    json_t *fits = json_array(), *differences = json_array();
    for (int i = 0; i < t->n; i++) {
        const em_loo_result *r = t->result[i];
        json_array_append_new(
            fits, json_pack("{so so sI sI sI so so so so so}", "file", print_json_text(t->file[i]), "model", print_json_text(r->model),
                            "n_subjects", (json_int_t)r->n_subjects, "n_subjects_used", (json_int_t)r->n_used, "n_not_converged",
                            (json_int_t)r->n_moving, "elpd_loo", print_json_number(r->elpd_loo), "elpd_loo_se",
                            print_json_number(r->elpd_loo_se), "log_marginal_likelihood", print_json_number(r->evidence), "p_loo",
                            print_json_number(r->p_loo), "subjects", subjects_json(r)));
        const em_loo_difference *d = &t->difference[i];
        if (i != t->best)
            json_array_append_new(differences, json_pack("{so so sI so so}", "better", print_json_text(t->file[t->best]), "worse",
                                                         print_json_text(t->file[i]), "n_subjects", (json_int_t)d->n, "difference",
                                                         print_json_number(d->difference), "difference_se", print_json_number(d->se)));
    }
    return json_pack("{so so}", "fits", fits, "differences", differences);
}

/* ---- where to ------------------------------------------------------------------------------------------------------------ */

static em_code write_all(const loo_table *t, bool json, FILE *to, const char *name, em_error *error)
{
    json_t *all = json ? make_json(t) : NULL;
    if (json && !all)
        return em_fail(error, EM_MACHINE, "out of memory");
    if (json)
        json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    else
        write_csv(t, to);
    if (json)
        putc('\n', to);
    json_decref(all);
    if (fflush(to) != 0 || ferror(to))
        return em_fail(error, EM_MACHINE, "%s: cannot write: %s", name, strerror(errno));
    return EM_OK;
}

em_code loo_write(const loo_table *t, bool json, const char *path, bool force, em_error *error)
{
    if (!path)
        return write_all(t, json, stdout, "the standard output", error);
    em_output output = {.fd = -1};
    em_code code = em_output_open(&output, path, force, error);
    if (code != EM_OK)
        return code;
    const int copy = dup(output.fd);
    FILE *to = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (!to && copy >= 0)
        close(copy);
    code = to ? write_all(t, json, to, path, error) : em_fail(error, EM_MACHINE, "%s: cannot write: %s", path, strerror(errno));
    if (to && fclose(to) != 0 && code == EM_OK)
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", path, strerror(errno));
    if (code == EM_OK)
        code = em_output_publish(&output, error);
    em_output_close(&output);
    return code;
}
