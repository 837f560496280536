/* What models of a time after the non-decision time share. Included after emlib/model.h. */
#ifndef RACE_H
#define RACE_H

/* rt - tau; 1 where that is not above 0, and then no response is possible. */
EM_INLINE real time_since(data rt, real tau, truth *too_early)
{
    real t = sub(rt, tau);
    *too_early = not_(above(t, 0));
    t.v = em_blend(too_early->m, em_all(1), t.v);
    return t;
}
/* Scores time and choice at once, with the later of the two; -infinity where the response is not possible (by its bits: the
 * compiler is told that there is none). */
EM_INLINE void score_possible(em_run *em, int response, real log_density, truth impossible)
{
    em_v never = (em_v)((em_m){0} + INT64_MIN / 2048);
    em_score(em, response, log_density, (em_jet){em_blend(impossible.m, never, log_density.v), em_all(1), em_all(0)});
}
#define score_time(log_density, impossible) score_possible(em, EM_RESPONSE_OF_choice, log_density, impossible)
#endif
