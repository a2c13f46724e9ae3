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

/* Does read.tiers name Redis? */
int mci_reads_cache(const mci_call *c);
/* The mc_cache_outcome of an answer by the store: a miss, or the cache could not be used, or was never to be asked. */
int mci_store_outcome(const mci_call *c, int cache_usable);

/* The store was read about this id (or encoded unique key), and the cache does not hold what it said by our doing. */
void mci_saw_past_cache(const mci_call *c, const mci_coll *coll, int unique, const char *id);
/* May what the cache shows of it, loaded then, be older than what this handle has read past the cache? */
int mci_is_outdated(const mci_call *c, const mci_coll *coll, int unique, const char *id, int64_t written_ms);

#endif
