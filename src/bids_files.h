/* The files of one task in a folder that is arranged as BIDS has it: DIR/sub-LABEL/[ses-LABEL/]DATATYPE/NAME. */
#ifndef EMLIB_BIDS_FILES_H
#define EMLIB_BIDS_FILES_H
#include "bids_name.h"
#include "texts.h"

typedef struct em_bids_file {
    char *path; /* owned; begins with the folder as the user named it */
    em_bids_name name;
    int place; /* of its session among those asked for; 0 where none were */
} em_bids_file;

/* Starts zeroed. */
typedef struct em_bids_files {
    em_bids_file *file; /* [n] by subject, session, acquisition, run */
    size_t n, room;
} em_bids_files;

/* Finds the files. Refuses, by name, what would be left out or counted twice without anybody noticing: names that do
 * not belong to their folder, the same run twice, labels asked for that no file has. Says which subjects have no file.
 * em_bids_files_clear also after a failure. */
em_code em_bids_find(const char *folder, const em_bids_options *options, const em_log *log, em_bids_files *files,
                     em_error *error) EM_MUST_CHECK;
/* The names in a folder, but for hidden ones, in order; `names` is empty before, and to be cleared. */
em_code em_bids_list(const char *path, em_texts *names, em_error *error) EM_MUST_CHECK;
void em_bids_files_clear(em_bids_files *files);
#endif
