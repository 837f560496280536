/* What the models of social discounting share: more for oneself and little for another, against a share for the other, who is
 * nearer or further. Jones & Rachlin 2006, Psychol Sci 17:283. */
#define COLUMNS(column)                                                                                   \
    column(distance, input, at_least(0), "social distance of the other, 1 = closest, 100 = a stranger")  \
    column(selfish_self, input, number, "selfish option: amount for oneself")                            \
    column(selfish_other, input, at_least(0), "selfish option: amount for the other")                    \
    column(prosocial_self, input, number, "prosocial option: amount for oneself")                        \
    column(prosocial_other, input, at_least(0), "prosocial option: amount for the other")                \
    column(choice, response, codes(2, "0 = selfish, 1 = prosocial"), "option chosen")
#define LATENTS(latent)                                        \
    latent(value_selfish, "value of the selfish option")       \
    latent(value_prosocial, "value of the prosocial option")
#include "emlib/model.h"

/* Each model says what an amount for the other is worth to oneself. */
EM_INLINE real worth(const parameters *p, data amount, data distance);

EM_INLINE void selfish_or_prosocial(em_run *em, const parameters *p)
{
    data distance = observe(distance);
    real selfish = add(observe(selfish_self), worth(p, observe(selfish_other), distance));
    real prosocial = add(observe(prosocial_self), worth(p, observe(prosocial_other), distance));
    choose_binary(choice, mul(p->beta, sub(prosocial, selfish)));

    report(value_selfish, selfish);
    report(value_prosocial, prosocial);
}

#define SHARING_CHOICE "V = amount for oneself + U;  p(prosocial) = logistic(beta (V_prosocial - V_selfish))"
#define SHARING_SCALE "beta = 1 makes it pyEM's model"
