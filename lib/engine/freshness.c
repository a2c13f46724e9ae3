/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: TTLs, lengths of leases, what is outdated. Refuses: I/O. */
#include "engine/freshness.h"

#include "base/syncpoint.h"

#define LEASE_SPARE_MS 1000 /* after the load, until the fill has arrived */

int64_t mci_jitter(mci_engine *e, int64_t ttl_ms)
{
    int64_t span = ttl_ms / 100 * e->set.ttl_jitter_pct + ttl_ms % 100 * e->set.ttl_jitter_pct / 100;
    if (span <= 0)
        return ttl_ms;
    int64_t v = ttl_ms - span + (int64_t)mci_random_below(&e->rnd, (uint64_t)(2 * span) + 1);
    return v < 1 ? 1 : v;
}

int64_t mci_value_ttl(mci_engine *e, const mci_coll *coll, int there)
{
    if (there)
        return mci_jitter(e, coll->ttl_ms);
    return e->set.negative_ttl_ms == 0 ? 0 : mci_jitter(e, e->set.negative_ttl_ms);
}

int64_t mci_lease_ms(const mci_engine *e, mci_deadline dl)
{
    int64_t lease = e->set.read_lease_ms;
    if (dl == MCI_NO_DEADLINE || !MCI_SAFEGUARD(MCI_SAFEGUARD_LEASE))
        return lease;
    int64_t load = mci_deadline_left_ms(dl) + LEASE_SPARE_MS;
    return load > lease ? load : lease;
}

int mci_reads_cache(const mci_call *c)
{
    return mci_tiers_have(&c->e->tiers, MC_TIER_REDIS);
}

int mci_store_outcome(const mci_call *c, int cache_usable)
{
    if (!mci_reads_cache(c))
        return MC_CACHE_NONE;
    return cache_usable ? MC_CACHE_MISS : MC_CACHE_BYPASS;
}

void mci_saw_past_cache(const mci_call *c, const mci_coll *coll, int unique, const char *id)
{
    if (MCI_SAFEGUARD(MCI_SAFEGUARD_SEEN))
        mci_seen_note(&c->e->seen, mci_coll_number(c->e, coll), unique, id, mci_now_ns());
}

int mci_is_outdated(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t written_ms)
{
    if (atomic_load_explicit(&c->e->seen.newest_ns, memory_order_acquire) == 0)
        return 0;
    return mci_seen_newer(&c->e->seen, mci_coll_number(c->e, coll), unique, id, mci_now_ns(), mci_age_ms(c->e, written_ms));
}
