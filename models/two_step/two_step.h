/* What the two-step models share. Daw, Gershman, Seymour, Dayan & Dolan 2011, Neuron 69:1204.
 * Two choices a trial: the first leads to one of two states, the second is made there and pays. */
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
    data agreement;    /* transitions from each choice to its own state less those to the other */
};

START(p, s)
{
    fill(s->q1, 0);
    fill(s->q2, 0);
    s->last = s->agreement = as_data(0);
}

/* What a model makes of its parameters; a model without one of them gives a number, and its derivatives vanish. */
typedef struct {
    real alpha1, alpha2, lambda; /* learning rates of the stages, eligibility trace */
    real beta1, beta2;           /* inverse temperatures of the stages */
    real w, stay;                /* weight of model-based values, perseveration */
    int trace_after;       /* the trace brings stage 1 the reward's error as it is after stage 2 has learned, not before */
    int learn_transitions; /* which transition is the common one is told by those seen so far; else it is known */
} two_step;

/* One trial. Everything about stage 1 is a difference, choice 1 less choice 0: half the derivatives to carry.
 * With a common transition of probability c, MB(1) - MB(0) = (2c - 1) (best of state 1 - best of state 0). */
EM_INLINE void two_step_trial(em_run *em, em_state *s, two_step of)
{
    data contrast = as_data(0.4); /* 2c - 1 with c = 0.7 */
    if (of.learn_transitions)
        contrast = select(above(s->agreement, 0), 0.4, select(below(s->agreement, 0), -0.4, 0));
    real best0 = max(s->q2[0], s->q2[1]), best1 = max(s->q2[2], s->q2[3]);
    real mb = mul(contrast, sub(best1, best0)), mf = sub(s->q1[1], s->q1[0]);
    real net = add(mf, mul(of.w, sub(mb, mf)));
    data c1 = choose_binary(choice1, add(mul(of.beta1, net), mul(of.stay, s->last)));

    data state = observe(state2);
    real second = select(equals(state, 1), sub(s->q2[3], s->q2[2]), sub(s->q2[1], s->q2[0]));
    data c2 = choose_binary(choice2, mul(of.beta2, second));
    data r = observe(reward), place = add(mul(2, state), c2);

    real q1 = pick(s->q1, c1), q2 = pick(s->q2, place);
    real pe1 = sub(q2, q1), pe2 = sub(r, q2), learned = add(q2, mul(of.alpha2, pe2));
    real traced = of.trace_after ? sub(r, learned) : pe2;
    put(s->q1, c1, add(q1, mul(of.alpha1, add(pe1, mul(of.lambda, traced)))));
    put(s->q2, place, learned);
    s->last = sub(mul(2, c1), 1);
    s->agreement = add(s->agreement, select(equals(c1, state), 1, -1));

    report(q_mb, mb);
    report(q_mf, mf);
    report(pe1, pe1);
    report(pe2, pe2);
}

/* Equations: of model-based values, where transitions are known or learned; of choice, with the names of beta1, beta2 and
 * perseveration; of learning. */
#define TWO_STEP_MB_KNOWN "MB(0) = .7 max Q2[0] + .3 max Q2[1];  MB(1) = .3 max Q2[0] + .7 max Q2[1]\n"
#define TWO_STEP_MB_LEARNED                                                                             \
    "MB(0) = c max Q2[0] + (1 - c) max Q2[1];  MB(1) = (1 - c) max Q2[0] + c max Q2[1]\n"               \
    "c = .7 where the trials so far with state2 = choice1 are more than the others, .3 where they are fewer, else .5\n"
#define TWO_STEP_MIXED "Q = w MB + (1 - w) Q1\n"
#define TWO_STEP_CHOICE(q, beta1, beta2, stay)                                                          \
    "p(choice1 = 1) = logistic(" beta1 " (" q "(1) - " q "(0)) + " stay " s);  s = 1 if choice 1 was the last one, -1 if " \
    "choice 0, 0 on the first trial\n"                                                                  \
    "p(choice2 = 1) = logistic(" beta2 " (Q2[state2, 1] - Q2[state2, 0]))\n"
#define TWO_STEP_LEARNING                                                                               \
    "d1 = Q2[state2, choice2] - Q1[choice1];  d2 = reward - Q2[state2, choice2]\n"                      \
    "Q1[choice1] += alpha1 (d1 + lambda d2);  Q2[state2, choice2] += alpha2 d2;  all start at 0"
#define TWO_STEP_LEARNING_AFTER(alpha1, alpha2, lambda)                                                 \
    "d1 = Q2[state2, choice2] - Q1[choice1];  d2 = reward - Q2[state2, choice2]\n"                      \
    "Q2[state2, choice2] += " alpha2 " d2;  d2' = reward - Q2[state2, choice2], the new one\n"          \
    "Q1[choice1] += " alpha1 " (d1 + " lambda "d2');  all start at 0"
#define DAW_2011 "Daw et al. 2011, Neuron 69:1204"
#define AHN_2017 "Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24"
