/* Counts the messages of a program that is run with this library loaded before MPI's, on rank 0, and writes them at its end:
 * one line of name=value into the file that BENCH_MESSAGES names.
 *   received, received_bytes     point to point
 *   broadcasts, broadcast_bytes
 *   reductions                   to all ranks
 * build: mpicc -shared -fPIC messages.c -o messages.so; use: mpirun -x LD_PRELOAD=.../messages.so -x BENCH_MESSAGES=... */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static long received, broadcasts, reductions;
static double received_bytes, broadcast_bytes;

static double bytes_of(int n, MPI_Datatype type)
{
    int size;
    PMPI_Type_size(type, &size);
    return (double)n * size;
}

int MPI_Recv(void *to, int n, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Status *status)
{
    received++;
    received_bytes += bytes_of(n, type);
    return PMPI_Recv(to, n, type, source, tag, comm, status);
}

int MPI_Bcast(void *what, int n, MPI_Datatype type, int root, MPI_Comm comm)
{
    broadcasts++;
    broadcast_bytes += bytes_of(n, type);
    return PMPI_Bcast(what, n, type, root, comm);
}

int MPI_Allreduce(const void *from, void *to, int n, MPI_Datatype type, MPI_Op how, MPI_Comm comm)
{
    reductions++;
    return PMPI_Allreduce(from, to, n, type, how, comm);
}

int MPI_Finalize(void)
{
    int rank;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const char *path = getenv("BENCH_MESSAGES");
    FILE *file = rank == 0 && path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "received=%ld received_bytes=%.0f broadcasts=%ld broadcast_bytes=%.0f reductions=%ld\n", received,
                received_bytes, broadcasts, broadcast_bytes, reductions);
        fclose(file);
    }
    return PMPI_Finalize();
}
