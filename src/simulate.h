/* Drawing subjects one at a time: each has random numbers of its own, so anybody can draw any of them at any time. */
#ifndef EMLIB_SIMULATE_H
#define EMLIB_SIMULATE_H
#include "emlib/emlib.h"
#include "simulate_effect.h"
#include "task.h"

typedef struct em_drawing {
    const em_model *model;
    const em_simulation *sim;
    const em_task *task;
    em_settings settings; /* of the task */
    em_effects effects;
    em_scene scene;      /* what the task sees of the subject that is being drawn */
    int options;         /* K */
    double mu[EM_MAX_PARAMETERS], var[EM_MAX_PARAMETERS];
    size_t n_rows; /* of all subjects */
    double *rows;  /* [T, C] of subject `drawn` */
    size_t drawn;  /* SIZE_MAX: nobody yet */
} em_drawing;

/* Checks what is asked and makes room for one subject. model and sim are borrowed. em_drawing_end also after a failure.
 */
em_code em_drawing_start(const em_model *model, const em_simulation *sim, em_drawing *drawing,
                         em_error *error) EM_MUST_CHECK;
void em_drawing_end(em_drawing *drawing);
/* The frame of the dataset: numbers, columns, the truth's model and group; no arrays of subjects or rows. */
em_code em_drawing_frame(const em_drawing *drawing, em_dataset **frame, em_error *error) EM_MUST_CHECK;
/* Gives `part`, of which only the truth is there, ids, offsets and true parameters of subjects first .. first+n-1. */
em_code em_draw_subjects(const em_drawing *drawing, size_t first, size_t n, em_dataset *part,
                         em_error *error) EM_MUST_CHECK;
/* Rows first .. first+n-1 of the whole, column by column: values [C, n] out. */
em_code em_draw_rows(em_drawing *drawing, size_t first, size_t n, double *values, em_error *error) EM_MUST_CHECK;
#endif
