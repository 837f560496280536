/* A function of several reals whose derivatives were found by hand. Included after emlib/model.h. */
#ifndef CHAIN_H
#define CHAIN_H
enum { ARGUMENTS = 7, ARGUMENT_PAIRS = ARGUMENTS * (ARGUMENTS + 1) / 2 };
/* Value, first derivatives, and second derivatives in the lower triangle by rows. */
typedef struct { em_v f, by[ARGUMENTS], by2[ARGUMENT_PAIRS]; } jet;

EM_INLINE real chain(const real *x, int n, const jet *f)
{
    real r = em_constant(f->f);
#if EM_DERIVATIVES
    EM_UNROLL for (int a = 0; a < n; a++)
    {
        EM_EACH_DIRECTION {
            em_v curved = em_all(0); /* derivative in direction i of the derivative by x[a], times 1 for a itself and below */
            EM_UNROLL for (int b = 0; b < n; b++) curved += f->by2[a > b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a] * x[b].g[i];
            r.g[i] += f->by[a] * x[a].g[i];
            EM_EACH_PAIR r.h[k] += f->by[a] * x[a].h[k] + curved * x[a].g[j];
        }
    }
#else
    (void)x, (void)n;
#endif
    return r;
}
#endif
