/* MPI errors end the job: a rank that is gone cannot be agreed with. Nothing here waits for a limited time only, because ranks may
 * have very uneven work; a rank that dies is noticed by the launcher, which ends the others. */
#include "comm.h"

#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "output.h"

struct em_comm {
    int rank, size;
    bool mpi; /* MPI runs and this object started it */
    double seconds;
};

em_comm *em_comm_alone(void)
{
    em_comm *comm = em_new(1, sizeof *comm, NULL);
    if (comm)
        comm->size = 1;
    return comm;
}

/* MPI takes a third of a second to start, so it is left alone where no launcher stands behind this process. */
static bool launched(void)
{
    static const char *const sign[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", "PMIX_RANK"};
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++)
        if (getenv(sign[i]))
            return true;
    return false;
}

static int number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : 0;
}

/* The shared object has the same name in Open MPI 4 and 5, and numbers of constants may differ. */
static em_code check_library(em_error *error)
{
#ifdef OMPI_MAJOR_VERSION
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length, major;
    MPI_Get_library_version(text, &length);
    if (sscanf(text, "Open MPI v%d", &major) == 1 && major != OMPI_MAJOR_VERSION)
        return em_fail(error, EM_MACHINE, "emlib was built with Open MPI %d and meets Open MPI %d here; load the one it was built with, "
                       "or build it again", OMPI_MAJOR_VERSION, major);
#else
    (void)error;
#endif
    return EM_OK;
}

static int own_rank;

/* The one place where the library prints and ends: MPI calls it, and no error can be returned through MPI. */
static void end_job(MPI_Comm *where, int *code, ...)
{
    (void)where;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length;
    MPI_Error_string(*code, text, &length);
    fprintf(stderr, "emlib: rank %d: MPI: %s; the job ends\n", own_rank, text);
    em_output_remove_all();
    MPI_Abort(MPI_COMM_WORLD, (int)EM_MACHINE);
}

/* MPI waits for all processes of the job, and for ever for one that was started as something else and has ended. */
enum { LONGEST_START = 120 };
static void start_hangs(int number)
{
    static const char text[] = "emlib: MPI has waited two minutes for all processes of the job; did all of them start with the same "
                               "command line?\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit((int)EM_MACHINE);
}

static int start_in_time(void)
{
    struct sigaction now = {.sa_handler = start_hangs}, before;
    sigaction(SIGALRM, &now, &before);
    const unsigned left = alarm(LONGEST_START);
    const int failed = MPI_Init(NULL, NULL);
    alarm(left);
    sigaction(SIGALRM, &before, NULL);
    return failed;
}

static em_code start_mpi(em_comm *comm, em_error *error)
{
    em_code code = check_library(error);
    if (code != EM_OK)
        return code;
    if (start_in_time() != MPI_SUCCESS)
        return em_fail(error, EM_MACHINE, "MPI did not start");
    comm->mpi = true;
    MPI_Comm_rank(MPI_COMM_WORLD, &comm->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &comm->size);
    own_rank = comm->rank;
    MPI_Errhandler handler;
    if (MPI_Comm_create_errhandler(end_job, &handler) == MPI_SUCCESS) {
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
        MPI_Errhandler_free(&handler);
    }
    return EM_OK;
}

/* How many processes the launcher has started, as far as it tells. mpirun may itself run inside a step of SLURM, so it is asked
 * first. */
static int started(void)
{
    int told = 1;
    if (getenv("OMPI_COMM_WORLD_SIZE"))
        return number_of("OMPI_COMM_WORLD_SIZE");
    if (number_of("PMI_SIZE") > told)
        told = number_of("PMI_SIZE");
    if (getenv("SLURM_STEP_ID") && getenv("SLURM_PROCID") && number_of("SLURM_STEP_NUM_TASKS") > told)
        told = number_of("SLURM_STEP_NUM_TASKS");
    return told;
}

em_code em_comm_start(em_comm **comm, em_error *error)
{
    *comm = em_comm_alone();
    if (!*comm)
        return em_fail(error, EM_MACHINE, "out of memory");
    em_code code = launched() ? start_mpi(*comm, error) : EM_OK;
    if (code != EM_OK)
        return code;
    /* Started as many, yet alone: the launcher speaks another dialect, and all copies would do the same work. */
    const int told = started();
    if ((*comm)->size == 1 && told > 1)
        return em_fail(error, EM_MACHINE,
                       "started as one of %d tasks, but MPI sees this one alone: the launcher and Open MPI do not match. "
                       "Use 'mpirun', or 'srun --mpi=pmix' where SLURM has it ('srun --mpi=list' tells)", told);
    return EM_OK;
}

void em_comm_stop(em_comm *comm)
{
    if (!comm)
        return;
    int running = 0;
    if (comm->mpi)
        MPI_Initialized(&running);
    if (running)
        MPI_Finalize();
    free(comm);
}

int em_comm_rank(const em_comm *comm) { return comm->rank; }
int em_comm_size(const em_comm *comm) { return comm->size; }
double em_comm_seconds(const em_comm *comm) { return comm->seconds; }

void em_comm_abort(em_comm *comm, em_code code)
{
    em_output_remove_all();
    if (comm && comm->mpi)
        MPI_Abort(MPI_COMM_WORLD, (int)code);
    exit((int)code);
}

/* Adds to the text which of the processes it is true of. */
static void name_rank(int rank, em_error *error)
{
    char host[128] = "?";
    const size_t length = strlen(error->text);
    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "?");
    snprintf(error->text + length, sizeof error->text - length, " (process %d, on host %s)", rank, host);
}

/* A rank that fails where the first does not is named if the fault is its machine's, or if all did the same. */
static em_code agree(em_comm *comm, em_code code, bool alike, em_error *error)
{
    if (!comm->mpi)
        return code;
    const double from = em_now();
    int mine = code == EM_OK ? comm->size : comm->rank, first;
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first < comm->size) {
        em_error shared = {EM_OK, ""};
        if (comm->rank == first && first > 0 && (alike || code == EM_MACHINE))
            name_rank(first, error);
        if (comm->rank == first)
            shared = *error;
        MPI_Bcast(&shared, sizeof shared, MPI_BYTE, first, MPI_COMM_WORLD);
        *error = shared;
        code = shared.code;
    }
    comm->seconds += em_now() - from;
    return code;
}

em_code em_comm_agree(em_comm *comm, em_code code, em_error *error) { return agree(comm, code, false, error); }
em_code em_comm_agree_alike(em_comm *comm, em_code code, em_error *error) { return agree(comm, code, true, error); }

em_code em_comm_same(em_comm *comm, const char *text, const char *what, em_error *error)
{
    char first[128] = "";
    snprintf(first, sizeof first, "%s", text);
    em_comm_share(comm, first, sizeof first);
    em_code code = strncmp(first, text, sizeof first - 1) == 0 ? EM_OK
                   : em_fail(error, EM_INPUT_ERROR, "not all processes see the same %s; they all need the same file", what);
    return em_comm_agree_alike(comm, code, error);
}

enum { PIECE = 1 << 26 }; /* MPI counts are int */

void em_comm_share_from(em_comm *comm, int from, void *bytes, size_t n)
{
    if (!comm->mpi)
        return;
    const double began = em_now();
    for (char *p = bytes; n; n -= n < PIECE ? n : PIECE, p += PIECE)
        MPI_Bcast(p, (int)(n < PIECE ? n : PIECE), MPI_BYTE, from, MPI_COMM_WORLD);
    comm->seconds += em_now() - began;
}

void em_comm_share(em_comm *comm, void *bytes, size_t n) { em_comm_share_from(comm, 0, bytes, n); }

static void reduce(em_comm *comm, void *x, int n, MPI_Datatype type, MPI_Op how)
{
    if (!comm->mpi)
        return;
    const double from = em_now();
    MPI_Allreduce(MPI_IN_PLACE, x, n, type, how, MPI_COMM_WORLD);
    comm->seconds += em_now() - from;
}

void em_comm_least(em_comm *comm, double *x, int n) { reduce(comm, x, n, MPI_DOUBLE, MPI_MIN); }
void em_comm_most(em_comm *comm, double *x, int n) { reduce(comm, x, n, MPI_DOUBLE, MPI_MAX); }
void em_comm_sum(em_comm *comm, double *x, int n) { reduce(comm, x, n, MPI_DOUBLE, MPI_SUM); }
void em_comm_sum_counts(em_comm *comm, uint64_t *x, int n) { reduce(comm, x, n, MPI_UINT64_T, MPI_SUM); }

void em_comm_send(em_comm *comm, int to, const void *bytes, size_t n)
{
    const double began = em_now();
    for (const char *p = bytes; n; n -= n < PIECE ? n : PIECE, p += PIECE)
        MPI_Send(p, (int)(n < PIECE ? n : PIECE), MPI_BYTE, to, 1, MPI_COMM_WORLD);
    comm->seconds += em_now() - began;
}

void em_comm_receive(em_comm *comm, int from, void *bytes, size_t n)
{
    const double began = em_now();
    for (char *p = bytes; n; n -= n < PIECE ? n : PIECE, p += PIECE)
        MPI_Recv(p, (int)(n < PIECE ? n : PIECE), MPI_BYTE, from, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    comm->seconds += em_now() - began;
}
