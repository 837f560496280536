/* What the models of the probabilistic selection task share: six stimuli, of which two are shown at a time.
 * Frank, Moustafa, Haughey, Curran & Hutchison 2007, PNAS 104:16311. */
#define COLUMNS(column)                                                                       \
    column(option1, input, codes(6, NULL), "one stimulus shown, of six")                     \
    column(option2, input, codes(6, NULL), "the other stimulus shown")                       \
    column(choice, response, codes(2, "0 = option1, 1 = option2"), "which of the two is chosen") \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                          \
    latent(value, "value of the stimulus chosen") \
    latent(pe, "reward prediction error")
#include "emlib/model.h"

STATE { real q[6]; };

START(p, s) { fill(s->q, 0); }

/* A choice between the two shown: the stimulus chosen, its value and the prediction error. */
typedef struct { data stimulus; real value, pe; } selection;

EM_INLINE selection select_stimulus(em_run *em, const em_state *s, real beta)
{
    data first = observe(option1), second = observe(option2);
    real q1 = pick(s->q, first), q2 = pick(s->q, second);
    truth took_second = equals(choose_binary(choice, mul(beta, sub(q2, q1))), 1);
    real value = select(took_second, q2, q1);
    return (selection){select(took_second, second, first), value, sub(observe(reward), value)};
}

EM_INLINE void learn_stimulus(em_run *em, em_state *s, selection made, real rate)
{
    put(s->q, made.stimulus, add(made.value, mul(rate, made.pe)));
    report(value, made.value);
    report(pe, made.pe);
}

#define PST_CHOICE "p(choice = 1) = logistic(beta (Q[option2] - Q[option1]));  c = the stimulus chosen\n"
