/* Dataset and fit files: what is written comes back, what is foreign or damaged is refused, nothing is left behind. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "emlib/emlib.h"
#include "helpers.h"
#include "output.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* ---- helpers --------------------------------------------------------------------------------------------------- */

static int enter_folder(void **state)
{
    char name[] = "/tmp/emlib_files_XXXXXX";
    if (!mkdtemp(name) || chdir(name) != 0)
        return -1;
    *state = strdup(name);
    return *state ? 0 : -1;
}

static int count_files(const char *folder)
{
    int n = 0;
    DIR *all = opendir(folder);
    for (struct dirent *entry; all && (entry = readdir(all));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (all)
        closedir(all);
    return n;
}

static int remove_all(const char *folder)
{
    char path[600];
    DIR *all = opendir(folder);
    for (struct dirent *entry; all && (entry = readdir(all));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            remove_all(path);
    }
    if (all)
        closedir(all);
    return rmdir(folder);
}

static int leave_folder(void **state)
{
    int left = chdir("/") || remove_all(*state);
    free(*state);
    return left ? -1 : 0;
}

static void write_text(const char *path, const char *what)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(what, file);
    assert_int_equal(fclose(file), 0);
}

static char *read_all(const char *path, size_t *n)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

static void write_all(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    close(fd);
}

#define assert_code(call, wanted, in_text)                                                                             \
    do {                                                                                                               \
        em_error e_ = {0};                                                                                             \
        em_code c_ = (call);                                                                                           \
        if (c_ != (wanted) || ((wanted) && !strstr(error.text, (in_text))))                                            \
            fail_msg("%s: code %d, '%s'; wanted %d, '%s'", #call, c_, error.text, (wanted), (in_text));                \
        error = e_;                                                                                                    \
    } while (0)

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static void assert_numbers(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same_number(a[i], b[i]))
            fail_msg("number %zu is %.17g instead of %.17g", i, a[i], b[i]);
}

/* A dataset on the stack of the caller, of n trials: three columns in an order that is not alphabetical. */
typedef struct sample {
    em_dataset data;
    em_dataset_column column[4];
    em_covariate covariate[3];
    em_truth truth;
    uint64_t offset[4];
    double mu[2], var[2], x[6], natural[6], effect[2];
    double age[3], group[3], wave[3];
} sample;

/* The structs hold texts that they own and may change; those here are neither changed nor freed. */
static char *text(const char *constant)
{
    union {
        const char *constant;
        char *text;
    } same = {.constant = constant};
    return same.text;
}

static char *ids[3], *levels[2], *names[2], *effects_of[2], *effects_on[2];

static void fill_sample(sample *s, size_t n)
{
    ids[0] = text("a");
    ids[1] = text("Zo\xc3\xab, \"the\" third");
    ids[2] = text("");
    levels[0] = text("left");
    levels[1] = text("\xe5\x8f\xb3");
    names[0] = text("alpha");
    names[1] = text("beta");
    effects_of[0] = effects_of[1] = text("age at t0 (y)");
    effects_on[0] = names[0];
    effects_on[1] = names[1];
    *s = (sample){
        .data = {.n_subjects = 3, .n_rows = n, .held = n, .id = ids, .n_columns = 4, .n_covariates = 3, .fingerprint = HASH_A},
        .offset = {0, n / 3, n / 3, n},
        .column = {{.name = text("side"), .level = levels, .n_levels = 2, .levels_given = true},
                   {.name = text("a.rt (s)")},
                   {.name = text("cue")},
                   {.name = text("block")}},
        .covariate = {{.name = text("wave")}, {.name = text("age at t0 (y)")}, {.name = text("side"), .level = levels, .n_levels = 2}},
        .truth = {.model = text("rw"), .seed = UINT64_MAX, .n_parameters = 2, .parameter = names, .n_effects = 2,
                  .effect_covariate = effects_of, .effect_parameter = effects_on},
        .effect = {0.5, -1e-9},
        .age = {0.1, NAN, -0.0},
        .group = {1, 0, NAN},
        .wave = {3, NAN, INT32_MAX},
        .mu = {0.25, -1},
        .var = {1, 0},
        .x = {1, 2, 3, 4, 5, 6},
        .natural = {0.1, 0.2, 0.3, NAN, 0.5, 1e300},
    };
    s->data.offset = s->offset;
    s->data.column = s->column;
    s->truth.mu = s->mu;
    s->truth.var = s->var;
    s->truth.x = s->x;
    s->truth.natural = s->natural;
    s->truth.effect = s->effect;
    s->data.covariate = s->covariate;
    s->covariate[0].value = s->wave;
    s->covariate[1].value = s->age;
    s->covariate[2].value = s->group;
    for (int k = 0; k < 4; k++)
        assert_non_null(s->column[k].value = malloc((n + 1) * sizeof(double)));
    for (size_t i = 0; i < n; i++) {
        s->column[0].value[i] = i % 7 == 3 ? NAN : (double)(i % 2);
        s->column[1].value[i] = i % 11 == 0 ? NAN : 0.1 * (double)i;
        s->column[2].value[i] = i % 5 == 0 ? INT32_MAX : -(double)(i % 13) - 1;
        s->column[3].value[i] = i == 0 ? -0.0 : (double)(i / 10);
    }
}

static void free_sample(sample *s)
{
    for (int k = 0; k < 4; k++)
        free(s->column[k].value);
}

static void write_sample(const char *path, size_t n)
{
    sample s;
    em_error error = {0};
    fill_sample(&s, n);
    assert_code(em_dataset_write(&s.data, path, true, &error), EM_OK, "");
    free_sample(&s);
}

/* ---- datasets -------------------------------------------------------------------------------------------------- */

static void compare_columns(const em_dataset_column *a, const em_dataset_column *b, int n)
{
    for (int k = 0; k < n; k++) {
        assert_string_equal(a[k].name, b[k].name);
        assert_int_equal(!a[k].level, !b[k].level);
        assert_int_equal(a[k].n_levels, b[k].n_levels);
        assert_int_equal(a[k].levels_given, b[k].levels_given);
        for (int l = 0; l < a[k].n_levels; l++)
            assert_string_equal(a[k].level[l], b[k].level[l]);
    }
}

static void compare_covariates(const em_dataset *a, const em_dataset *b)
{
    assert_int_equal(a->n_covariates, b->n_covariates);
    compare_columns(a->covariate, b->covariate, a->n_covariates);
    for (int k = 0; k < a->n_covariates; k++)
        assert_numbers(a->covariate[k].value, b->covariate[k].value, a->n_subjects);
}

static void compare_frame(const em_dataset *a, const em_dataset *b)
{
    assert_int_equal(a->n_subjects, b->n_subjects);
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_columns, b->n_columns);
    assert_string_equal(a->fingerprint, b->fingerprint);
    assert_memory_equal(a->offset, b->offset, (a->n_subjects + 1) * sizeof *a->offset);
    for (size_t s = 0; s < a->n_subjects; s++)
        assert_string_equal(a->id[s], b->id[s]);
    compare_columns(a->column, b->column, a->n_columns);
    compare_covariates(a, b);
}

static void compare_truth(const em_truth *a, const em_truth *b, size_t n_subjects)
{
    assert_string_equal(a->model, b->model);
    assert_true(a->seed == b->seed);
    assert_int_equal(a->n_parameters, b->n_parameters);
    size_t n = (size_t)a->n_parameters;
    for (size_t j = 0; j < n; j++)
        assert_string_equal(a->parameter[j], b->parameter[j]);
    assert_numbers(a->mu, b->mu, n);
    assert_numbers(a->var, b->var, n);
    assert_int_equal(a->n_effects, b->n_effects);
    for (int i = 0; i < a->n_effects; i++) {
        assert_string_equal(a->effect_covariate[i], b->effect_covariate[i]);
        assert_string_equal(a->effect_parameter[i], b->effect_parameter[i]);
    }
    assert_numbers(a->effect, b->effect, (size_t)a->n_effects);
    assert_numbers(a->x, b->x, n_subjects * n);
    assert_numbers(a->natural, b->natural, n_subjects * n);
}

/* Small ones are stored in one piece, large ones in compressed chunks of 65536. */
static void dataset_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 30, 8191, 8192, 65536, 65537, 200001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int with_truth = 0; with_truth < 2; with_truth++) {
            sample s;
            em_dataset *back = NULL;
            em_error error = {0};
            fill_sample(&s, sizes[i]);
            s.data.truth = with_truth ? &s.truth : NULL;
            assert_code(em_dataset_write(&s.data, "d.h5", true, &error), EM_OK, "");
            assert_code(em_dataset_read_frame("d.h5", &back, &error), EM_OK, "");
            compare_frame(&s.data, back);
            assert_int_equal(back->held, 0);
            assert_null(back->column[0].value);
            assert_int_equal(!back->truth, !with_truth);
            if (with_truth)
                compare_truth(&s.truth, back->truth, 3);
            assert_code(em_dataset_read_rows(back, "d.h5", NULL, 0, 0, sizes[i], &error), EM_OK, "");
            assert_int_equal(back->held, sizes[i]);
            for (int k = 0; k < 4; k++)
                assert_numbers(back->column[k].value, s.column[k].value, sizes[i]);
            em_dataset_free(back);
            free_sample(&s);
        }
    assert_int_equal(count_files("."), 1);
}

/* Without covariates there is no such folder, and the file is as it was before there were any; every process reads covariates whole. */
static void covariates_come_back(void **state)
{
    (void)state;
    sample s;
    em_dataset *back = NULL;
    em_error error = {0};
    fill_sample(&s, 30);
    assert_code(em_dataset_write(&s.data, "d.h5", true, &error), EM_OK, "");
    assert_code(em_dataset_read_outline("d.h5", &back, &error), EM_OK, "");
    assert_null(back->id);
    compare_covariates(&s.data, back);
    em_dataset_forget(back);
    assert_non_null(em_dataset_covariate(back, "side")->value);
    assert_null(em_dataset_covariate(back, "cue"));
    em_dataset_free(back);
    s.covariate[1].name = text("side");
    assert_code(em_dataset_write(&s.data, "bad.h5", true, &error), EM_INPUT_ERROR, "two covariates have the name 'side'");
    s.covariate[1].name = text("a:b");
    assert_code(em_dataset_write(&s.data, "bad.h5", true, &error), EM_INPUT_ERROR, "bad.h5: 'a:b' cannot be the name");
    s.covariate[1].name = text("..");
    assert_code(em_dataset_write(&s.data, "bad.h5", true, &error), EM_INPUT_ERROR, "bad.h5: '..' cannot be the name");
    s.covariate[1].name = text("age");
    s.group[0] = 2;
    assert_code(em_dataset_write(&s.data, "code.h5", true, &error), EM_OK, "");
    assert_code(em_dataset_read_outline("code.h5", &back, &error), EM_INPUT_ERROR, "/covariates/side has a code 2 but 2 levels");
    s.covariate[1].value = NULL;
    assert_code(em_dataset_write(&s.data, "bad.h5", true, &error), EM_INPUT_ERROR, "covariate 'age' has no values to write");
    s.data.n_covariates = 0;
    s.truth.n_effects = 0;
    s.data.truth = &s.truth;
    assert_code(em_dataset_write(&s.data, "d.h5", true, &error), EM_OK, "");
    assert_code(em_dataset_read_frame("d.h5", &back, &error), EM_OK, "");
    assert_int_equal(back->n_covariates, 0);
    assert_int_equal(back->truth->n_effects, 0);
    em_dataset_free(back);
    free_sample(&s);
    assert_int_equal(access("bad.h5", F_OK), -1);
}

static void rows_come_back(void **state)
{
    (void)state;
    const char *wanted[] = {"cue", "side"}, *wrong[] = {"cue", "reward"};
    const struct {
        size_t first, count;
    } part[] = {{0, 0}, {0, 1}, {65530, 20}, {140000, 1}, {140001, 0}, {5, 139000}};
    sample s;
    em_dataset *back = NULL;
    em_error error = {0};
    fill_sample(&s, 140001);
    assert_code(em_dataset_write(&s.data, "d.h5", true, &error), EM_OK, "");
    assert_code(em_dataset_read_frame("d.h5", &back, &error), EM_OK, "");
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        assert_code(em_dataset_read_rows(back, "d.h5", wanted, 2, part[i].first, part[i].count, &error), EM_OK, "");
        assert_int_equal(back->first_row, part[i].first);
        assert_int_equal(back->held, part[i].count);
        assert_null(back->column[1].value);
        assert_numbers(back->column[0].value, s.column[0].value + part[i].first, part[i].count);
        assert_numbers(back->column[2].value, s.column[2].value + part[i].first, part[i].count);
    }
    assert_code(em_dataset_read_rows(back, "d.h5", wrong, 2, 0, 5, &error), EM_INPUT_ERROR, "no column 'reward'");
    assert_int_equal(back->held, 0);
    assert_null(back->column[2].value);
    assert_code(em_dataset_read_rows(back, "d.h5", NULL, 0, 140000, 2, &error), EM_INPUT_ERROR, "d.h5");
    strcpy(s.data.fingerprint, HASH_B);
    assert_code(em_dataset_write(&s.data, "d.h5", true, &error), EM_OK, "");
    assert_code(em_dataset_read_rows(back, "d.h5", NULL, 0, 0, 2, &error), EM_INPUT_ERROR, "replaced");
    em_dataset_free(back);
    free_sample(&s);
}

static void equal_content_makes_equal_files(void **state)
{
    (void)state;
    size_t n, m;
    write_sample("d.h5", 70000);
    char *first = read_all("d.h5", &n);
    sleep(1);
    write_sample("e.h5", 70000);
    char *second = read_all("e.h5", &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);
    free(first);
    free(second);
}

static void bad_datasets_are_not_written(void **state)
{
    (void)state;
    char *good_id = ids[0], long_name[400];
    const char *const bad_names[] = {"", ".", "..", "a/b", long_name, "side"};
    sample s;
    em_error error = {0};
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    fill_sample(&s, 20);
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        s.column[2].name = text(bad_names[i]);
        assert_code(em_dataset_write(&s.data, "bad.h5", false, &error), EM_INPUT_ERROR, "bad.h5: ");
    }
    s.column[2].name = text("cue");
    ids[0] = text("\xff");
    assert_code(em_dataset_write(&s.data, "bad.h5", false, &error), EM_INPUT_ERROR, "UTF-8");
    ids[0] = good_id;
    s.data.fingerprint[0] = '\0';
    assert_code(em_dataset_write(&s.data, "bad.h5", false, &error), EM_INPUT_ERROR, "sealed");
    free_sample(&s);
    assert_int_equal(access("bad.h5", F_OK), -1);
}

/* ---- fits ------------------------------------------------------------------------------------------------------ */

enum { S = 5, P = 3, TRACE = 4 };

static double *numbers(size_t n, double from)
{
    double *value = malloc(n * sizeof *value);
    assert_non_null(value);
    for (size_t i = 0; i < n; i++)
        value[i] = i % 4 == 3 ? NAN : from + (double)i / 3;
    return value;
}

static char **texts(size_t n, const char *start)
{
    char **all = malloc(n * sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < n; i++)
        assert_true(asprintf(&all[i], "%s%zu", start, i) > 0);
    return all;
}

static em_fit *sample_fit(const char *dataset)
{
    em_fit *fit = calloc(1, sizeof *fit);
    assert_non_null(fit);
    *fit = (em_fit){
        .emlib_version = strdup("0.1.0"),
        .model = strdup("rw"),
        .dataset = strdup(dataset),
        .options = strdup("{}"),
        .model_fingerprint = HASH_B,
        .dataset_fingerprint = HASH_A,
        .converged = true,
        .iterations = 11,
        .distance = 1e-9,
        .n_subjects = S,
        .n_subjects_used = S - 1,
        .n_trials = 1234567890123,
        .n_group = 2 * P,
        .log_likelihood = -123.456,
        .log_marginal_likelihood = -150.25,
        .bic_int = 350.5,
        .aic_int = 312.5,
        .pseudo_r2 = 0.25,
        .n_parameters = P,
        .n_trace = TRACE,
        .parameter = texts(P, "alpha"),
        .transform = texts(P, "logistic"),
        .mu = numbers(P, 1),
        .var = numbers(P, 2),
        .cov = numbers(P * P, 3),
        .natural_median = numbers(P, 4),
        .natural_mean = numbers(P, 5),
        .subject = texts(S, "Zo\xc3\xab"),
        .map = numbers(S * P, 6),
        .natural = numbers(S * P, 7),
        .hessian = numbers(S * P * P, 8),
        .subject_log_likelihood = numbers(S, 9),
        .subject_log_marginal_likelihood = numbers(S, 10),
        .trace_mu = numbers(TRACE * P, 11),
        .trace_var = numbers(TRACE * P, 12),
        .trace_log_marginal_likelihood = numbers(TRACE, 13),
        .subject_n_trials = calloc(S, sizeof(uint64_t)),
        .subject_status = calloc(S, 1),
        .subject_modes = calloc(S, sizeof(int32_t)),
        .group_status = calloc(P, 1),
        .unbounded = calloc(P, 1),
        .timing = {.read_seconds = 1,
                   .e_step_seconds = 2,
                   .m_step_seconds = 3,
                   .communication_seconds = 4,
                   .write_seconds = 5,
                   .total_seconds = 6,
                   .e_step_seconds_mean = 1.75,
                   .e_step_seconds_least = 1.5,
                   .uncertainty_seconds = 0.25,
                   .uncertainty_evaluations = 77,
                   .evidence_seconds = 0.75,
                   .evidence_evaluations = 99,
                   .likelihood_evaluations = 7e9,
                   .ranks = 8},
    };
    assert_true(fit->subject_n_trials && fit->subject_status && fit->subject_modes && fit->group_status && fit->unbounded);
    for (int s = 0; s < S; s++) {
        fit->subject_n_trials[s] = UINT64_MAX - (uint64_t)s;
        fit->subject_status[s] = (int8_t)s;
        fit->subject_modes[s] = s + 1;
    }
    fit->group_status[1] = EM_GROUP_VANISHED;
    fit->unbounded[0] = 1;
    return fit;
}

static void compare_fits(const em_fit *a, const em_fit *b)
{
    assert_string_equal(a->emlib_version, b->emlib_version);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->options, b->options);
    assert_string_equal(a->model_fingerprint, b->model_fingerprint);
    assert_string_equal(a->dataset_fingerprint, b->dataset_fingerprint);
    assert_int_equal(a->converged, b->converged);
    assert_int_equal(a->iterations, b->iterations);
    assert_int_equal(a->n_subjects, b->n_subjects);
    assert_int_equal(a->n_subjects_used, b->n_subjects_used);
    assert_true(a->n_trials == b->n_trials);
    assert_int_equal(a->n_parameters, b->n_parameters);
    assert_int_equal(a->n_group, b->n_group);
    assert_int_equal(a->n_trace, b->n_trace);
    const double p[] = {a->distance, a->log_likelihood, a->log_marginal_likelihood,
                        a->bic_int,  a->aic_int,        a->pseudo_r2};
    const double q[] = {b->distance, b->log_likelihood, b->log_marginal_likelihood,
                        b->bic_int,  b->aic_int,        b->pseudo_r2};
    assert_numbers(p, q, sizeof p / sizeof *p);
    for (int j = 0; j < P; j++) {
        assert_string_equal(a->parameter[j], b->parameter[j]);
        assert_string_equal(a->transform[j], b->transform[j]);
    }
    for (int s = 0; s < S; s++)
        assert_string_equal(a->subject[s], b->subject[s]);
    assert_numbers(a->mu, b->mu, P);
    assert_numbers(a->var, b->var, P);
    assert_numbers(a->cov, b->cov, P * P);
    assert_numbers(a->natural_median, b->natural_median, P);
    assert_numbers(a->natural_mean, b->natural_mean, P);
    assert_numbers(a->map, b->map, S * P);
    assert_numbers(a->natural, b->natural, S * P);
    assert_numbers(a->hessian, b->hessian, S * P * P);
    assert_numbers(a->subject_log_likelihood, b->subject_log_likelihood, S);
    assert_numbers(a->subject_log_marginal_likelihood, b->subject_log_marginal_likelihood, S);
    assert_numbers(a->trace_mu, b->trace_mu, TRACE * P);
    assert_numbers(a->trace_var, b->trace_var, TRACE * P);
    assert_numbers(a->trace_log_marginal_likelihood, b->trace_log_marginal_likelihood, TRACE);
    assert_memory_equal(a->group_status, b->group_status, P);
    assert_memory_equal(a->unbounded, b->unbounded, P);
    assert_memory_equal(a->subject_status, b->subject_status, S);
    assert_memory_equal(a->subject_modes, b->subject_modes, S * sizeof(int32_t));
    assert_memory_equal(a->subject_n_trials, b->subject_n_trials, S * sizeof(uint64_t));
    assert_numbers(&a->timing.read_seconds, &b->timing.read_seconds, 13);
    assert_int_equal(a->timing.ranks, b->timing.ranks);
}

static void fit_comes_back(void **state)
{
    (void)state;
    em_error error = {0};
    em_fit *fit = sample_fit("nowhere.h5"), *back = NULL;
    assert_code(em_fit_write(fit, "f.h5", false, &error), EM_OK, "");
    assert_code(em_fit_read("f.h5", &back, &error), EM_OK, "");
    compare_fits(fit, back);
    assert_string_equal(back->dataset, "nowhere.h5");
    em_fit_free(back);
    fit->pseudo_r2 = fit->distance = fit->bic_int = NAN;
    fit->converged = false;
    assert_code(em_fit_write(fit, "f.h5", true, &error), EM_OK, "");
    assert_code(em_fit_read("f.h5", &back, &error), EM_OK, "");
    compare_fits(fit, back);
    em_fit_free(back);
    em_fit_free(fit);
    em_fit_free(NULL);
}

/* The fit is found to name its data wherever both are moved together. */
static void fit_finds_its_data(void **state)
{
    (void)state;
    static const struct {
        const char *data, *fit, *seen;
    } way[] = {
        {"d.h5", "f.h5", "d.h5"},
        {"one/d.h5", "f.h5", "one/d.h5"},
        {"one/d.h5", "one/f.h5", "one/d.h5"},
        {"one/d.h5", "./one/f.h5", "./one/d.h5"},
        {"one/d.h5", "two/f.h5", "two/../one/d.h5"},
        {"d.h5", "two/deep/f.h5", "two/deep/../../d.h5"},
        {"one/gone.h5", "f.h5", "one/gone.h5"},
    };
    em_error error = {0};
    assert_int_equal(mkdir("one", 0700) | mkdir("two", 0700) | mkdir("two/deep", 0700), 0);
    write_text("d.h5", "");
    write_text("one/d.h5", "");
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        em_fit *fit = sample_fit(way[i].data), *back = NULL;
        assert_code(em_fit_write(fit, way[i].fit, true, &error), EM_OK, "");
        assert_code(em_fit_read(way[i].fit, &back, &error), EM_OK, "");
        assert_string_equal(back->dataset, way[i].seen);
        em_fit_free(fit);
        em_fit_free(back);
    }
    em_fit *back = NULL;
    assert_int_equal(symlink("two/deep/f.h5", "link.h5"), 0);
    assert_code(em_fit_read("link.h5", &back, &error), EM_OK, "");
    assert_int_equal(access(back->dataset, R_OK), 0);
    em_fit_free(back);
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

static void foreign_files_are_refused(void **state)
{
    (void)state;
    em_error error = {0};
    em_dataset *data = NULL;
    em_fit *fit = sample_fit("d.h5"), *back = NULL;
    write_sample("d.h5", 30);
    assert_code(em_fit_write(fit, "f.h5", false, &error), EM_OK, "");
    em_fit_free(fit);
    write_text("table.csv", "subject,choice\na,1\n");
    write_text("empty.h5", "");
    assert_code(em_dataset_read_frame("nothing.h5", &data, &error), EM_INPUT_ERROR, "nothing.h5");
    assert_code(em_dataset_read_frame("table.csv", &data, &error), EM_INPUT_ERROR, "is not an emlib dataset file");
    assert_code(em_dataset_read_frame("empty.h5", &data, &error), EM_INPUT_ERROR, "is not an emlib dataset file");
    assert_code(em_dataset_read_frame("f.h5", &data, &error), EM_INPUT_ERROR, "is an emlib fit file");
    assert_code(em_dataset_read_frame(".", &data, &error), EM_INPUT_ERROR, "folder");
    assert_code(em_dataset_read_frame("/dev/null", &data, &error), EM_INPUT_ERROR, "/dev/null");
    assert_code(em_fit_read("d.h5", &back, &error), EM_INPUT_ERROR, "is an emlib dataset file");
    assert_code(em_fit_read("nothing.h5", &back, &error), EM_INPUT_ERROR, "nothing.h5");
    assert_code(em_fit_read("table.csv", &back, &error), EM_INPUT_ERROR, "is not an emlib fit file");
    assert_null(data);
    assert_null(back);
}

static void existing_files_stay(void **state)
{
    (void)state;
    em_error error = {0};
    sample s;
    size_t n;
    fill_sample(&s, 30);
    write_text("there.h5", "mine");
    assert_code(em_dataset_write(&s.data, "there.h5", false, &error), EM_INPUT_ERROR, "--force");
    char *bytes = read_all("there.h5", &n);
    assert_int_equal(n, 4);
    assert_memory_equal(bytes, "mine", 4);
    free(bytes);
    int before = count_files(".");
    assert_code(em_dataset_write(&s.data, "no/such/folder.h5", true, &error), EM_MACHINE, "no/such/folder.h5");
    assert_code(em_dataset_write(&s.data, ".", true, &error), EM_INPUT_ERROR, "folder");
    assert_code(em_dataset_write(&s.data, "", true, &error), EM_INPUT_ERROR, "name");
    assert_code(em_dataset_write(&s.data, "/dev/null", true, &error), EM_INPUT_ERROR, "/dev/null");
    assert_int_equal(count_files("."), before);
    assert_code(em_dataset_write(&s.data, "there.h5", true, &error), EM_OK, "");
    assert_int_equal(count_files("."), before);
    free_sample(&s);
}

/* A full disk, played by a limit on the size of files: at every stage of writing. */
static void full_disk_leaves_nothing(void **state)
{
    (void)state;
    static const size_t limit[] = {1, 100, 2000, 10000, 20000, 50000};
    em_error error = {0};
    sample s;
    struct rlimit old, now;
    fill_sample(&s, 150001);
    s.data.truth = &s.truth;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
        now = (struct rlimit){.rlim_cur = limit[i], .rlim_max = old.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
        em_code code = em_dataset_write(&s.data, "full.h5", false, &error);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_code(code, EM_MACHINE, "full.h5: cannot write");
        assert_int_equal(count_files("."), 0);
    }
    signal(SIGXFSZ, handler);
    assert_code(em_dataset_write(&s.data, "full.h5", false, &error), EM_OK, "");
    free_sample(&s);
}

static em_code read_dataset(const char *path, em_error *error)
{
    em_dataset *data = NULL;
    em_code code = em_dataset_read_frame(path, &data, error);
    if (code == EM_OK)
        code = em_dataset_read_rows(data, path, NULL, 0, 0, data->n_rows, error);
    em_dataset_free(data);
    return code;
}

static em_code read_fit(const char *path, em_error *error)
{
    em_fit *fit = NULL;
    em_code code = em_fit_read(path, &fit, error);
    em_fit_free(fit);
    return code;
}

/* Cut off and changed files give an error or, where only values changed, other values; never anything else. */
static void damage(const char *path, em_code read(const char *, em_error *), int tries)
{
    size_t n;
    char *bytes = read_all(path, &n);
    uint64_t random = 12345;
    em_error error;
    int refused = 0;
    for (int i = 0; i < tries; i++) {
        char *bad = malloc(n);
        assert_non_null(bad);
        memcpy(bad, bytes, n);
        int flips = i % 4;
        size_t length = flips ? n : (size_t)(random >> 16) % n;
        for (int k = 0; k < flips * flips; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            bad[(random >> 20) % n] = (char)(random >> 50);
        }
        random = random * 6364136223846793005u + 1442695040888963407u;
        write_all("damaged.h5", bad, length);
        em_code code = read("damaged.h5", &error);
        assert_true(code == EM_OK || code == EM_INPUT_ERROR || code == EM_MACHINE);
        if (code)
            assert_non_null(strstr(error.text, "damaged.h5"));
        refused += code != EM_OK;
        free(bad);
    }
    assert_true(refused > tries / 4);
    free(bytes);
}

static void damaged_datasets_do_no_harm(void **state)
{
    (void)state;
    write_sample("d.h5", 40);
    damage("d.h5", read_dataset, SLOW_BUILD ? 300 : 1500); /* there are the fuzzers, too */
    write_sample("d.h5", 70000);
    damage("d.h5", read_dataset, SLOW_BUILD ? 100 : 300);
}

static void damaged_fits_do_no_harm(void **state)
{
    (void)state;
    em_error error = {0};
    em_fit *fit = sample_fit("d.h5");
    assert_code(em_fit_write(fit, "f.h5", false, &error), EM_OK, "");
    em_fit_free(fit);
    damage("f.h5", read_fit, SLOW_BUILD ? 300 : 1500);
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

static void best_fit_comes_first(void **state)
{
    (void)state;
    const double bic[] = {NAN, 300, 250.5, 300, NAN, 260};
    const int want[] = {2, 5, 1, 3, 0, 4};
    bool other[6];
    em_fit fits[6] = {0};
    const em_fit *all[6];
    int order[6];
    double difference[6];
    em_error error = {0};
    for (int i = 0; i < 6; i++) {
        strcpy(fits[i].dataset_fingerprint, HASH_A);
        fits[i].bic_int = bic[i];
        all[i] = &fits[i];
    }
    assert_code(em_compare(all, 6, order, difference, other, &error), EM_OK, "");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(order[i], want[i]);
        assert_true(same_number(difference[i], bic[i] - 250.5));
    }
    strcpy(fits[2].dataset_fingerprint, HASH_B);
    strcpy(fits[4].dataset_fingerprint, HASH_B);
    /* those of other data are marked and come last, whatever their numbers */
    const int then[] = {5, 1, 3, 0, 2, 4};
    assert_code(em_compare(all, 6, order, difference, other, &error), EM_OK, "");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(order[i], then[i]);
        assert_int_equal(other[i], i == 2 || i == 4);
        assert_true(same_number(difference[i], other[i] ? NAN : bic[i] - 260));
    }
    /* so are those of other subjects of the same data */
    char ann[] = "ann", bob[] = "bob", eve[] = "eve", *people[2][2] = {{ann, bob}, {ann, eve}};
    for (int i = 0; i < 2; i++) {
        fits[i].n_subjects = 2;
        fits[i].subject = people[i];
    }
    assert_code(em_compare(all, 2, order, difference, other, &error), EM_OK, "");
    assert_true(!other[0] && other[1]);
    people[1][1] = bob;
    assert_code(em_compare(all, 2, order, difference, other, &error), EM_OK, "");
    assert_true(!other[0] && !other[1]);
    fits[1].n_subjects = 1;
    assert_code(em_compare(all, 2, order, difference, other, &error), EM_OK, "");
    assert_true(other[1]);
    assert_code(em_compare(all, 0, order, difference, other, &error), EM_INPUT_ERROR, "no fit");
}

/* ---- one writer for each output ---------------------------------------------------------------------------------- */

static void only_one_may_write(void **state)
{
    (void)state;
    em_output a = {.fd = -1}, b = {.fd = -1};
    em_error error = {EM_OK, ""};
    char by[200] = "", own[40];
    snprintf(own, sizeof own, "process %ld on host ", (long)getpid());
    assert_false(em_output_held("out.txt", by, sizeof by));
    assert_int_equal(em_output_open(&a, "out.txt", false, &error), EM_OK);
    assert_true(em_output_held("out.txt", by, sizeof by));
    assert_string_equal(by, "another process");
    em_output_sign(&a);
    assert_true(em_output_held("out.txt", by, sizeof by));
    assert_memory_equal(by, own, strlen(own));
    assert_int_equal(em_output_open(&b, "out.txt", true, &error), EM_INPUT_ERROR);
    assert_non_null(strstr(error.text, own));
    em_output_close(&b);
    assert_int_equal(count_files("."), 1);
    assert_int_equal(em_output_begin(&a, &error), EM_OK);
    assert_int_equal(write(a.fd, "text", 4), 4);
    assert_int_equal(em_output_publish(&a, &error), EM_OK);
    em_output_close(&a);
    assert_false(em_output_held("out.txt", by, sizeof by));
    struct stat info;
    assert_int_equal(stat("out.txt", &info), 0);
    assert_int_equal(info.st_size, 4);
    assert_int_equal(count_files("."), 1);
}

/* Room that was kept and not needed is given back, and the line that told who writes has gone. */
static void room_is_kept_and_given_back(void **state)
{
    (void)state;
    em_output a = {.fd = -1};
    em_error error = {EM_OK, ""};
    struct stat info;
    assert_int_equal(em_output_open(&a, "out.bin", false, &error), EM_OK);
    em_output_sign(&a);
    assert_int_equal(em_output_reserve(&a, 1 << 22, &error), EM_OK);
    assert_int_equal(fstat(a.fd, &info), 0);
    if (a.reserved)
        assert_true(info.st_blocks * 512 >= 1 << 22);
    assert_int_equal(em_output_begin(&a, &error), EM_OK);
    char content[1024], back[1024];
    memset(content, 7, sizeof content);
    assert_int_equal(pwrite(a.fd, content + 8, sizeof content - 8, 8), sizeof content - 8);
    assert_int_equal(em_output_publish(&a, &error), EM_OK);
    em_output_close(&a);
    memset(content, 0, 8);
    int fd = open("out.bin", O_RDONLY);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, sizeof content);
    assert_true(info.st_blocks * 512 <= 1 << 16);
    assert_int_equal(read(fd, back, sizeof back), sizeof back);
    assert_memory_equal(back, content, sizeof back);
    close(fd);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(dataset_comes_back),
        IN_FOLDER(covariates_come_back),
        IN_FOLDER(rows_come_back),
        IN_FOLDER(equal_content_makes_equal_files),
        IN_FOLDER(bad_datasets_are_not_written),
        IN_FOLDER(fit_comes_back),
        IN_FOLDER(fit_finds_its_data),
        IN_FOLDER(foreign_files_are_refused),
        IN_FOLDER(existing_files_stay),
        IN_FOLDER(full_disk_leaves_nothing),
        IN_FOLDER(damaged_datasets_do_no_harm),
        IN_FOLDER(damaged_fits_do_no_harm),
        IN_FOLDER(only_one_may_write),
        IN_FOLDER(room_is_kept_and_given_back),
        cmocka_unit_test(best_fit_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
