/* SPDX-License-Identifier: Apache-2.0 */
/* The checked values of all options, as the engine reads them. Filled by api/options.c: from the option table, but for one callback. */
#ifndef MCI_BASE_SETTINGS_H
#define MCI_BASE_SETTINGS_H

#include "base/address.h"
#include <mflixcache/options.h>
#include <stdint.h>

#define MCI_TEXT_OPT 1024 /* longest text option with its NUL */

/* How snapshot files are written. */
typedef enum mci_snapshot_format { MCI_SNAPSHOT_CHECKED = 0, MCI_SNAPSHOT_PLAIN = 1 } mci_snapshot_format;

/* When a write puts the new document into the cache. */
typedef enum mci_write_fill { MCI_FILL_ALWAYS = 0, MCI_FILL_IF_CACHED = 1 } mci_write_fill;

typedef enum mci_write_mode { MCI_WRITE_SAFE = 0, MCI_WRITE_FAST = 1, MCI_WRITE_STRICT = 2 } mci_write_mode;

/* Are values of another term of their server believed? */
typedef enum mci_lineage { MCI_LINEAGE_DISTRUST = 0, MCI_LINEAGE_TRUST = 1 } mci_lineage;

/* Which tiers reads ask, in this order. */
typedef enum mci_read_tiers {
    MCI_TIERS_REDIS_SNAPSHOT_STORE = 0,
    MCI_TIERS_REDIS_STORE_SNAPSHOT = 1,
    MCI_TIERS_REDIS_STORE = 2,
    MCI_TIERS_SNAPSHOT_STORE = 3,
    MCI_TIERS_STORE_SNAPSHOT = 4,
    MCI_TIERS_STORE = 5
} mci_read_tiers;

#define MCI_COLLECTIONS_MAX 4

/* What may be set for one collection. */
typedef struct mci_coll_settings {
    int64_t ttl_ms;
    int64_t id_kind;      /* mci_id_kind */
    int64_t plain_fields; /* bool */
} mci_coll_settings;

typedef struct mci_settings {
    /* Redis */
    char
        cache_uri[MCI_TEXT_OPT]; /* cache.uri: redis://[user[:password]@]host[:port][/db] or unix://[user:pw@]/path[?db=n] */
    mci_redis_addr cache_addr;   /* the same, parsed */
    int cache_in_memory;         /* cache.uri is memory:NAME: no server; the address is empty then */
    char cache_memory[65];       /* NAME; "": of this handle alone */
    int64_t cache_max_bytes;     /* cache.max_bytes: of a cache in memory */
    char cache_user[MCI_TEXT_OPT];        /* cache.user: wins over the URI's */
    char cache_password[MCI_TEXT_OPT];    /* cache.password: wins over the URI's */
    char cache_key[40];                   /* cache.key: 32 hexadecimal digits */
    char cache_key_old[40];               /* cache.key_old */
    char cache_prefix[64];                /* cache.prefix */
    char cache_tls_ca_file[MCI_TEXT_OPT]; /* cache.tls_ca_file, and so on */
    char cache_tls_ca_path[MCI_TEXT_OPT];
    char cache_tls_cert_file[MCI_TEXT_OPT];
    char cache_tls_key_file[MCI_TEXT_OPT];
    char cache_tls_key_password_file[MCI_TEXT_OPT];
    char cache_tls_server_name[256];
    int64_t cache_tls_insecure_skip_verification; /* bool */
    mc_password_fn cache_tls_key_password;        /* of mc_options_set_key_password(); NULL: none */
    void *cache_tls_key_password_user;
    int64_t cache_connect_timeout_ms; /* cache.connect_timeout_ms */
    int64_t cache_timeout_ms;         /* cache.timeout_ms: one exchange */
    int64_t cache_connections;        /* cache.connections */
    int64_t cache_spin_us;            /* cache.spin_us */
    int64_t cache_topology_check_ms;  /* cache.topology_check_ms */
    int64_t cache_lineage;            /* mci_lineage */
    char cache_sentinel_user[MCI_TEXT_OPT];
    char cache_sentinel_password[MCI_TEXT_OPT];
    char cache_nat_map[MCI_TEXT_OPT];
    int64_t cache_backoff_min_ms;   /* cache.backoff_min_ms */
    int64_t cache_backoff_max_ms;   /* cache.backoff_max_ms */
    int64_t cache_breaker_failures; /* cache.breaker_failures */

    /* Store */
    char store_uri[MCI_TEXT_OPT];
    mci_store_addr store_addr; /* the same, parsed */
    char store_database[128];
    char store_identity[256]; /* "": the database's address; "*": not compared */
    int64_t store_adopt;      /* bool */
    int64_t store_timeout_ms;
    int64_t store_backoff_min_ms; /* store.backoff_min_ms, store.backoff_max_ms */
    int64_t store_backoff_max_ms;
    int64_t store_breaker_failures; /* store.breaker_failures: in a row */
    int64_t store_pool_max;
    int64_t store_init_driver; /* bool */

    /* Values */
    mci_coll_settings collections[MCI_COLLECTIONS_MAX]; /* in the order of lib/schema */
    int64_t negative_ttl_ms;                            /* 0: no negative entries */
    int64_t ttl_jitter_pct;
    int64_t alias_ttl_ms;
    int64_t board_ttl_ms;
    int64_t kv_ttl_ms;
    int64_t value_max_bytes;
    int64_t values_raw_keys;          /* bool: keys of mc_put() are in Redis as they are given */
    char snapshot_path[MCI_TEXT_OPT]; /* "": no snapshot */
    int64_t snapshot_max_bytes;
    int64_t snapshot_format; /* mci_snapshot_format */
    int64_t snapshot_fill;   /* bool: its answers are put into the cache */
    int64_t snapshot_fill_ttl_ms;
    int64_t snapshot_max_age_ms; /* 0: any age */

    /* Protocol */
    int64_t call_timeout_ms;
    int64_t write_mode; /* mci_write_mode */
    int64_t write_fill; /* mci_write_fill */
    int64_t write_wait_replicas;
    int64_t write_quarantine_ms;
    int64_t write_suspect_ms;
    int64_t read_tiers;      /* mci_read_tiers */
    int64_t read_max_age_ms; /* -1: any age */
    int64_t read_lease_ms;
    int64_t recovery_max;
} mci_settings;

#endif
