/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the making of tables and indexes, and what a file of an earlier edition lacks. Refuses: a table that was made for other fields.
 */
#include "store/sqlite_table.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 120

static const char *field_path(const mci_spec *spec, int field)
{
    return field >= 0 ? spec->fields[field].path : "-";
}

/*
 * "(...)" of the table; `packed` is ", packed BLOB" or, before there was that column, "". Alias and rank are plain columns that every write
 * fills from the decoded document: columns derived by JSON functions would need a trusted schema in SQLite before 3.41. The
 * comment is part of the stored text, and so says which fields the columns were filled from. NULL: memory is short, or a path could end
 * the comment.
 */
static char *columns_of(const mci_spec *spec, const char *packed)
{
    const char *alias = field_path(spec, spec->alias_field);
    const char *rank = field_path(spec, spec->rank_field);
    if (strchr(alias, '*') != NULL || strchr(rank, '*') != NULL)
        return NULL;
    return sqlite3_mprintf("(id TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL, alias TEXT, rank REAL /* of %s, %s */%s)",
                           alias, rank, packed);
}

static mc_status run_named(mci_sqlite_op *o, const char *fmt)
{
    char *text = sqlite3_mprintf(fmt, o->spec->name, o->spec->name);
    if (text == NULL)
        return mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    int rc = sqlite3_exec(o->c->db, text, NULL, NULL, NULL);
    sqlite3_free(text);
    return rc == SQLITE_OK ? MC_OK : mci_sqlite_failed(o, rc);
}

/* A table of this name may be there already: *now in the form of this edition (`columns`), or *before (`earlier`). Neither: not ours. */
static mc_status look(mci_sqlite_op *o, const char *columns, const char *earlier, int *now)
{
    sqlite3_stmt *st;
    int rc =
        sqlite3_prepare_v3(o->c->db, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", -1, 0, &st, NULL);
    if (rc != SQLITE_OK)
        return mci_sqlite_failed(o, rc);
    sqlite3_bind_text(st, 1, o->spec->name, -1, SQLITE_STATIC);
    rc = sqlite3_step(st);
    mc_status status = rc == SQLITE_ROW || rc == SQLITE_DONE ? MC_OK : mci_sqlite_failed(o, rc);
    const char *sql = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    const char *open = sql != NULL ? strchr(sql, '(') : NULL;
    *now = open != NULL && strcmp(open, columns) == 0;
    if (status == MC_OK && !*now && (open == NULL || strcmp(open, earlier) != 0))
        status = mci_fail(o->err, MC_E_STORE, MC_TIER_STORE, "sqlite: table %s was made for other fields", o->spec->name);
    sqlite3_finalize(st);
    return status;
}

/* The column that an earlier edition did not make; not in a file that may only be read. Another process may be making it, too. */
static mc_status upgrade(mci_sqlite_op *o, const char *columns, const char *earlier, int *has_packed)
{
    mc_status st = look(o, columns, earlier, has_packed);
    if (st != MC_OK || *has_packed || sqlite3_db_readonly(o->c->db, "main") == 1)
        return st;
    char *text = sqlite3_mprintf("ALTER TABLE \"%w\" ADD COLUMN packed BLOB", o->spec->name);
    if (text == NULL)
        return mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    int rc = sqlite3_exec(o->c->db, text, NULL, NULL, NULL);
    sqlite3_free(text);
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_READONLY && (rc & 0xFF) != SQLITE_ERROR)
        return mci_sqlite_failed(o, rc);
    return look(o, columns, earlier, has_packed);
}

static int is_there(const mci_sqlite_op *o)
{
    return sqlite3_table_column_metadata(o->c->db, NULL, o->spec->name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static mc_status remember(mci_sqlite_op *o)
{
    mci_sqlite *s = o->s;
    mc_status st = MC_OK;
    char *copy = strdup(o->spec->name);
    mci_mutex_lock(&s->lock);
    o->table = -1;
    for (size_t i = 0; i < s->ntables; i++) /* by another thread meanwhile */
        if (strcmp(s->tables[i].name, o->spec->name) == 0)
            o->table = (int)i;
    if (o->table >= 0) {
        o->has_packed = s->tables[o->table].has_packed;
    } else if (s->ntables == MCI_SQLITE_TABLES_MAX) {
        st = mci_fail(o->err, MC_E_TOOBIG, MC_TIER_STORE, "sqlite: more than %d collections", MCI_SQLITE_TABLES_MAX);
    } else if (copy == NULL) {
        st = mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    } else {
        o->table = (int)s->ntables;
        s->tables[s->ntables++] = (mci_sqlite_table){.name = copy, .has_packed = o->has_packed};
        copy = NULL;
    }
    mci_mutex_unlock(&s->lock);
    free(copy);
    return st;
}

/*
 * The last of them serves builds of boards, which walk over ids and ranks: without reading any document. It is made with a new table, or when the
 * store is prepared: over a table that is full already it takes a while, for which no other operation is to wait.
 */
static mc_status make_indexes(mci_sqlite_op *o, int all)
{
    mc_status st = MC_OK;
    if (o->spec->alias_field >= 0)
        st = run_named(o, "CREATE INDEX IF NOT EXISTS \"%w_alias\" ON \"%w\"(alias, id) WHERE alias IS NOT NULL");
    if (st == MC_OK && o->spec->rank_field >= 0)
        st = run_named(o, "CREATE INDEX IF NOT EXISTS \"%w_rank\" ON \"%w\"(rank DESC, id DESC) WHERE rank IS NOT NULL");
    if (st == MC_OK && o->spec->rank_field >= 0 && all)
        st = run_named(o, "CREATE INDEX IF NOT EXISTS \"%w_scores\" ON \"%w\"(id, rank) WHERE rank IS NOT NULL");
    return st;
}

mc_status mci_sqlite_make_indexes(mci_sqlite_op *o)
{
    return sqlite3_db_readonly(o->c->db, "main") == 1 ? MC_OK : make_indexes(o, 1);
}

mc_status mci_sqlite_missing_indexes(mci_sqlite_op *o, mci_buf *out)
{
    static const char *const names[] = {"alias", "rank", "scores"};
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v3(o->c->db, "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ? || '_' || ?", -1, 0,
                                &st, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && rc == SQLITE_OK; i++) {
        if ((i == 0 ? o->spec->alias_field : o->spec->rank_field) < 0)
            continue;
        sqlite3_bind_text(st, 1, o->spec->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 2, names[i], -1, SQLITE_STATIC);
        int step = sqlite3_step(st);
        if (step == SQLITE_DONE) {
            mci_buf_str(out, out->len > 0 ? ", " : "");
            mci_buf_str(out, o->spec->name);
            mci_buf_char(out, '_');
            mci_buf_str(out, names[i]);
        }
        rc = step == SQLITE_DONE || step == SQLITE_ROW ? SQLITE_OK : step;
        (void)sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_OK ? MC_OK : mci_sqlite_failed(o, rc);
}

mc_status mci_sqlite_make_table(mci_sqlite_op *o)
{
    const mci_spec *spec = o->spec;
    if (strlen(spec->name) > NAME_MAX_BYTES || sqlite3_strnicmp(spec->name, "sqlite_", 7) == 0)
        return mci_fail(o->err, MC_E_ARG, MC_TIER_STORE, "sqlite: a table cannot be called '%.64s'", spec->name);
    char *columns = columns_of(spec, ", packed BLOB");
    char *earlier = columns_of(spec, "");
    char *create = columns == NULL ? NULL : sqlite3_mprintf("CREATE TABLE IF NOT EXISTS \"%w\"%s", spec->name, columns);
    mc_status st = MC_OK;
    int fresh = 0;
    if (create == NULL || earlier == NULL) {
        st = mci_fail(o->err, MC_E_ARG, MC_TIER_STORE,
                      "sqlite: field paths of collection %s cannot be used (or out of memory)", spec->name);
    } else {
        fresh = !is_there(o);
        int rc = sqlite3_exec(o->c->db, create, NULL, NULL, NULL);
        st = rc == SQLITE_OK ? upgrade(o, columns, earlier, &o->has_packed) : mci_sqlite_failed(o, rc);
    }
    if (st == MC_OK)
        st = make_indexes(o, fresh);
    sqlite3_free(create);
    sqlite3_free(earlier);
    sqlite3_free(columns);
    return st == MC_OK ? remember(o) : st;
}
