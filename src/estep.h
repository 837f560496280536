/* The E-step over this rank's subjects: everybody's MAP, Hessian and evidence under the current group. No MPI, no HDF5. */
#ifndef EMLIB_ESTEP_H
#define EMLIB_ESTEP_H
#include "batch.h"
#include "group.h"

/* What the E-step says of one subject, beside its mode. */
typedef struct em_posterior {
    uint8_t status;        /* em_subject_status */
    bool used;             /* enters the M-step: finite, Hessian positive definite */
    bool moved;            /* this E-step left the maximum of the last one for another */
    int32_t modes;         /* different maxima met, the most in one E-step */
    double log_likelihood, log_posterior, log_marginal_likelihood; /* at the MAP; with the prior; Laplace (NaN without a prior) */
} em_posterior;

typedef struct em_estep {
    int n, lanes;             /* P of the fit */
    size_t n_groups;          /* this rank's */
    const em_group_data *groups; /* [n_groups] borrowed */
    const em_group_design *design; /* borrowed */
    const em_view *view;      /* borrowed */
    em_score_fn *score;       /* value, gradient and Hessian */
    double *weight;           /* [n_groups, lanes] of each subject in all sums: 1, but where subjects are resampled or left out */
    double *store;            /* of the modes */
    em_mode *mode;            /* [n_groups] warm start of the next E-step */
    em_posterior *posterior;  /* [n_groups, lanes] */
    double *variance;         /* [n_groups, P, lanes] diagonal of the inverse Hessian */
    double *saved;            /* see em_estep_save: a copy of store, ... */
    em_posterior *saved_posterior;
    double *work;             /* scratch mode of the search from many points */
    em_search *search;
    double *points;           /* [n_points, P] where searches begin, in standard deviations from the mean */
    int n_points;
    int used;                 /* the point that the next search begins with; they take turns */
    double evaluations;       /* subject-evaluations so far */
    bool *done;               /* [n_groups] whose part of the E-step under way is made */
    bool (*pause)(void *where); /* see em_estep_advance; NULL: never */
    void *pause_where;
} em_estep;

/* starts: points that searches can begin from, the group mean among them. */
em_code em_estep_new(const em_view *view, const em_group_design *design, const em_kernel *kernel, int options,
                     const em_group_data *groups, size_t n_groups, int starts, uint64_t seed, em_estep *estep,
                     em_error *error) EM_MUST_CHECK;
void em_estep_free(em_estep *estep);
typedef enum em_estep_kind {
    EM_WIDE,  /* from the group mean and so many points; the first E-step must be this, or EM_GIVEN */
    EM_WARM,  /* from where the last E-step ended */
    EM_LOOK,  /* from all of these: has somebody a higher maximum under the group as it is now? */
    EM_DOUBT, /* a look for those who have had several maxima, warm for the others */
    EM_GIVEN  /* from x of the modes, of which nothing else is known yet; may be the first E-step, too */
} em_estep_kind;
/* One E-step under this group, or without any prior, up to `tolerance` in sqrt(g' H^-1 g). points: from how many of the list searches
 * begin, where they do. Subjects of weight 0 rest, and keep what is known of them. */
void em_estep_run(em_estep *estep, const em_group_values *group, bool none, em_estep_kind kind, int points, double tolerance);
/* The same in parts: em_estep_advance makes what is left of the E-step, but ends before a group where e->pause
 * returns true. A group that is done stands in e->done. When all of them are, on all ranks, em_estep_complete. */
void em_estep_advance(em_estep *estep, const em_group_values *group, bool none, em_estep_kind kind, int points, double tolerance);
void em_estep_complete(em_estep *estep, em_estep_kind kind, int points);
/* Before EM_GIVEN: everybody's x from map [S,P], by the plan's number of a subject; the group's mean where that has none or nothing
 * varies. modes [S]: as em_posterior has them. */
void em_estep_give(em_estep *estep, const em_group_values *group, const double *map, const int32_t *modes);
/* What is to be evaluated for group g of this rank. */
em_target em_estep_target(const em_estep *estep, size_t g);
/* Keeps everybody's mode and what follows from it, and puts it back. */
void em_estep_save(em_estep *estep);
void em_estep_restore(em_estep *estep);
#endif
