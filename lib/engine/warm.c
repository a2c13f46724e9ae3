/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: loading ahead of traffic, page by page, and reporting progress. Refuses: a way of its own into the cache. */
#include "engine/warm.h"

#include "engine/freshness.h"
#include "engine/read.h"
#include "engine/source.h"

#include <stdlib.h>

#define PAGE 256 /* as many go to Redis in four commands */
#define REPORT_NS INT64_C(200000000)

void mci_progress_begin(mci_progress *p, mc_progress_fn fn, void *user)
{
    *p = (mci_progress){.p.total = -1, .fn = fn, .user = user, .began_ns = mci_now_ns()};
}

mc_status mci_progress_report(mci_progress *p, int last, mc_error *err)
{
    int64_t now = mci_now_ns();
    if (p->fn == NULL || (!last && now - p->last_ns < REPORT_NS))
        return MC_OK;
    p->last_ns = now;
    p->p.elapsed_ms = (now - p->began_ns) / 1000000;
    if (p->fn(&p->p, p->user) == 0)
        return MC_OK;
    return mci_fail(err, MC_E_ABORT, MC_TIER_NONE, "stopped by the progress callback");
}

typedef struct warming {
    mci_call *c;
    mci_coll *coll;
    mci_progress *progress;
    int64_t loaded;
} warming;

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
    w->progress->p.done += (int64_t)n;
    return st;
}

static mc_status all_pages(warming *w, int64_t limit)
{
    mci_progress *p = w->progress;
    w->c->waits_for_fills = 1; /* they are counted */
    char *after = NULL;
    mc_status st = MC_OK;
    size_t n = 0;
    do {
        char *ids[PAGE];
        size_t want = limit > 0 && limit - p->p.done < PAGE ? (size_t)(limit - p->p.done) : PAGE;
        w->c->dl = mci_deadline_in(mci_call_timeout_ms(w->c)); /* long calls have a deadline for each step */
        st = mci_source_scan_ids(w->c, w->coll, after, want, ids, &n, w->c->err);
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
            st = mci_progress_report(p, n < want || (limit > 0 && p->p.done >= limit), w->c->err);
        if (n < want)
            break;
    } while (st == MC_OK && (limit == 0 || p->p.done < limit));
    free(after);
    return st;
}

mc_status mci_warm_values(mci_call *c, mci_coll *coll, int64_t limit, mci_progress *progress, int64_t *loaded)
{
    warming w = {.c = c, .coll = coll, .progress = progress};
    progress->p.stage = coll->spec->name;
    progress->p.done = 0;
    progress->p.total = mci_source_count(c, coll);
    if (limit > 0 && (progress->p.total < 0 || progress->p.total > limit))
        progress->p.total = limit;
    mc_status st = all_pages(&w, limit);
    *loaded += w.loaded;
    return st;
}
