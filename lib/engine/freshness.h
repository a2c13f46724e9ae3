/* SPDX-License-Identifier: Apache-2.0 */
/* How long values live and leases last, what an answer by the store is called, and what may not be handed out any more. */
#ifndef MCI_ENGINE_FRESHNESS_H
#define MCI_ENGINE_FRESHNESS_H

#include "engine/call.h"
#include "engine/clock.h"

/* `ttl_ms` with the jitter of the options. */
int64_t mci_jitter(mci_engine *e, int64_t ttl_ms);
/* How long a value of this collection is to live: a document, or a negative entry. 0: it is not kept. */
int64_t mci_value_ttl(mci_engine *e, const mci_coll *coll, int there);
/* How long a lease is given for a load that has until `dl`: at least read.lease_ms, and as long as the load may take, so that a slow
 * one is cached as well. */
int64_t mci_lease_ms(const mci_engine *e, mci_deadline dl);

/* Does read.tiers name Redis, and may an answer have any age? */
int mci_reads_cache(const mci_call *c);
/* Is what was loaded then older than read.max_age_ms allows? */
int mci_is_too_old(const mci_call *c, int64_t written_ms);
/* The mc_cache_outcome of an answer by the store: a miss, or the cache could not be used, or was never to be asked. */
int mci_store_outcome(const mci_call *c, int cache_usable);

/* The session has written it, or was shown it, as of that time. */
void mci_note(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t as_of_ms);
/* The same, as of now: what comes from another clock is later by what the two may differ. */
void mci_note_now(const mci_call *c, const mci_coll *coll, int unique, const char *id);
/* Does the session know of a write that the cache's lists lack? Until they have been built anew the store has to answer. */
int mci_lists_are_outdated(const mci_call *c);

/* The store was read about this id (or encoded unique key), and the cache does not hold what it said by our doing. */
void mci_saw_past_cache(const mci_call *c, const mci_coll *coll, int unique, const char *id);
/* The store was read about it, as of now; or it was put into the cache as of `filled_ms` (0: it was not). */
void mci_was_loaded(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t filled_ms);
/* May what the cache shows of it, loaded then, be older than what this handle has read past the cache, than what the session knows, or
 * than read.max_age_ms allows? */
int mci_is_outdated(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t written_ms);

#endif
