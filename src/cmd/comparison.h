/* What `emlib compare` compares, computed before anything is printed. */
#ifndef EMLIB_COMPARISON_H
#define EMLIB_COMPARISON_H
#include "cmd.h"

/* A family of fits as --family names it. */
typedef struct comparison_family {
    const char *name;
    size_t name_length;
    const char *files; /* with commas between */
} comparison_family;

typedef struct comparison_options {
    const char **file;         /* [n] */
    comparison_family *family; /* [n_families] */
    const char *groups;        /* TABLE or TABLE:COLUMN, or NULL */
    const char *subject;       /* the table's column of ids */
    double prior_count;        /* of a model; with families also of a family */
    int n, n_families;
    bool json, csv;
} comparison_options;

/* Two groups of the subjects that are compared. Starts zeroed. */
typedef struct comparison_groups {
    char *table, *column;
    char *value[2];  /* as texts, ascending */
    int *group;      /* [subjects of the evidence] 0, 1; -1: none in the table */
    size_t *without; /* [n_without] positions in the fits of the subjects without a group */
    size_t n_without;
    em_group_selection *selection;
} comparison_groups;

/* Starts zeroed; comparison_free gives everything back. */
typedef struct comparison {
    const comparison_options *options;
    em_fit **fit;       /* [n] */
    int *order;         /* [n] best first, then those without evidence, then those of other data */
    double *difference; /* [n] of BIC_int to the best */
    double *weight;     /* [n] */
    bool *other;        /* [n] of other data than the first */
    int n;
    /* random effects, over the first n_compared fits of `order`; the pointers are NULL where nothing can be compared */
    int n_compared;
    em_evidence_table *evidence;
    em_selection *effects;
    size_t *best_for;    /* [n_compared] subjects whose evidence is highest there; a tie counts for each */
    const char *why_not; /* why there are no random effects, or NULL */
    int *family;         /* [n_compared] family of each, or NULL */
    em_selection *families;
    comparison_groups groups;
} comparison;

em_code comparison_make(comparison *c, const comparison_options *options, em_error *error) EM_MUST_CHECK;
void comparison_free(comparison *c);
/* Position in `fit` of the k-th best. */
static inline int comparison_at(const comparison *c, int k) { return c->order[k]; }
/* Checks that every fit is in one family, and that families name fits that are there. */
em_code comparison_check_families(const comparison_options *options, em_error *error) EM_MUST_CHECK;
/* Reads the groups of these subjects and compares them. */
em_code comparison_make_groups(comparison *c, em_error *error) EM_MUST_CHECK;

/* A few words on a fit for the table: what should be known before it is believed. */
void comparison_note(const comparison *c, int i, char text[160]);
size_t comparison_flagged(const em_fit *fit);
/* The first ten of these subjects (positions in the fits) for a message. */
enum { COMPARISON_LISTED = 700 };
void comparison_list(const comparison *c, const size_t *subject, size_t n, char text[COMPARISON_LISTED]);

/* The whole answer on stdout, each in its form; the exit status. */
int comparison_print(const comparison *c);
int comparison_print_json(const comparison *c);
int comparison_print_csv(const comparison *c);
#endif
