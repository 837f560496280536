# The models in the order in which `emlib models` lists them: by family, simple ones first. A model NAME of the folder FOLDER is
# the file models/FOLDER/NAME.c; a new one needs its name here and nothing else.
set(EMLIB_FAMILIES bandit gonogo two_step response_times delay effort social risk balloon happiness)
set(EMLIB_MODELS_bandit rw rw_dual choice_kernel)
set(EMLIB_MODELS_gonogo gng_m2 gng_m3)
set(EMLIB_MODELS_two_step ts_hybrid ts_par7)
set(EMLIB_MODELS_response_times ddm)
set(EMLIB_MODELS_delay dd_hyperbolic dd_exp dd_cs dd_hyperboloid dd_quasi_hyperbolic)
set(EMLIB_MODELS_risk ra_prospect ra_noLA ra_noRA cra_linear cra_exp dbdm_prob_weight pt peer_ocu cgt_cm)
set(EMLIB_MODELS_effort ed_par_k ped_par_k ped_par_2k prd_hyp_k)
set(EMLIB_MODELS_social sd_hyp_k sd_hyp_wk sd_par_k sd_lin_k ug_delta ug_bayes fehr_schmidt)
set(EMLIB_MODELS_balloon bart_par4 bart_ewmv)
set(EMLIB_MODELS_happiness rdt_happiness)
