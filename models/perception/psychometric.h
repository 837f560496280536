/* What the psychometric functions share: a response whose probability rises with the intensity of a stimulus, from a rate of
 * guesses to one less a rate of lapses. Wichmann & Hill 2001, Percept Psychophys 63:1293. */
#include "emlib/model.h"

/* p(1) = guess + (1 - guess - lapse) rise, where fall = 1 - rise is given apart, so that neither response's probability is a
 * difference; guess + lapse < 1. */
EM_INLINE data choose_by_rise(em_run *em, int column, int response, real rise, real fall, real guess, real lapse)
{
    real range = sub(sub(1, guess), lapse);
    if (em_drawing(em))
        em->row[column] = em_uniform(em) < number(add(guess, mul(range, rise)));
    data c = em_cell(em, column);
    truth one = equals(c, 1);
    real p = add(select(one, guess, lapse), mul(range, select(one, rise, fall)));
    em_score(em, response, p, em_jet_log(p.v));
    return c;
}
#define choose_rise(column, rise, fall, guess, lapse) \
    choose_by_rise(em, EM_COL_##column, EM_RESPONSE_OF_##column, rise, fall, as_real(guess), as_real(lapse))
