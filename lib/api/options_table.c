/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the table of all options, and the checks that only one option has. docs/options.md is generated from it.
 * Invariant: every default passes its own row (mc_options_new() sets them through it).
 */
#include "api/options.h"
#include "base/doc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "redis/nat.h"
#include "redis/uri.h"
#include "schema/schema.h"
#include "store/uri.h"

#include <stdio.h>
#include <string.h>

static mc_status check_prefix(const mci_option *opt, const char *value, mc_error *err)
{
    for (const char *p = value; *p != '\0'; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("{}*?[]\\^", *p) != NULL)
            return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                            "%s: only printable ASCII without blanks, braces and the pattern characters * ? [ ] \\ ^",
                            opt->info.key);
    return MC_OK;
}

static mc_status check_database(const mci_option *opt, const char *value, mc_error *err)
{
    if (*value == '\0' || strpbrk(value, "/\\. \"$*<>:|?") != NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "%s: a name of 1 to %zu bytes without any of / \\ . \" $ * < > : | ? and blanks", opt->info.key,
                        opt->max_len);
    if (!mci_utf8_valid(value, strlen(value)))
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: not valid UTF-8", opt->info.key);
    return MC_OK;
}

/* "cache." and a name of cache.uri's query. */
static mc_status set_from_query(void *user, const char *name, const char *value, mc_error *err)
{
    char key[80];
    (void)snprintf(key, sizeof key, "cache.%s", name);
    if (strcmp(key, "cache.uri") == 0 || mci_option_find(key) == NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "the query names an option that does not exist");
    return mci_settings_set(user, key, value, err);
}

/* memory: or memory:NAME. */
static mc_status parse_memory(mci_settings *s, const char *name, char shown[MCI_TEXT_OPT], mc_error *err)
{
    size_t n = strlen(name);
    if (n >= sizeof s->cache_memory ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
        return mci_fail(err, MC_E_URI, MC_TIER_NONE,
                        "cache.uri: after memory: goes a name of at most %zu letters, digits, '-', '_' and '.', or nothing",
                        sizeof s->cache_memory - 1);
    s->cache_addr = (mci_redis_addr){0};
    s->cache_in_memory = 1;
    memcpy(s->cache_memory, name, n + 1);
    (void)snprintf(shown, MCI_TEXT_OPT, "memory:%s", name);
    return MC_OK;
}

/* The query's options are in their own places afterwards; what is kept to be shown has the address only. */
static mc_status parse_cache_uri(mci_settings *s, const char *value, char shown[MCI_TEXT_OPT], mc_error *err)
{
    mc_error why = {0};
    if (strncmp(value, "memory:", 7) == 0)
        return parse_memory(s, value + 7, shown, err);
    s->cache_in_memory = 0;
    mc_status st = mci_redis_uri_parse(value, &s->cache_addr, set_from_query, s, &why);
    if (st != MC_OK)
        return mci_fail(err, st, MC_TIER_NONE, "cache.uri: %s", why.text);
    int n = (int)strcspn(value, "?");
    int in_query = strstr(value + n, "?db=") != NULL || strstr(value + n, "&db=") != NULL;
    if (in_query)
        (void)snprintf(shown, MCI_TEXT_OPT, "%.*s?db=%d", n, value, s->cache_addr.db);
    else
        (void)snprintf(shown, MCI_TEXT_OPT, "%.*s", n, value);
    return MC_OK;
}

static mc_status parse_store_uri(mci_settings *s, const char *value, char shown[MCI_TEXT_OPT], mc_error *err)
{
    mc_status st = mci_store_uri_parse(value, &s->store_addr, err);
    if (st == MC_OK)
        (void)snprintf(shown, MCI_TEXT_OPT, "%s", value);
    return st;
}

static mc_status check_key(const mci_option *opt, const char *value, mc_error *err)
{
    if (*value == '\0' || (strlen(value) == 32 && strspn(value, "0123456789abcdefABCDEF") == 32))
        return MC_OK;
    return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                    "%s: it must have 32 hexadecimal digits (openssl rand -hex 16); this one has %zu bytes", opt->info.key,
                    strlen(value));
}

static mc_status check_nat_map(const mci_option *opt, const char *value, mc_error *err)
{
    const char *why = mci_nat_check(value);
    return why == NULL ? MC_OK : mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: %s", opt->info.key, why);
}

#define AT(field) offsetof(mci_settings, field)
#define TEXT(key, env, field, def, max, range, check, help)                                                                 \
    {                                                                                                                       \
        {key, "text", def, range, help, env, 0, 0}, MCI_OPT_TEXT, AT(field), max, 0, 0, check, NULL                         \
    }
#define SECRET(key, env, field, max, range, check, help)                                                                    \
    {                                                                                                                       \
        {key, "text", "", range, help, env, 1, 0}, MCI_OPT_TEXT, AT(field), max, 0, 0, check, NULL                          \
    }
#define URI(key, env, field, def, parse, help)                                                                              \
    {                                                                                                                       \
        {key, "uri", def, "at most 1023 bytes", help, env, 0, 0}, MCI_OPT_URI, AT(field), MCI_TEXT_OPT - 1, 0, 0, NULL,     \
            parse                                                                                                           \
    }
#define INT(key, env, field, def, lo, hi, help)                                                                             \
    {                                                                                                                       \
        {key, "int", #def, #lo " to " #hi, help, env, 0, 0}, MCI_OPT_INT, AT(field), 0, lo, hi, NULL, NULL                  \
    }
#define BOOL(key, env, field, def, help)                                                                                    \
    {                                                                                                                       \
        {key, "bool", def, "true or false", help, env, 0, 0}, MCI_OPT_BOOL, AT(field), 0, 0, 1, NULL, NULL                  \
    }
/* The range is the list of choices, separated by '|'; the value is the index in it. */
#define CHOICE(key, env, field, def, choices, help)                                                                         \
    {                                                                                                                       \
        {key, "choice", def, choices, help, env, 0, 0}, MCI_OPT_CHOICE, AT(field), 0, 0, 0, NULL, NULL                      \
    }

_Static_assert(MCI_ID_OBJECTID == 0 && MCI_ID_STRING == 1 && MCI_ID_AUTO == 2, "order of objectid|string|auto");
_Static_assert(MCI_TIERS_REDIS_SNAPSHOT_STORE == 0 && MCI_TIERS_REDIS_STORE == 2 && MCI_TIERS_STORE == 5,
               "order of read.tiers");
_Static_assert(MCI_SNAPSHOT_CHECKED == 0 && MCI_SNAPSHOT_PLAIN == 1, "order of checked|plain");
_Static_assert(MCI_FILL_ALWAYS == 0 && MCI_FILL_IF_CACHED == 1, "order of always|if_cached");
_Static_assert(MCI_WRITE_SAFE == 0 && MCI_WRITE_FAST == 1 && MCI_WRITE_STRICT == 2, "order of safe|fast|strict");

static const mci_option table[] = {
    URI("cache.uri", "MFLIXCACHE_CACHE_URI", cache_uri, "redis://127.0.0.1:6379/0", parse_cache_uri,
        "Where the cache is. memory: is a cache in this process, of the handle alone; memory:NAME is shared by all handles "
        "of the "
        "process that name it; no server is needed. Or Redis: redis://[user:password@]host[:port][/db], or "
        "unix://[user:password@]/path[?db=n]; the primary that Sentinels name: "
        "redis+sentinel://[user:password@]host:port,host:port/service[/db]; a cluster: "
        "redis+cluster://[user:password@]host:port,host:port. With rediss in the place of redis all of it is encrypted "
        "(TLS). A query sets "
        "other cache "
        "options, such as ?timeout_ms=50&prefix=x:."),
    TEXT("cache.user", "MFLIXCACHE_CACHE_USER", cache_user, "", 255, "at most 255 bytes", NULL,
         "User for Redis' ACL; wins over the one in the URI."),
    SECRET("cache.password", "MFLIXCACHE_CACHE_PASSWORD", cache_password, 511, "at most 511 bytes", NULL,
           "Password for Redis; wins over the one in the URI."),
    SECRET("cache.key", "MFLIXCACHE_CACHE_KEY", cache_key, 32, "32 hexadecimal digits, or empty", check_key,
           "Key for the sums of cached values: what others write into Redis without it is a miss. All processes of one "
           "prefix need the same."),
    SECRET("cache.key_old", "MFLIXCACHE_CACHE_KEY_OLD", cache_key_old, 32, "32 hexadecimal digits, or empty", check_key,
           "A second key whose values are accepted too, while the key is being changed; needs cache.key."),
    TEXT("cache.prefix", "MFLIXCACHE_CACHE_PREFIX", cache_prefix, "mflix:", 48,
         "at most 48 bytes, printable ASCII without blanks and { } * ? [ ] \\ ^", check_prefix,
         "What every key in Redis begins with; may be empty."),
    TEXT("cache.tls_ca_file", "MFLIXCACHE_CACHE_TLS_CA_FILE", cache_tls_ca_file, "", 1000, "at most 1000 bytes", NULL,
         "rediss://: file with the certificates (PEM) of the authorities that Redis' certificate may come from. Neither it "
         "nor "
         "cache.tls_ca_path: the system's."),
    TEXT("cache.tls_ca_path", "MFLIXCACHE_CACHE_TLS_CA_PATH", cache_tls_ca_path, "", 1000, "at most 1000 bytes", NULL,
         "rediss://: folder with such certificates, named by their hashes (openssl rehash)."),
    TEXT("cache.tls_cert_file", "MFLIXCACHE_CACHE_TLS_CERT_FILE", cache_tls_cert_file, "", 1000, "at most 1000 bytes", NULL,
         "rediss://: file with the client's own certificate (PEM) and what leads from it to its authority, where Redis asks "
         "for one."),
    TEXT("cache.tls_key_file", "MFLIXCACHE_CACHE_TLS_KEY_FILE", cache_tls_key_file, "", 1000, "at most 1000 bytes", NULL,
         "rediss://: file with the private key (PEM) of cache.tls_cert_file; it may be the same file."),
    TEXT("cache.tls_key_password_file", "MFLIXCACHE_CACHE_TLS_KEY_PASSWORD_FILE", cache_tls_key_password_file, "", 1000,
         "at most 1000 bytes", NULL,
         "rediss://: file whose first line is the password of that key. A program can give it by "
         "mc_options_set_key_password() instead."),
    TEXT("cache.tls_server_name", "MFLIXCACHE_CACHE_TLS_SERVER_NAME", cache_tls_server_name, "", 255, "at most 255 bytes",
         NULL,
         "rediss://: name or address that Redis' certificate must have, in place of the URI's host: for a tunnel, or an "
         "address "
         "that the certificate does not name."),
    BOOL("cache.tls_insecure_skip_verification", "MFLIXCACHE_CACHE_TLS_INSECURE_SKIP_VERIFICATION",
         cache_tls_insecure_skip_verification, "false",
         "rediss://: DANGEROUS: take any certificate, so whoever is in between reads and changes everything, the password "
         "too. Each connection is a warning in the log."),
    INT("cache.connect_timeout_ms", "MFLIXCACHE_CACHE_CONNECT_TIMEOUT_MS", cache_connect_timeout_ms, 250, 1, 60000,
        "Longest time to open a connection to Redis."),
    INT("cache.timeout_ms", "MFLIXCACHE_CACHE_TIMEOUT_MS", cache_timeout_ms, 500, 1, 60000,
        "Longest time for one exchange with Redis; after it the connection is closed."),
    INT("cache.connections", "MFLIXCACHE_CACHE_CONNECTIONS", cache_connections, 4, 1, 16,
        "Most connections to Redis. All threads share them; more than one are opened when threads call at the same time."),
    INT("cache.spin_us", "MFLIXCACHE_CACHE_SPIN_US", cache_spin_us, 0, 0, 1000,
        "A call that is alone in the process polls for its reply for so many microseconds before it sleeps: faster, at the "
        "price of a busy processor. 0: never."),
    INT("cache.topology_check_ms", "MFLIXCACHE_CACHE_TOPOLOGY_CHECK_MS", cache_topology_check_ms, 1000, 10, 60000,
        "How old may be what is known of the servers: which is the primary (Sentinel), and in which life it is (its "
        "replication id). "
        "It is asked for twice as often. An answer of a server of which that is not known is not believed."),
    CHOICE("cache.lineage", "MFLIXCACHE_CACHE_LINEAGE", cache_lineage, "distrust", "distrust|trust",
           "Values that a server had in an earlier life (before a restart from a dump, before a failover): distrust: they "
           "are misses, since writes may be "
           "missing from them; trust: they are hits, as old as their TTL allows."),
    TEXT("cache.sentinel_user", "MFLIXCACHE_CACHE_SENTINEL_USER", cache_sentinel_user, "", 255, "at most 255 bytes", NULL,
         "User for the Sentinels' own ACL."),
    SECRET("cache.sentinel_password", "MFLIXCACHE_CACHE_SENTINEL_PASSWORD", cache_sentinel_password, 511,
           "at most 511 bytes", NULL, "Password for the Sentinels themselves; the one in the URI is for the servers."),
    TEXT("cache.nat_map", "MFLIXCACHE_CACHE_NAT_MAP", cache_nat_map, "", 511,
         "announced-host:port=host:port, more of them after commas", check_nat_map,
         "Where the nodes of a cluster, or the primary that Sentinels name, are reached, when that is not the address they "
         "announce."),
    INT("cache.backoff_min_ms", "MFLIXCACHE_CACHE_BACKOFF_MIN_MS", cache_backoff_min_ms, 10, 1, 60000,
        "First pause before Redis is tried again; doubles each time, shortened at random."),
    INT("cache.backoff_max_ms", "MFLIXCACHE_CACHE_BACKOFF_MAX_MS", cache_backoff_max_ms, 2000, 1, 600000,
        "Longest pause before Redis is tried again; not below cache.backoff_min_ms."),
    INT("cache.breaker_failures", "MFLIXCACHE_CACHE_BREAKER_FAILURES", cache_breaker_failures, 5, 1, 1000,
        "Failed exchanges in a row after which Redis is left alone for a pause."),

    INT("cache.max_bytes", "MFLIXCACHE_CACHE_MAX_BYTES", cache_max_bytes, 67108864, 65536, 1099511627776,
        "Most memory that a cache in memory (cache.uri = memory:) takes; above it the least recently used values go. Of "
        "handles that share one by name, the first one's counts. Redis "
        "has its own "
        "maxmemory."),

    URI("store.uri", "MFLIXCACHE_STORE_URI", store_uri, "sqlite::memory:", parse_store_uri,
        "The database: mongodb://, mongodb+srv:// (the query is the driver's), sqlite:FILE (the file's name, taken "
        "literally: "
        "no query, "
        "no escapes) or sqlite::memory:."),
    TEXT("store.database", "MFLIXCACHE_STORE_DATABASE", store_database, "sample_mflix", 63, "1 to 63 bytes", check_database,
         "Database in MongoDB when the URI names none."),
    TEXT("store.identity", "MFLIXCACHE_STORE_IDENTITY", store_identity, "", 255, "at most 255 bytes", NULL,
         "Name of the database beside its values in Redis, so that no other is mixed up with it. Empty: made of its "
         "address. To be "
         "given when one database has several addresses. \"*\": not compared."),
    BOOL("store.adopt", "MFLIXCACHE_STORE_ADOPT", store_adopt, "false",
         "true: mc_open() drops what Redis holds of another database, and takes the prefix over."),
    INT("store.timeout_ms", "MFLIXCACHE_STORE_TIMEOUT_MS", store_timeout_ms, 4000, 1, 300000,
        "Longest time for one operation of the database; below half of write.quarantine_ms."),
    INT("store.pool_max", "MFLIXCACHE_STORE_POOL_MAX", store_pool_max, 32, 1, 1024,
        "Most connections to the database at a time."),
    INT("store.backoff_min_ms", "MFLIXCACHE_STORE_BACKOFF_MIN_MS", store_backoff_min_ms, 50, 1, 60000,
        "First pause before a database that is away is tried again; doubles each time, shortened at random."),
    INT("store.backoff_max_ms", "MFLIXCACHE_STORE_BACKOFF_MAX_MS", store_backoff_max_ms, 2000, 1, 600000,
        "Longest pause before the database is tried again; not below store.backoff_min_ms."),
    INT("store.breaker_failures", "MFLIXCACHE_STORE_BREAKER_FAILURES", store_breaker_failures, 5, 1, 1000,
        "Time-outs or broken connections in a row after which the database is left alone for a pause."),
    BOOL("store.init_driver", "MFLIXCACHE_STORE_INIT_DRIVER", store_init_driver, "true",
         "Call mongoc_init(); false when the program does so itself."),

    INT("movies.ttl_ms", "MFLIXCACHE_MOVIES_TTL_MS", collections[MCI_MOVIES].ttl_ms, 200000, 1, 31536000000,
        "How long a movie stays in Redis."),
    INT("theaters.ttl_ms", "MFLIXCACHE_THEATERS_TTL_MS", collections[MCI_THEATERS].ttl_ms, 3600000, 1, 31536000000,
        "How long a theater stays in Redis (the set of all of them: board.ttl_ms)."),
    INT("negative.ttl_ms", "MFLIXCACHE_NEGATIVE_TTL_MS", negative_ttl_ms, 5000, 0, 86400000,
        "How long Redis remembers that an id is not in the database; 0: not at all."),
    INT("ttl.jitter_pct", "MFLIXCACHE_TTL_JITTER_PCT", ttl_jitter_pct, 10, 0, 50,
        "Each time to live is changed at random by up to so many percent, so that values do not end together."),
    INT("alias.ttl_ms", "MFLIXCACHE_ALIAS_TTL_MS", alias_ttl_ms, 200000, 1, 31536000000,
        "How long the id that belongs to a title stays in Redis."),
    INT("board.ttl_ms", "MFLIXCACHE_BOARD_TTL_MS", board_ttl_ms, 3600000, 1, 31536000000,
        "How long the list of all ratings stays in Redis before it is built again."),
    INT("kv.ttl_ms", "MFLIXCACHE_KV_TTL_MS", kv_ttl_ms, 86400000, 1, 31536000000,
        "How long keys of mc_put() stay when the call says 0."),
    INT("value.max_bytes", "MFLIXCACHE_VALUE_MAX_BYTES", value_max_bytes, 1048576, 1024, 536870912,
        "Documents with more bytes of JSON are not put into Redis."),
    BOOL("values.raw_keys", "MFLIXCACHE_VALUES_RAW_KEYS", values_raw_keys, "false",
         "true: keys of mc_put() and mc_get_or_load() are in Redis to the letter, without cache.prefix, shared with clients "
         "in "
         "any language: what another client wrote is the newest value, for as long as its own TTL says. Not together with "
         "cache.key."),
    TEXT("snapshot.path", "MFLIXCACHE_SNAPSHOT_PATH", snapshot_path, "", 1000, "at most 1000 bytes", NULL,
         "The snapshot file that answers mc_get_or_load() when other tiers cannot; empty: none."),
    CHOICE(
        "snapshot.format", "MFLIXCACHE_SNAPSHOT_FORMAT", snapshot_format, "checked", "checked|plain",
        "checked: one file with a sum over all of it, and any bytes as values. plain: one JSON object {key: value} that any "
        "language reads in one line, its sum in a file beside it; checked files are read as well."),
    BOOL("snapshot.fill", "MFLIXCACHE_SNAPSHOT_FILL", snapshot_fill, "false",
         "true: an answer from the snapshot is put into Redis for snapshot.fill_ttl_ms, marked as stale there, unless "
         "something "
         "stands there or is being loaded."),
    INT("snapshot.fill_ttl_ms", "MFLIXCACHE_SNAPSHOT_FILL_TTL_MS", snapshot_fill_ttl_ms, 5000, 1, 31536000000,
        "How long an answer from the snapshot stays in Redis."),
    INT("snapshot.max_bytes", "MFLIXCACHE_SNAPSHOT_MAX_BYTES", snapshot_max_bytes, 67108864, 1024, 1073741824,
        "A snapshot file above this is neither read nor written."),
    INT("snapshot.max_age_ms", "MFLIXCACHE_SNAPSHOT_MAX_AGE_MS", snapshot_max_age_ms, 0, 0, 31536000000,
        "A snapshot older than this does not answer; 0: any age does."),
    CHOICE("movies.id", "MFLIXCACHE_MOVIES_ID", collections[MCI_MOVIES].id_kind, "objectid", "objectid|string|auto",
           "What a movie's id is; auto: 24 hexadecimal digits are an ObjectId, anything else a text."),
    CHOICE("theaters.id", "MFLIXCACHE_THEATERS_ID", collections[MCI_THEATERS].id_kind, "objectid", "objectid|string|auto",
           "What a theater's id is; as movies.id."),
    BOOL("movies.plain_fields", "MFLIXCACHE_MOVIES_PLAIN_FIELDS", collections[MCI_MOVIES].plain_fields, "false",
         "Also put a movie's fields into its hash as text, for other clients to read. What they change there is ignored."),
    BOOL("theaters.plain_fields", "MFLIXCACHE_THEATERS_PLAIN_FIELDS", collections[MCI_THEATERS].plain_fields, "false",
         "The same for a theater's fields."),

    INT("call.timeout_ms", "MFLIXCACHE_CALL_TIMEOUT_MS", call_timeout_ms, 5000, 1, 600000,
        "Longest time for one call of this library, all tiers together."),
    CHOICE("write.mode", "MFLIXCACHE_WRITE_MODE", write_mode, "safe", "safe|fast|strict",
           "safe: readers never see an old value after a write; fast: one exchange less, old values for at most their time "
           "to live; "
           "strict: as safe, and a write is refused while Redis is away."),
    CHOICE("write.fill", "MFLIXCACHE_WRITE_FILL", write_fill, "always", "always|if_cached",
           "always: a write puts the new document into Redis; if_cached: only when one was there, so that writes to what "
           "nobody reads take no memory. MC_FLAG_FILLED in the answer says which happened. With write.mode = fast a write "
           "never fills."),
    INT("write.wait_replicas", "MFLIXCACHE_WRITE_WAIT_REPLICAS", write_wait_replicas, 0, 0, 16,
        "A write goes on when so many replicas of Redis know of it (WAIT), within half of cache.timeout_ms: what a failover "
        "could lose of it is known then to the next primary. Exact only when it is the "
        "number of all replicas. When there are too few, write.mode=strict refuses the write; the other modes go on."),
    INT("write.quarantine_ms", "MFLIXCACHE_WRITE_QUARANTINE_MS", write_quarantine_ms, 10000, 100, 600000,
        "How long a write that never ended keeps its id out of Redis."),
    INT("write.suspect_ms", "MFLIXCACHE_WRITE_SUSPECT_MS", write_suspect_ms, 60000, 100, 3600000,
        "How long a write whose outcome is not known keeps its id out of Redis: it may still land. At least "
        "write.quarantine_ms "
        "is taken."),
    CHOICE("read.tiers", "MFLIXCACHE_READ_TIERS", read_tiers, "redis,snapshot,store",
           "redis,snapshot,store|redis,store,snapshot|redis,store|snapshot,store|store,snapshot|store",
           "Who is asked for an answer, in this order. Documents, top lists and places know redis and store only; the "
           "snapshot is "
           "for mc_get_or_load(). Without redis every read goes to the store; writes keep Redis coherent all the same."),
    INT("read.max_age_ms", "MFLIXCACHE_READ_MAX_AGE_MS", read_max_age_ms, -1, -1, 31536000000,
        "Greatest age an answer from the cache may have: an older document or value is read from the store, and cached "
        "anew. 0: "
        "everything is read from the store; -1: any age that its TTL allows."),
    INT("read.lease_ms", "MFLIXCACHE_READ_LEASE_MS", read_lease_ms, 3000, 10, 60000,
        "How long one reader has the sole right to put a missing value into Redis, at least: a load that may take longer "
        "keeps it "
        "longer."),
    INT("recovery.max", "MFLIXCACHE_RECOVERY_MAX", recovery_max, 10000, 0, 1000000,
        "Most ids remembered to be dropped when Redis is back."),
};

const mci_option *mci_option_table(size_t *n)
{
    *n = sizeof table / sizeof table[0];
    return table;
}

const mci_option *mci_option_find(const char *key)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].info.key, key) == 0)
            return &table[i];
    return NULL;
}

mc_status mc_option_at(size_t index, mc_option_info *out)
{
    if (out == NULL)
        return MC_E_ARG;
    memset(out, 0, sizeof *out);
    if (index >= sizeof table / sizeof table[0])
        return MC_NOT_FOUND;
    *out = table[index].info;
    return MC_OK;
}
