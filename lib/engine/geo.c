/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: nearest documents to a point: GEOSEARCH while the geo set is whole, else a scan of the store with the same formula.
 * Refuses: a geo set without its mark (not whole), and rows without a document.
 */
#include "engine/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EARTH_M 6372797.560856 /* the radius Redis computes with */
#define PAGE 500
#define ATTEMPTS 4

static void search_cmd(mci_batch *b, const mci_coll *coll, double lon, double lat, double radius_m, size_t count)
{
    mci_cmd(b, "GEOSEARCH", 13);
    mci_arg_str(b, coll->geo.name);
    mci_arg_str(b, "FROMLONLAT");
    mci_arg_double(b, lon);
    mci_arg_double(b, lat);
    mci_arg_str(b, "BYRADIUS");
    mci_arg_double(b, radius_m);
    mci_arg_str(b, "m");
    mci_arg_str(b, "ASC");
    mci_arg_str(b, "COUNT");
    mci_arg_int(b, (int64_t)count + 1); /* the mark may be among them */
    mci_arg_str(b, "WITHDIST");
    mci_arg_str(b, "WITHCOORD");
}

/* One element of GEOSEARCH: member, distance, (lon, lat). */
static int take_row(const mci_reply *r, mci_row *row)
{
    const mci_reply *id = mci_reply_item(r, 0);
    const mci_reply *at = mci_reply_item(r, 2);
    if (id == NULL || id->type != MCI_REPLY_STRING || id->len == 0 || id->u.str[0] == '!' ||
        mci_reply_double(mci_reply_item(r, 1), &row->score) != 0 || mci_reply_double(mci_reply_item(at, 0), &row->lon) != 0 ||
        mci_reply_double(mci_reply_item(at, 1), &row->lat) != 0)
        return 0;
    row->id = strdup(id->u.str);
    return row->id != NULL;
}

typedef enum near_state { NEAR_OK, NEAR_AGAIN, NEAR_STORE, NEAR_FAILED } near_state;

static near_state from_redis(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
                             size_t *n, mc_status *st)
{
    mci_batch b;
    near_state state = NEAR_STORE;
    mci_batch_init(&b);
    search_cmd(&b, coll, lon, lat, radius_m, count);
    mci_cmd(&b, "ZRANGE", 4);
    mci_arg_str(&b, coll->geo.name);
    mci_arg_int(&b, 0);
    mci_arg_int(&b, 0);
    mci_cmd(&b, "GET", 2);
    mci_arg_str(&b, c->e->epoch_key);
    mci_repair_cmd(c, &b, coll);
    int64_t epoch = 0;
    *st = mci_call_exec(c, &b);
    const mci_reply *found = mci_batch_reply(&b, 0);
    if (*st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 2), &epoch) == 0) {
        const mci_reply *overdue = mci_batch_reply(&b, 3);
        if (!mci_derived_is_whole(mci_batch_reply(&b, 1), epoch)) {
            mci_derived_check_type(c, &coll->geo, mci_batch_reply(&b, 1));
            state = mci_rebuild(c, coll, &coll->geo) ? NEAR_AGAIN : NEAR_STORE;
        } else if (overdue->type == MCI_REPLY_ARRAY && overdue->len > 0 && mci_repair(c, coll, overdue) > 0) {
            state = NEAR_AGAIN;
        } else if (found->type == MCI_REPLY_ARRAY) {
            for (size_t i = 0; i < found->len && *n < count; i++)
                *n += (size_t)take_row(found->u.items[i], &rows[*n]);
            size_t ghosts = 0;
            c->info->tier = MC_TIER_REDIS;
            c->info->cache = MC_CACHE_HIT;
            *st = mci_rows_load(c, coll, rows, n, &ghosts);
            state = *st < 0 ? NEAR_FAILED : ghosts > 0 ? NEAR_AGAIN : NEAR_OK;
        }
    }
    mci_batch_free(&b);
    return state;
}

static double distance(double lon1, double lat1, double lon2, double lat2)
{
    const double rad = acos(-1.0) / 180.0;
    double u = sin((lat2 - lat1) * rad / 2);
    double v = sin((lon2 - lon1) * rad / 2);
    double a = u * u + cos(lat1 * rad) * cos(lat2 * rad) * v * v;
    return 2.0 * EARTH_M * asin(sqrt(a > 1 ? 1 : a));
}

/* Keep the `count` nearest in order; insertion is cheap because most candidates are farther than the last. */
static int insert_row(mci_row *rows, size_t *n, size_t count, double dist, double lon, double lat, mci_doc *doc)
{
    if (*n == count && dist >= rows[count - 1].score)
        return 0;
    char *id = strdup(mci_doc_id(doc, NULL));
    if (id == NULL)
        return -1;
    if (*n == count) {
        mci_rows_free(&rows[count - 1], 1);
        (*n)--;
    }
    size_t at = *n;
    for (; at > 0 && rows[at - 1].score > dist; at--)
        rows[at] = rows[at - 1];
    rows[at] = (mci_row){.doc = mci_doc_ref(doc), .id = id, .score = dist, .lon = lon, .lat = lat};
    (*n)++;
    return 0;
}

static mc_status from_store(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
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
            double x = 0;
            double y = 0;
            if (st == MC_OK && mci_doc_number(docs[i], (size_t)coll->spec->lon_field, &x) &&
                mci_doc_number(docs[i], (size_t)coll->spec->lat_field, &y)) {
                double d = distance(lon, lat, x, y);
                if (d <= radius_m && insert_row(rows, n, count, d, x, y, docs[i]) != 0)
                    st = mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
            }
            mci_doc_unref(docs[i]);
        }
    } while (st == MC_OK && after != NULL);
    free(after);
    c->info->tier = MC_TIER_STORE;
    c->info->cache = c->info->flags & MC_FLAG_REDIS_DOWN ? MC_CACHE_BYPASS : MC_CACHE_MISS;
    if (st != MC_OK) {
        mci_rows_free(rows, *n);
        *n = 0;
        if (c->err != NULL)
            *c->err = err;
    }
    return st;
}

mc_status mci_geo_near(mci_call *c, mci_coll *coll, double lon, double lat, double radius_m, size_t count, mci_row *rows,
                       size_t *n)
{
    *n = 0;
    if (count == 0)
        return MC_OK;
    memset(rows, 0, count * sizeof *rows);
    near_state state = NEAR_AGAIN;
    mc_status st = MC_OK;
    for (int i = 0; i < ATTEMPTS && state == NEAR_AGAIN; i++) {
        mci_rows_free(rows, *n);
        *n = 0;
        state = from_redis(c, coll, lon, lat, radius_m, count, rows, n, &st);
    }
    if (state == NEAR_STORE || state == NEAR_AGAIN) {
        mci_rows_free(rows, *n);
        *n = 0;
        st = from_store(c, coll, lon, lat, radius_m, count, rows, n);
    }
    for (size_t i = 0; i < *n; i++)
        rows[i].rank = (int64_t)i;
    return st;
}
