# The models in the order in which `emlib models` lists them: by family, simple ones first. A model NAME of the folder FOLDER is
# the file models/FOLDER/NAME.c; a new one needs its name here and nothing else.
set(EMLIB_FAMILIES bandit volatility gonogo two_step response_times delay risk)
set(EMLIB_MODELS_bandit random_choice wsls choice_kernel rw rw_dual rw_sticky rw_dual_sticky rw_choice_kernel rw_forget rw_lapse
    rw_initial rw_counterfactual rw_weber pearce_hall banditNarm_delta banditNarm_2par_lapse banditNarm_4par banditNarm_lapse
    banditNarm_singleA_lapse banditNarm_lapse_decay banditNarm_kalman_filter)
set(EMLIB_MODELS_volatility vkf vkf_binary hgf_ibrb2 hgf_ibrb)
set(EMLIB_MODELS_gonogo gng_m2 gng_m3)
set(EMLIB_MODELS_two_step ts_hybrid ts_par7)
set(EMLIB_MODELS_response_times ddm)
set(EMLIB_MODELS_delay dd_hyperbolic)
set(EMLIB_MODELS_risk ra_prospect)
