/* Simulated data into a file, by any number of ranks, none of which holds more than a piece. */
#include <stdlib.h>
#include <string.h>

#include "comm.h"
#include "dataset_file.h"
#include "error.h"
#include "fingerprint.h"
#include "simulate.h"

/* Rows are drawn in pieces of whole blocks, by the ranks in turn; rank 0 writes them, in order. */
enum { PIECE_BLOCKS = 16, PIECE = PIECE_BLOCKS * EM_BLOCK };

typedef struct {
    em_comm *comm;
    em_drawing drawing;
    double *values; /* [C, PIECE] of a piece: [C, rows in it] */
    em_hash *hash;  /* [C, PIECE_BLOCKS] of a piece: [C, blocks in it] */
    /* on rank 0 */
    em_dataset *frame;
    em_dataset_writer *writer;
    em_hash *id, *offset, **column; /* of all blocks; column [C] */
} job;

static size_t rows_of(const job *j, size_t piece)
{
    const size_t left = j->drawing.n_rows - piece * PIECE;
    return left < PIECE ? left : PIECE;
}

/* ---- rank 0 ------------------------------------------------------------------------------------------------------ */

static em_code begin_file(job *j, const char *path, bool force, em_error *error)
{
    const em_model *model = j->drawing.model;
    const size_t S = j->drawing.sim->subjects, C = (size_t)model->n_columns;
    em_dataset *last = NULL; /* whose id is as long as any */
    bool whole[C];
    em_code code = em_drawing_frame(&j->drawing, &j->frame, error);
    if (code == EM_OK)
        code = em_effects_store(&j->drawing.effects, j->frame, error);
    if (code == EM_OK)
        code = em_drawing_frame(&j->drawing, &last, error);
    if (code == EM_OK)
        code = em_draw_subjects(&j->drawing, S - 1, 1, last, error);
    for (size_t c = 0; c < C; c++)
        whole[c] = model->columns[c].codes != EM_NUMBER;
    if (code == EM_OK)
        code = em_dataset_create(j->frame, strlen(last->id[0]), whole, path, force, &j->writer, error);
    em_dataset_free(last);
    j->id = em_new(em_blocks(S), sizeof *j->id, error);
    j->offset = em_new(em_blocks(S + 1), sizeof *j->offset, error);
    j->column = em_new(C, sizeof *j->column, error);
    if (!j->id || !j->offset || !j->column)
        return EM_MACHINE;
    for (size_t c = 0; c < C; c++)
        if (!(j->column[c] = em_new(em_blocks(j->drawing.n_rows), sizeof **j->column, error)))
            return EM_MACHINE;
    return code;
}

static em_code write_subjects(job *j, em_error *error)
{
    const size_t S = j->drawing.sim->subjects;
    em_code code = EM_OK;
    for (size_t first = 0; first < S && code == EM_OK; first += EM_BLOCK) {
        const size_t n = S - first < EM_BLOCK ? S - first : EM_BLOCK;
        em_dataset *part = NULL;
        code = em_drawing_frame(&j->drawing, &part, error);
        if (code == EM_OK)
            code = em_draw_subjects(&j->drawing, first, n, part, error);
        if (code == EM_OK)
            code = em_hash_ids(part->id, n, j->id + first / EM_BLOCK, error);
        if (code == EM_OK) /* there is one offset more than subjects */
            code = em_hash_offsets(part->offset, n + (first + n == S), j->offset + first / EM_BLOCK, error);
        if (code == EM_OK)
            code = em_dataset_put_subjects(j->writer, part, first, error);
        em_dataset_free(part);
    }
    return code;
}

static em_code write_piece(job *j, size_t piece, em_error *error)
{
    const size_t n = rows_of(j, piece), blocks = em_blocks(n);
    em_code code = EM_OK;
    for (int c = 0; c < j->drawing.model->n_columns && code == EM_OK; c++) {
        memcpy(j->column[c] + piece * PIECE_BLOCKS, j->hash + (size_t)c * blocks, blocks * sizeof *j->hash);
        code = em_dataset_put_values(j->writer, c, piece * PIECE, n, j->values + (size_t)c * n, error);
    }
    return code;
}

static em_code end_file(job *j, em_error *error)
{
    em_code code = em_fingerprint(j->frame, j->id, j->offset, j->column, error);
    return code == EM_OK ? em_dataset_finish(j->writer, j->frame->fingerprint, error) : code;
}

/* ---- all ranks --------------------------------------------------------------------------------------------------- */

static em_code draw_piece(job *j, size_t piece, em_error *error)
{
    const size_t n = rows_of(j, piece), blocks = em_blocks(n);
    em_code code = em_draw_rows(&j->drawing, piece * PIECE, n, j->values, error);
    for (size_t c = 0; c < (size_t)j->drawing.model->n_columns && code == EM_OK; c++)
        code = em_hash_values(j->values + c * n, n, j->hash + c * blocks, error);
    return code;
}

/* One piece of each rank, from `piece` on, to the file. Rank 0 takes every piece, also after a failure. */
static em_code pass_pieces(job *j, size_t piece, size_t n_pieces, em_error *error)
{
    em_comm *comm = j->comm;
    const size_t C = (size_t)j->drawing.model->n_columns;
    em_code code = EM_OK;
    for (int r = 0; r < em_comm_size(comm) && piece < n_pieces; r++, piece++) {
        const size_t n = rows_of(j, piece), values = C * n * sizeof *j->values,
                     hashes = C * em_blocks(n) * sizeof *j->hash;
        if (r > 0 && r == em_comm_rank(comm)) {
            em_comm_send(comm, 0, j->values, values);
            em_comm_send(comm, 0, j->hash, hashes);
        }
        if (r > 0 && em_comm_rank(comm) == 0) {
            em_comm_receive(comm, r, j->values, values);
            em_comm_receive(comm, r, j->hash, hashes);
        }
        if (em_comm_rank(comm) == 0 && code == EM_OK)
            code = write_piece(j, piece, error);
    }
    return code;
}

static em_code draw_and_write(job *j, em_error *error)
{
    const size_t n_pieces = (j->drawing.n_rows + PIECE - 1) / PIECE, rank = (size_t)em_comm_rank(j->comm);
    em_code code = EM_OK;
    for (size_t piece = 0; piece < n_pieces; piece += (size_t)em_comm_size(j->comm)) {
        if (code == EM_OK && piece + rank < n_pieces)
            code = draw_piece(j, piece + rank, error);
        code = em_comm_agree(j->comm, code, error);
        if (code != EM_OK)
            return code;
        code = pass_pieces(j, piece, n_pieces, error);
    }
    return code;
}

static em_code run(job *j, const char *path, bool force, em_error *error)
{
    const bool first = em_comm_rank(j->comm) == 0;
    const size_t C = (size_t)j->drawing.model->n_columns, n = j->drawing.n_rows < PIECE ? j->drawing.n_rows : PIECE;
    j->values = em_new(C * n, sizeof *j->values, error);
    j->hash = em_new(C * PIECE_BLOCKS, sizeof *j->hash, error);
    em_code code = j->values && j->hash ? EM_OK : EM_MACHINE;
    if (first && code == EM_OK)
        code = begin_file(j, path, force, error);
    if (first && code == EM_OK)
        code = write_subjects(j, error);
    code = em_comm_agree(j->comm, code, error);
    if (code == EM_OK)
        code = draw_and_write(j, error);
    if (first && code == EM_OK)
        code = end_file(j, error);
    return em_comm_agree(j->comm, code, error);
}

em_code em_simulate_file(em_comm *comm, const em_model *model, const em_simulation *sim, const char *path, bool force,
                         em_error *error)
{
    job j = {.comm = comm};
    em_code code = em_comm_agree(comm, em_drawing_start(model, sim, &j.drawing, error), error);
    if (code == EM_OK)
        code = run(&j, path, force, error);
    for (int c = 0; j.column && c < model->n_columns; c++)
        free(j.column[c]);
    free(j.column);
    free(j.id);
    free(j.offset);
    free(j.values);
    free(j.hash);
    em_dataset_drop(j.writer);
    em_dataset_free(j.frame);
    em_drawing_end(&j.drawing);
    return code;
}
