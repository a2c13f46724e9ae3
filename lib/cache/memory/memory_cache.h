/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache without a server: the operations of cache/cache.h in this process. Values are the documents themselves, no bytes; times are
 * given up by a clock; what it takes is bounded, and the least recently used values go first. Caches of one name and prefix share all of it,
 * from any thread. A forked child has a copy that nobody may use: running anything there fails.
 */
#ifndef MCI_CACHE_MEMORY_MEMORY_CACHE_H
#define MCI_CACHE_MEMORY_MEMORY_CACHE_H

#include "base/random.h"
#include "cache/cache.h"

typedef struct mci_memory_cache_options {
    const char *name;   /* "": of this cache alone; else shared by all of that name and prefix in the process */
    const char *prefix; /* cache.prefix */
    int64_t max_bytes;  /* cache.max_bytes; of those that share, the first one's counts */
    int64_t value_max_bytes;
    int64_t quarantine_ms;
    int64_t (*clock_ms)(void *user); /* milliseconds since 1970; NULL: this machine's, which then never goes back */
    void *clock_user;
} mci_memory_cache_options;

/* The random source is borrowed and outlives it. */
mc_status mci_memory_cache_open(const mci_memory_cache_options *opt, mci_random *rnd, mci_cache **out, mc_error *err);

#ifdef MCI_TEST_HOOKS
/* Everything that the memories of a name hold goes, as if it had never been. */
void mci_memory_flush(const char *name);
#endif

#endif
