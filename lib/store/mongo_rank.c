/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: ranks of documents in MongoDB: the order is by rank field, descending, then by id, descending. Refuses: counting what a board
 * would not show (a rank that is not a finite number, an id of another type).
 */
#include "base/error.h"
#include "store/mongo_bson.h"
#include "store/mongo_ops.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* The rank is a finite number, and not an array that holds one; the id is of our kind. */
static bool top_filter(const mci_spec *spec, const char *path, bson_t *filter)
{
    static const char *const numbers[] = {"int", "long", "double", "decimal", NULL};
    static const char *const array[] = {"array", NULL};
    static const char *const id_types[3][3] = {
        {"objectId", NULL, NULL}, {"string", NULL, NULL}, {"objectId", "string", NULL}};
    bson_t rank;
    bson_t inner;
    return BSON_APPEND_DOCUMENT_BEGIN(filter, path, &rank) && BSON_APPEND_DOUBLE(&rank, "$gte", -DBL_MAX) &&
           BSON_APPEND_DOUBLE(&rank, "$lte", DBL_MAX) && mci_mongo_append_types(&rank, numbers) &&
           BSON_APPEND_DOCUMENT_BEGIN(&rank, "$not", &inner) && mci_mongo_append_types(&inner, array) &&
           bson_append_document_end(&rank, &inner) && bson_append_document_end(filter, &rank) &&
           BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &inner) && mci_mongo_append_types(&inner, id_types[spec->id_kind]) &&
           bson_append_document_end(filter, &inner);
}

static bool top_options(const mci_mongo_op *o, const char *path, int64_t offset, size_t limit, bson_t *opts)
{
    bson_t sort;
    return BSON_APPEND_DOCUMENT_BEGIN(opts, "sort", &sort) && BSON_APPEND_INT32(&sort, path, -1) &&
           BSON_APPEND_INT32(&sort, "_id", -1) && bson_append_document_end(opts, &sort) &&
           BSON_APPEND_INT64(opts, "skip", offset) && BSON_APPEND_INT64(opts, "limit", (int64_t)limit) &&
           BSON_APPEND_INT32(opts, "batchSize", (int32_t)(limit < 10000 ? limit + 1 : 10000)) &&
           mci_mongo_append_projection(opts, path) && BSON_APPEND_INT64(opts, "maxTimeMS", mci_mongo_left_ms(o));
}

static mc_status top_rows(mci_mongo_op *o, mongoc_cursor_t *cursor, const char *path, size_t limit, mci_ranked_id *out,
                          size_t *n)
{
    const bson_t *doc;
    const bson_t *reply = NULL;
    bson_error_t e;
    bson_iter_t it;
    char oid[25];
    const char *id;
    size_t len;
    while (*n < limit && mongoc_cursor_next(cursor, &doc)) {
        if (!bson_iter_init_find(&it, doc, "_id") || mci_bson_id(o->spec, &it, oid, &id, &len) != 0 ||
            !mci_bson_number(doc, path, &out[*n].score))
            continue;
        out[*n].id = strdup(id);
        if (out[*n].id == NULL)
            return mci_mongo_nomem(o);
        (*n)++;
    }
    return mongoc_cursor_error_document(cursor, &e, &reply) ? mci_mongo_failed(o, &e, reply) : MC_OK;
}

mc_status mci_mongo_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                        mci_ranked_id *out, size_t *n, mc_error *err)
{
    mci_mongo_op o;
    bson_t filter = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;
    *n = 0;
    if (spec->rank_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "mongodb top: collection %s has no rank", spec->name);
    if (limit == 0)
        return MC_OK; /* to MongoDB a limit of 0 is none */
    const char *path = spec->fields[spec->rank_field].path;
    mc_status st = mci_mongo_begin(&o, s, spec, "top", 0, dl, err);
    if (st != MC_OK)
        return st;
    if (!top_filter(spec, path, &filter) || !top_options(&o, path, offset, limit, &opts)) {
        st = mci_mongo_nomem(&o);
    } else {
        do {
            mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(o.coll, &filter, &opts, o.s->watch.primary);
            st = top_rows(&o, cursor, path, limit, out, n);
            mongoc_cursor_destroy(cursor);
            while (st != MC_OK && *n > 0)
                free(out[--*n].id);
        } while (mci_mongo_again(&o, &st));
    }
    bson_destroy(&filter);
    bson_destroy(&opts);
    return mci_mongo_end(&o, st);
}

/* The documents that a board shows before this one. It is not before itself: a decimal never equals the double of the same text. */
static bool before_filter(const mci_spec *spec, const char *path, const char *id, double score, bson_t *filter)
{
    bson_t both;
    bson_t part;
    bson_t either;
    bson_t one;
    bson_t above;
    bool ok = BSON_APPEND_ARRAY_BEGIN(filter, "$and", &both) && BSON_APPEND_DOCUMENT_BEGIN(&both, "0", &part) &&
              top_filter(spec, path, &part) && bson_append_document_end(&both, &part) &&
              BSON_APPEND_DOCUMENT_BEGIN(&both, "1", &part) && BSON_APPEND_DOCUMENT_BEGIN(&part, "_id", &one) &&
              mci_bson_append_id(spec, &one, "$ne", id) == 0 && bson_append_document_end(&part, &one) &&
              BSON_APPEND_ARRAY_BEGIN(&part, "$or", &either);
    ok = ok && BSON_APPEND_DOCUMENT_BEGIN(&either, "0", &one) && BSON_APPEND_DOCUMENT_BEGIN(&one, path, &above) &&
         BSON_APPEND_DOUBLE(&above, "$gt", score) && bson_append_document_end(&one, &above) &&
         bson_append_document_end(&either, &one);
    ok = ok && BSON_APPEND_DOCUMENT_BEGIN(&either, "1", &one) && BSON_APPEND_DOUBLE(&one, path, score) &&
         BSON_APPEND_DOCUMENT_BEGIN(&one, "_id", &above) && mci_bson_append_id(spec, &above, "$gt", id) == 0 &&
         bson_append_document_end(&one, &above) && bson_append_document_end(&either, &one);
    return ok && bson_append_array_end(&part, &either) && bson_append_document_end(&both, &part) &&
           bson_append_array_end(filter, &both);
}

static mc_status rank_once(mci_mongo_op *o, const char *id, int64_t *rank, double *score)
{
    mci_doc *d = NULL;
    bson_error_t e;
    bson_t reply = BSON_INITIALIZER;
    bson_t filter = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;
    mc_status st = mci_mongo_find_one(o, id, &d);
    if (st == MC_OK && !mci_doc_number(d, (size_t)o->spec->rank_field, score))
        st = MC_NOT_FOUND;
    mci_doc_unref(d);
    if (st == MC_OK && (!before_filter(o->spec, o->spec->fields[o->spec->rank_field].path, id, *score, &filter) ||
                        !BSON_APPEND_INT64(&opts, "maxTimeMS", mci_mongo_left_ms(o))))
        st = mci_mongo_nomem(o);
    if (st == MC_OK) {
        bson_destroy(&reply);
        *rank = mongoc_collection_count_documents(o->coll, &filter, &opts, o->s->watch.primary, &reply, &e);
        if (*rank < 0)
            st = mci_mongo_failed(o, &e, &reply);
    }
    bson_destroy(&reply);
    bson_destroy(&filter);
    bson_destroy(&opts);
    return st;
}

mc_status mci_mongo_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                         mc_error *err)
{
    mci_mongo_op o;
    if (spec->rank_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "mongodb rank: collection %s has no rank", spec->name);
    mc_status st = mci_mongo_begin(&o, s, spec, "rank", 0, dl, err);
    if (st != MC_OK)
        return st;
    do
        st = rank_once(&o, id, rank, score);
    while (mci_mongo_again(&o, &st));
    return mci_mongo_end(&o, st);
}
