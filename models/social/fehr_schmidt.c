/* fehr_schmidt: inequity aversion between two ways to divide money. Fehr & Schmidt 1999. */
#define PARAMETERS(parameter)                                                    \
    parameter(alpha, exp, "envy: cost of getting less than the other")           \
    parameter(beta, logistic, "guilt: cost of getting more than the other")      \
    parameter(tau, exp, "inverse temperature, per unit of utility")
#define COLUMNS(column)                                                              \
    column(self_a, input, number, "division A: amount for oneself")                  \
    column(other_a, input, number, "division A: amount for the other")               \
    column(self_b, input, number, "division B: amount for oneself")                  \
    column(other_b, input, number, "division B: amount for the other")               \
    column(choice, response, codes(2, "0 = division A, 1 = division B"), "division chosen")
#define LATENTS(latent)                   \
    latent(u_a, "utility of division A")  \
    latent(u_b, "utility of division B")
#include "emlib/model.h"

EM_INLINE real utility(const parameters *p, data self, data other)
{
    data less = max(sub(other, self), 0), more = max(sub(self, other), 0);
    return sub(self, add(mul(p->alpha, less), mul(p->beta, more)));
}

NO_STATE

TRIAL(p, s)
{
    real a = utility(p, observe(self_a), observe(other_a)), b = utility(p, observe(self_b), observe(other_b));
    choose_binary(choice, mul(p->tau, sub(b, a)));

    report(u_a, a);
    report(u_b, b);
}

MODEL(fehr_schmidt, .family = "inequity", .task = "divisions",
      .about = "inequity aversion: getting less than another hurts, and so does getting more",
      .reference = "Fehr & Schmidt 1999, Q J Econ 114:817",
      .equations = "U = self - alpha max(other - self, 0) - beta max(self - other, 0)\n"
                   "p(B) = logistic(tau (U_B - U_A))")
