#define _GNU_SOURCE
#include "model_build.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../output.h"
#include "compiler.h"
#include "kernel_flags.h"

/* ---- where things are -------------------------------------------------------------------------------------------- */

enum { FOLDER = 64 };
typedef struct build {
    const char *source;
    char whole[PATH_MAX];   /* the source's path from the root */
    char include[PATH_MAX]; /* folder of emlib's headers */
    char folder[FOLDER];    /* temporary */
    const char *compiler;
} build;

/* The headers are where `cmake --install` puts them beside this program or, in a build folder, in the source. */
static em_code find_headers(char include[PATH_MAX], em_error *error)
{
    char program[PATH_MAX] = "", header[PATH_MAX + 32], beside[2 * PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    snprintf(beside, sizeof beside, "%s/%s", n > 0 ? dirname(program) : ".", EMLIB_INCLUDE_FROM_PROGRAM);
    const char *const place[] = {beside, EMLIB_SOURCE_INCLUDE};
    for (int i = 0; i < 2; i++)
        if (realpath(place[i], include)) {
            snprintf(header, sizeof header, "%s/emlib/kernel.h", include);
            if (access(header, R_OK) == 0)
                return EM_OK;
        }
    return em_fail(error, EM_MACHINE, "emlib's headers are not there: looked for emlib/kernel.h in %s and %s; install emlib again",
                   beside, EMLIB_SOURCE_INCLUDE);
}

static em_code open_build(build *b, const char *source, em_error *error)
{
    struct stat info;
    *b = (build){.source = source};
    if (stat(source, &info) != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: no such file; 'emlib model new NAME' writes one to begin with", source);
    if (!S_ISREG(info.st_mode) || strlen(source) < 3 || strcmp(source + strlen(source) - 2, ".c") != 0)
        return em_fail(error, EM_INPUT_ERROR, "%s: is not a C source file, NAME.c", source);
    if (!realpath(source, b->whole) || strpbrk(b->whole, "\"\\\n"))
        return em_fail(error, EM_INPUT_ERROR, "%s: its path must not have quotes, backslashes or line breaks in it", source);
    em_code code = find_headers(b->include, error);
    if (code == EM_OK)
        code = compiler_find(&b->compiler, error);
    if (code != EM_OK)
        return code;
    const char *tmp = getenv("TMPDIR");
    if (!tmp || !*tmp || strlen(tmp) > FOLDER - 20 || access(tmp, W_OK) != 0)
        tmp = "/tmp";
    snprintf(b->folder, sizeof b->folder, "%s/emlib-XXXXXX", tmp);
    if (!mkdtemp(b->folder)) {
        b->folder[0] = '\0';
        return em_fail(error, EM_MACHINE, "%s: cannot make a temporary folder there: %s", tmp, strerror(errno));
    }
    return EM_OK;
}

/* ---- what is compiled ------------------------------------------------------------------------------------------- */

/* For each instruction set two kernels: for any number of options and for two. Then the description, with drawing and latent
 * variables. */
enum { N_ISAS = sizeof kernel_isas / sizeof *kernel_isas, N_OBJECTS = 2 * N_ISAS + 1 };
typedef struct paths {
    char driver[FOLDER + 16], library[FOLDER + 16], object[N_OBJECTS][FOLDER + 16], said[N_OBJECTS][FOLDER + 16];
} paths;

static void name_paths(const build *b, paths *p)
{
    snprintf(p->driver, sizeof p->driver, "%s/model.c", b->folder);
    snprintf(p->library, sizeof p->library, "%s/model.so", b->folder);
    for (int i = 0; i < N_OBJECTS; i++) {
        snprintf(p->object[i], sizeof p->object[i], "%s/%d.o", b->folder, i);
        snprintf(p->said[i], sizeof p->said[i], "%s/%d.txt", b->folder, i);
    }
}

static em_code write_driver(const build *b, const paths *p, em_error *error)
{
    FILE *to = fopen(p->driver, "w");
    int good = to && fprintf(to, "#include \"%s\"\n#include \"emlib/kernel.h\"\n", b->whole) > 0;
    if (to)
        good = fclose(to) == 0 && good;
    return good ? EM_OK : em_fail(error, EM_MACHINE, "%s: cannot write: %s", p->driver, strerror(errno));
}

static compiler_job job_of(const build *b, const char *said)
{
    compiler_job job = {.said = said};
    const char *const words[] = {b->compiler, "-std=gnu17", "-I", b->include, NULL};
    compiler_add_all(&job, words);
    return job;
}

/* The compiler's arguments for object i but for what tells kernels apart. */
static compiler_job compile_job(const build *b, const paths *p, int i, const char *const *flags)
{
    compiler_job job = job_of(b, p->said[i]);
    const char *const words[] = {"-w", "-fPIC", "-fvisibility=hidden", "-DEM_ALONE", "-DEM_NAME=own", "-c", p->driver, "-o",
                                 p->object[i], NULL};
    compiler_add_all(&job, flags);
    compiler_add_all(&job, words);
    return job;
}

static em_code compile_all(const build *b, const paths *p, int *failed, em_error *error)
{
    compiler_job jobs[N_OBJECTS];
    for (int i = 0; i < N_OBJECTS - 1; i++) {
        jobs[i] = compile_job(b, p, i, kernel_flags);
        compiler_add_all(&jobs[i], kernel_isas[i / 2].words);
        if (i % 2)
            compiler_add(&jobs[i], "-DEM_TWO=1");
    }
    jobs[N_OBJECTS - 1] = compile_job(b, p, N_OBJECTS - 1, trace_flags);
    compiler_add(&jobs[N_OBJECTS - 1], "-DEM_TRACE=1");
    compiler_add(&jobs[N_OBJECTS - 1], "-DEM_DERIVATIVES=0");
    compiler_add(&jobs[N_OBJECTS - 1], KERNEL_ISAS);
    return compiler_run(jobs, N_OBJECTS, failed, error);
}

static em_code link_all(const build *b, const paths *p, int *failed, em_error *error)
{
    compiler_job job = job_of(b, p->said[0]);
    compiler_add(&job, "-shared");
    compiler_add(&job, "-o");
    compiler_add(&job, p->library);
    for (int i = 0; i < N_OBJECTS; i++)
        compiler_add(&job, p->object[i]);
    compiler_add(&job, access(SLEEF_FILE, R_OK) == 0 ? SLEEF_FILE : "-lsleef");
    compiler_add(&job, "-lm");
    return compiler_run(&job, 1, failed, error);
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

static const struct {
    const char *sign; /* in what the compiler says */
    const char *hint;
} hints[] = {
    {"invalid operands to binary", "numbers of a model are not C's: write add(a, b), sub(a, b), mul(a, b), div(a, b) for + - * /, and "
                                   "above(a, b), below(a, b), equals(a, b) for > < =="},
    {"wrong type argument to unary", "for -a write neg(a), for !t not_(t)"},
    {"invalid argument type", "for -a write neg(a), for !t not_(t)"},
    {"where scalar is required", "if and ?: do not work on a comparison of a model's numbers, which stand for several people at once: write "
                                 "select(above(a, b), x, y); both x and y are computed, one is kept"},
    {"where arithmetic or pointer type is required", "if and ?: do not work on a comparison of a model's numbers, which stand for several "
                                                     "people at once: write select(above(a, b), x, y)"},
    {"array subscript is not an integer", "a recorded code is not an index: write pick(q, c) for q[c], put(q, c, x) for q[c] = x"},
    {"EM_COL_", "a column that is observed, chosen or answered must stand in COLUMNS under that name"},
    {"EM_RESPONSE_OF_", "what is chosen or answered must be a column with the role `response`"},
    {"EM_LAT_", "what is reported must stand in LATENTS under that name"},
    {"EM_FACT_", "a fact must stand in FACTS under that name"},
    {"named 'em_", "STATE, START and TRIAL must stand between #include <emlib/model.h> and MODEL"},
    {"has no member named", "p->NAME must stand in PARAMETERS, s->NAME in STATE, d->NAME in COLUMNS"},
    {"incompatible types when", "`real` depends on parameters, `data` does not: as_real(a) makes the one of the other; a real never becomes data"},
    {"incompatible type for argument", "`real` depends on parameters, `data` does not: as_real(a) makes the one of the other; a real never "
                                       "becomes data"},
    {"conflicting types for", "a helper function that uses pick, put, fill or each on arrays of OPTIONS takes `em_run *em` first"},
    {"'em' undeclared", "a helper function that uses pick, put, fill, each, report or observe takes `em_run *em` first"},
    {"PARAMETERS", "PARAMETERS(parameter), COLUMNS(column) and, if there is, LATENTS(latent) stand before #include <emlib/model.h>; each "
                   "line of a list but the last ends with a backslash"},
    {"em_start", "a model without memory writes NO_STATE in place of STATE and START"},
    {"em_state", "a model without memory writes NO_STATE in place of STATE and START"},
    {"cannot find -lsleef", "the library SLEEF is needed for the link: apt-get install libsleef-dev"},
    {"No such file or directory", "an included file is not there"},
};

/* Whether the text has this sign in it; GCC's typographic quotes count as plain ones. */
static bool says(const char *text, const char *sign)
{
    for (; *text; text++) {
        const char *t = text, *s = sign;
        while (*s && *t) {
            if (*s == '\'' && (strncmp(t, "\xe2\x80\x98", 3) == 0 || strncmp(t, "\xe2\x80\x99", 3) == 0))
                t += 3;
            else if (*s == *t)
                t++;
            else
                break;
            s++;
        }
        if (!*s)
            return true;
    }
    return false;
}

static char *read_text(const char *path)
{
    char *text = NULL;
    FILE *from = fopen(path, "r");
    size_t room = 0;
    if (!from)
        return NULL;
    if (getdelim(&text, &room, '\0', from) < 0) {
        free(text);
        text = NULL;
    }
    fclose(from);
    return text;
}

static void tell(const char *said, bool with_hints)
{
    char *text = read_text(said);
    if (!text)
        return;
    fputs(text, stderr);
    const char *told = NULL; /* some signs share a hint */
    for (size_t i = 0; i < sizeof hints / sizeof *hints && with_hints; i++)
        if (says(text, hints[i].sign) && (!told || strcmp(told, hints[i].hint) != 0))
            fprintf(stderr, "hint: %s\n", told = hints[i].hint);
    free(text);
}

/* Whether the compiler knows an option. */
static em_code knows(const build *b, const paths *p, const char *option, bool *known, em_error *error)
{
    compiler_job job = job_of(b, p->said[0]);
    const char *const words[] = {option, "-fsyntax-only", "-x", "c", "/dev/null", NULL};
    int failed;
    compiler_add_all(&job, words);
    em_code code = compiler_run(&job, 1, &failed, error);
    *known = failed < 0;
    return code;
}

/* The user's file alone: so that what the compiler says is of its lines, under the name that the user gave. */
static em_code check_source(const build *b, const paths *p, em_error *error)
{
    compiler_job job = job_of(b, p->said[0]);
    const char *const words[] = {"-fsyntax-only", "-Wall", "-Wno-unused-function", "-fno-diagnostics-show-option", b->source, NULL};
    static const char no_macros[] = "-ftrack-macro-expansion=0"; /* GCC: no word on what stands behind sub(a, b) */
    bool gcc = false;
    int failed;
    em_code code = knows(b, p, no_macros, &gcc, error);
    compiler_add_all(&job, words);
    if (gcc)
        compiler_add(&job, no_macros);
    if (code == EM_OK)
        code = compiler_run(&job, 1, &failed, error);
    if (code != EM_OK)
        return code;
    tell(p->said[0], failed >= 0);
    return failed < 0 ? EM_OK : em_fail(error, EM_INPUT_ERROR, "%s: does not compile, see above; nothing is written", b->source);
}

/* What compiles by itself and then does not become a model: no MODEL, for instance, or a STATE of plain numbers. */
static em_code later_trouble(const build *b, const char *said, em_error *error)
{
    tell(said, true);
    return em_fail(error, EM_INPUT_ERROR, "%s: does not become a model, see above; nothing is written. It needs PARAMETERS, COLUMNS, "
                   "#include <emlib/model.h>, STATE and START (or NO_STATE), TRIAL, MODEL; STATE holds real and data only", b->source);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static em_code copy(const char *from, const char *output, em_error *error)
{
    em_output to = {.fd = -1};
    char buffer[65536];
    FILE *file = fopen(from, "rb");
    em_code code = file ? em_output_open(&to, output, true, error) : em_fail(error, EM_MACHINE, "%s: %s", from, strerror(errno));
    for (size_t n; code == EM_OK && (n = fread(buffer, 1, sizeof buffer, file)) > 0;)
        for (size_t done = 0; done < n && code == EM_OK;) {
            const ssize_t wrote = write(to.fd, buffer + done, n - done);
            if (wrote < 0 && errno != EINTR)
                code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", output, strerror(errno));
            done += wrote > 0 ? (size_t)wrote : 0;
        }
    if (code == EM_OK && fchmod(to.fd, 0755) != 0)
        code = em_fail(error, EM_MACHINE, "%s: cannot write: %s", output, strerror(errno));
    if (code == EM_OK)
        code = em_output_publish(&to, error);
    em_output_close(&to);
    if (file)
        fclose(file);
    return code;
}

static void close_build(const build *b, const paths *p)
{
    if (!b->folder[0])
        return;
    unlink(p->driver);
    unlink(p->library);
    for (int i = 0; i < N_OBJECTS; i++) {
        unlink(p->object[i]);
        unlink(p->said[i]);
    }
    rmdir(b->folder);
}

/* A shared object that is a model may be built again; anything else of that name is somebody's. */
static em_code may_replace(const char *output, bool force, em_error *error)
{
    char head[4] = "";
    FILE *old = force ? NULL : fopen(output, "rb");
    if (!old)
        return EM_OK;
    const bool object = fread(head, 1, 4, old) == 4 && memcmp(head, "\177ELF", 4) == 0;
    fclose(old);
    return object ? EM_OK : em_fail(error, EM_INPUT_ERROR, "%s exists and is not a compiled model; --force replaces it", output);
}

em_code model_build(const char *source, const char *output, bool force, em_error *error)
{
    build b;
    paths p;
    int failed = -1;
    em_code code = open_build(&b, source, error);
    name_paths(&b, &p);
    if (code == EM_OK)
        code = may_replace(output, force, error);
    if (code == EM_OK)
        code = check_source(&b, &p, error);
    if (code == EM_OK)
        code = write_driver(&b, &p, error);
    if (code == EM_OK)
        code = compile_all(&b, &p, &failed, error);
    if (code == EM_OK && failed >= 0)
        code = later_trouble(&b, p.said[failed], error);
    if (code == EM_OK)
        code = link_all(&b, &p, &failed, error);
    if (code == EM_OK && failed >= 0)
        code = later_trouble(&b, p.said[0], error);
    const em_model *model;
    if (code == EM_OK)
        code = em_model_get(p.library, &model, error);
    if (code == EM_OK)
        code = copy(p.library, output, error);
    close_build(&b, &p);
    return code;
}
