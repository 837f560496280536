#define _GNU_SOURCE
#include "scratch.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fit_options.h"

enum { MOST_WORDS = 64, MOST_GOOD = 8 };

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static char folder[] = "/dev/shm/emlib-fuzz-XXXXXX";
static struct {
    const char *name;
    uint8_t *content;
    size_t n;
    struct stat info;
} good[MOST_GOOD];
static int n_good;

void scratch_fail(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

uint8_t fuzz_byte(fuzz_bytes *bytes)
{
    if (bytes->n == 0)
        return 0;
    bytes->n--;
    return *bytes->at++;
}

const uint8_t *fuzz_piece(fuzz_bytes *bytes, size_t most, size_t *n)
{
    const uint8_t *at;
    *n = fuzz_byte(bytes);
    *n = *n > most ? most : *n;
    *n = *n > bytes->n ? bytes->n : *n;
    at = bytes->at;
    bytes->at += *n;
    bytes->n -= *n;
    return at;
}

void scratch_write(const char *name, const uint8_t *content, size_t n)
{
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, content, n) != (ssize_t)n || close(fd) != 0)
        scratch_fail("cannot write into the scratch folder");
}

uint8_t *scratch_read(const char *name, size_t *n)
{
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        scratch_fail(name);
    uint8_t *content = malloc((size_t)info.st_size + 1);
    if (!content || read(fd, content, (size_t)info.st_size) != info.st_size)
        scratch_fail("cannot read in the scratch folder");
    close(fd);
    *n = (size_t)info.st_size;
    return content;
}

static void remember(const char *name)
{
    if (n_good == MOST_GOOD || stat(name, &good[n_good].info) != 0)
        scratch_fail(name);
    good[n_good].name = name;
    good[n_good].content = scratch_read(name, &good[n_good].n);
    n_good++;
}

const uint8_t *scratch_content(const char *name, size_t *n)
{
    for (int i = 0; i < n_good; i++)
        if (strcmp(good[i].name, name) == 0) {
            *n = good[i].n;
            return good[i].content;
        }
    scratch_fail("there is no such good file");
}

static bool is_good(const char *name)
{
    for (int i = 0; i < n_good; i++)
        if (strcmp(good[i].name, name) == 0)
            return true;
    return false;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    remove(path);
    return 0;
}

void scratch_tidy(void)
{
    DIR *open_folder = opendir(".");
    struct dirent *entry;
    while (open_folder && (entry = readdir(open_folder)))
        if (*entry->d_name != '.' && !is_good(entry->d_name))
            nftw(entry->d_name, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* folders, too */
    if (open_folder)
        closedir(open_folder);
    for (int i = 0; i < n_good; i++) {
        struct stat now;
        const struct stat *then = &good[i].info;
        if (stat(good[i].name, &now) == 0 && now.st_ino == then->st_ino && now.st_size == then->st_size &&
            now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
            continue;
        scratch_write(good[i].name, good[i].content, good[i].n);
        if (stat(good[i].name, &good[i].info) != 0)
            scratch_fail("cannot put a good file back");
    }
}

static void leave(void)
{
    n_good = 0;
    scratch_tidy();
    if (chdir("/") != 0 || rmdir(folder) != 0)
        fprintf(stderr, "fuzz: %s stays behind\n", folder);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

int emlib_main(int argc, char **argv); /* main of the program */
static jmp_buf end;
static bool armed; /* inside the program */
static bool made;  /* the good files are there: from now on work is limited */

/* The linker puts these in place of the functions (--wrap). */
void __real_exit(int status) __attribute__((noreturn));
void __wrap_exit(int status) __attribute__((noreturn));
void __wrap_exit(int status)
{
    if (armed)
        longjmp(end, status + 1000);
    __real_exit(status);
}

/* Inside the C library exit cannot be replaced. */
error_t __real_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input);
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input);
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *index, void *input)
{
    return __real_argp_parse(argp, argc, argv, flags | ARGP_NO_EXIT, index, input);
}

/* Work that takes long is no bug: what asks for much is refused, or gets less. Declared by their types, so that the compiler sees
 * when the functions have changed. */
__typeof__(em_fit_options_check) __real_em_fit_options_check, __wrap_em_fit_options_check;
em_code __wrap_em_fit_options_check(const em_fit_options *options, const em_model *model, em_error *error)
{
    em_code code = __real_em_fit_options_check(options, model, error);
    if (made && code == EM_OK && (options->starts > 16 || options->bootstrap > 4 || options->samples > 300 || options->nodes > 20))
        return em_fail(error, EM_INPUT_ERROR, "too much work for a fuzz target");
    return code;
}

static int left_to_stop; /* 0: never */
void scratch_stop_after(int n) { left_to_stop = n; }
static bool is_stopped(void) { return left_to_stop > 0 && (left_to_stop == 1 || --left_to_stop == 1); }

__typeof__(em_fit_file) __real_em_fit_file, __wrap_em_fit_file;
em_code __wrap_em_fit_file(em_comm *comm, const char *dataset, const em_model *model, const em_fit_options *options,
                           const em_fit_output *output, const em_progress *progress, const em_log *log, em_fit **fit, em_error *error)
{
    em_fit_options less = *options;
    em_fit_output stoppable = *output;
    stoppable.stopped = is_stopped;
    if (made && less.max_iter > 3)
        less.max_iter = 3;
    if (made && less.starts == 0)
        less.starts = 2;
    if (made && less.importance && less.samples == 0)
        less.samples = 100;
    return __real_em_fit_file(comm, dataset, model, &less, &stoppable, progress, log, fit, error);
}

static em_simulation less_of(const em_simulation *simulation)
{
    em_simulation less = *simulation;
    less.subjects = less.subjects > 20 ? 20 : less.subjects;
    less.trials = less.trials > 20 ? 20 : less.trials;
    return less;
}

static em_fit_options short_of(const em_fit_options *options)
{
    em_fit_options less = *options;
    less.max_iter = less.max_iter > 3 ? 3 : less.max_iter;
    less.starts = less.starts == 0 || less.starts > 2 ? 2 : less.starts;
    return less;
}

__typeof__(em_simulate_file) __real_em_simulate_file, __wrap_em_simulate_file;
em_code __wrap_em_simulate_file(em_comm *comm, const em_model *model, const em_simulation *simulation, const char *path, bool force,
                                em_error *error)
{
    const em_simulation less = less_of(simulation);
    return __real_em_simulate_file(comm, model, &less, path, force, error);
}

__typeof__(em_recover) __real_em_recover, __wrap_em_recover;
em_code __wrap_em_recover(em_comm *comm, const em_model *model, const em_simulation *simulation, const em_fit_options *options,
                          int repetitions, const em_progress *progress, em_recovery **recovery, em_error *error)
{
    const em_simulation less = less_of(simulation);
    const em_fit_options shorter = short_of(options);
    return __real_em_recover(comm, model, &less, &shorter, repetitions > 2 ? 2 : repetitions, progress, recovery, error);
}

__typeof__(em_identify) __real_em_identify, __wrap_em_identify;
em_code __wrap_em_identify(em_comm *comm, const em_model *const *models, int n_models, const em_simulation *simulation,
                           const em_fit_options *options, int repetitions, const em_progress *progress,
                           em_identification **identification, em_error *error)
{
    em_simulation less[MOST_WORDS];
    const em_fit_options shorter = short_of(options);
    for (int i = 0; i < n_models; i++) /* not more than there are words */
        less[i] = less_of(&simulation[i]);
    return __real_em_identify(comm, models, n_models, less, &shorter, repetitions > 1 ? 1 : repetitions, progress, identification, error);
}

__typeof__(em_predict) __real_em_predict, __wrap_em_predict;
em_code __wrap_em_predict(em_comm *comm, const char *fit, const em_predict_options *options, const em_log *log, em_prediction **prediction,
                          em_error *error)
{
    em_predict_options less = *options;
    less.draws = less.draws > 20 ? 20 : less.draws;
    return __real_em_predict(comm, fit, &less, log, prediction, error);
}

int scratch_run(const char *const *words)
{
    char *copy[MOST_WORDS + 1], *volatile first = strdup("emlib");
    volatile int argc = 1;
    copy[0] = first;
    for (; words[argc - 1] && argc < MOST_WORDS; argc++)
        copy[argc] = strdup(words[argc - 1]);
    copy[argc] = NULL;
    char *kept[MOST_WORDS + 1]; /* argp changes the order */
    memcpy(kept, copy, sizeof kept);
    const int jumped = setjmp(end);
    int status = jumped - 1000;
    if (!jumped) {
        armed = true;
        status = emlib_main(argc, copy);
    }
    armed = false;
    for (int i = 0; i < argc; i++)
        free(kept[i]);
    return status;
}

static void need(int status)
{
    if (status != 0 && status != EM_NOT_CONVERGED)
        scratch_fail("cannot make the good files");
}

static void make_tables(void)
{
    FILE *table = fopen("table.csv", "w"), *people = fopen("people.csv", "w");
    if (!table || !people)
        scratch_fail("cannot make the tables");
    fputs("subject,trial,block,drug,choice,reward,amount_sooner,delay_sooner,amount_later,delay_later\n", table);
    fputs("subject,age,group\n", people);
    for (int s = 0; s < 6; s++) {
        fprintf(people, "p%d,%d.5,%s\n", s, 20 + 3 * s * s, s % 2 ? "patient" : "control");
        for (int t = 0; t < 20; t++)
            fprintf(table, "p%d,%d,%d,%s,%d,%d,%d,0,%d,%d\n", s, t, t / 10, (s + t) % 3 ? "on" : "off", (s * t + t / 3) % 2, (t * t + s) % 3 > 0,
                    5 + t, 20, 7 * (t + 1));
    }
    if (fclose(table) != 0 || fclose(people) != 0)
        scratch_fail("cannot write the tables");
}

void scratch_begin(void)
{
    if (!mkdtemp(folder) || chdir(folder) != 0)
        scratch_fail("cannot make a folder in /dev/shm");
    atexit(leave);
    make_tables();
    need(SCRATCH_RUN("import", "table.csv", "-o", "data.h5", "--covariates", "people.csv", "--levels", "drug=off,on"));
    need(SCRATCH_RUN("fit", "data.h5", "--model", "rw", "-o", "plain.h5", "--exclude", "p5"));
    need(SCRATCH_RUN("fit", "data.h5", "--model", "rw", "-o", "fit.h5", "--covariate", "group:alpha", "--by", "drug:beta", "--evidence",
                     "importance", "--samples", "100", "--bootstrap", "2"));
    need(SCRATCH_RUN("hbi", "data.h5", "--model", "rw", "--model", "choice_kernel", "-o", "hbi.h5", "--max-iter", "2"));
    static const char *const names[] = {"table.csv", "people.csv", "data.h5", "fit.h5", "plain.h5", "hbi.h5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remember(names[i]);
    made = true;
}

/* What belongs to HDF5, which is not watched itself: after a damaged file it cannot give back everything. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\nleak:libmpi\nleak:libopen-\n";
}
