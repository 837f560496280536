/* hgf_ibrb: three levels of the binary hierarchical Gaussian filter. Mathys et al. 2011, 2014. Where the update would leave level 3
 * with a precision below a tenth of the predicted one (the original stops where it is below 0), it is kept there. */
#define PARAMETERS(parameter)                                         \
    parameter(kappa2, scaled(2), "coupling of level 3 to level 2")    \
    parameter(omega2, between(-10, 2), "log variance of a step of the tendency, apart from level 3") \
    parameter(omega3, between(-12, 0), "log variance of a step of volatility") \
    parameter(zeta, exp, "inverse decision noise")
#include "hgf.h"

STATE { real mu2, var2, mu3, var3; };

START(p, s)
{
    s->mu2 = as_real(0);
    s->var2 = as_real(0.1);
    s->mu3 = as_real(1);
    s->var3 = as_real(1);
}

TRIAL(p, s)
{
    choose_binary(choice, mul(p->zeta, s->mu2));
    data event = observe(outcome);

    real change = exp(min(HGF_MOST, add(mul(p->kappa2, s->mu3), p->omega2)));
    real before = s->mu2, var_before = s->var2, share = inverse(add(var_before, change));
    hgf_level2(em, event, &s->mu2, &s->var2, change);

    real weight = mul(change, share), surprise = sub(mul(add(s->var2, square(sub(s->mu2, before))), share), 1);
    real relative = mul(sub(change, var_before), share);
    real predicted = inverse(add(s->var3, exp(p->omega3)));
    real gained = mul(mul(mul(0.5, square(p->kappa2)), weight), add(weight, mul(relative, surprise)));
    real precision = max(mul(0.1, predicted), add(predicted, gained));
    s->var3 = inverse(precision);
    s->mu3 = add(s->mu3, mul(mul(mul(mul(0.5, p->kappa2), weight), surprise), s->var3));
}

MODEL(hgf_ibrb, .family = "volatility", .task = "events", .about = "binary hierarchical Gaussian filter, three levels",
      .reference = HGF_REFERENCE,
      .equations = HGF_LEVEL2
                   "V = exp(kappa2 mu3 + omega2);  w = V/(S + V) and r = (V - S)/(S + V) with the old S\n"
                   "d = (new S + (change of mu2)^2)/(old S + V) - 1;  pi = 1/(T + exp(omega3))\n"
                   "T = 1/max(pi/10, pi + kappa2^2/2 w (w + r d));  mu3 += T kappa2/2 w d;  mu3 and T start at 1")
