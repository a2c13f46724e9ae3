/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: joining settings, cache and store into one engine, and taking it apart. Refuses: knowing any collection. */
#include "engine/open.h"

#include "base/syncpoint.h"
#include "base/wipe.h"
#include "cache/memory/memory_cache.h"
#include "cache/redis/redis_cache.h"
#include "engine/identity.h"
#include "engine/refused.h"

#include <stdlib.h>
#include <string.h>

const mci_store_env mci_engine_store_env = {.decode = mci_json_decode, .patch = mci_json_apply};

static mc_status take_text(const char *key, const char *from, char *to, size_t size, mc_error *err)
{
    size_t n = strlen(from);
    if (n >= size)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: at most %zu bytes", key, size - 1);
    if (n > 0)
        memcpy(to, from, n + 1);
    return MC_OK;
}

static mc_status take_keys(const mci_settings *s, mci_macs *macs, mc_error *err)
{
    const char *const digits[] = {s->cache_key, s->cache_key_old};
    if (digits[0][0] != '\0' && s->values_raw_keys)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                        "values.raw_keys and cache.key exclude each other: what other clients write has no keyed sum");
    if (digits[0][0] == '\0' && digits[1][0] != '\0')
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "cache.key_old is set and cache.key is not: new values need a key");
    for (size_t i = 0; i < 2 && digits[i][0] != '\0'; i++)
        if (mci_mac_init(&macs->mac[macs->n++], digits[i], s->cache_prefix) != 0)
            return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "cache.key and cache.key_old must have 32 hexadecimal digits");
    return MC_OK;
}

static mc_status take_settings(const mci_settings *s, mci_redis_cache_options *out, mc_error *err)
{
    out->servers.redis.connect_timeout_ms = s->cache_connect_timeout_ms;
    out->servers.redis.timeout_ms = s->cache_timeout_ms;
    out->servers.redis.connections = s->cache_connections;
    out->servers.redis.spin_us = s->cache_spin_us;
    out->servers.redis.backoff_min_ms = s->cache_backoff_min_ms;
    out->servers.redis.backoff_max_ms = s->cache_backoff_max_ms;
    out->servers.redis.breaker_failures = s->cache_breaker_failures;
    out->servers.redis.term_ms = s->cache_lineage == MCI_LINEAGE_DISTRUST ? s->cache_topology_check_ms : 0;
    out->servers.check_ms = s->cache_topology_check_ms;
    out->distrust = s->cache_lineage == MCI_LINEAGE_DISTRUST;
    out->prefix = s->cache_prefix;
    out->value_max_bytes = s->value_max_bytes;
    out->raw_strings = s->values_raw_keys != 0;
    out->quarantine_ms = s->write_quarantine_ms;
    out->tls = (mci_tls_options){.ca_file = s->cache_tls_ca_file,
                                 .ca_path = s->cache_tls_ca_path,
                                 .cert_file = s->cache_tls_cert_file,
                                 .key_file = s->cache_tls_key_file,
                                 .key_password_file = s->cache_tls_key_password_file,
                                 .server_name = s->cache_tls_server_name,
                                 .key_password = s->cache_tls_key_password,
                                 .key_password_user = s->cache_tls_key_password_user,
                                 .insecure = s->cache_tls_insecure_skip_verification != 0};
    mci_redis_addr *addr = &out->servers.redis.addr;
    *addr = s->cache_addr;
    mc_status st = take_text("cache.user", s->cache_user, addr->user, sizeof addr->user, err);
    if (st == MC_OK)
        st = take_text("cache.password", s->cache_password, addr->password, sizeof addr->password, err);
    if (st == MC_OK)
        st = take_text("cache.sentinel_user", s->cache_sentinel_user, out->servers.sentinel_user,
                       sizeof out->servers.sentinel_user, err);
    if (st == MC_OK)
        st = take_text("cache.sentinel_password", s->cache_sentinel_password, out->servers.sentinel_password,
                       sizeof out->servers.sentinel_password, err);
    if (st == MC_OK)
        st = take_text("cache.nat_map", s->cache_nat_map, out->servers.nat_map, sizeof out->servers.nat_map, err);
    return st == MC_OK ? take_keys(s, &out->macs, err) : st;
}

/* Told by any thread, about a load that some call made before. */
static void filled(void *ctx, const mci_family *family, const char *id, int stored, int full)
{
    mci_engine *e = ctx;
    for (size_t i = 0; i < e->ncolls && !stored && MCI_SAFEGUARD(MCI_SAFEGUARD_SEEN); i++)
        if (family ==
            &e->colls[i].docs) /* it was handed out, and Redis may show an older one: reads do not go back in time */
            mci_seen_note(&e->seen, i, 0, id, mci_now_ns());
    mc_info nobody = {0};
    const mci_op_commit k = {.stored = stored, .full = full};
    mci_count(e->metrics, stored ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
    mci_refused_commit(e, &nobody, &k);
}

static mc_status open_memory(mci_engine *e, mc_error *err)
{
    const mci_settings *s = &e->set;
    const mci_memory_cache_options opt = {.name = s->cache_memory,
                                          .prefix = s->cache_prefix,
                                          .max_bytes = s->cache_max_bytes,
                                          .value_max_bytes = s->value_max_bytes,
                                          .quarantine_ms = s->write_quarantine_ms};
    mci_gauge_set(e->metrics, MCI_C_REDIS_UP, 1); /* what stands in its place cannot be away */
    return mci_memory_cache_open(&opt, &e->rnd, &e->cache, err);
}

static mc_status open_cache(mci_engine *e, mc_error *err)
{
    if (e->set.cache_in_memory)
        return open_memory(e, err);
    mci_redis_cache_options opt = {0};
    opt.filled = filled;
    opt.filled_ctx = e;
    mc_status st = take_settings(&e->set, &opt, err);
    if (st == MC_OK)
        st = mci_redis_cache_open(&opt, &e->rnd, e->metrics, e->log, &e->cache, err);
    mci_wipe(&opt, sizeof opt);
    return st;
}

/* Passwords and keys are in the settings, which live as long as the engine. */
static void wipe_and_free(mci_engine *e)
{
    mci_snapshot_free(e->snapshot);
    mci_metrics_free(e->metrics);
    mci_wipe(e, sizeof *e);
    free(e);
}

static mc_status no_memory(mc_error *err)
{
    return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a client");
}

/* What an engine has of its own, before cache and store. */
static mci_engine *new_engine(const mci_settings *set, mci_log *log)
{
    mci_engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->set = *set;
    e->log = log;
    e->tiers = mci_tiers_of((mci_read_tiers)set->read_tiers);
    e->metrics = mci_metrics_new();
    e->snapshot = mci_snapshot_new(e->set.snapshot_path, set->snapshot_max_bytes);
    if (e->snapshot != NULL && set->snapshot_format == MCI_SNAPSHOT_PLAIN)
        mci_snapshot_set_plain(e->snapshot);
    if (e->metrics == NULL || e->snapshot == NULL || mci_random_init(&e->rnd) != 0 || mci_flights_init(&e->flights) != 0) {
        wipe_and_free(e);
        return NULL;
    }
    if (mci_recovery_init(&e->recovery, (size_t)set->recovery_max) != 0) {
        mci_flights_destroy(&e->flights);
        wipe_and_free(e);
        return NULL;
    }
    atomic_init(&e->verified_epoch, -1);
    return e;
}

static void take_store(mci_engine *e, mci_store *store)
{
    e->store = store;
    if (store != NULL && store->gate != NULL)
        mci_store_gate_bind(store->gate, e->set.store_backoff_min_ms, e->set.store_backoff_max_ms,
                            e->set.store_breaker_failures, e->metrics, e->log);
    mci_gauge_set(e->metrics, MCI_C_STORE_UP, 1);
    mci_identity_init(e);
}

mc_status mci_engine_open(const mci_settings *set, mci_store *store, mci_log *log, mci_engine **out, mc_error *err)
{
    *out = NULL;
    mci_engine *e = new_engine(set, log);
    if (e == NULL)
        return no_memory(err);
    mc_status st = open_cache(e, err);
    if (st != MC_OK) {
        mci_recovery_destroy(&e->recovery);
        mci_flights_destroy(&e->flights);
        wipe_and_free(e);
        return st;
    }
    take_store(e, store);
    *out = e;
    return MC_OK;
}

mc_status mci_engine_open_on(const mci_settings *set, mci_cache *cache, mci_store *store, mci_log *log, mci_engine **out,
                             mc_error *err)
{
    *out = new_engine(set, log);
    if (*out == NULL)
        return no_memory(err);
    (*out)->cache = cache;
    take_store(*out, store);
    return MC_OK;
}

void mci_engine_close(mci_engine *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->ncolls; i++)
        mci_coll_free(&e->colls[i]);
    e->cache->ops->close(e->cache);
    if (e->store != NULL)
        e->store->ops->close(e->store);
    mci_recovery_destroy(&e->recovery);
    mci_flights_destroy(&e->flights);
    wipe_and_free(e);
}

mc_status mci_engine_add(mci_engine *e, const mci_spec *spec, int64_t ttl_ms, mci_coll **out, mc_error *err)
{
    if (e->ncolls == MCI_MAX_COLLS || spec->nfields > MCI_MAX_FIELDS)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "at most %d collections of %d fields", MCI_MAX_COLLS, MCI_MAX_FIELDS);
    mci_coll *c = &e->colls[e->ncolls++]; /* closing the engine frees what was made of it */
    if (mci_coll_init(c, spec, ttl_ms, e->cache) != 0)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a collection");
    *out = c;
    return MC_OK;
}
