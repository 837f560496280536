/* What one core can do: EM with a Laplace E-step for the model rw (two options, parameters alpha and beta), and nothing but
 * that model. emlib, which knows any model, is measured against it.
 *
 * A number carries its value and its exact first and second derivatives in both parameters, all of them computed, and each
 * lane of a vector belongs to another subject. Every subject's maximum is sought by damped Newton steps from where the last
 * E-step left it, until the gradient's 1-norm is below 1e-7. Plain EM from mu = 0, var = 6.25 until no mean moves by more
 * than tol standard deviations and no log variance by more than tol.
 *
 * usage: yardstick DATA.csv [TOL]    columns subject,trial,choice,reward with a header; subjects together, equally long
 * build: cc -O3 -march=native -fno-math-errno yardstick.c -lsleef -lm
 * output: one line of name=value */
#include <errno.h>
#include <math.h>
#include <sleef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
enum { LANES = 8 };
#define VECTOR_EXP(x) ((vec)Sleef_expd8_u10((__m512d)(x)))
#define VECTOR_LOG1P(x) ((vec)Sleef_log1pd8_u10((__m512d)(x)))
#elif defined(__AVX2__)
enum { LANES = 4 };
#define VECTOR_EXP(x) ((vec)Sleef_expd4_u10((__m256d)(x)))
#define VECTOR_LOG1P(x) ((vec)Sleef_log1pd4_u10((__m256d)(x)))
#else
enum { LANES = 2 };
#if defined(__x86_64__)
typedef __m128d native;
#else
typedef float64x2_t native;
#endif
#define VECTOR_EXP(x) ((vec)Sleef_expd2_u10((native)(x)))
#define VECTOR_LOG1P(x) ((vec)Sleef_log1pd2_u10((native)(x)))
#endif

typedef double vec __attribute__((vector_size(8 * LANES)));
typedef long long mask __attribute__((vector_size(8 * LANES))); /* -1 in a lane: true */
#define INLINE static inline __attribute__((always_inline))

/* ---- vectors ------------------------------------------------------------------------------------------------------- */

INLINE vec every(double x) { return x - (vec){0}; }
INLINE vec where(mask m, vec yes, vec no) { return (vec)(((mask)yes & m) | ((mask)no & ~m)); }
INLINE vec larger(vec a, vec b) { return where((mask)(a > b), a, b); }
INLINE vec absolute(vec a) { return larger(a, -a); }
INLINE vec root(vec a)
{
    for (int l = 0; l < LANES; l++)
        a[l] = sqrt(a[l]);
    return a;
}
INLINE int any(mask m)
{
    long long bits = 0;
    for (int l = 0; l < LANES; l++)
        bits |= m[l];
    return bits != 0;
}

/* ---- numbers with derivatives ---------------------------------------------------------------------------------------- */

enum { VALUE, A, B, AA, AB, BB, PARTS };
typedef struct {
    vec part[PARTS];
} number;

INLINE number constant(vec x) { return (number){{x}}; }
INLINE number plus(number x, number y)
{
    for (int i = 0; i < PARTS; i++)
        x.part[i] += y.part[i];
    return x;
}
INLINE number minus(number x, number y)
{
    for (int i = 0; i < PARTS; i++)
        x.part[i] -= y.part[i];
    return x;
}
INLINE number negative(number x)
{
    for (int i = 0; i < PARTS; i++)
        x.part[i] = -x.part[i];
    return x;
}
INLINE number choose(mask m, number yes, number no)
{
    for (int i = 0; i < PARTS; i++)
        yes.part[i] = where(m, yes.part[i], no.part[i]);
    return yes;
}
INLINE number times(number x, number y)
{
    const vec *f = x.part, *g = y.part;
    return (number){{f[VALUE] * g[VALUE],
                     f[A] * g[VALUE] + f[VALUE] * g[A],
                     f[B] * g[VALUE] + f[VALUE] * g[B],
                     f[AA] * g[VALUE] + 2 * f[A] * g[A] + f[VALUE] * g[AA],
                     f[AB] * g[VALUE] + f[A] * g[B] + f[B] * g[A] + f[VALUE] * g[AB],
                     f[BB] * g[VALUE] + 2 * f[B] * g[B] + f[VALUE] * g[BB]}};
}
/* h(x), where h, its slope and its curvature at the value of x are known */
INLINE number through(number x, vec h, vec slope, vec curvature)
{
    const vec *f = x.part;
    const vec ca = curvature * f[A], cb = curvature * f[B];
    return (number){{h, slope * f[A], slope * f[B], slope * f[AA] + ca * f[A], slope * f[AB] + ca * f[B],
                     slope * f[BB] + cb * f[B]}};
}
/* log(1 / (1 + exp(-x))) */
INLINE number log_logistic(number x)
{
    const vec value = x.part[VALUE];
    const mask below = (mask)(value < 0);
    const vec low = where(below, value, every(0)), e = VECTOR_EXP(2 * low - value); /* exp(-|x|) */
    const vec large = 1 / (1 + e), wrong = where(below, large, e * large);           /* 1 - logistic(x) */
    return through(x, low - VECTOR_LOG1P(e), wrong, wrong * wrong - wrong);
}

/* ---- the model ------------------------------------------------------------------------------------------------------- */

typedef struct {
    mask second; /* the second option was chosen */
    vec reward;
} trial;

/* p(choice) = softmax(beta q); q of what was chosen += alpha (reward - q) */
static number log_likelihood(vec a, vec b, const trial *data, size_t trials)
{
    const vec l = 1 / (1 + VECTOR_EXP(-a)), slope = l * (1 - l), e = VECTOR_EXP(b);
    const number alpha = {{l, slope, every(0), slope * (1 - 2 * l)}}, beta = {{e, every(0), e, every(0), every(0), e}};
    number q[2] = {constant(every(0)), constant(every(0))}, sum = constant(every(0));
    for (size_t t = 0; t < trials; t++) {
        const mask second = data[t].second;
        const number gap = times(beta, minus(q[1], q[0]));
        sum = plus(sum, log_logistic(choose(second, gap, negative(gap))));
        const number chosen = choose(second, q[1], q[0]);
        const number learned = plus(chosen, times(alpha, minus(constant(data[t].reward), chosen)));
        q[1] = choose(second, learned, q[1]);
        q[0] = choose(second, q[0], learned);
    }
    return sum;
}

/* ---- E-step of one group of lanes --------------------------------------------------------------------------------------- */

typedef struct {
    double mu[2], var[2];
} population;

/* Where a search stands: point, negative log posterior, its gradient and Hessian. */
typedef struct {
    vec x[2], f, g[2], h[3]; /* h: aa, ab, bb */
} place;

static place look(const vec x[2], const population *pop, const trial *data, size_t trials)
{
    const number n = log_likelihood(x[0], x[1], data, trials);
    const vec da = (x[0] - pop->mu[0]) / pop->var[0], db = (x[1] - pop->mu[1]) / pop->var[1];
    return (place){{x[0], x[1]},
                   0.5 * (da * (x[0] - pop->mu[0]) + db * (x[1] - pop->mu[1])) - n.part[VALUE],
                   {da - n.part[A], db - n.part[B]},
                   {1 / pop->var[0] - n.part[AA], -n.part[AB], 1 / pop->var[1] - n.part[BB]}};
}

INLINE void take(mask m, const place *from, place *to)
{
    const vec *source = (const vec *)from;
    vec *target = (vec *)to;
    for (size_t i = 0; i < sizeof *to / sizeof *target; i++)
        target[i] = where(m, source[i], target[i]);
}

/* Damped Newton steps; returns the number of evaluations. */
static int search(place *at, const population *pop, const trial *data, size_t trials)
{
    enum { MOST = 60 };
    const double longest = 3, least_curvature = 1e-3;
    *at = look(at->x, pop, data, trials);
    vec damping = every(0);
    for (int n = 1;; n++) {
        const mask going = (mask)(absolute(at->g[0]) + absolute(at->g[1]) > 1e-7);
        if (!any(going) || n == MOST)
            return n;
        /* The smaller eigenvalue of Hessian + damping must be well above 0. */
        const vec middle = 0.5 * (at->h[0] + at->h[2]), half = 0.5 * (at->h[0] - at->h[2]);
        const vec smallest = middle - root(half * half + at->h[1] * at->h[1]);
        damping = larger(damping, least_curvature - smallest);
        damping = where((mask)(damping < 1e-6), every(0), damping);
        const vec aa = at->h[0] + damping, bb = at->h[2] + damping, ab = at->h[1], det = aa * bb - ab * ab;
        const vec sa = (ab * at->g[1] - bb * at->g[0]) / det, sb = (ab * at->g[0] - aa * at->g[1]) / det;
        const vec shrink = longest / larger(root(sa * sa + sb * sb), every(longest));
        /* Lanes that have arrived stay where they are. */
        const vec x[2] = {at->x[0] + where(going, sa * shrink, every(0)), at->x[1] + where(going, sb * shrink, every(0))};
        const place new = look(x, pop, data, trials);
        const mask better = (mask)(new.f <= at->f + 1e-12 * (1 + absolute(at->f)));
        damping = where(better, damping * 0.1, where((mask)(damping > 0), damping * 10, every(0.1)));
        take(better & going, &new, at);
    }
}

/* ---- EM ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t subjects, trials, groups;
    trial *data; /* [groups, trials] */
} study;

/* One E-step and M-step; returns the largest change. */
static double iterate(const study *s, place *at, population *pop, double *evaluations)
{
    double sum[2] = {0, 0}, squares[2] = {0, 0};
    for (size_t g = 0; g < s->groups; g++) {
        *evaluations += LANES * search(&at[g], pop, s->data + g * s->trials, s->trials);
        const vec *h = at[g].h, det = h[0] * h[2] - h[1] * h[1], variance[2] = {h[2] / det, h[0] / det};
        for (int l = 0; l < LANES && g * LANES + (size_t)l < s->subjects; l++)
            for (int j = 0; j < 2; j++) {
                const double d = at[g].x[j][l] - pop->mu[j];
                sum[j] += d;
                squares[j] += d * d + variance[j][l];
            }
    }
    double change = 0;
    for (int j = 0; j < 2; j++) {
        const double d = sum[j] / (double)s->subjects, v = squares[j] / (double)s->subjects - d * d;
        change = fmax(change, fmax(fabs(d) / sqrt(v), fabs(log(v / pop->var[j]))));
        pop->mu[j] += d;
        pop->var[j] = v;
    }
    return change;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const char *what)
{
    fprintf(stderr, "yardstick: %s\n", what);
    exit(2);
}

static void *room(size_t n, size_t size)
{
    void *p = aligned_alloc(64, (n * size + 63) / 64 * 64);
    if (!p)
        stop("out of memory");
    return p;
}

/* Rows into lanes; the lanes that are left over repeat the last subject and are not counted. */
static study read_study(const char *path)
{
    typedef struct {
        long subject;
        int choice;
        double reward;
    } row;
    FILE *file = fopen(path, "r");
    if (!file)
        stop(strerror(errno));
    size_t n = 0, most = 0;
    row *rows = NULL, r;
    char line[256];
    if (!fgets(line, sizeof line, file))
        stop("empty file");
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%ld,%*d,%d,%lf", &r.subject, &r.choice, &r.reward) != 3)
            stop("a line is not subject,trial,choice,reward");
        if (n == most) {
            most = most ? 2 * most : 65536;
            rows = realloc(rows, most * sizeof *rows);
            if (!rows)
                stop("out of memory");
        }
        rows[n++] = r;
    }
    fclose(file);
    study s = {.subjects = n > 0};
    for (size_t i = 1; i < n; i++)
        s.subjects += rows[i].subject != rows[i - 1].subject;
    if (n == 0 || n % s.subjects)
        stop("subjects must be equally long");
    s.trials = n / s.subjects;
    s.groups = (s.subjects + LANES - 1) / LANES;
    s.data = room(s.groups * s.trials, sizeof *s.data);
    for (size_t g = 0; g < s.groups; g++)
        for (size_t l = 0; l < LANES; l++) {
            const size_t subject = g * LANES + l < s.subjects ? g * LANES + l : s.subjects - 1;
            for (size_t t = 0; t < s.trials; t++) {
                const row *from = &rows[subject * s.trials + t];
                s.data[g * s.trials + t].second[l] = from->choice ? -1 : 0;
                s.data[g * s.trials + t].reward[l] = from->reward;
            }
        }
    free(rows);
    return s;
}

int main(int n, char **argument)
{
    enum { MOST = 500 };
    if (n < 2)
        stop("usage: yardstick DATA.csv [TOL]");
    const double tol = n > 2 ? strtod(argument[2], NULL) : 1e-6;
    study s = read_study(argument[1]);
    place *at = room(s.groups, sizeof *at);
    for (size_t g = 0; g < s.groups; g++)
        at[g].x[0] = at[g].x[1] = every(0);
    population pop = {{0, 0}, {6.25, 6.25}};
    double evaluations = 0, change = INFINITY;
    int iterations = 0;
    const double from = seconds();
    while (iterations < MOST && change >= tol) {
        change = iterate(&s, at, &pop, &evaluations);
        iterations++;
    }
    const double fit = seconds() - from;
    printf("subjects=%zu trials=%zu lanes=%d iterations=%d converged=%d evaluations=%.0f fit_seconds=%.6f "
           "ns_per_trial=%.4f mu=%.10f,%.10f var=%.10f,%.10f\n",
           s.subjects, s.trials, (int)LANES, iterations, change < tol, evaluations, fit,
           1e9 * fit / evaluations / (double)s.trials, pop.mu[0], pop.mu[1], pop.var[0], pop.var[1]);
    free(at);
    free(s.data);
    return 0;
}
