/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: joining settings, Redis and store into one engine, and the names of all keys. Refuses: knowing any collection. */
#include "engine/engine.h"

#include "base/syncpoint.h"
#include "base/wipe.h"
#include "engine/health.h"
#include "engine/identity.h"

#include <stdio.h>
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

static mc_status take_settings(mci_engine *e, mci_redis_options *out, mc_error *err)
{
    const mci_settings *s = &e->set;
    out->connect_timeout_ms = s->cache_connect_timeout_ms;
    out->timeout_ms = s->cache_timeout_ms;
    out->pool_max = s->cache_pool_max;
    out->backoff_min_ms = s->cache_backoff_min_ms;
    out->backoff_max_ms = s->cache_backoff_max_ms;
    out->breaker_failures = s->cache_breaker_failures;
    mc_status st = take_text("cache.user", s->cache_user, out->addr.user, sizeof out->addr.user, err);
    return st != MC_OK ? st
                       : take_text("cache.password", s->cache_password, out->addr.password, sizeof out->addr.password, err);
}

static mc_status take_keys(mci_engine *e, mc_error *err)
{
    const char *const digits[] = {e->set.cache_key, e->set.cache_key_old};
    if (digits[0][0] == '\0' && digits[1][0] != '\0')
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "cache.key_old is set and cache.key is not: new values need a key");
    for (size_t i = 0; i < 2 && digits[i][0] != '\0'; i++)
        if (mci_mac_init(&e->macs.mac[e->macs.n++], digits[i], e->set.cache_prefix) != 0)
            return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "cache.key and cache.key_old must have 32 hexadecimal digits");
    return MC_OK;
}

/* Passwords and keys are in the settings, which live as long as the engine. */
static void wipe_and_free(mci_engine *e)
{
    mci_wipe(e, sizeof *e);
    free(e);
}

mc_status mci_engine_open(const mci_settings *set, mci_store *store, mci_log *log, mci_engine **out, mc_error *err)
{
    *out = NULL;
    mci_engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a client");
    e->set = *set;
    e->log = log;
    mci_redis_options opt = {0};
    mc_status st = mci_redis_uri_parse(set->cache_uri, &opt.addr, err);
    if (st == MC_OK)
        st = take_settings(e, &opt, err);
    if (st == MC_OK)
        st = take_keys(e, err);
    if (st == MC_OK) {
        e->metrics = mci_metrics_new();
        e->snapshot = mci_snapshot_new(e->set.snapshot_path, set->snapshot_max_bytes);
        if (e->metrics == NULL || e->snapshot == NULL || mci_random_init(&e->rnd) != 0 ||
            mci_flights_init(&e->flights) != 0 || mci_recovery_init(&e->recovery, (size_t)set->recovery_max) != 0)
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a client");
    }
    if (st == MC_OK)
        st = mci_redis_open(&opt, &e->rnd, e->metrics, log, &e->redis, err);
    mci_redis_addr_wipe(&opt.addr);
    if (st != MC_OK) {
        mci_snapshot_free(e->snapshot);
        mci_metrics_free(e->metrics);
        wipe_and_free(e);
        return st;
    }
    (void)snprintf(e->epoch_key, sizeof e->epoch_key, "mfc:epoch:%s", set->cache_prefix);
    (void)snprintf(e->probe_key, sizeof e->probe_key, "mfc:l:%sprobe", set->cache_prefix);
    (void)snprintf(e->identity_key, sizeof e->identity_key, "mfc:db:%s", set->cache_prefix);
    (void)snprintf(e->kv_keys.value, sizeof e->kv_keys.value, "%skv:{", set->cache_prefix);
    (void)snprintf(e->kv_keys.stamp, sizeof e->kv_keys.stamp, "mfc:v:%skv:{", set->cache_prefix);
    (void)snprintf(e->kv_keys.lease, sizeof e->kv_keys.lease, "mfc:l:%skv:{", set->cache_prefix);
    e->store = store;
    atomic_init(&e->verified_epoch, -1);
    if (store->gate != NULL)
        mci_store_gate_bind(store->gate, set->store_backoff_min_ms, set->store_backoff_max_ms, set->store_breaker_failures,
                            e->metrics, log);
    mci_set(e->metrics, MCI_C_STORE_UP, 1);
    mci_identity_init(e);
    *out = e;
    return MC_OK;
}

static void memory_free(mci_memory *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->ids[i]);
    free(m->ids);
    mci_mutex_destroy(&m->lock);
}

void mci_engine_close(mci_engine *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->ncolls; i++) {
        memory_free(&e->colls[i].top_memory);
        memory_free(&e->colls[i].views_memory);
        for (int want = 0; want < 4; want++)
            mci_buf_free(&e->colls[i].field_args[want]);
    }
    mci_redis_close(e->redis);
    if (e->store != NULL)
        e->store->ops->close(e->store);
    mci_recovery_destroy(&e->recovery);
    mci_flights_destroy(&e->flights);
    mci_snapshot_free(e->snapshot);
    mci_metrics_free(e->metrics);
    wipe_and_free(e);
}

static void name_keys(mci_keys *k, const char *prefix, const char *key)
{
    (void)snprintf(k->value, sizeof k->value, "%s%s:{", prefix, key);
    (void)snprintf(k->quarantine, sizeof k->quarantine, "mfc:q:%s%s:{", prefix, key);
    (void)snprintf(k->lease, sizeof k->lease, "mfc:l:%s%s:{", prefix, key);
    (void)snprintf(k->solo, sizeof k->solo, "mfc:s:%s%s:{", prefix, key);
}

static void name_derived(mci_derived *d, int geo)
{
    char name[sizeof d->name];
    memcpy(name, d->name, sizeof name);
    (void)snprintf(d->lock, sizeof d->lock, "mfc:b:%.180s", name);
    (void)snprintf(d->changes, sizeof d->changes, "mfc:d:%.180s", name);
    (void)snprintf(d->temp, sizeof d->temp, "mfc:t:%.180s", name);
    d->geo = geo;
}

static int encode_fields(mci_coll *c)
{
    for (int want = MCI_WANT_FIELDS; want <= MCI_WANT_BOTH; want++) {
        mci_buf *b = &c->field_args[want];
        mci_buf_init(b, (size_t)64 * 1024);
        mci_args_encode(b, MCI_HASH_ENVELOPE);
        c->field_count[want] = 1;
        for (size_t i = 0; want & MCI_WANT_FIELDS && i < c->spec->nfields; i++, c->field_count[want]++)
            mci_args_encode(b, c->spec->fields[i].name);
        if (want & MCI_WANT_DOC) {
            mci_args_encode(b, MCI_HASH_DOC);
            c->field_count[want]++;
        }
        if (b->failed)
            return -1;
    }
    return 0;
}

mc_status mci_engine_add(mci_engine *e, const mci_spec *spec, int64_t ttl_ms, mci_coll **out, mc_error *err)
{
    if (e->ncolls == MCI_MAX_COLLS || spec->nfields > MCI_MAX_FIELDS)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "at most %d collections of %d fields", MCI_MAX_COLLS, MCI_MAX_FIELDS);
    mci_coll *c = &e->colls[e->ncolls];
    c->spec = spec;
    c->ttl_ms = ttl_ms;
    char prefix[sizeof e->set.cache_prefix]; /* a copy: the keys are in the same object */
    memcpy(prefix, e->set.cache_prefix, sizeof prefix);
    name_keys(&c->keys, prefix, spec->key);
    if (spec->alias_field >= 0)
        name_keys(&c->alias_keys, prefix, spec->fields[spec->alias_field].name);
    if (spec->rank_field >= 0) {
        (void)snprintf(c->board.name, sizeof c->board.name, "%sboard:%s:%s", prefix, spec->name,
                       spec->fields[spec->rank_field].name);
        name_derived(&c->board, 0);
    }
    if (spec->lon_field >= 0) {
        (void)snprintf(c->geo.name, sizeof c->geo.name, "%sgeo:%s", prefix, spec->name);
        name_derived(&c->geo, 1);
    }
    if (c->board.name[0] != '\0' || c->geo.name[0] != '\0')
        (void)snprintf(c->dirty, sizeof c->dirty, "mfc:r:%s%s", prefix, spec->name);
    (void)snprintf(c->views, sizeof c->views, "%sboard:views", prefix);
    if (mci_mutex_init(&c->top_memory.lock) != 0)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a collection");
    if (mci_mutex_init(&c->views_memory.lock) != 0) {
        mci_mutex_destroy(&c->top_memory.lock);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a collection");
    }
    e->ncolls++; /* from here on closing the engine frees it */
    if (encode_fields(c) != 0)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a collection");
    *out = c;
    return MC_OK;
}

mc_status mci_call_exec(mci_call *c, mci_batch *b)
{
    int before = b->round_trips;
    mc_status st = mci_redis_exec(c->e->redis, b, c->dl, c->err);
    c->info->redis_round_trips += b->round_trips - before;
    if (st != MC_OK)
        c->info->flags |= MC_FLAG_REDIS_DOWN;
    else
        mci_health_look(c, b);
    return st;
}

mci_deadline mci_store_deadline(const mci_call *c)
{
    return mci_deadline_min(c->dl, mci_deadline_in(c->e->set.store_timeout_ms));
}

mc_status mci_store_done(mci_call *c, int64_t t0_ns, mc_status st)
{
    c->info->store_calls++;
    mci_count(c->e->metrics, MCI_C_STORE_CALLS);
    if (st < 0 && st != MC_E_EXISTS && st != MC_E_CONFLICT)
        mci_count(c->e->metrics, MCI_C_STORE_ERRORS);
    mci_time(c->e->metrics, MCI_H_STORE_CALL, mci_now_ns() - t0_ns);
    return st;
}

int64_t mci_engine_now_ms(const mci_engine *e)
{
    int64_t now = mci_redis_now_ms(e->redis);
    return now != 0 ? now : mci_wall_ms();
}

int64_t mci_engine_clock_at(const mci_engine *e, int64_t redis_ms)
{
    int64_t set = atomic_load_explicit(&e->set_clock_ms, memory_order_relaxed);
    return set != 0 ? set : redis_ms;
}

int64_t mci_engine_clock(const mci_engine *e)
{
    return mci_engine_clock_at(e, mci_engine_now_ms(e));
}

int mci_reads_redis(const mci_engine *e)
{
    return e->set.read_tiers <= MCI_TIERS_REDIS_STORE;
}

int mci_store_outcome(const mci_engine *e, int redis_usable)
{
    if (!mci_reads_redis(e))
        return MC_CACHE_NONE;
    return redis_usable ? MC_CACHE_MISS : MC_CACHE_BYPASS;
}

int64_t mci_engine_age(const mci_engine *e, int64_t written_ms)
{
    int64_t age = mci_engine_clock(e) - written_ms;
    return age < 0 ? 0 : age;
}

#define LEASE_SPARE_MS 1000 /* after the load, until the fill has arrived */

int64_t mci_lease_ms(const mci_engine *e, mci_deadline dl)
{
    int64_t lease = e->set.read_lease_ms;
    if (dl == MCI_NO_DEADLINE || !MCI_CURE(MCI_CURE_LEASE))
        return lease;
    int64_t load = mci_deadline_left_ms(dl) + LEASE_SPARE_MS;
    return load > lease ? load : lease;
}

size_t mci_coll_index(const mci_engine *e, const mci_coll *coll)
{
    return (size_t)(coll - e->colls);
}

void mci_saw_past_redis(const mci_call *c, const mci_coll *coll, int alias, const char *id)
{
    if (MCI_CURE(MCI_CURE_SEEN))
        mci_seen_note(&c->e->seen, mci_coll_index(c->e, coll), alias, id, mci_now_ns());
}

int mci_is_outdated(const mci_call *c, const mci_coll *coll, int alias, const char *id, int64_t written_ms)
{
    if (atomic_load_explicit(&c->e->seen.newest_ns, memory_order_acquire) == 0)
        return 0;
    return mci_seen_newer(&c->e->seen, mci_coll_index(c->e, coll), alias, id, mci_now_ns(),
                          mci_engine_age(c->e, written_ms));
}

int64_t mci_jitter(mci_engine *e, int64_t ttl_ms)
{
    int64_t span = ttl_ms / 100 * e->set.ttl_jitter_pct + ttl_ms % 100 * e->set.ttl_jitter_pct / 100;
    if (span <= 0)
        return ttl_ms;
    int64_t v = ttl_ms - span + (int64_t)mci_random_below(&e->rnd, (uint64_t)(2 * span) + 1);
    return v < 1 ? 1 : v;
}

void mci_arg_id(mci_batch *b, const char *prefix, const char *id)
{
    mci_arg_join(b, prefix, id, strlen(id), "}");
}

void mci_arg_key(mci_batch *b, const mci_engine *e, const char *key)
{
    mci_arg_str(b, key[0] != '\0' ? key : e->epoch_key);
}

mci_slice mci_reply_slice(const mci_reply *r)
{
    return r != NULL && r->type == MCI_REPLY_STRING ? (mci_slice){r->u.str, r->len} : (mci_slice){NULL, 0};
}

mc_status mci_replies_error(const mci_batch *b, const char *what, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < b->n && st == MC_OK; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        if (r == NULL || r->type != MCI_REPLY_ERROR || strncmp(r->u.str, "WRONGTYPE", 9) != 0)
            st = mci_reply_error(r, what, err);
    }
    return st;
}

void mci_name_rejected(mci_buf *out, mci_slice m)
{
    mci_buf_reset(out);
    if (m.p == NULL)
        return;
    if (m.n > MCI_ENVELOPE_MAX) {
        mci_buf_char(out, '!');
        mci_buf_int(out, (int64_t)m.n);
    } else {
        mci_buf_add(out, m.p, m.n);
    }
}

int mci_reply_epoch(const mci_reply *r, int64_t *out)
{
    *out = 0;
    if (r == NULL || r->type == MCI_REPLY_NIL)
        return r == NULL ? -1 : 0;
    return mci_reply_count(r, out);
}

void mci_rows_free(mci_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mci_doc_unref(rows[i].doc);
        free(rows[i].id);
        rows[i] = (mci_row){0};
    }
}
