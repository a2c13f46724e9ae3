/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the order of tiers. Refuses: knowing what a tier does. Pure. */
#include "engine/tiers.h"

mci_tiers mci_tiers_of(mci_read_tiers option)
{
    static const mci_tiers lists[] = {
        [MCI_TIERS_REDIS_SNAPSHOT_STORE] = {{MC_TIER_REDIS, MC_TIER_SNAPSHOT, MC_TIER_STORE}, 3},
        [MCI_TIERS_REDIS_STORE_SNAPSHOT] = {{MC_TIER_REDIS, MC_TIER_STORE, MC_TIER_SNAPSHOT}, 3},
        [MCI_TIERS_REDIS_STORE] = {{MC_TIER_REDIS, MC_TIER_STORE}, 2},
        [MCI_TIERS_SNAPSHOT_STORE] = {{MC_TIER_SNAPSHOT, MC_TIER_STORE}, 2},
        [MCI_TIERS_STORE_SNAPSHOT] = {{MC_TIER_STORE, MC_TIER_SNAPSHOT}, 2},
        [MCI_TIERS_STORE] = {{MC_TIER_STORE}, 1},
    };
    return lists[option];
}

int mci_tiers_have(const mci_tiers *t, enum mc_tier tier)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->order[i] == tier)
            return 1;
    return 0;
}
