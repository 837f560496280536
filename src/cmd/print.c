#define _GNU_SOURCE
#include "print.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"

/* ---- tables ---------------------------------------------------------------------------------------------------- */

void print_cell(print_table *table, const char *format, ...)
{
    if (table->n == table->room) {
        size_t room = 2 * table->room + 64;
        char **cell = reallocarray(table->cell, room, sizeof *cell);
        if (!cell) {
            table->failed = true;
            return;
        }
        table->cell = cell;
        table->room = room;
    }
    char *text = NULL;
    va_list list;
    va_start(list, format);
    const int length = vasprintf(&text, format, list);
    va_end(list);
    if (length >= 0)
        table->cell[table->n++] = text;
    else
        table->failed = true;
}

void print_cell_number(print_table *table, double value)
{
    print_cell(table, "%s", print_short(value).text);
}

/* Characters, not bytes: ids and file names are UTF-8. */
static int width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n;
}

static void print_row(const print_table *table, char *const *cell, const int *widest, int indent)
{
    int columns = (int)strlen(table->align), space = indent;
    for (int k = 0; k < columns; k++) {
        int rest = widest[k] - width(cell[k]);
        if (table->align[k] == 'r')
            space += rest;
        if (*cell[k]) {
            printf("%*s%s", space, "", cell[k]);
            space = 0;
        } else
            space += width(cell[k]);
        space += (table->align[k] == 'r' ? 0 : rest) + 2;
    }
    putchar('\n');
}

bool print_end(print_table *table, int indent)
{
    int columns = (int)strlen(table->align), widest[64] = {0};
    for (size_t i = 0; i < table->n; i++)
        if (width(table->cell[i]) > widest[i % (size_t)columns])
            widest[i % (size_t)columns] = width(table->cell[i]);
    for (size_t i = 0; i + (size_t)columns <= table->n && !table->failed; i += (size_t)columns)
        print_row(table, table->cell + i, widest, indent);
    for (size_t i = 0; i < table->n; i++)
        free(table->cell[i]);
    free(table->cell);
    bool good = !table->failed;
    *table = (print_table){.align = table->align};
    return good;
}

print_number print_short(double value)
{
    print_number number;
    double size = fabs(value);
    if (isnan(value))
        snprintf(number.text, sizeof number.text, "-");
    else
        snprintf(number.text, sizeof number.text, size == 0 || (size >= 0.001 && size < 1e7) ? "%.4f" : "%.3e", value);
    return number;
}

print_number print_exact(double value)
{
    print_number number;
    if (isnan(value))
        snprintf(number.text, sizeof number.text, "NA");
    else if (isinf(value))
        snprintf(number.text, sizeof number.text, value > 0 ? "Inf" : "-Inf");
    else
        snprintf(number.text, sizeof number.text, "%.17g", value);
    return number;
}

em_group print_asked_group(const em_fit *fit)
{
    json_t *asked = json_loads(fit->options, 0, NULL);
    const char *text = json_string_value(json_object_get(asked, "group"));
    em_group group = text && strcmp(text, "none") == 0    ? EM_GROUP_NONE
                     : text && strcmp(text, "fixed") == 0 ? EM_GROUP_FIXED
                                                          : EM_GROUP_ESTIMATE;
    json_decref(asked);
    return group;
}

void print_group_notes(FILE *to, const char *before, const em_fit *fit)
{
    for (int j = 0; j < fit->n_parameters; j++) {
        if (fit->group_status[j] == EM_GROUP_VANISHED)
            fprintf(to, "%s%s: the same for everyone; its variance vanished\n", before, fit->parameter[j]);
        if (fit->unbounded[j])
            fprintf(to, "%s%s: the data want its mean at infinity, the end of its natural range; it is held at %s, where the "
                    "likelihood is flat\n", before, fit->parameter[j], print_short(fit->mu[j]).text);
    }
}

/* ---- CSV ------------------------------------------------------------------------------------------------------- */

void print_csv_text(FILE *to, const char *text)
{
    /* a text that reads like a missing value, or like nothing, is told from one by its quotes */
    if (*text && !strpbrk(text, "\",\r\n") && *text != ' ' && text[strlen(text) - 1] != ' ' &&
        strcmp(text, "NA") != 0) {
        fputs(text, to);
        return;
    }
    putc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

void print_csv_number(FILE *to, double value)
{
    fputs(print_exact(value).text, to);
}

em_code print_file(const char *path, bool force, em_code (*write)(const void *where, FILE *to, em_error *error), const void *where,
                   em_error *error)
{
    em_output output = {.fd = -1};
    FILE *to = NULL;
    em_code code = em_output_open(&output, path, force, error);
    if (code)
        goto done;
    int copy = dup(output.fd);
    if (copy < 0 || !(to = fdopen(copy, "w"))) {
        if (copy >= 0)
            close(copy);
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", path, strerror(errno));
        goto done;
    }
    code = write(where, to, error);
    bool failed = ferror(to);
    if ((fclose(to) != 0 || failed) && !code)
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", path, strerror(errno));
    if (!code)
        code = em_output_publish(&output, error);
done:
    em_output_close(&output);
    return code;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

json_t *print_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *print_json_numbers(const double *value, int n)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, print_json_number(value[i]));
    return all;
}

json_t *print_json_text(const char *text)
{
    json_t *json = json_string(text);
    char *ascii = json ? NULL : strdup(text);
    for (char *p = ascii; p && *p; p++)
        if (*p & 0x80)
            *p = '?';
    if (ascii)
        json = json_string(ascii);
    free(ascii);
    return json;
}

json_t *print_json_texts(char *const *text, int n)
{
    json_t *all = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(all, print_json_text(text[i]));
    return all;
}

int print_json(const char *command, json_t *all)
{
    char *text = all ? json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(all);
    if (!text) {
        em_error error;
        (void)em_fail(&error, EM_MACHINE, "out of memory");
        return cmd_fail(command, &error);
    }
    puts(text);
    free(text);
    return cmd_finish(command, 0);
}
