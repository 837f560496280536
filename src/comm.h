/* The ranks: every MPI call of the library stands in comm.c. All functions but send, receive and the last are collective. */
#ifndef EMLIB_COMM_H
#define EMLIB_COMM_H
#include "emlib/emlib.h"

/* Agrees on a failure: every rank returns the code and text of the first rank that failed, or EM_OK if none did. Each
 * rank passes its own code, with `error` filled where that is not EM_OK. Call it before a rank alone could turn away. */
em_code em_comm_agree(em_comm *comm, em_code code, em_error *error) EM_MUST_CHECK;
/* The same where all ranks do the same thing, so that a rank that fails alone has a fault of its own: the text names it. */
em_code em_comm_agree_alike(em_comm *comm, em_code code, em_error *error) EM_MUST_CHECK;
/* EM_INPUT_ERROR where a rank has another text (of up to 127 bytes) than rank 0. what: "data in FILE". */
em_code em_comm_same(em_comm *comm, const char *text, const char *what, em_error *error) EM_MUST_CHECK;
/* Bytes of rank 0, or of rank `from`, to all. */
void em_comm_share(em_comm *comm, void *bytes, size_t n);
void em_comm_share_from(em_comm *comm, int from, void *bytes, size_t n);
/* Smallest, largest, sum over the ranks of each of n numbers, on all ranks. The sum's last bits depend on their number. */
void em_comm_least(em_comm *comm, double *x, int n);
void em_comm_most(em_comm *comm, double *x, int n);
void em_comm_sum(em_comm *comm, double *x, int n);
void em_comm_sum_counts(em_comm *comm, uint64_t *x, int n);
/* Between two ranks, blocks of any size; what one sends the other receives, in the same order. */
void em_comm_send(em_comm *comm, int to, const void *bytes, size_t n);
void em_comm_receive(em_comm *comm, int from, void *bytes, size_t n);
/* Seconds this rank has spent in the calls above. */
double em_comm_seconds(const em_comm *comm);
#endif
