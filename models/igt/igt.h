/* What the models of the Iowa gambling task share: four decks, and prospect utility of what a card brings.
 * Bechara, Damasio, Damasio & Anderson 1994, Cognition 50:7; Ahn, Busemeyer, Wagenmakers & Stout 2008, Cogn Sci 32:1376. */
#define COLUMNS(column)                                                                    \
    column(choice, response, codes(4, "0 to 3 = decks A to D"), "deck chosen")             \
    column(outcome, outcome, number, "gain minus loss, in hundreds")
#include "emlib/model.h"

#define LOG_3 0x1.193ea7aad030bp0

/* x^alpha for a gain, -lambda (-x)^alpha for a loss */
EM_INLINE real utility_of(data outcome, real alpha, real lambda)
{
    real size = power(absolute(outcome), alpha);
    return select(below(outcome, 0), neg(mul(lambda, size)), size);
}

/* Inverse temperature: 3^cons - 1, 0 for choices at random. Yechiam & Ert 2007, J Math Psychol 51:75. */
EM_INLINE real consistency(real cons) { return expm1(mul(LOG_3, cons)); }

#define IGT_CHOICE(value) \
    "p(choice = k) = exp(theta " value "[k]) / sum over j of exp(theta " value "[j]),  theta = 3^cons - 1\n"
#define IGT_UTILITY "u = outcome^alpha where outcome >= 0, else -lambda (-outcome)^alpha\n"
