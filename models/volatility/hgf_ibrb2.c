/* hgf_ibrb2: two levels of the binary hierarchical Gaussian filter: volatility does not change. */
#define PARAMETERS(parameter)                                         \
    parameter(omega2, between(-10, 2), "log variance of a step of the tendency") \
    parameter(zeta, exp, "inverse decision noise")
#include "hgf.h"

STATE { real mu2, var2; };

START(p, s)
{
    s->mu2 = as_real(0);
    s->var2 = as_real(0.1);
}

TRIAL(p, s)
{
    choose_binary(choice, mul(p->zeta, s->mu2));
    hgf_level2(em, observe(outcome), &s->mu2, &s->var2, exp(p->omega2));
}

MODEL(hgf_ibrb2, .family = "volatility", .task = "events", .about = "binary hierarchical Gaussian filter, two levels",
      .reference = HGF_REFERENCE, .equations = HGF_LEVEL2 "V = exp(omega2)")
