#include "kink.h"

#include <math.h>

#include "emlib/abi.h"
#include "linalg.h"

enum { MOST_H = EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2 };

static double value_at(int n, const em_piece *p, const double *z)
{
    double d[EM_MAX_PARAMETERS] = {0}, sum = p->f;
    for (int j = 0; j < n; j++) {
        d[j] = z[j] - p->x[j];
        sum += p->g[j] * d[j];
    }
    return sum + 0.5 * em_packed_quadratic(n, p->h, d);
}

double em_piece_gradient_error(int n, const em_piece *p, const double *z, const double *gradient)
{
    double d[EM_MAX_PARAMETERS] = {0}, change[EM_MAX_PARAMETERS], worst = 0;
    for (int j = 0; j < n; j++)
        d[j] = z[j] - p->x[j];
    em_packed_product(n, p->h, d, change);
    for (int j = 0; j < n; j++)
        worst = fmax(worst, fabs(p->g[j] + change[j] - gradient[j]));
    return worst;
}

/* Minimum z of w a + (1-w) b, from a's point; returns false where it has none. */
static bool mixture_minimum(int n, const em_piece *a, const em_piece *b, double w, double *z)
{
    double h[MOST_H], g[EM_MAX_PARAMETERS], d[EM_MAX_PARAMETERS] = {0}, change[EM_MAX_PARAMETERS];
    for (int k = 0; k < n * (n + 1) / 2; k++)
        h[k] = w * a->h[k] + (1 - w) * b->h[k];
    for (int j = 0; j < n; j++)
        d[j] = a->x[j] - b->x[j];
    em_packed_product(n, b->h, d, change);
    for (int j = 0; j < n; j++)
        g[j] = -(w * a->g[j] + (1 - w) * (b->g[j] + change[j]));
    if (!em_cholesky(n, h, h))
        return false;
    em_cholesky_solve(n, h, g, z);
    for (int j = 0; j < n; j++)
        z[j] += a->x[j];
    return true;
}

bool em_kink_minimum(int n, const em_piece *a, const em_piece *b, double *z, double *height, double *weight)
{
    double low = 0, high = 1;
    bool a_bends_down = false; /* then only mixtures with enough of b have a minimum */
    for (int i = 0; i < 60 && low < high; i++) {
        const double w = i == 0 ? 1 : i == 1 ? 0 : 0.5 * (low + high);
        if (!mixture_minimum(n, a, b, w, z)) {
            if (i == 0)
                a_bends_down = true;
            else if (i > 1 && a_bends_down)
                high = w;
            else if (i > 1)
                low = w;
            continue;
        }
        const double above = value_at(n, a, z) - value_at(n, b, z); /* slope of the dual in w; falls as w grows */
        if (i == 0 && above >= 0)
            low = 1;
        else if (i == 1 && above <= 0)
            high = 0;
        else if (above > 0)
            low = w;
        else
            high = w;
    }
    *weight = 0.5 * (low + high);
    if (!mixture_minimum(n, a, b, *weight, z))
        return false;
    *height = fmax(value_at(n, a, z), value_at(n, b, z));
    return true;
}
