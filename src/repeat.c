#include "repeat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "fit_options.h"
#include "isa.h"
#include "random.h"
#include "simulate.h"

/* ---- pieces over ranks ----------------------------------------------------------------------------------------- */

typedef struct {
    em_comm *comm, *alone;
    int n;
    size_t size;
    em_piece_fn *work;
    void *where;
    const em_progress *progress;
    double began;
    char *results;
} course;

static void tell(const course *c, int done)
{
    if (c->progress && c->progress->repetition && em_comm_rank(c->comm) == 0)
        c->progress->repetition(c->progress->where, done, c->n, em_now() - c->began);
}

/* Where this rank puts the result of its round i: rank 0 at once where it belongs. */
static char *place(const course *c, int i, char *mine)
{
    const size_t ranks = (size_t)em_comm_size(c->comm);
    return em_comm_rank(c->comm) == 0 ? c->results + (size_t)i * ranks * c->size : mine + (size_t)i * c->size;
}

/* Round by round, each rank a piece of its own: piece `round * ranks + rank`. mine [rounds, size] out, but on rank 0.
 */
static em_code run_rounds(const course *c, int rounds, char *mine, em_error *error)
{
    const int ranks = em_comm_size(c->comm), rank = em_comm_rank(c->comm);
    em_code code = EM_OK;
    for (int i = 0; i < rounds && code == EM_OK; i++) {
        code = c->work(c->where, c->alone, i * ranks + rank, place(c, i, mine), error);
        if (i == 0) /* what fails mostly fails at once, and nobody should wait for it */
            code = em_comm_agree(c->comm, code, error);
        if (code == EM_OK)
            tell(c, (i + 1) * ranks);
    }
    return em_comm_agree(c->comm, code, error);
}

/* The others' results to their places on rank 0. */
static void collect(const course *c, int rounds, char *mine)
{
    const int ranks = em_comm_size(c->comm), rank = em_comm_rank(c->comm);
    for (int i = 0; i < rounds; i++)
        for (int from = 1; from < ranks; from++) {
            if (rank == 0)
                em_comm_receive(c->comm, from, c->results + (size_t)(i * ranks + from) * c->size, c->size);
            else if (rank == from)
                em_comm_send(c->comm, 0, mine + (size_t)i * c->size, c->size);
        }
}

static em_code run(course *c, em_error *error)
{
    const int rounds = c->n / em_comm_size(c->comm), done = rounds * em_comm_size(c->comm);
    const bool first = em_comm_rank(c->comm) == 0;
    char *mine = em_new(first ? 0 : (size_t)rounds, c->size, error);
    char *shared = em_new(1, c->size, error); /* on ranks that get no result */
    em_code code =
        em_comm_agree(c->comm, mine && shared && c->alone ? EM_OK : em_fail(error, EM_MACHINE, "out of memory"), error);
    if (code == EM_OK)
        code = run_rounds(c, rounds, mine, error);
    if (code == EM_OK)
        collect(c, rounds, mine);
    for (int i = done; i < c->n && code == EM_OK; i++) {
        code = em_comm_agree(
            c->comm, c->work(c->where, c->comm, i, first ? c->results + (size_t)i * c->size : shared, error), error);
        if (code == EM_OK)
            tell(c, i + 1);
    }
    free(mine);
    free(shared);
    return code;
}

em_code em_repeat(em_comm *comm, int n, size_t size, em_piece_fn *work, void *where, const em_progress *progress,
                  char *results, em_error *error)
{
    course c = {comm, em_comm_alone(), n, size, work, where, progress, em_now(), results};
    em_code code = run(&c, error);
    em_comm_stop(c.alone);
    return code;
}

uint64_t em_repeat_seed(uint64_t seed, int r)
{
    em_random random = em_random_start(seed, UINT64_MAX - (uint64_t)r); /* far from the streams of subjects */
    return r == 0 ? seed : em_random_next(&random) >> 11;
}

em_code em_repeat_name(em_code code, const char *name, em_error *error)
{
    char text[sizeof error->text];
    if (code == EM_OK || code == EM_NOT_CONVERGED || strstr(error->text, name))
        return code;
    snprintf(text, sizeof text, "%s", error->text);
    return em_fail(error, code, "%s: %s", name, text);
}

em_code em_repeat_isa(em_comm *comm, int *isa, em_error *error)
{
    em_code code = em_comm_agree(comm, em_isa_choose(isa, error), error);
    double least = *isa;
    em_comm_least(comm, &least, 1);
    *isa = (int)least;
    return code;
}

/* ---- what is asked --------------------------------------------------------------------------------------------- */

bool em_repeat_has_options(const em_model *model)
{
    for (int c = 0; c < model->n_columns; c++)
        if (model->columns[c].codes == EM_OPTION)
            return true;
    return false;
}

em_code em_repeat_drawn_options(const em_model *model, const em_simulation *simulation, int *options, em_error *error)
{
    em_drawing drawing;
    em_code code = em_drawing_start(model, simulation, &drawing, error);
    *options = drawing.options;
    em_drawing_end(&drawing);
    return code;
}

static em_code check_fit(const em_fit_options *o, const em_model *model, em_error *error)
{
    bool plain = o->group == EM_GROUP_ESTIMATE && !o->group_from && !o->subjects && o->n_covariates == 0 &&
                 o->n_by == 0 && o->n_exclude == 0 && o->bootstrap == 0;
    for (int j = 0; j < EM_MAX_PARAMETERS; j++)
        plain = plain && isnan(o->mu[j]) && isnan(o->var[j]) && isnan(o->fix[j]) && !o->shared[j];
    if (!plain)
        return em_fail(error, EM_INPUT_ERROR,
                       "the fits of a study estimate the whole group of all subjects, from the model's own start: "
                       "covariates, conditions, fixed or shared parameters, a given group or start, and choices of "
                       "subjects are not for them");
    return em_fit_options_check(o, model, error);
}

em_code em_repeat_check(const em_model *model, const em_simulation *simulation, const em_fit_options *options,
                        int repetitions, em_error *error)
{
    if (repetitions < 1)
        return em_fail(error, EM_INPUT_ERROR, "a study needs at least 1 repetition, not %d", repetitions);
    if (simulation->n_effects > 0)
        return em_fail(error, EM_INPUT_ERROR, "effects of covariates are not for a study: its fits have no covariates");
    if (simulation->subjects < 2)
        return em_fail(error, EM_INPUT_ERROR, "a group needs at least 2 subjects");
    if (simulation->options != 0 && !em_repeat_has_options(model))
        return em_fail(error, EM_INPUT_ERROR, "model %s has no choice among K options: --options is not for it",
                       model->name);
    em_code code = check_fit(options, model, error);
    int drawn;
    return code == EM_OK ? em_repeat_drawn_options(model, simulation, &drawn, error) : code;
}
