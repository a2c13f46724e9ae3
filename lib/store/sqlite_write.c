/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the writing operations of the SQLite store, each in one transaction. Refuses to call a change undone that may be in the
 * file: an I/O error while committing is MC_E_UNKNOWN.
 */
#include "store/sqlite_write.h"

#include "base/error.h"
#include "store/sqlite_row.h"

#include <stdlib.h>
#include <string.h>

static mc_status transaction(mci_sqlite_op *o)
{
    mc_status st = mci_sqlite_take_turn(o->s, o->c, o->err);
    if (st != MC_OK)
        return st;
    int rc = mci_sqlite_run(o, MCI_SQL_BEGIN);
    return rc == SQLITE_OK ? MC_OK : mci_sqlite_failed(o, rc);
}

/* After a write failed: only an I/O error while committing leaves it open whether the change is in the file. */
static mc_status write_failed(mci_sqlite_op *o, int rc)
{
    if ((rc & 0xFF) != SQLITE_IOERR)
        return mci_sqlite_failed(o, rc);
    return mci_fail_code(o->err, MC_E_UNKNOWN, MC_TIER_STORE, rc, "sqlite %s %s: %s", o->what, o->spec->name,
                         sqlite3_errmsg(o->c->db));
}

static mc_status commit(mci_sqlite_op *o)
{
    int rc = mci_sqlite_run(o, MCI_SQL_COMMIT);
    return rc == SQLITE_OK ? MC_OK : write_failed(o, rc);
}

mc_status mci_sqlite_insert(mci_store *s, const mci_spec *spec, const char *id, const char *json, size_t len,
                            mci_deadline dl, mci_doc **out, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    mci_doc *doc = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "insert", dl, err);
    if (status != MC_OK)
        return status;
    (void)id; /* is in the document */
    status = o.s->env.decode(spec, json, len, &doc, err);
    if (status == MC_OK)
        status = mci_sqlite_statement(&o, MCI_SQL_INSERT, &st);
    if (status == MC_OK)
        status = mci_sqlite_bind_document(&o, st, doc);
    if (status == MC_OK) {
        int rc = sqlite3_step(st);
        if (rc != SQLITE_DONE)
            status = write_failed(&o, rc);
        if (status == MC_E_EXISTS)
            status = mci_fail_code(err, MC_E_EXISTS, MC_TIER_STORE, rc,
                                   "sqlite insert %s: a document with this id is there already", spec->name);
    }
    mci_sqlite_done(st);
    if (status == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return mci_sqlite_end(&o, status);
}

/*
 * The statement that touches the least: an index is written only when the column it is over changes. What counts is what stands in the row,
 * whatever its document says.
 */
static mci_sqlite_sql least(sqlite3_stmt *row, const mci_doc *d)
{
    const mci_spec *spec = mci_doc_spec(d);
    int alias_type = sqlite3_column_type(row, 3); /* before it is read as text */
    int rank_type = sqlite3_column_type(row, 4);
    const char *was = (const char *)sqlite3_column_text(row, 3);
    size_t was_len = (size_t)sqlite3_column_bytes(row, 3);
    const char *alias = spec->alias_field >= 0 ? mci_doc_text(d, (size_t)spec->alias_field) : NULL;
    size_t len = alias != NULL ? mci_doc_val(d, (size_t)spec->alias_field)->len : 0;
    double rank = 0;
    int ranked = spec->rank_field >= 0 && mci_doc_number(d, (size_t)spec->rank_field, &rank);
    if (alias_type != (alias != NULL ? SQLITE_TEXT : SQLITE_NULL) || was_len != len ||
        (len > 0 && memcmp(was, alias, len) != 0))
        return MCI_SQL_UPDATE;
    if (rank_type != (ranked ? SQLITE_FLOAT : SQLITE_NULL) || (ranked && sqlite3_column_double(row, 4) != rank))
        return MCI_SQL_UPDATE_RANK;
    return MCI_SQL_UPDATE_DOC;
}

/* The document as it is to be, and how to write it. */
static mc_status patch_row(mci_sqlite_op *o, const char *id, const mci_patch *patch, mci_doc **doc, mci_sqlite_sql *which)
{
    sqlite3_stmt *row = NULL;
    mci_doc *old = NULL;
    char *json = NULL;
    size_t len = 0;
    mc_status status = mci_sqlite_statement(o, MCI_SQL_FIND_ROW, &row);
    if (status == MC_OK) {
        mci_sqlite_bind_text(row, 1, id, strlen(id));
        status = mci_sqlite_next_row(o, row);
    }
    if (status == MC_OK && (status = mci_sqlite_row_document(o, row, &old)) == MC_OK) {
        const char *text = mci_doc_json(old, &len);
        status = o->s->env.patch(text, len, patch, &json, &len, o->err);
    }
    if (status == MC_OK)
        status = o->s->env.decode(o->spec, json, len, doc, o->err);
    if (status == MC_OK)
        *which = least(row, *doc);
    mci_sqlite_done(row);
    mci_doc_unref(old);
    free(json);
    return status;
}

/* Read, patch and write back inside one transaction. */
static mc_status update_row(mci_sqlite_op *o, const char *id, const mci_patch *patch, mci_doc **doc)
{
    sqlite3_stmt *st = NULL;
    mci_sqlite_sql which = MCI_SQL_UPDATE;
    mc_status status = patch_row(o, id, patch, doc, &which);
    if (status == MC_OK)
        status = mci_sqlite_statement(o, which, &st);
    if (status == MC_OK)
        status = mci_sqlite_bind_document(o, st, *doc);
    if (status == MC_OK) {
        int rc = sqlite3_step(st);
        if (rc != SQLITE_DONE)
            status = mci_sqlite_failed(o, rc);
    }
    mci_sqlite_done(st);
    return status;
}

mc_status mci_sqlite_update(mci_store *s, const mci_spec *spec, const char *id, const mci_patch *patch, mci_deadline dl,
                            mci_doc **out, mc_error *err)
{
    mci_sqlite_op o;
    mci_doc *doc = NULL;
    if (out != NULL)
        *out = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "update", dl, err);
    if (status != MC_OK)
        return status;
    status = transaction(&o);
    if (status == MC_OK)
        status = update_row(&o, id, patch, &doc);
    if (status == MC_OK)
        status = commit(&o);
    if (status == MC_OK && out != NULL)
        *out = doc;
    else
        mci_doc_unref(doc);
    return mci_sqlite_end(&o, status);
}

mc_status mci_sqlite_remove(mci_store *s, const mci_spec *spec, const char *id, mci_deadline dl, mci_doc **old,
                            mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    mci_doc *doc = NULL;
    if (old != NULL)
        *old = NULL;
    mc_status status = mci_sqlite_begin(&o, s, spec, "remove", dl, err);
    if (status != MC_OK)
        return status;
    status = mci_sqlite_statement(&o, MCI_SQL_DELETE, &st);
    if (status == MC_OK) {
        mci_sqlite_bind_text(st, 1, id, strlen(id));
        status = mci_sqlite_next_row(&o, st);
    }
    if (status == MC_OK && old != NULL && mci_sqlite_row_document(&o, st, &doc) != MC_OK) {
        mci_error_clear(err); /* it cannot be shown, but it can be deleted */
        doc = NULL;
    }
    if (status == MC_OK) {
        int rc = sqlite3_step(st);
        if (rc != SQLITE_DONE)
            status = write_failed(&o, rc);
    }
    mci_sqlite_done(st);
    if (status == MC_OK && old != NULL)
        *old = doc;
    else
        mci_doc_unref(doc);
    return mci_sqlite_end(&o, status);
}

/* One item of many. Its status, or (fatal) what is wrong with the file: then nothing is kept. */
static mc_status put_item(mci_sqlite_op *o, sqlite3_stmt *st, const mci_doc *doc, mc_status *fatal)
{
    mc_status status = mci_sqlite_bind_document(o, st, doc);
    if (status == MC_OK) {
        int rc = sqlite3_step(st);
        status = rc == SQLITE_DONE ? MC_OK : mci_sqlite_status(rc);
        if (status != MC_OK && status != MC_E_EXISTS)
            *fatal = mci_sqlite_failed(o, rc);
    }
    mci_sqlite_done(st);
    return status;
}

static mc_status put_text(mci_sqlite_op *o, sqlite3_stmt *st, const char *json, size_t len, mc_status *fatal)
{
    mci_doc *doc = NULL;
    mc_status status = o->s->env.decode(o->spec, json, len, &doc, o->err);
    if (status == MC_OK)
        status = put_item(o, st, doc, fatal);
    mci_doc_unref(doc);
    return status;
}

mc_status mci_sqlite_put_many(mci_store *s, const mci_spec *spec, const char *const *ids, const char *const *json,
                              const size_t *lens, mci_doc *const *docs, size_t n, int replace, mci_deadline dl,
                              mc_status *statuses, mc_error *err)
{
    mci_sqlite_op o;
    sqlite3_stmt *st = NULL;
    (void)ids; /* are in the documents */
    mc_status status = mci_sqlite_begin(&o, s, spec, "put", dl, err);
    if (status != MC_OK)
        return status;
    status = transaction(&o);
    if (status == MC_OK)
        status = mci_sqlite_statement(&o, replace ? MCI_SQL_PUT : MCI_SQL_INSERT, &st);
    for (size_t i = 0; i < n && status == MC_OK; i++)
        if ((status = mci_sqlite_in_time(&o)) == MC_OK)
            statuses[i] = docs != NULL ? put_item(&o, st, docs[i], &status) : put_text(&o, st, json[i], lens[i], &status);
    mci_sqlite_done(st);
    if (status == MC_OK)
        status = commit(&o);
    return mci_sqlite_end(&o, status);
}
