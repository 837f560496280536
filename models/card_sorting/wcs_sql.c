/* wcs_sql: Wisconsin card sorting by sequential learning: attention to three dimensions moves with each feedback.
 * Bishara et al. 2010, J Math Psychol 54:5; with the small constants of hBayesDM (Ahn, Haines & Zhang 2017), by which
 * no deck is impossible and no attention is lost for good. */
#define PARAMETERS(parameter)                                                   \
    parameter(r, logistic, "how far attention moves after correct")             \
    parameter(p, logistic, "how far attention moves after wrong")               \
    parameter(d, scaled(5), "consistency: how much the most attended dimension decides")
#define COLUMNS(column)                                                                  \
    column(match_color, input, codes(4, NULL), "which deck the card matches by color")   \
    column(match_form, input, codes(4, NULL), "which deck it matches by form")           \
    column(match_number, input, codes(4, NULL), "which deck it matches by number")       \
    column(choice, response, codes(4, NULL), "deck chosen")                              \
    column(outcome, outcome, codes(2, "0 = wrong, 1 = correct"), "feedback")
#define LATENTS(latent)                          \
    latent(attention_color, "attention to color")          \
    latent(attention_form, "attention to form")            \
    latent(attention_number, "attention to number")       \
    latent(p_choice, "probability of the deck chosen")
#include "emlib/model.h"

STATE { real attention[3]; };

START(p, s) { fill(s->attention, 1. / 3); }

/* a small part of even odds in everything */
EM_INLINE real never_none(real share) { return add(mul(0.9998, share), 0.0001); }

TRIAL(p, s)
{
    data match[3] = {observe(match_color), observe(match_form), observe(match_number)};
    real weight[3], deck[4], all = as_real(0);
    each(i, 3) weight[i] = power(s->attention[i], p->d);
    each(k, 4) {
        real sum = as_real(0);
        each(i, 3) sum = add(sum, select(equals(match[i], k), weight[i], 0));
        deck[k] = never_none(sum);
        all = add(all, deck[k]);
    }
    each(k, 4) deck[k] = div(deck[k], all);
    data c = choose_probabilities(choice, deck);
    report(attention_color, s->attention[0]);
    report(attention_form, s->attention[1]);
    report(attention_number, s->attention[2]);
    report(p_choice, pick(deck, c));

    /* The feedback speaks for the dimensions in which the choice matched, or for those in which it did not. */
    truth correct = equals(observe(outcome), 1);
    real signal[3], total = as_real(0), moved = select(correct, p->r, p->p);
    each(i, 3) {
        data matched = select(equals(match[i], c), 1, 0);
        signal[i] = mul(s->attention[i], select(correct, matched, sub(1, matched)));
        total = add(total, signal[i]);
    }
    truth silent = not_(above(total, 0)); /* no dimension is left: nothing is learned */
    real share = inverse(select(silent, 1, total));
    each(i, 3) {
        real target = select(silent, s->attention[i], mul(signal[i], share));
        s->attention[i] = add(s->attention[i], mul(moved, sub(target, s->attention[i])));
    }
    real sum = add(add(s->attention[0], s->attention[1]), s->attention[2]);
    each(i, 3) s->attention[i] = never_none(div(s->attention[i], sum));
}

MODEL(wcs_sql, .family = "card sorting", .task = "cards",
      .about = "sequential learning: attention to color, form and number moves with each feedback",
      .reference = "Bishara et al. 2010, J Math Psychol 54:5; Ahn, Haines & Zhang 2017, Comput Psychiatr 1:24",
      .equations = "W[k] = .0001 + .9998 (sum of a[i]^d over the dimensions i by which deck k matches)\n"
                   "p(choice = k) = W[k] / sum over j of W[j]\n"
                   "signal[i] = a[i] where the deck chosen matches by i (correct) or does not (wrong), else 0\n"
                   "a[i] += m (signal[i] / sum of signal - a[i]),  m = r when correct, p when wrong; unchanged where all "
                   "signal is 0\n"
                   "a[i] = .0001 + .9998 a[i] / sum of a;  a starts at 1/3")
