/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in the rows of a table of the SQLite store. */
#ifndef MCI_STORE_SQLITE_ROW_H
#define MCI_STORE_SQLITE_ROW_H

#include "store/sqlite_op.h"

/* Bind a text that lives until the statement has run. */
void mci_sqlite_bind_text(sqlite3_stmt *st, int at, const char *p, size_t n);

/* Bind a document to ?1 id, ?2 doc, ?3 alias, ?4 rank, ?5 packed. It must live until the statement has run. MC_OK, MC_E_NOMEM. */
mc_status mci_sqlite_bind_document(mci_sqlite_op *o, sqlite3_stmt *st, const mci_doc *d);

/*
 * The document of a row whose columns are id, text, packed bytes. The packed bytes are believed when they were written with this text; else
 * (another program has changed the row) the text is. MC_OK, MC_NOT_FOUND (its `_id` is of another kind: does not exist for us), error.
 */
mc_status mci_sqlite_row_document(mci_sqlite_op *o, sqlite3_stmt *st, mci_doc **out);

/* Run to the next row. MC_OK (a row), MC_NOT_FOUND (none is left), error. */
mc_status mci_sqlite_next_row(mci_sqlite_op *o, sqlite3_stmt *st);

#endif
