/* Studies: data simulated and fitted again and again, the pieces of work shared out over the ranks. */
#ifndef EMLIB_REPEAT_H
#define EMLIB_REPEAT_H
#include "comm.h"

/* Does piece `i`, and leaves its result at `to` on the first rank of `comm`; collective in `comm`. The result must not
 * depend on the number of ranks in it. */
typedef em_code em_piece_fn(void *where, em_comm *comm, int i, void *to, em_error *error);

/* Pieces 0 .. n-1, each with a result of `size` bytes. As long as there is a piece for every rank each rank does its
 * own, alone: that needs no communication. What is left is done by all of them together, one piece after the other. So
 * all ranks are busy all the time, and a single piece uses all of them, too. results [n, size] out, on rank 0. Ends
 * early where the first piece of a rank fails, else at the end. progress: its `repetition`, of pieces. Collective. */
em_code em_repeat(em_comm *comm, int n, size_t size, em_piece_fn *work, void *where, const em_progress *progress,
                  char *results, em_error *error) EM_MUST_CHECK;

/* The seed of repetition r (from 0) of a study: the study's own for the first, so that 'emlib simulate' makes the same
 * data; numbers below 2^53 for the others. */
uint64_t em_repeat_seed(uint64_t seed, int r);

/* What can be said of a study before it runs: that the model can be simulated so; that the fit asks for nothing but a
 * group of its own. */
em_code em_repeat_check(const em_model *model, const em_simulation *simulation, const em_fit_options *options,
                        int repetitions, em_error *error) EM_MUST_CHECK;
/* Whether one of the columns is a choice among K. */
bool em_repeat_has_options(const em_model *model);
/* K of the data that the model simulates so. */
em_code em_repeat_drawn_options(const em_model *model, const em_simulation *simulation, int *options,
                                em_error *error) EM_MUST_CHECK;
/* A failure in a data set: puts its name before the text, where it is not in it. Returns the code. */
em_code em_repeat_name(em_code code, const char *name, em_error *error);
/* The widest instruction set that all ranks have. Collective. */
em_code em_repeat_isa(em_comm *comm, int *isa, em_error *error) EM_MUST_CHECK;
#endif
