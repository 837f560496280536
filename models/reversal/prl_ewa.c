/* prl_ewa: reversal learning by experience-weighted attraction: what is known well changes slowly.
 * Camerer & Ho 1999, Econometrica 67:827; den Ouden et al. 2013. */
#define PARAMETERS(parameter)                                                         \
    parameter(phi, logistic, "what a value keeps: 1 less the learning rate")          \
    parameter(rho, logistic, "what experience keeps; 0 = each outcome counts alike")  \
    parameter(beta, scaled(10), "inverse temperature")
#define LATENTS(latent)                         \
    latent(value, "value of the option chosen")  \
    latent(value_other, "value of the other option") \
    latent(experience, "experience with the option chosen") \
    latent(experience_other, "experience with the other option")
#include "prl.h"

STATE { real q[2], n[2]; };

START(p, s)
{
    fill(s->q, 0);
    fill(s->n, 0);
}

TRIAL(p, s)
{
    data c = choose_binary(choice, mul(p->beta, sub(s->q[1], s->q[0])));
    data r = observe(outcome), other = sub(1, c);
    real value = pick(s->q, c), n = pick(s->n, c), more = add(mul(p->rho, n), 1);
    report(value, value);
    report(value_other, pick(s->q, other));
    report(experience, n);
    report(experience_other, pick(s->n, other));

    put(s->q, c, div(add(mul(p->phi, mul(n, value)), r), more));
    put(s->n, c, more);
}

MODEL(prl_ewa, .family = "reversal learning", .task = "reversal",
      .about = "experience-weighted attraction: what is known well changes slowly" PRL_BLOCKS,
      .reference = "Camerer & Ho 1999, Econometrica 67:827; den Ouden et al. 2013, Neuron 80:1090",
      .equations = PRL_CHOICE
                   "n' = rho n[choice] + 1\n"
                   "Q[choice] = (phi n[choice] Q[choice] + outcome) / n';  n[choice] = n';  Q and n start at 0")
