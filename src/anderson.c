#include "anderson.h"

#include <math.h>
#include <string.h>

void em_anderson_remember(em_anderson *h, const em_group_values *at, const em_group_values *image)
{
    memmove(h->at + 1, h->at, sizeof h->at - sizeof *h->at);
    memmove(h->image + 1, h->image, sizeof h->image - sizeof *h->image);
    h->at[0] = *at;
    h->image[0] = *image;
    h->n += h->n < EM_ANDERSON_DEPTH;
}

enum { DIMENSIONS = 2 * EM_MAX_PARAMETERS };

/* The group in the coordinates of the metric. */
static void coordinates(const em_group_values *group, int n, const em_effects_metric *metric, double *z)
{
    for (int j = 0; j < n; j++) {
        z[j] = group->mu[j] / metric->scale[j];
        z[n + j] = log(group->var[j] + metric->noise[j]);
    }
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Takes from the newest residual its part along each direction, by modified Gram-Schmidt: directions are made orthonormal as they come, newest
 * first; one that is nearly a combination of those before it says nothing that can be trusted, and is left out. The images
 * move along with the residuals. */
em_group_values em_anderson_next(const em_anderson *h, int n, const em_effects_metric *metric, double part_way)
{
    const int d = 2 * n;
    double at[EM_ANDERSON_DEPTH][DIMENSIONS], image[EM_ANDERSON_DEPTH][DIMENSIONS], residual[EM_ANDERSON_DEPTH][DIMENSIONS];
    for (int i = 0; i < h->n; i++) {
        coordinates(&h->at[i], n, metric, at[i]);
        coordinates(&h->image[i], n, metric, image[i]);
        for (int k = 0; k < d; k++) {
            residual[i][k] = image[i][k] - at[i][k];
            image[i][k] = at[i][k] + part_way * residual[i][k];
        }
    }
    double next[DIMENSIONS], left[DIMENSIONS];
    memcpy(next, image[0], sizeof next);
    memcpy(left, residual[0], sizeof left);
    double q[EM_ANDERSON_DEPTH][DIMENSIONS], moved[EM_ANDERSON_DEPTH][DIMENSIONS]; /* directions; what they are of images */
    int m = 0;
    for (int i = 1; i < h->n && m < d; i++) {
        for (int k = 0; k < d; k++) {
            q[m][k] = residual[0][k] - residual[i][k];
            moved[m][k] = image[0][k] - image[i][k];
        }
        const double before = dot(d, q[m], q[m]);
        for (int o = 0; o < m; o++) {
            const double part = dot(d, q[m], q[o]);
            for (int k = 0; k < d; k++) {
                q[m][k] -= part * q[o][k];
                moved[m][k] -= part * moved[o][k];
            }
        }
        const double norm = dot(d, q[m], q[m]);
        if (!(norm > 1e-6 * before) || norm == 0)
            continue;
        for (int k = 0; k < d; k++) {
            q[m][k] /= sqrt(norm);
            moved[m][k] /= sqrt(norm);
        }
        const double part = dot(d, left, q[m]);
        for (int k = 0; k < d; k++) {
            left[k] -= part * q[m][k];
            next[k] -= part * moved[m][k];
        }
        m++;
    }
    em_group_values to = h->image[0];
    for (int j = 0; j < n; j++) {
        to.mu[j] = next[j] * metric->scale[j];
        /* Never to 0 by extrapolation alone; to 0, though, where that is near. */
        if (to.var[j] > 0 || h->at[0].var[j] > 0.05 * metric->noise[j])
            to.var[j] = em_effects_variance(metric, j, fmax(exp(next[n + j]) - metric->noise[j], 0.1 * to.var[j]));
    }
    return to;
}
