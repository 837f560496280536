#include "group.h"

#include <math.h>
#include <string.h>

void em_group_make_prior(em_group_prior *store, const em_group_values *group, int n, bool none)
{
    memset(store, 0, sizeof *store);
    store->prior = (em_prior){.n = n, .mean = group->mu, .precision = store->precision, .spread = store->spread,
                              .none = none, .pinned = store->pinned};
    for (int j = 0; j < n; j++) {
        store->spread[j] = sqrt(group->var[j]);
        store->pinned[j] = !none && group->var[j] == 0;
        if (none || store->pinned[j])
            continue;
        store->precision[j * (j + 1) / 2 + j] = 1 / group->var[j];
        store->prior.half_log_det -= 0.5 * log(group->var[j]);
    }
}
