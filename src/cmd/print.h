/* Tables for people, CSV and JSON, the same in every command. */
#ifndef EMLIB_PRINT_H
#define EMLIB_PRINT_H
#include <jansson.h>

#include "cmd.h"

/* ---- tables with aligned columns ---- */

/* Starts zeroed but for `align`: one letter a column, 'l' or 'r'. */
typedef struct print_table {
    const char *align;
    char **cell; /* [n] row by row */
    size_t n, room;
    bool failed; /* out of memory: nothing will be printed */
} print_table;

/* The next cell, from left to right and top to bottom. */
void print_cell(print_table *table, const char *format, ...) EM_PRINTF(2, 3);
/* A number as people like to read it: four decimals, or an exponent where those would not do; "-" for NaN. */
void print_cell_number(print_table *table, double value);
/* Prints each row after `indent` spaces, frees the cells. False where memory was lacking. */
bool print_end(print_table *table, int indent);

/* What is to be known of a fit's group beside its numbers: a line for each parameter that is the same for everyone, and for
 * means that run off to infinity. */
void print_group_notes(FILE *to, const char *before, const em_fit *fit);

/* What --group was when the fit was made. */
em_group print_asked_group(const em_fit *fit);

typedef struct print_number {
    char text[32];
} print_number;
print_number print_short(double value);
print_number print_exact(double value); /* 17 significant digits, NA for NaN */

/* ---- CSV ---- */

/* A field as RFC 4180 has it: in quotes where it must be. */
void print_csv_text(FILE *to, const char *text);
void print_csv_number(FILE *to, double value);

/* A new file that appears whole or not at all; `write` writes it. */
em_code print_file(const char *path, bool force, em_code (*write)(const void *where, FILE *to, em_error *error), const void *where,
                   em_error *error) EM_MUST_CHECK;

/* ---- JSON ---- */

json_t *print_json_number(double value);                /* null for NaN and infinity */
json_t *print_json_numbers(const double *value, int n); /* array of those */
json_t *print_json_text(const char *text);              /* never NULL for text in a wrong encoding */
json_t *print_json_texts(char *const *text, int n);
/* Prints and frees `all`; ends the command: returns its exit status. NULL means memory was lacking. */
int print_json(const char *command, json_t *all);
#endif
