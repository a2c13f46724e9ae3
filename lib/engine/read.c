/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the cache-aside read of one or many ids. The way of an item: ask the value (one exchange for all; left out where
 * nothing is found anyway) -> settled, or ask for a lease (one exchange) -> settled, load and fill, load only, join a load of this process, or wait for another process.
 * Refuses: handing out what does not decode.
 */
#include "engine/read.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/identity.h"
#include "engine/load.h"
#include "engine/recover.h"
#include "engine/refused.h"

#include <stdlib.h>
#include <string.h>

#define MISSES_IN_A_ROW 8 /* then the next read asks for a lease at once: that finds a value as well, and costs Redis more */
#define MAX_ROUNDS 1000   /* another client keeps writing corrupt values */

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

static void all_bypass(mci_work *w, size_t n, mci_work_state from)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != from)
            continue;
        w[i].state = MCI_WORK_LOAD;
        w[i].it->info.cache = MC_CACHE_BYPASS;
        w[i].it->info.flags |= MC_FLAG_REDIS_DOWN;
    }
}

static void all_are(mci_work *w, size_t n, mci_work_state state)
{
    for (size_t i = 0; i < n; i++)
        if (w[i].first == i)
            w[i].state = state;
}

static void take_values(mci_call *c, mci_coll *coll, mci_work *w, size_t n, mci_ops *ops, int pending)
{
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != MCI_WORK_MISS)
            continue;
        mci_op_value_read *v = &ops->op[w[i].op].u.value_read;
        if (pending && mci_recovery_has(&c->e->recovery, mci_coll_number(c->e, coll), 0, w[i].it->id)) {
            /* Written by this handle while the cache was away, and not dropped from it yet: it may be stale for this id. */
            w[i].state = MCI_WORK_LOAD;
            w[i].it->info.cache = MC_CACHE_BYPASS;
        } else if (mci_read_take(c, coll, w[i].it, &v->found)) {
            w[i].state = MCI_WORK_DONE;
        } else {
            mci_lease_reject(&w[i].lease, &v->found);
        }
    }
}

static void ask_values(mci_call *c, mci_coll *coll, mci_work *w, size_t n, mci_want want)
{
    int pending = mci_recover(c);
    mci_ops ops;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (w[i].first != i)
            continue;
        w[i].state = MCI_WORK_MISS;
        w[i].op = ops.n;
        mci_read_add(&ops, coll, w[i].it->id, want);
    }
    mc_status st = mci_call_run(c, &ops);
    if (st == MC_OK && ops.epoch_status != MC_OK && ops.epoch_why != NULL && c->err != NULL)
        *c->err = *ops.epoch_why;
    mci_identity_state whose = st == MC_OK && ops.epoch_status == MC_OK ? mci_identity_of(c, &ops) : MCI_IDENTITY_FOREIGN;
    if (whose == MCI_IDENTITY_FOREIGN)
        all_bypass(w, n, MCI_WORK_MISS);
    else if (whose == MCI_IDENTITY_OURS)
        take_values(c, coll, w, n, &ops, pending);
    mci_ops_free(&ops);
}

/* ---- step 2: leases ----------------------------------------------------------------------------------------------- */

static void take_lease(mci_call *c, mci_coll *coll, mci_work *w, mci_ops *ops, mci_identity_state whose)
{
    mci_op *op = &ops->op[w->op];
    if (whose == MCI_IDENTITY_FOREIGN) {
        mci_lease_lost(c, &w->lease);
        w->state = MCI_WORK_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
        return;
    }
    switch (mci_lease_take(c, &w->lease, ops, op)) {
    case MCI_LEASE_OWN:
        w->state = MCI_WORK_LOAD_FILL;
        MCI_SYNC("read:leased", w->it->id);
        break;
    case MCI_LEASE_FOUND:
        if (whose == MCI_IDENTITY_OURS && mci_read_take(c, coll, w->it, &op->u.acquire.found))
            w->state = MCI_WORK_DONE;
        else /* as bad as the one before: ask again, naming it */
            mci_lease_reject(&w->lease, &op->u.acquire.found);
        break;
    case MCI_LEASE_LOAD:
        w->state = MCI_WORK_LOAD;
        if (w->lease.quarantined) {
            w->it->info.flags |= MC_FLAG_QUARANTINED;
            mci_count(c->e->metrics, MCI_C_QUARANTINED);
        }
        break;
    case MCI_LEASE_JOIN:
        w->state = MCI_WORK_JOIN;
        break;
    case MCI_LEASE_WAIT:
        w->state = MCI_WORK_WAIT;
        break;
    default:
        w->state = MCI_WORK_LOAD;
        w->it->info.cache = MC_CACHE_BYPASS;
    }
}

static void ask_leases(mci_call *c, mci_coll *coll, mci_work *w, size_t n, mci_want want)
{
    mci_ops ops;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != MCI_WORK_MISS)
            continue;
        MCI_SYNC("read:missed", w[i].it->id);
        w[i].lease.not_before_ns = mci_seen_at(&c->e->seen, mci_coll_number(c->e, coll), 0, w[i].it->id);
        if (mci_lease_share(c, &w[i].lease)) {
            w[i].state = MCI_WORK_JOIN;
            MCI_SYNC("read:shared", w[i].it->id);
            continue;
        }
        w[i].op = ops.n;
        mci_lease_ask(c, &w[i].lease, &ops, want);
        MCI_SYNC("read:asked", w[i].it->id);
    }
    if (ops.n > 0 || ops.failed) {
        mc_status st = mci_call_run(c, &ops);
        mci_identity_state whose = st == MC_OK && ops.epoch_status == MC_OK ? mci_identity_of(c, &ops) : MCI_IDENTITY_OURS;
        for (size_t i = 0; i < n; i++) {
            if (w[i].state != MCI_WORK_MISS)
                continue;
            if (st == MC_OK)
                take_lease(c, coll, &w[i], &ops, whose);
            else
                mci_lease_lost(c, &w[i].lease);
        }
        if (st != MC_OK)
            all_bypass(w, n, MCI_WORK_MISS);
    }
    mci_ops_free(&ops);
}

/* ---- step 3: loads of others -------------------------------------------------------------------------------------- */

static void join(mci_call *c, mci_work *w)
{
    mc_status st = MC_E_TIMEOUT;
    mci_doc *doc = NULL;
    int landed = mci_lease_join(c, &w->lease, &st, &doc) == 0;
    if (landed && st >= 0) {
        mc_error none = {0};
        mci_load_settle(c, w, MC_OK, doc, &none);
        w->it->info.flags |= MC_FLAG_SHARED;
        mci_count(c->e->metrics, MCI_C_SHARED_LOADS);
        w->state = MCI_WORK_DONE;
    } else {
        mci_doc_unref(doc);
        /* What was shared did not get the lease: ask for it. The other failed: try once on our own. */
        w->state = w->lease.epoch == MCI_ANY_EPOCH && !landed ? MCI_WORK_MISS : MCI_WORK_LOAD;
    }
}

static int wait_for_others(mci_call *c, mci_work *w, size_t n)
{
    int64_t pause = 0;
    int again = 0;
    for (size_t i = 0; i < n; i++) {
        if (w[i].state == MCI_WORK_JOIN)
            join(c, &w[i]);
        if (w[i].state == MCI_WORK_WAIT) {
            int64_t own = mci_lease_pause_ms(&w[i].lease);
            pause = pause == 0 || own < pause ? own : pause;
            w[i].state = MCI_WORK_MISS;
        }
        again |= w[i].state != MCI_WORK_DONE;
    }
    if (pause > 0)
        mci_sleep_ms(pause, c->dl);
    return again;
}

/* ---- all together ------------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const mci_work *const *x = a;
    const mci_work *const *y = b;
    int d = strcmp((*x)->it->id, (*y)->it->id);
    return d != 0 ? d : (*x < *y ? -1 : *x > *y);
}

/* Each id is worked on once; its duplicates get a reference at the end. */
static int find_duplicates(mci_work *w, size_t n)
{
    if (n < 2)
        return 0;
    const mci_work **order = calloc(n, sizeof *order);
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

/* Whether the next read is likely to find something. */
static void note_outcome(mci_coll *coll, const mci_item *it)
{
    int misses = atomic_load_explicit(&coll->misses, memory_order_relaxed);
    int next = it->info.cache == MC_CACHE_MISS ? (misses < MISSES_IN_A_ROW ? misses + 1 : misses) : 0;
    if (next != misses)
        atomic_store_explicit(&coll->misses, next, memory_order_relaxed);
}

static void finish(mci_call *c, mci_coll *coll, mci_work *w, size_t n)
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
    note_outcome(coll, w[n - 1].it);
}

static void rounds(mci_call *c, mci_coll *coll, mci_work *w, size_t n, mci_want want)
{
    int cold =
        (n == 1 || c->waits_for_fills) && atomic_load_explicit(&coll->misses, memory_order_relaxed) >= MISSES_IN_A_ROW;
    if (!mci_reads_cache(c))
        all_are(w, n, MCI_WORK_LOAD); /* read.tiers leaves the cache out: no failure */
    else if (cold && !mci_recover(c))
        all_are(w, n, MCI_WORK_MISS); /* nothing is asked for that is not there anyway */
    else
        ask_values(c, coll, w, n, want);
    int again = 1;
    for (int round = 0; again; round++) {
        ask_leases(c, coll, w, n, want);
        mci_load(c, coll, w, n);
        again = wait_for_others(c, w, n);
        /* One last look into the store, which answers with a time-out itself when the deadline has passed. */
        if (again && (round >= MAX_ROUNDS || mci_deadline_left_ms(c->dl) == 0))
            for (size_t i = 0; i < n; i++)
                if (w[i].state == MCI_WORK_MISS)
                    w[i].state = MCI_WORK_LOAD;
    }
}

mc_status mci_read_many(mci_call *c, mci_coll *coll, mci_item *items, size_t n, mci_want want)
{
    if (n == 0)
        return MC_OK;
    mci_work one = {0};
    mci_work *w = n == 1 ? &one : calloc(n, sizeof *w);
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
        finish(c, coll, w, n);
    }
    if (w != &one)
        free(w);
    return ok ? MC_OK : mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu documents", n);
}

void mci_read_report(mci_call *c, const mci_item *it)
{
    int trips = c->info->redis_round_trips;
    int calls = c->info->store_calls;
    unsigned flags = c->info->flags;
    *c->info = it->info;
    c->info->redis_round_trips = trips;
    c->info->store_calls = calls;
    c->info->flags |= flags;
}

mc_status mci_read_one(mci_call *c, mci_coll *coll, const char *id, mci_want want, mci_doc **out)
{
    mci_item it = {.id = id};
    mc_status st = mci_read_many(c, coll, &it, 1, want);
    *out = NULL;
    if (st != MC_OK)
        return st;
    mci_read_report(c, &it);
    *out = it.doc;
    return it.status;
}
