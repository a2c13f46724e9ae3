/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: loading ahead of traffic, by the ordinary read path, page by page. Refuses: a way of its own into Redis. */
#include "engine/engine.h"

#include <stdlib.h>

#define PAGE 200

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

mc_status mci_warm(mci_call *c, mci_coll *coll, int values, const mci_derived *d, int64_t limit, mc_progress_fn progress,
                   void *user, int64_t *loaded)
{
    mc_status st = MC_OK;
    if (d != NULL && d->name[0] != '\0') {
        c->dl = mci_deadline_in(c->e->set.call_timeout_ms);
        mc_progress_fn none = NULL;
        st = mci_build(c, coll, d, progress != NULL ? progress : none, user);
        if (st == MC_NOT_FOUND) /* another process is at it */
            st = MC_OK;
    }
    if (st != MC_OK || !values)
        return st;
    warming w = {.c = c, .coll = coll, .progress = progress, .user = user, .t0_ns = mci_now_ns()};
    w.p.stage = coll->spec->name;
    w.p.total = -1;
    if (c->e->store->ops->scan_ids == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    if (c->e->store->ops->count != NULL &&
        c->e->store->ops->count(c->e->store, coll->spec, mci_deadline_in(c->e->set.store_timeout_ms), &w.p.total, NULL) != MC_OK)
        w.p.total = -1;
    if (limit > 0 && (w.p.total < 0 || w.p.total > limit))
        w.p.total = limit;
    st = all_pages(&w, limit);
    *loaded += w.loaded;
    return st;
}
