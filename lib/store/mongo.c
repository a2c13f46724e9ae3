/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: reading from MongoDB. Every value goes in by a typed append, so no caller's text can become an operator; every query
 * is bracketed to the type of the collection's ids. Reads go to the primary: anything else could fill the cache with the past.
 */
#include "base/error.h"
#include "store/mongo_bson.h"
#include "store/mongo_ops.h"

#include <stdlib.h>
#include <string.h>

#define OID_MIN "000000000000000000000000"

/* ---- cursors in the order of ids ---- */

typedef struct source {
    mongoc_cursor_t *cursor;
    const bson_t *doc; /* current; NULL: not read yet, or at the end */
    char oid[25];
    const char *id;
    size_t id_len;
    int at_end;
} source;

/* Documents ascending by the text of their id. MongoDB sorts all texts before all ObjectIds, so a collection that has both is
 * read by two cursors side by side. */
typedef struct walk {
    mci_mongo_op *o;
    source src[2];
    int n;
    int taken; /* source of the last document */
} walk;

/* The least ObjectId that is above the text `after`: 0, or -1 when there is none. *inclusive: it itself is above. */
static int oid_above(const char *after, char out[25], int *inclusive)
{
    static const char digits[] = "0123456789abcdef";
    *inclusive = 1;
    for (int i = 0; i < 24; i++) {
        unsigned char c = (unsigned char)after[i]; /* not read past its end: we stop there */
        const char *d = digits;
        if (c != '\0' && strchr(digits, c) != NULL) {
            out[i] = (char)c;
            continue;
        }
        while (*d != '\0' && (unsigned char)*d < c)
            d++;
        if (*d == '\0') { /* no digit is above c: the last one that can be raised is */
            while (--i >= 0 && out[i] == 'f')
                ;
            if (i < 0)
                return -1;
            d = strchr(digits, out[i]) + 1;
        }
        memset(out + i, '0', (size_t)(24 - i));
        out[i] = *d;
        out[24] = '\0';
        return 0;
    }
    out[24] = '\0';
    *inclusive = 0;
    return 0;
}

/* {"_id": {"$gt": ...}} of one type. 0, 1 (nothing can be above) or -1. */
static int filter_id(bson_t *filter, int oids, const char *after)
{
    bson_t child;
    bson_oid_t oid;
    char hex[25] = OID_MIN;
    int inclusive = 1;
    if (oids && after != NULL && oid_above(after, hex, &inclusive) != 0)
        return 1;
    if (!oids)
        inclusive = after == NULL;
    bson_oid_init_from_string(&oid, hex);
    int ok = BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &child);
    const char *op = inclusive ? "$gte" : "$gt";
    if (ok)
        ok = oids ? BSON_APPEND_OID(&child, op, &oid) : BSON_APPEND_UTF8(&child, op, after != NULL ? after : "");
    return ok && bson_append_document_end(filter, &child) ? 0 : -1;
}

bool mci_mongo_append_projection(bson_t *opts, const char *path)
{
    bson_t child;
    return BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &child) && BSON_APPEND_INT32(&child, "_id", 1) &&
           (path == NULL || BSON_APPEND_INT32(&child, path, 1)) && bson_append_document_end(opts, &child);
}

static mongoc_cursor_t *open_source(const walk *w, int oids, const char *after, const char *alias, size_t alias_len,
                                    size_t batch, int only_ids)
{
    const mci_spec *spec = w->o->spec;
    bson_t filter = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;
    bson_t child;
    mongoc_cursor_t *cursor = NULL;
    int st = filter_id(&filter, oids, after);
    int ok = st == 0;
    if (ok && alias != NULL)
        ok = BSON_APPEND_DOCUMENT_BEGIN(&filter, spec->fields[spec->alias_field].path, &child) &&
             bson_append_utf8(&child, "$eq", -1, alias, (int)alias_len) && bson_append_document_end(&filter, &child);
    ok = ok && BSON_APPEND_DOCUMENT_BEGIN(&opts, "sort", &child) && BSON_APPEND_INT32(&child, "_id", 1) &&
         bson_append_document_end(&opts, &child) &&
         BSON_APPEND_INT32(&opts, "batchSize", (int32_t)(batch > 1000 ? 1000 : batch)) &&
         BSON_APPEND_INT64(&opts, "maxTimeMS", mci_mongo_left_ms(w->o)) &&
         (!only_ids || mci_mongo_append_projection(&opts, NULL));
    if (ok)
        cursor = mongoc_collection_find_with_opts(w->o->coll, &filter, &opts, w->o->s->watch.primary);
    bson_destroy(&filter);
    bson_destroy(&opts);
    return cursor;
}

static void walk_open(walk *w, mci_mongo_op *o, const char *after, const char *alias, size_t alias_len, size_t batch,
                      int only_ids)
{
    mci_id_kind kind = o->spec->id_kind;
    *w = (walk){.o = o};
    for (int oids = 0; oids <= 1; oids++)
        if (kind == MCI_ID_AUTO || (kind == MCI_ID_OBJECTID) == oids)
            w->src[w->n++].cursor = open_source(w, oids, after, alias, alias_len, batch == 0 ? 1 : batch, only_ids);
}

static void walk_close(walk *w)
{
    for (int i = 0; i < w->n; i++)
        mongoc_cursor_destroy(w->src[i].cursor);
}

static mc_status source_fill(const walk *w, source *s)
{
    bson_error_t e;
    const bson_t *reply = NULL;
    bson_iter_t it;
    while (s->doc == NULL && !s->at_end) {
        if (s->cursor == NULL || !mongoc_cursor_next(s->cursor, &s->doc)) {
            s->doc = NULL;
            s->at_end = 1;
            if (s->cursor != NULL && mongoc_cursor_error_document(s->cursor, &e, &reply))
                return mci_mongo_failed(w->o, &e, reply);
        } else if (!bson_iter_init_find(&it, s->doc, "_id") ||
                   mci_bson_id(w->o->spec, &it, s->oid, &s->id, &s->id_len) != 0) {
            s->doc = NULL; /* does not exist for us */
        }
    }
    return MC_OK;
}

/* The next document; it and its id live until the next call. MC_OK, MC_NOT_FOUND at the end, error. */
static mc_status walk_next(walk *w, const bson_t **doc, const char **id)
{
    w->src[w->taken].doc = NULL;
    int best = -1;
    for (int i = 0; i < w->n; i++) {
        mc_status st = source_fill(w, &w->src[i]);
        if (st != MC_OK)
            return st;
        if (w->src[i].doc != NULL && (best < 0 || strcmp(w->src[i].id, w->src[best].id) < 0))
            best = i;
    }
    if (best < 0)
        return MC_NOT_FOUND;
    w->taken = best;
    *doc = w->src[best].doc;
    *id = w->src[best].id;
    return MC_OK;
}

/* ---- reads ---- */

static mc_status op_ping(mci_store *s, mci_deadline dl, mc_error *err)
{
    mci_mongo_op o;
    bson_error_t e;
    bson_t cmd = BSON_INITIALIZER;
    mc_status st = mci_mongo_begin(&o, s, NULL, "ping", 0, dl, err);
    if (st == MC_OK) {
        BSON_APPEND_INT32(&cmd, "ping", 1);
        do {
            st = MC_OK;
            if (!mongoc_client_command_simple(o.client, o.s->database, &cmd, o.s->watch.primary, NULL, &e))
                st = mci_mongo_failed(&o, &e, NULL);
        } while (mci_mongo_again(&o, &st));
        st = mci_mongo_end(&o, st);
    }
    bson_destroy(&cmd);
    return st;
}

/* Run a query by id and hand each document found to out[] by its place in ids[]. */
typedef struct place {
    const char *id;
    size_t i;
} place;

static int by_id(const void *a, const void *b)
{
    return strcmp(((const place *)a)->id, ((const place *)b)->id);
}

static mc_status find_ids(mci_mongo_op *o, const bson_t *filter, const place *places, size_t n, mci_doc **out)
{
    bson_t opts = BSON_INITIALIZER;
    const bson_t *doc;
    const bson_t *reply = NULL;
    bson_error_t e;
    mc_status st = MC_OK;
    BSON_APPEND_INT64(&opts, "maxTimeMS", mci_mongo_left_ms(o));
    if (n == 1) {
        BSON_APPEND_INT64(&opts, "limit", 1);
        BSON_APPEND_BOOL(&opts, "singleBatch", true);
    } else {
        BSON_APPEND_INT32(&opts, "batchSize", (int32_t)(n > 1000 ? 1000 : n + 1));
    }
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(o->coll, filter, &opts, o->s->watch.primary);
    while (st == MC_OK && mongoc_cursor_next(cursor, &doc)) {
        mci_doc *d;
        st = mci_bson_decode(o->spec, doc, &d, o->err);
        if (st != MC_OK)
            break;
        place key = {.id = mci_doc_id(d, NULL)};
        const place *at = bsearch(&key, places, n, sizeof *places, by_id);
        if (at != NULL && out[at->i] == NULL)
            out[at->i] = d;
        else
            mci_doc_unref(d);
    }
    if (st == MC_OK && mongoc_cursor_error_document(cursor, &e, &reply))
        st = mci_mongo_failed(o, &e, reply);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&opts);
    return st;
}

mc_status mci_mongo_find_one(mci_mongo_op *o, const char *id, mci_doc **out)
{
    bson_t filter = BSON_INITIALIZER;
    place here = {.id = id};
    *out = NULL;
    mc_status st = MC_OK;
    if (mci_bson_append_id(o->spec, &filter, "_id", id) != 0)
        st = mci_mongo_nomem(o);
    else
        st = find_ids(o, &filter, &here, 1, out);
    bson_destroy(&filter);
    return st == MC_OK && *out == NULL ? MC_NOT_FOUND : st;
}

static mc_status op_find(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    mci_mongo_op o;
    *out = NULL;
    mc_status st = mci_mongo_begin(&o, s, spec, "find", 0, dl, err);
    if (st != MC_OK)
        return st;
    do
        st = mci_mongo_find_one(&o, id, out);
    while (mci_mongo_again(&o, &st));
    return mci_mongo_end(&o, st);
}

static int filter_in(const mci_spec *spec, bson_t *filter, const char *const *ids, size_t n)
{
    bson_t list = BSON_INITIALIZER;
    bson_t child;
    int ok = 1;
    for (size_t i = 0; i < n && ok; i++) {
        char buf[16];
        const char *key;
        (void)bson_uint32_to_string((uint32_t)i, &key, buf, sizeof buf);
        ok = mci_bson_append_id(spec, &list, key, ids[i]) == 0;
    }
    ok = ok && BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &child) && BSON_APPEND_ARRAY(&child, "$in", &list) &&
         bson_append_document_end(filter, &child);
    bson_destroy(&list);
    return ok ? 0 : -1;
}

static mc_status op_find_many(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                              mci_doc **out, mc_error *err)
{
    mci_mongo_op o;
    bson_t filter = BSON_INITIALIZER;
    if (n == 0)
        return MC_OK;
    memset(out, 0, n * sizeof(mci_doc *));
    mc_status st = mci_mongo_begin(&o, s, spec, "find", 0, dl, err);
    if (st != MC_OK)
        return st;
    place *places = calloc(n, sizeof *places);
    for (size_t i = 0; i < n && places != NULL; i++)
        places[i] = (place){.id = ids[i], .i = i};
    if (places == NULL || filter_in(spec, &filter, ids, n) != 0) {
        st = mci_mongo_nomem(&o);
    } else {
        qsort(places, n, sizeof *places, by_id);
        do
            st = find_ids(&o, &filter, places, n, out); /* what is in out[] already stays */
        while (mci_mongo_again(&o, &st));
    }
    free(places);
    bson_destroy(&filter);
    for (size_t i = 0; i < n && st != MC_OK; i++) {
        mci_doc_unref(out[i]);
        out[i] = NULL;
    }
    return mci_mongo_end(&o, st);
}

static mc_status alias_once(mci_mongo_op *o, const char *value, size_t len, mci_doc **out)
{
    const mci_spec *spec = o->spec;
    const bson_t *bson;
    const char *id;
    mc_status st;
    walk w;
    walk_open(&w, o, NULL, value, len, 4, 0);
    while ((st = walk_next(&w, &bson, &id)) == MC_OK) {
        st = mci_bson_decode(spec, bson, out, o->err);
        if (st != MC_OK)
            break;
        const char *text = mci_doc_text(*out, (size_t)spec->alias_field);
        if (text != NULL && mci_doc_val(*out, (size_t)spec->alias_field)->len == len && memcmp(text, value, len) == 0)
            break;
        mci_doc_unref(*out); /* an array that holds the text, or equal only to the collection's collation */
        *out = NULL;
    }
    walk_close(&w);
    return st;
}

static mc_status op_find_alias(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    mci_mongo_op o;
    *out = NULL;
    if (spec->alias_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "mongodb find: collection %s has no second key", spec->name);
    mc_status st = mci_mongo_begin(&o, s, spec, "find", 0, dl, err);
    if (st != MC_OK)
        return st;
    do
        st = alias_once(&o, value, len, out);
    while (mci_mongo_again(&o, &st));
    return mci_mongo_end(&o, st);
}

static mc_status scan_ids_once(mci_mongo_op *o, const char *after, size_t limit, char **ids, size_t *n)
{
    walk w;
    const bson_t *bson;
    const char *id;
    mc_status st = MC_OK;
    walk_open(&w, o, after, NULL, 0, limit, 1);
    while (*n < limit && (st = walk_next(&w, &bson, &id)) == MC_OK) {
        ids[*n] = strdup(id);
        if (ids[*n] == NULL) {
            st = mci_mongo_nomem(o);
            break;
        }
        (*n)++;
    }
    walk_close(&w);
    st = st == MC_NOT_FOUND ? MC_OK : st;
    while (st != MC_OK && *n > 0)
        free(ids[--*n]);
    return st;
}

static mc_status op_scan_ids(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl,
                             char **ids, size_t *n, mc_error *err)
{
    mci_mongo_op o;
    *n = 0;
    mc_status st = mci_mongo_begin(&o, s, spec, "scan", 0, dl, err);
    if (st != MC_OK)
        return st;
    do
        st = scan_ids_once(&o, after, limit, ids, n);
    while (mci_mongo_again(&o, &st));
    return mci_mongo_end(&o, st);
}

static mc_status scan_once(mci_mongo_op *o, const char *after, size_t limit, mci_doc **out, size_t *n, char **last)
{
    walk w;
    const bson_t *bson;
    const char *id;
    mc_status st = MC_OK;
    walk_open(&w, o, after, NULL, 0, limit, 0);
    for (size_t seen = 1; seen <= limit && (st = walk_next(&w, &bson, &id)) == MC_OK; seen++) {
        mc_status one = mci_bson_decode(o->spec, bson, &out[*n], o->err);
        if (one == MC_OK)
            (*n)++;
        else
            mci_error_clear(o->err);
        if (one == MC_E_NOMEM || (seen == limit && (*last = strdup(id)) == NULL)) {
            st = mci_mongo_nomem(o);
            break;
        }
    }
    walk_close(&w);
    st = st == MC_NOT_FOUND ? MC_OK : st;
    while (st != MC_OK && *n > 0)
        mci_doc_unref(out[--*n]);
    return st;
}

static mc_status op_scan(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                         size_t *n, char **last, mc_error *err)
{
    mci_mongo_op o;
    *n = 0;
    *last = NULL;
    mc_status st = mci_mongo_begin(&o, s, spec, "scan", 0, dl, err);
    if (st != MC_OK)
        return st;
    do
        st = scan_once(&o, after, limit, out, n, last);
    while (mci_mongo_again(&o, &st));
    return mci_mongo_end(&o, st);
}

static mc_status op_count(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err)
{
    mci_mongo_op o;
    bson_error_t e;
    bson_t opts = BSON_INITIALIZER;
    *out = 0;
    mc_status st = mci_mongo_begin(&o, s, spec, "count", 0, dl, err);
    if (st == MC_OK) {
        BSON_APPEND_INT64(&opts, "maxTimeMS", mci_mongo_left_ms(&o));
        do {
            st = MC_OK;
            *out = mongoc_collection_estimated_document_count(o.coll, &opts, o.s->watch.primary, NULL, &e);
            if (*out < 0) {
                *out = 0;
                st = mci_mongo_failed(&o, &e, NULL);
            }
        } while (mci_mongo_again(&o, &st));
        st = mci_mongo_end(&o, st);
    }
    bson_destroy(&opts);
    return st;
}

/* ---- life ---- */

static void op_close(mci_store *s)
{
    mci_mongo_free((mci_mongo *)s);
}

static const mci_store_ops ops = {
    .name = "mongodb",
    .ping = op_ping,
    .prepare = mci_mongo_prepare,
    .find = op_find,
    .find_many = op_find_many,
    .find_alias = op_find_alias,
    .insert = mci_mongo_insert,
    .update = mci_mongo_update,
    .remove = mci_mongo_remove,
    .put_many = mci_mongo_put_many,
    .scan_ids = op_scan_ids,
    .scan = op_scan,
    .top = mci_mongo_top,
    .rank = mci_mongo_rank,
    .count = op_count,
    .close = op_close,
    .missing_indexes = mci_mongo_missing_indexes,
};

mc_status mci_store_mongo_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err)
{
    mci_mongo *m;
    *out = NULL;
    mc_status st = mci_mongo_new(opt, env, &m, err);
    if (st == MC_OK) {
        m->base.ops = &ops;
        *out = &m->base;
    }
    return st;
}
