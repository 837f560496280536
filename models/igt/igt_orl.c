/* igt_orl: outcome representation learning: how much a deck brings, how often it wins, and perseverance.
 * Haines, Vassileva & Ahn 2018, Cogn Sci 42:2534. */
#define PARAMETERS(parameter)                                              \
    parameter(Arew, logistic, "learning rate, outcome 0 or above")         \
    parameter(Apun, logistic, "learning rate, outcome below 0")            \
    parameter(K, scaled(5), "how fast perseverance fades")                 \
    parameter(betaF, identity, "weight of how often a deck wins")          \
    parameter(betaP, identity, "weight of perseverance")
#define LATENTS(latent)                                     \
    latent(value, "expected value of the deck chosen")       \
    latent(frequency, "expected win frequency of the deck chosen") \
    latent(pe, "prediction error, outcome")                  \
    latent(pe_frequency, "prediction error, sign of the outcome")
#include "igt.h"

STATE { real ev[4], ef[4], pers[4]; };

START(p, s)
{
    fill(s->ev, 0);
    fill(s->ef, 0);
    fill(s->pers, 0);
}

TRIAL(p, s)
{
    real u[4];
    each(k, 4) u[k] = add(s->ev[k], add(mul(p->betaF, s->ef[k]), mul(p->betaP, s->pers[k])));
    data c = choose_softmax(choice, u);
    data x = observe(outcome), sign = select(above(x, 0), 1, select(below(x, 0), -1, 0));
    real rate = select(below(x, 0), p->Apun, p->Arew), rate_elsewhere = select(below(x, 0), p->Arew, p->Apun);
    real value = pick(s->ev, c), frequency = pick(s->ef, c), pe = sub(x, value), kept = exp(mul(-LOG_3, p->K));
    put(s->ev, c, add(value, mul(rate, pe)));
    each(k, 4) {
        truth here = equals(c, k);
        real pe_frequency = sub(select(here, sign, mul(-1. / 3, sign)), s->ef[k]);
        s->ef[k] = add(s->ef[k], mul(select(here, rate, rate_elsewhere), pe_frequency));
        s->pers[k] = mul(kept, select(here, 1, s->pers[k]));
    }

    report(value, value);
    report(frequency, frequency);
    report(pe, pe);
    report(pe_frequency, sub(sign, frequency));
}

MODEL(igt_orl, .family = "Iowa gambling", .task = "iowa",
      .about = "outcome representation learning: expected value, win frequency and perseverance",
      .reference = "Haines, Vassileva & Ahn 2018, Cogn Sci 42:2534",
      .equations = "U[k] = EV[k] + betaF EF[k] + betaP PS[k]\n"
                   "p(choice = k) = exp(U[k]) / sum over j of exp(U[j])\n"
                   "EV[choice] += a (outcome - EV[choice]);  EF[choice] += a (sign(outcome) - EF[choice])\n"
                   "EF[k] += a' (-sign(outcome)/3 - EF[k]) for every other deck k\n"
                   "a = Arew, a' = Apun where outcome >= 0, else a = Apun, a' = Arew\n"
                   "PS[choice] = 1, then PS[k] /= 3^K for every deck k;  EV, EF and PS start at 0")
