/* EM's own M-step: the group from everybody's modes and posterior covariances. */
#ifndef EMLIB_M_STEP_H
#define EMLIB_M_STEP_H
#include "random_effects.h"

/* The next group from an E-step that ran under *group: means and slopes by least squares on the modes, generalised where parameters
 * differ in their columns and the covariance is full, and the covariance as the mean of (x - m)(x - m)' + H^-1 about the new means.
 * Collective; the same on every rank. */
em_code em_m_step(em_comm *comm, const em_plan *plan, const em_estep *estep, const em_group_values *group, em_group_values *next,
                  em_error *error) EM_MUST_CHECK;
#endif
