/* What the two-step models share. Daw, Gershman, Seymour, Dayan & Dolan 2011, Neuron 69:1204.
 * Two choices a trial: the first leads to one of two states, the second is made there and pays. */
#define PARAMETERS(parameter)                                           \
    parameter(alpha1, logistic, "learning rate, stage 1")               \
    parameter(alpha2, logistic, "learning rate, stage 2")               \
    parameter(lambda, logistic, "eligibility trace")                    \
    parameter(beta1, exp, "inverse temperature, stage 1")               \
    parameter(beta2, exp, "inverse temperature, stage 2")               \
    parameter(w, logistic, "weight of model-based values")              \
    parameter(p, identity, "perseveration: the last stage-1 choice again")
#define COLUMNS(column)                                                                              \
    column(choice1, response, codes(2, "0 = leads to state 0 as a rule, 1 = to state 1"), "stage-1 choice") \
    column(state2, outcome, codes(2, "0 = where choice 0 leads as a rule, 1 = where choice 1 does"), "state it led to") \
    column(choice2, response, codes(2, NULL), "stage-2 choice")                                      \
    column(reward, outcome, number, "reward received")
#define LATENTS(latent)                                          \
    latent(q_mb, "model-based value, choice 1 less choice 0")    \
    latent(q_mf, "model-free value, choice 1 less choice 0")     \
    latent(pe1, "prediction error on reaching stage 2")          \
    latent(pe2, "prediction error at the reward")
#include "emlib/model.h"

STATE {
    real q1[2], q2[4]; /* q2[2 * state + choice] */
    data last;         /* stage-1 choice before: +1 for choice 1, -1 for choice 0, 0 on the first trial */
};

START(p, s)
{
    fill(s->q1, 0);
    fill(s->q2, 0);
    s->last = as_data(0);
}

/* One trial. Everything about stage 1 is a difference, choice 1 less choice 0: half the derivatives to carry.
 * Transitions are known, 0.7 and 0.3, so that MB(1) - MB(0) = (0.7 - 0.3) (best of state 1 - best of state 0).
 * trace_after: the eligibility trace brings stage 1 the reward's error as it is after stage 2 has learned, not before. */
EM_INLINE void two_step_trial(em_run *em, const parameters *p, em_state *s, int trace_after)
{
    real best0 = max(s->q2[0], s->q2[1]), best1 = max(s->q2[2], s->q2[3]);
    real mb = mul(0.4, sub(best1, best0)), mf = sub(s->q1[1], s->q1[0]);
    real net = add(mf, mul(p->w, sub(mb, mf)));
    data c1 = choose_binary(choice1, add(mul(p->beta1, net), mul(p->p, s->last)));

    data state = observe(state2);
    real second = select(equals(state, 1), sub(s->q2[3], s->q2[2]), sub(s->q2[1], s->q2[0]));
    data c2 = choose_binary(choice2, mul(p->beta2, second));
    data r = observe(reward), place = add(mul(2, state), c2);

    real q1 = pick(s->q1, c1), q2 = pick(s->q2, place);
    real pe1 = sub(q2, q1), pe2 = sub(r, q2), learned = add(q2, mul(p->alpha2, pe2));
    real traced = trace_after ? sub(r, learned) : pe2;
    put(s->q1, c1, add(q1, mul(p->alpha1, add(pe1, mul(p->lambda, traced)))));
    put(s->q2, place, learned);
    s->last = sub(mul(2, c1), 1);

    report(q_mb, mb);
    report(q_mf, mf);
    report(pe1, pe1);
    report(pe2, pe2);
}

#define TWO_STEP_CHOICE                                                                                   \
    "MB(0) = .7 max Q2[0] + .3 max Q2[1];  MB(1) = .3 max Q2[0] + .7 max Q2[1]\n"                         \
    "Q = w MB + (1 - w) Q1\n"                                                                             \
    "p(choice1 = 1) = logistic(beta1 (Q(1) - Q(0)) + p s);  s = 1 if choice 1 was the last one, -1 if choice 0, "  \
    "0 on the first trial\n"                                                                              \
    "p(choice2 = 1) = logistic(beta2 (Q2[state2, 1] - Q2[state2, 0]))\n"
