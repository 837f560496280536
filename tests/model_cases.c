#include "model_cases.h"

#include <stddef.h>
#include <string.h>

/* Bounds are some 0.1 below what was measured: a wrong equation or a lost trial goes far below. */
const model_case model_cases[] = {
    /* ---- bandit ---- */
    {"rw", 60, 200, 2, {-0.5, 1}, {1, 0.25}, {0.7, 0.7}},
    {"rw_dual", 60, 300, 2, {-0.5, -0.5, 1}, {1, 1, 0.25}, {0.5, 0.5, 0.5}},
    {"choice_kernel", 60, 200, 2, {-0.5, 1}, {1, 0.25}, {0.5, 0.5}},
    /* ---- go/no-go ---- */
    {"gng_m2", 60, 240, 0, {-2, -1, 0.5, 1.2}, {0.5, 0.5, 0.5, 0.2}, {0.6, 0.6, 0.8, 0.7}},
    {"gng_m3", 60, 240, 0, {-2, -1, 0.5, 0.2, 1.2}, {0.5, 0.5, 0.5, 0.2, 0.2}, {0, 0.5, 0.8, 0.8, 0.7}},
    /* ---- two-step ---- */
    {"ts_hybrid", 60, 300, 0, {0, 0, 0.5, 1.2, 1, 0, 0.3}, {0.5, 0.5, 0.5, 0.2, 0.2, 1, 0.1}, {0, 0.5, 0, 0.3, 0.5, 0.4, 0.4}},
    {"ts_par7", 60, 300, 0, {0, 0, 0.5, 1.2, 1, 0, 0.3}, {0.5, 0.5, 0.5, 0.2, 0.2, 1, 0.1}, {0, 0.5, 0, 0.3, 0.5, 0.4, 0.4}},
    /* ---- response times ---- */
    {"ddm", 40, 150, 0, {0.3, 0, 0.5, -1}, {0.05, 0.1, 0.4, 0.05}, {0.7, 0.7, 0.7, 0.7}},
    /* ---- delay ---- */
    {"dd_hyperbolic", 60, 100, 0, {-4, -0.5}, {1, 0.25}, {0.8, 0.5}},
    /* ---- risk ---- */
    {"ra_prospect", 60, 140, 0, {-0.2, 0.5, 0.7}, {0.05, 0.2, 0.2}, {0.5, 0.6, 0.5}},
};
const int n_model_cases = sizeof model_cases / sizeof *model_cases;

const model_case *model_case_of(const em_model *model)
{
    for (int i = 0; i < n_model_cases; i++)
        if (strcmp(model_cases[i].model, model->name) == 0)
            return &model_cases[i];
    return NULL;
}
