/* What JSON files beside the tables of a BIDS dataset say of columns: the texts that a column may have (Levels). */
#ifndef EMLIB_BIDS_LEVELS_H
#define EMLIB_BIDS_LEVELS_H
#include "bids_files.h"

struct json_t;
/* All that JSON files say of this table. They may stand beside it or in the folders above, up to `folder`, with all or
 * some of its entities in their names; what stands nearer holds (BIDS, inheritance principle). *about is to be freed
 * with json_decref. A file that is no JSON is refused. */
em_code em_bids_describe(const char *folder, const em_bids_file *file, struct json_t **about,
                         em_error *error) EM_MUST_CHECK;
/* The same of one JSON file; *about is empty where there is none. */
em_code em_bids_describe_from(const char *path, struct json_t **about, em_error *error) EM_MUST_CHECK;
/* The levels of a column in their order, none where nothing is said of them. `order` is empty before. */
em_code em_bids_levels(const struct json_t *about, const char *column, em_texts *order, em_error *error) EM_MUST_CHECK;
#endif
