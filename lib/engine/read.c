/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the cache-aside read of one or many ids. The way of an item: ask the value (one exchange for all) -> settled, or ask for a
 * lease (one exchange) -> settled, load and fill, load only, join a load of this process, or wait for another process.
 * Refuses: filling without a lease, and handing out what does not decode.
 */
#include "engine/read.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/identity.h"
#include "engine/lease.h"
#include "engine/recover.h"
#include "engine/refused.h"
#include "engine/source.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROUNDS 1000 /* another client keeps writing corrupt values */

typedef enum work_state {
    W_DONE = 0,
    W_MISS,      /* ask for a lease */
    W_LOAD,      /* load, no fill */
    W_LOAD_FILL, /* load and fill: we hold the lease */
    W_JOIN,      /* another thread of ours loads it */
    W_WAIT       /* another process loads it */
} work_state;

typedef struct work {
    mci_item *it;
    size_t first; /* index of the first work with this id; its own index unless it is a duplicate */
    size_t op;    /* its operation in the list under way */
    work_state state;
    mci_lease lease;
} work;

void mci_read_add(mci_ops *ops, const mci_coll *coll, const char *id, mci_want want)
{
    mci_op *op = mci_ops_add(ops, MCI_OP_VALUE_READ);
    op->u.value_read.family = &coll->docs;
    op->u.value_read.id = id;
    op->u.value_read.want = want;
}

static void settle_hit(mci_call *c, mci_item *it, mci_found *f)
{
    it->doc = f->doc;
    f->doc = NULL;
    it->status = it->doc != NULL ? MC_OK : MC_NOT_FOUND;
    it->info.tier = MC_TIER_REDIS;
    it->info.cache = MC_CACHE_HIT;
    it->info.age_ms = mci_age_ms(c->e, f->written_ms);
    it->info.stale_bound_ms = 0;
    if (it->doc == NULL)
        it->info.flags |= MC_FLAG_NEGATIVE;
}

int mci_read_take(mci_call *c, const mci_coll *coll, mci_item *it, mci_found *f)
{
    switch (f->state) {
    case MCI_FOUND_VALUE:
    case MCI_FOUND_NEGATIVE:
        if (mci_is_outdated(c, coll, 0, it->id, f->written_ms))
            return 0;
        settle_hit(c, it, f);
        mci_note(c, coll, 0, it->id, f->written_ms);
        return 1;
    case MCI_FOUND_TOO_BIG:
    case MCI_FOUND_CORRUPT:
        if (f->state == MCI_FOUND_TOO_BIG && f->name.p == NULL)
            return 0; /* it is others that left no room */
        it->info.flags |= MC_FLAG_CORRUPT;
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        return 0;
    default:
        return 0;
    }
}

/* ---- step 1: the values ------------------------------------------------------------------------------------------- */

static void all_bypass(work *w, size_t n, work_state from)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != from)
            continue;
        w[i].state = W_LOAD;
        w[i].it->info.cache = MC_CACHE_BYPASS;
        w[i].it->info.flags |= MC_FLAG_REDIS_DOWN;
    }
}

/* read.tiers leaves the cache out: no failure. */
static void all_from_store(work *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w[i].first == i)
            w[i].state = W_LOAD;
}

static void take_values(mci_call *c, mci_coll *coll, work *w, size_t n, mci_ops *ops, int pending)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_MISS)
            continue;
        mci_op_value_read *v = &ops->op[w[i].op].u.value_read;
        if (pending && mci_recovery_has(&c->e->recovery, mci_coll_number(c->e, coll), 0, w[i].it->id)) {
            /* Written by this handle while the cache was away, and not dropped from it yet: it may be stale for this id. */
            w[i].state = W_LOAD;
            w[i].it->info.cache = MC_CACHE_BYPASS;
        } else if (mci_read_take(c, coll, w[i].it, &v->found)) {
            w[i].state = W_DONE;
        } else {
            mci_lease_reject(&w[i].lease, &v->found);
        }
    }
}

static void ask_values(mci_call *c, mci_coll *coll, work *w, size_t n, mci_want want)
{
    int pending = mci_recover(c);
    mci_ops ops;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (w[i].first != i)
            continue;
        w[i].state = W_MISS;
        w[i].op = ops.n;
        mci_read_add(&ops, coll, w[i].it->id, want);
    }
    mc_status st = mci_call_run(c, &ops);
    if (st == MC_OK && ops.epoch_status != MC_OK && ops.epoch_why != NULL && c->err != NULL)
        *c->err = *ops.epoch_why;
    mci_identity_state whose = st == MC_OK && ops.epoch_status == MC_OK ? mci_identity_of(c, &ops) : MCI_IDENTITY_FOREIGN;
    if (whose == MCI_IDENTITY_FOREIGN)
        all_bypass(w, n, W_MISS);
    else if (whose == MCI_IDENTITY_OURS)
        take_values(c, coll, w, n, &ops, pending);
    mci_ops_free(&ops);
}

/* ---- step 2: leases ----------------------------------------------------------------------------------------------- */

static void take_lease(mci_call *c, mci_coll *coll, work *w, mci_ops *ops, mci_identity_state whose)
{
    mci_op *op = &ops->op[w->op];
    if (whose == MCI_IDENTITY_FOREIGN) {
        mci_lease_lost(c, &w->lease);
        w->state = W_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
        return;
    }
    switch (mci_lease_take(c, &w->lease, ops, op)) {
    case MCI_LEASE_OWN:
        w->state = W_LOAD_FILL;
        MCI_SYNC("read:leased", w->it->id);
        break;
    case MCI_LEASE_FOUND:
        if (whose == MCI_IDENTITY_OURS && mci_read_take(c, coll, w->it, &op->u.acquire.found))
            w->state = W_DONE;
        else /* as bad as the one before: ask again, naming it */
            mci_lease_reject(&w->lease, &op->u.acquire.found);
        break;
    case MCI_LEASE_LOAD:
        w->state = W_LOAD;
        if (w->lease.quarantined) {
            w->it->info.flags |= MC_FLAG_QUARANTINED;
            mci_count(c->e->metrics, MCI_C_QUARANTINED);
        }
        break;
    case MCI_LEASE_JOIN:
        w->state = W_JOIN;
        break;
    case MCI_LEASE_WAIT:
        w->state = W_WAIT;
        break;
    default:
        w->state = W_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
    }
}

static void ask_leases(mci_call *c, mci_coll *coll, work *w, size_t n, mci_want want)
{
    mci_ops ops;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_MISS)
            continue;
        MCI_SYNC("read:missed", w[i].it->id);
        w[i].lease.not_before_ns = mci_seen_at(&c->e->seen, mci_coll_number(c->e, coll), 0, w[i].it->id);
        w[i].op = ops.n;
        mci_lease_ask(c, &w[i].lease, &ops, want);
    }
    if (ops.n > 0 || ops.failed) {
        mc_status st = mci_call_run(c, &ops);
        mci_identity_state whose = st == MC_OK && ops.epoch_status == MC_OK ? mci_identity_of(c, &ops) : MCI_IDENTITY_OURS;
        for (size_t i = 0; i < n; i++) {
            if (w[i].state != W_MISS)
                continue;
            if (st == MC_OK)
                take_lease(c, coll, &w[i], &ops, whose);
            else
                mci_lease_lost(c, &w[i].lease);
        }
        if (st != MC_OK)
            all_bypass(w, n, W_MISS);
    }
    mci_ops_free(&ops);
}

/* ---- step 3: the store -------------------------------------------------------------------------------------------- */

static void settle_load(mci_call *c, work *w, mc_status st, mci_doc *doc, const mc_error *err)
{
    mci_item *it = w->it;
    it->doc = doc;
    it->status = st != MC_OK ? st : doc != NULL ? MC_OK : MC_NOT_FOUND;
    it->info.tier = MC_TIER_STORE;
    it->info.cache = mci_store_outcome(c, it->info.cache != MC_CACHE_BYPASS);
    it->info.age_ms = 0;
    it->info.stale_bound_ms = 0;
    if (it->status >= 0 || c->err == NULL || c->err->tier == MC_TIER_STORE)
        return;
    mc_error cache = *c->err;
    *c->err = *err;
    if (cache.tier == MC_TIER_REDIS && mci_status_retriable(cache.code))
        mci_call_both_away(c->err, &cache);
}

static void load_one(mci_call *c, mci_coll *coll, work *w)
{
    mc_error err = {0};
    mci_doc *doc = NULL;
    mc_status st = mci_source_find(c, coll, w->it->id, &doc, &err);
    settle_load(c, w, st == MC_NOT_FOUND ? MC_OK : st, doc, &err);
}

static void load_many(mci_call *c, mci_coll *coll, work **list, size_t n)
{
    const char **ids = calloc(n, sizeof *ids);
    mci_doc **docs = calloc(n, sizeof *docs);
    mc_error err = {0};
    mc_status st = MC_OK;
    if (ids == NULL || docs == NULL)
        st = mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory to load %zu documents", n);
    for (size_t i = 0; st == MC_OK && i < n; i++)
        ids[i] = list[i]->it->id;
    if (st == MC_OK)
        st = mci_source_find_many(c, coll, ids, n, docs, &err);
    for (size_t i = 0; i < n; i++)
        settle_load(c, list[i], st, st == MC_OK ? docs[i] : NULL, &err);
    free(ids);
    free(docs);
}

static void add_commit(mci_call *c, const mci_coll *coll, work *w, mci_ops *ops)
{
    int failed = w->it->status < 0;
    w->op = ops->n;
    mci_op_commit *k = &mci_ops_add(ops, MCI_OP_VALUE_COMMIT)->u.commit;
    k->family = &coll->docs;
    k->id = w->it->id;
    k->mode = failed ? MCI_COMMIT_RELEASE : MCI_COMMIT_FILL;
    k->token = w->lease.token;
    k->doc = w->it->doc;
    k->epoch = w->lease.epoch;
    k->now_ms = w->lease.now_ms;
    k->ttl_ms = failed ? 0 : mci_value_ttl(c->e, coll, w->it->doc != NULL);
}

/* What became of the end of one load. `k` is NULL when that is not known: it could not be sent, or was not waited for. */
static void settle_fill(mci_call *c, work *w, const mci_op_commit *k, int detached)
{
    int stored = detached || (k != NULL && k->stored);
    if (k != NULL)
        mci_refused_commit(c->e, c->info, k);
    if (stored)
        w->it->info.flags |= MC_FLAG_FILLED;
    if (w->it->status >= 0 && !detached)
        mci_count(c->e->metrics, stored ? MCI_C_FILLS : MCI_C_FILLS_REFUSED);
    mci_lease_land(c, &w->lease, w->it->status, w->it->doc);
}

/*
 * Under our leases: what was loaded goes into the cache; where nothing could be loaded the lease is given back. Nobody has to wait for that: whether it
 * is stored is decided there, by lease and quarantine, whenever it arrives.
 */
static void fill(mci_call *c, mci_coll *coll, work **list, size_t n)
{
    mci_ops ops;
    int failed = 0;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (list[i]->state != W_LOAD_FILL)
            continue;
        MCI_SYNC("read:loaded", list[i]->it->id);
        add_commit(c, coll, list[i], &ops);
        failed |= list[i]->it->status < 0;
    }
    int refusing = atomic_load_explicit(&c->e->refusing, memory_order_relaxed); /* then each caller is told that it still does */
    ops.detach = !failed && !c->waits_for_fills && !refusing;
    mci_call quiet = mci_call_quiet(c);   /* a value that could not be cached is no failure of the read */
    if (mci_deadline_left_ms(c->dl) == 0) /* the store took all the time: others should not have to wait as well */
        quiet.dl = mci_deadline_in(MCI_GIVE_BACK_MS);
    int ok = (ops.n > 0 || ops.failed) && mci_call_run(&quiet, &ops) == MC_OK;
    for (size_t i = 0; i < n; i++) {
        work *w = list[i];
        if (w->state != W_LOAD_FILL)
            continue;
        settle_fill(c, w, ok && !ops.detached ? &ops.op[w->op].u.commit : NULL, ops.detached);
    }
    mci_ops_free(&ops);
}

static void no_memory_to_load(mci_call *c, work *w, size_t n)
{
    mc_error err = {0};
    (void)mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory to load %zu documents", n);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != W_LOAD && w[i].state != W_LOAD_FILL)
            continue;
        settle_load(c, &w[i], MC_E_NOMEM, NULL, &err);
        mci_lease_lost(c, &w[i].lease);
        w[i].state = W_DONE;
    }
}

static void load(mci_call *c, mci_coll *coll, work *w, size_t n)
{
    work *one[1];
    work **list = n == 1 ? one : calloc(n, sizeof *list);
    size_t m = 0;
    if (list == NULL) {
        no_memory_to_load(c, w, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (w[i].state == W_LOAD || w[i].state == W_LOAD_FILL)
            list[m++] = &w[i];
    if (m == 1)
        load_one(c, coll, list[0]);
    else if (m > 1)
        load_many(c, coll, list, m);
    if (m > 0)
        fill(c, coll, list, m);
    for (size_t i = 0; i < m; i++) {
        const mci_item *it = list[i]->it;
        list[i]->state = W_DONE;
        if (it->status >= 0)
            mci_was_loaded(c, coll, 0, it->id, it->info.flags & MC_FLAG_FILLED ? list[i]->lease.now_ms : 0);
    }
    if (list != one)
        free(list);
}

/* ---- step 4: loads of others -------------------------------------------------------------------------------------- */

static void join(mci_call *c, work *w)
{
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    int landed = mci_lease_join(c, &w->lease, &st, &doc) == 0;
    if (landed && st >= 0) {
        mc_error none = {0};
        settle_load(c, w, MC_OK, doc, &none);
        w->it->info.flags |= MC_FLAG_SHARED;
        mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
        w->state = W_DONE;
    } else {
        mci_doc_unref(doc);
        w->state = W_LOAD; /* the other failed: try once on our own */
    }
}

static int wait_for_others(mci_call *c, work *w, size_t n)
{
    int64_t pause = 0;
    int again = 0;
    for (size_t i = 0; i < n; i++) {
        if (w[i].state == W_JOIN)
            join(c, &w[i]);
        if (w[i].state == W_WAIT) {
            int64_t own = mci_lease_pause_ms(&w[i].lease);
            pause = pause == 0 || own < pause ? own : pause;
            w[i].state = W_MISS;
        }
        again |= w[i].state != W_DONE;
    }
    if (pause > 0)
        mci_sleep_ms(pause, c->dl);
    return again;
}

/* ---- all together ------------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const work *const *x = a;
    const work *const *y = b;
    int d = strcmp((*x)->it->id, (*y)->it->id);
    return d != 0 ? d : (*x < *y ? -1 : *x > *y);
}

/* Each id is worked on once; its duplicates get a reference at the end. */
static int find_duplicates(work *w, size_t n)
{
    if (n < 2)
        return 0;
    const work **order = calloc(n, sizeof *order);
    if (order == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        order[i] = &w[i];
    qsort(order, n, sizeof *order, by_id);
    for (size_t i = 1; i < n; i++)
        if (strcmp(order[i]->it->id, order[i - 1]->it->id) == 0)
            w[order[i] - w].first = order[i - 1]->first;
    free(order);
    return 0;
}

void mci_read_count(mci_metrics *m, const mci_item *it)
{
    mci_count(m, MCI_C_READS);
    if (it->status == MC_NOT_FOUND)
        mci_count(m, MCI_C_NOT_FOUND);
    if (it->info.cache == MC_CACHE_HIT)
        mci_count(m, it->status == MC_OK ? MCI_C_HITS : MCI_C_NEGATIVE_HITS);
    else if (it->info.cache != MC_CACHE_NONE)
        mci_count(m, it->info.cache == MC_CACHE_BYPASS ? MCI_C_BYPASSES : MCI_C_MISSES);
}

static void finish(mci_call *c, work *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mci_item *first = w[w[i].first].it;
        if (w[i].first != i) {
            w[i].it->status = first->status;
            w[i].it->doc = first->doc != NULL ? mci_doc_ref(first->doc) : NULL;
            w[i].it->info = first->info;
        }
        mci_lease_free(&w[i].lease);
        mci_read_count(c->e->metrics, w[i].it);
    }
}

static void rounds(mci_call *c, mci_coll *coll, work *w, size_t n, mci_want want)
{
    if (mci_reads_cache(c))
        ask_values(c, coll, w, n, want);
    else
        all_from_store(w, n);
    int again = 1;
    for (int round = 0; again; round++) {
        ask_leases(c, coll, w, n, want);
        load(c, coll, w, n);
        again = wait_for_others(c, w, n);
        /* One last look into the store, which answers with a time-out itself when the deadline has passed. */
        if (again && (round >= MAX_ROUNDS || mci_deadline_left_ms(c->dl) == 0))
            for (size_t i = 0; i < n; i++)
                if (w[i].state == W_MISS)
                    w[i].state = W_LOAD;
    }
}

mc_status mci_read_many(mci_call *c, mci_coll *coll, mci_item *items, size_t n, mci_want want)
{
    if (n == 0)
        return MC_OK;
    work one = {0};
    work *w = n == 1 ? &one : calloc(n, sizeof *w);
    if (w == NULL)
        return mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu documents", n);
    for (size_t i = 0; i < n; i++) {
        w[i].it = &items[i];
        w[i].first = i;
        items[i].doc = NULL;
        items[i].status = MC_E_INTERNAL;
        items[i].info = (mc_info){0};
        mci_lease_init(&w[i].lease, &coll->docs, items[i].id);
    }
    int ok = find_duplicates(w, n) == 0;
    if (ok) {
        rounds(c, coll, w, n, want);
        finish(c, w, n);
    }
    if (w != &one)
        free(w);
    return ok ? MC_OK : mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu documents", n);
}

mc_status mci_read_one(mci_call *c, mci_coll *coll, const char *id, mci_want want, mci_doc **out)
{
    mci_item it = {.id = id};
    mc_status st = mci_read_many(c, coll, &it, 1, want);
    *out = NULL;
    if (st != MC_OK)
        return st;
    int trips = c->info->redis_round_trips;
    int calls = c->info->store_calls;
    unsigned flags = c->info->flags;
    *c->info = it.info;
    c->info->redis_round_trips = trips;
    c->info->store_calls = calls;
    c->info->flags |= flags;
    *out = it.doc;
    return it.status;
}
