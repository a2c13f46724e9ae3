/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: a value by key through the tiers in the order of read.tiers: Redis, the snapshot file, the caller's loader. One load for all
 * that ask: under a lease in Redis, or while Redis cannot be used, by key within this process.
 * Refuses: filling Redis without the lease or from the snapshot, and a failed tier hiding what another one has.
 */
#include "engine/kv.h"

#include "base/syncpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_FIRST_MS 1
#define WAIT_LONGEST_MS 20
#define GIVE_BACK_MS 20 /* past the deadline, to return a lease */
#define MAX_ROUNDS 1000 /* somebody keeps writing what cannot be used */
#define MAX_REFUSALS 20

typedef enum tier { T_END = 0, T_REDIS, T_SNAPSHOT, T_STORE } tier;

static const tier orders[][3] = {
    [MCI_TIERS_REDIS_SNAPSHOT_STORE] = {T_REDIS, T_SNAPSHOT, T_STORE},
    [MCI_TIERS_REDIS_STORE_SNAPSHOT] = {T_REDIS, T_STORE, T_SNAPSHOT},
    [MCI_TIERS_REDIS_STORE] = {T_REDIS, T_STORE, T_END},
    [MCI_TIERS_SNAPSHOT_STORE] = {T_SNAPSHOT, T_STORE, T_END},
    [MCI_TIERS_STORE_SNAPSHOT] = {T_STORE, T_SNAPSHOT, T_END},
    [MCI_TIERS_STORE] = {T_STORE, T_END, T_END},
};

typedef struct fetch {
    mci_call c; /* of this key: its own record of how the answer came about */
    const char *key;
    int64_t ttl_ms;
    const mci_loader *loader;
    int settled; /* some tier answered: `status`, and with MC_OK `out` */
    mc_status status;
    char *out;
    size_t size;
    mc_status failed; /* the error to report when no tier answers; MC_OK: none failed */
    mc_error why;
    int redis_usable;
    int load_failed;  /* of another thread: that is our answer too, or each of us would try */
    mci_buf rejected; /* the name of a value that cannot be used: mci_name_rejected() */
    int refusals;     /* answers that were above the limit */
    char token[MCI_TOKEN_SIZE];
    int leased;
    mci_flight *own;
    int64_t now_ms; /* the clock when the lease was given */
    int64_t waiting_since_ns;
    int64_t wait_ms;
} fetch;

static void settle(fetch *f, mc_status st)
{
    f->settled = 1;
    f->status = st;
}

/* A tier failed: the store's word counts most, else the first one's. */
static void remember(fetch *f, mc_status st, const mc_error *err)
{
    if (f->failed == MC_OK || (err->tier == MC_TIER_STORE && f->why.tier != MC_TIER_STORE)) {
        f->failed = st;
        f->why = *err;
    }
}

static void settle_copy(fetch *f, const char *p, size_t n)
{
    settle(f, mci_kv_copy(p, n, &f->out, &f->size, f->c.err));
}

/* ---- Redis -------------------------------------------------------------------------------------------------------- */

/* What Redis gave: settles the fetch when it is of use. */
static void take_found(fetch *f, const mci_reply *value, const mci_reply *stamp)
{
    mci_call *c = &f->c;
    mci_kv_found found = mci_kv_read(c->e, f->key, value, stamp);
    mci_name_rejected(&f->rejected, found.stamp);
    if (found.state == MCI_KV_DAMAGED && found.stamp.p == NULL) /* no stamp to name it by: by its size */
        mci_buf_fmt(&f->rejected, "!%zu", found.value.n);
    if (found.state == MCI_KV_VALUE || found.state == MCI_KV_NONE) {
        mci_kv_tell_age(c, &found);
        c->info->stale_bound_ms = found.written_ms < 0 ? -1 : c->info->age_ms;
        if (found.state == MCI_KV_VALUE) {
            settle_copy(f, found.value.p, found.value.n);
        } else {
            c->info->flags |= MC_FLAG_NEGATIVE;
            settle(f, MC_NOT_FOUND);
        }
        return;
    }
    if (found.state == MCI_KV_DAMAGED) {
        c->info->flags |= MC_FLAG_POISONED;
        mci_count(c->e->metrics, MCI_C_POISONED);
    }
}

/* Above the limit: a miss of this key alone, and no fault of the server. The script that is asked next removes it. */
static void take_refused(fetch *f, const mci_reply *r)
{
    mci_buf_reset(&f->rejected);
    if (r->len == 0)
        return;
    mci_name_rejected(&f->rejected, (mci_slice){"", r->len});
    f->c.info->flags |= MC_FLAG_POISONED;
    mci_count(f->c.e->metrics, MCI_C_POISONED);
}

static void redis_away(fetch *f, mc_status st, const mc_error *err)
{
    f->redis_usable = 0;
    f->c.info->cache = MC_CACHE_BYPASS;
    remember(f, st, err);
}

/* All keys of a call in one exchange. */
static void ask_redis(mci_call *call, fetch *f, size_t n)
{
    mci_call c = *call;
    mc_error err = {0};
    mci_batch b;
    c.err = &err;
    mci_batch_init(&b);
    for (size_t i = 0; i < n; i++)
        mci_kv_ask(&b, c.e, f[i].key);
    mc_status st = mci_call_exec(&c, &b);
    for (size_t i = 0; i < n; i++) {
        const mci_reply *r = mci_batch_reply(&b, i);
        mc_status one = st == MC_OK ? mci_reply_error(r, "get", &err) : st;
        if (f[i].c.info != c.info) {
            f[i].c.info->flags |= c.info->flags & MC_FLAG_REDIS_DOWN;
            f[i].c.info->redis_round_trips += b.round_trips;
        }
        f[i].c.info->cache = MC_CACHE_MISS;
        f[i].redis_usable = 1;
        if (mci_reply_too_big(r))
            take_refused(&f[i], r);
        else if (one == MC_OK)
            take_found(&f[i], mci_reply_item(r, 0), mci_reply_item(r, 1));
        else
            redis_away(&f[i], one, &err);
    }
    mci_batch_free(&b);
}

/* ---- the snapshot ------------------------------------------------------------------------------------------------- */

static void ask_snapshot(fetch *f)
{
    mci_call *c = &f->c;
    mc_error err = {0};
    int64_t written = 0;
    int refused = 0;
    mc_status st = mci_snapshot_find(c->e->snapshot, f->key, c->dl, &f->out, &f->size, &written, &refused, &err);
    if (refused) {
        mci_count(c->e->metrics, MCI_C_SNAPSHOT_ERRORS);
        mci_log_write(c->e->log, MC_LOG_WARN, "%s", err.text);
    }
    int64_t age = mci_engine_age(c->e, written);
    if (st == MC_OK && c->e->set.snapshot_max_age_ms > 0 && age > c->e->set.snapshot_max_age_ms) {
        free(f->out);
        f->out = NULL;
        st = MC_NOT_FOUND;
    }
    if (st == MC_OK) {
        c->info->tier = MC_TIER_SNAPSHOT;
        c->info->flags |= MC_FLAG_STALE;
        c->info->age_ms = age;
        c->info->stale_bound_ms = age;
        mci_count(c->e->metrics, MCI_C_SNAPSHOT_HITS);
        settle(f, MC_OK);
    } else if (st != MC_NOT_FOUND) {
        remember(f, st, &err);
    }
}

/* ---- the store: who may load -------------------------------------------------------------------------------------- */

static void tell_loaded(fetch *f, int64_t age_ms)
{
    mc_info *info = f->c.info;
    info->tier = MC_TIER_STORE;
    info->age_ms = age_ms;
    info->stale_bound_ms = age_ms;
}

/* Wait for a load of this process. 1: it settled the fetch, or failed for all of us; 0: load on our own. */
static int share(fetch *f, mci_flight *fl)
{
    mci_call *c = &f->c;
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    int64_t begun = mci_flight_begun_ns(fl);
    int landed = mci_flight_wait(&c->e->flights, fl, c->dl, &st, &doc) == 0;
    /* Time and memory were the other's own; and a token of two keys would be no token. */
    int ours = landed && st != MC_E_TIMEOUT && st != MC_E_ABORT && st != MC_E_NOMEM &&
               (doc == NULL || strcmp(mci_doc_id(doc, NULL), f->key) == 0);
    if (ours && st >= 0) {
        size_t n = 0;
        const char *p = doc != NULL ? mci_doc_json(doc, &n) : NULL;
        tell_loaded(f, (mci_now_ns() - begun) / 1000000);
        c->info->flags |= MC_FLAG_SHARED;
        mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
        if (doc != NULL)
            settle_copy(f, p, n);
        else
            settle(f, MC_NOT_FOUND);
    } else if (ours) {
        mc_error err = {0};
        (void)mci_fail(&err, st, MC_TIER_STORE, "%.200s: the load by another thread failed: %s", f->key, mc_status_text(st));
        remember(f, st, &err);
        f->load_failed = 1;
    }
    mci_doc_unref(doc);
    return ours;
}

/* Another holds the lease. 1: done with it (settled, failed, or our patience is at its end); 0: ask again. */
static int wait_for_other(fetch *f, const mci_reply *holder)
{
    mci_call *c = &f->c;
    mci_flight *fl = NULL;
    if (holder != NULL && holder->type == MCI_REPLY_STRING)
        fl = mci_flight_join(&c->e->flights, holder->u.str, holder->len, &mci_kv_spec, f->key, 0, 0);
    if (fl != NULL) {
        if (share(f, fl))
            return 1;
        return mci_deadline_left_ms(c->dl) == 0;
    }
    int64_t now = mci_now_ns();
    if (f->waiting_since_ns == 0) {
        f->waiting_since_ns = now;
        f->wait_ms = WAIT_FIRST_MS;
        mci_count(c->e->metrics, MCI_C_LEASE_WAITS);
    }
    int64_t patience_ns = c->e->set.read_lease_ms * 1000000 / 4;
    if (now - f->waiting_since_ns > patience_ns || mci_deadline_left_ms(c->dl) == 0)
        return 1;
    mci_sleep_ms(f->wait_ms, c->dl);
    f->wait_ms = f->wait_ms * 2 < WAIT_LONGEST_MS ? f->wait_ms * 2 : WAIT_LONGEST_MS;
    return 0;
}

/* Once through the script. 1: no need to ask again. */
static int ask_lease(fetch *f)
{
    mci_call c = f->c;
    mc_error err = {0};
    mci_batch b;
    c.err = &err;
    mci_batch_init(&b);
    mci_random_token(&c.e->rnd, f->token);
    /* Known before the lease is given: whoever is told our token finds it. */
    f->own = mci_flight_begin(&c.e->flights, f->token, &mci_kv_spec, f->key);
    mci_cmd_script(&b, &mci_script_kv_miss, 3, 3 + 3);
    mci_kv_arg_keys(&b, c.e, f->key);
    mci_arg_str(&b, f->token);
    mci_arg_int(&b, mci_lease_ms(c.e, c.dl));
    mci_arg_buf(&b, &f->rejected);
    mc_status st = mci_call_exec(&c, &b);
    const mci_reply *r = mci_batch_reply(&b, 0);
    const mci_reply *tag = mci_reply_item(r, 0);
    int refused = st == MC_OK && mci_reply_too_big(r) && f->refusals++ < MAX_REFUSALS;
    if (st == MC_OK)
        st = mci_reply_error(r, "load", &err);
    if (st == MC_OK && mci_reply_count(mci_reply_item(r, 1), &f->now_ms) != 0)
        st = mci_fail(&err, MC_E_PROTO, MC_TIER_REDIS, "load: Redis answered something else");
    f->leased = st == MC_OK && mci_reply_is(tag, "L");
    if (f->leased) {
        mci_flight_leased(&c.e->flights, f->own, 0);
    } else {
        mci_flight_land(&c.e->flights, f->own, MC_E_CACHE, NULL); /* nobody can have joined */
        f->own = NULL;
    }
    int done = 1;
    if (refused) {
        take_refused(f, r);
        done = 0;
    } else if (st != MC_OK) {
        redis_away(f, st, &err);
    } else {
        mci_redis_saw_time(c.e->redis, f->now_ms);
        f->now_ms = mci_engine_clock_at(c.e, f->now_ms);
        if (mci_reply_is(tag, "V")) {
            take_found(f, mci_reply_item(r, 2), mci_reply_item(r, 3));
            done = f->settled;
        } else if (!f->leased) {
            done = wait_for_other(f, mci_reply_item(r, 2));
        }
    }
    mci_batch_free(&b);
    return done;
}

/* Redis is no help: one load of this process at a time, found by its key. */
static void join_by_key(fetch *f)
{
    char token[MCI_TOKEN_SIZE];
    uint64_t a = mci_checksum(1, f->key, strlen(f->key));
    uint64_t b = mci_checksum(2, f->key, strlen(f->key));
    int mine = 0;
    (void)snprintf(token, sizeof token, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
    mci_flight *fl = mci_flight_enter(&f->c.e->flights, token, &mine);
    if (fl == NULL || mine)
        f->own = fl;
    else
        (void)share(f, fl);
}

/* ---- the store: loading ------------------------------------------------------------------------------------------- */

static mc_status run_loader(fetch *f, mci_buf *value, mc_error *err)
{
    mci_call *c = &f->c;
    int left = mci_deadline_left_ms(mci_store_deadline(c));
    if (mci_deadline_left_ms(c->dl) == 0)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "%.200s: the deadline passed before it could be loaded", f->key);
    int64_t t0 = mci_now_ns();
    mc_status st = f->loader->load(f->loader->user, f->key, left, value, err);
    return mci_store_done(c, t0, st);
}

/* Put it into Redis, or at least give the lease back. */
static void fill(fetch *f, mc_status st, const mci_buf *value)
{
    mci_call quiet = f->c;
    mci_batch b;
    int64_t negative = quiet.e->set.negative_ttl_ms;
    mci_kv_set set = {'F', f->token, f->key, value->len > 0 ? value->data : "", value->len, f->now_ms, 0};
    if (st == MC_OK) {
        set.ttl_ms = mci_jitter(quiet.e, f->ttl_ms);
    } else {
        set.mode = st == MC_NOT_FOUND && negative > 0 ? 'N' : 'R';
        set.ttl_ms = set.mode == 'N' ? mci_jitter(quiet.e, negative) : 1;
    }
    quiet.err = NULL; /* a value that could not be cached is no failure of the read */
    if (mci_deadline_left_ms(quiet.dl) == 0)
        quiet.dl = mci_deadline_in(GIVE_BACK_MS);
    mci_batch_init(&b);
    MCI_SYNC("kv:loaded", f->key);
    int64_t stored = 0;
    if (mci_kv_set_cmd(&b, quiet.e, &set) == 0 && mci_call_exec(&quiet, &b) == MC_OK)
        (void)mci_reply_int(mci_batch_reply(&b, 0), &stored);
    if (stored == 1)
        f->c.info->flags |= MC_FLAG_FILLED;
    if (st >= 0)
        mci_count(quiet.e->metrics, stored == 1 ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
    mci_batch_free(&b);
}

/* Hand what was loaded to the threads that joined. */
static void land(fetch *f, mc_status st, const mci_buf *value)
{
    mci_doc *doc = NULL;
    if (f->own == NULL)
        return;
    if (st == MC_OK) {
        mci_docb b;
        mci_docb_begin(&b, &mci_kv_spec, value->len + strlen(f->key));
        mci_docb_id(&b, f->key, strlen(f->key));
        mci_docb_json(&b, value->len > 0 ? value->data : "", value->len);
        doc = mci_docb_finish(&b);
    }
    mci_flight_land(&f->c.e->flights, f->own, st == MC_OK && doc == NULL ? MC_E_NOMEM : st, doc);
    f->own = NULL;
    mci_doc_unref(doc);
}

static void load(fetch *f)
{
    mci_buf value;
    mc_error err = {0};
    mci_buf_init(&value, (size_t)f->c.e->set.value_max_bytes);
    mc_status st = run_loader(f, &value, &err);
    if (f->leased)
        fill(f, st, &value);
    land(f, st, &value);
    if (st == MC_OK)
        settle_copy(f, value.data, value.len);
    else if (st == MC_NOT_FOUND)
        settle(f, st);
    else
        remember(f, st, &err);
    if (f->settled)
        tell_loaded(f, 0);
    mci_buf_free(&value);
}

static void ask_store(fetch *f)
{
    if (f->loader == NULL)
        return;
    int done = !f->redis_usable;
    for (int round = 0; !done && round < MAX_ROUNDS; round++)
        done = ask_lease(f);
    if (!f->settled && !f->load_failed && !f->redis_usable)
        join_by_key(f);
    if (!f->settled && !f->load_failed)
        load(f);
}

/* ---- all together ------------------------------------------------------------------------------------------------- */

static void count(mci_metrics *m, const mc_info *info, mc_status st)
{
    mci_count(m, MCI_C_READS);
    if (st == MC_NOT_FOUND)
        mci_count(m, MCI_C_NOT_FOUND);
    if (info->tier == MC_TIER_REDIS)
        mci_count(m, st == MC_OK ? MCI_C_HITS : MCI_C_NEGATIVE_HITS);
    else if (info->tier == MC_TIER_STORE && info->cache != MC_CACHE_NONE)
        mci_count(m, info->cache == MC_CACHE_BYPASS ? MCI_C_BYPASSES : MCI_C_MISSES);
}

/* The tiers of one key from `order` on, until one settles it. */
static mc_status run(fetch *f, const tier *order, int left)
{
    for (int i = 0; i < left && order[i] != T_END && !f->settled; i++) {
        if (order[i] == T_SNAPSHOT)
            ask_snapshot(f);
        else
            ask_store(f);
    }
    if (!f->settled && f->failed == MC_OK)
        settle(f, MC_NOT_FOUND); /* every tier was asked, and none has it */
    if (!f->settled) {
        settle(f, f->failed);
        f->c.info->stale_bound_ms = -1;
        if (f->c.err != NULL)
            *f->c.err = f->why;
    }
    if (f->status >= 0)
        count(f->c.e->metrics, f->c.info, f->status);
    return f->status;
}

static void begin(fetch *f, const mci_call *c, const mci_wanted *w, int64_t ttl_ms, const mci_loader *loader)
{
    *f = (fetch){.c = *c, .key = w->key, .ttl_ms = ttl_ms, .loader = loader};
    f->c.info = w->info;
    mci_buf_init(&f->rejected, MCI_ENVELOPE_MAX);
}

void mci_get_or_load(mci_call *c, int64_t ttl_ms, const mci_loader *loader, mci_wanted *w, size_t n)
{
    const tier *order = orders[c->e->set.read_tiers];
    int redis = order[0] == T_REDIS;
    fetch one;
    fetch *f = n == 1 ? &one : calloc(n, sizeof *f);
    if (f == NULL) {
        (void)mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu keys", n);
        for (size_t i = 0; i < n; i++)
            w[i].status = MC_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++)
        begin(&f[i], c, &w[i], ttl_ms, loader);
    if (redis)
        ask_redis(c, f, n);
    int failed = 0;
    for (size_t i = 0; i < n; i++) {
        if (failed)
            f[i].c.err = NULL; /* the record is about the first */
        w[i].status = run(&f[i], order + redis, 3 - redis);
        failed |= w[i].status < 0;
        w[i].out = w[i].status == MC_OK ? f[i].out : NULL;
        w[i].size = f[i].size;
        mci_buf_free(&f[i].rejected);
    }
    if (f != &one)
        free(f);
}
