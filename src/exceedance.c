/* Which of several gamma variables is the largest: exceedance probabilities without sampling. */
#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_legendre.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Components of a Dirichlet variable are independent gamma variables over their sum, so the largest component is the
 * largest of these. Everything is a function of u = log x, in which the density of a gamma variable is smooth and has
 * light tails whatever its alpha. One grid serves all variables: panels with Gauss-Legendre nodes. The distribution
 * functions are integrals of the interpolated densities over the same nodes; gsl_cdf_gamma_P is off by 1e-8 at alpha
 * 1e5 and by 0.1 at 1e6 (GSL 2.7). */
enum {
    NODES = 16,
    EDGES = 10, /* of panels, to each side of a variable's peak */
    BENDS = 3,
    MOST_EDGES = 2 * EDGES + 1 + BENDS, /* of a variable */
    MOST_HALVINGS = 8
};
static const double least_alpha = 1e-4, most_alpha = 1e8;
/* Below the peak the log density of u goes over into a straight line within some units of u; where alpha is small, one
 * standard deviation has hundreds. */
static const double bend[BENDS] = {-4, -12, -40};
static const double tolerance = 1e-12; /* of a probability, from one grid to one with panels of half the width */

typedef struct rule {
    double x[NODES], weight[NODES]; /* on [-1,1] */
    double integral[NODES][NODES];  /* of the interpolant from -1 to x_i: sum over m of integral[i][m] f(x_m) */
} rule;

typedef struct gammas {
    int n;
    const double *alpha;     /* [n] */
    double *centre, *height; /* [n] u of the peak, density there */
    double *edge;            /* [n_edges] ascending ends of panels */
    size_t n_edges;
    double *below;               /* [n] distribution functions at the start of the panel */
    double *density, *cumulated; /* [n,NODES] */
    double *after;               /* [n+1] products of the distribution functions from this one on */
} gammas;

/* With Legendre's polynomials, whose integral from -1 to x is (P_{l+1}(x) - P_{l-1}(x)) / (2l+1). */
static em_code make_rule(rule *r, em_error *error)
{
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(NODES);
    if (!table)
        return em_fail(error, EM_MACHINE, "out of memory");
    double p[NODES][NODES + 1];
    for (size_t i = 0; i < NODES; i++) {
        gsl_integration_glfixed_point(-1, 1, i, &r->x[i], &r->weight[i], table);
        gsl_sf_legendre_Pl_array(NODES, r->x[i], p[i]);
    }
    gsl_integration_glfixed_table_free(table);
    for (int i = 0; i < NODES; i++)
        for (int m = 0; m < NODES; m++) {
            double sum = (r->x[i] + 1) / 2;
            for (int l = 1; l < NODES; l++)
                sum += p[m][l] * (p[i][l + 1] - p[i][l - 1]) / 2;
            r->integral[i][m] = r->weight[m] * sum;
        }
    return EM_OK;
}

/* Where a (e^v - 1 - v), by which the log density lies below its peak, is `drop`; v on the side of `sign`. */
static double where_it_drops(double alpha, double drop, int sign)
{
    const double c = drop / alpha;
    double inside = 0, outside = sign < 0 ? -1 - c : sqrt(2 * c);
    for (int i = 0; i < 60; i++) {
        double v = (inside + outside) / 2;
        if (expm1(v) - v < c)
            inside = v;
        else
            outside = v;
    }
    return outside;
}

/* alpha^alpha e^-alpha / Gamma(alpha), the density of u at its peak; Stirling's series, as GSL has it, where tgamma
 * would overflow. */
static double peak(double alpha)
{
    return alpha < 10 ? pow(alpha, alpha) * exp(-alpha) / tgamma(alpha)
                      : sqrt(alpha / (2 * M_PI)) / gsl_sf_gammastar(alpha);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Panels of about a standard deviation around each peak; beyond its outermost edges a variable is with a probability
 * below exp(-EDGES^2/2), 2e-22 (Chernoff's bound). */
static void place_edges(gammas *g)
{
    size_t n = 0;
    for (int k = 0; k < g->n; k++) {
        g->edge[n++] = g->centre[k];
        for (int i = 1; i <= EDGES; i++) {
            g->edge[n++] = g->centre[k] + where_it_drops(g->alpha[k], i * i / 2.0, -1);
            g->edge[n++] = g->centre[k] + where_it_drops(g->alpha[k], i * i / 2.0, 1);
        }
        for (int i = 0; i < BENDS && g->alpha[k] < 0.5; i++)
            g->edge[n++] = g->centre[k] + bend[i];
    }
    qsort(g->edge, n, sizeof *g->edge, ascending);
    g->n_edges = 1;
    for (size_t i = 1; i < n; i++)
        if (g->edge[i] > g->edge[g->n_edges - 1])
            g->edge[g->n_edges++] = g->edge[i];
}

/* Adds one panel's share to the probabilities [n]; `below` moves to its end. */
static void add_panel(gammas *g, const rule *r, double from, double to, double *probability)
{
    const double half = (to - from) / 2;
    for (int k = 0; k < g->n; k++) {
        double *density = g->density + (size_t)k * NODES, *cumulated = g->cumulated + (size_t)k * NODES;
        double whole = 0;
        for (int i = 0; i < NODES; i++) {
            const double v = from - g->centre[k] + half * (1 + r->x[i]);
            density[i] = g->height[k] * exp(g->alpha[k] * (v - expm1(v)));
            whole += half * r->weight[i] * density[i];
        }
        for (int i = 0; i < NODES; i++) {
            cumulated[i] = g->below[k];
            for (int m = 0; m < NODES; m++)
                cumulated[i] += half * r->integral[i][m] * density[m];
        }
        g->below[k] += whole;
    }
    for (int i = 0; i < NODES; i++) {
        double before = 1;
        g->after[g->n] = 1;
        for (int k = g->n - 1; k > 0; k--)
            g->after[k] = g->after[k + 1] * g->cumulated[(size_t)k * NODES + (size_t)i];
        for (int k = 0; k < g->n; k++) {
            probability[k] +=
                half * r->weight[i] * g->density[(size_t)k * NODES + (size_t)i] * before * g->after[k + 1];
            before *= g->cumulated[(size_t)k * NODES + (size_t)i];
        }
    }
}

/* With each panel cut into `parts`. */
static void integrate(gammas *g, const rule *r, int parts, double *probability)
{
    memset(probability, 0, (size_t)g->n * sizeof *probability);
    memset(g->below, 0, (size_t)g->n * sizeof *g->below);
    for (size_t e = 0; e + 1 < g->n_edges; e++) {
        const double width = (g->edge[e + 1] - g->edge[e]) / parts;
        for (int i = 0; i < parts; i++)
            add_panel(g, r, g->edge[e] + i * width, g->edge[e] + (i + 1) * width, probability);
    }
}

static em_code settle(gammas *g, double *probability, em_error *error)
{
    rule r;
    double *finer = em_new((size_t)g->n, sizeof *finer, error);
    em_code code = finer ? make_rule(&r, error) : EM_MACHINE;
    double change = INFINITY;
    if (!code)
        integrate(g, &r, 1, probability);
    for (int i = 1; i <= MOST_HALVINGS && !code && change > tolerance; i++) {
        integrate(g, &r, 1 << i, finer);
        change = 0;
        for (int k = 0; k < g->n; k++)
            change = fmax(change, fabs(finer[k] - probability[k]));
        memcpy(probability, finer, (size_t)g->n * sizeof *finer);
    }
    if (!code && change > tolerance)
        code = em_fail(error, EM_MACHINE,
                       "the exceedance probabilities of %d models are known to %.1e only; please report this", g->n,
                       change);
    free(finer);
    return code;
}

em_code em_exceedance(const double *alpha, int n, double *probability, em_error *error)
{
    if (n < 1)
        return em_fail(error, EM_INPUT_ERROR, "there is no model whose exceedance probability could be computed");
    for (int k = 0; k < n; k++)
        if (!(alpha[k] >= least_alpha && alpha[k] <= most_alpha))
            return em_fail(error, EM_INPUT_ERROR,
                           "model %d of %d: an exceedance probability needs a Dirichlet count from %g to %g, not %g",
                           k + 1, n, least_alpha, most_alpha, alpha[k]);
    const size_t size = (size_t)n;
    gammas g = {.n = n, .alpha = alpha};
    double *memory = em_new(size * (3 + MOST_EDGES + 2 * NODES) + size + 1, sizeof *memory, error);
    if (!memory)
        return EM_MACHINE;
    g.centre = memory;
    g.height = g.centre + size;
    g.below = g.height + size;
    g.edge = g.below + size;
    g.density = g.edge + size * MOST_EDGES;
    g.cumulated = g.density + size * NODES;
    g.after = g.cumulated + size * NODES;
    for (int k = 0; k < n; k++) {
        g.centre[k] = log(alpha[k]);
        g.height[k] = peak(alpha[k]);
    }
    place_edges(&g);
    em_code code = settle(&g, probability, error);
    for (int k = 0; k < n && !code; k++) /* rounding */
        probability[k] = fmin(fmax(probability[k], 0), 1);
    free(memory);
    return code;
}
