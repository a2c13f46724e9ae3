/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: documents in rows: bound to a statement, and read from it. Refuses rows whose document is of another kind. */
#include "store/sqlite_row.h"

#include "base/error.h"

void mci_sqlite_bind_text(sqlite3_stmt *st, int at, const char *p, size_t n)
{
    (void)sqlite3_bind_text64(st, at, p, n, SQLITE_STATIC, SQLITE_UTF8);
}

mc_status mci_sqlite_row_document(mci_sqlite_op *o, sqlite3_stmt *st, int col, mci_doc **out)
{
    const char *text = (const char *)sqlite3_column_text(st, col);
    size_t len = (size_t)sqlite3_column_bytes(st, col);
    if (text == NULL)
        return mci_fail(o->err, MC_E_STORE, MC_TIER_STORE, "sqlite %s %s: a row without document", o->what, o->spec->name);
    mc_status status = o->s->env.decode(o->spec, text, len, out, o->err);
    return status == MC_E_TYPE ? MC_NOT_FOUND : status;
}

void mci_sqlite_bind_document(sqlite3_stmt *st, const mci_doc *d)
{
    const mci_spec *spec = mci_doc_spec(d);
    size_t len;
    double rank;
    const char *text = mci_doc_id(d, &len);
    mci_sqlite_bind_text(st, 1, text, len);
    text = mci_doc_json(d, &len);
    mci_sqlite_bind_text(st, 2, text, len);
    text = spec->alias_field >= 0 ? mci_doc_text(d, (size_t)spec->alias_field) : NULL;
    if (text != NULL)
        mci_sqlite_bind_text(st, 3, text, mci_doc_val(d, (size_t)spec->alias_field)->len);
    else
        (void)sqlite3_bind_null(st, 3);
    if (spec->rank_field >= 0 && mci_doc_number(d, (size_t)spec->rank_field, &rank))
        (void)sqlite3_bind_double(st, 4, rank);
    else
        (void)sqlite3_bind_null(st, 4);
}

mc_status mci_sqlite_next_row(mci_sqlite_op *o, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    return rc == SQLITE_ROW ? MC_OK : rc == SQLITE_DONE ? MC_NOT_FOUND : mci_sqlite_failed(o, rc);
}
