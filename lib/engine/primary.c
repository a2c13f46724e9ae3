/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the steps of a write that a change of the primary needs. Refuses: any cost where the servers do not move. */
#include "engine/primary.h"

#include "base/syncpoint.h"

#define MARGIN_MS 50 /* above cache.topology_check_ms: clocks of processes, threads that are late */

void mci_primary_confirm(const mci_call *c, mci_ops *ops)
{
    if (c->e->cache->moves && MCI_SAFEGUARD(MCI_SAFEGUARD_CONFIRM))
        ops->after_ns = mci_now_ns();
}

mc_status mci_primary_hold(mci_call *c)
{
    const mci_engine *e = c->e;
    int64_t changed = e->cache->moves && MCI_SAFEGUARD(MCI_SAFEGUARD_HOLD) ? e->cache->changed_ns(e->cache) : 0;
    if (changed == 0)
        return MC_OK;
    int64_t until = changed + (e->set.cache_topology_check_ms + MARGIN_MS) * 1000000;
    for (int64_t now = mci_now_ns(); now < until; now = mci_now_ns()) {
        if (now >= c->dl)
            return mci_fail(c->err, MC_E_TIMEOUT, MC_TIER_REDIS,
                            "Redis has had another primary for %lld ms: until cache.topology_check_ms have passed, other "
                            "processes may read "
                            "from the old one",
                            (long long)((now - changed) / 1000000));
        mci_sleep_ms((until - now) / 1000000 + 1, c->dl);
    }
    return MC_OK;
}
