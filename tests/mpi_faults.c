/* Put before the MPI library (LD_PRELOAD): it fails, or says that it is another one. */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int MPI_Get_library_version(char *text, int *length)
{
    const char *told = getenv("MPI_FAULT_VERSION");
    *length = snprintf(text, MPI_MAX_LIBRARY_VERSION_STRING, "%s", told ? told : "Open MPI v");
    return MPI_SUCCESS;
}

int MPI_Init(int *argc, char ***argv)
{
    if (getenv("MPI_FAULT_HANGS"))
        raise(SIGALRM); /* as if the time were over */
    return PMPI_Init(argc, argv);
}

/* Rank 1 meets an error in the n-th call. */
int MPI_Allreduce(const void *from, void *to, int n, MPI_Datatype type, MPI_Op how, MPI_Comm comm)
{
    static int calls;
    int rank;
    const char *at = getenv("MPI_FAULT_AT");
    MPI_Comm_rank(comm, &rank);
    if (at && rank == 1 && ++calls == atoi(at))
        MPI_Comm_call_errhandler(comm, MPI_ERR_OTHER);
    return PMPI_Allreduce(from, to, n, type, how, comm);
}
