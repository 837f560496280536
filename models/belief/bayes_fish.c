/* bayes_fish: which of three ponds do these fish come from? Each fish seen makes for the pond of its own color, by Bayes'
 * rule with a likelihood that is the subject's own. As model "bayes" of pyEM (Rhoads 2023). */
#define PARAMETERS(parameter) \
    parameter(lambda1, logistic, "believed part of the fish of its own color in a pond; 1/3 = fish tell nothing")
#define COLUMNS(column)                                                                       \
    column(observation, input, codes(3, NULL), "color of the fish seen before the choice")    \
    column(choice, response, codes(3, NULL), "pond chosen")
#define LATENTS(latent)                                        \
    latent(belief, "belief in the pond chosen")                \
    latent(surprise, "-log of the probability of the fish seen, in the belief before it")
#include "emlib/model.h"

STATE { data seen[3]; }; /* how many fish of each color: all there is to know of them */

START(p, s) { fill(s->seen, 0); }

TRIAL(p, s)
{
    /* log likelihood ratio of a fish: its own pond against one of the others */
    real other = mul(0.5, max(sub(1, p->lambda1), 1e-16)), evidence = sub(log(p->lambda1), log(other));
    real before[3], after[3], posterior[3];
    data fish = observe(observation);
    each(k, 3) {
        before[k] = mul(evidence, s->seen[k]);
        s->seen[k] = add(s->seen[k], select(equals(fish, k), 1, 0));
        after[k] = mul(evidence, s->seen[k]);
    }
    data c = choose_softmax(choice, after);

    log_softmax(posterior, after);
    report(belief, exp(pick(posterior, c)));
    log_softmax(posterior, before);
    real expected = exp(pick(posterior, fish));
    report(surprise, neg(log(add(other, mul(expected, sub(p->lambda1, other))))));
}

MODEL(bayes_fish, .family = "belief updating", .task = "ponds",
      .about = "Bayesian belief about which of three ponds fish come from; with a column block, it starts again in "
                "each block",
      .reference = "Rhoads 2023, pyEM: Expectation Maximization with MAP estimation in Python, model bayes",
      .equations = "p(fish | pond) = lambda1 where the fish has the pond's color, else (1 - lambda1)/2\n"
                   "B[k] = B[k] p(observation | k) / sum over j of B[j] p(observation | j), before the choice;  "
                   "B starts at 1/3\n"
                   "p(choice = k) = B[k]")
