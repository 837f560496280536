/* What the models of the balloon task share: pumps, one by one, until one stops or the balloon bursts. Lejuez et al. 2002, J Exp
 * Psychol Appl 8:75; Wallsten, Pleskac & Lejuez 2005, Psychol Rev 112:862.
 * Each pump is a choice. A balloon that was cashed ends with a choice against one more pump; of one that burst it is not known
 * when the subject would have stopped. When it bursts is the balloon's affair and not part of the likelihood. So pumps can only
 * be judged when `explosion` is known: it is listed first. */
#define COLUMNS(column)                                                                           \
    column(explosion, outcome, codes(2, "0 = cashed, 1 = burst"), "how the balloon ended")        \
    column(pumps, response, within(0, 1000), "number of pumps, the one that burst it included")
#define LATENTS(latent)                                        \
    latent(p_burst, "belief that a pump bursts the balloon")   \
    latent(next, "inclination to pump once more at the end, as log odds")
#include "emlib/model.h"

/* The log odds of pumping again with m pumps done: base + slope m + curve m^2. */
typedef struct { real base, slope, curve; } inclination;

EM_INLINE em_v em_inclined(const inclination *to, em_v m) { return to->base.v + m * (to->slope.v + m * to->curve.v); }

/* Draws pump by pump; the task says after each whether the balloon has burst. */
EM_INLINE void em_draw_pumps(em_run *em, const inclination *to)
{
    double done = 0, burst = 0;
    record(pumps, 0);
    record(explosion, 0);
    while (done < 1000 && burst != 1 && uniform() < 1 / (1 + em_exp(-em_inclined(to, em_all(done)))[0])) {
        record(pumps, ++done);
        burst = number(observe(explosion));
    }
}

/* The pumps of one balloon, scored or drawn. All choices are functions of three numbers, so that their derivatives are summed
 * for those first and carried over to the parameters once. */
EM_INLINE data pump(em_run *em, inclination to)
{
    if (drawing())
        em_draw_pumps(em, &to);
    data n = em_cell(em, EM_COL_pumps), burst = em_cell(em, EM_COL_explosion);
    em_v choices = em_blend(em->scored[EM_RESPONSE_OF_pumps], n.v + 1.0 - burst.v, em_all(0));
    em_v value = em_all(0), divisor = em_all(1), first[3] = {em_all(0), em_all(0), em_all(0)};
    em_v second[5] = {em_all(0), em_all(0), em_all(0), em_all(0), em_all(0)}; /* sums of f'' m^0 to f'' m^4 */
    for (double m = 0; em_any(m + 1.0 <= choices); m++) {
        /* f = log sigmoid(z), or of -z where it was not pumped again; logarithms of 1 + e are taken together, see em_settle */
        em_m counts = m + 1.0 <= choices;
        em_v sign = em_blend(m + 1.0 <= n.v, em_all(1), em_all(-1)), x = sign * em_inclined(&to, em_all(m));
        em_m negative = x < 0.0;
        em_v e = em_exp(-em_abs(x)), i = 1.0 / (1.0 + e);
        value += em_blend(counts & negative, x, em_all(0));
        divisor *= em_blend(counts, 1.0 + e, em_all(1));
        if ((int)m % 512 == 511) {
            value -= em_log(divisor);
            divisor = em_all(1);
        }
        em_v f1 = em_blend(counts, sign * em_blend(negative, i, e * i), em_all(0)), f2 = em_blend(counts, -(e * i * i), em_all(0));
        EM_UNROLL for (int k = 0; k < 3; k++, f1 *= m) first[k] += f1;
        EM_UNROLL for (int k = 0; k < 5; k++, f2 *= m) second[k] += f2;
    }
    em->ll.v += value - em_log(divisor);
#if EM_DERIVATIVES
    const real *by[3] = {&to.base, &to.slope, &to.curve};
    EM_UNROLL for (int a = 0; a < 3; a++)
    {
        EM_EACH_DIRECTION {
            em_v curved = second[a] * to.base.g[i] + second[a + 1] * to.slope.g[i] + second[a + 2] * to.curve.g[i];
            em->ll.g[i] += first[a] * by[a]->g[i];
            EM_EACH_PAIR em->ll.h[k] += first[a] * by[a]->h[k] + curved * by[a]->g[j];
        }
    }
#endif
    (void)first, (void)second;
    report(next, (data){em_inclined(&to, n.v)});
    return n;
}

/* What all balloons so far have taught. */
typedef struct { data pumps, bursts; } experience;

EM_INLINE void learn_balloon(em_run *em, experience *e, data n)
{
    data burst = min(em_cell(em, EM_COL_explosion), n); /* nothing bursts without a pump */
    e->pumps = add(e->pumps, n);
    e->bursts = add(e->bursts, burst);
}

#define BALLOON_CHOICES "each pump, and stopping where the balloon did not burst, is a choice;  n and b: pumps and bursts so far"
