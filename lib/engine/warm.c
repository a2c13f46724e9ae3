/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: loading ahead of traffic, by the ordinary read path, page by page. Refuses: a way of its own into Redis. */
#include "engine/engine.h"

#include <stdlib.h>

#define PAGE 200
#define BUILD_PATIENCE_MS 120000

typedef struct warming {
    mci_call *c;
    mci_coll *coll;
    mc_progress p;
    mc_progress_fn progress;
    void *user;
    int64_t t0_ns;
    int64_t told_ns;
    int64_t loaded;
} warming;

static mc_status tell(warming *w, int last)
{
    int64_t now = mci_now_ns();
    if (w->progress == NULL || (!last && now - w->told_ns < 200000000))
        return MC_OK;
    w->told_ns = now;
    w->p.elapsed_ms = (now - w->t0_ns) / 1000000;
    if (w->progress(&w->p, w->user) == 0)
        return MC_OK;
    return mci_fail(w->c->err, MC_E_ABORT, MC_TIER_NONE, "stopped by the progress callback");
}

/* Stands in for a progress callback: a build with one has a deadline for each page, not for the whole. */
static int nobody(const mc_progress *p, void *user)
{
    (void)p;
    (void)user;
    return 0;
}

static mc_status load_page(warming *w, char **ids, size_t n)
{
    mci_item items[PAGE] = {0};
    for (size_t i = 0; i < n; i++)
        items[i].id = ids[i];
    mc_status st = mci_read_many(w->c, w->coll, items, n, MCI_WANT_FIELDS);
    for (size_t i = 0; i < n; i++) {
        if (st == MC_OK && items[i].status < 0)
            st = items[i].status;
        if (items[i].info.cache == MC_CACHE_BYPASS && st == MC_OK)
            st = w->c->err != NULL && w->c->err->code < 0 ? w->c->err->code : MC_E_CACHE;
        w->loaded += (items[i].info.flags & MC_FLAG_FILLED) != 0;
        mci_doc_unref(items[i].doc);
    }
    w->p.done += (int64_t)n;
    return st;
}

static mc_status all_pages(warming *w, int64_t limit)
{
    mci_store *s = w->c->e->store;
    char *after = NULL;
    mc_status st = MC_OK;
    size_t n = 0;
    do {
        char *ids[PAGE];
        size_t want = limit > 0 && limit - w->p.done < PAGE ? (size_t)(limit - w->p.done) : PAGE;
        n = 0;
        w->c->dl = mci_deadline_in(w->c->e->set.call_timeout_ms);
        int64_t t0 = mci_now_ns();
        st = s->ops->scan_ids(s, w->coll->spec, after, want, mci_store_deadline(w->c), ids, &n, w->c->err);
        (void)mci_store_done(w->c, t0, st);
        if (st == MC_OK && n > 0)
            st = load_page(w, ids, n);
        free(after);
        after = NULL;
        for (size_t i = 0; i < n; i++) {
            if (i + 1 == n)
                after = ids[i];
            else
                free(ids[i]);
        }
        if (st == MC_OK)
            st = tell(w, n < want || (limit > 0 && w->p.done >= limit));
        if (n < want)
            break;
    } while (st == MC_OK && (limit == 0 || w->p.done < limit));
    free(after);
    return st;
}

static int is_there(mci_call *c, const mci_derived *d)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "ZRANGE", 4);
    mci_arg_str(&b, d->name);
    mci_arg_int(&b, 0);
    mci_arg_int(&b, 0);
    mci_cmd(&b, "GET", 2);
    mci_arg_str(&b, c->e->epoch_key);
    int64_t epoch = 0;
    int there = mci_call_exec(c, &b) == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 1), &epoch) == 0 &&
                mci_derived_is_whole(mci_batch_reply(&b, 0), epoch);
    mci_batch_free(&b);
    return there;
}

/* Build it, or wait until the process that builds it has done so (or has left it to us). */
static mc_status build_or_wait(warming *w, const mci_derived *d)
{
    int64_t give_up = mci_deadline_in(BUILD_PATIENCE_MS);
    w->p.stage = d->geo ? "geo" : "board";
    w->p.total = -1;
    for (;;) {
        w->c->dl = mci_deadline_in(w->c->e->set.call_timeout_ms);
        mc_status st = mci_build(w->c, w->coll, d, w->progress != NULL ? w->progress : nobody, w->user);
        if (st != MC_NOT_FOUND || is_there(w->c, d))
            return st == MC_NOT_FOUND ? MC_OK : st;
        st = tell(w, 0);
        if (st != MC_OK)
            return st;
        if (mci_now_ns() > give_up)
            return mci_fail(w->c->err, MC_E_TIMEOUT, MC_TIER_REDIS, "another process is building %s and does not finish",
                            d->name);
        mci_sleep_ms(50, MCI_NO_DEADLINE);
    }
}

mc_status mci_warm(mci_call *c, mci_coll *coll, int values, const mci_derived *d, int64_t limit, mc_progress_fn progress,
                   void *user, int64_t *loaded)
{
    if (!mci_reads_redis(c->e))
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_NONE, "read.tiers leaves Redis out: there is nothing to warm");
    warming w = {.c = c, .coll = coll, .progress = progress, .user = user, .t0_ns = mci_now_ns()};
    if (d != NULL && d->name[0] != '\0') {
        mc_status st = build_or_wait(&w, d);
        if (st != MC_OK)
            return st;
    }
    if (!values)
        return MC_OK;
    w.p.stage = coll->spec->name;
    w.p.total = -1;
    if (c->e->store->ops->scan_ids == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    if (c->e->store->ops->count != NULL &&
        c->e->store->ops->count(c->e->store, coll->spec, mci_deadline_in(c->e->set.store_timeout_ms), &w.p.total, NULL) !=
            MC_OK)
        w.p.total = -1;
    if (limit > 0 && (w.p.total < 0 || w.p.total > limit))
        w.p.total = limit;
    mc_status st = all_pages(&w, limit);
    *loaded += w.loaded;
    return st;
}
