/* The state of an unfinished fit in a file, OUTPUT.checkpoint, from which the fit goes on to the very result that it would have had.
 *
 * The file is whole at any moment: a new state is written beside it and takes its name once it is on the disk. It says of which
 * data, model, options and version of emlib it is a state, and ends with the SHA-256 of all of it. Subjects stand in the order of
 * the fit's subjects, so any number of ranks can go on; only the width of the kernels must be the same for the last bit.
 *
 * A state is written between two groups of lanes of an E-step (or of what comes after EM), where a signal has asked for it or enough
 * time has gone by. Every rank pauses for itself; then all of them meet. */
#ifndef EMLIB_CHECKPOINT_H
#define EMLIB_CHECKPOINT_H
#include "archive.h"
#include "em.h"
#include "evidence.h"

/* What a state belongs to. Texts are owned. */
typedef struct em_identity {
    char *version, *data, *model_name, *model, *options; /* fingerprints of data and model, options as JSON */
} em_identity;
em_code em_identity_make(const char *data_fingerprint, const em_model *model, const em_fit_options *options, em_identity *identity,
                         em_error *error) EM_MUST_CHECK;
void em_identity_free(em_identity *identity);

/* What of a fit is under way. */
typedef enum em_stage { EM_STAGE_EM, EM_STAGE_EVIDENCE, EM_STAGE_BOOTSTRAP } em_stage;

struct em_checkpoint {
    /* set by who makes it */
    const char *path;
    double every;               /* seconds, at least, between two states */
    bool (*stopped)(void);      /* has a signal asked to stop? NULL: never */
    em_identity identity;       /* rank 0 */
    const em_log *log;          /* rank 0 */
    int isa;                    /* of the kernels; -1: a state that was found has no say in it */
    /* of the fit, by em_checkpoint_begin */
    em_comm *comm;
    const em_plan *plan;
    em_estep *estep;
    em_evidences *evidences;
    em_run_result *result;
    double began;               /* of this run of the fit */
    /* by who works at the moment */
    em_stage stage;
    void (*pass)(void *where, em_archive *archive); /* what it keeps beside all that; NULL: nothing */
    void *where;
    /* the file's */
    int fd;                     /* rank 0: a state that was found, opened; -1: none */
    size_t n_subjects, record_size, shared_size; /* that it says it has */
    bool found;                 /* on all ranks: there is a state to go on from */
    em_archive shared;          /* what is still to be taken from it */
    double seconds_before;      /* that the fit had taken */
    double due;                 /* when the next one is to be written */
    bool failed;                /* the last one could not be written, and that was said */
};

/* Rank 0: looks for the state at checkpoint->path, whose identity is set. *there: it is the state of this fit, and checkpoint->isa
 * and fd are set. EM_INPUT_ERROR where it is damaged or a state of something else. */
em_code em_checkpoint_look(em_checkpoint *checkpoint, bool *there, em_error *error) EM_MUST_CHECK;
/* Ties the checkpoint to a fit, whose result is still empty, and takes what was found into it: modes, result, evidences; the rest of
 * it into checkpoint->shared, for who works at checkpoint->stage. Collective. */
em_code em_checkpoint_begin(em_checkpoint *checkpoint, em_comm *comm, const em_plan *plan, em_estep *estep, em_evidences *evidences,
                            em_run_result *result, double began, em_error *error) EM_MUST_CHECK;
/* Time to write a state, or to stop? For this rank alone; `where` is the checkpoint. */
bool em_checkpoint_is_due(void *where);
/* Has a signal asked to stop? The same. */
bool em_checkpoint_is_stopped(void *where);
/* After a pause of any rank: writes the state, as far as it can be written: the fit goes on without, and says so. EM_STOPPED where a
 * signal has asked any rank to stop, with the state written; EM_MACHINE where then it could not be. Collective. */
em_code em_checkpoint_pause(em_checkpoint *checkpoint, em_error *error) EM_MUST_CHECK;
/* Is that called for? Collective. */
bool em_checkpoint_any_due(em_checkpoint *checkpoint);
/* Was any rank asked to stop? Collective. */
bool em_checkpoint_any_stopped(em_checkpoint *checkpoint);
/* Rank 0: the fit is written, and its state serves no more. */
void em_checkpoint_remove(const em_checkpoint *checkpoint);
void em_checkpoint_free(em_checkpoint *checkpoint);
#endif
