/* What makes a model of a LOG_LIKELIHOOD in plain C (plain.h): numerical derivatives, drawing, transforms. Included after the
 * model file, by kernel.h. */
#ifndef EMLIB_PLAIN_KERNEL_H
#define EMLIB_PLAIN_KERNEL_H

/* ---- transforms -------------------------------------------------------------------------------------------------- */
#define EM_APPLY_identity em_apply_identity, 0, 0
#define EM_APPLY_exp em_apply_exp, 0, 0
#define EM_APPLY_logistic em_apply_between, 0, 1
#define EM_APPLY_scaled(U) em_apply_between, 0, U
#define EM_APPLY_between(L, U) em_apply_between, L, U
#define EM_APPLY_scaled_by(name) em_apply_between, 0, facts[EM_FACT_##name]
#define EM_APPLY_custom(f) EM_APPLY_FUNCTION, f, 0
#define EM_APPLY_FUNCTION(f, unused, x) f(x)
#define EM_INVERT_FUNCTION(f, unused, y) f(y)
#define EM_TRANSFORMED(transform, x) EM_CALL_LIST((EM_APPLY_##transform, x))

static inline double em_apply_identity(double a, double b, double x)
{
    (void)a, (void)b;
    return x;
}
static inline double em_apply_exp(double a, double b, double x)
{
    (void)a, (void)b;
    return exp(x);
}
static inline double em_apply_between(double low, double high, double x) { return low + (high - low) / (1 + exp(-x)); }

static parameters em_parameters_at(const double *x, const double *facts)
{
    (void)facts;
    parameters p;
#define EM_LOAD(name_, transform_, ...) p.name_ = EM_TRANSFORMED(transform_, x[EM_PAR_##name_]);
    PARAMETERS(EM_LOAD)
    return p;
}

static void em_natural(const double *x, const double *facts, double *natural)
{
    const parameters p = em_parameters_at(x, facts);
#define EM_STORE(name_, ...) natural[EM_PAR_##name_] = p.name_;
    PARAMETERS(EM_STORE)
}

static void em_unconstrained(const double *natural, const double *facts, double *x)
{
    (void)facts;
#define EM_INVERT(name_, transform_, ...) x[EM_PAR_##name_] = EM_INVERTED(transform_, natural[EM_PAR_##name_]);
    PARAMETERS(EM_INVERT)
}

static double em_at(const subject *d, const double *x)
{
    const parameters p = em_parameters_at(x, d->em_facts);
    return em_log_likelihood(&p, d);
}

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

/* The likelihood around one point: by parameter the steps, each half of the one before, and the values on both sides. */
enum { EM_LEVELS = 7, EM_LEAST_LEVELS = 4 };
typedef struct em_around {
    double centre, step[EM_P], side[EM_P][EM_LEVELS][2];
    int levels[EM_P];
} em_around;

/* Extrapolation of a difference quotient, of which the error is a series in the step's square, to step 0. */
typedef struct em_limit {
    double row[EM_LEVELS], best, error; /* the last row of the triangle; the best entry, and how far its neighbours are */
    int levels;
} em_limit;

/* Adds the quotient with half the step; returns whether another one may help. */
static int em_limit_add(em_limit *l, double quotient)
{
    double new_row[EM_LEVELS], factor = 1;
    new_row[0] = quotient;
    if (l->levels == 0)
        l->best = quotient, l->error = INFINITY;
    double least = INFINITY;
    for (int m = 1; m <= l->levels; m++) {
        factor *= 4;
        new_row[m] = (factor * new_row[m - 1] - l->row[m - 1]) / (factor - 1);
        const double error = fmax(fabs(new_row[m] - new_row[m - 1]), fabs(new_row[m] - l->row[m - 1]));
        least = fmin(least, error);
        if (error < l->error)
            l->error = error, l->best = new_row[m];
    }
    for (int m = 0; m <= l->levels; m++)
        l->row[m] = new_row[m];
    l->levels++;
    const int grows = l->levels > EM_LEAST_LEVELS && least > 4 * l->error; /* rounding has taken over */
    return !grows && l->error > 1e-13 * fabs(l->best);
}

static double em_beside(const subject *d, const double *x, int i, double by_i, int j, double by_j)
{
    double y[EM_P];
    for (int k = 0; k < EM_P; k++)
        y[k] = x[k];
    y[i] += by_i;
    y[j] += by_j;
    return em_at(d, y);
}

/* The first step along parameter j: one over which the likelihood bends by something like 1, so that neither the rounding of
 * its value nor its higher derivatives weigh much; smaller where it is not finite. */
static double em_first_step(const subject *d, const double *x, int j, double centre)
{
    double step = 0.25;
    for (int tries = 0; tries < 12; tries++) {
        const double bend = em_beside(d, x, j, step, j, 0) - 2 * centre + em_beside(d, x, j, -step, j, 0);
        if (!isfinite(bend) || fabs(bend) > 30)
            step /= 4;
        else if (fabs(bend) < 1e-4 && step < 1)
            step *= 2;
        else
            break;
    }
    return step;
}

static void em_along(const subject *d, const double *x, int j, em_around *a, double *gradient, double *curvature)
{
    em_limit first = {.levels = 0}, second = {.levels = 0};
    double h = a->step[j] = em_first_step(d, x, j, a->centre);
    int more = 1;
    for (a->levels[j] = 0; a->levels[j] < EM_LEVELS && more; a->levels[j]++, h /= 2) {
        double *side = a->side[j][a->levels[j]];
        side[0] = em_beside(d, x, j, -h, j, 0);
        side[1] = em_beside(d, x, j, h, j, 0);
        more = em_limit_add(&first, (side[1] - side[0]) / (2 * h));
        more |= em_limit_add(&second, (side[1] - 2 * a->centre + side[0]) / (h * h));
        more |= a->levels[j] + 1 < EM_LEAST_LEVELS;
    }
    *gradient = first.best;
    *curvature = second.best;
}

/* The mixed derivative, from the two corners where both parameters move alike and what is known along each. */
static double em_across(const subject *d, const double *x, int i, int j, const em_around *a)
{
    em_limit mixed = {.levels = 0};
    const int levels = a->levels[i] < a->levels[j] ? a->levels[i] : a->levels[j];
    int more = 1;
    for (int k = 0; k < levels && more; k++) {
        const double hi = a->step[i] / (1 << k), hj = a->step[j] / (1 << k);
        const double corners = em_beside(d, x, i, hi, j, hj) + em_beside(d, x, i, -hi, j, -hj);
        const double sides = a->side[i][k][0] + a->side[i][k][1] + a->side[j][k][0] + a->side[j][k][1];
        more = em_limit_add(&mixed, (corners - sides + 2 * a->centre) / (2 * hi * hj)) || k + 1 < EM_LEAST_LEVELS;
    }
    return mixed.best;
}

/* ---- kernels: one lane -------------------------------------------------------------------------------------------- */

/* Columns of their own from rows [trials][EM_C]; returns what to free, NULL where memory is short. */
static double *em_turn(const double *rows, int trials, subject *d)
{
    double *store = malloc(((size_t)trials * EM_C + 1) * sizeof *store);
    for (int c = 0; c < EM_C && store; c++)
        for (int t = 0; t < trials; t++)
            store[(size_t)c * (size_t)trials + (size_t)t] = rows[(size_t)t * EM_C + (size_t)c];
    const double *at = store;
#define EM_TURN(name_, ...) d->name_ = at, at += store ? trials : 0;
    COLUMNS(EM_TURN)
    return store;
}

/* Calls what(subject, x, ...) for the one lane of a batch. The bits of the responses, one byte for each in the batch, become
 * one byte for all. */
static double *em_subject_of(const em_batch *batch, subject *d)
{
    double *store = em_turn(batch->rows, batch->trials, d);
    uint8_t *bits = malloc((size_t)batch->trials + 1);
    if (!store || !bits) {
        free(store);
        free(bits);
        return NULL;
    }
    for (int t = 0; t < batch->trials; t++) {
        bits[t] = 0;
        for (int r = 0; r < EM_R; r++)
            bits[t] |= (uint8_t)((batch->scored[t * EM_R + r] & 1) << r);
    }
    d->trials = batch->trials;
    d->options = batch->options;
    d->em_scored = bits;
    d->em_learned = batch->learned;
    d->em_restart = batch->restart;
    d->em_facts = batch->facts;
    return store;
}

static void em_plain_score(const em_batch *batch, const em_point *point, double *value, double *gradient, double *hessian)
{
    subject d;
    double *store = em_subject_of(batch, &d);
    em_around around;
    *value = NAN;
    if (!store)
        return;
    *value = around.centre = em_at(&d, point->x);
    const int finite = isfinite(*value);
    for (int i = 0; i < EM_P; i++) {
        double *row = hessian + i * (i + 1) / 2;
        gradient[i] = row[i] = NAN;
        if (finite)
            em_along(&d, point->x, i, &around, &gradient[i], &row[i]);
        for (int j = 0; j < i; j++)
            row[j] = finite ? em_across(&d, point->x, i, j, &around) : NAN;
    }
    for (int i = 0; i < EM_P && point->seed; i++) {
        gradient[i] *= point->seed[i];
        for (int j = 0; j <= i; j++)
            hessian[i * (i + 1) / 2 + j] *= point->seed[i] * point->seed[j];
    }
    free(store);
    free((void *)(uintptr_t)d.em_scored);
}

/* ---- drawing ------------------------------------------------------------------------------------------------------ */

typedef struct em_drawn {
    subject d;
    double *column[EM_C]; /* of the subject, to write */
    uint8_t *scored, *learned;
    double x[EM_P];
} em_drawn;

/* A code for response column c of trial t, which is the last trial so far, by the probabilities that the likelihood gives. */
static double em_draw_code(em_drawn *s, int t, int c, int options, const em_draw *draw)
{
    const int n = em_columns[c].codes == EM_OPTION ? options : em_columns[c].codes;
    double *cell = &s->column[c][t], weight[EM_MAX_OPTIONS + 1], top = -INFINITY, total = 0;
    if (em_columns[c].codes == EM_NUMBER || n > EM_MAX_OPTIONS)
        return NAN;
    for (int k = 0; k < n; k++) {
        *cell = k;
        weight[k] = em_at(&s->d, s->x);
        top = fmax(top, weight[k]);
    }
    for (int k = 0; k < n; k++)
        total += weight[k] = exp(weight[k] - top);
    double left = draw->uniform(draw->rng) * total;
    int code = 0;
    while (code < n - 1 && (left -= weight[code]) > 0)
        code++;
    return isfinite(total) ? (double)code : NAN;
}

/* One trial: its cells in order, each response drawn when it is the only one of the trial that counts but those before it. Where
 * the responses are there already, what comes next goes on from those. */
static void em_draw_trial(em_drawn *s, int t, double *row, int options, const em_draw *draw)
{
    unsigned bits;
    int response = 0;
    const int recorded = em_is_recorded(row), learned = em_row_counts(row, 1, &bits);
    double was[EM_C];
    __builtin_memcpy(was, row, sizeof was);
    s->d.trials = t + 1;
    s->scored[t] = s->learned[t] = 0;
    for (int c = 0; c < EM_C; c++) {
        if (em_columns[c].role == EM_RESPONSE) {
            s->scored[t] |= (uint8_t)(bits & 1u << response++);
            row[c] = em_draw_code(s, t, c, options, draw);
        } else if (em_columns[c].role == EM_OUTCOME && draw->outcome) {
            row[c] = draw->outcome(draw->task, t, c, row);
        }
        s->column[c][t] = row[c];
    }
    s->learned[t] = (uint8_t)(learned && em_is_whole(row));
    if (!recorded)
        return;
    s->learned[t] = (uint8_t)em_row_counts(was, 0, &bits);
    s->scored[t] = (uint8_t)bits;
    for (int c = 0; c < EM_C; c++)
        s->column[c][t] = was[c];
}

/* The log-likelihood of each trial: that of the rows up to it, of which only its own responses count. */
static void em_each_trial(em_drawn *s, int trials, uint8_t *bits, double *log_likelihood)
{
    __builtin_memcpy(bits, s->scored, (size_t)trials);
    __builtin_memset(s->scored, 0, (size_t)trials);
    for (int t = 0; t < trials; t++) {
        s->scored[t] = bits[t];
        s->d.trials = t + 1;
        log_likelihood[t] = bits[t] ? em_at(&s->d, s->x) : NAN;
        s->scored[t] = 0;
    }
}

static double em_trace(int trials, int options, double *rows, const uint8_t *restart, const uint8_t *condition,
                       const double *facts, const double *x, const em_draw *draw, double *latents)
{
    em_drawn s = {.d = {.trials = trials, .options = options, .em_facts = facts}};
    double *store = em_turn(rows, trials, &s.d), ll = NAN;
    uint8_t *flags = calloc(4 * (size_t)trials + 1, 1);
    (void)latents, (void)condition; /* one value a parameter: a fit by condition is refused */
    for (int c = 0; c < EM_C; c++)
        s.column[c] = store ? store + (size_t)c * (size_t)trials : NULL;
    for (int j = 0; j < EM_P; j++)
        s.x[j] = x[j];
    if (store && flags) {
        s.d.em_scored = s.scored = flags;
        s.d.em_learned = s.learned = flags + trials;
        s.d.em_restart = restart ? restart : flags + 2 * trials;
        for (int t = 0; t < trials; t++) {
            unsigned bits;
            if (draw && draw->uniform) {
                em_draw_trial(&s, t, rows + (size_t)t * EM_C, options, draw);
                continue;
            }
            s.learned[t] = (uint8_t)em_row_counts(rows + (size_t)t * EM_C, 0, &bits);
            s.scored[t] = (uint8_t)bits;
        }
        ll = em_at(&s.d, s.x);
        if (draw && draw->log_likelihood)
            em_each_trial(&s, trials, flags + 3 * trials, draw->log_likelihood);
    }
    free(store);
    free(flags);
    return ll;
}
#endif
