/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: one generic cache over collections. It knows no movie, and no command of Redis: it speaks to the cache in typed operations
 * (cache/cache.h) and to the database through source.h. Each part has a header of its own; this one is what they share.
 */
#ifndef MCI_ENGINE_ENGINE_H
#define MCI_ENGINE_ENGINE_H

#include "base/random.h"
#include "base/settings.h"
#include "cache/cache.h"
#include "codec/json.h"
#include "engine/collection.h"
#include "engine/flight.h"
#include "engine/recovery.h"
#include "engine/seen.h"
#include "engine/tiers.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/snapshot.h"
#include "store/store.h"
#include <stdatomic.h>

#define MCI_MAX_BATCH 1000 /* ids in one call */
#define MCI_IDENTITY_MAX 512

struct mci_call;

typedef struct mci_engine {
    mci_settings set;
    mci_tiers tiers; /* read.tiers */
    mci_random rnd;
    mci_metrics *metrics;
    mci_log *log; /* borrowed */
    mci_cache *cache;
    mci_store *store; /* owned */
    mci_flights flights;
    mci_recovery recovery;
    mci_seen seen;
    char identity[MCI_IDENTITY_MAX]; /* of the database; "": not compared */
    _Atomic int64_t verified_epoch;  /* values of this epoch are of our database; -1: none were seen */
    _Atomic int64_t last_epoch;      /* as it was last seen */
    _Atomic int64_t foreign_until_ns;
    _Atomic int refusing;             /* Redis answers, and refuses what the cache needs */
    _Atomic int64_t refusing_told_ns; /* when the log was told of that last */
    mci_snapshot *snapshot;
    _Atomic int64_t set_clock_ms; /* what mc_set_clock() said; 0: the cache's clock */
    mci_coll colls[MCI_MAX_COLLS];
    size_t ncolls;
    /* Put the id's place in this set right by the store: the index' part of a write that met others. NULL: it is left to readers. */
    void (*repair)(struct mci_call *c, mci_coll *coll, mci_index *ix, const char *id);
} mci_engine;

/* Place of the collection among the engine's. */
static inline size_t mci_coll_number(const mci_engine *e, const mci_coll *coll)
{
    return (size_t)(coll - e->colls);
}

#endif
