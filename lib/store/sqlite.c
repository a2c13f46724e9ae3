/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the embedded store, and its reading operations. A table per collection: id, document in normal form, and alias and rank as the document was decoded
 * to have them, with indexes. Refuses to mean anything else by an operation than MongoDB does.
 */
#include "base/error.h"
#include "base/objectid.h"
#include "store/sqlite_op.h"
#include "store/sqlite_row.h"
#include "store/sqlite_table.h"
#include "store/sqlite_write.h"

#include <stdlib.h>
#include <string.h>

/* ---- operations ---- */

static mc_status op_ping(mci_store *s, mci_deadline dl, mc_error *err)
{
    mci_sqlite_op o;
    mc_status st = mci_sqlite_begin(&o, s, NULL, "ping", dl, err);
    if (st != MC_OK)
        return st;
    int rc = mci_sqlite_run(&o, MCI_SQL_PING);
    return mci_sqlite_end(&o, rc == SQLITE_OK ? MC_OK : mci_sqlite_failed(&o, rc));
}

static mc_status op_prepare(mci_store *s, const mci_spec *const *specs, size_t n, mci_deadline dl, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        mci_sqlite_op o;
        st = mci_sqlite_begin(&o, s, specs[i], "prepare", dl, err);
        if (st == MC_OK)
            st = mci_sqlite_end(&o, mci_sqlite_make_indexes(&o));
    }
    return st;
}

static mc_status find_by(mci_store *s, const mci_spec *spec, mci_sqlite_sql which, const char *value, size_t len,
                         mci_deadline dl, mci_doc **out, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *out = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "find", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, which, &st);
    if (status == MC_OK) {
        mci_sqlite_bind_text(st, 1, value, len);
        while ((status = mci_sqlite_next_row(&o, st)) == MC_OK &&
               (status = mci_sqlite_row_document(&o, st, out)) == MC_NOT_FOUND)
            ; /* of another kind: the next one */
    }
    mci_sqlite_done(st);
    return mci_sqlite_end(&o, status);
}

static mc_status op_find(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **out, mc_error *err)
{
    return find_by(s, spec, MCI_SQL_FIND, id, strlen(id), dl, out, err);
}

static mc_status op_find_alias(mci_store *s, const mci_spec *spec, const char *value, size_t len, mci_deadline dl,
                               mci_doc **out, mc_error *err)
{
    *out = NULL;
    if (spec->alias_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "sqlite find: collection %s has no second key", spec->name);
    return find_by(s, spec, MCI_SQL_FIND_ALIAS, value, len, dl, out, err);
}

static mc_status op_find_many(mci_store *s, const mci_spec *spec, const char *const *ids, size_t n, mci_deadline dl,
                              mci_doc **out, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "find", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_FIND, &st);
    /* Without a transaction around them each row locks the file and looks at its head. */
    int at_once = status == MC_OK && n > 1 && mci_sqlite_run(&o, MCI_SQL_SNAPSHOT) == SQLITE_OK;
    for (size_t i = 0; i < n && status == MC_OK; i++) {
        mci_sqlite_bind_text(st, 1, ids[i], strlen(ids[i]));
        if ((status = mci_sqlite_in_time(&o)) == MC_OK)
            status = mci_sqlite_next_row(&o, st);
        if (status == MC_OK)
            status = mci_sqlite_row_document(&o, st, &out[i]);
        if (status == MC_NOT_FOUND)
            status = MC_OK;
        (void)sqlite3_reset(st);
    }
    mci_sqlite_done(st);
    if (at_once)
        (void)mci_sqlite_run(&o, MCI_SQL_COMMIT);
    for (size_t i = 0; i < n && status != MC_OK; i++) {
        mci_doc_unref(out[i]);
        out[i] = NULL;
    }
    return mci_sqlite_end(&o, status);
}

static int id_fits(const mci_spec *spec, const char *id)
{
    char oid[25];
    return spec->id_kind != MCI_ID_OBJECTID || mci_objectid_normalise(id, strlen(id), oid) == 0;
}

static mc_status op_scan_ids(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl,
                             char **ids, size_t *n, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *n = 0;
    mc_status status = mci_sqlite_begin(&o, s, spec, "scan", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_SCAN_IDS, &st);
    if (status == MC_OK)
        mci_sqlite_bind_text(st, 1, after != NULL ? after : "", after != NULL ? strlen(after) : 0);
    while (status == MC_OK && *n < limit && (status = mci_sqlite_next_row(&o, st)) == MC_OK) {
        const char *id = (const char *)sqlite3_column_text(st, 0);
        if (id == NULL || !id_fits(spec, id))
            continue;
        ids[*n] = strdup(id);
        if (ids[*n] == NULL)
            status = mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite scan: out of memory");
        else
            (*n)++;
    }
    mci_sqlite_done(st);
    if (status == MC_NOT_FOUND)
        status = MC_OK;
    while (status != MC_OK && *n > 0)
        free(ids[--*n]);
    return mci_sqlite_end(&o, status);
}

static mc_status op_scan(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl, mci_doc **out,
                         size_t *n, char **last, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *n = 0;
    *last = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "scan", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_SCAN, &st);
    if (status == MC_OK)
        mci_sqlite_bind_text(st, 1, after != NULL ? after : "", after != NULL ? strlen(after) : 0);
    for (size_t rows = 1; status == MC_OK && rows <= limit && (status = mci_sqlite_next_row(&o, st)) == MC_OK; rows++) {
        mc_status one = mci_sqlite_row_document(&o, st, &out[*n]);
        const char *id = (const char *)sqlite3_column_text(st, 0);
        if (one == MC_OK)
            (*n)++;
        else
            mci_error_clear(err);
        if (one == MC_E_NOMEM || id == NULL || (rows == limit && (*last = strdup(id)) == NULL))
            status = mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite scan: out of memory");
        else
            status = mci_sqlite_in_time(&o);
    }
    mci_sqlite_done(st);
    if (status == MC_NOT_FOUND)
        status = MC_OK;
    while (status != MC_OK && *n > 0)
        mci_doc_unref(out[--*n]);
    if (status != MC_OK) {
        free(*last);
        *last = NULL;
    }
    return mci_sqlite_end(&o, status);
}

static mc_status op_scan_scores(mci_store *s, const mci_spec *spec, const char *after, size_t limit, mci_deadline dl,
                                mci_scores *out, char **last, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *last = NULL;
    if (spec->rank_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "sqlite scan: collection %s has no rank", spec->name);
    mc_status status = mci_sqlite_begin(&o, s, spec, "scan", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_SCAN_SCORES, &st);
    if (status == MC_OK) {
        mci_sqlite_bind_text(st, 1, after != NULL ? after : "", after != NULL ? strlen(after) : 0);
        (void)sqlite3_bind_int64(st, 2, (sqlite3_int64)limit);
    }
    for (size_t rows = 1; status == MC_OK && (status = mci_sqlite_next_row(&o, st)) == MC_OK; rows++) {
        const char *id = (const char *)sqlite3_column_text(st, 0);
        size_t len = (size_t)sqlite3_column_bytes(st, 0);
        if (id == NULL || (id_fits(spec, id) && mci_scores_add(out, id, len, sqlite3_column_double(st, 1)) != 0) ||
            (rows == limit && (*last = strdup(id)) == NULL))
            status = mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite scan: out of memory");
    }
    mci_sqlite_done(st);
    if (status == MC_NOT_FOUND)
        status = MC_OK;
    if (status != MC_OK) {
        free(*last);
        *last = NULL;
    }
    return mci_sqlite_end(&o, status);
}

static mc_status op_rank(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, int64_t *rank, double *score,
                         mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    if (spec->rank_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "sqlite rank: collection %s has no rank", spec->name);
    mc_status status = mci_sqlite_begin(&o, s, spec, "rank", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_RANK, &st);
    if (status == MC_OK)
        sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC);
    if (status == MC_OK && (status = mci_sqlite_next_row(&o, st)) == MC_OK) {
        *score = sqlite3_column_double(st, 0);
        *rank = sqlite3_column_int64(st, 1);
    }
    mci_sqlite_done(st);
    return mci_sqlite_end(&o, status);
}

static mc_status op_top(mci_store *s, const mci_spec *spec, int64_t offset, size_t limit, mci_deadline dl,
                        mci_ranked_id *out, size_t *n, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *n = 0;
    if (spec->rank_field < 0)
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "sqlite top: collection %s has no rank", spec->name);
    mc_status status = mci_sqlite_begin(&o, s, spec, "top", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_TOP, &st);
    if (status == MC_OK)
        sqlite3_bind_int64(st, 1, offset);
    while (status == MC_OK && *n < limit && (status = mci_sqlite_next_row(&o, st)) == MC_OK) {
        const char *id = (const char *)sqlite3_column_text(st, 0);
        if (id == NULL || !id_fits(spec, id))
            continue;
        out[*n].score = sqlite3_column_double(st, 1);
        out[*n].id = strdup(id);
        if (out[*n].id == NULL)
            status = mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "sqlite top: out of memory");
        else
            (*n)++;
    }
    mci_sqlite_done(st);
    if (status == MC_NOT_FOUND)
        status = MC_OK;
    while (status != MC_OK && *n > 0)
        free(out[--*n].id);
    return mci_sqlite_end(&o, status);
}

static mc_status op_count(mci_store *s, const mci_spec *spec, mci_deadline dl, int64_t *out, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    *out = 0;
    mc_status status = mci_sqlite_begin(&o, s, spec, "count", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_COUNT_ALL, &st);
    if (status == MC_OK && (status = mci_sqlite_next_row(&o, st)) == MC_OK)
        *out = sqlite3_column_int64(st, 0);
    mci_sqlite_done(st);
    return mci_sqlite_end(&o, status);
}

static mc_status op_missing_indexes(mci_store *s, const mci_spec *spec, mci_deadline dl, mci_buf *out, mc_error *err)
{
    mci_sqlite_op o;
    mc_status st = mci_sqlite_begin(&o, s, spec, "look", dl, err);
    return st == MC_OK ? mci_sqlite_end(&o, mci_sqlite_missing_indexes(&o, out)) : st;
}

/* ---- life ---- */

static void op_close(mci_store *s)
{
    mci_sqlite_free((mci_sqlite *)s);
}

static const mci_store_ops ops = {
    .name = "sqlite",
    .ping = op_ping,
    .prepare = op_prepare,
    .find = op_find,
    .find_many = op_find_many,
    .find_alias = op_find_alias,
    .insert = mci_sqlite_insert,
    .update = mci_sqlite_update,
    .remove = mci_sqlite_remove,
    .put_many = mci_sqlite_put_many,
    .scan_ids = op_scan_ids,
    .scan = op_scan,
    .scan_scores = op_scan_scores,
    .top = op_top,
    .rank = op_rank,
    .count = op_count,
    .close = op_close,
    .missing_indexes = op_missing_indexes,
};

/* What follows "sqlite:" is the name of a file, taken literally. What looks like a query or a host is refused
 * instead of becoming part of a file's name. */
static mc_status check_path(const char *path, mc_error *err)
{
    if (path[0] == '\0' || (path[0] == ':' && strcmp(path, ":memory:") != 0))
        return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri: write sqlite:FILE or sqlite::memory:");
    if (strchr(path, '?') != NULL)
        return mci_fail(err, MC_E_URI, MC_TIER_STORE,
                        "store.uri: sqlite:%.200s: no options follow the file's name, and it has no '?'", path);
    if (path[0] == '/' && path[1] == '/' && path[2] != '/')
        return mci_fail(err, MC_E_URI, MC_TIER_STORE,
                        "store.uri: sqlite:%.200s: has a host; write sqlite:FILE or sqlite:///ABSOLUTE/FILE", path);
    return MC_OK;
}

mc_status mci_store_sqlite_open(const mci_store_options *opt, const mci_store_env *env, mci_store **out, mc_error *err)
{
    const char *path = opt->addr.text;
    int memory = strcmp(path, ":memory:") == 0;
    mci_sqlite *s;
    *out = NULL;
    mc_status checked = check_path(path, err);
    if (checked != MC_OK)
        return checked;
    if (!sqlite3_threadsafe())
        return mci_fail(err, MC_E_UNSUPPORTED, MC_TIER_STORE, "this SQLite was built for one thread only");
    /* A database in memory belongs to its one connection. */
    mc_status st =
        mci_sqlite_new(path, memory ? 1 : opt->pool_max, opt->timeout_ms > 0 ? opt->timeout_ms : 5000, env, &s, err);
    if (st == MC_OK) {
        s->base.ops = &ops;
        *out = &s->base;
    }
    return st;
}
