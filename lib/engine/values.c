/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: a value by key through the tiers in their order. One load for all that ask: under a lease in the cache, or while that cannot
 * be used, by key within this process.
 * Refuses: filling the cache without the lease or from the snapshot, and a failed tier hiding what another one has.
 */
#include "engine/values.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/lease.h"
#include "engine/source.h"
#include "engine/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROUNDS 1000                /* another client keeps writing what cannot be used */
#define REJECTED_MAX ((size_t)1 << 30) /* more than a reply can have */

/* A value as a document without fields: how it travels from one thread to others. */
static const mci_spec value_spec = {
    .name = "kv", .key = "kv", .alias_field = -1, .rank_field = -1, .lon_field = -1, .lat_field = -1};

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
    int cache_usable;
    int load_failed; /* of another thread: that is our answer too, or each of us would try */
    int leased;
    mci_lease lease;
} fetch;

static void settle(fetch *f, mc_status st)
{
    f->settled = 1;
    f->status = st;
}

/* A tier failed: the store's status counts most, else the first one's. */
static void note_failure(fetch *f, mc_status st, const mc_error *err)
{
    if (f->failed == MC_OK || (err->tier == MC_TIER_STORE && f->why.tier != MC_TIER_STORE)) {
        f->failed = st;
        f->why = *err;
    }
}

static void settle_copy(fetch *f, const char *p, size_t n)
{
    settle(f, mci_string_copy(p, n, &f->out, &f->size, f->c.err));
}

/* ---- the cache ---------------------------------------------------------------------------------------------------- */

static void cache_away(fetch *f, mc_status st, const mc_error *err)
{
    f->cache_usable = 0;
    f->c.info->cache = MC_CACHE_BYPASS;
    note_failure(f, st, err);
}

/* Another client's value under its own name: not ours to remove, and not to be filled over. */
static void pass_over_too_big(fetch *f)
{
    mc_error err = {0};
    (void)mci_fail(&err, MC_E_TOOBIG, MC_TIER_REDIS, "%.200s: a value in Redis is above the limit of a reply", f->key);
    cache_away(f, MC_E_TOOBIG, &err);
}

/* What cannot be used is named to the script that removes it; where other clients write too, together with its bytes. */
static void reject(fetch *f, const mci_found *found)
{
    mci_lease_reject(&f->lease, found);
    if (f->c.e->set.values_raw_keys && found->state == MCI_FOUND_VALUE && found->name.p != NULL) {
        mci_buf_char(&f->lease.rejected, '=');
        mci_buf_add(&f->lease.rejected, found->text.p, found->text.n);
    }
}

/* What the cache gave: settles the fetch when it is of use. */
static void take_found(fetch *f, const mci_found *found)
{
    mci_call *c = &f->c;
    switch (found->state) {
    case MCI_FOUND_VALUE:
    case MCI_FOUND_NEGATIVE:
        if (f->loader != NULL && found->written_ms >= 0 && mci_is_too_old(c, found->written_ms))
            break; /* there is who can give a newer one */
        mci_string_tell_age(c, found);
        c->info->stale_bound_ms = found->written_ms < 0 ? -1 : c->info->age_ms;
        if (found->state == MCI_FOUND_VALUE) {
            settle_copy(f, found->text.p, found->text.n);
        } else {
            c->info->flags |= MC_FLAG_NEGATIVE;
            settle(f, MC_NOT_FOUND);
        }
        return;
    case MCI_FOUND_TOO_BIG:
        if (found->name.p == NULL)
            break;
        if (c->e->set.values_raw_keys) {
            pass_over_too_big(f);
            return;
        }
        c->info->flags |= MC_FLAG_CORRUPT;
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        break;
    case MCI_FOUND_CORRUPT:
        c->info->flags |= MC_FLAG_CORRUPT;
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        break;
    default:
        break;
    }
    reject(f, found);
}

/* All keys of a call in one exchange. */
static void ask_cache(mci_call *call, fetch *f, size_t n)
{
    mci_call c = *call;
    mc_error err = {0};
    mci_ops ops;
    c.err = &err;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++)
        mci_ops_add(&ops, MCI_OP_STRING_READ)->u.string_read.key = f[i].key;
    mc_status st = mci_call_run(&c, &ops);
    for (size_t i = 0; i < n; i++) {
        mc_status one = st == MC_OK ? mci_op_error(&ops.op[i], &err) : st;
        if (f[i].c.info != c.info) {
            f[i].c.info->flags |= c.info->flags & (MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED);
            f[i].c.info->redis_round_trips += ops.round_trips;
        }
        f[i].c.info->cache = MC_CACHE_MISS;
        f[i].cache_usable = 1;
        if (one == MC_OK)
            take_found(&f[i], &ops.op[i].u.string_read.found);
        else
            cache_away(&f[i], one, &err);
    }
    mci_ops_free(&ops);
}

/* ---- the snapshot ------------------------------------------------------------------------------------------------- */

/* Its answer into the cache, for a short time and marked: never in the place of anything, nor of what is being loaded. */
static void fill_stale(fetch *f, int64_t written_ms)
{
    mci_call quiet = mci_call_quiet(&f->c);
    char token[MCI_TOKEN_SIZE];
    mci_ops ops;
    mci_random_token(&quiet.e->rnd, token);
    mci_ops_init(&ops);
    mci_ops_add(&ops, MCI_OP_STRING_SET)->u.string_set =
        (mci_op_string_set){.mode = MCI_STRING_STALE,
                            .token = token,
                            .key = f->key,
                            .value = f->out,
                            .size = f->size,
                            .now_ms = mci_clock(quiet.e),
                            .written_ms = written_ms,
                            .ttl_ms = mci_jitter(quiet.e, quiet.e->set.snapshot_fill_ttl_ms)};
    int stored = mci_call_run_one(&quiet, &ops) == MC_OK && ops.op[0].u.string_set.stored;
    if (stored)
        f->c.info->flags |= MC_FLAG_FILLED;
    mci_count(quiet.e->metrics, stored ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
    mci_ops_free(&ops);
}

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
    int64_t age = mci_age_ms(c->e, written);
    if (st == MC_OK &&
        ((c->e->set.snapshot_max_age_ms > 0 && age > c->e->set.snapshot_max_age_ms) || mci_is_too_old(c, written))) {
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
        if (c->e->set.snapshot_fill && f->cache_usable)
            fill_stale(f, written);
    } else if (st != MC_NOT_FOUND) {
        note_failure(f, st, &err);
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

/* What another thread's load brought, `age_ms` after it began. 1: it settled the fetch, or failed for all of us; 0: load on our own. */
static int take_shared(fetch *f, int landed, mc_status st, mci_doc *doc, int64_t age_ms)
{
    mci_call *c = &f->c;
    /* Time and memory were the other's own; and a token of two keys would be no token. */
    int ours = landed && st != MC_E_TIMEOUT && st != MC_E_ABORT && st != MC_E_NOMEM && st != MC_E_CACHE &&
               (doc == NULL || strcmp(mci_doc_id(doc, NULL), f->key) == 0);
    if (ours && st >= 0) {
        size_t n = 0;
        const char *p = doc != NULL ? mci_doc_json(doc, &n) : NULL;
        tell_loaded(f, age_ms);
        c->info->flags |= MC_FLAG_SHARED;
        mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
        if (doc != NULL)
            settle_copy(f, p, n);
        else
            settle(f, MC_NOT_FOUND);
    } else if (ours) {
        mc_error err = {0};
        (void)mci_fail(&err, st, MC_TIER_STORE, "%.200s: the load by another thread failed: %s", f->key, mc_status_text(st));
        note_failure(f, st, &err);
        f->load_failed = 1;
    }
    mci_doc_unref(doc);
    return ours;
}

/* Once through the cache. 1: no need to ask again. */
static int ask_lease(fetch *f)
{
    mci_call c = f->c;
    mc_error err = {0};
    mci_ops ops;
    mc_status st = MC_E_CACHE;
    mci_doc *doc = NULL;
    int done = 1;
    c.err = &err;
    mci_ops_init(&ops);
    mci_lease_ask(&c, &f->lease, &ops, MCI_WANT_DOC);
    mc_status ran = mci_call_run(&c, &ops);
    mci_lease_next next = MCI_LEASE_FAILED;
    if (ran == MC_OK)
        next = mci_lease_take(&c, &f->lease, &ops, &ops.op[0]);
    else
        mci_lease_lost(&c, &f->lease);
    switch (next) {
    case MCI_LEASE_OWN:
        f->leased = 1;
        break;
    case MCI_LEASE_FOUND:
        take_found(f, &ops.op[0].u.acquire.found);
        done = f->settled || !f->cache_usable;
        break;
    case MCI_LEASE_JOIN: {
        int64_t begun = mci_flight_begun_ns(f->lease.joined);
        int landed = mci_lease_join(&c, &f->lease, &st, &doc) == 0;
        done = take_shared(f, landed, st, doc, (mci_now_ns() - begun) / 1000000) || mci_deadline_left_ms(c.dl) == 0;
        break;
    }
    case MCI_LEASE_WAIT:
        mci_sleep_ms(mci_lease_pause_ms(&f->lease), c.dl);
        done = mci_deadline_left_ms(c.dl) == 0;
        break;
    case MCI_LEASE_LOAD:
        break;
    default:
        cache_away(f, ran != MC_OK ? ran : err.code < 0 ? err.code : MC_E_CACHE, &err);
    }
    mci_ops_free(&ops);
    return done;
}

/* The cache is no help: one load of this process at a time, found by its key. */
static void join_by_key(fetch *f)
{
    char token[MCI_TOKEN_SIZE];
    mci_flights *flights = &f->c.e->flights;
    uint64_t a = mci_checksum(1, f->key, strlen(f->key));
    uint64_t b = mci_checksum(2, f->key, strlen(f->key));
    int mine = 0;
    (void)snprintf(token, sizeof token, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
    mci_flight *fl = mci_flight_enter(flights, token, &mine);
    if (fl == NULL || mine) {
        f->lease.own = fl;
        return;
    }
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    int64_t begun = mci_flight_begun_ns(fl);
    int landed = mci_flight_wait(flights, fl, 0, f->c.dl, &st, &doc) == 0;
    (void)take_shared(f, landed, st, doc, (mci_now_ns() - begun) / 1000000);
}

/* ---- the store: loading ------------------------------------------------------------------------------------------- */

static mc_status run_loader(fetch *f, mci_buf *value, mc_error *err)
{
    mci_call *c = &f->c;
    int left = mci_deadline_left_ms(mci_source_deadline(c));
    if (mci_deadline_left_ms(c->dl) == 0)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "%.200s: the deadline passed before it could be loaded", f->key);
    int64_t t0 = mci_now_ns();
    return mci_source_done(c, t0, f->loader->load(f->loader->user, f->key, left, value, err));
}

/* Put it into the cache, or at least give the lease back. */
static void fill(fetch *f, mc_status st, const mci_buf *value)
{
    mci_call quiet = mci_call_quiet(&f->c); /* a value that could not be cached is no failure of the read */
    int64_t negative = quiet.e->set.negative_ttl_ms;
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_string_set *s = &mci_ops_add(&ops, MCI_OP_STRING_SET)->u.string_set;
    *s = (mci_op_string_set){.mode = MCI_STRING_FILL,
                             .token = f->lease.token,
                             .key = f->key,
                             .value = value->len > 0 ? value->data : "",
                             .size = value->len,
                             .now_ms = f->lease.now_ms};
    if (st == MC_OK) {
        s->ttl_ms = mci_jitter(quiet.e, f->ttl_ms);
    } else {
        s->mode = st == MC_NOT_FOUND && negative > 0 ? MCI_STRING_NONE : MCI_STRING_RELEASE;
        s->ttl_ms = s->mode == MCI_STRING_NONE ? mci_jitter(quiet.e, negative) : 1;
        s->value = NULL;
        s->size = 0;
    }
    if (mci_deadline_left_ms(quiet.dl) == 0)
        quiet.dl = mci_deadline_in(MCI_GIVE_BACK_MS);
    MCI_SYNC("kv:loaded", f->key);
    int stored = mci_call_run_one(&quiet, &ops) == MC_OK && ops.op[0].u.string_set.stored;
    if (stored)
        f->c.info->flags |= MC_FLAG_FILLED;
    if (st >= 0)
        mci_count(quiet.e->metrics, stored ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
    mci_ops_free(&ops);
}

/* Hand what was loaded to the threads that joined. */
static void land(fetch *f, mc_status st, const mci_buf *value)
{
    mci_doc *doc = NULL;
    if (f->lease.own == NULL)
        return;
    if (st == MC_OK) {
        mci_docb b;
        mci_docb_begin(&b, &value_spec, value->len + strlen(f->key));
        mci_docb_id(&b, f->key, strlen(f->key));
        mci_docb_json(&b, value->len > 0 ? value->data : "", value->len);
        doc = mci_docb_finish(&b);
    }
    mci_lease_land(&f->c, &f->lease, st == MC_OK && doc == NULL ? MC_E_NOMEM : st, doc);
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
        note_failure(f, st, &err);
    if (f->settled)
        tell_loaded(f, 0);
    mci_buf_free(&value);
}

static void ask_store(fetch *f)
{
    if (f->loader == NULL)
        return;
    int done = !f->cache_usable;
    for (int round = 0; !done && round < MAX_ROUNDS; round++)
        done = ask_lease(f);
    if (!f->settled && !f->load_failed && !f->cache_usable)
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

/* The tiers of one key in their order, until one settles it. The cache was asked for all keys together. */
static mc_status run(fetch *f, const mci_tiers *tiers)
{
    for (size_t i = 0; i < tiers->n && !f->settled; i++) {
        if (tiers->order[i] == MC_TIER_SNAPSHOT)
            ask_snapshot(f);
        else if (tiers->order[i] == MC_TIER_STORE)
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

void mci_values_get(mci_call *c, int64_t ttl_ms, const mci_loader *loader, mci_wanted *w, size_t n)
{
    fetch one;
    fetch *f = n == 1 ? &one : calloc(n, sizeof *f);
    if (f == NULL) {
        (void)mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu keys", n);
        for (size_t i = 0; i < n; i++)
            w[i].status = MC_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        f[i] = (fetch){.c = *c, .key = w[i].key, .ttl_ms = ttl_ms, .loader = loader};
        f[i].c.info = w[i].info;
        mci_lease_init(&f[i].lease, NULL, w[i].key);
        if (c->e->set.values_raw_keys) /* values are named by their bytes */
            f[i].lease.rejected.max = REJECTED_MAX;
    }
    if (mci_reads_cache(c))
        ask_cache(c, f, n);
    int failed = 0;
    for (size_t i = 0; i < n; i++) {
        if (failed)
            f[i].c.err = NULL; /* the record is about the first */
        w[i].status = run(&f[i], mci_call_tiers(c));
        failed |= w[i].status < 0;
        w[i].out = w[i].status == MC_OK ? f[i].out : NULL;
        w[i].size = f[i].size;
        mci_lease_free(&f[i].lease);
    }
    if (f != &one)
        free(f);
}
