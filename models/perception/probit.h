/* Responses with probabilities from the normal distribution, exact to its last tail. Included after emlib/model.h. */
#ifndef PROBIT_H
#define PROBIT_H

/* p(1) = Phi(z), p(0) = Phi(-z) */
EM_INLINE data choose_by_probit(em_run *em, int column, int response, real z)
{
    if (em_drawing(em))
        em->row[column] = em_uniform(em) < number(normal_cdf(z));
    data c = em_cell(em, column);
    real towards = mul(z, sub(mul(2, c), 1));
    em_score(em, response, towards, em_jet_log_normal_cdf(towards.v));
    return c;
}
#define choose_probit(column, z) choose_by_probit(em, EM_COL_##column, EM_RESPONSE_OF_##column, as_real(z))

/* log(Phi(high) - Phi(low)), low < high. In the upper tail both would be 1: there the lower tail's mirror image is taken. */
EM_INLINE real log_normal_between(real low, real high)
{
    truth mirrored = above(add(low, high), 0);
    real a = select(mirrored, neg(high), low), b = select(mirrored, neg(low), high);
    real log_a = log_normal_cdf(a), log_b = log_normal_cdf(b);
    return add(log_b, log(neg(expm1(sub(log_a, log_b)))));
}
#endif
