/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: TTLs, lengths of leases, what is outdated. Refuses: I/O. */
#include "engine/freshness.h"

#include "base/syncpoint.h"

#define CLOCKS_DIFFER_MS 5  /* what two processes know of the cache's clock */
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
    return mci_tiers_have(mci_call_tiers(c), MC_TIER_REDIS) && mci_call_max_age_ms(c) != 0;
}

int mci_is_too_old(const mci_call *c, int64_t written_ms)
{
    int64_t most = mci_call_max_age_ms(c);
    return most >= 0 && mci_age_ms(c->e, written_ms) > most;
}

void mci_note(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t as_of_ms)
{
    if (c->session != NULL)
        mci_record_note(&c->session->record, coll->spec->name, unique, id, as_of_ms);
}

void mci_note_now(const mci_call *c, const mci_coll *coll, int unique, const char *id)
{
    if (c->session != NULL)
        mci_note(c, coll, unique, id, mci_clock(c->e) + CLOCKS_DIFFER_MS);
}

int mci_lists_are_outdated(const mci_call *c)
{
    int64_t lists = c->session != NULL ? mci_record_lists(&c->session->record) : 0;
    int64_t built = c->e->set.board_ttl_ms; /* then a set is built anew */
    return lists != 0 && mci_age_ms(c->e, lists) <= built + built / 100 * c->e->set.ttl_jitter_pct;
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

void mci_was_loaded(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t filled_ms)
{
    if (filled_ms > 0) {
        mci_note(c, coll, unique, id, filled_ms);
        return;
    }
    mci_note_now(c, coll, unique, id);
    if (mci_reads_cache(c))
        mci_saw_past_cache(c, coll, unique, id);
}

int mci_is_outdated(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t written_ms)
{
    if (mci_is_too_old(c, written_ms))
        return 1;
    if (c->session != NULL && written_ms < mci_record_at(&c->session->record, coll->spec->name, unique, id))
        return 1;
    if (atomic_load_explicit(&c->e->seen.newest_ns, memory_order_acquire) == 0)
        return 0;
    return mci_seen_newer(&c->e->seen, mci_coll_number(c->e, coll), unique, id, mci_now_ns(), mci_age_ms(c->e, written_ms));
}
