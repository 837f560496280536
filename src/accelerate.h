/* Acceleration of EM: the groups at which E-steps run, chosen so that few are needed until the group that EM's own steps
 * leave where it is.
 *
 * Each E-step defines a random-effects problem (random_effects.h) whose solution G(group) has EM's fixed points. Iterating
 * it is a relinearisation and mostly quick; Anderson's acceleration (anderson.h) makes it quicker, and turns it where it
 * swings or runs off. Its steps are kept short while they do not bring the group nearer to a fixed point: how near is told
 * by the derivatives of the problem at the group of the E-step (the merit), which vanish there; the evidence cannot tell,
 * because it is not highest there. A group much further away is left again. Where nothing helps, EM's own steps are taken
 * for a while: accelerated at first, plain when that has failed, too. */
#ifndef EMLIB_ACCELERATE_H
#define EMLIB_ACCELERATE_H
#include "anderson.h"

typedef struct em_accelerator {
    em_effects_work work;
    em_anderson history;
    em_group_values good;     /* the last group that was not left again, ... */
    double lml, merit, change; /* its evidence and merit, and how far G moved it */
    double least;             /* merit, since the start or the last rescue */
    int since_least;          /* groups since it was last halved */
    double radius;            /* of a step */
    double part_way;          /* of the way to G that is gone */
    int refused;              /* groups in a row */
    int em_steps;             /* that are still to be EM's own */
    int rescues;              /* how often EM's own steps had to help */
} em_accelerator;

em_code em_accelerator_new(const em_estep *estep, em_accelerator *accelerator, em_error *error) EM_MUST_CHECK;
void em_accelerator_free(em_accelerator *accelerator);
/* Forgets the way so far: maxima have changed. */
void em_accelerator_start(em_accelerator *accelerator);

/* What an E-step has brought. */
typedef struct em_evidence {
    double used, log_marginal_likelihood; /* subjects, sum over them */
    bool moved;                           /* more than a few subjects have changed to other maxima */
} em_evidence;
typedef struct em_proposal {
    em_group_values next;
    double change;   /* how far G moves the group, in units of em_effects_metric */
    double distance; /* of the E-step's group from the fixed point, as --tol measures it; INFINITY: cannot tell */
    bool left;       /* the E-step's group is left again: *group is another one now, and its E-step put back */
    bool unbounded[EM_MAX_PARAMETERS]; /* the data want this mean at infinity; it is held where the likelihood is flat */
} em_proposal;
/* The group for the next E-step, from the one that ran under *group. `stay`: this group is not to be left. Collective; the
 * same on every rank. */
em_code em_accelerator_step(em_accelerator *accelerator, em_comm *comm, const em_plan *plan, em_estep *estep,
                            const em_evidence *evidence, bool stay, em_group_values *group, em_proposal *proposal,
                            em_error *error) EM_MUST_CHECK;
#endif
