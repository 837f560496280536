#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "output.h"

static const char magic[24] = "emlib checkpoint 1\n";
enum { DIGEST = 32 };

/* ---- what it belongs to -------------------------------------------------------------------------------------------- */

em_code em_identity_make(const char *data_fingerprint, const em_model *model, const em_fit_options *options, em_identity *id,
                         em_error *error)
{
    char fingerprint[65];
    *id = (em_identity){0};
    em_code code = em_model_fingerprint(model, fingerprint, error);
    if (code != EM_OK)
        return code;
    id->version = em_copy(EMLIB_VERSION, error);
    id->data = em_copy(data_fingerprint, error);
    id->model_name = em_copy(model->name, error);
    id->model = em_copy(fingerprint, error);
    id->options = em_fit_options_json(options, model);
    if (!id->version || !id->data || !id->model_name || !id->model || !id->options)
        return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

void em_identity_free(em_identity *id)
{
    char *const text[] = {id->version, id->data, id->model_name, id->model, id->options};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        free(text[i]);
    *id = (em_identity){0};
}

static void pass_identity(em_identity *id, em_archive *a)
{
    char **const text[] = {&id->version, &id->data, &id->model_name, &id->model, &id->options};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        em_archive_pass_text(a, text[i]);
}

/* What differs; NULL: nothing. */
static const char *other(const em_identity *a, const em_identity *b)
{
    return strcmp(a->data, b->data) != 0               ? "of other data"
           : strcmp(a->model_name, b->model_name) != 0 ? "of another model"
           : strcmp(a->model, b->model) != 0           ? "of another version of the model"
           : strcmp(a->options, b->options) != 0       ? "with other options"
           : strcmp(a->version, b->version) != 0       ? "by another version of emlib"
                                                       : NULL;
}

/* ---- what it holds of everybody --------------------------------------------------------------------------------------- */

static void pass_lane(em_archive *a, double *array, int n, int lanes, int l)
{
    for (int j = 0; j < n; j++)
        EM_PASS(a, array[j * lanes + l]);
}

static void pass_status(em_archive *a, uint8_t *status)
{
    int value = *status;
    em_archive_pass_count(a, &value, 0, EM_SUBJECT_LOST);
    *status = (uint8_t)value;
}

static void pass_mode(em_archive *a, em_mode *mode, int n, int lanes, int l)
{
    pass_lane(a, mode->x, n, lanes, l);
    pass_lane(a, mode->value, 1, lanes, l);
    pass_lane(a, mode->gradient, n, lanes, l);
    pass_lane(a, mode->hessian, n * (n + 1) / 2, lanes, l);
    pass_status(a, &mode->status[l]);
}

static void pass_posterior(em_archive *a, em_posterior *post)
{
    pass_status(a, &post->status);
    EM_PASS(a, post->used);
    EM_PASS(a, post->moved);
    EM_PASS(a, post->modes);
    EM_PASS(a, post->log_likelihood);
    EM_PASS(a, post->log_posterior);
    EM_PASS(a, post->log_marginal_likelihood);
}

/* One subject of this rank: the lane l of its group g. */
static void pass_subject(em_archive *a, em_estep *e, em_evidences *v, size_t g, int l)
{
    const size_t i = g * (size_t)e->lanes + (size_t)l;
    em_mode saved = em_mode_in(e->saved + g * em_mode_size(e->n, e->lanes), e->n, e->lanes);
    bool done = e->done[g], counted = v->done && v->done[g];
    pass_mode(a, &e->mode[g], e->n, e->lanes, l);
    pass_posterior(a, &e->posterior[i]);
    pass_lane(a, e->variance + g * (size_t)(e->n * e->lanes), e->n, e->lanes, l);
    saved.status[l] = e->saved_posterior[i].status;
    pass_mode(a, &saved, e->n, e->lanes, l);
    pass_posterior(a, &e->saved_posterior[i]);
    EM_PASS(a, done);
    e->done[g] = done;
    EM_PASS(a, counted);
    if (v->done)
        v->done[g] = counted;
    double *const evidence[] = {v->importance, v->importance_se, v->ess, v->quadrature, v->overflow};
    for (size_t k = 0; k < sizeof evidence / sizeof *evidence; k++) {
        double none = NAN;
        em_archive_pass(a, evidence[k] ? evidence[k] + i : &none, sizeof none);
    }
}

static size_t record_size(const em_checkpoint *c)
{
    em_archive a = {.way = EM_MEASURE};
    double number = 0;
    em_mode mode = {&number, &number, &number, &number, {0}};
    em_posterior post = {0};
    const int n = c->estep->n;
    for (int twice = 0; twice < 2; twice++) {
        pass_mode(&a, &mode, 0, 1, 0);
        pass_posterior(&a, &post);
    }
    /* x, gradient, Hessian of two modes and the variances; the flags and evidences */
    const size_t numbers = (size_t)(2 * (2 * n + n * (n + 1) / 2) + n + 5);
    return a.at + numbers * sizeof(double) + 2 * sizeof(bool);
}

/* The records of this rank's groups first .. end-1 of the plan, in the order of the plan's lanes, into `message` or from it. */
static bool pass_groups(const em_checkpoint *c, em_archive_way way, size_t first, size_t end, char *message)
{
    const size_t mine = c->plan->first[em_comm_rank(c->comm)], size = c->record_size;
    for (size_t g = first; g < end; g++)
        for (int l = 0; l < c->plan->lanes; l++, message += size) {
            if (c->plan->member[g * (size_t)c->plan->lanes + (size_t)l] == EM_NOBODY)
                continue;
            em_archive a = {.way = way};
            if (way == EM_TAKE) {
                a.bytes = message;
                a.n = size;
            }
            pass_subject(&a, c->estep, c->evidences, g - mine, l);
            if (way == EM_PUT && !a.failed && a.n == size)
                memcpy(message, a.bytes, size);
            const bool bad = a.failed || (way == EM_PUT ? a.n : a.at) != size;
            if (way == EM_PUT)
                em_archive_free(&a);
            if (bad)
                return false;
        }
    return true;
}

/* Between the records of one rank's groups, by lanes, and those of a window, by subjects. */
static void sort_records(const em_checkpoint *c, size_t first, size_t end, size_t base, char *window, char *message, bool to_window)
{
    const size_t lanes = (size_t)c->plan->lanes, size = c->record_size;
    for (size_t i = first * lanes; i < end * lanes; i++, message += size) {
        const uint32_t s = c->plan->member[i];
        if (s == EM_NOBODY)
            continue;
        char *of_subject = window + (s - base) * size;
        memcpy(to_window ? of_subject : message, to_window ? message : of_subject, size);
    }
}

/* ---- the file ---------------------------------------------------------------------------------------------------------- */

/* A file that is written, with its digest. */
typedef struct {
    em_output output;
    EVP_MD_CTX *digest;
    int failed; /* errno */
} writer;

static void write_bytes(writer *w, const void *bytes, size_t n)
{
    if (w->digest && EVP_DigestUpdate(w->digest, bytes, n) != 1)
        w->failed = ENOMEM;
    for (const char *from = bytes; n > 0 && !w->failed;) {
        const ssize_t done = write(w->output.fd, from, n);
        if (done <= 0) {
            if (done == 0 || errno != EINTR)
                w->failed = done == 0 ? ENOSPC : errno;
            continue;
        }
        from += done;
        n -= (size_t)done;
    }
}

static em_code open_writer(writer *w, const char *path, em_error *error)
{
    em_code code = em_output_open(&w->output, path, true, error);
    if (code != EM_OK)
        return code;
    w->digest = EVP_MD_CTX_new();
    if (!w->digest || EVP_DigestInit_ex(w->digest, EVP_sha256(), NULL) != 1)
        return em_fail(error, EM_MACHINE, "out of memory");
    return EM_OK;
}

static em_code publish(writer *w, const char *path, em_error *error)
{
    unsigned char digest[DIGEST];
    if (EVP_DigestFinal_ex(w->digest, digest, NULL) != 1)
        return em_fail(error, EM_MACHINE, "out of memory");
    EVP_MD_CTX_free(w->digest);
    w->digest = NULL;
    write_bytes(w, digest, sizeof digest);
    if (w->failed)
        return em_fail(error, EM_MACHINE, "%s: cannot write: %s", path, strerror(w->failed));
    return em_output_publish(&w->output, error);
}

/* Reads n bytes from here on; false: there are not so many. */
static bool read_bytes(int fd, void *bytes, size_t n)
{
    for (char *to = bytes; n > 0;) {
        const ssize_t done = read(fd, to, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        to += done;
        n -= (size_t)done;
    }
    return true;
}

static em_code damaged(const char *path, em_error *error)
{
    return em_fail(error, EM_INPUT_ERROR, "%s is not the state of a fit, or damaged; delete it, or begin anew with --force", path);
}

/* Does the file end with the digest of what comes before? */
static bool is_whole(int fd, uint64_t bytes)
{
    static char block[1 << 16];
    unsigned char digest[DIGEST], said[DIGEST];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 && lseek(fd, 0, SEEK_SET) == 0;
    for (uint64_t left = bytes - DIGEST; left > 0 && good;) {
        const size_t n = left < sizeof block ? (size_t)left : sizeof block;
        good = read_bytes(fd, block, n) && EVP_DigestUpdate(context, block, n) == 1;
        left -= n;
    }
    good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1 && read_bytes(fd, said, sizeof said) &&
           memcmp(digest, said, sizeof said) == 0;
    EVP_MD_CTX_free(context);
    return good && lseek(fd, 0, SEEK_SET) == 0;
}

/* What comes first: the identity and how much follows. */
static void pass_head(em_archive *a, em_identity *id, em_checkpoint *c)
{
    pass_identity(id, a);
    em_archive_pass_count(a, &c->isa, 0, 100);
    EM_PASS(a, c->n_subjects);
    EM_PASS(a, c->record_size);
    EM_PASS(a, c->shared_size);
}

/* Reads the head of an open file; `of` is to be freed. */
static bool read_head(em_checkpoint *c, uint64_t bytes, em_identity *of)
{
    char start[sizeof magic];
    size_t head = 0;
    if (bytes < sizeof magic + sizeof head + DIGEST || !is_whole(c->fd, bytes) || !read_bytes(c->fd, start, sizeof start) ||
        memcmp(start, magic, sizeof magic) != 0 || !read_bytes(c->fd, &head, sizeof head) || head > bytes)
        return false;
    em_archive a = {.way = EM_TAKE, .bytes = malloc(head + 1), .n = head};
    bool good = a.bytes && read_bytes(c->fd, a.bytes, head);
    if (good) {
        pass_head(&a, of, c);
        uint64_t records;
        good = !a.failed && !__builtin_mul_overflow(c->n_subjects, c->record_size, &records) && c->shared_size <= bytes &&
               records <= bytes && sizeof magic + sizeof head + head + c->shared_size + records + DIGEST == bytes;
    }
    em_archive_free(&a);
    return good;
}

em_code em_checkpoint_look(em_checkpoint *c, bool *there, em_error *error)
{
    struct stat info;
    em_identity of = {0};
    *there = false;
    c->fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (c->fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG)) /* that it cannot be written is said in time */
        return EM_OK;
    if (c->fd < 0)
        return em_fail(error, EM_MACHINE, "%s: cannot read: %s", c->path, strerror(errno));
    em_code code = EM_OK;
    if (fstat(c->fd, &info) != 0 || !S_ISREG(info.st_mode) || !read_head(c, (uint64_t)info.st_size, &of))
        code = damaged(c->path, error);
    const char *what = code == EM_OK ? other(&of, &c->identity) : NULL;
    if (what)
        code = em_fail(error, EM_INPUT_ERROR, "%s is the state of an unfinished fit %s; --force begins anew and discards it, or give "
                       "this fit another name", c->path, what);
    em_identity_free(&of);
    *there = code == EM_OK;
    return code;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

/* What is not a subject's, in both ways; who works at the moment adds its own. */
static void pass_shared(em_checkpoint *c, em_archive *a)
{
    int stage = (int)c->stage;
    em_archive_pass_count(a, &stage, EM_STAGE_EM, EM_STAGE_BOOTSTRAP);
    c->stage = (em_stage)stage;
    EM_PASS(a, c->seconds_before);
    em_archive_pass_whole(a, &c->estep->evaluations, EM_MOST_WHOLE);
    em_archive_pass_count(a, &c->estep->used, 0, c->estep->n_points > 0 ? c->estep->n_points - 1 : 0);
    em_archive_pass_whole(a, &c->evidences->evaluations, EM_MOST_WHOLE);
    em_run_result_pass(c->result, c->estep->n, a);
}

static em_code write_head(em_checkpoint *c, writer *w, em_error *error)
{
    const em_checkpoint as_it_is = *c;
    em_archive shared = {.way = EM_PUT}, head = {.way = EM_PUT};
    c->seconds_before += em_now() - c->began;
    pass_shared(c, &shared);
    c->seconds_before = as_it_is.seconds_before;
    if (c->pass)
        c->pass(c->where, &shared);
    c->shared_size = shared.n;
    pass_head(&head, &c->identity, c);
    em_code code = EM_OK;
    if (shared.failed || head.failed)
        code = em_fail(error, EM_MACHINE, "out of memory");
    if (code == EM_OK) {
        write_bytes(w, magic, sizeof magic);
        write_bytes(w, &head.n, sizeof head.n);
        write_bytes(w, head.bytes, head.n);
        write_bytes(w, shared.bytes, shared.n);
    }
    em_archive_free(&shared);
    em_archive_free(&head);
    return code;
}

/* Memory for the records of a window, by lanes and by subjects; NULL where there is none. */
static char *window_room(const em_checkpoint *c, em_error *error)
{
    const size_t S = c->plan->n_subjects, most = S < EM_WINDOW ? S + 8 : EM_WINDOW;
    return em_new(2 * most, c->record_size, error);
}

/* The records of a window between the ranks and rank 0's `window`, which it has read or will write. */
static bool pass_window(const em_checkpoint *c, em_archive_way way, size_t w, char *window, char *message)
{
    const int rank = em_comm_rank(c->comm);
    bool good = true;
    for (int r = 0; r < em_comm_size(c->comm); r++) {
        size_t first, end;
        em_plan_window(c->plan, r, w, &first, &end);
        const size_t bytes = (end - first) * (size_t)c->plan->lanes * c->record_size;
        if (bytes == 0)
            continue;
        if (way == EM_PUT && r == rank)
            good = pass_groups(c, way, first, end, message) && good;
        if (way == EM_PUT && r > 0 && r == rank)
            em_comm_send(c->comm, 0, message, bytes);
        if (way == EM_PUT && r > 0 && rank == 0)
            em_comm_receive(c->comm, r, message, bytes);
        if (rank == 0)
            sort_records(c, first, end, w * EM_WINDOW, window, message, way == EM_PUT);
        if (way == EM_TAKE && r > 0 && rank == 0)
            em_comm_send(c->comm, r, message, bytes);
        if (way == EM_TAKE && r > 0 && r == rank)
            em_comm_receive(c->comm, 0, message, bytes);
        if (way == EM_TAKE && r == rank)
            good = pass_groups(c, way, first, end, message) && good;
    }
    return good;
}

static size_t in_window(const em_checkpoint *c, size_t w)
{
    const size_t left = c->plan->n_subjects - w * EM_WINDOW;
    return left < EM_WINDOW ? left : EM_WINDOW;
}

static em_code write_state(em_checkpoint *c, em_error *error)
{
    const bool first = em_comm_rank(c->comm) == 0;
    writer w = {.output.fd = -1};
    const double own = c->estep->evaluations, own_evidence = c->evidences->evaluations;
    em_comm_sum(c->comm, &c->estep->evaluations, 1);
    em_comm_sum(c->comm, &c->evidences->evaluations, 1);
    char *window = window_room(c, error);
    em_code code = window ? EM_OK : EM_MACHINE;
    if (code == EM_OK && first)
        code = open_writer(&w, c->path, error);
    if (code == EM_OK && first)
        code = write_head(c, &w, error);
    c->estep->evaluations = own;
    c->evidences->evaluations = own_evidence;
    code = em_comm_agree(c->comm, code, error);
    bool good = true;
    for (size_t i = 0; i < em_plan_windows(c->plan) && code == EM_OK; i++) {
        const size_t n = in_window(c, i);
        good = pass_window(c, EM_PUT, i, window, window + n * c->record_size) && good;
        if (first)
            write_bytes(&w, window, n * c->record_size);
    }
    if (code == EM_OK && !good)
        code = em_fail(error, EM_MACHINE, "out of memory");
    if (code == EM_OK && first)
        code = publish(&w, c->path, error);
    EVP_MD_CTX_free(w.digest);
    em_output_close(&w.output);
    free(window);
    return em_comm_agree(c->comm, code, error);
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

/* The shared part on all ranks. */
static em_code share_state(em_checkpoint *c, em_error *error)
{
    const bool first = em_comm_rank(c->comm) == 0;
    const size_t expected = record_size(c);
    em_comm_share(c->comm, &c->n_subjects, sizeof c->n_subjects);
    em_comm_share(c->comm, &c->record_size, sizeof c->record_size);
    em_comm_share(c->comm, &c->shared_size, sizeof c->shared_size);
    c->shared = (em_archive){.way = EM_TAKE, .bytes = em_new(c->shared_size, 1, error), .n = c->shared_size};
    em_code code = c->shared.bytes ? EM_OK : EM_MACHINE;
    if (code == EM_OK && (c->n_subjects != c->plan->n_subjects || c->record_size != expected))
        code = damaged(c->path, error);
    if (code == EM_OK && first && !read_bytes(c->fd, c->shared.bytes, c->shared_size))
        code = damaged(c->path, error);
    code = em_comm_agree(c->comm, code, error);
    if (code != EM_OK)
        return code;
    em_comm_share(c->comm, c->shared.bytes, c->shared_size);
    pass_shared(c, &c->shared);
    if (!first) /* what all had made together */
        c->estep->evaluations = c->evidences->evaluations = 0;
    return em_comm_agree(c->comm, c->shared.failed ? damaged(c->path, error) : EM_OK, error);
}

static em_code read_state(em_checkpoint *c, em_error *error)
{
    const bool first = em_comm_rank(c->comm) == 0;
    em_code code = share_state(c, error);
    char *window = code == EM_OK ? window_room(c, error) : NULL;
    if (code == EM_OK)
        code = em_comm_agree(c->comm, window ? EM_OK : EM_MACHINE, error);
    bool good = true;
    for (size_t i = 0; i < em_plan_windows(c->plan) && code == EM_OK; i++) {
        const size_t n = in_window(c, i);
        if (first)
            good = read_bytes(c->fd, window, n * c->record_size) && good;
        good = pass_window(c, EM_TAKE, i, window, window + n * c->record_size) && good;
    }
    free(window);
    return code == EM_OK ? em_comm_agree(c->comm, good ? EM_OK : damaged(c->path, error), error) : code;
}

/* ---- a fit's ---------------------------------------------------------------------------------------------------------------- */

static void schedule(em_checkpoint *c, double cost)
{
    /* one hundredth of the time, so that with what it leaves to be written by the system it stays below two */
    c->due = em_now() + fmax(c->every, 100 * cost);
}

em_code em_checkpoint_begin(em_checkpoint *c, em_comm *comm, const em_plan *plan, em_estep *estep, em_evidences *evidences,
                            em_run_result *result, double began, em_error *error)
{
    c->comm = comm;
    c->plan = plan;
    c->estep = estep;
    c->evidences = evidences;
    c->result = result;
    c->began = began;
    em_code code = c->found ? read_state(c, error) : EM_OK;
    c->record_size = record_size(c);
    c->n_subjects = plan->n_subjects;
    estep->pause = em_checkpoint_is_due;
    estep->pause_where = c;
    schedule(c, 0);
    return code;
}

bool em_checkpoint_is_stopped(void *where)
{
    const em_checkpoint *c = where;
    return c->stopped && c->stopped();
}

bool em_checkpoint_is_due(void *where)
{
    const em_checkpoint *c = where;
    return em_checkpoint_is_stopped(where) || em_now() >= c->due;
}

static bool any(em_checkpoint *c, bool own)
{
    double most = own;
    em_comm_most(c->comm, &most, 1);
    return most > 0;
}

bool em_checkpoint_any_due(em_checkpoint *c) { return any(c, em_checkpoint_is_due(c)); }
bool em_checkpoint_any_stopped(em_checkpoint *c) { return any(c, em_checkpoint_is_stopped(c)); }

em_code em_checkpoint_pause(em_checkpoint *c, em_error *error)
{
    const double from = em_now();
    em_error why = {EM_OK, ""};
    em_code code = write_state(c, &why);
    double cost = em_now() - from;
    em_comm_most(c->comm, &cost, 1);
    schedule(c, cost);
    const bool stop = em_checkpoint_any_stopped(c);
    if (code != EM_OK && stop)
        return em_fail(error, EM_MACHINE, "stopped by a signal, and the state could not be written: %.800s", why.text);
    if (code != EM_OK && !c->failed)
        em_say(c->log, "warning: the state of the fit could not be written, and the fit goes on without: %s", why.text);
    c->failed = code != EM_OK;
    if (!stop)
        return EM_OK;
    return em_fail(error, EM_STOPPED, "stopped by a signal after %d iterations; the state stands in %s: the same command, or one with "
                   "--resume, goes on from there", c->result->iterations, c->path);
}

void em_checkpoint_remove(const em_checkpoint *c) { unlink(c->path); }

void em_checkpoint_free(em_checkpoint *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    em_archive_free(&c->shared);
    em_identity_free(&c->identity);
}
