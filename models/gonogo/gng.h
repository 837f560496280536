/* What the go/no-go models share: values of acting and of not acting for each of four cues, and choice with lapses.
 * Guitart-Masip, Huys, Fuentemilla, Dayan, Duzel & Dolan 2012, NeuroImage 62:154. */
#define COLUMNS(column)                                                          \
    column(cue, input, codes(4, NULL), "which of the four cues is shown")       \
    column(choice, response, codes(2, "0 = no go, 1 = go"), "what is done")      \
    column(outcome, outcome, number, "what it brings, below 0 for a loss")
#include "emlib/model.h"

typedef struct { real of[8]; } action_values; /* of[2 * cue + action], action as in `choice` */

EM_INLINE void start_actions(action_values *q) { fill(q->of, 0); }

EM_INLINE data place_of(data cue, data action) { return add(mul(2, cue), action); }

/* Q(go) - Q(no go) */
EM_INLINE real advantage_of_go(const action_values *q, data cue)
{
    real difference[4];
    each(k, 4) difference[k] = sub(q->of[2 * k + 1], q->of[2 * k]);
    return pick(difference, cue);
}

/* Q of the action taken += rate (target - Q); returns target - Q. */
EM_INLINE real learn_action(action_values *q, data cue, data action, real target, real rate)
{
    real value = pick(q->of, place_of(cue, action)), pe = sub(target, value);
    put(q->of, place_of(cue, action), add(value, mul(rate, pe)));
    return pe;
}

#define GNG_CHOICE(more) \
    "w = Q[cue, go] - Q[cue, no go]" more "\n" \
    "p(go) = (1 - xi) logistic(w) + xi/2\n"
#define GNG_LEARNING(rho) "Q[cue, choice] += ep (" rho " outcome - Q[cue, choice]);  "
#define GNG_CUES(rho) "V[cue] += ep (" rho " outcome - V[cue]), whatever was done\n"
