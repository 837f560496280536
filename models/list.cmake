# The models in the order in which `emlib models` lists them: by family, simple ones first. A model NAME of the folder FOLDER is
# the file models/FOLDER/NAME.c; a new one needs its name here and nothing else.
set(EMLIB_FAMILIES bandit gonogo two_step response_times delay risk perception regression)
set(EMLIB_MODELS_bandit rw rw_dual choice_kernel)
set(EMLIB_MODELS_gonogo gng_m2 gng_m3)
set(EMLIB_MODELS_two_step ts_hybrid ts_par7)
set(EMLIB_MODELS_response_times ddm ddm_sv ddm_full ddm_value pstRT_ddm pstRT_rlddm1 pstRT_rlddm6 lba lognormal_race)
set(EMLIB_MODELS_delay dd_hyperbolic)
set(EMLIB_MODELS_risk ra_prospect)
set(EMLIB_MODELS_perception sdt sdt_ratings sdt_ratings_unequal psychometric psychometric_weibull)
set(EMLIB_MODELS_regression glm logit poisson ordinal glm_decay logit_decay glm_ar)
