/* What a fit was asked: defaults, checks, and the JSON text by which a fit is recognised. */
#ifndef EMLIB_FIT_OPTIONS_H
#define EMLIB_FIT_OPTIONS_H
#include "emlib/emlib.h"

/* What can be said against the options without looking at data. */
em_code em_fit_options_check(const em_fit_options *options, const em_model *model, em_error *error) EM_MUST_CHECK;
/* Start of parameter j of the model. */
double em_fit_options_mu(const em_fit_options *options, const em_model *model, int j);
double em_fit_options_var(const em_fit_options *options, const em_model *model, int j);
/* The number of starts asked for, or the default. n: parameters of the fit. */
int em_fit_options_starts(const em_fit_options *options, int n);
/* The number of importance samples asked for, or the default. */
int em_fit_options_samples(const em_fit_options *options);

/* What of a group's shape the options of a fit, as JSON, say: covariates, contrasts, conditions, fixed and shared parameters, a full
 * covariance. Put into `options`; what it then points to is owned by `store`, to be freed with em_fit_shape_free. */
typedef struct em_fit_shape {
    em_covariate_term *covariate;
    em_contrast_choice *contrast;
    em_by *by;
} em_fit_shape;
em_code em_fit_shape_take(const char *json, const em_model *model, em_fit_options *options, em_fit_shape *store,
                          em_error *error) EM_MUST_CHECK;
void em_fit_shape_free(em_fit_shape *store);
/* All options that the JSON text of a fit of `model` holds, but the choice of subjects, which the fit itself names
 * (em_fit.excluded), and the fit of --group-from. `store` as above; to be freed also after a failure. */
em_code em_fit_options_take(const char *json, const em_model *model, em_fit_options *options, em_fit_shape *store,
                            em_error *error) EM_MUST_CHECK;
#endif
