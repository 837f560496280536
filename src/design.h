/* The design matrix of a group's means: x_s ~ Normal(B' z_s, Sigma), z_s starting with 1.
 *
 * Column k is raw[s,k], a number or a contrast of a text, standardised over the chosen subjects: z = (raw -
 * center)/scale, scale the standard deviation (n - 1 in the denominator; 1 for the intercept). So the intercept is the
 * mean of the average chosen subject, and all columns are of one size whatever their unit. */
#ifndef EMLIB_DESIGN_H
#define EMLIB_DESIGN_H
#include "emlib/emlib.h"

typedef struct em_design {
    size_t n_subjects;
    int n_columns, n_parameters; /* S, C, P; column 0 is the intercept */
    char **name; /* [C] "(Intercept)", "age", "group[patient]", "group[sum:patient]", "group[helmert:patient]" */
    double *center, *scale; /* [C] intercept 0 and 1 */
    uint8_t *enters;        /* [C,P] 1: the column acts on the parameter */
    double *z;              /* [S,C] 0 for subjects not chosen, the intercept included */
    double *raw_mean;       /* [C] mean of the raw column over the chosen; intercept 1 */
} em_design;

/* chosen [S], NULL: all. id [S] is for messages, NULL: subjects are then named by their place. Without terms C is 1.
 * EM_INPUT_ERROR, by name: no such covariate, parameter or level; a chosen subject without a value; a covariate or
 * column that is the same for all chosen subjects; a level that none of them has; columns of one parameter of which one
 * follows from others (pivoted QR, Golub & Van Loan 2013, section 5.4.2, with a tolerance of 1e-8 on standardised
 * columns); fewer than one subject more than columns. The result is the same on every rank. */
em_code em_design_make(const em_dataset *data, const bool *chosen, char *const *id, const em_covariate_term *terms,
                       int n_terms, const em_contrast_choice *contrasts, int n_contrasts, const char *const *parameter,
                       int n_parameters, em_design *design, em_error *error) EM_MUST_CHECK;
void em_design_free(em_design *design);

/* Coefficients on the raw columns from those on the standardised ones: slope b/scale, intercept b_0 - sum b_k
 * center_k/scale_k. beta_standard, beta_raw [C,P], 0 where a column does not enter; they may be the same array. */
void em_design_to_raw(const em_design *design, const double *beta_standard, double *beta_raw);
/* The same as a matrix: raw = T standard for the coefficients of any one parameter, so that a covariance V of them
 * becomes T V T'. t [C,C] out. T has a first row and a diagonal and nothing else: for a parameter into which only some
 * columns enter, take their rows and columns. */
void em_design_raw_matrix(const em_design *design, double *t);
#endif
