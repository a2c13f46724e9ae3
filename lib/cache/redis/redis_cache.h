/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache that is a Redis server: a list of operations becomes one pipeline, its replies become outputs. Opening makes no connection.
 */
#ifndef MCI_CACHE_REDIS_REDIS_CACHE_H
#define MCI_CACHE_REDIS_REDIS_CACHE_H

#include "cache/cache.h"
#include "codec/mac.h"
#include "redis/servers.h"

typedef struct mci_redis_cache_options {
    mci_servers_options servers;
    int distrust;        /* cache.lineage */
    mci_tls_options tls; /* for an address that asks for TLS */
    const char *prefix;
    mci_macs macs; /* cache.key, cache.key_old */
    int64_t value_max_bytes;
    int raw_strings; /* values.raw_keys */
    mci_filled_fn filled;
    void *filled_ctx;
    int64_t
        quarantine_ms; /* write.quarantine_ms: after keys of a derived set were lost, for so long nobody knows who writes */
} mci_redis_cache_options;

/* No I/O but reading the certificates that TLS needs. The random source, metrics and log are borrowed and outlive it. */
mc_status mci_redis_cache_open(const mci_redis_cache_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                               mci_cache **out, mc_error *err);

#endif
