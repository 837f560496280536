#include "view.h"

#include <string.h>

em_view em_view_of(const em_model *model)
{
    em_view view = {.model = model, .n = model->n_parameters, .conditions = 1};
    for (int j = 0; j < view.n; j++) {
        view.parameter[j] = j;
        view.where[j] = EM_EVERYWHERE;
    }
    return view;
}

static bool applies(const em_view *view, int i, int condition)
{
    return view->where[i] >> condition & 1;
}

void em_view_parameters(const em_view *view, int condition, const double *x, int stride, double *to)
{
    for (int i = 0; i < view->n; i++)
        if (applies(view, i, condition))
            to[view->parameter[i] * stride] = x[i * stride];
}

void em_view_natural(const em_view *view, const double *x, const double *facts, double *natural)
{
    double own[EM_MAX_PARAMETERS], all[EM_MAX_PARAMETERS];
    for (int c = 0; c < view->conditions; c++) {
        em_view_parameters(view, c, x, 1, own);
        view->model->natural(own, facts, all);
        for (int i = 0; i < view->n; i++)
            if (applies(view, i, c))
                natural[i] = all[view->parameter[i]];
    }
}

/* ---- several conditions ---------------------------------------------------------------------------------------------- */

enum { LANES = 8, PAIRS = EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2 };

/* One call of the kernel: the derivatives that it gives are those of the model's parameters, each in the conditions in which its
 * direction is switched on. */
typedef struct {
    _Alignas(64) double x[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS * LANES]; /* [conditions][P][lanes] */
    _Alignas(64) double seed[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS * LANES];
    _Alignas(64) double value[LANES], gradient[EM_MAX_PARAMETERS * LANES], hessian[PAIRS * LANES];
} pass;

/* Runs with the direction of the fit's parameter i on where on[i] is set. */
static void run(const em_target *t, const bool *on, pass *p)
{
    const em_view *v = t->view;
    const int P = v->model->n_parameters;
    memset(p->seed, 0, (size_t)(v->conditions * P * t->lanes) * sizeof *p->seed);
    for (int i = 0; i < v->n; i++)
        for (int c = 0; c < v->conditions && on[i]; c++)
            for (int l = 0; l < t->lanes && applies(v, i, c); l++)
                p->seed[(c * P + v->parameter[i]) * t->lanes + l] = 1;
    t->score(t->batch, &(em_point){.x = p->x, .seed = p->seed, .condition = t->condition}, p->value, p->gradient, p->hessian);
}

static int pair_of(int i, int j) { return i > j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i; }

/* Second derivatives in the fit's parameters i and j, from a run in which both alone stood for the model's parameters. */
static void take(const em_target *t, const pass *p, int i, int j, double *hessian)
{
    const double *from = p->hessian + pair_of(t->view->parameter[i], t->view->parameter[j]) * t->lanes;
    memcpy(hessian + pair_of(i, j) * t->lanes, from, (size_t)t->lanes * sizeof *from);
}

/* A run for each condition: all first derivatives, and the second ones of parameters that have a condition in common. */
static void within(const em_target *t, pass *p, double *value, double *gradient, double *hessian)
{
    const em_view *v = t->view;
    bool on[EM_MAX_PARAMETERS];
    for (int c = 0; c < v->conditions; c++) {
        for (int i = 0; i < v->n; i++)
            on[i] = applies(v, i, c);
        run(t, on, p);
        for (int i = 0; i < v->n; i++) {
            if (!on[i])
                continue;
            memcpy(gradient + i * t->lanes, p->gradient + v->parameter[i] * t->lanes, (size_t)t->lanes * sizeof *gradient);
            for (int j = 0; j <= i; j++)
                if (on[j])
                    take(t, p, i, j, hessian);
        }
        memcpy(value, p->value, (size_t)t->lanes * sizeof *value);
    }
}

/* Those of parameters without: of two values of the same parameter, H with both on is H_a + H_b + 2 H_ab; of different parameters the run
 * in which each is on in its own condition gives it. */
static void between(const em_target *t, pass *p, double *hessian)
{
    const em_view *v = t->view;
    for (int i = 0; i < v->n; i++)
        for (int j = 0; j < i; j++) {
            if (v->where[i] & v->where[j])
                continue;
            bool on[EM_MAX_PARAMETERS] = {false};
            on[i] = on[j] = true;
            run(t, on, p);
            take(t, p, i, j, hessian);
            for (int l = 0; l < t->lanes && v->parameter[i] == v->parameter[j]; l++) {
                double *both = &hessian[pair_of(i, j) * t->lanes + l];
                *both = 0.5 * (*both - hessian[pair_of(i, i) * t->lanes + l] - hessian[pair_of(j, j) * t->lanes + l]);
            }
        }
}

/* The model's parameters in every condition. */
static void spread(const em_target *t, const double *x, pass *p)
{
    for (int c = 0; c < t->view->conditions; c++)
        for (int l = 0; l < t->lanes; l++)
            em_view_parameters(t->view, c, x + l, t->lanes, p->x + c * t->view->model->n_parameters * t->lanes + l);
}

void em_target_score(const em_target *t, const double *x, double *value, double *gradient, double *hessian)
{
    if (!t->view || t->view->conditions == 1) {
        t->score(t->batch, &(em_point){.x = x}, value, gradient, hessian);
        return;
    }
    pass p;
    spread(t, x, &p);
    within(t, &p, value, gradient, hessian);
    between(t, &p, hessian);
}

void em_target_value(const em_target *t, const double *x, double *value)
{
    pass p;
    if (!t->view || t->view->conditions == 1) {
        t->score(t->batch, &(em_point){.x = x}, value, p.gradient, p.hessian);
        return;
    }
    const bool none[EM_MAX_PARAMETERS] = {false};
    spread(t, x, &p);
    run(t, none, &p);
    memcpy(value, p.value, (size_t)t->lanes * sizeof *value);
}
