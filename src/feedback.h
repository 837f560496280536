/* What happens to people who pay no heed to it. A model that has nothing but responses (choosing at random,
 * perseveration) is simulated without rewards or cues; a model that learns from them can be fitted to such data once
 * they are there. As the responses do not depend on them, they can be drawn afterwards. */
#ifndef EMLIB_FEEDBACK_H
#define EMLIB_FEEDBACK_H
#include "emlib/emlib.h"

/* Whether all columns of the model are responses. */
bool em_has_responses_only(const em_model *model);
/* Adds to `data`, simulated as `simulation` says from such a model, the columns of `model` that are not there, drawn in
 * its task. */
em_code em_feedback_add(const em_model *model, const em_simulation *simulation, em_dataset *data,
                        em_error *error) EM_MUST_CHECK;
#endif
