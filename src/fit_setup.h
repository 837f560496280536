/* What a fit estimates from whom, found from its options and its data: subjects, parameters, the design of their means, the start. */
#ifndef EMLIB_FIT_SETUP_H
#define EMLIB_FIT_SETUP_H
#include "comm.h"
#include "design.h"
#include "fit_options.h"
#include "batch.h"
#include "group.h"


typedef struct em_setup {
    const em_model *model;
    em_fit_options options;            /* as asked, with the shape of the fit of --group-from */
    em_fit_shape shape;
    em_view view;
    char *name[EM_MAX_PARAMETERS];     /* of the fit's parameters: "beta", "alpha[drug]" */
    size_t n_subjects;                 /* that are used */
    bool *chosen;                      /* [S] of the dataset; NULL: all */
    uint32_t *subject;                 /* [n_subjects] their numbers; NULL: all */
    char **id;                         /* rank 0, where it was needed: ids of the whole dataset, [n_ids]; else NULL */
    size_t n_ids;
    em_design columns;                 /* of covariates, standardised */
    double *triangle[EM_MAX_PARAMETERS]; /* of each parameter with slopes: lower triangle L with L L' = Z'Z/S of its columns z; its
                                            slopes are on q of z = L q */
    int first_slope[EM_MAX_PARAMETERS + 1];
    em_group_design design;
    em_group_values start;
    bool given;                        /* the whole group comes from another fit: */
    double *given_coefficient, *given_cov; /* [C,P] on raw columns, [P,P] */
    int given_columns;
    char *given_names;                 /* of its parameters, with commas */
} em_setup;

/* Rank 0 reads the fit of group_from; who is chosen; which parameters there are, with their conditions added to `trials`, which
 * must be open. Collective. em_setup_free also after a failure. */
em_code em_setup_begin(em_comm *comm, const em_fit_options *options, const em_model *model, em_trials *trials, em_setup *setup,
                       em_error *error) EM_MUST_CHECK;
/* A part of it: which parameters there are by setup->model and setup->options, and the conditions. */
em_code em_setup_parameters(em_setup *setup, em_trials *trials, em_error *error) EM_MUST_CHECK;
/* Once the subjects are on their ranks: the design, for this rank's groups, and the start. Collective. */
em_code em_setup_design(em_comm *comm, const em_trials *trials, const em_plan *plan, const em_group_data *groups, size_t n_groups,
                        em_setup *setup, em_error *error) EM_MUST_CHECK;
void em_setup_free(em_setup *setup);

/* Coefficients of parameter j, its C_j columns in order, as T (mu_j, slopes of j): to [C_j, C_j] out. standard: on standardised
 * columns, else on raw ones. Returns C_j; column [C_j] out tells which columns. */
int em_setup_coefficients(const em_setup *setup, int j, bool standard, double *t, int *column);
/* All coefficients of a group, on raw columns: to [C,P] out, 0 where a column does not act on a parameter. */
void em_setup_raw_coefficients(const em_setup *setup, const em_group_values *group, double *to);
#endif
