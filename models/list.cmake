# The models in the order in which `emlib models` lists them: by family, simple ones first. A model NAME of the folder FOLDER is
# the file models/FOLDER/NAME.c; a new one needs its name here and nothing else.
set(EMLIB_FAMILIES bandit volatility reversal selection igt aversive gonogo two_step card_sorting belief social_learning
    response_times delay effort social risk balloon happiness perception regression)
set(EMLIB_MODELS_bandit random_choice wsls choice_kernel rw rw_dual rw_sticky rw_dual_sticky rw_choice_kernel rw_forget rw_lapse
    rw_initial rw_counterfactual rw_weber pearce_hall banditNarm_delta banditNarm_2par_lapse banditNarm_4par banditNarm_lapse
    banditNarm_singleA_lapse banditNarm_lapse_decay banditNarm_kalman_filter)
set(EMLIB_MODELS_volatility vkf vkf_binary hgf_ibrb2 hgf_ibrb)
set(EMLIB_MODELS_reversal prl_rp prl_fictitious_woa prl_fictitious prl_fictitious_rp_woa prl_fictitious_rp prl_ewa)
set(EMLIB_MODELS_selection pst_q pst_gainloss_q)
set(EMLIB_MODELS_igt igt_pvl_delta igt_pvl_decay igt_vpp igt_orl)
set(EMLIB_MODELS_aversive alt_delta alt_gamma)
set(EMLIB_MODELS_gonogo gng_m1 gng_m2 gng_m3 gng_m4)
set(EMLIB_MODELS_two_step ts_mf ts_mb_learned ts_hybrid ts_hybrid_learned ts_par4 ts_par6 ts_par7)
set(EMLIB_MODELS_card_sorting wcs_sql)
set(EMLIB_MODELS_belief bayes_fish)
set(EMLIB_MODELS_social_learning rw_self_other rw_pairs_self_other)
set(EMLIB_MODELS_response_times ddm ddm_sv ddm_full ddm_value pstRT_ddm pstRT_rlddm1 pstRT_rlddm6 lba lognormal_race)
set(EMLIB_MODELS_delay dd_hyperbolic dd_exp dd_cs dd_hyperboloid dd_quasi_hyperbolic)
set(EMLIB_MODELS_effort ed_par_k ped_par_k ped_par_2k prd_hyp_k)
set(EMLIB_MODELS_social sd_hyp_k sd_hyp_wk sd_par_k sd_lin_k ug_delta ug_bayes fehr_schmidt)
set(EMLIB_MODELS_risk ra_prospect ra_noLA ra_noRA cra_linear cra_exp dbdm_prob_weight pt peer_ocu cgt_cm)
set(EMLIB_MODELS_balloon bart_par4 bart_ewmv)
set(EMLIB_MODELS_happiness rdt_happiness)
set(EMLIB_MODELS_perception sdt sdt_ratings sdt_ratings_unequal psychometric psychometric_weibull)
set(EMLIB_MODELS_regression glm logit poisson ordinal glm_decay logit_decay glm_ar)
