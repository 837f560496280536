#include "accelerate.h"

#include <math.h>

/* In units of the metric, the standard errors of one person's estimate. */
static const double first_radius = 3, widest_radius = 2, smallest_radius = 1e-3;

em_code em_accelerator_new(const em_estep *estep, em_accelerator *a, em_error *error)
{
    *a = (em_accelerator){0};
    em_accelerator_start(a);
    return em_effects_work_new(estep, &a->work, error);
}

void em_accelerator_free(em_accelerator *a) { em_effects_work_free(&a->work); }

void em_accelerator_start(em_accelerator *a)
{
    a->history.n = 0;
    a->lml = -INFINITY;
    a->merit = a->change = a->least = INFINITY;
    a->since_least = a->refused = 0;
    a->radius = widest_radius;
    a->part_way = 1;
}

/* EM's own steps for a while, each time longer. */
static void rescue(em_accelerator *a)
{
    em_accelerator_start(a);
    a->em_steps = 10 << (a->rescues < 8 ? a->rescues : 8);
    a->rescues++;
}

/* As --tol measures it: means and slopes in standard deviations, variances in logs, covariances in correlations; the means of parameters that are the same
 * for everyone in units of the metric. A variance that is 0 on one side only is infinitely far. */
static double apart(const em_effects_metric *metric, const em_group_design *design, const em_group_values *a, const em_group_values *b)
{
    double largest = 0, unit[EM_MAX_PARAMETERS];
    for (int j = 0; j < design->n; j++) {
        unit[j] = b->var[j] > 0 ? sqrt(b->var[j]) : metric->scale[j];
        largest = fmax(largest, fabs(a->mu[j] - b->mu[j]) / unit[j]);
        if (a->var[j] != b->var[j])
            largest = fmax(largest, a->var[j] > 0 && b->var[j] > 0 ? fabs(log(a->var[j] / b->var[j])) : INFINITY);
        for (int i = 0; i < j && design->full; i++)
            largest = fmax(largest, fabs(em_group_cov(a, j, i) - em_group_cov(b, j, i)) / (unit[j] * unit[i]));
    }
    for (int k = 0; k < design->n_slopes; k++)
        largest = fmax(largest, fabs(a->slope[k] - b->slope[k]) / unit[design->parameter[k]]);
    return largest;
}

/* Has the last step led astray? Further from a fixed point by derivatives and by G alike, or a fall of the evidence that no
 * step of EM makes: on plateaus of the likelihood derivatives vanish, too. */
static bool astray(const em_accelerator *a, const em_effects *fx, const em_evidence *evidence, double change)
{
    const bool further = fx->merit > 2.5 * a->merit && fx->merit > 1e-3 && change > 0.5 * a->change;
    const bool fell = evidence->log_marginal_likelihood < a->lml - 0.5 - 0.1 * evidence->used;
    return !fx->sound || further || fell;
}

/* Notes that the group is kept, and what that says about the length of steps. */
static void keep(em_accelerator *a, const em_effects *fx, const em_evidence *evidence, double change,
                 const em_group_design *design, const em_group_values *group)
{
    const bool nearer = fx->merit < a->merit || change < a->change;
    if (nearer) {
        const double length = isfinite(a->merit) ? em_effects_distance(&fx->metric, design, &a->good, group) : 0;
        a->radius = fmin(fmax(a->radius, 2 * length), widest_radius);
        a->part_way = 1;
    } else {
        a->radius = fmax(0.5 * a->radius, 10 * smallest_radius);
        a->part_way = fmax(0.5 * a->part_way, 0.25);
    }
    const double product = fx->merit * change;
    a->since_least = product < 0.5 * a->least ? 0 : a->since_least + 1;
    a->least = fmin(a->least, product);
    a->good = *group;
    a->merit = fx->merit;
    a->lml = evidence->log_marginal_likelihood;
    a->change = change;
    a->refused = 0;
}

/* Where nothing is known of a parameter its noise is beyond all numbers, and its coordinates are none: then without a memory of steps
 * before, and without leaving the group where there is no better. */
static void stay_finite(em_accelerator *a, const em_effects *fx, const em_group_design *design, const em_group_values *group,
                        const em_group_values *image, em_group_values *next)
{
    const em_group_values *const instead[] = {image, &fx->em, group};
    if (em_group_is_finite(design, next))
        return;
    a->history.n = 0;
    for (int i = 0; i < 3 && !em_group_is_finite(design, next); i++)
        *next = *instead[i];
}

/* Where to go from a group that is kept, and how far it is from the fixed point. */
static void propose(em_accelerator *a, const em_effects *fx, const em_evidence *evidence, const em_group_design *design,
                    const em_group_values *group, em_proposal *to)
{
    const bool em = a->em_steps > 0, plain = em && a->rescues > 3;
    const em_group_values *image = em ? &fx->em : &fx->solution;
    if (evidence->moved || (!em && !fx->whole) || plain)
        a->history.n = 0;
    const em_anderson *h = &a->history;
    const double before = h->n ? em_effects_distance(&fx->metric, design, &h->at[0], &h->image[0]) : INFINITY;
    const double step = em_effects_distance(&fx->metric, design, group, image);
    em_anderson_remember(&a->history, group, image);
    to->next = em_anderson_next(h, design, &fx->metric, a->part_way);
    to->next = em_effects_towards(&fx->metric, design, group, a->radius, &to->next);
    if (!(em_effects_distance(&fx->metric, design, group, &to->next) <= (em ? 100 : 10) * step)) {
        const em_anderson single = {.at = {*group}, .image = {*image}, .n = 1};
        to->next = em_anderson_next(&single, design, &fx->metric, a->part_way);
    }
    stay_finite(a, fx, design, group, image, &to->next);
    /* What is left after a step is at most this part of it, if the steps go on shrinking as they have. */
    const double rate = em || isinf(before) ? 0.9 : fmin(fmax(step / before, 0.1), 0.9);
    const double left = fmax(apart(&fx->metric, design, group, &fx->solution), em ? 0 : apart(&fx->metric, design, group, &to->next));
    to->distance = fx->whole ? left / (1 - rate) : INFINITY;
    if (em && --a->em_steps == 0)
        em_accelerator_start(a);
    else if (!em && a->since_least > 10)
        rescue(a);
}

em_code em_accelerator_step(em_accelerator *a, em_comm *comm, const em_plan *plan, em_estep *estep, const em_evidence *evidence,
                            bool stay, em_group_values *group, em_proposal *to, em_error *error)
{
    const double precision = 1e-3; /* of the solution, a part of the step */
    const em_group_design *design = estep->design;
    em_effects fx;
    em_code code = em_effects_solve(comm, plan, estep, &a->work, group, isinf(a->merit) ? first_radius : widest_radius, precision, &fx, error);
    if (code != EM_OK)
        return code;
    to->change = em_effects_distance(&fx.metric, design, group, &fx.solution);
    to->left = !stay && isfinite(a->merit) && astray(a, &fx, evidence, to->change);
    if (!to->left) {
        keep(a, &fx, evidence, to->change, design, group);
        em_estep_save(estep);
    } else {
        a->radius = 0.25 * fmin(a->radius, em_effects_distance(&fx.metric, design, &a->good, group));
        a->history.n = 0;
        *group = a->good;
        em_estep_restore(estep);
        if (a->radius < smallest_radius || ++a->refused > 3)
            rescue(a);
        code = em_effects_solve(comm, plan, estep, &a->work, group, widest_radius, precision, &fx, error);
        if (code != EM_OK)
            return code;
        to->change = em_effects_distance(&fx.metric, design, group, &fx.solution);
    }
    propose(a, &fx, evidence, design, group, to);
    if (to->left)
        to->distance = INFINITY;
    for (int j = 0; j < design->n; j++)
        to->unbounded[j] = fx.unbounded[j];
    em_comm_share(comm, to, sizeof *to);
    em_comm_share(comm, group, sizeof *group);
    return EM_OK;
}
