/* Names of files as BIDS has them: sub-01_ses-2_task-bandit_run-1_beh.tsv, entities with their labels and a suffix.
 * (Brain Imaging Data Structure 1.10, common principles: entities, file name structure.) */
#ifndef EMLIB_BIDS_NAME_H
#define EMLIB_BIDS_NAME_H
#include "emlib/emlib.h"

enum { EM_BIDS_ENTITIES = 16 };

/* May be copied. */
typedef struct em_bids_name {
    char text[256];                                               /* cut in parts, each with its NUL */
    unsigned char key[EM_BIDS_ENTITIES], value[EM_BIDS_ENTITIES]; /* where they begin in `text` */
    int n;
    unsigned char suffix, extension; /* likewise; the extension without its dot */
} em_bids_name;

/* False where the name is not made so: EM_BIDS_ENTITIES at most, none twice. */
bool em_bids_name_read(const char *text, em_bids_name *name);
/* The label or index of an entity, NULL where the name has none. */
const char *em_bids_value(const em_bids_name *name, const char *key);
/* Letters, digits and '+', and no text that stands for a missing value. */
bool em_bids_is_label(const char *text);
/* Digits alone. */
bool em_bids_is_index(const char *text);
/* Order in which people count: run-2 before run-10. 0 for the same text alone. */
int em_bids_compare(const char *a, const char *b);
/* Compares indices as numbers: 1 and 01 are the same; NULL comes first. */
int em_bids_compare_index(const char *a, const char *b);
#endif
