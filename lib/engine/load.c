/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the load of a read: what the cache did not hold is found in the store, and put into the cache under the lease that was given.
 * Refuses: filling without a lease.
 */
#include "engine/load.h"

#include "base/syncpoint.h"
#include "engine/freshness.h"
#include "engine/refused.h"
#include "engine/source.h"

#include <stdlib.h>

void mci_load_settle(mci_call *c, mci_work *w, mc_status st, mci_doc *doc, const mc_error *err)
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

static void load_one(mci_call *c, mci_coll *coll, mci_work *w)
{
    mc_error err = {0};
    mci_doc *doc = NULL;
    mc_status st = mci_source_find(c, coll, w->it->id, &doc, &err);
    mci_load_settle(c, w, st == MC_NOT_FOUND ? MC_OK : st, doc, &err);
}

static void load_many(mci_call *c, mci_coll *coll, mci_work **list, size_t n)
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
        mci_load_settle(c, list[i], st, st == MC_OK ? docs[i] : NULL, &err);
    free(ids);
    free(docs);
}

static void add_commit(mci_call *c, const mci_coll *coll, mci_work *w, mci_ops *ops)
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
static void settle_fill(mci_call *c, mci_work *w, const mci_op_commit *k, int detached)
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
static void fill(mci_call *c, mci_coll *coll, mci_work **list, size_t n)
{
    mci_ops ops;
    int failed = 0;
    mci_ops_init(&ops);
    for (size_t i = 0; i < n; i++) {
        if (list[i]->state != MCI_WORK_LOAD_FILL)
            continue;
        MCI_SYNC("read:loaded", list[i]->it->id);
        add_commit(c, coll, list[i], &ops);
        failed |= list[i]->it->status < 0;
    }
    int refusing =
        atomic_load_explicit(&c->e->refusing, memory_order_relaxed); /* then each caller is told that it still does */
    ops.detach = !failed && !c->waits_for_fills && !refusing;
    mci_call quiet = mci_call_quiet(c);   /* a value that could not be cached is no failure of the read */
    if (mci_deadline_left_ms(c->dl) == 0) /* the store took all the time: others should not have to wait as well */
        quiet.dl = mci_deadline_in(MCI_GIVE_BACK_MS);
    int ok = (ops.n > 0 || ops.failed) && mci_call_run(&quiet, &ops) == MC_OK;
    for (size_t i = 0; i < n; i++) {
        mci_work *w = list[i];
        if (w->state != MCI_WORK_LOAD_FILL)
            continue;
        settle_fill(c, w, ok && !ops.detached ? &ops.op[w->op].u.commit : NULL, ops.detached);
    }
    mci_ops_free(&ops);
}

static void no_memory_to_load(mci_call *c, mci_work *w, size_t n)
{
    mc_error err = {0};
    (void)mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory to load %zu documents", n);
    for (size_t i = 0; i < n; i++) {
        if (w[i].state != MCI_WORK_LOAD && w[i].state != MCI_WORK_LOAD_FILL)
            continue;
        mci_load_settle(c, &w[i], MC_E_NOMEM, NULL, &err);
        mci_lease_lost(c, &w[i].lease);
        w[i].state = MCI_WORK_DONE;
    }
}

void mci_load(mci_call *c, mci_coll *coll, mci_work *w, size_t n)
{
    mci_work *one[1];
    mci_work **list = n == 1 ? one : calloc(n, sizeof *list);
    size_t m = 0;
    if (list == NULL) {
        no_memory_to_load(c, w, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (w[i].state == MCI_WORK_LOAD || w[i].state == MCI_WORK_LOAD_FILL)
            list[m++] = &w[i];
    if (m == 1)
        load_one(c, coll, list[0]);
    else if (m > 1)
        load_many(c, coll, list, m);
    if (m > 0)
        fill(c, coll, list, m);
    for (size_t i = 0; i < m; i++) {
        const mci_item *it = list[i]->it;
        list[i]->state = MCI_WORK_DONE;
        if (it->status >= 0)
            mci_was_loaded(c, coll, 0, it->id, it->info.flags & MC_FLAG_FILLED ? list[i]->lease.now_ms : 0);
    }
    if (list != one)
        free(list);
}
