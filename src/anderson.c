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

enum { DIMENSIONS = EM_MAX_PARAMETERS + EM_MAX_PAIRS + EM_MAX_SLOPES };

static int dimensions(const em_group_design *design)
{
    const int n = design->n;
    return 2 * n + design->n_slopes + (design->full ? n * (n - 1) / 2 : 0);
}

/* A covariance in units of what its parameters vary and err by: like a correlation, but never near 1 where both vary little. */
static double unit_of(const em_group_values *group, const em_effects_metric *metric, int i, int j)
{
    return sqrt((group->var[i] + metric->noise[i]) * (group->var[j] + metric->noise[j]));
}

/* The group in the coordinates of the metric. */
static void coordinates(const em_group_values *group, const em_group_design *design, const em_effects_metric *metric, double *z)
{
    const int n = design->n;
    for (int j = 0; j < n; j++) {
        z[j] = group->mu[j] / metric->scale[j];
        z[n + j] = log(group->var[j] + metric->noise[j]);
    }
    z += 2 * n;
    for (int k = 0; k < design->n_slopes; k++)
        *z++ = group->slope[k] / metric->scale[design->parameter[k]];
    for (int i = 0; i < n && design->full; i++)
        for (int j = 0; j < i; j++)
            *z++ = em_group_cov(group, i, j) / unit_of(group, metric, i, j);
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The way back, near the newest image. */
static em_group_values group_at(const double *z, const em_anderson *h, const em_group_design *design, const em_effects_metric *metric)
{
    const int n = design->n;
    em_group_values to = h->image[0];
    for (int j = 0; j < n; j++) {
        if (design->place[j] != EM_FIXED)
            to.mu[j] = z[j] * metric->scale[j];
        /* Never to 0 by extrapolation alone; to 0, though, where that is near. */
        if (design->place[j] == EM_VARIES && (to.var[j] > 0 || h->at[0].var[j] > 0.05 * metric->noise[j]))
            to.var[j] = em_effects_variance(metric, j, fmax(exp(z[n + j]) - metric->noise[j], 0.1 * to.var[j]));
    }
    z += 2 * n;
    for (int k = 0; k < design->n_slopes; k++)
        to.slope[k] = *z++ * metric->scale[design->parameter[k]];
    if (!design->full)
        return to;
    double factor[EM_MAX_PARAMETERS * EM_MAX_PARAMETERS];
    const int rank = n - em_group_factor(&h->image[0], n, factor, NULL);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++, z++)
            *em_group_off(&to, i, j) = to.var[i] > 0 && to.var[j] > 0 ? *z * unit_of(&to, metric, i, j) : 0;
    em_group_lower_rank(&to, n, rank); /* and no eigenvalue below 0 */
    return to;
}

/* Takes from the newest residual its part along each direction, by modified Gram-Schmidt: directions are made orthonormal as they come, newest
 * first; one that is nearly a combination of those before it says nothing that can be trusted, and is left out. The images
 * move along with the residuals. */
em_group_values em_anderson_next(const em_anderson *h, const em_group_design *design, const em_effects_metric *metric, double part_way)
{
    const int d = dimensions(design);
    double at[EM_ANDERSON_DEPTH][DIMENSIONS], image[EM_ANDERSON_DEPTH][DIMENSIONS], residual[EM_ANDERSON_DEPTH][DIMENSIONS];
    for (int i = 0; i < h->n; i++) {
        coordinates(&h->at[i], design, metric, at[i]);
        coordinates(&h->image[i], design, metric, image[i]);
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
    return group_at(next, h, design, metric);
}
