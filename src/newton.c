#include "newton.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "kink.h"
#include "linalg.h"

enum { MOST_STEPS = 200 };
static const double first_radius = 3, largest_radius = 100, smallest_radius = 1e-12;
static const double far_away = 30; /* |x| beyond which, without a prior, a maximum is taken to lie at infinity */

/* ---- points of a group ------------------------------------------------------------------------------------------ */

size_t em_mode_size(int n, int lanes)
{
    const size_t rows = (size_t)n + 1 + (size_t)n + (size_t)n * (size_t)(n + 1) / 2;
    return (rows * (size_t)lanes + 7) / 8 * 8;
}

em_mode em_mode_in(double *store, int n, int lanes)
{
    em_mode mode = {.x = store, .status = {0}};
    mode.value = mode.x + n * lanes;
    mode.gradient = mode.value + lanes;
    mode.hessian = mode.gradient + n * lanes;
    return mode;
}

void em_mode_copy(em_mode *to, const em_mode *from, int n, int lanes, unsigned which)
{
    const int rows = n + 1 + n + n * (n + 1) / 2; /* all in one piece, see em_mode_in */
    for (int l = 0; l < lanes; l++)
        if (which >> l & 1) {
            for (int r = 0; r < rows; r++)
                to->x[r * lanes + l] = from->x[r * lanes + l];
            to->status[l] = from->status[l];
        }
}

double em_objective(const em_prior *prior, int l, const double *x, int stride, double log_likelihood)
{
    double d[EM_MAX_PARAMETERS];
    for (int j = 0; j < prior->n; j++)
        d[j] = x[j * stride] - prior->mean[j * prior->lanes + l];
    return 0.5 * em_packed_quadratic(prior->n, prior->precision, d) - log_likelihood;
}

void em_prior_project(const em_prior *prior, double *v)
{
    for (int k = 0; k < prior->n_null; k++) {
        const double *u = prior->null + k * prior->n;
        double part = 0;
        for (int j = 0; j < prior->n; j++)
            part += u[j] * v[j];
        for (int j = 0; j < prior->n; j++)
            v[j] -= part * u[j];
    }
}

void em_posterior_gradient(const em_prior *prior, int l, const double *x, const double *gradient, int stride, double *g)
{
    double d[EM_MAX_PARAMETERS];
    for (int j = 0; j < prior->n; j++)
        d[j] = x[j] - prior->mean[j * prior->lanes + l];
    em_packed_product(prior->n, prior->precision, d, g);
    for (int j = 0; j < prior->n; j++)
        g[j] -= gradient[j * stride];
    em_prior_project(prior, g);
}

void em_posterior_hessian(const em_prior *prior, const double *hessian, int stride, double *to)
{
    const int n = prior->n;
    for (int k = 0; k < n * (n + 1) / 2; k++)
        to[k] = prior->precision[k] - hessian[k * stride];
    for (int k = 0; k < prior->n_null; k++) {
        const double *u = prior->null + k * n;
        double w[EM_MAX_PARAMETERS], q = 0;
        em_packed_product(n, to, u, w);
        for (int j = 0; j < n; j++)
            q += u[j] * w[j];
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) {
                double *h = &to[i * (i + 1) / 2 + j];
                *h = *h - u[i] * w[j] - w[i] * u[j] + u[i] * u[j] * q + u[i] * u[j];
            }
    }
}

void em_prior_take_null(const em_prior *prior, double *matrix)
{
    const int n = prior->n;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < prior->n_null; k++)
                matrix[i * n + j] -= prior->null[k * n + i] * prior->null[k * n + j];
}

bool em_posterior_covariance(const em_prior *prior, const double *hessian, int stride, double *covariance)
{
    const int n = prior->n;
    double h[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2] = {0};
    em_posterior_hessian(prior, hessian, stride, h);
    if (!em_cholesky(n, h, h)) {
        for (int i = 0; i < n * n; i++)
            covariance[i] = NAN;
        return false;
    }
    em_cholesky_inverse(n, h, covariance);
    em_prior_take_null(prior, covariance);
    return true;
}

/* ---- one lane ---------------------------------------------------------------------------------------------------- */

typedef struct {
    double *x, *g, *h, *l;  /* point, gradient, Hessian of the objective there, its Cholesky factor */
    double *step, *next;    /* the step tried and where it leads */
    double f;               /* objective at x */
    double radius, length;  /* of the trust region and of the step, in units of scale */
    double predicted;       /* decrease of the objective by the quadratic model */
    double decrement;       /* sqrt(g' H^-1 g) at x; infinite where H is not positive definite */
    bool fresh, done, over; /* nothing evaluated yet; ended; and not to begin again */
    bool owed;              /* the first step of a warm search is not taken yet */
    bool crossing;          /* the maximum is found, on a kink; what remains is to take the derivatives of the other side */
    bool foretold;          /* f, g and h at x are the quadratic model's: the mean has moved along a direction without variance */
    int steps;              /* tried since the lane began */
    bool kinked;            /* there is a kink nearby, and `other` is what the objective is like on its other side */
    double *other_x, *other_g, *other_h, other_f;
    double weight;          /* of this side in the gradient that vanishes */
} lane;

struct em_search {
    int n, lanes;
    lane lane[8];
    double *store;       /* of the lanes' arrays */
    double *trial_store;
    em_mode trial;       /* what the kernel returns */
    double *scale;       /* [P] unit of length of each parameter */
    bool mixed;          /* the prior has no variance in a direction that is not a parameter's */
    gsl_matrix *matrix, *vectors;
    gsl_vector *values;
    gsl_eigen_symmv_workspace *eigen;
};

em_code em_search_new(int n, int lanes, em_search **search, em_error *error)
{
    const size_t P = (size_t)n, H = P * (P + 1) / 2;
    em_search *s = *search = em_new(1, sizeof *s, error);
    if (!s)
        return EM_MACHINE;
    s->n = n;
    s->lanes = lanes;
    s->store = em_new((size_t)lanes * (6 * P + 3 * H) + P, sizeof(double), error);
    s->trial_store = em_new_aligned(em_mode_size(n, lanes), sizeof(double), error);
    s->matrix = gsl_matrix_alloc(P, P);
    s->vectors = gsl_matrix_alloc(P, P);
    s->values = gsl_vector_alloc(P);
    s->eigen = gsl_eigen_symmv_alloc(P);
    if (!s->store || !s->trial_store || !s->matrix || !s->vectors || !s->values || !s->eigen) {
        em_search_free(s);
        *search = NULL;
        return em_fail(error, EM_MACHINE, "out of memory");
    }
    s->trial = em_mode_in(s->trial_store, n, lanes);
    double *at = s->store;
    for (int l = 0; l < lanes; l++) {
        lane *a = &s->lane[l];
        a->x = at;
        a->g = a->x + P;
        a->step = a->g + P;
        a->next = a->step + P;
        a->h = a->next + P;
        a->l = a->h + H;
        a->other_x = a->l + H;
        a->other_g = a->other_x + P;
        a->other_h = a->other_g + P;
        at = a->other_h + H;
    }
    s->scale = at;
    return EM_OK;
}

void em_search_free(em_search *s)
{
    if (!s)
        return;
    free(s->store);
    free(s->trial_store);
    gsl_matrix_free(s->matrix);
    gsl_matrix_free(s->vectors);
    gsl_vector_free(s->values);
    if (s->eigen)
        gsl_eigen_symmv_free(s->eigen);
    free(s);
}

/* The lane stands where `from` says. */
static void stand(em_search *s, const em_prior *prior, const em_mode *from, int l)
{
    lane *a = &s->lane[l];
    for (int j = 0; j < s->n; j++)
        a->x[j] = from->x[j * s->lanes + l];
    a->f = em_objective(prior, l, a->x, 1, from->value[l]);
    em_posterior_gradient(prior, l, a->x, from->gradient + l, s->lanes, a->g);
    em_posterior_hessian(prior, from->hessian + l, s->lanes, a->h);
}

/* Along directions without variance x goes to the mean, and the rest is as the quadratic model of the log-likelihood has it there. */
static void follow_mean(em_search *s, const em_prior *prior, const em_mode *from, int l)
{
    lane *a = &s->lane[l];
    const int n = s->n, lanes = s->lanes;
    double away[EM_MAX_PARAMETERS], kept[EM_MAX_PARAMETERS], shift[EM_MAX_PARAMETERS] = {0}, change[EM_MAX_PARAMETERS];
    double h[EM_MAX_PARAMETERS * (EM_MAX_PARAMETERS + 1) / 2] = {0};
    for (int j = 0; j < n; j++)
        away[j] = kept[j] = a->x[j] - prior->mean[j * lanes + l];
    em_prior_project(prior, kept);
    const double rounding = s->mixed ? 1e-13 : 0;
    for (int j = 0; j < n; j++) {
        shift[j] = kept[j] - away[j];
        a->foretold = a->foretold || fabs(shift[j]) > rounding;
    }
    if (!a->foretold)
        return;
    for (int k = 0; k < n * (n + 1) / 2; k++)
        h[k] = from->hessian[k * lanes + l];
    em_packed_product(n, h, shift, change);
    for (int j = 0; j < n; j++) {
        a->f -= shift[j] * (from->gradient[j * lanes + l] + 0.5 * change[j]);
        a->x[j] = prior->mean[j * lanes + l] + kept[j];
    }
    em_prior_project(prior, change);
    for (int j = 0; j < n; j++)
        a->g[j] -= change[j];
}

static double length_of(const em_search *s, const double *step)
{
    double sum = 0;
    for (int j = 0; j < s->n; j++)
        sum += step[j] / s->scale[j] * (step[j] / s->scale[j]);
    return sqrt(sum);
}

static bool all_finite(const double *x, int n, int stride)
{
    for (int j = 0; j < n; j++)
        if (!isfinite(x[j * stride]))
            return false;
    return true;
}

/* lambda >= 0 for which q(lambda)_i = -b_i / (e_i + lambda) has this length; low is the least lambda allowed. */
static double multiplier(const em_search *s, const double *b, double low, double radius)
{
    double lambda = low, high = INFINITY;
    for (int i = 0; i < 100; i++) {
        double sum = 0, slope = 0;
        for (int j = 0; j < s->n; j++) {
            const double e = gsl_vector_get(s->values, (size_t)j) + lambda, q = b[j] / e;
            sum += q * q;
            slope += q * q / e;
        }
        const double length = sqrt(sum);
        if (fabs(length - radius) <= 1e-6 * radius || (lambda == low && length < radius))
            break;
        if (length > radius)
            low = lambda;
        else
            high = lambda;
        const double next = lambda + (length / radius - 1) * sum / slope; /* Newton's on 1/length, nearly linear */
        lambda = next > low && next < high ? next : isinf(high) ? 2 * lambda + 1e-3 : 0.5 * (low + high);
    }
    return lambda;
}

/* The minimum of the quadratic model in the ball, where the Newton step is too long or H not positive definite. */
static bool ball_step(em_search *s, lane *a)
{
    const size_t n = (size_t)s->n;
    double b[EM_MAX_PARAMETERS], q[EM_MAX_PARAMETERS];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double x = a->h[i * (i + 1) / 2 + j] * s->scale[i] * s->scale[j];
            gsl_matrix_set(s->matrix, i, j, x);
            gsl_matrix_set(s->matrix, j, i, x);
        }
    if (gsl_eigen_symmv(s->matrix, s->values, s->vectors, s->eigen) != 0)
        return false;
    double least = INFINITY, most = 0;
    size_t bottom = 0;
    for (size_t k = 0; k < n; k++) {
        b[k] = 0;
        for (size_t j = 0; j < n; j++)
            b[k] += gsl_matrix_get(s->vectors, j, k) * a->g[j] * s->scale[j];
        const double e = gsl_vector_get(s->values, k);
        if (e < least) {
            least = e;
            bottom = k;
        }
        most = fabs(e) > most ? fabs(e) : most;
    }
    const double margin = 1e-10 * (most > 0 ? most : 1);
    const double lambda = multiplier(s, b, least > margin ? 0 : margin - least, a->radius);
    double length = 0;
    for (size_t k = 0; k < n; k++) {
        q[k] = -b[k] / (gsl_vector_get(s->values, k) + lambda);
        length += q[k] * q[k];
    }
    /* Hard case: nothing pulls along the direction of negative curvature; go to the ball's edge along it. */
    if (least < -margin && length < a->radius * a->radius)
        q[bottom] += (b[bottom] > 0 ? -1 : 1) * sqrt(a->radius * a->radius - length);
    a->predicted = 0;
    for (size_t k = 0; k < n; k++)
        a->predicted -= q[k] * (b[k] + 0.5 * gsl_vector_get(s->values, k) * q[k]);
    for (size_t j = 0; j < n; j++) {
        a->step[j] = 0;
        for (size_t k = 0; k < n; k++)
            a->step[j] += gsl_matrix_get(s->vectors, j, k) * q[k];
        a->step[j] *= s->scale[j];
    }
    return all_finite(a->step, s->n, 1);
}

/* What rounding leaves undecided in the objective. */
static double noise(const lane *a) { return 1e-14 * (1 + fabs(a->f)); }

static void end(lane *a, em_mode *mode, int l, em_subject_status status)
{
    a->done = true;
    mode->status[l] = (uint8_t)status;
}

/* The pieces on both sides of a kink. */
static em_piece this_side(const lane *a) { return (em_piece){a->x, a->g, a->h, a->f}; }
static em_piece other_side(const lane *a) { return (em_piece){a->other_x, a->other_g, a->other_h, a->other_f}; }

static const double kink_length = 1e-8; /* of a step along which a maximum on a kink is not sought any further */

/* Just across the kink, down the difference of the two sides. */
static void step_across(const em_search *s, lane *a)
{
    double apart[EM_MAX_PARAMETERS], change[EM_MAX_PARAMETERS], length = 0, gap = a->f - a->other_f;
    for (int j = 0; j < s->n; j++)
        apart[j] = a->x[j] - a->other_x[j];
    em_packed_product(s->n, a->other_h, apart, change);
    for (int j = 0; j < s->n; j++) {
        gap -= apart[j] * (a->other_g[j] + 0.5 * change[j]);
        change[j] = a->g[j] - (a->other_g[j] + change[j]);
        length += change[j] * change[j];
    }
    const double slope = sqrt(length), part = slope > 0 ? fmin(2 * fabs(gap) / slope, 4 * kink_length) + 1e-10 : 0;
    for (int j = 0; j < s->n; j++)
        a->next[j] = a->x[j] - (slope > 0 ? part * change[j] / slope : 0);
}

/* A step towards the minimum of the larger of the two sides; false where that is of no use and the kink is forgotten. */
static bool kink_step(em_search *s, lane *a, em_mode *mode, int l)
{
    const em_piece here = this_side(a), there = other_side(a);
    double height;
    if (!em_kink_minimum(s->n, &here, &there, a->next, &height, &a->weight) || !all_finite(a->next, s->n, 1))
        return false;
    for (int j = 0; j < s->n; j++)
        a->step[j] = a->next[j] - a->x[j];
    a->length = length_of(s, a->step);
    /* Negative where the other side, seen from afar, is thought too high here: the step then tells what is true of it. */
    a->predicted = fmax(a->f - height, noise(a));
    if (a->weight > 0 && a->weight < 1 && a->length < kink_length) {
        /* Derivatives are kept of the side that weighs more, whichever the search has come from: so they change without a
         * jump where the maximum leaves the kink, and EM's map is as smooth as it can be. */
        a->crossing = a->weight < 0.5;
        if (a->crossing)
            step_across(s, a);
        else
            end(a, mode, l, EM_SUBJECT_KINK);
        return true;
    }
    for (int j = 0; j < s->n && a->length > a->radius; j++)
        a->next[j] = a->x[j] + a->step[j] * (a->radius / a->length);
    if (a->length > a->radius) { /* what a shorter step gains, by convexity, at least */
        a->predicted *= a->radius / a->length;
        a->length = a->radius;
    }
    return true;
}

/* The Newton step, from the factor of H; returns the square of the decrement. */
static double newton_step(em_search *s, lane *a)
{
    em_cholesky_solve(s->n, a->l, a->g, a->step);
    double square = 0;
    for (int j = 0; j < s->n; j++) {
        square += a->g[j] * a->step[j];
        a->step[j] = -a->step[j];
    }
    a->decrement = sqrt(square > 0 ? square : 0);
    a->length = length_of(s, a->step);
    a->predicted = 0.5 * square;
    return square;
}

static bool ran_away(const em_search *s, const em_prior *prior, const lane *a)
{
    for (int j = 0; j < s->n && prior->none; j++)
        if (fabs(a->x[j]) > far_away)
            return true;
    return false;
}

/* Where the lane goes next, or that it has arrived. */
static void propose(em_search *s, const em_prior *prior, double tolerance, lane *a, em_mode *mode, int l)
{
    if (ran_away(s, prior, a)) {
        end(a, mode, l, EM_SUBJECT_RUNAWAY);
        return;
    }
    static const double settled = 1e-12; /* nothing is to be gained from the first step either */
    const double before = a->decrement;
    const bool definite = em_cholesky(s->n, a->h, a->l);
    a->decrement = INFINITY;
    if (definite) {
        const double square = newton_step(s, a);
        /* Also where rounding stops it: the objective cannot tell any more, and the step no longer shrinks. */
        const bool near = a->decrement <= (a->owed ? fmin(settled, tolerance) : tolerance);
        if (!a->foretold && (near || (square < noise(a) && a->decrement > 0.5 * before))) {
            end(a, mode, l, EM_SUBJECT_GOOD);
            return;
        }
    }
    if (a->kinked) {
        if (kink_step(s, a, mode, l))
            return;
        a->kinked = false;
        if (definite)
            newton_step(s, a);
    }
    if (!definite || !(a->length <= a->radius)) {
        if (!ball_step(s, a)) {
            end(a, mode, l, EM_SUBJECT_ROUGH);
            return;
        }
        a->length = length_of(s, a->step);
        if (a->length == 0) { /* flat all around: there is nowhere to go */
            end(a, mode, l, EM_SUBJECT_ROUGH);
            return;
        }
    }
    for (int j = 0; j < s->n; j++)
        a->next[j] = a->x[j] + a->step[j];
}

/* What lies at the point that was tried becomes the other side of a kink. */
static void note_other_side(em_search *s, const em_prior *prior, lane *a, double f, const double *g, int l)
{
    memcpy(a->other_x, a->next, (size_t)s->n * sizeof *a->next);
    memcpy(a->other_g, g, (size_t)s->n * sizeof *g);
    em_posterior_hessian(prior, s->trial.hessian + l, s->lanes, a->other_h);
    a->other_f = f;
}

/* The lane moves to the other side of the kink: this side becomes the other one. */
static void swap_sides(const em_search *s, lane *a)
{
    memcpy(a->other_x, a->x, (size_t)s->n * sizeof *a->x);
    memcpy(a->other_g, a->g, (size_t)s->n * sizeof *a->g);
    memcpy(a->other_h, a->h, (size_t)(s->n * (s->n + 1) / 2) * sizeof *a->h);
    a->other_f = a->f;
}

/* Whether the point that was tried, with gradient g, lies on the other side. */
static bool crossed(const em_search *s, const lane *a, const double *g)
{
    const em_piece here = this_side(a), there = other_side(a);
    return em_piece_gradient_error(s->n, &there, a->next, g) < em_piece_gradient_error(s->n, &here, a->next, g);
}

static const double kink_radius = 1e-3; /* closer than this, a smooth function follows its quadratic model */

/* The step was too long, or there is a kink: then the gradient has jumped by far more than the step's length. */
static void refuse(em_search *s, const em_prior *prior, lane *a, double f, const double *g, em_mode *mode, int l)
{
    const em_piece here = this_side(a);
    const bool kinked = a->kinked;
    a->kinked = false;
    if (g && kinked && crossed(s, a, g)) {
        note_other_side(s, prior, a, f, g, l);
        a->kinked = true;
        a->radius *= 0.5;
    } else if (kinked) { /* what is known of the other side comes from too far away: cross over near by, and learn */
        a->radius = fmin(0.25 * a->length, 0.9 * kink_radius);
    } else {
        a->radius = 0.25 * fmin(a->radius, a->length);
        if (g && a->radius < kink_radius && a->radius > smallest_radius &&
            em_piece_gradient_error(s->n, &here, a->next, g) > 10 * a->length) {
            a->kinked = true;
            note_other_side(s, prior, a, f, g, l);
            a->radius = first_radius;
        }
    }
    if (a->radius < smallest_radius)
        end(a, mode, l, EM_SUBJECT_ROUGH);
}

/* Takes or refuses the point that was tried, and changes the radius. */
static void judge(em_search *s, const em_prior *prior, lane *a, em_mode *mode, int l)
{
    const int n = s->n, lanes = s->lanes, pairs = n * (n + 1) / 2;
    const double f = em_objective(prior, l, a->next, 1, s->trial.value[l]);
    const bool finite = isfinite(f) && all_finite(s->trial.gradient + l, n, lanes) &&
                        all_finite(s->trial.hessian + l, pairs, lanes);
    const double gained = a->f - f, foretold = a->predicted;
    const bool hidden = foretold < 10 * noise(a) && fabs(gained) <= 20 * noise(a);
    const bool better = a->fresh || a->foretold || a->crossing ? finite : finite && (hidden || gained > 1e-4 * foretold);
    double g[EM_MAX_PARAMETERS];
    if (finite)
        em_posterior_gradient(prior, l, a->next, s->trial.gradient + l, lanes, g);
    if (!better && a->fresh) {
        end(a, mode, l, EM_SUBJECT_NO_VALUE);
        return;
    }
    if (!better && a->foretold) { /* then from the point itself, without a step */
        a->foretold = false;
        a->fresh = true;
        memcpy(a->next, a->x, (size_t)n * sizeof *a->next);
        return;
    }
    if (!better) {
        refuse(s, prior, a, f, finite ? g : NULL, mode, l);
        return;
    }
    if (!a->fresh && !a->foretold && !hidden) {
        if (gained < 0.25 * foretold)
            a->radius = 0.5 * a->length;
        else if (gained > 0.75 * foretold && a->length > 0.9 * a->radius)
            a->radius = fmin(2 * a->radius, largest_radius);
    }
    if (a->kinked && crossed(s, a, g))
        swap_sides(s, a);
    a->fresh = a->owed = a->foretold = false;
    for (int j = 0; j < n; j++)
        s->trial.x[j * lanes + l] = a->next[j];
    em_mode_copy(mode, &s->trial, n, lanes, 1u << l);
    stand(s, prior, mode, l);
    if (a->crossing)
        end(a, mode, l, EM_SUBJECT_KINK);
}

/* The lane begins at mode->x, where nothing has been evaluated. */
static void begin(em_search *s, const em_mode *mode, int l)
{
    lane *a = &s->lane[l];
    a->done = a->over = a->owed = a->foretold = a->crossing = false;
    a->fresh = true;
    a->steps = 0;
    a->radius = first_radius;
    a->decrement = INFINITY;
    a->kinked = false;
    a->predicted = a->f = 0;
    for (int j = 0; j < s->n; j++)
        a->next[j] = a->x[j] = mode->x[j * s->lanes + l];
}

/* Where a direction without variance mixes parameters, lengths are the same in all directions: else a step could leave the mean. */
static void set_scale(em_search *s, const em_prior *prior)
{
    double narrowest = 1;
    s->mixed = false;
    for (int j = 0; j < s->n; j++) {
        s->scale[j] = prior->spread[j] > 0 ? fmin(1, prior->spread[j]) : 1;
        narrowest = fmin(narrowest, s->scale[j]);
        for (int k = 0; k < prior->n_null; k++)
            s->mixed = s->mixed || (prior->null[k * s->n + j] != 0 && prior->null[k * s->n + j] != 1);
    }
    for (int j = 0; j < s->n && s->mixed; j++)
        s->scale[j] = narrowest;
}

static void start(em_search *s, const em_prior *prior, unsigned active, bool known, em_mode *mode)
{
    set_scale(s, prior);
    for (int l = 0; l < s->lanes; l++) {
        begin(s, mode, l);
        s->lane[l].done = s->lane[l].over = !(active >> l & 1);
        s->lane[l].fresh = !known;
        if (known && !s->lane[l].done) {
            stand(s, prior, mode, l);
            s->lane[l].owed = true;
            if (prior->n_null)
                follow_mean(s, prior, mode, l);
        }
    }
}

/* The lane's next step; when it has ended, its next beginning, if there is one. */
static void move(em_search *s, const em_prior *prior, double tolerance, const em_hunt *hunt, em_mode *mode, int l)
{
    lane *a = &s->lane[l];
    if (a->over)
        return;
    if (!a->done && !a->fresh)
        propose(s, prior, tolerance, a, mode, l);
    if (!a->done && !a->fresh && hunt && a->decrement < INFINITY && hunt->known(hunt->where, l, a->x, a->f, a->h))
        end(a, mode, l, EM_SUBJECT_GOOD);
    if (!a->done && ++a->steps > MOST_STEPS)
        end(a, mode, l, EM_SUBJECT_ROUGH);
    if (a->done && hunt && hunt->next(hunt->where, l))
        begin(s, mode, l);
    else
        a->over = a->done;
}

int em_search_maximum(em_search *s, const em_target *target, const em_prior *prior, double tolerance, unsigned active, bool known,
                      const em_hunt *hunt, em_mode *mode)
{
    start(s, prior, active, known, mode);
    for (int evaluations = 0;; evaluations++) {
        bool all = true;
        for (int l = 0; l < s->lanes; l++) {
            lane *a = &s->lane[l];
            move(s, prior, tolerance, hunt, mode, l);
            for (int j = 0; j < s->n; j++)
                s->trial.x[j * s->lanes + l] = a->done ? a->x[j] : a->next[j];
            all = all && a->done;
        }
        if (all)
            return evaluations;
        em_target_score(target, s->trial.x, s->trial.value, s->trial.gradient, s->trial.hessian);
        for (int l = 0; l < s->lanes; l++)
            if (!s->lane[l].done)
                judge(s, prior, &s->lane[l], mode, l);
    }
}
