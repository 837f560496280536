/* emlib manual: manual pages, made from the tables that --help is made from. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "describe.h"
#include "print.h"

enum { LINE = 70 }; /* bytes of a source line, after which it is broken */

typedef struct manual_options {
    char name[100]; /* of the command, "" for the program */
    const char *folder;
    bool force;
} manual_options;

static error_t parse(int key, char *text, struct argp_state *state)
{
    manual_options *o = state->input;
    const size_t n = strlen(o->name);
    switch (key) {
    case 'd': o->folder = text; return 0;
    case 'f': o->force = true; return 0;
    case ARGP_KEY_ARG: snprintf(o->name + n, sizeof o->name - n, "%s%s", n ? " " : "", text); return 0;
    case ARGP_KEY_END:
        if (o->folder && *o->name)
            cmd_misuse(state, "--folder takes the pages of all commands; '%s' is too much", o->name);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"folder", 'd', "FOLDER", 0, "write all pages into this folder, which exists: emlib.1, emlib-fit.1 and so on", 0},
    {"force", 'f', NULL, 0, "replace pages that are there", 0},
    {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "[COMMAND]",
    .doc = "Prints the manual page of a command, or of the program, as its source for man.\v"
           "The date of a page is that of the environment variable SOURCE_DATE_EPOCH, seconds since 1970, or today.\n\n"
           "Example:\n\n  emlib manual fit | man -l -\n  emlib manual model build | man -l -\n  mkdir pages && emlib "
           "manual --folder pages",
};

/* ---- text, as troff wants it ------------------------------------------------------------------------------------- */

static void put_byte(FILE *to, char c)
{
    switch (c) {
    case '\\': fputs("\\e", to); break;
    case '-': fputs("\\-", to); break;
    case '\'': fputs("\\(aq", to); break;
    case '`': fputs("\\(ga", to); break;
    case '^': fputs("\\(ha", to); break;
    case '~': fputs("\\(ti", to); break;
    default: putc(c, to);
    }
}

static void put_bytes(FILE *to, const char *text, size_t n)
{
    if (n && *text == '.')
        fputs("\\&", to); /* no command of troff */
    for (size_t i = 0; i < n; i++)
        put_byte(to, text[i]);
}

static void put(FILE *to, const char *text) { put_bytes(to, text, strlen(text)); }

/* Words from text to end, filled into lines; a sentence begins a line. */
static void put_prose(FILE *to, const char *text, const char *end)
{
    size_t at = 0;
    bool ended = false; /* a sentence */
    while (text < end) {
        text += strspn(text, " \n");
        if (text >= end)
            break;
        const size_t n = strcspn(text, " \n\v");
        const bool newline = at && (at + 1 + n > LINE || (ended && isupper((unsigned char)*text)));
        if (at)
            putc(newline ? '\n' : ' ', to);
        put_bytes(to, text, n);
        at = newline || !at ? n : at + 1 + n;
        ended = n > 1 && strchr(".?!:", text[n - 1]);
        text += n;
    }
    if (at)
        putc('\n', to);
}

/* Lines that are indented stand as they are. */
static void put_literal(FILE *to, const char *text, const char *end)
{
    fputs(".RS 4\n.nf\n", to);
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        text += strncmp(text, "  ", 2) == 0 ? 2 : 0; /* the indentation of the help */
        put_bytes(to, text, (size_t)(stop - text));
        putc('\n', to);
        text = stop + 1;
    }
    fputs(".fi\n.RE\n", to);
}

/* Where the paragraph ends: at an empty line or the text's end. */
static const char *end_of_paragraph(const char *text)
{
    const char *end = strstr(text, "\n\n");
    return end ? end : text + strlen(text);
}

/* In the texts of argp a new line is one; in those of groups, which are printed as they are, it is not. */
static void put_paragraph(FILE *to, const char *text, const char *end, bool lines)
{
    if (*text == ' ') {
        put_literal(to, text, end);
        return;
    }
    for (const char *line = text; line < end;) {
        const char *stop = lines ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        stop = stop ? stop : end;
        if (line > text)
            fputs(".br\n", to);
        put_prose(to, line, stop);
        line = stop + 1;
    }
}

/* Paragraphs from text to end. */
static void put_paragraphs(FILE *to, const char *text, const char *end, bool first, bool lines)
{
    while (text < end) {
        const char *stop = end_of_paragraph(text);
        stop = stop < end ? stop : end;
        if (!first)
            fputs(".PP\n", to);
        put_paragraph(to, text, stop, lines);
        first = false;
        text = stop + strspn(stop, "\n");
    }
}

/* ---- a page ------------------------------------------------------------------------------------------------------ */

typedef struct page_name {
    char text[120];
} page_name;

/* emlib, emlib-fit, emlib-model-build */
static page_name name_of(const char *command)
{
    page_name name;
    snprintf(name.text, sizeof name.text, "emlib%s%s", *command ? "-" : "", command);
    for (char *c = name.text; *c; c++)
        *c = *c == ' ' ? '-' : *c;
    return name;
}

static void put_head(FILE *to, const command_text *text)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    const time_t seconds = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
    const page_name name = name_of(text->name);
    struct tm day;
    char date[32] = "", title[sizeof name.text] = "";
    if (gmtime_r(&seconds, &day))
        strftime(date, sizeof date, "%Y-%m-%d", &day);
    for (size_t i = 0; i < sizeof title; i++)
        title[i] = (char)toupper((unsigned char)name.text[i]);
    fprintf(to, ".\\\" Made by 'emlib manual' from the help texts.\n.TH %s 1 %s \"emlib %s\" emlib\n.SH NAME\n", title,
            date, EMLIB_VERSION);
    put(to, name.text);
    fputs(" \\- ", to);
    put(to, text->about);
    fprintf(to, "\n.SH SYNOPSIS\n.B emlib%s%s\n", *text->name ? " " : "", text->name);
    if (text->group)
        fputs("COMMAND ", to);
    fputs("[\\fIOPTION\\fR...]", to);
    if (text->argp && text->argp->args_doc && *text->argp->args_doc) {
        putc(' ', to);
        put(to, text->argp->args_doc);
    }
    putc('\n', to);
}

/* The examples of a text: from the paragraph that begins with the word to the last one of indented lines. */
static void find_examples(const char *text, const char **begin, const char **end)
{
    *begin = *end = text + strlen(text);
    for (const char *p = text; *p; p = end_of_paragraph(p), p += strspn(p, "\n")) {
        if (**begin == '\0' && strncmp(p, "Example", 7) == 0)
            *begin = p;
        if (**begin && *p == ' ')
            *end = end_of_paragraph(p);
    }
}

static void put_option(FILE *to, const struct argp_option *o)
{
    if (!o->name) {
        fputs(".SS ", to);
        put(to, o->doc);
        putc('\n', to);
        return;
    }
    fputs(".TP\n", to);
    if (o->key > ' ' && o->key < 127)
        fprintf(to, "\\fB\\-%c\\fR, ", o->key);
    fputs("\\fB\\-\\-", to);
    put(to, o->name);
    fputs("\\fR", to);
    if (o->arg) {
        fputs("=\\fI", to);
        put(to, o->arg);
        fputs("\\fR", to);
    }
    putc('\n', to);
    if (o->doc)
        put_prose(to, o->doc, o->doc + strlen(o->doc));
}

static void put_options(FILE *to, const struct argp *of)
{
    static const struct argp_option help = {"help", '?', NULL, 0, "give a help list", 0};
    fputs(".SH OPTIONS\n", to);
    for (const struct argp_option *o = of->options; o && (o->name || o->key || o->doc); o++)
        if (!(o->flags & OPTION_HIDDEN))
            put_option(to, o);
    put_option(to, &help);
}

static void put_commands(FILE *to, const command_group *group)
{
    fputs(".SH COMMANDS\n", to);
    for (int i = 0; i < group->n; i++) {
        char command[64];
        snprintf(command, sizeof command, "%s%s%s", group->name, *group->name ? " " : "", group->command[i].name);
        fputs(".TP\n\\fB", to);
        put(to, name_of(command).text);
        fputs("\\fR(1)\n", to);
        put_prose(to, group->command[i].about, group->command[i].about + strlen(group->command[i].about));
    }
}

static void put_statuses(FILE *to)
{
#define PAIR(name, value, text) {value, text},
    static const struct {
        int value;
        const char *text;
    } status[] = {EM_CODES(PAIR)};
#undef PAIR
    fputs(".SH EXIT STATUS\n", to);
    for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
        fprintf(to, ".TP\n%d\n", status[i].value);
        put_prose(to, status[i].text, status[i].text + strlen(status[i].text));
    }
}

static void put_page(FILE *to, const command_text *text)
{
    const char *doc = text->argp ? text->argp->doc : text->group->doc, *before_end = doc + strcspn(doc, "\v");
    const char *after = *before_end ? before_end + 1 : before_end, *begin, *end;
    const bool lines = text->argp != NULL;
    find_examples(after, &begin, &end);
    put_head(to, text);
    fputs(".SH DESCRIPTION\n", to);
    put_paragraphs(to, doc, before_end, true, lines);
    put_paragraphs(to, after, begin, false, lines);
    if (*begin)
        put_paragraphs(to, end + strspn(end, "\n"), after + strlen(after), false, lines);
    if (text->group)
        put_commands(to, text->group);
    else
        put_options(to, text->argp);
    if (*begin) {
        fputs(".SH EXAMPLES\n", to);
        put_paragraphs(to, begin, end, true, lines);
    }
    put_statuses(to);
    if (*text->name)
        fputs(".SH SEE ALSO\n.BR emlib (1)\n", to);
}

/* ---- which pages ------------------------------------------------------------------------------------------------- */

typedef struct pages {
    const manual_options *options;
    bool found;
    em_code code;
    em_error error;
} pages;

static void one_page(void *where, const command_text *text)
{
    pages *p = where;
    if (strcmp(text->name, p->options->name) != 0)
        return;
    p->found = true;
    put_page(stdout, text);
}

static em_code write_page(const void *text, FILE *to, em_error *error)
{
    (void)error;
    put_page(to, text);
    return EM_OK;
}

static void page_into_folder(void *where, const command_text *text)
{
    pages *p = where;
    char path[4300];
    snprintf(path, sizeof path, "%s/%s.1", p->options->folder, name_of(text->name).text);
    if (p->code == EM_OK)
        p->code = print_file(path, p->options->force, write_page, text, &p->error);
}

int cmd_manual(int argc, char **argv)
{
    manual_options o = {0};
    pages p = {.options = &o};
    int status = cmd_parse(&argp, argc, argv, &o);
    if (status)
        return status;
    describe_all(&describe_program, o.folder ? page_into_folder : one_page, &p);
    if (!o.folder && !p.found)
        p.code = em_fail(&p.error, EM_INPUT_ERROR, "there is no command '%s'; 'emlib --help' lists them", o.name);
    return p.code ? cmd_fail("manual", &p.error) : cmd_finish("manual", 0);
}
