/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: nearest documents to a point. While the geo set is complete the cache finds candidates; the store is scanned otherwise. Distances
 * are those of the documents' own coordinates either way, so that both give the same answer. Refuses: rows without a document, and places
 * that a geo set could not hold.
 */
#include "index/geo.h"

#include "base/sphere.h"
#include "engine/freshness.h"
#include "engine/recover.h"
#include "engine/source.h"
#include "index/geo_search.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define ATTEMPTS 4

/* Where a document says it is; 1, or 0 when it has no place that a geo set could hold. */
static int place(const mci_coll *coll, const mci_doc *d, const mci_circle *where, mci_row *row)
{
    if (!mci_index_place(coll->geo, d).there)
        return 0;
    (void)mci_doc_number(d, (size_t)coll->geo->x_field, &row->lon);
    (void)mci_doc_number(d, (size_t)coll->geo->y_field, &row->lat);
    row->score = mci_sphere_distance(where->lon, where->lat, row->lon, row->lat);
    return row->score <= where->radius_m;
}

/* ---- the cache ---------------------------------------------------------------------------------------------------- */

static mci_belief from_cache(mci_call *c, mci_coll *coll, const mci_circle *where, size_t count, mci_row *rows, size_t *n,
                             mc_status *st)
{
    size_t wanted = count + 1; /* of equal distances the right one is to be chosen */
    size_t found = 0;
    size_t dangling = 0;
    mci_row *candidates = calloc(wanted, sizeof *candidates);
    if (candidates == NULL) {
        *st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        return MCI_BELIEVED;
    }
    mci_belief belief = mci_geo_search(c, coll, where, wanted, candidates, &found, st);
    if (belief == MCI_BELIEVED && *st == MC_OK) {
        c->info->tier = MC_TIER_REDIS;
        c->info->cache = MC_CACHE_HIT;
        *st = mci_hydrate_rows(c, coll, candidates, &found, &dangling);
        for (size_t i = 0; *st == MC_OK && i < found; i++) {
            mci_row row = {.doc = candidates[i].doc, .id = candidates[i].id};
            if (place(coll, row.doc, where, &row) && mci_nearest_insert(rows, n, count, &row) != 0)
                *st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        }
        belief = *st == MC_OK && dangling > 0 ? MCI_ASK_AGAIN : MCI_BELIEVED;
    }
    mci_rows_free(candidates, found);
    free(candidates);
    return belief;
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

static mc_status from_store(mci_call *c, mci_coll *coll, const mci_circle *where, size_t count, int usable, mci_row *rows,
                            size_t *n)
{
    mci_doc *docs[PAGE];
    char *after = NULL;
    mc_status st = MC_OK;
    mc_error err = {0};
    do {
        size_t got = 0;
        char *last = NULL;
        st = mci_source_scan(c, coll, after, PAGE, docs, &got, &last, &err);
        free(after);
        after = last;
        for (size_t i = 0; i < got; i++) {
            mci_row row = {.doc = docs[i], .id = (char *)(uintptr_t)mci_doc_id(docs[i], NULL)};
            if (st == MC_OK && place(coll, docs[i], where, &row) && mci_nearest_insert(rows, n, count, &row) != 0)
                st = mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
            mci_doc_unref(docs[i]);
        }
    } while (st == MC_OK && after != NULL);
    free(after);
    if (st == MC_E_UNSUPPORTED)
        return mci_fail(c->err, st, MC_TIER_STORE, "%s", err.text);
    c->info->tier = MC_TIER_STORE;
    c->info->age_ms = 0;
    c->info->cache = mci_store_outcome(c, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    for (size_t i = 0; st == MC_OK && i < *n; i++)
        mci_was_loaded(c, coll, 0, rows[i].id, 0);
    if (st != MC_OK && c->err != NULL)
        *c->err = err;
    return st;
}

mc_status mci_geo_near(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
                       size_t *n)
{
    *n = 0;
    if (count == 0)
        return MC_OK;
    memset(rows, 0, count * sizeof *rows);
    mci_circle where = {lon, lat, radius_m};
    int usable = mci_reads_cache(c) && !mci_recover_lists(c, coll) && !mci_lists_are_outdated(c);
    mci_belief belief = usable ? MCI_ASK_AGAIN : MCI_ASK_STORE;
    mc_status st = MC_OK;
    for (int i = 0; i < ATTEMPTS && belief == MCI_ASK_AGAIN; i++) {
        mci_rows_free(rows, *n);
        *n = 0;
        belief = from_cache(c, coll, &where, count, rows, n, &st);
    }
    if (belief != MCI_BELIEVED) {
        mci_rows_free(rows, *n);
        *n = 0;
        st = from_store(c, coll, &where, count, usable, rows, n);
    }
    if (st < 0) {
        mci_rows_free(rows, *n);
        *n = 0;
    }
    for (size_t i = 0; i < *n; i++)
        rows[i].rank = (int64_t)i;
    return st;
}
