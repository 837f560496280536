/* What messages between two ranks of this machine cost.
 * usage: mpirun -n 2 network; output: one line of name=value, times in seconds
 *   latency     one way, 64 bytes
 *   bandwidth   bytes a second, one way, 4 MiB
 *   allreduce   one sum of 8 doubles over both */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL = 64, LARGE = 1 << 22, ROUNDS = 7 };
static int rank;
static char *bytes;

/* n messages of this size there and back in turn: seconds one way */
static double back_and_forth(int n, int size)
{
    const double from = MPI_Wtime();
    for (int i = 0; i < n; i++) {
        if (rank == 0)
            MPI_Send(bytes, size, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Recv(bytes, size, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (rank == 1)
            MPI_Send(bytes, size, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
    return (MPI_Wtime() - from) / (2.0 * n);
}
static double sums(int n, int size)
{
    (void)size;
    double x[8] = {0};
    const double from = MPI_Wtime();
    for (int i = 0; i < n; i++)
        MPI_Allreduce(MPI_IN_PLACE, x, 8, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return (MPI_Wtime() - from) / n;
}
/* median over rounds, the first of which warms up */
static double median(double (*what)(int, int), int n, int size)
{
    double t[ROUNDS];
    what(n / 10 + 1, size);
    for (int i = 0; i < ROUNDS; i++) {
        double x = what(n, size);
        int j = i;
        for (; j > 0 && t[j - 1] > x; j--)
            t[j] = t[j - 1];
        t[j] = x;
    }
    return t[ROUNDS / 2];
}

int main(int n, char **argument)
{
    int size;
    MPI_Init(&n, &argument);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    bytes = calloc(LARGE, 1);
    if (size != 2 || !bytes) {
        fprintf(stderr, "network: it takes two ranks and %d bytes each\n", LARGE);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    const double latency = median(back_and_forth, 10000, SMALL);
    const double large = median(back_and_forth, 50, LARGE), allreduce = median(sums, 10000, 0);
    if (rank == 0)
        printf("latency=%.4g bandwidth=%.4g allreduce=%.4g\n", latency, LARGE / large, allreduce);
    free(bytes);
    MPI_Finalize();
    return 0;
}
