/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: documents in rows: bound to a statement, and read from it. Refuses rows whose document is of another kind, and packed bytes that
 * do not belong to the text beside them.
 */
#include "store/sqlite_row.h"

#include "base/error.h"
#include "base/packed.h"
#include "base/random.h"

#include <string.h>

#define SUM_SEED UINT64_C(0x6d66632d73716c31)

void mci_sqlite_bind_text(sqlite3_stmt *st, int at, const char *p, size_t n)
{
    (void)sqlite3_bind_text64(st, at, p, n, SQLITE_STATIC, SQLITE_UTF8);
}

/*
 * What stands before the packed bytes: a sum of the id and the text that they were made with. Any program may write to the file; one that
 * changes a row's text, or moves it to another row, leaves bytes behind whose sum is not of that text.
 */
static uint64_t sum_of(const mci_spec *spec, const char *id, size_t id_len, const char *text, size_t len)
{
    return mci_checksum(mci_checksum(SUM_SEED + (uint64_t)spec->id_kind, id, id_len), text, len);
}

/* 1: *out is the document (NULL: memory is short); 0: the packed bytes are none of this text. */
static int by_packed(const mci_spec *spec, sqlite3_stmt *st, const char *text, size_t len, mci_doc **out)
{
    const unsigned char *packed = sqlite3_column_blob(st, 2);
    size_t n = packed != NULL ? (size_t)sqlite3_column_bytes(st, 2) : 0;
    const char *id = (const char *)sqlite3_column_text(st, 0);
    size_t id_len = (size_t)sqlite3_column_bytes(st, 0);
    uint64_t sum;
    if (n <= sizeof sum || id == NULL)
        return 0;
    memcpy(&sum, packed, sizeof sum);
    if (sum != sum_of(spec, id, id_len, text, len))
        return 0;
    return mci_packed_decode(spec, (const char *)packed + sizeof sum, n - sizeof sum, id, id_len, text, len, out) >= 0;
}

mc_status mci_sqlite_row_document(mci_sqlite_op *o, sqlite3_stmt *st, mci_doc **out)
{
    const char *text = (const char *)sqlite3_column_text(st, 1);
    size_t len = (size_t)sqlite3_column_bytes(st, 1);
    *out = NULL;
    if (text == NULL)
        return mci_fail(o->err, MC_E_STORE, MC_TIER_STORE, "sqlite %s %s: a row without document", o->what, o->spec->name);
    if (by_packed(o->spec, st, text, len, out))
        return *out != NULL ? MC_OK : mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    mc_status status = o->s->env.decode(o->spec, text, len, out, o->err);
    return status == MC_E_TYPE ? MC_NOT_FOUND : status;
}

mc_status mci_sqlite_bind_document(mci_sqlite_op *o, sqlite3_stmt *st, const mci_doc *d)
{
    mci_buf *packed = &o->c->packed;
    const mci_spec *spec = mci_doc_spec(d);
    size_t id_len;
    size_t len;
    double rank;
    const char *id = mci_doc_id(d, &id_len);
    const char *text = mci_doc_json(d, &len);
    uint64_t sum = sum_of(spec, id, id_len, text, len);
    mci_buf_reset(packed);
    mci_buf_add(packed, &sum, sizeof sum);
    mci_packed_encode(d, packed);
    if (packed->failed)
        return mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "sqlite %s: out of memory", o->what);
    mci_sqlite_bind_text(st, 1, id, id_len);
    mci_sqlite_bind_text(st, 2, text, len);
    (void)sqlite3_bind_blob64(st, 5, packed->data, packed->len, SQLITE_STATIC);
    text = spec->alias_field >= 0 ? mci_doc_text(d, (size_t)spec->alias_field) : NULL;
    if (text != NULL)
        mci_sqlite_bind_text(st, 3, text, mci_doc_val(d, (size_t)spec->alias_field)->len);
    else
        (void)sqlite3_bind_null(st, 3);
    if (spec->rank_field >= 0 && mci_doc_number(d, (size_t)spec->rank_field, &rank))
        (void)sqlite3_bind_double(st, 4, rank);
    else
        (void)sqlite3_bind_null(st, 4);
    return MC_OK;
}

mc_status mci_sqlite_next_row(mci_sqlite_op *o, sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    return rc == SQLITE_ROW ? MC_OK : rc == SQLITE_DONE ? MC_NOT_FOUND : mci_sqlite_failed(o, rc);
}
