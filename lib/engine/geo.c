/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: nearest documents to a point: GEOSEARCH while the geo set is whole, else a scan of the store with the same formula.
 * Refuses: a geo set without its mark (not whole), and rows without a document.
 */
#include "engine/rows.h"

#include "engine/identity.h"
#include "engine/sphere.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define ATTEMPTS 4

/* Keep the `count` nearest in order (the id is copied, the document referred to); insertion is cheap because most candidates are farther than the last. */
static int insert_row(mci_row *rows, size_t *n, size_t count, const mci_row *row)
{
    if (*n == count && row->score >= rows[count - 1].score)
        return 0;
    char *id = strdup(row->id);
    if (id == NULL)
        return -1;
    if (*n == count) {
        mci_rows_free(&rows[count - 1], 1);
        (*n)--;
    }
    size_t at = *n;
    for (; at > 0 && rows[at - 1].score > row->score; at--)
        rows[at] = rows[at - 1];
    rows[at] = *row;
    rows[at].id = id;
    rows[at].doc = row->doc != NULL ? mci_doc_ref(row->doc) : NULL;
    (*n)++;
    return 0;
}

typedef struct circle {
    double lon, lat, radius_m;
    int wraps; /* GEOSEARCH would leave members out: take the whole set and measure here */
} circle;

static void search_cmd(mci_batch *b, const mci_coll *coll, const circle *where, size_t count)
{
    if (where->wraps) {
        mci_cmd(b, "ZRANGE", 5);
        mci_arg_str(b, coll->geo.name);
        mci_arg_int(b, 0);
        mci_arg_int(b, -1);
        mci_arg_str(b, "WITHSCORES");
        return;
    }
    mci_cmd(b, "GEOSEARCH", 13);
    mci_arg_str(b, coll->geo.name);
    mci_arg_str(b, "FROMLONLAT");
    mci_arg_double(b, where->lon);
    mci_arg_double(b, where->lat);
    mci_arg_str(b, "BYRADIUS");
    mci_arg_double(b, where->radius_m);
    mci_arg_str(b, "m");
    mci_arg_str(b, "ASC");
    mci_arg_str(b, "COUNT");
    mci_arg_int(b, (int64_t)count + 1); /* the mark may be among them */
    mci_arg_str(b, "WITHDIST");
    mci_arg_str(b, "WITHCOORD");
}

/* Others can write to the set: what is no id of ours is no row. */
static int is_id(const mci_coll *coll, const mci_reply *member)
{
    char checked[MCI_ID_CAP];
    return mci_id_check(coll->spec->id_kind, member->u.str, member->len, checked, "id", NULL) == MC_OK;
}

/* One element of GEOSEARCH: member, distance, (lon, lat). 1: a row; 0: none (the mark); -1: memory is short. */
static int take_row(const mci_coll *coll, const mci_reply *r, mci_row *row)
{
    const mci_reply *id = mci_reply_item(r, 0);
    const mci_reply *at = mci_reply_item(r, 2);
    if (id == NULL || id->type != MCI_REPLY_STRING || id->len == 0 || (id->u.str[0] == '!' && id->u.str[1] == ' ') ||
        mci_reply_double(mci_reply_item(r, 1), &row->score) != 0 ||
        mci_reply_double(mci_reply_item(at, 0), &row->lon) != 0 || mci_reply_double(mci_reply_item(at, 1), &row->lat) != 0 ||
        !is_id(coll, id))
        return 0;
    row->id = strdup(id->u.str);
    return row->id != NULL ? 1 : -1;
}

/* 0, or -1 when memory is short. */
static int measure(const mci_coll *coll, const mci_reply *all, const circle *where, size_t count, mci_row *rows, size_t *n)
{
    for (size_t i = 0; i + 1 < all->len; i += 2) {
        const mci_reply *id = all->u.items[i];
        double score = 0;
        if (id->type != MCI_REPLY_STRING || id->len == 0 || (id->u.str[0] == '!' && id->u.str[1] == ' ') ||
            mci_reply_double(all->u.items[i + 1], &score) != 0 || !is_id(coll, id))
            continue;
        mci_row row = {.id = (char *)(uintptr_t)id->u.str};
        mci_sphere_decode(score, &row.lon, &row.lat);
        row.score = mci_sphere_distance(where->lon, where->lat, row.lon, row.lat);
        if (row.score <= where->radius_m && insert_row(rows, n, count, &row) != 0)
            return -1;
    }
    return 0;
}

/* 0, or -1 when memory is short. */
static int take_page(const mci_coll *coll, const mci_reply *found, const circle *where, size_t count, mci_row *rows,
                     size_t *n)
{
    if (where->wraps)
        return measure(coll, found, where, count, rows, n);
    for (size_t i = 0; i < found->len && *n < count; i++) {
        int took = take_row(coll, found->u.items[i], &rows[*n]);
        if (took < 0)
            return -1;
        *n += (size_t)took;
    }
    return 0;
}

typedef enum near_state { NEAR_OK, NEAR_AGAIN, NEAR_STORE, NEAR_FAILED } near_state;

static near_state from_redis(mci_call *c, mci_coll *coll, const circle *where, size_t count, mci_row *rows, size_t *n,
                             mc_status *st)
{
    mci_batch b;
    near_state state = NEAR_STORE;
    mci_batch_init(&b);
    search_cmd(&b, coll, where, count);
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
    for (size_t i = 0; i < 2 && *st == MC_OK; i++)
        if (mci_reply_too_big(
                mci_batch_reply(&b, i))) /* and it took the epoch along: the store answers, the next call builds */
            mci_derived_check_type(c, &coll->geo, mci_batch_reply(&b, i));
    if (*st == MC_OK && mci_reply_epoch(mci_batch_reply(&b, 2), &epoch) == 0 && mci_identity_holds(c, &epoch)) {
        const mci_reply *overdue = mci_batch_reply(&b, 3);
        mci_repair_state repair = MCI_REPAIR_CLEAN;
        if (!mci_derived_is_whole(mci_batch_reply(&b, 1), epoch)) {
            mci_derived_check_type(c, &coll->geo, mci_batch_reply(&b, 1));
            state = mci_rebuild(c, coll, &coll->geo) ? NEAR_AGAIN : NEAR_STORE;
        } else if ((repair = mci_repair(c, coll, overdue)) != MCI_REPAIR_CLEAN) {
            state = repair == MCI_REPAIR_DONE ? NEAR_AGAIN : NEAR_STORE;
        } else if (found->type == MCI_REPLY_ARRAY) {
            size_t ghosts = 0;
            c->info->tier = MC_TIER_REDIS;
            c->info->cache = MC_CACHE_HIT;
            *st = take_page(coll, found, where, count, rows, n) == 0
                      ? mci_rows_load(c, coll, rows, n, &ghosts)
                      : mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
            state = *st < 0 ? NEAR_FAILED : ghosts > 0 ? NEAR_AGAIN : NEAR_OK;
        }
    }
    mci_batch_free(&b);
    return state;
}

static mc_status from_store(mci_call *c, mci_coll *coll, const circle *where, size_t count, int usable, mci_row *rows,
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
                mci_row row = {.doc = docs[i], .id = (char *)(uintptr_t)mci_doc_id(docs[i], NULL), .lon = x, .lat = y};
                row.score = mci_sphere_distance(where->lon, where->lat, x, y);
                if (row.score <= where->radius_m && insert_row(rows, n, count, &row) != 0)
                    st = mci_fail(&err, MC_E_NOMEM, MC_TIER_NONE, "no memory for rows");
            }
            mci_doc_unref(docs[i]);
        }
    } while (st == MC_OK && after != NULL);
    free(after);
    c->info->tier = MC_TIER_STORE;
    c->info->cache = mci_store_outcome(c->e, usable && !(c->info->flags & MC_FLAG_REDIS_DOWN));
    for (size_t i = 0; st == MC_OK && i < *n && mci_reads_redis(c->e); i++)
        mci_saw_past_redis(c, coll, 0, rows[i].id);
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
    circle where = {lon, lat, radius_m, mci_sphere_wraps(lon, lat, radius_m)};
    int usable = mci_reads_redis(c->e) && !mci_recover_lists(c, coll);
    near_state state = usable ? NEAR_AGAIN : NEAR_STORE;
    mc_status st = MC_OK;
    for (int i = 0; i < ATTEMPTS && state == NEAR_AGAIN; i++) {
        mci_rows_free(rows, *n);
        *n = 0;
        state = from_redis(c, coll, &where, count, rows, n, &st);
    }
    if (state == NEAR_STORE || state == NEAR_AGAIN) {
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
