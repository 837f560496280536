/* Effort for oneself and effort for another. Lockwood et al. 2017, Nat Hum Behav 1:0131. */
#define EFFORT_FIRST(column) column(beneficiary, input, codes(2, "0 = self, 1 = other"), "who gets the reward")
#include "effort.h"
