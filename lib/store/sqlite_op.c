/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the beginning and the end of an operation on the SQLite file, and every statement that it may run: prepared once for a connection and
 * table, and kept. Refuses: operations past their deadline.
 */
#include "store/sqlite_op.h"

#include "base/error.h"
#include "store/sqlite_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- statements ---- */

/* '@' is the table, '#' the column of packed bytes, or NULL where a file has none and may not get one. */
static const char *const sql[MCI_SQL_COUNT] = {
    [MCI_SQL_FIND] = "SELECT id, doc, # FROM @ WHERE id = ?",
    [MCI_SQL_FIND_ALIAS] = "SELECT id, doc, # FROM @ WHERE alias = ? ORDER BY id",
    [MCI_SQL_SCAN] = "SELECT id, doc, # FROM @ WHERE id > ? ORDER BY id",
    [MCI_SQL_SCAN_IDS] = "SELECT id FROM @ WHERE id > ? ORDER BY id",
    [MCI_SQL_SCAN_SCORES] = "SELECT id, rank FROM @ WHERE id > ? AND rank IS NOT NULL ORDER BY id LIMIT ?",
    [MCI_SQL_TOP] = "SELECT id, rank FROM @ WHERE rank IS NOT NULL ORDER BY rank DESC, id DESC LIMIT -1 OFFSET ?",
    [MCI_SQL_RANK] = "SELECT m.rank, (SELECT count(*) FROM @ o WHERE o.rank > m.rank OR (o.rank = m.rank AND o.id > m.id))"
                     " FROM @ m WHERE m.id = ? AND m.rank IS NOT NULL",
    [MCI_SQL_COUNT_ALL] = "SELECT count(*) FROM @",
    [MCI_SQL_INSERT] = "INSERT INTO @(id, doc, alias, rank, packed) VALUES(?, ?, ?, ?, ?)",
    [MCI_SQL_PUT] = "INSERT INTO @(id, doc, alias, rank, packed) VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                    " doc = excluded.doc, alias = excluded.alias, rank = excluded.rank, packed = excluded.packed",
    [MCI_SQL_FIND_ROW] = "SELECT id, doc, #, alias, rank FROM @ WHERE id = ?",
    [MCI_SQL_UPDATE_RANK] = "UPDATE @ SET doc = ?2, rank = ?4, packed = ?5 WHERE id = ?1",
    [MCI_SQL_UPDATE_DOC] = "UPDATE @ SET doc = ?2, packed = ?5 WHERE id = ?1",
    [MCI_SQL_UPDATE] = "UPDATE @ SET doc = ?2, alias = ?3, rank = ?4, packed = ?5 WHERE id = ?1",
    [MCI_SQL_DELETE] = "DELETE FROM @ WHERE id = ? RETURNING id, doc, #",
    [MCI_SQL_PING] = "SELECT count(*) FROM sqlite_schema",
    [MCI_SQL_SNAPSHOT] = "BEGIN",
    [MCI_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [MCI_SQL_COMMIT] = "COMMIT",
};

static char *spell_out(const mci_sqlite_op *o, const char *p)
{
    sqlite3_str *s = sqlite3_str_new(o->c->db);
    for (; *p != '\0'; p++) {
        if (*p == '@')
            sqlite3_str_appendf(s, "\"%w\"", o->spec->name);
        else if (*p == '#')
            sqlite3_str_appendall(s, o->has_packed ? "packed" : "NULL");
        else
            sqlite3_str_appendchar(s, 1, *p);
    }
    return sqlite3_str_finish(s);
}

/* Where this connection keeps the table's statements; NULL: memory is short. */
static mci_sqlite_statements *statements_of(mci_sqlite_op *o)
{
    mci_sqlite_conn *c = o->c;
    size_t at = (size_t)o->table;
    if (o->spec == NULL)
        return &c->own;
    if (at >= c->ntables) {
        mci_sqlite_statements *more = realloc(c->tables, (at + 1) * sizeof *more);
        if (more == NULL)
            return NULL;
        memset(more + c->ntables, 0, (at + 1 - c->ntables) * sizeof *more);
        c->tables = more;
        c->ntables = at + 1;
    }
    return &c->tables[at];
}

mc_status mci_sqlite_statement(mci_sqlite_op *o, mci_sqlite_sql which, sqlite3_stmt **out)
{
    mci_sqlite_statements *kept = statements_of(o);
    *out = kept != NULL ? kept->st[which] : NULL;
    if (*out != NULL)
        return MC_OK;
    char *text = kept != NULL ? spell_out(o, sql[which]) : NULL;
    if (text == NULL)
        return mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    int rc = sqlite3_prepare_v3(o->c->db, text, -1, SQLITE_PREPARE_PERSISTENT, &kept->st[which], NULL);
    sqlite3_free(text);
    *out = kept->st[which];
    return rc == SQLITE_OK ? MC_OK : mci_sqlite_failed(o, rc);
}

void mci_sqlite_done(sqlite3_stmt *st)
{
    if (st == NULL)
        return;
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st); /* what they pointed to is not ours */
}

int mci_sqlite_run(mci_sqlite_op *o, mci_sqlite_sql which)
{
    sqlite3_stmt **st = &o->c->own.st[which];
    int rc = SQLITE_OK;
    if (*st == NULL)
        rc = sqlite3_prepare_v3(o->c->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(*st);
    int end = sqlite3_reset(*st); /* says what a failed step was about */
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : end;
}

/* ---- operations ---- */

mc_status mci_sqlite_begin(mci_sqlite_op *o, mci_store *s, const mci_spec *spec, const char *what, mci_deadline dl,
                           mc_error *err)
{
    *o = (mci_sqlite_op){.s = (mci_sqlite *)s, .spec = spec, .what = what, .err = err};
    if (mci_deadline_left_ms(dl) == 0)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "sqlite %s %s: the deadline has passed", what,
                        spec ? spec->name : "");
    dl = mci_deadline_min(dl, mci_deadline_in(o->s->timeout_ms));
    mc_status st = mci_sqlite_borrow(o->s, dl, spec != NULL ? spec->name : NULL, &o->table, &o->c, err);
    if (st == MC_OK && spec != NULL && o->table < 0)
        st = mci_sqlite_make_table(o);
    else if (st == MC_OK && spec != NULL)
        o->has_packed = o->s->tables[o->table].has_packed;
    if (st != MC_OK && o->c != NULL) {
        mci_sqlite_release(o->s, o->c);
        o->c = NULL;
    }
    return st;
}

mc_status mci_sqlite_in_time(mci_sqlite_op *o)
{
    return mci_sqlite_past(o->c) ? mci_sqlite_failed(o, SQLITE_INTERRUPT) : MC_OK;
}

mc_status mci_sqlite_end(mci_sqlite_op *o, mc_status st)
{
    if (o->c != NULL)
        mci_sqlite_release(o->s, o->c);
    return st;
}
