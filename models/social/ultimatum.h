/* What the models of the ultimatum game share: offers are accepted or rejected, by how they compare with a norm that the offers
 * themselves teach. Xiang, Lohrenz & Montague 2013, J Neurosci 33:1099. */
#define COLUMNS(column)                                                     \
    column(offer, input, at_least(0), "amount offered, of 20")              \
    column(choice, response, codes(2, "0 = reject, 1 = accept"), "what is done with it")
#define LATENTS(latent)                                        \
    latent(norm, "what is held to be fair as the offer is judged") \
    latent(pe, "offer less the norm before it")                \
    latent(utility, "utility of the offer")
#include "emlib/model.h"

#define FIRST_NORM 10 /* half of 20 */
