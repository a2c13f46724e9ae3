/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: writing to MongoDB, one document by one findAndModify or insert, many by one unordered bulk. Refuses to call a write
 * failed when it may have happened: that is MC_E_UNKNOWN.
 */
#include "base/error.h"
#include "store/mongo_bson.h"
#include "store/mongo_ops.h"

#include <stdlib.h>
#include <string.h>

#define WRITE_CONFLICT 112 /* the server's code; such a write surely did not happen */

bool mci_mongo_append_types(bson_t *to, const char *const *names)
{
    bson_t list = BSON_INITIALIZER;
    bool ok = true;
    for (uint32_t i = 0; names[i] != NULL && ok; i++) {
        char buf[16];
        const char *key;
        (void)bson_uint32_to_string(i, &key, buf, sizeof buf);
        ok = BSON_APPEND_UTF8(&list, key, names[i]);
    }
    ok = ok && BSON_APPEND_ARRAY(to, "$type", &list);
    bson_destroy(&list);
    return ok;
}

/* ---- writes ---- */

/* A document with this id is there, and the driver had to send the insert twice: the first may have been carried out, its answer
 * lost, and the second met our own document. (A server that keeps to the rules of retryable writes answers the second as it did the
 * first. One that is asked again while it is still busy with the first may not.) MC_OK: the stored document is the one we sent. */
static mc_status after_repeat(mci_mongo_op *o, const char *id, const char *json, size_t len)
{
    mci_doc *there = NULL;
    size_t there_len = 0;
    mc_status st = mci_mongo_find_one(o, id, &there);
    const char *text = st == MC_OK ? mci_doc_json(there, &there_len) : NULL;
    int mine = text != NULL && there_len == len && memcmp(text, json, len) == 0;
    mci_doc_unref(there);
    if (mine) {
        mci_error_clear(o->err);
        return MC_OK;
    }
    return mci_fail(o->err, MC_E_UNKNOWN, MC_TIER_STORE, "mongodb %s %s: it was sent twice, and %s", o->what, o->spec->name,
                    st == MC_OK ? "another document with this id is there now" : "what is there now cannot be read");
}

mc_status mci_mongo_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    mci_mongo_op o;
    bson_t bson;
    bson_t opts = BSON_INITIALIZER;
    bson_t reply;
    bson_error_t e;
    mci_doc *doc = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_bson_from_json(json, len, &bson, err);
    if (st == MC_OK && out != NULL) /* first, so that a document that cannot be given back is not stored either */
        st = mci_bson_decode(spec, &bson, &doc, err);
    if (st == MC_OK && (st = mci_mongo_begin(&o, s, spec, "insert", 1, dl, err)) == MC_OK) {
        BSON_APPEND_BOOL(&opts, "validate", false); /* the codec has checked it */
        if (!mongoc_collection_insert_one(o.coll, &bson, &opts, &reply, &e))
            st = mci_mongo_failed(&o, &e, &reply);
        bson_destroy(&reply);
        if (st == MC_E_EXISTS && o.wire->failures > 0)
            st = after_repeat(&o, id, json, len);
        else if (st == MC_E_EXISTS)
            st = mci_fail_code(err, st, MC_TIER_STORE, (int)e.code,
                               "mongodb insert %s: a document with this id is there already", spec->name);
        st = mci_mongo_end(&o, st);
    }
    bson_destroy(&opts);
    bson_destroy(&bson);
    if (st == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return st;
}

/* MongoDB takes "a.0" for an element of an array, the library only for a member of an object: documents in which it would be an
 * element are kept out by the filter. *guarded says that there is such a step. */
static mc_status guard_arrays(mci_mongo_op *o, const mci_patch *patch, bson_t *filter, int *guarded)
{
    static const char *const array[] = {"array", NULL};
    bson_t list = BSON_INITIALIZER;
    bson_t clause;
    bson_t inner;
    uint32_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < patch->n; i++) {
        const char *path = patch->steps[i].path;
        for (const char *dot = strchr(path, '.'); dot != NULL && ok; dot = strchr(dot + 1, '.')) {
            size_t digits = strspn(dot + 1, "0123456789");
            if (digits == 0 || (dot[1 + digits] != '.' && dot[1 + digits] != '\0'))
                continue;
            char buf[16];
            const char *key;
            (void)bson_uint32_to_string(n++, &key, buf, sizeof buf);
            ok = BSON_APPEND_DOCUMENT_BEGIN(&list, key, &clause) &&
                 bson_append_document_begin(&clause, path, (int)(dot - path), &inner) &&
                 mci_mongo_append_types(&inner, array) && bson_append_document_end(&clause, &inner) &&
                 bson_append_document_end(&list, &clause);
        }
    }
    *guarded = n > 0;
    if (ok && n > 0)
        ok = BSON_APPEND_ARRAY(filter, "$nor", &list);
    bson_destroy(&list);
    return ok ? MC_OK : mci_mongo_nomem(o);
}

static mc_status build_update(mci_mongo_op *o, const mci_patch *patch, bson_t *update)
{
    bson_t set = BSON_INITIALIZER;
    bson_t unset = BSON_INITIALIZER;
    mc_status st = MC_OK;
    for (size_t i = 0; i < patch->n && st == MC_OK; i++) {
        const mci_step *step = &patch->steps[i];
        if (step->json != NULL)
            st = mci_bson_append_json(&set, step->path, step->json, step->len, o->err);
        else if (!BSON_APPEND_UTF8(&unset, step->path, ""))
            st = mci_mongo_nomem(o);
    }
    bool ok = (bson_empty(&set) || BSON_APPEND_DOCUMENT(update, "$set", &set)) &&
              (bson_empty(&unset) || BSON_APPEND_DOCUMENT(update, "$unset", &unset));
    bson_destroy(&set);
    bson_destroy(&unset);
    return st == MC_OK && !ok ? mci_mongo_nomem(o) : st;
}

/* One findAndModify. The document in its answer, or MC_NOT_FOUND. */
static mc_status modify_once(mci_mongo_op *o, const bson_t *filter, const mongoc_find_and_modify_opts_t *opts, mci_doc **out,
                             bson_error_t *e)
{
    bson_t reply;
    bson_iter_t it;
    bson_t value;
    const uint8_t *data;
    uint32_t len;
    mc_status st;
    memset(e, 0, sizeof *e);
    bool ok = mongoc_collection_find_and_modify_with_opts(o->coll, filter, opts, &reply, e);
    if (!ok) {
        st = mci_mongo_failed(o, e, &reply);
    } else if (bson_iter_init_find(&it, &reply, "writeConcernError")) {
        st = mci_fail(o->err, MC_E_UNKNOWN, MC_TIER_STORE, "mongodb %s %s: the write concern was not met", o->what,
                      o->spec->name);
    } else if (!bson_iter_init_find(&it, &reply, "value") || !BSON_ITER_HOLDS_DOCUMENT(&it)) {
        st = MC_NOT_FOUND;
    } else {
        bson_iter_document(&it, &len, &data);
        st = MC_OK;
        if (out != NULL &&
            (!bson_init_static(&value, data, len) || mci_bson_decode(o->spec, &value, out, o->err) != MC_OK)) {
            /* It was written and cannot be shown: whoever asked must read again. */
            st = mci_fail(o->err, MC_E_UNKNOWN, MC_TIER_STORE, "mongodb %s %s: the answer's document is corrupt", o->what,
                          o->spec->name);
        }
    }
    bson_destroy(&reply);
    return st;
}

static mc_status modify(mci_mongo_op *o, const bson_t *filter, mongoc_find_and_modify_opts_t *opts, mci_doc **out)
{
    bson_error_t e;
    int64_t pause_ms = 1;
    for (;;) {
        (void)mongoc_find_and_modify_opts_set_max_time_ms(opts, (uint32_t)mci_mongo_left_ms(o));
        mc_status st = modify_once(o, filter, opts, out, &e);
        if (st >= 0 || e.domain != MONGOC_ERROR_SERVER || e.code != WRITE_CONFLICT || mci_deadline_left_ms(o->dl) == 0)
            return st;
        mci_sleep_ms(pause_ms, o->dl); /* another writer won; nothing was written */
        pause_ms = pause_ms < 16 ? pause_ms * 2 : 16;
    }
}

mc_status mci_mongo_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                           mci_doc **out, mc_error *err)
{
    mci_mongo_op o;
    bson_t filter = BSON_INITIALIZER;
    bson_t update = BSON_INITIALIZER;
    mci_doc *doc = NULL;
    int guarded = 0;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_mongo_begin(&o, s, spec, "update", 1, dl, err);
    if (st != MC_OK)
        return st;
    if (patch->n == 0) {
        st = mci_mongo_find_one(&o, id, &doc); /* MongoDB refuses an update of nothing */
    } else {
        mongoc_find_and_modify_opts_t *opts = mongoc_find_and_modify_opts_new();
        if (mci_bson_append_id(spec, &filter, "_id", id) != 0)
            st = mci_mongo_nomem(&o);
        if (st == MC_OK)
            st = guard_arrays(&o, patch, &filter, &guarded);
        if (st == MC_OK)
            st = build_update(&o, patch, &update);
        if (st == MC_OK && !mongoc_find_and_modify_opts_set_update(opts, &update))
            st = mci_mongo_nomem(&o);
        if (st == MC_OK) {
            (void)mongoc_find_and_modify_opts_set_flags(opts, MONGOC_FIND_AND_MODIFY_RETURN_NEW);
            st = modify(&o, &filter, opts, &doc);
        }
        mongoc_find_and_modify_opts_destroy(opts);
        if (st == MC_NOT_FOUND && guarded && mci_mongo_find_one(&o, id, &doc) == MC_OK)
            st = mci_fail(err, MC_E_CONFLICT, MC_TIER_STORE, "mongodb update %s: a parent of a field is an array",
                          spec->name);
    }
    bson_destroy(&filter);
    bson_destroy(&update);
    if (st == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return mci_mongo_end(&o, st);
}

mc_status mci_mongo_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old, mc_error *err)
{
    mci_mongo_op o;
    bson_t filter = BSON_INITIALIZER;
    if (old != NULL)
        *old = NULL;
    mc_status st = mci_mongo_begin(&o, s, spec, "remove", 1, dl, err);
    if (st == MC_OK) {
        mongoc_find_and_modify_opts_t *opts = mongoc_find_and_modify_opts_new();
        (void)mongoc_find_and_modify_opts_set_flags(opts, MONGOC_FIND_AND_MODIFY_REMOVE);
        if (mci_bson_append_id(spec, &filter, "_id", id) != 0)
            st = mci_mongo_nomem(&o);
        else
            st = modify(&o, &filter, opts, old);
        mongoc_find_and_modify_opts_destroy(opts);
        st = mci_mongo_end(&o, st);
    }
    bson_destroy(&filter);
    return st;
}

/* Queue one item. MC_OK, or why this item cannot be sent. */
static mc_status queue_item(mci_mongo_op *o, mongoc_bulk_operation_t *bulk, const char *id, const char *json, size_t len,
                            int replace)
{
    bson_t doc;
    bson_t filter = BSON_INITIALIZER;
    bson_t opts = BSON_INITIALIZER;
    bson_error_t e;
    mc_status st = mci_bson_from_json(json, len, &doc, o->err);
    if (st == MC_OK && mci_bson_append_id(o->spec, &filter, "_id", id) != 0)
        st = mci_mongo_nomem(o);
    if (st == MC_OK) {
        BSON_APPEND_BOOL(&opts, "validate", false);
        if (replace)
            BSON_APPEND_BOOL(&opts, "upsert", true);
        if (!(replace ? mongoc_bulk_operation_replace_one_with_opts(bulk, &filter, &doc, &opts, &e)
                      : mongoc_bulk_operation_insert_with_opts(bulk, &doc, &opts, &e)))
            st = mci_mongo_failed(o, &e, NULL);
    }
    bson_destroy(&opts);
    bson_destroy(&filter);
    bson_destroy(&doc);
    return st;
}

/* Copy the server's errors about single items into their statuses. Returns how many there were. */
static size_t item_errors(const bson_t *reply, const size_t *item, size_t n, mc_status *statuses)
{
    bson_iter_t it;
    bson_iter_t each;
    bson_iter_t field;
    size_t found = 0;
    if (!bson_iter_init_find(&it, reply, "writeErrors") || !BSON_ITER_HOLDS_ARRAY(&it) || !bson_iter_recurse(&it, &each))
        return 0;
    while (bson_iter_next(&each)) {
        int64_t index = -1;
        uint32_t code = 0;
        if (bson_iter_recurse(&each, &field) && bson_iter_find(&field, "index"))
            index = bson_iter_as_int64(&field);
        if (bson_iter_recurse(&each, &field) && bson_iter_find(&field, "code"))
            code = (uint32_t)bson_iter_as_int64(&field);
        if (index < 0 || (uint64_t)index >= n)
            continue;
        statuses[item[index]] = mci_mongo_code_status(code);
        found++;
    }
    return found;
}

static mc_status execute(mci_mongo_op *o, mongoc_bulk_operation_t *bulk, const size_t *item, size_t n, mc_status *statuses)
{
    bson_t reply;
    bson_error_t e;
    memset(&e, 0, sizeof e);
    uint32_t server = mongoc_bulk_operation_execute(bulk, &reply, &e);
    mc_status st = MC_OK;
    size_t reported = item_errors(&reply, item, n, statuses);
    if (server == 0 && (reported == 0 || e.domain == MONGOC_ERROR_STREAM || e.domain == MONGOC_ERROR_WRITE_CONCERN))
        st = mci_mongo_failed(o, &e, &reply);
    bson_destroy(&reply);
    return st;
}

mc_status mci_mongo_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                             const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                             mc_status *statuses, mc_error *err)
{
    (void)docs; /* this store takes texts */
    mci_mongo_op o;
    bson_t opts = BSON_INITIALIZER;
    size_t queued = 0;
    mc_status st = mci_mongo_begin(&o, s, spec, "put", 1, dl, err);
    if (st != MC_OK)
        return st;
    BSON_APPEND_BOOL(&opts, "ordered", false);
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(o.coll, &opts);
    size_t *item = calloc(n > 0 ? n : 1, sizeof *item); /* place in the bulk -> place in ids[] */
    if (item == NULL)
        st = mci_mongo_nomem(&o);
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        statuses[i] = queue_item(&o, bulk, ids[i], json[i], lens[i], replace);
        if (statuses[i] == MC_OK)
            item[queued++] = i; /* NOLINT(clang-analyzer-core.NullDereference): then st is MC_E_NOMEM */
    }
    if (st == MC_OK && queued > 0)
        st = execute(&o, bulk, item, queued, statuses);
    for (size_t i = 0; i < n && st == MC_OK && o.wire->failures > 0; i++)
        if (statuses[i] == MC_E_EXISTS)
            statuses[i] = after_repeat(&o, ids[i], json[i], lens[i]);
    free(item);
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(&opts);
    return mci_mongo_end(&o, st);
}

/* ---- indexes ---- */

static bool append_index(bson_t *list, const char *key, const char *name, const char *path, int32_t direction)
{
    bson_t index;
    bson_t keys;
    return BSON_APPEND_DOCUMENT_BEGIN(list, key, &index) && BSON_APPEND_DOCUMENT_BEGIN(&index, "key", &keys) &&
           BSON_APPEND_INT32(&keys, path, direction) && BSON_APPEND_INT32(&keys, "_id", direction) &&
           bson_append_document_end(&index, &keys) && BSON_APPEND_UTF8(&index, "name", name) &&
           bson_append_document_end(list, &index);
}

/* One index; one of the same keys under another name will do as well. */
static mc_status make_index(mci_mongo_op *o, const char *name, int field, int32_t direction)
{
    enum { OPTIONS_CONFLICT = 85, KEYS_CONFLICT = 86 };
    bson_t cmd = BSON_INITIALIZER;
    bson_t list = BSON_INITIALIZER;
    bson_t reply;
    bson_error_t e;
    mc_status st = MC_OK;
    if (!append_index(&list, "0", name, o->spec->fields[field].path, direction) ||
        !BSON_APPEND_UTF8(&cmd, "createIndexes", o->spec->name) || !BSON_APPEND_ARRAY(&cmd, "indexes", &list)) {
        st = mci_mongo_nomem(o);
    } else {
        bool ok = mongoc_client_write_command_with_opts(o->client, o->s->database, &cmd, NULL, &reply, &e);
        if (!ok && e.code != OPTIONS_CONFLICT && e.code != KEYS_CONFLICT)
            st = mci_mongo_failed(o, &e, &reply);
        bson_destroy(&reply);
    }
    bson_destroy(&list);
    bson_destroy(&cmd);
    return st;
}

mc_status mci_mongo_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        mci_mongo_op o;
        st = mci_mongo_begin(&o, s, specs[i], "prepare", 1, dl, err);
        if (st != MC_OK)
            return st;
        if (specs[i]->alias_field >= 0)
            st = make_index(&o, "mflix_alias", specs[i]->alias_field, 1);
        if (st == MC_OK && specs[i]->rank_field >= 0)
            st = make_index(&o, "mflix_rank", specs[i]->rank_field, -1);
        st = mci_mongo_end(&o, st);
    }
    return st;
}

/* Is there one whose first key is that field? */
static int has_index(const bson_t *index, const char *path)
{
    bson_iter_t at;
    bson_iter_t key;
    return bson_iter_init_find(&at, index, "key") && BSON_ITER_HOLDS_DOCUMENT(&at) && bson_iter_recurse(&at, &key) &&
           bson_iter_next(&key) && strcmp(bson_iter_key(&key), path) == 0;
}

mc_status mci_mongo_missing_indexes(mci_store *s, const mci_spec *spec, mci_deadline dl, mci_buf *out, mc_error *err)
{
    const int fields[] = {spec->alias_field, spec->rank_field};
    int there[2] = {0};
    mci_mongo_op o;
    bson_error_t e;
    const bson_t *reply;
    const bson_t *index;
    mc_status st = mci_mongo_begin(&o, s, spec, "look", 0, dl, err);
    if (st != MC_OK)
        return st;
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(o.coll, NULL);
    while (mongoc_cursor_next(cursor, &index))
        for (size_t i = 0; i < 2; i++)
            there[i] = there[i] || (fields[i] >= 0 && has_index(index, spec->fields[fields[i]].path));
    if (mongoc_cursor_error_document(cursor, &e, &reply))
        st = mci_mongo_failed(&o, &e, reply);
    for (size_t i = 0; i < 2 && st == MC_OK; i++) {
        if (fields[i] < 0 || there[i])
            continue;
        mci_buf_str(out, out->len > 0 ? ", " : "");
        mci_buf_str(out, spec->fields[fields[i]].path);
    }
    mongoc_cursor_destroy(cursor);
    return mci_mongo_end(&o, st);
}
