/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: nearest documents to a point. While the geo set is whole Redis finds candidates; the store is scanned otherwise. Distances
 * are those of the documents' own coordinates either way, so that both give the same answer. Refuses: rows without a document, and places that a geo set could not hold.
 */
#include "engine/geo_search.h"
#include "engine/rows.h"

#include "engine/sphere.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define ATTEMPTS 4

/* Where a document says it is; 1, or 0 when it has no place that a geo set could hold. */
static int place(const mci_coll *coll, const mci_doc *d, const mci_circle *where, mci_row *row)
{
    if (!mci_doc_number(d, (size_t)coll->spec->lon_field, &row->lon) ||
        !mci_doc_number(d, (size_t)coll->spec->lat_field, &row->lat))
        return 0;
    double lon = row->lon;
    double lat = row->lat;
    if (!mci_sphere_hold(&lon, &lat))
        return 0;
    row->score = mci_sphere_distance(where->lon, where->lat, row->lon, row->lat);
    return row->score <= where->radius_m;
}

/* ---- Redis -------------------------------------------------------------------------------------------------------- */

static mci_near_state from_redis(mci_call *c, mci_coll *coll, const mci_circle *where, size_t count, mci_row *rows,
                                 size_t *n, mc_status *st)
{
    size_t wanted = count + 1; /* of equal distances the right one is to be chosen */
    size_t found = 0;
    size_t ghosts = 0;
    mci_row *candidates = calloc(wanted, sizeof *candidates);
    if (candidates == NULL) {
        *st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        return MCI_NEAR_FAILED;
    }
    mci_near_state state = mci_geo_search(c, coll, where, wanted, candidates, &found, st);
    if (state == MCI_NEAR_OK) {
        c->info->tier = MC_TIER_REDIS;
        c->info->cache = MC_CACHE_HIT;
        *st = mci_rows_load(c, coll, candidates, &found, &ghosts);
        for (size_t i = 0; *st == MC_OK && i < found; i++) {
            mci_row row = {.doc = candidates[i].doc, .id = candidates[i].id};
            if (place(coll, row.doc, where, &row) && mci_nearest_insert(rows, n, count, &row) != 0)
                *st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
        }
        state = *st < 0 ? MCI_NEAR_FAILED : ghosts > 0 ? MCI_NEAR_AGAIN : MCI_NEAR_OK;
    }
    mci_rows_free(candidates, found);
    free(candidates);
    return state;
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

static mc_status from_store(mci_call *c, mci_coll *coll, const mci_circle *where, size_t count, int usable, mci_row *rows,
                            size_t *n)
{
    mci_store *s = c->e->store;
    mci_doc *docs[PAGE];
    char *after = NULL;
    mc_status st = MC_OK;
    mc_error err = {0};
    if (s->ops->scan == NULL)
        return mci_fail(c->err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this store cannot be scanned");
    do {
        size_t got = 0;
        char *last = NULL;
        int64_t t0 = mci_now_ns();
        st = s->ops->scan(s, coll->spec, after, PAGE, mci_store_deadline(c), docs, &got, &last, &err);
        (void)mci_store_done(c, t0, st);
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
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c->e, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    for (size_t i = 0; st == MC_OK && i < *n && mci_reads_redis(c->e); i++)
        mci_saw_past_redis(c, coll, 0, rows[i].id);
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
    int usable = mci_reads_redis(c->e) && !mci_recover_lists(c, coll);
    mci_near_state state = usable ? MCI_NEAR_AGAIN : MCI_NEAR_STORE;
    mc_status st = MC_OK;
    for (int i = 0; i < ATTEMPTS && state == MCI_NEAR_AGAIN; i++) {
        mci_rows_free(rows, *n);
        *n = 0;
        state = from_redis(c, coll, &where, count, rows, n, &st);
    }
    if (state == MCI_NEAR_STORE || state == MCI_NEAR_AGAIN) {
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
